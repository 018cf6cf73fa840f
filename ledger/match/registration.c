#include "ledger/match/registration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    UNKNOWNS = 6, /* left, top, right, bottom, gain, bias */
    COARSE = 3,   /* cells each way that a coarse cell is made of */
    STEPS_COARSE = 8,
    STEPS_FINE = 8,
};

#define SOFT 6.0 /* luma steps at which a difference's weight has halved */
#define SOFT_COARSE 12.0
#define STILL_STEP 2e-5 /* of the picture: a smaller step ends the search */
#define STEP_MAX 0.03

/* One level of detail. */
struct level {
    unsigned cols, rows;
    float *grid;          /* (n_pairs, rows, cols) of the record */
    float *at, *moved[4]; /* (rows, cols) of a still */
    double soft;
};

static void solve(double *x, double a[UNKNOWNS][UNKNOWNS + 1])
{
    int i, j, k;

    for (i = 0; i < UNKNOWNS; i++) {
        int pivot = i;

        for (j = i + 1; j < UNKNOWNS; j++)
            if (fabs(a[j][i]) > fabs(a[pivot][i]))
                pivot = j;
        for (k = 0; k <= UNKNOWNS; k++) {
            double t = a[i][k];

            a[i][k] = a[pivot][k];
            a[pivot][k] = t;
        }
        if (fabs(a[i][i]) < 1e-12)
            continue;
        for (j = i + 1; j < UNKNOWNS; j++) {
            double f = a[j][i] / a[i][i];

            for (k = i; k <= UNKNOWNS; k++)
                a[j][k] -= f * a[i][k];
        }
    }
    for (i = UNKNOWNS - 1; i >= 0; i--) {
        x[i] = a[i][UNKNOWNS];
        for (k = i + 1; k < UNKNOWNS; k++)
            x[i] -= a[i][k] * x[k];
        x[i] = fabs(a[i][i]) < 1e-12 ? 0 : x[i] / a[i][i];
    }
}

static double *edge_of(struct bf_geometry *g, unsigned k)
{
    return k == 0 ? &g->left : k == 1 ? &g->top : k == 2 ? &g->right : &g->bottom;
}

/* What lies beside the picture bleeds into the cells at its edge, and pulls that inwards. */
static bool is_at_edge(const struct level *l, size_t i)
{
    size_t x = i % l->cols, y = i / l->cols;

    return x == 0 || y == 0 || x + 1 == l->cols || y + 1 == l->rows;
}

/* One Gauss-Newton step; returns how far an edge moved at most. */
static double step(struct bf_geometry *g, double *gain, double *bias, struct level *l,
                   const struct bf_stills *stills, const struct bf_still_pair *pair, size_t n_pairs)
{
    double a[UNKNOWNS][UNKNOWNS + 1] = {{0}}, x[UNKNOWNS],
                                  delta = 0.3 * (g->right - g->left) / l->cols, most = 0, trace = 0;
    size_t p, n = (size_t)l->cols * l->rows, i;
    bool inset = bf_geometry_is_inset(g);
    unsigned k, m;

    for (p = 0; p < n_pairs; p++) {
        const float *s = l->grid + p * n;

        bf_still_cells(stills, pair[p].still, l->at, g, l->cols, l->rows);
        for (k = 0; k < 4; k++) {
            struct bf_geometry moved = *g;

            *edge_of(&moved, k) += delta;
            bf_still_cells(stills, pair[p].still, l->moved[k], &moved, l->cols, l->rows);
        }
        for (i = 0; i < n; i++) {
            double j[UNKNOWNS], r, w;

            if (l->at[i] < 0 || l->moved[0][i] < 0 || l->moved[1][i] < 0 || l->moved[2][i] < 0 ||
                l->moved[3][i] < 0 || (inset && is_at_edge(l, i)))
                continue;
            r = *gain * (double)s[i] + *bias - (double)l->at[i];
            w = 1 / (1 + r * r / (l->soft * l->soft));
            for (k = 0; k < 4; k++)
                j[k] = (double)(l->moved[k][i] - l->at[i]) / delta;
            j[4] = -(double)s[i];
            j[5] = -1;
            for (k = 0; k < UNKNOWNS; k++) {
                for (m = k; m < UNKNOWNS; m++)
                    a[k][m] += w * j[k] * j[m];
                a[k][UNKNOWNS] += w * j[k] * r;
            }
        }
    }
    for (k = 0; k < UNKNOWNS; k++)
        for (m = 0; m < k; m++)
            a[k][m] = a[m][k];
    for (k = 0; k < 4; k++)
        trace += a[k][k];
    /* A picture that is flat one way must not send an edge away. */
    for (k = 0; k < 4; k++)
        a[k][k] += 1e-4 * trace + 1e-9;
    a[4][4] += 1e-6;
    a[5][5] += 1e-9;
    solve(x, a);
    for (k = 0; k < 4; k++) {
        double d = x[k] < -STEP_MAX ? -STEP_MAX : x[k] > STEP_MAX ? STEP_MAX : x[k];

        *edge_of(g, k) += d;
        most = fabs(d) > most ? fabs(d) : most;
    }
    *gain += x[4];
    *bias += x[5];
    *gain = *gain < 0.3 ? 0.3 : *gain > 3 ? 3 : *gain;
    return most;
}

