#include "ledger/match/residual.h"
#include "lib/base/spool.h"

#include <math.h>

enum {
    PERIOD = BF_DIGEST_PERIOD_US,
    TONE_SAMPLES = 100, /* moments the tone curve is fitted on */
    LEVEL_MIN = 200,    /* cells before a level has a say in the curve */
    SHIFTS = 5,         /* a re-encoder's frames may stand a little early or late: best of these */
    SHIFT_US = 20000,
    FIT_PASSES = 3,
    LANES = 8, /* cells that are summed side by side */
    FEW = 512,
};

#define TONE_RANGE                                                                          \
    60.0f          /* luma steps off the line that a cell may be to have a say in the curve \
                    */
#define TEXTURE 6u /* luma steps that pixels of one cell may lie apart at least */
/* Of one sample: cells closer than this to its line have a say in it, and count no more in its
 * cost; a line other than the curve's own must cost so much less. */
#define FIT_NEAR 6.0f
#define FIT_FAR 8.0f
#define FIT_BETTER 0.9f
#define FIT_GAIN_MIN 0.05f
#define FIT_GAIN_MAX 3.0f

/* First and one past the last sample of the record that the run covers whole. */
static void sample_range(int64_t *first, int64_t *end, const struct bf_run *run,
                         const struct bf_digest_info *info)
{
    int64_t from = bf_run_source_us(run, run->rate > 0 ? run->start_us : run->end_us),
            to = bf_run_source_us(run, run->rate > 0 ? run->end_us : run->start_us);

    *first = from <= 0 ? 0 : (from + PERIOD - 1) / PERIOD;
    *end = to <= 0 ? 0 : to / PERIOD;
    if (*end > (int64_t)info->n_samples)
        *end = (int64_t)info->n_samples;
}

/* For each level of the record, a histogram of what the suspect shows there. */
struct tone_counts {
    uint32_t at[BF_TONE_LEVELS][256];
};

static void count_tones(struct tone_counts *c, const uint8_t *s, const float *x,
                        const uint8_t *visible, size_t n, double gain, double bias)
{
    size_t i;

    for (i = 0; i < n; i++) {
        float line = (float)(gain * s[i] + bias);
        int v = (int)(x[i] + 0.5f);

        if (visible[i] && fabsf(x[i] - line) < TONE_RANGE)
            c->at[s[i] * BF_TONE_LEVELS / 256][v < 0 ? 0 : v > 255 ? 255 : v]++;
    }
}

/* The median of a level's histogram; false where it holds too little. */
static bool level_median(float *median, const uint32_t *count)
{
    uint32_t n = 0, below = 0;
    int v;

    for (v = 0; v < 256; v++)
        n += count[v];
    if (n < LEVEL_MIN)
        return false;
    for (v = 0; v < 256 && below + count[v] < (n + 1) / 2; v++)
        below += count[v];
    *median = (float)v - 0.5f + ((float)n / 2 - (float)below) / (float)count[v];
    return true;
}

/* Middle of a level on the record's scale. */
static double level_luma(int j)
{
    return j * (256.0 / BF_TONE_LEVELS) + (256.0 / BF_TONE_LEVELS - 1) / 2;
}

/* A level that is not known bends as those around it. */
static void fill_gaps(float *bend, const bool *known)
{
    int j, low = -1, high = 0;

    for (j = 0; j < BF_TONE_LEVELS; j++) {
        if (known[j]) {
            low = j;
            continue;
        }
        for (high = j; high < BF_TONE_LEVELS && !known[high];)
            high++;
        if (high == BF_TONE_LEVELS)
            bend[j] = low < 0 ? 0 : bend[low];
        else
            bend[j] = low < 0 ? bend[high]
                              : bend[low] + (bend[high] - bend[low]) * (float)(j - low) /
                                                (float)(high - low);
    }
}

