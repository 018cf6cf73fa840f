#include "ledger/match/compare.h"
#include "ledger/match/noise.h"
#include "lib/base/spool.h"

#include <math.h>

enum {
    POOL = 7,       /* samples a pooled value spans, 0.7 s */
    HOT_CELLS = 12, /* cells that must stand out together */
    ROWS_MIN = 4,   /* and for how many samples */
    GAP_MAX = 5,    /* samples that may lie between two parts of one alteration */
};

#define SQUARE_CAP 36.0f /* no single residual counts for more */
#define HOT 9.0f         /* pooled squared residual that stands out */
#define EDGE 5.0f        /* mean over the region at which an alteration begins and ends */
#define MASK_SHARE 0.3f  /* of its samples that a cell must be hot in to belong to the region */

/*
 * A region's mean squared residual from which it is an alteration. Strong recompression leaves
 * patches (banding, frozen blocks) that pool to more than independent noise would, so the limit
 * rises with the copy's own noise, and a changed frame rate leaves some of a quick motion: both
 * measured on clean copies.
 */
#define STRENGTH_LOW 9.0f
#define STRENGTH_HIGH 16.0f
#define STRENGTH_RATE 14.5f
#define STRENGTH_SLOPE 10.0f /* for each luma step of noise beyond ... */
#define STRENGTH_NOISE 1.4f

/* Pools squared residuals over POOL samples and 3 x 3 cells as rows go by. */
struct pool {
    float square[POOL][BF_GRID_CELLS], sum[BF_GRID_CELLS];
    uint8_t hot[BF_GRID_CELLS];
};

/* An alteration that is still going on. */
struct open_event {
    bool open;
    uint64_t first, last; /* rows, inclusive */
    uint32_t n_rows;      /* that were hot */
    uint32_t count[BF_GRID_CELLS];
};

struct comparison {
    const struct bf_spool *rows;
    const struct bf_noise *noise;
    unsigned cols, n_rows_of_cells;
    struct pool pool;
    struct open_event event;
    struct bf_alterations *out;
    struct bf_spool *heat;
};

void bf_alterations_release(struct bf_alterations *a)
{
    free(a->item);
    *a = (struct bf_alterations){0};
}

/* Takes row k into the pool in place of row k - POOL; rows outside the run count as nothing. */
static void pool_step(struct comparison *c, uint64_t k, uint64_t n)
{
    float *square = c->pool.square[k % POOL];
    const struct bf_residual_row *row = k < n ? bf_spool_row(c->rows, k) : NULL;
    unsigned i, cells = c->cols * c->n_rows_of_cells;

    for (i = 0; i < cells; i++) {
        float z2 = row ? bf_noise_square(c->noise, row, i, SQUARE_CAP) : 0;

        c->pool.sum[i] += z2 - square[i];
        square[i] = z2;
    }
}

/* Marks the cells that stand out around row k; returns how many have a neighbour that does so too.
 */
static unsigned find_hot(struct comparison *c, uint64_t k, uint64_t n)
{
    uint64_t from = k < POOL / 2 ? 0 : k - POOL / 2, to = k + POOL / 2 < n ? k + POOL / 2 : n - 1;
    float limit = HOT * 9 * (float)(to - from + 1);
    unsigned x, y, i, n_hot = 0;
    int dx, dy;

    memset(c->pool.hot, 0, sizeof c->pool.hot);
    for (y = 1; y + 1 < c->n_rows_of_cells; y++) {
        for (x = 1; x + 1 < c->cols; x++) {
            float sum = 0;

            i = y * c->cols + x;
            for (dy = -1; dy <= 1; dy++)
                for (dx = -1; dx <= 1; dx++)
                    sum += c->pool.sum[(int)i + dy * (int)c->cols + dx];
            c->pool.hot[i] = sum > limit;
            n_hot += c->pool.hot[i];
        }
    }
    return n_hot;
}

/* Hands on how hot each cell is around row k. */
static enum bf_err add_heat(struct comparison *c, uint64_t k, uint64_t n, struct bf_error *err)
{
    uint64_t from = k < POOL / 2 ? 0 : k - POOL / 2, to = k + POOL / 2 < n ? k + POOL / 2 : n - 1;
    struct bf_heat_row row = {
        .suspect_us = ((const struct bf_residual_row *)bf_spool_row(c->rows, k))->suspect_us};
    float share = 1 / (9 * (float)(to - from + 1));
    unsigned x, y;
    int dx, dy;

    for (y = 1; y + 1 < c->n_rows_of_cells; y++) {
        for (x = 1; x + 1 < c->cols; x++) {
            unsigned i = y * c->cols + x;
            float sum = 0;

            for (dy = -1; dy <= 1; dy++)
                for (dx = -1; dx <= 1; dx++)
                    sum += c->pool.sum[(int)i + dy * (int)c->cols + dx];
            sum = 16 * sqrtf(sum > 0 ? sum * share : 0);
            row.cell[i] = (uint8_t)(sum < 255 ? sum : 255);
        }
    }
    return bf_spool_append(c->heat, &row, err);
}

/* Mean squared residual of row k over the event's region. */
static float region_mean(const struct comparison *c, uint64_t k, const uint8_t *mask,
                         unsigned n_mask)
{
    const struct bf_residual_row *row = bf_spool_row(c->rows, k);
    unsigned i, cells = c->cols * c->n_rows_of_cells;
    float sum = 0;

    for (i = 0; i < cells; i++)
        if (mask[i])
            sum += bf_noise_square(c->noise, row, i, SQUARE_CAP);
    return sum / (float)n_mask;
}

static void region_box(struct bf_alteration *a, const uint8_t *mask, unsigned cols, unsigned rows)
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

/* The pool smears an alteration by half its width: its ends are where the region itself starts and
 * stops to differ. */