static enum bf_err level_init(struct level *l, const struct bf_still_pair *pair, size_t n_pairs,
                              unsigned cols, unsigned rows, unsigned by, struct bf_error *err)
{
    size_t n, p;
    unsigned x, y, k;

    l->cols = cols / by;
    l->rows = rows / by;
    n = (size_t)l->cols * l->rows;
    l->grid = calloc(n_pairs * n, sizeof *l->grid);
    l->at = calloc(n, sizeof *l->at);
    for (k = 0; k < 4; k++)
        l->moved[k] = calloc(n, sizeof *l->moved[k]);
    if (l->grid == NULL || l->at == NULL || l->moved[0] == NULL || l->moved[1] == NULL ||
        l->moved[2] == NULL || l->moved[3] == NULL)
        return bf_error_nomem(err);
    for (p = 0; p < n_pairs; p++)
        for (y = 0; y < l->rows * by; y++)
            for (x = 0; x < l->cols * by; x++)
                l->grid[p * n + (size_t)(y / by) * l->cols + x / by] +=
                    (float)pair[p].grid[y * cols + x] / (float)(by * by);
    return BF_OK;
}

static void level_release(struct level *l)
{
    unsigned k;

    free(l->grid);
    free(l->at);
    for (k = 0; k < 4; k++)
        free(l->moved[k]);
}

static double mean_left(struct level *l, const struct bf_geometry *g, double gain, double bias,
                        const struct bf_stills *stills, const struct bf_still_pair *pair,
                        size_t n_pairs)
{
    uint32_t count[1024] = {0};
    uint64_t total = 0, taken = 0;
    size_t p, n = (size_t)l->cols * l->rows, i;
    double sum = 0;

    for (p = 0; p < n_pairs; p++) {
        bf_still_cells(stills, pair[p].still, l->at, g, l->cols, l->rows);
        for (i = 0; i < n; i++) {
            double r;

            if (l->at[i] < 0)
                continue;
            r = fabs(gain * (double)l->grid[p * n + i] + bias - (double)l->at[i]) * 8;
            count[r < 1023 ? (unsigned)r : 1023]++;
            total++;
        }
    }
    if (total == 0)
        return HUGE_VAL;
    for (i = 0; i < 1024 && taken < total * 9 / 10; i++) {
        sum += (double)count[i] * ((double)i + 0.5) / 8;
        taken += count[i];
    }
    return taken > 0 ? sum / (double)taken : HUGE_VAL;
}

/* Step until a step is below still, at most so many times: what is left over then. */
static double settle(struct bf_geometry *g, double *gain, double *bias, struct level *level,
                     const struct bf_stills *stills, const struct bf_still_pair *pair,
                     size_t n_pairs, int steps, double still)
{
    while (steps-- > 0)
        if (step(g, gain, bias, level, stills, pair, n_pairs) < still)
            break;
    return mean_left(level, g, *gain, *bias, stills, pair, n_pairs);
}

enum bf_err bf_register(double *left_over, struct bf_geometry *g, const struct bf_stills *stills,
                        const struct bf_still_pair *pair, size_t n_pairs, unsigned cols,
                        unsigned rows, double hopeless, struct bf_error *err)
{
    struct level coarse = {.soft = SOFT_COARSE}, fine = {.soft = SOFT};
    double gain = 1, bias = 0;
    enum bf_err rc = level_init(&coarse, pair, n_pairs, cols, rows, COARSE, err);

    *left_over = HUGE_VAL;
    if (rc == BF_OK)
        *left_over =
            settle(g, &gain, &bias, &coarse, stills, pair, n_pairs, STEPS_COARSE, 10 * STILL_STEP);
    if (rc != BF_OK || *left_over > hopeless)
        goto out;
    rc = level_init(&fine, pair, n_pairs, cols, rows, 1, err);
    if (rc == BF_OK)
        *left_over = settle(g, &gain, &bias, &fine, stills, pair, n_pairs, STEPS_FINE, STILL_STEP);
out:
    level_release(&coarse);
    level_release(&fine);
    return rc;
}

enum bf_err bf_register_coarse(double *left_over, struct bf_geometry *g,
                               const struct bf_stills *stills, const struct bf_still_pair *pair,
                               size_t n_pairs, unsigned cols, unsigned rows, struct bf_error *err)
{
    struct level coarse = {.soft = SOFT};
    double gain = 1, bias = 0;
    enum bf_err rc = level_init(&coarse, pair, n_pairs, cols, rows, COARSE, err);

    *left_over = HUGE_VAL;
    if (rc == BF_OK)
        *left_over =
            settle(g, &gain, &bias, &coarse, stills, pair, n_pairs, STEPS_COARSE, 10 * STILL_STEP);
    level_release(&coarse);
    return rc;
}

enum bf_err bf_register_left(double *left_over, const struct bf_geometry *g,
                             const struct bf_stills *stills, const struct bf_still_pair *pair,
                             size_t n_pairs, unsigned cols, unsigned rows, struct bf_error *err)
{
    struct level fine = {.soft = SOFT};
    struct bf_geometry still = *g;
    double gain = 1, bias = 0;
    enum bf_err rc = level_init(&fine, pair, n_pairs, cols, rows, 1, err);
    int i;

    *left_over = HUGE_VAL;
    /* Gain and bias are fitted; the edges are put back. */
    for (i = 0; rc == BF_OK && i < 3; i++) {
        step(&still, &gain, &bias, &fine, stills, pair, n_pairs);
        still = *g;
    }
    if (rc == BF_OK)
        *left_over = mean_left(&fine, g, gain, bias, stills, pair, n_pairs);
    level_release(&fine);
    return rc;
}
