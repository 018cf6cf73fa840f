#include "ledger/match/compare.h"
#include "ledger/match/change_kind.h"
#include "ledger/match/regions.h"
#include "lib/base/spool.h"

#include <assert.h>
#include <math.h>

/*
 * The tail of the peaks of regions in copies with nothing changed: how many reach 50 levels in a
 * minute, and after how many levels more there are e times fewer. Measured on 553 clean copies (118
 * minutes: H.264 CRF 18 to 38 and VP9, full to quarter size, 10 to 60 frames a second, graded,
 * flickering, slowed down) of 31 clips.
 */
#define TAIL_FROM 50.0
#define TAIL_RATE 0.27
#define TAIL_LEVELS 5.2
/* Less time has fewer chances to stand out, but its noise is known less well: it counts as these.
 */
#define TAIL_MINUTES_MIN (1 / 6.0)
/* Of a comparison, whatever its length. A build with a larger one (doc/copies.md) holds the
 * probabilities against how often clean copies show as much. */
#ifndef FALSE_ALARM_MAX
#define FALSE_ALARM_MAX 2e-4
#endif

enum {
    SMEAR = BF_POOL_SAMPLES / 2, /* rows by which pooling widens a region at either end */
    ROWS_MIN = 3,                /* rows that an alteration lasts */
    CELLS_MIN = 8,               /* and cells that it covers */
    NEAR = 2,                    /* cells this close to one another are one region */
};

#define MASK_MIN 3.0f    /* mean square, in units of noise, from which a cell belongs to a region */
#define MASK_SHARE 0.25f /* of what the region's strongest tenth has */
#define PIECE_SHARE 0.1f /* of the largest piece's cells that another has to have */
#define STRENGTH_MIN 5.0 /* mean square of all of the region, below which it is no alteration */
#define TIME_MIN 3.0f    /* the region's mean square at which an alteration begins and ends */
#define TIME_SHARE 0.3f  /* of what it is on average */

struct comparison {
    const struct bf_spool *rows;
    const struct bf_noise *noise;
    const uint8_t *visible;
    unsigned cols, n_rows_of_cells, cells, n_visible;
    struct bf_alterations *out;
};

void bf_alterations_release(struct bf_alterations *a)
{
    free(a->item);
    *a = (struct bf_alterations){0};
}

static const struct bf_residual_row *row_at(const struct comparison *c, uint64_t k)
{
    return bf_spool_row(c->rows, k);
}

/* Probability that a copy with nothing changed, of n samples, has a region that peaks so high. */
static double false_alarm(unsigned peak, uint64_t n)
{
    double minutes = fmax((double)n * BF_DIGEST_PERIOD_US / 60e6, TAIL_MINUTES_MIN);

    return -expm1(-minutes * TAIL_RATE * exp((TAIL_FROM - (double)peak) / TAIL_LEVELS));
}

/* The lowest peak that is an alteration. */
static unsigned least_peak(uint64_t n)
{
    unsigned peak = 0;

    while (peak < 255 && false_alarm(peak, n) > FALSE_ALARM_MAX)
        peak++;
    return peak;
}

/* Hands on how far each cell is from the noise, as the decision has it. */
static enum bf_err add_heat(const struct comparison *c, struct bf_spool *heat,
                            const struct bf_spool *pooled, unsigned bar, struct bf_error *err)
{
    uint8_t sixteenths[256];
    uint64_t k;
    enum bf_err rc = BF_OK;
    unsigned i;

    for (i = 0; i < 256; i++) {
        float v = 16 * exp2f(((float)i - (float)bar) / (2 * BF_POOLED_OCTAVE));

        sixteenths[i] = (uint8_t)(i == 0 ? 0 : v > 255 ? 255 : v);
    }
    for (k = 0; k < bf_spool_rows(pooled) && rc == BF_OK; k++) {
        const struct bf_pooled_row *row = bf_spool_row(pooled, k);
        struct bf_heat_row h = {.suspect_us = row_at(c, k)->suspect_us};

        for (i = 0; i < c->cells; i++)
            h.cell[i] = sixteenths[row->cell[i]];
        rc = bf_spool_append(heat, &h, err);
    }
    return rc;
}

