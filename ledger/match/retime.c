#include "ledger/match/retime.h"

#include <math.h>
#include <stdlib.h>

enum {
    MOMENTS_MAX = 300,  /* of the suspect */
    SAMPLES_MAX = 2400, /* of the record */
    PEAKS_MAX = 8,
};

#define RATE_MIN 0.47
#define RATE_MAX 2.13
#define DRIFT_US 3e5 /* between two rates, over the whole suspect */
/* A picture that hardly differs from the mean says little: its correlation is damped. */
#define DAMPING 30.0f
/* Two lines nearer than this at both ends are one. */
#define APART_US 800000

struct pictures {
    float *at; /* (n, BF_COARSE_CELLS), less the mean, scaled to length 1 */
    size_t n;
    int64_t first_us, step_us;
    uint8_t *there;
};

static enum bf_err pictures_init(struct pictures *p, int64_t from_us, int64_t to_us, size_t most,
                                 struct bf_error *err)
{
    p->first_us = from_us;
    p->step_us = (to_us - from_us) / (int64_t)most;
    if (p->step_us < BF_DIGEST_PERIOD_US)
        p->step_us = BF_DIGEST_PERIOD_US;
    p->n = (size_t)((to_us - from_us) / p->step_us);
    p->at = calloc(p->n + 1, BF_COARSE_CELLS * sizeof *p->at);
    p->there = calloc(p->n + 1, 1);
    return p->at != NULL && p->there != NULL ? BF_OK : bf_error_nomem(err);
}

static void pictures_release(struct pictures *p)
{
    free(p->at);
    free(p->there);
}

static void centre(struct pictures *p, const uint8_t *visible)
{
    float mean[BF_COARSE_CELLS] = {0}, n = 0;
    size_t k;
    unsigned i;

    for (k = 0; k < p->n; k++) {
        if (!p->there[k])
            continue;
        n++;
        for (i = 0; i < BF_COARSE_CELLS; i++)
            mean[i] += p->at[k * BF_COARSE_CELLS + i];
    }
    for (k = 0; k < p->n; k++) {
        float *x = p->at + k * BF_COARSE_CELLS, level = 0, length = 0, shown = 0;

        for (i = 0; i < BF_COARSE_CELLS; i++) {
            x[i] = visible[i] && p->there[k] ? x[i] - mean[i] / n : 0;
            level += x[i];
            shown += visible[i];
        }
        /* A fade is no motion. */
        for (i = 0; i < BF_COARSE_CELLS; i++) {
            x[i] = visible[i] && p->there[k] ? x[i] - level / shown : 0;
            length += x[i] * x[i];
        }
        length = sqrtf(length) + DAMPING;
        for (i = 0; i < BF_COARSE_CELLS; i++)
            x[i] /= length;
    }
}

struct line_score {
    struct bf_time_line line;
    float score;
};

static void keep_peak(struct line_score *peak, size_t *n, const struct line_score *x,
                      int64_t end_us)
{
    size_t i, j;

    for (i = 0; i < *n; i++) {
        double a = (double)(peak[i].line.offset_us - x->line.offset_us),
               b = a + (peak[i].line.rate - x->line.rate) * (double)end_us;

        if (fabs(a) < APART_US && fabs(b) < APART_US)
            break;
    }
    if (i < *n) {
        if (peak[i].score >= x->score)
            return;
        for (j = i; j + 1 < *n; j++)
            peak[j] = peak[j + 1];
        (*n)--;
    }
    if (*n == PEAKS_MAX && peak[*n - 1].score >= x->score)
        return;
    for (i = *n < PEAKS_MAX ? *n : PEAKS_MAX - 1; i > 0 && peak[i - 1].score < x->score; i--)
        peak[i] = peak[i - 1];
    peak[i] = *x;
    *n += *n < PEAKS_MAX;
}