static enum bf_err close_event(struct comparison *c, uint64_t n, struct bf_error *err)
{
    struct open_event *e = &c->event;
    struct bf_alteration a = {0}, *more;
    uint8_t mask[BF_GRID_CELLS] = {0};
    unsigned i, n_mask = 0, cells = c->cols * c->n_rows_of_cells;
    uint64_t first = e->first < POOL / 2 ? 0 : e->first - POOL / 2;
    uint64_t last = e->last + POOL / 2 < n ? e->last + POOL / 2 : n - 1, k;
    double sum = 0;

    e->open = false;
    if (e->n_rows < ROWS_MIN)
        return BF_OK;
    for (i = 0; i < cells; i++) {
        mask[i] = (float)e->count[i] >= MASK_SHARE * (float)e->n_rows;
        n_mask += mask[i];
    }
    /* Something that wanders leaves no cell hot for long: take all it touched. */
    if (n_mask < HOT_CELLS) {
        for (n_mask = 0, i = 0; i < cells; i++) {
            mask[i] = e->count[i] > 0;
            n_mask += mask[i];
        }
    }
    while (first < last && region_mean(c, first, mask, n_mask) < EDGE)
        first++;
    while (last > first && region_mean(c, last, mask, n_mask) < EDGE)
        last--;
    if (last - first + 1 < ROWS_MIN)
        return BF_OK;
    for (k = first; k <= last; k++)
        sum += (double)region_mean(c, k, mask, n_mask);
    a.start_us = ((const struct bf_residual_row *)bf_spool_row(c->rows, first))->suspect_us;
    a.end_us = ((const struct bf_residual_row *)bf_spool_row(c->rows, last))->suspect_us +
               BF_DIGEST_PERIOD_US;
    a.change = BF_CHANGE_REGION;
    a.strength = sum / (double)(last - first + 1);
    region_box(&a, mask, c->cols, c->n_rows_of_cells);
    more = realloc(c->out->item, (c->out->n + 1) * sizeof *more);
    if (more == NULL)
        return bf_error_nomem(err);
    c->out->item = more;
    c->out->item[c->out->n++] = a;
    return BF_OK;
}

static void event_add(struct comparison *c, uint64_t k)
{
    struct open_event *e = &c->event;
    unsigned i, cells = c->cols * c->n_rows_of_cells;

    if (!e->open) {
        memset(e, 0, sizeof *e);
        e->open = true;
        e->first = k;
    }
    e->last = k;
    e->n_rows++;
    for (i = 0; i < cells; i++)
        e->count[i] += c->pool.hot[i];
}

static enum bf_err find_events(struct comparison *c, struct bf_error *err)
{
    uint64_t n = bf_spool_rows(c->rows), k;
    enum bf_err rc = BF_OK;

    for (k = 0; k < n + POOL / 2 && rc == BF_OK; k++) {
        uint64_t centre = k - POOL / 2;

        pool_step(c, k, n);
        if (k < POOL / 2)
            continue;
        if (c->heat != NULL)
            rc = add_heat(c, centre, n, err);
        if (rc != BF_OK)
            break;
        if (find_hot(c, centre, n) >= HOT_CELLS)
            event_add(c, centre);
        else if (c->event.open && centre - c->event.last > GAP_MAX)
            rc = close_event(c, n, err);
    }
    if (rc == BF_OK && c->event.open)
        rc = close_event(c, n, err);
    return rc;
}

/* Drops what this copy's own noise may explain. */
static void drop_weak(struct comparison *c)
{
    float limit = STRENGTH_LOW + STRENGTH_SLOPE * (bf_noise_calm(c->noise) - STRENGTH_NOISE);
    float least = bf_noise_rate_changed(c->noise) ? STRENGTH_RATE : STRENGTH_LOW;
    size_t i, kept = 0;

    limit = limit < least ? least : limit > STRENGTH_HIGH ? STRENGTH_HIGH : limit;
    for (i = 0; i < c->out->n; i++)
        if (c->out->item[i].strength >= (double)limit)
            c->out->item[kept++] = c->out->item[i];
    c->out->n = kept;
}

enum bf_err bf_compare(struct bf_alterations *out, struct bf_spool *heat, const struct bf_run *run,
                       const struct bf_trace *suspect, struct bf_digest *source,
                       const char *tmp_dir, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct comparison *c = calloc(1, sizeof *c);
    struct bf_spool *rows = NULL;
    struct bf_noise noise = {0};
    struct bf_tone tone;
    enum bf_err rc;

    *out = (struct bf_alterations){0};
    if (c == NULL)
        return bf_error_nomem(err);
    rc = bf_spool_open(&rows, tmp_dir, sizeof(struct bf_residual_row), err);
    if (rc == BF_OK)
        rc = bf_tone_fit(&tone, run, suspect, source, err);
    if (rc == BF_OK)
        rc = bf_residual_compute(rows, run, &tone, suspect, source, err);
    if (rc == BF_OK)
        rc = bf_spool_seal(rows, err);
    if (rc != BF_OK || bf_spool_rows(rows) == 0)
        goto out;
    rc = bf_noise_fit(&noise, rows, &tone, suspect, source, err);
    if (rc != BF_OK)
        goto out;
    out->compared_us = (int64_t)bf_spool_rows(rows) * BF_DIGEST_PERIOD_US;
    c->rows = rows;
    c->noise = &noise;
    c->cols = info->cols;
    c->n_rows_of_cells = info->rows;
    c->out = out;
    c->heat = heat;
    rc = find_events(c, err);
    if (rc == BF_OK)
        drop_weak(c);
out:
    if (rc != BF_OK)
        bf_alterations_release(out);
    bf_spool_close(&rows);
    free(c);
    return rc;
}
