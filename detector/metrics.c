#include "detector/metrics.h"
#include "detector/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define CERTAINTY 1e-6

struct item {
    double score;
    size_t at; /* in the caller's arrays */
};

static int by_score(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return (x->score > y->score) - (x->score < y->score);
}

/* Both classes are there, and no score is NAN. */
static bool measurable(const double *score, const uint8_t *fake, size_t n)
{
    size_t i, fakes = 0;

    for (i = 0; i < n; i++) {
        if (isnan(score[i]))
            return false;
        fakes += fake[i] != 0;
    }
    return fakes > 0 && fakes < n;
}

/* The items by rising score, or NULL where memory ran out; n > 0. */
static struct item *sorted_items(const double *score, size_t n)
{
    struct item *v = malloc(n * sizeof *v);
    size_t i;

    if (v == NULL)
        return NULL;
    for (i = 0; i < n; i++)
        v[i] = (struct item){score[i], i};
    qsort(v, n, sizeof *v, by_score);
    return v;
}

enum bf_err bf_metric_roc(struct bf_roc_point *points, size_t *n_points, const double *score,
                          const uint8_t *fake, size_t n, struct bf_error *err)
{
    struct bf_roc_point at = {(double)INFINITY, 0, 0};
    struct item *v;
    size_t i, m = 0;

    *n_points = 0;
    if (!measurable(score, fake, n))
        return BF_OK;
    v = sorted_items(score, n);
    if (v == NULL)
        return bf_error_nomem(err);
    points[m++] = at;
    for (i = n; i-- > 0;) {
        at.threshold = v[i].score;
        if (fake[v[i].at])
            at.fakes++;
        else
            at.reals++;
        if (i == 0 || v[i - 1].score < v[i].score)
            points[m++] = at;
    }
    *n_points = m;
    free(v);
    return BF_OK;
}

/* The curve in memory of its own, for the caller to free; NULL where there is none or rc says why.
 */
static struct bf_roc_point *curve_of(size_t *m, const double *score, const uint8_t *fake, size_t n,
                                     enum bf_err *rc, struct bf_error *err)
{
    struct bf_roc_point *points = malloc((n + 1) * sizeof *points);

    *m = 0;
    *rc = points != NULL ? bf_metric_roc(points, m, score, fake, n, err) : bf_error_nomem(err);
    if (*rc == BF_OK && *m > 0)
        return points;
    free(points);
    return NULL;
}

enum bf_err bf_metric_auc(double *auc, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err)
{
    enum bf_err rc;
    size_t i, m;
    struct bf_roc_point *p = curve_of(&m, score, fake, n, &rc, err);
    double area = 0;

    *auc = (double)NAN;
    if (p == NULL)
        return rc;
    /* A slanted piece is a tie, and counts half. */
    for (i = 1; i < m; i++)
        area += (double)(p[i].reals - p[i - 1].reals) * (double)(p[i].fakes + p[i - 1].fakes);
    *auc = area / 2 / ((double)p[m - 1].reals * (double)p[m - 1].fakes);
    free(p);
    return BF_OK;
}

/* The same of items that count so many times each; NAN where a class counts nothing. */
static double auc_of(const struct item *v, size_t n, const uint8_t *fake, const size_t *group,
                     const double *times)
{
    double fakes = 0, reals = 0, area = 0, tied_fakes = 0, tied_reals = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        double t = times[group[v[i].at]];

        if (fake[v[i].at])
            tied_fakes += t;
        else
            tied_reals += t;
        if (i + 1 < n && v[i].score == v[i + 1].score)
            continue;
        area += tied_fakes * (reals + tied_reals / 2);
        fakes += tied_fakes;
        reals += tied_reals;
        tied_fakes = tied_reals = 0;
    }
    return fakes > 0 && reals > 0 ? area / (fakes * reals) : (double)NAN;
}