static void tone_from_counts(struct bf_tone *tone, const struct tone_counts *c, double gain,
                             double bias)
{
    float bend[BF_TONE_LEVELS] = {0}, smooth[BF_TONE_LEVELS] = {0}, median;
    bool known[BF_TONE_LEVELS];
    int j, k, v;

    for (j = 0; j < BF_TONE_LEVELS; j++) {
        known[j] = level_median(&median, c->at[j]);
        if (known[j])
            bend[j] = median - (float)(gain * level_luma(j) + bias);
    }
    fill_gaps(bend, known);
    for (j = 0; j < BF_TONE_LEVELS; j++) {
        float sum = 0, weight = 0;

        for (k = j - 1; k <= j + 1; k++) {
            if (k < 0 || k >= BF_TONE_LEVELS)
                continue;
            sum += bend[k] * (k == j ? 2 : 1);
            weight += k == j ? 2 : 1;
        }
        smooth[j] = weight > 0 ? sum / weight : 0;
    }
    for (v = 0; v < 256; v++) {
        float at = (float)((v - level_luma(0)) * BF_TONE_LEVELS / 256), w;

        at = at < 0 ? 0 : at > BF_TONE_LEVELS - 1 ? BF_TONE_LEVELS - 1 : at;
        j = at < BF_TONE_LEVELS - 2 ? (int)at : BF_TONE_LEVELS - 2;
        w = at - (float)j;
        w = (float)(gain * v + bias) + smooth[j] * (1 - w) + smooth[j + 1] * w;
        tone->at[v] = w < 0 ? 0 : w > 255 ? 255 : w; /* blacks and whites may be cut off */
    }
}

enum bf_err bf_tone_fit(struct bf_tone *tone, const struct bf_run *run,
                        const struct bf_trace *suspect, struct bf_digest *source,
                        struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct tone_counts *counts = calloc(1, sizeof *counts);
    float *x = calloc(BF_GRID_CELLS, sizeof *x);
    int64_t first, end, k, step;
    enum bf_err rc = BF_OK;

    if (counts == NULL || x == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    sample_range(&first, &end, run, info);
    step = (end - first) / TONE_SAMPLES + 1;
    for (k = first; k < end; k += step) {
        const uint8_t *s = bf_digest_grid(source, (uint64_t)k, err);
        int64_t from, to;

        if (s == NULL) {
            rc = BF_ERR_FORMAT;
            goto out;
        }
        bf_run_shown_us(&from, &to, run, k);
        if (bf_trace_mean(suspect, x, from, to) > 0)
            count_tones(counts, s, x, bf_trace_comparable(suspect), (size_t)info->cols * info->rows,
                        run->gain, run->bias);
    }
    tone_from_counts(tone, counts, run->gain, run->bias);
out:
    free(counts);
    free(x);
    return rc;
}

/* Buffers for one sample's comparison. */
struct work {
    uint8_t before[BF_GRID_CELLS], here[BF_GRID_CELLS], after[BF_GRID_CELLS];
    float tone[BF_GRID_CELLS]; /* the record through the curve */
    float x[SHIFTS][BF_GRID_CELLS];
    uint8_t change[BF_GRID_CELLS];
    struct bf_residual_row row;
};

/* 0 below 1, then one more for each doubling, at most 7. */
static unsigned log_level(unsigned v)
{
    unsigned n = 0;

    while (v > 0 && n < 7) {
        v >>= 1;
        n++;
    }
    return n;
}

static unsigned step_to(const uint8_t *s, unsigned i, unsigned j)
{
    return (unsigned)abs((int)s[i] - (int)s[j]);
}

static unsigned steepness(const uint8_t *s, unsigned x, unsigned y, unsigned cols, unsigned rows)
{
    unsigned i = y * cols + x, m = 0, d;

    if (x > 0 && (d = step_to(s, i, i - 1)) > m)
        m = d;
    if (x + 1 < cols && (d = step_to(s, i, i + 1)) > m)
        m = d;
    if (y > 0 && (d = step_to(s, i, i - cols)) > m)
        m = d;
    if (y + 1 < rows && (d = step_to(s, i, i + cols)) > m)
        m = d;
    return m;
}

static uint8_t most_nearby(const uint8_t *v, unsigned x, unsigned y, unsigned cols, unsigned rows)
{
    unsigned x0 = x > 0 ? x - 1 : 0, x1 = x + 1 < cols ? x + 1 : x, y1 = y + 1 < rows ? y + 1 : y,
             i, j;
    uint8_t m = 0;

    for (j = y > 0 ? y - 1 : 0; j <= y1; j++)
        for (i = x0; i <= x1; i++)
            m = v[j * cols + i] > m ? v[j * cols + i] : m;
    return m;
}

static uint8_t bend_over(const struct bf_tone *tone, unsigned v, unsigned reach)
{
    unsigned low = v > reach ? v - reach : 0, high = v + reach < 255 ? v + reach : 255;
    float straight = tone->at[low] +
                     (tone->at[high] - tone->at[low]) * (float)(v - low) / (float)(high - low),
          bend = fabsf(straight - tone->at[v]);

    return (uint8_t)(bend < 255 ? lrintf(bend) : 255);
}

static void describe_places(struct work *w, const struct bf_tone *tone, unsigned cols,
                            unsigned rows)
{
    unsigned x, y, i, steep, n = cols * rows;

    for (i = 0; i < n; i++) {
        int last = abs(w->here[i] - w->before[i]), next = abs(w->after[i] - w->here[i]);

        w->change[i] = (uint8_t)(last > next ? last : next);
    }
    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            i = y * cols + x;
            w->row.motion[i] = most_nearby(w->change, x, y, cols, rows);
            steep = steepness(w->here, x, y, cols, rows);
            w->row.place[i] = (uint8_t)(log_level(w->row.motion[i]) * 8 + log_level(steep * 2 / 3));
            w->row.bend[i] = bend_over(tone, w->here[i], steep > TEXTURE ? steep : TEXTURE);
        }
    }
}