static int by_value(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The region's cells: those that differ when all of its time is taken together. Each has its own
 * square, so the window that found the region does not widen it. */
static void find_mask(uint8_t *mask, const struct comparison *c, const struct bf_region *r)
{
    uint64_t first = r->first, last = r->last, k;
    float sum[BF_GRID_CELLS] = {0}, sorted[BF_GRID_CELLS], limit;
    unsigned i, n = 0;

    if (last - first >= 4 * SMEAR) {
        first += first > 0 ? SMEAR : 0;
        last -= last + 1 < bf_spool_rows(c->rows) ? SMEAR : 0;
    }
    for (k = first; k <= last; k++)
        for (i = 0; i < c->cells; i++)
            if (r->count[i] > 0)
                sum[i] += bf_noise_square(c->noise, row_at(c, k), i, BF_SQUARE_CAP);
    for (i = 0; i < c->cells; i++)
        if (r->count[i] > 0 && c->visible[i])
            sorted[n++] = sum[i] / (float)(last - first + 1);
    qsort(sorted, n, sizeof *sorted, by_value);
    limit = n > 0 ? MASK_SHARE * sorted[n * 9 / 10] : 0;
    limit = limit < MASK_MIN ? MASK_MIN : limit;
    for (i = 0; i < c->cells; i++)
        mask[i] = r->count[i] > 0 && c->visible[i] && sum[i] / (float)(last - first + 1) >= limit;
}

/* Numbers the pieces of the mask from 1 in piece; cells up to NEAR apart are of one. */
static unsigned find_pieces(uint8_t *piece, const uint8_t *mask, const struct comparison *c)
{
    uint16_t stack[BF_GRID_CELLS];
    unsigned n_pieces = 0, i;

    assert(c->cols > 0);
    memset(piece, 0, BF_GRID_CELLS);
    for (i = 0; i < c->cells && n_pieces < 254; i++) {
        unsigned n = 0;

        if (!mask[i] || piece[i])
            continue;
        piece[i] = (uint8_t)++n_pieces;
        stack[n++] = (uint16_t)i;
        while (n > 0) {
            int at = stack[--n], x = at % (int)c->cols, y = at / (int)c->cols, u, v;

            for (v = y > NEAR ? y - NEAR : 0; v <= y + NEAR && v < (int)c->n_rows_of_cells; v++) {
                for (u = x > NEAR ? x - NEAR : 0; u <= x + NEAR && u < (int)c->cols; u++) {
                    int j = v * (int)c->cols + u;

                    if (!mask[j] || piece[j])
                        continue;
                    piece[j] = (uint8_t)n_pieces;
                    stack[n++] = (uint16_t)j;
                }
            }
        }
    }
    return n_pieces;
}

static float region_mean(const struct comparison *c, uint64_t k, const uint8_t *mask,
                         unsigned n_mask)
{
    unsigned i;
    float sum = 0;

    for (i = 0; i < c->cells; i++)
        if (mask[i])
            sum += bf_noise_square(c->noise, row_at(c, k), i, BF_SQUARE_CAP);
    return sum / (float)n_mask;
}

static void set_box(struct bf_alteration *a, const uint8_t *mask, unsigned cols, unsigned rows)
{
    unsigned x, y, x0 = cols, x1 = 0, y0 = rows, y1 = 0;

    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            if (!mask[y * cols + x])
                continue;
            x0 = x < x0 ? x : x0;
            x1 = x + 1 > x1 ? x + 1 : x1;
            y0 = y < y0 ? y : y0;
            y1 = y + 1 > y1 ? y + 1 : y1;
        }
    }
    a->left = (double)x0 / cols;
    a->right = (double)x1 / cols;
    a->top = (double)y0 / rows;
    a->bottom = (double)y1 / rows;
}

static enum bf_err append(struct bf_alterations *out, const struct bf_alteration *a,
                          struct bf_error *err)
{
    struct bf_alteration *more = realloc(out->item, (out->n + 1) * sizeof *more);

    if (more == NULL)
        return bf_error_nomem(err);
    out->item = more;
    out->item[out->n++] = *a;
    return BF_OK;
}

/* One piece of a region, from when its cells start to differ until they stop. */
static enum bf_err add_piece(struct comparison *c, const struct bf_region *r, const uint8_t *mask,
                             unsigned n_mask, struct bf_error *err)
{
    uint64_t n = bf_spool_rows(c->rows), first = r->first, last = r->last, k;
    struct bf_alteration a = {0};
    float limit, sum = 0;
    int64_t a_us, b_us;

    for (k = first; k <= last; k++)
        sum += region_mean(c, k, mask, n_mask);
    limit = TIME_SHARE * sum / (float)(last - first + 1);
    limit = limit < TIME_MIN ? TIME_MIN : limit;
    while (first < last && region_mean(c, first, mask, n_mask) < limit)
        first++;
    while (last > first && region_mean(c, last, mask, n_mask) < limit)
        last--;
    if (last - first + 1 < ROWS_MIN)
        return BF_OK;
    for (sum = 0, k = first; k <= last; k++)
        sum += region_mean(c, k, mask, n_mask);
    /* Rows are in the record's order; a suspect that runs backwards has the last one first. */
    a_us = row_at(c, first)->suspect_us;
    b_us = row_at(c, last)->suspect_us;
    a.start_us = a_us < b_us ? a_us : b_us;
    a.end_us = (a_us < b_us ? b_us : a_us) + BF_DIGEST_PERIOD_US;
    a.whole_run = first <= SMEAR && last + SMEAR + 1 >= n;
    a.area = (double)n_mask / c->n_visible;
    a.strength = (double)sum / (double)(last - first + 1);
    if (a.strength < STRENGTH_MIN)
        return BF_OK;
    a.false_alarm = false_alarm(r->peak, n);
    a.change = bf_change_kind(c->rows, c->noise, mask, c->cells, first, last, a.area);
    set_box(&a, mask, c->cols, c->n_rows_of_cells);
    return append(c->out, &a, err);
}