/* The best offsets at one rate. */
static void try_rate(struct line_score *peak, size_t *n_peaks, double rate,
                     const struct pictures *x, const struct pictures *s, const float *like,
                     float *score, int64_t end_us)
{
    /* Bin b: record time = rate x suspect time + s->first + (b - lead) x step. */
    double ratio = rate * (double)x->step_us / (double)s->step_us;
    long lead = rate > 0 ? lround(ratio * (double)x->n) + 1 : 1;
    size_t n_bins = (size_t)lround(fabs(ratio) * (double)x->n) + s->n + 3, b, m;

    for (b = 0; b < n_bins; b++)
        score[b] = 0;
    for (m = 0; m < x->n; m++) {
        long shift = lead - lround(ratio * (double)m);
        const float *row = like + m * s->n;
        size_t k;

        for (k = 0; k < s->n; k++) {
            long at = (long)k + shift;

            if (at >= 0 && (size_t)at < n_bins)
                score[at] += row[k];
        }
    }
    for (b = 1; b + 1 < n_bins; b++) {
        struct line_score l = {{.rate = rate, .to_us = end_us}, score[b]};
        int64_t middle_us = x->first_us + x->step_us / 2;

        if (score[b] < score[b - 1] || score[b] < score[b + 1])
            continue;
        l.line.offset_us = s->first_us + s->step_us / 2 + ((int64_t)b - lead) * s->step_us -
                           (int64_t)(rate * (double)middle_us);
        if (*n_peaks < PEAKS_MAX || score[b] > peak[PEAKS_MAX - 1].score)
            keep_peak(peak, n_peaks, &l, end_us);
    }
}

static enum bf_err find_lines(struct line_score *peak, size_t *n_peaks, const struct pictures *x,
                              const struct pictures *s, int64_t end_us, struct bf_error *err)
{
    float *like = malloc((x->n + 1) * (s->n + 1) * sizeof *like),
          *score =
              malloc((3 * x->n * (size_t)(x->step_us / s->step_us + 1) + s->n + 8) * sizeof *score);
    double by = DRIFT_US / (double)end_us, rate;
    size_t m, k;
    unsigned i;
    enum bf_err rc = BF_OK;

    by = by > 0.03 ? 0.03 : by < 0.002 ? 0.002 : by;
    if (like == NULL || score == NULL)
        rc = bf_error_nomem(err);
    for (m = 0; rc == BF_OK && m < x->n; m++) {
        for (k = 0; k < s->n; k++) {
            const float *a = x->at + m * BF_COARSE_CELLS, *b = s->at + k * BF_COARSE_CELLS;
            float c = 0;

            for (i = 0; i < BF_COARSE_CELLS; i++)
                c += a[i] * b[i];
            like[m * s->n + k] = c;
        }
    }
    rate = RATE_MIN;
    while (rc == BF_OK && rate < RATE_MAX) {
        try_rate(peak, n_peaks, rate, x, s, like, score, end_us);
        try_rate(peak, n_peaks, -rate, x, s, like, score, end_us);
        rate *= 1 + by;
    }
    free(like);
    free(score);
    return rc;
}

enum bf_err bf_retime_find(struct bf_time_line *line, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_coarse *source,
                           const uint8_t *visible, int64_t from_us, int64_t to_us,
                           struct bf_error *err)
{
    struct pictures x = {0}, s = {0};
    struct line_score peak[PEAKS_MAX];
    size_t n_peaks = 0, k;
    int64_t end_us = bf_trace_end_us(suspect);
    enum bf_err rc = pictures_init(&x, 0, end_us, MOMENTS_MAX, err);

    *n = 0;
    if (rc == BF_OK)
        rc = pictures_init(&s, from_us, to_us, SAMPLES_MAX, err);
    if (rc != BF_OK || x.n < 8 || s.n < 8)
        goto out;
    for (k = 0; k < x.n; k++)
        x.there[k] = bf_trace_mean_coarse(suspect, x.at + k * BF_COARSE_CELLS,
                                          x.first_us + (int64_t)k * x.step_us,
                                          x.first_us + (int64_t)(k + 1) * x.step_us) > 0;
    for (k = 0; k < s.n; k++)
        s.there[k] = bf_coarse_at(source, s.at + k * BF_COARSE_CELLS,
                                  s.first_us + (int64_t)k * s.step_us + s.step_us / 2);
    rc = bf_coarse_status(source, err);
    if (rc != BF_OK)
        goto out;
    centre(&x, visible);
    centre(&s, visible);
    rc = find_lines(peak, &n_peaks, &x, &s, end_us, err);
    for (k = 0; rc == BF_OK && k < n_peaks && k < cap; k++)
        line[(*n)++] = peak[k].line;
out:
    pictures_release(&x);
    pictures_release(&s);
    return rc;
}