/* One sample's own light: a fade or a flickering lamp moves the whole picture. */
struct line {
    float gain, bias;
};

/* Sums over cells of a line: how many, of the curve, of the suspect, and of their products. */
struct line_sums {
    float n[LANES], t[LANES], x[LANES], tt[LANES], tx[LANES];
};

/* The cells within near of f among the next LANES, without a branch and side by side. */
static void add_lanes(struct line_sums *s, struct line f, const float *x, const float *t,
                      const uint8_t *visible, float near)
{
    unsigned l;

    for (l = 0; l < LANES; l++) {
        float in = (float)((fabsf(x[l] - f.gain * t[l] - f.bias) < near) & (visible[l] != 0)),
              it = in * t[l], ix = in * x[l];

        s->n[l] += in;
        s->t[l] += it;
        s->x[l] += ix;
        s->tt[l] += it * t[l];
        s->tx[l] += it * x[l];
    }
}

static double total(const float *lane)
{
    double sum = 0;
    unsigned l;

    for (l = 0; l < LANES; l++)
        sum += (double)lane[l];
    return sum;
}

/* What it costs to explain x by the line through the curve; what is far off counts as far off. As
 * line_step. */
static float line_cost(struct line f, const float *x, const float *t, const uint8_t *visible,
                       unsigned n)
{
    float cost[LANES] = {0};
    unsigned i, l;

    for (i = 0; i < n; i += LANES)
        for (l = 0; l < LANES; l++) {
            float r = fabsf(x[i + l] - f.gain * t[i + l] - f.bias);

            r = r < FIT_FAR ? r : FIT_FAR;
            cost[l] += (float)(visible[i + l] != 0) * r;
        }
    return (float)total(cost);
}

/* One step of a straight-line fit over the cells within near of f; with_gain: else the bias alone.
 * The arrays have room for whole LANES, and nothing is visible past n. */
static struct line line_step(struct line f, const float *x, const float *t, const uint8_t *visible,
                             unsigned n, float near, bool with_gain)
{
    double k = 0, st = 0, sx = 0, stt = 0, stx = 0, var;
    unsigned i, end;

    /* In floats over few cells, which costs a strength its eighth digit; then in doubles. */
    for (i = 0; i < n;) {
        struct line_sums s = {0};

        for (end = i + FEW < n ? i + FEW : n; i < end; i += LANES)
            add_lanes(&s, f, x + i, t + i, visible + i, near);
        k += total(s.n);
        st += total(s.t);
        sx += total(s.x);
        stt += total(s.tt);
        stx += total(s.tx);
    }
    if (k < n / 8.0)
        return f;
    var = stt - st * st / k;
    if (with_gain && var > k) {
        f.gain = (float)((stx - st * sx / k) / var);
        f.gain = f.gain < FIT_GAIN_MIN   ? FIT_GAIN_MIN
                 : f.gain > FIT_GAIN_MAX ? FIT_GAIN_MAX
                                         : f.gain;
    }
    f.bias = (float)((sx - (double)f.gain * st) / k);
    return f;
}