static enum bf_err add_region(struct comparison *c, const struct bf_region *r, struct bf_error *err)
{
    uint8_t mask[BF_GRID_CELLS] = {0}, piece[BF_GRID_CELLS], only[BF_GRID_CELLS] = {0};
    unsigned size[256] = {0}, n_pieces, largest = 0, p, i;
    enum bf_err rc = BF_OK;

    find_mask(mask, c, r);
    n_pieces = find_pieces(piece, mask, c);
    for (i = 0; i < c->cells; i++)
        size[piece[i]]++;
    for (p = 1; p <= n_pieces; p++)
        largest = size[p] > largest ? size[p] : largest;
    for (p = 1; p <= n_pieces && rc == BF_OK; p++) {
        if (size[p] < CELLS_MIN || (float)size[p] < PIECE_SHARE * (float)largest)
            continue;
        for (i = 0; i < c->cells; i++)
            only[i] = piece[i] == p;
        rc = add_piece(c, r, only, size[p], err);
    }
    return rc;
}

static int by_start(const void *a, const void *b)
{
    const struct bf_alteration *x = a, *y = b;

    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static enum bf_err find_alterations(struct comparison *c, struct bf_spool *heat,
                                    const char *tmp_dir, struct bf_error *err)
{
    struct bf_spool *pooled = NULL;
    struct bf_regions regions = {0};
    enum bf_err rc = bf_spool_open(&pooled, tmp_dir, sizeof(struct bf_pooled_row), err);
    unsigned bar;
    size_t i;

    if (rc == BF_OK)
        rc = bf_pool(pooled, c->rows, c->noise, c->visible, c->cols, c->n_rows_of_cells, err);
    if (rc == BF_OK)
        rc = bf_spool_seal(pooled, err);
    if (rc != BF_OK)
        goto out;
    bar = bf_pooled_bar(pooled, c->rows, c->cells);
    if (heat != NULL)
        rc = add_heat(c, heat, pooled, bar, err);
    if (rc == BF_OK)
        rc = bf_regions_find(&regions, pooled, bar, least_peak(bf_spool_rows(c->rows)), c->cols,
                             c->n_rows_of_cells, err);
    for (i = 0; i < regions.n && rc == BF_OK; i++)
        rc = add_region(c, regions.item[i], err);
    if (c->out->n > 1)
        qsort(c->out->item, c->out->n, sizeof *c->out->item, by_start);
out:
    bf_regions_release(&regions);
    bf_spool_close(&pooled);
    return rc;
}

enum bf_err bf_compare(struct bf_alterations *out, struct bf_spool *heat, const struct bf_run *run,
                       const struct bf_trace *suspect, struct bf_digest *source,
                       const char *tmp_dir, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct comparison c = {.visible = bf_trace_comparable(suspect),
                           .cols = info->cols,
                           .n_rows_of_cells = info->rows,
                           .cells = info->cols * info->rows,
                           .out = out};
    struct bf_spool *rows = NULL;
    struct bf_noise noise = {0};
    struct bf_tone tone;
    enum bf_err rc;
    unsigned i;

    *out = (struct bf_alterations){0};
    for (i = 0; i < c.cells; i++)
        c.n_visible += c.visible[i];
    rc = bf_spool_open(&rows, tmp_dir, sizeof(struct bf_residual_row), err);
    if (rc == BF_OK)
        rc = bf_tone_fit(&tone, run, suspect, source, err);
    if (rc == BF_OK)
        rc = bf_residual_compute(rows, run, &tone, suspect, source, err);
    if (rc == BF_OK)
        rc = bf_spool_seal(rows, err);
    if (rc != BF_OK || bf_spool_rows(rows) == 0 || c.n_visible == 0)
        goto out;
    rc = bf_noise_fit(&noise, rows, run, suspect, source, err);
    if (rc != BF_OK)
        goto out;
    out->compared_us = (int64_t)bf_spool_rows(rows) * BF_DIGEST_PERIOD_US;
    c.rows = rows;
    c.noise = &noise;
    rc = find_alterations(&c, heat, tmp_dir, err);
out:
    if (rc != BF_OK)
        bf_alterations_release(out);
    bf_spool_close(&rows);
    return rc;
}