enum bf_err bf_metric_auc_interval(double *auc, double *low, double *high, const double *score,
                                   const uint8_t *fake, const uint64_t *group, size_t n,
                                   unsigned draws, uint64_t seed, struct bf_error *err)
{
    struct bf_random r = {seed};
    struct item *v = NULL;
    size_t *index = NULL, n_groups, n_drawn = 0;
    double *times = NULL, *drawn = NULL;
    enum bf_err rc;
    unsigned d;

    *low = *high = (double)NAN;
    rc = bf_metric_auc(auc, score, fake, n, err);
    if (rc != BF_OK || isnan(*auc))
        return rc;
    v = sorted_items(score, n);
    index = malloc(n * sizeof *index);
    times = malloc(n * sizeof *times);
    drawn = malloc(((size_t)draws + 1) * sizeof *drawn);
    if (v == NULL || index == NULL || times == NULL || drawn == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = bf_statistic_groups(index, &n_groups, group, n, err);
    if (rc != BF_OK)
        goto out;
    for (d = 0; d < draws; d++) {
        bf_statistic_draw(times, n_groups, &r);
        drawn[n_drawn] = auc_of(v, n, fake, index, times);
        n_drawn += !isnan(drawn[n_drawn]);
    }
    bf_statistic_sort(drawn, n_drawn);
    if (n_drawn > 0) {
        *low = bf_statistic_quantile(drawn, n_drawn, 0.025);
        *high = bf_statistic_quantile(drawn, n_drawn, 0.975);
    }
out:
    free(drawn);
    free(times);
    free(index);
    free(v);
    return rc;
}

enum bf_err bf_metric_eer(double *eer, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err)
{
    enum bf_err rc;
    size_t i, m;
    struct bf_roc_point *p = curve_of(&m, score, fake, n, &rc, err);
    double fpr = 0, missed_more = 1;

    *eer = (double)NAN;
    if (p == NULL)
        return rc;
    /* Missed fakes less false alarms, as shares, fall from 1 to -1 along the curve. */
    for (i = 1; i < m; i++) {
        double next = (double)p[i].reals / (double)p[m - 1].reals;
        double more = 1 - (double)p[i].fakes / (double)p[m - 1].fakes - next;

        if (more <= 0) {
            *eer = fpr + missed_more / (missed_more - more) * (next - fpr);
            break;
        }
        fpr = next;
        missed_more = more;
    }
    free(p);
    return BF_OK;
}

enum bf_err bf_metric_tpr_at(double *tpr, const double *score, const uint8_t *fake, size_t n,
                             double fpr, struct bf_error *err)
{
    enum bf_err rc;
    size_t i, m;
    struct bf_roc_point *p = curve_of(&m, score, fake, n, &rc, err);

    *tpr = (double)NAN;
    if (p == NULL)
        return rc;
    *tpr = 0;
    for (i = 0; i < m; i++)
        if ((double)p[i].reals / (double)p[m - 1].reals <= fpr)
            *tpr = (double)p[i].fakes / (double)p[m - 1].fakes;
    free(p);
    return BF_OK;
}

/* Of a real and of a fake, so that both kinds weigh a half. */
static void weigh(double weight[2], const uint8_t *fake, size_t n)
{
    size_t i, fakes = 0;

    for (i = 0; i < n; i++)
        fakes += fake[i] != 0;
    weight[0] = 0.5 / (double)(n - fakes);
    weight[1] = 0.5 / (double)fakes;
}

double bf_metric_log_loss(const double *p, const uint8_t *fake, size_t n)
{
    double sum = 0, weight[2];
    size_t i;

    if (!measurable(p, fake, n))
        return (double)NAN;
    weigh(weight, fake, n);
    for (i = 0; i < n; i++) {
        double right = fake[i] ? p[i] : 1 - p[i];

        sum -= weight[fake[i] != 0] * log(right < CERTAINTY       ? CERTAINTY
                                          : right > 1 - CERTAINTY ? 1 - CERTAINTY
                                                                  : right);
    }
    return sum;
}

enum bf_err bf_metric_bins(struct bf_metric_bin bins[BF_METRIC_BINS], size_t *n_bins,
                           const double *p, const uint8_t *fake, size_t n, struct bf_error *err)
{
    double weight[2];
    struct item *v;
    size_t b, i = 0;

    *n_bins = 0;
    if (!measurable(p, fake, n))
        return BF_OK;
    v = sorted_items(p, n);
    if (v == NULL)
        return bf_error_nomem(err);
    weigh(weight, fake, n);
    for (b = 1; b <= BF_METRIC_BINS; b++) {
        struct bf_metric_bin bin = {0};

        /* To a tenth's end, and on while nothing but chance orders them. */
        while (i < n &&
               (i < b * n / BF_METRIC_BINS || (bin.n > 0 && v[i].score == v[i - 1].score))) {
            bool is_fake = fake[v[i].at] != 0;

            bin.part += weight[is_fake];
            bin.p += weight[is_fake] * v[i].score;
            bin.fakes += is_fake ? weight[1] : 0;
            bin.n++;
            i++;
        }
        if (bin.n == 0)
            continue;
        bin.p /= bin.part;
        bin.fakes /= bin.part;
        bins[(*n_bins)++] = bin;
    }
    free(v);
    return BF_OK;
}

enum bf_err bf_metric_ece(double *ece, const double *p, const uint8_t *fake, size_t n,
                          struct bf_error *err)
{
    struct bf_metric_bin bins[BF_METRIC_BINS];
    size_t b, n_bins;
    enum bf_err rc = bf_metric_bins(bins, &n_bins, p, fake, n, err);
    double sum = 0;

    *ece = (double)NAN;
    if (rc != BF_OK || n_bins == 0)
        return rc;
    for (b = 0; b < n_bins; b++)
        sum += bins[b].part * fabs(bins[b].p - bins[b].fakes);
    *ece = sum;
    return BF_OK;
}
