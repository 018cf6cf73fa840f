#include "detector/logistic.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CERTAINTY 1e-6
#define DONE 1e-20 /* twice what a step can still gain, as its quadratic sees it */

enum {
    SIZE = 1 + BF_LOGISTIC_MAX, /* the bias first */
    STEPS_MAX = 200,
    HALVINGS_MAX = 40,
};

struct problem {
    const double *x, *weight;
    const uint8_t *yes;
    size_t n, k;
    double penalty, total; /* of the weights */
};

static double sigmoid(double logit)
{
    double e = exp(-fabs(logit));

    return logit < 0 ? e / (1 + e) : 1 / (1 + e);
}

double bf_logistic_chance(double logit)
{
    double p = sigmoid(logit);

    return p < CERTAINTY ? CERTAINTY : p > 1 - CERTAINTY ? 1 - CERTAINTY : p;
}

static double logit_of(const struct problem *q, const double *t, size_t i)
{
    double sum = t[0];
    size_t j;

    for (j = 0; j < q->k; j++)
        sum += t[1 + j] * q->x[i * q->k + j];
    return sum;
}

static double loss_at(const struct problem *q, const double *t)
{
    double sum = 0, squares = 0;
    size_t i, j;

    for (i = 0; i < q->n; i++) {
        double logit, wrong;

        if (!(q->weight[i] > 0))
            continue;
        logit = logit_of(q, t, i);
        wrong = q->yes[i] ? -logit : logit;
        sum += q->weight[i] * ((wrong > 0 ? wrong : 0) + log1p(exp(-fabs(wrong))));
    }
    for (j = 1; j <= q->k; j++)
        squares += t[j] * t[j];
    return sum / q->total + q->penalty * squares;
}

/* The gradient and the lower half of the Hessian. */
static void slopes_at(double g[SIZE], double h[SIZE][SIZE], const struct problem *q,
                      const double *t)
{
    size_t i, j, l;

    memset(g, 0, SIZE * sizeof *g);
    memset(h, 0, SIZE * sizeof *h);
    for (i = 0; i < q->n; i++) {
        double p, off, curve, row[SIZE];

        if (!(q->weight[i] > 0))
            continue;
        p = sigmoid(logit_of(q, t, i));
        off = q->weight[i] / q->total * (p - (q->yes[i] ? 1 : 0));
        curve = q->weight[i] / q->total * p * (1 - p);
        row[0] = 1;
        for (j = 0; j < q->k; j++)
            row[1 + j] = q->x[i * q->k + j];
        for (j = 0; j <= q->k; j++) {
            g[j] += off * row[j];
            for (l = 0; l <= j; l++)
                h[j][l] += curve * row[j] * row[l];
        }
    }
    for (j = 1; j <= q->k; j++) {
        g[j] += 2 * q->penalty * t[j];
        h[j][j] += 2 * q->penalty;
    }
    /* The bias's own curve vanishes where every chance has come to 0 or 1. */
    h[0][0] += 1e-12;
}

/* d becomes h^-1 g, by Cholesky's factors in the place of h; false where h is not positive. */
static bool solve(double d[SIZE], double h[SIZE][SIZE], const double g[SIZE], size_t m)
{
    size_t i, j, l;

    for (j = 0; j < m; j++) {
        for (i = j; i < m; i++) {
            double sum = h[i][j];

            for (l = 0; l < j; l++)
                sum -= h[i][l] * h[j][l];
            if (i == j && !(sum > 0))
                return false;
            h[i][j] = i == j ? sqrt(sum) : sum / h[j][j];
        }
    }
    for (i = 0; i < m; i++) {
        d[i] = g[i];
        for (l = 0; l < i; l++)
            d[i] -= h[i][l] * d[l];
        d[i] /= h[i][i];
    }
    for (i = m; i-- > 0;) {
        for (l = i + 1; l < m; l++)
            d[i] -= h[l][i] * d[l];
        d[i] /= h[i][i];
    }
    return true;
}

/* One step of Newton's; false where nothing is left to gain. */
static bool step(double t[SIZE], double *loss, const struct problem *q)
{
    double g[SIZE], h[SIZE][SIZE], d[SIZE], next[SIZE], gain = 0, part = 1;
    size_t j, m = 1 + q->k;
    int halvings;

    slopes_at(g, h, q, t);
    if (!solve(d, h, g, m))
        return false;
    for (j = 0; j < m; j++)
        gain += g[j] * d[j];
    if (!(gain > DONE))
        return false;
    for (halvings = 0; halvings < HALVINGS_MAX; halvings++) {
        double l;

        for (j = 0; j < m; j++)
            next[j] = t[j] - part * d[j];
        l = loss_at(q, next);
        /* Close to the least, the loss is even within its rounding. */
        if (l <= *loss - 1e-4 * part * gain || (gain < 1e-12 && l <= *loss + 1e-14)) {
            memcpy(t, next, m * sizeof *t);
            *loss = l;
            return true;
        }
        part /= 2;
    }
    return false;
}

enum bf_err bf_logistic_fit(double *bias, double *beta, const double *x, const uint8_t *yes,
                            const double *weight, size_t n, size_t k, double penalty,
                            struct bf_error *err)
{
    struct problem q = {.x = x, .weight = weight, .yes = yes, .n = n, .k = k, .penalty = penalty};
    double t[SIZE] = {0}, sum[2] = {0, 0}, loss;
    size_t i;
    int steps;

    assert(k <= BF_LOGISTIC_MAX);
    if (!(penalty > 0) || !isfinite(penalty))
        return bf_error_set(err, BF_ERR_USAGE, "a fit's penalty is a number above 0");
    for (i = 0; i < n; i++)
        sum[yes[i] != 0] += weight[i];
    if (!(sum[0] > 0) || !(sum[1] > 0))
        return bf_error_set(err, BF_ERR_USAGE, "a fit needs items of both kinds");
    q.total = sum[0] + sum[1];
    t[0] = log(sum[1] / sum[0]);
    loss = loss_at(&q, t);
    for (steps = 0; steps < STEPS_MAX && step(t, &loss, &q); steps++)
        ;
    *bias = t[0];
    for (i = 0; i < k; i++)
        beta[i] = t[1 + i];
    return BF_OK;
}