/* The curve itself but for a drift, unless a line with a gain of its own is much closer. */
static struct line line_fit(const float *x, const float *t, const uint8_t *visible, unsigned n)
{
    struct line same = {1, 0}, free;
    int pass;

    same = line_step(same, x, t, visible, n, FIT_NEAR, false);
    free = line_step(same, x, t, visible, n, INFINITY, true);
    for (pass = 0; pass < FIT_PASSES; pass++)
        free = line_step(free, x, t, visible, n, pass == 0 ? 4 * FIT_NEAR : FIT_NEAR, true);
    return line_cost(free, x, t, visible, n) < FIT_BETTER * line_cost(same, x, t, visible, n)
               ? free
               : same;
}

/* Fills w->x; the shift under which the suspect fits best, -1 where it shows nothing at that time.
 */
static int best_shift(struct work *w, const struct bf_trace *suspect, int64_t from, int64_t to,
                      unsigned n)
{
    const uint8_t *visible = bf_trace_comparable(suspect);
    struct line f = {1, 0};
    float best_cost = INFINITY;
    int best = -1, s;

    if (bf_trace_mean(suspect, w->x[SHIFTS / 2], from, to) > 0)
        f = line_fit(w->x[SHIFTS / 2], w->tone, visible, n);
    for (s = 0; s < SHIFTS; s++) {
        int64_t shift = (s - SHIFTS / 2) * SHIFT_US;
        float cost;

        if (bf_trace_mean(suspect, w->x[s], from + shift, to + shift) <= 0)
            continue;
        cost = line_cost(f, w->x[s], w->tone, visible, n);
        if (cost < best_cost) {
            best_cost = cost;
            best = s;
        }
    }
    return best;
}

static void subtract(struct work *w, int shift, const uint8_t *visible, unsigned n)
{
    const float *x = w->x[shift];
    struct line f = line_fit(x, w->tone, visible, n);
    unsigned i;

    for (i = 0; i < n; i++) {
        float t = f.gain * w->tone[i] + f.bias;

        w->row.residual[i] = (int16_t)(visible[i] ? lrintf((x[i] - t) * BF_RESIDUAL_ONE) : 0);
        w->row.expected[i] = (uint8_t)(t < 0 ? 0 : t > 255 ? 255 : lrintf(t));
    }
}

static enum bf_err copy_grid(uint8_t *to, struct bf_digest *source, int64_t k,
                             const struct bf_digest_info *info, struct bf_error *err)
{
    int64_t last = (int64_t)info->n_samples - 1;
    const uint8_t *g = bf_digest_grid(source, (uint64_t)(k < 0 ? 0 : k > last ? last : k), err);

    if (g == NULL)
        return BF_ERR_FORMAT;
    memcpy(to, g, (size_t)info->cols * info->rows);
    return BF_OK;
}

enum bf_err bf_residual_compute(struct bf_spool *out, const struct bf_run *run,
                                const struct bf_tone *tone, const struct bf_trace *suspect,
                                struct bf_digest *source, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct work *w = calloc(1, sizeof *w);
    unsigned n = info->cols * info->rows, i;
    int64_t first, end, k;
    enum bf_err rc = BF_OK;

    if (w == NULL)
        return bf_error_nomem(err);
    sample_range(&first, &end, run, info);
    for (k = first; k < end && rc == BF_OK; k++) {
        int64_t from, to;
        int shift;

        bf_run_shown_us(&from, &to, run, k);
        rc = copy_grid(w->before, source, k - 1, info, err);
        if (rc == BF_OK)
            rc = copy_grid(w->here, source, k, info, err);
        if (rc == BF_OK)
            rc = copy_grid(w->after, source, k + 1, info, err);
        if (rc != BF_OK)
            break;
        for (i = 0; i < n; i++)
            w->tone[i] = tone->at[w->here[i]];
        shift = best_shift(w, suspect, from, to, n);
        if (shift < 0)
            continue;
        subtract(w, shift, bf_trace_comparable(suspect), n);
        describe_places(w, tone, info->cols, info->rows);
        w->row.suspect_us = from;
        rc = bf_spool_append(out, &w->row, err);
    }
    free(w);
    return rc;
}
