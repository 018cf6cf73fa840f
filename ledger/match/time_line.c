#include "ledger/match/time_line.h"

#include <math.h>
#include <stdlib.h>

enum {
    MOMENTS_MAX = 240,
    USED_MIN = 12, /* block means that a gain is fitted to at least */
};

bool bf_moment_shown(float *out, const struct bf_trace *t, size_t k)
{
    return bf_trace_mean_coarse(t, out, (int64_t)k * BF_ALIGN_STEP_US,
                                (int64_t)(k + 1) * BF_ALIGN_STEP_US) > 0;
}

/* Sums for a straight line through (source, suspect) pairs. */
struct sums {
    double n, x, s, ss, sx;
};

static void sums_add(struct sums *a, const float *x, const float *s, struct bf_line_fit f,
                     float cap, const struct bf_shown *shown)
{
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++) {
        if (!shown->use[i] || fabsf(x[i] - f.gain * s[i] - f.bias) > cap)
            continue;
        a->n += 1;
        a->x += (double)x[i];
        a->s += (double)s[i];
        a->ss += (double)s[i] * (double)s[i];
        a->sx += (double)s[i] * (double)x[i];
    }
}

static struct bf_line_fit sums_fit(const struct sums *a)
{
    double var = a->ss - a->s * a->s / (a->n > 0 ? a->n : 1);
    struct bf_line_fit f = {1, 0};

    if (a->n < USED_MIN || var < a->n)
        return f;
    f.gain = (float)((a->sx - a->s * a->x / a->n) / var);
    /* No grade that leaves a picture recognisable is steeper or flatter than this. */
    f.gain = f.gain < 0.33f ? 0.33f : f.gain > 3 ? 3 : f.gain;
    f.bias = (float)((a->x - (double)f.gain * a->s) / a->n);
    return f;
}

enum bf_err bf_line_moments_create(struct bf_line_moments *m, struct bf_error *err)
{
    m->k = calloc(MOMENTS_MAX, sizeof *m->k);
    m->x = calloc((size_t)MOMENTS_MAX * BF_COARSE_CELLS, sizeof *m->x);
    m->distance = calloc(MOMENTS_MAX, sizeof *m->distance);
    return m->k == NULL || m->x == NULL || m->distance == NULL ? bf_error_nomem(err) : BF_OK;
}

void bf_line_moments_release(struct bf_line_moments *m)
{
    free(m->k);
    free(m->x);
    free(m->distance);
}

void bf_line_moments_choose(struct bf_line_moments *m, const struct bf_trace *t, int64_t from_us,
                            int64_t to_us)
{
    size_t first = (size_t)(from_us > BF_MOMENTS_MARGIN_US ? from_us - BF_MOMENTS_MARGIN_US : 0) /
                   BF_ALIGN_STEP_US,
           end = (size_t)((to_us + BF_MOMENTS_MARGIN_US) / BF_ALIGN_STEP_US), i, n;

    if ((int64_t)end * BF_ALIGN_STEP_US > bf_trace_end_us(t))
        end = (size_t)((bf_trace_end_us(t) + BF_ALIGN_STEP_US - 1) / BF_ALIGN_STEP_US);
    n = end > first ? end - first : 0;
    n = n < MOMENTS_MAX ? n : MOMENTS_MAX;
    m->suspect = t;
    m->n = 0;
    for (i = 0; i < n; i++) {
        m->k[m->n] = first + i * (end - first) / n;
        if (bf_moment_shown(m->x + m->n * BF_COARSE_CELLS, t, m->k[m->n]))
            m->n++;
    }
    m->counted = (m->n + 1) / 2;
}

/* By how much a moment is off the record's sample nearest to it, as the line has it. */
static int64_t off_sample_us(const struct bf_time_line *line, int64_t us)
{
    int64_t off = (bf_line_at(line, us) - BF_DIGEST_PERIOD_US / 2) % BF_DIGEST_PERIOD_US;

    off = off < 0 ? off + BF_DIGEST_PERIOD_US : off;
    return off > BF_DIGEST_PERIOD_US / 2 ? off - BF_DIGEST_PERIOD_US : off;
}

/* Block means of suspect and record at moment i, the moment as it is or moved to a sample. False
 * outside either. */
static bool beside(const float **x, float *moved, float *s, const struct bf_line_moments *m,
                   struct bf_coarse *source, const struct bf_time_line *line, size_t i,
                   bool on_samples)
{
    int64_t us = bf_moment_us(m->k[i]), from;

    *x = m->x + i * BF_COARSE_CELLS;
    if (on_samples) {
        us -= off_sample_us(line, us);
        from = us - BF_ALIGN_STEP_US / 2;
        if (bf_trace_mean_coarse(m->suspect, moved, from, from + BF_ALIGN_STEP_US) == 0)
            return false;
        *x = moved;
    }
    return bf_coarse_at(source, s, bf_line_at(line, us));
}

/*
 * Mean distance over the best of the moments. What lies outside the record is as far as what
 * belongs to none: were it left out, an offset with less in common would be judged on fewer.
 */
static float cost_at(const struct bf_line_moments *m, struct bf_coarse *source,
                     const struct bf_time_line *line, struct bf_line_fit f, bool on_samples)
{
    float s[BF_COARSE_CELLS], moved[BF_COARSE_CELLS], sum = 0;
    const float *x;
    size_t i, j, n = 0;

    for (i = 0; i < m->n; i++) {
        float d;

        if (!beside(&x, moved, s, m, source, line, i, on_samples))
            continue;
        d = bf_block_distance(x, s, f.gain, f.bias, &m->shown);
        /* insertion sort: n is at most MOMENTS_MAX */
        for (j = n++; j > 0 && m->distance[j - 1] > d; j--)
            m->distance[j] = m->distance[j - 1];
        m->distance[j] = d;
    }
    for (i = 0; i < m->counted; i++)
        sum += i < n ? m->distance[i] : BF_DISTANCE_NONE;
    return sum / (float)m->counted;
}

static struct bf_line_fit fit_at(const struct bf_line_moments *m, struct bf_coarse *source,
                                 const struct bf_time_line *line)
{
    struct bf_line_fit f = {1, 0};
    float s[BF_COARSE_CELLS];
    const float cap[] = {255, 40, 12};
    size_t i, pass;

    for (pass = 0; pass < sizeof cap / sizeof *cap; pass++) {
        struct sums a = {0};

        for (i = 0; i < m->n; i++)
            if (bf_coarse_at(source, s, bf_line_at(line, bf_moment_us(m->k[i]))))
                sums_add(&a, m->x + i * BF_COARSE_CELLS, s, f, cap[pass], &m->shown);
        f = sums_fit(&a);
    }
    return f;
}

/* The best offset within range of where it is now. */
static void refine_offset(struct bf_time_line *line, const struct bf_line_moments *m,
                          struct bf_coarse *source, int64_t range, int64_t by, struct bf_line_fit f)
{
    struct bf_time_line best = *line, l = *line;
    bool on_samples = line->rate == 1 && by < BF_DIGEST_PERIOD_US;
    float best_cost = cost_at(m, source, line, f, on_samples);
    int64_t o;

    for (o = -range; o <= range; o += by) {
        float c;

        l.offset_us = line->offset_us + o;
        c = cost_at(m, source, &l, f, on_samples);
        if (c < best_cost) {
            best_cost = c;
            best = l;
        }
    }
    *line = best;
}

/* The best rate within range, turned about the middle of the suspect. */
static void refine_rate(struct bf_time_line *line, const struct bf_line_moments *m,
                        struct bf_coarse *source, double range, double by, struct bf_line_fit f)
{
    struct bf_time_line best = *line, l = *line;
    float best_cost = cost_at(m, source, line, f, false);
    int64_t middle = bf_moment_us(m->k[m->n / 2]);
    long i, n = lround(range / by);

    for (i = -n; i <= n; i++) {
        float c;

        l.rate = line->rate + (double)i * by;
        l.offset_us = bf_line_at(line, middle) - (int64_t)(l.rate * (double)middle);
        c = cost_at(m, source, &l, f, false);
        if (c < best_cost) {
            best_cost = c;
            best = l;
        }
    }
    *line = best;
}

void bf_line_refine(struct bf_time_line *line, const struct bf_line_moments *m,
                    struct bf_coarse *source, int64_t range_us, struct bf_line_fit *f)
{
    const struct {
        int64_t range, step;
        double rate_range, rate_step;
    } level[] = {{range_us, 100000, 0, 0},
                 {100000, 25000, 0.02, 0.002},
                 {50000, 10000, 0.003, 0.0003},
                 {20000, 5000, 0.0005, 0.0001}};
    size_t i;

    *f = fit_at(m, source, line);
    for (i = 0; i < sizeof level / sizeof *level; i++) {
        if (i == 2 && line->rate == 1)
            continue;
        refine_offset(line, m, source, level[i].range, level[i].step, *f);
        if (line->rate != 1 && level[i].rate_step > 0)
            refine_rate(line, m, source, level[i].rate_range, level[i].rate_step, *f);
        *f = fit_at(m, source, line);
    }
}
