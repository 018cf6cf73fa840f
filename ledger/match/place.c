#include "ledger/match/place.h"
#include "ledger/match/motion.h"
#include "ledger/match/registration.h"

#include <math.h>
#include <stdlib.h>

enum {
    PAIRS = 12,             /* stills that a geometry is registered on */
    TIME_NEAR_US = 9000000, /* how far from a line a still's moment is looked for */
    BLOCK = 3,              /* cells each way that it is looked for on */
    BLOCKS_MAX = BF_GRID_CELLS / (BLOCK * BLOCK),
    BLOCKS_LEAST = 20,       /* that a still shows */
    SHIFT_MOST_US = 1200000, /* that a run's time may be off */
    SHIFT_STEP_US = 100000,
};

#define MOVED_TIME 0.001 /* from which a geometry is another one, where the time is wrong too */
#define MOVED_MOST 0.1   /* a run was aligned under it: it cannot lie further off */
#define BETTER 0.95      /* of what was left over, at most, after a move */
/* Share of the motion in step from which a run may owe what it lacks to a wrong time. */
#define IN_STEP_SHIFTED 0.4
/* Luma steps that a geometry leaves over at most. Copies, faces replaced in them or not, leave up
 * to 5; other pictures that share a few shapes, 10 and more. */
#define LEFT_OVER_MAX 8.0
/* A geometry that leaves the picture too small, or shows too little of it, says nothing. */
#define BOX_SMALLEST 0.12
#define SHOWN_LEAST 0.2

/* Stills beside the record's picture at their moments. */
struct pairing {
    const struct bf_stills *stills;
    struct bf_digest *source;
    const struct bf_digest_info *info;
    uint8_t (*grid)[BF_GRID_CELLS]; /* (PAIRS) */
    struct bf_still_pair pair[PAIRS];
    size_t n;
};

static enum bf_err pairing_init(struct pairing *p, const struct bf_stills *stills,
                                struct bf_digest *source, struct bf_error *err)
{
    *p = (struct pairing){.stills = stills, .source = source, .info = bf_digest_info(source)};
    p->grid = calloc(PAIRS, sizeof *p->grid);
    if (p->grid == NULL) {
        bf_error_nomem(err);
        return BF_ERR_NOMEM;
    }
    return BF_OK;
}

/* The stills of a stretch: first and one past the last. */
static void stills_of(size_t *first, size_t *end, const struct bf_stills *s, int64_t from_us,
                      int64_t to_us)
{
    *first = 0;
    *end = bf_stills_count(s);
    while (*first < *end && bf_still_us(s, *first) < from_us)
        ++*first;
    while (*end > *first && bf_still_us(s, *end - 1) >= to_us)
        --*end;
}

static bool is_usable(const struct bf_geometry *g)
{
    double w = g->right - g->left, h = g->bottom - g->top, in_x, in_y;

    if (!(w > BOX_SMALLEST) || !(h > BOX_SMALLEST) || w > 8 || h > 8)
        return false;
    in_x = fmin(g->right, 1) - fmax(g->left, 0);
    in_y = fmin(g->bottom, 1) - fmax(g->top, 0);
    return in_x > 0 && in_y > 0 && in_x * in_y / (w * h) > SHOWN_LEAST;
}

/* A still's cells in blocks, and where the sample that looks most like it is looked for. */
struct sought {
    size_t still;
    float cell[BLOCKS_MAX]; /* below 0: does not lie inside the still */
    float n, mean;
    int64_t first[BF_PLACE_LINES], last[BF_PLACE_LINES];
    int64_t sample; /* -1: none yet */
    float cost;
};

/* Mean difference of a still and a sample's blocks under one geometry, after gain and bias; where
 * it is no less than limit, some number that is not either. */
static float still_cost(const struct sought *k, const float *block, unsigned n, float limit)
{
    float mean = 0, xs = 0, ss = 0, gain, sum = 0;
    unsigned i;

    for (i = 0; i < n; i++) {
        float use = k->cell[i] < 0 ? 0.0f : 1.0f;

        mean += use * block[i];
        xs += use * block[i] * (k->cell[i] - k->mean);
        ss += use * block[i] * block[i];
    }
    mean /= k->n;
    gain = xs / (ss - mean * mean * k->n + 1);
    gain = gain < 0.5f ? 0.5f : gain > 2 ? 2 : gain;
    for (i = 0; i < n; i++) {
        float d = fabsf(k->cell[i] - k->mean - gain * (block[i] - mean));

        sum += k->cell[i] < 0 ? 0 : d > 30 ? 30 : d;
        if (i % 64 == 63 && sum >= limit * k->n)
            break;
    }
    return sum / k->n;
}

static void seek(struct sought *k, const struct pairing *p, const struct bf_geometry *g,
                 size_t still, const struct bf_time_line *line, size_t n_lines)
{
    unsigned n = p->info->cols / BLOCK * (p->info->rows / BLOCK), i;
    int64_t at = bf_still_us(p->stills, still);
    size_t j;

    *k = (struct sought){.still = still, .sample = -1, .cost = HUGE_VALF};
    bf_still_cells(p->stills, still, k->cell, g, p->info->cols / BLOCK, p->info->rows / BLOCK);
    for (i = 0; i < n; i++) {
        if (k->cell[i] < 0)
            continue;
        k->n++;
        k->mean += k->cell[i];
    }
    k->mean /= k->n > 0 ? k->n : 1;
    for (j = 0; j < n_lines; j++) {
        int64_t middle = line[j].offset_us + (int64_t)(line[j].rate * (double)at);

        k->first[j] = (middle - TIME_NEAR_US) / BF_DIGEST_PERIOD_US;
        k->last[j] = (middle + TIME_NEAR_US) / BF_DIGEST_PERIOD_US;
    }
}

static bool wants(const struct sought *k, int64_t sample, size_t n_lines)
{
    size_t j;

    for (j = 0; j < n_lines; j++)
        if (sample >= k->first[j] && sample <= k->last[j])
            return k->n >= BLOCKS_LEAST;
    return false;
}

static void blocks_of(float *block, const uint8_t *grid, unsigned cols, unsigned rows)
{
    unsigned x, y, i, j;

    for (y = 0; y < rows / BLOCK; y++) {
        for (x = 0; x < cols / BLOCK; x++) {
            unsigned sum = 0;

            for (j = 0; j < BLOCK; j++)
                for (i = 0; i < BLOCK; i++)
                    sum += grid[(y * BLOCK + j) * cols + x * BLOCK + i];
            /* About mid-grey: squares of it are added up. */
            *block++ = (float)sum / (BLOCK * BLOCK) - 128;
        }
    }
}

/*
 * For each still the sample that looks most like it, near the lines' times. Stills and lines ask
 * for much the same samples: each is taken once, and held against all that want it.
 */
static enum bf_err pair_stills(struct pairing *p, struct sought *k, size_t n, size_t n_lines,
                               struct bf_error *err)
{
    unsigned cols = p->info->cols, rows = p->info->rows;
    float block[BLOCKS_MAX];
    int64_t from = INT64_MAX, to = -1, sample;
    const uint8_t *grid;
    size_t i, j;

    for (i = 0; i < n; i++) {
        for (j = 0; j < n_lines; j++) {
            from = k[i].first[j] < from ? k[i].first[j] : from;
            to = k[i].last[j] > to ? k[i].last[j] : to;
        }
    }
    from = from < 0 ? 0 : from;
    to = to < (int64_t)p->info->n_samples ? to : (int64_t)p->info->n_samples - 1;
    for (sample = from; sample <= to; sample++) {
        grid = NULL;
        for (i = 0; i < n; i++) {
            float cost;

            if (!wants(&k[i], sample, n_lines))
                continue;
            if (grid == NULL) {
                grid = bf_digest_grid(p->source, (uint64_t)sample, err);
                if (grid == NULL)
                    return BF_ERR_FORMAT;
                blocks_of(block, grid, cols, rows);
            }
            cost = still_cost(&k[i], block, cols / BLOCK * (rows / BLOCK), k[i].cost);
            if (cost < k[i].cost) {
                k[i].cost = cost;
                k[i].sample = sample;
                memcpy(p->grid[i], grid, (size_t)cols * rows);
            }
        }
    }
    for (i = 0; i < n; i++) {
        if (k[i].sample < 0)
            continue;
        p->pair[p->n].still = k[i].still;
        p->pair[p->n++].grid = p->grid[i];
    }
    return BF_OK;
}

enum bf_err bf_place_near(bool *holds, struct bf_geometry *g, const struct bf_stills *stills,
                          struct bf_digest *source, const struct bf_time_line *line, size_t n_lines,
                          int64_t from_us, int64_t to_us, struct bf_error *err)
{
    struct pairing p;
    struct sought *k = calloc(PAIRS, sizeof *k);
    size_t first, end, count, i;
    double left_over;
    enum bf_err rc = pairing_init(&p, stills, source, err);

    *holds = false;
    if (k == NULL && rc == BF_OK)
        rc = bf_error_nomem(err);
    n_lines = n_lines < BF_PLACE_LINES ? n_lines : BF_PLACE_LINES;
    stills_of(&first, &end, stills, from_us, to_us);
    count = end - first < PAIRS ? end - first : PAIRS;
    for (i = 0; i < count && rc == BF_OK; i++)
        seek(&k[i], &p, g, first + i * (end - first) / count, line, n_lines);
    if (rc == BF_OK)
        rc = pair_stills(&p, k, count, n_lines, err);
    if (rc == BF_OK && p.n > 0) {
        rc = bf_register(&left_over, g, stills, p.pair, p.n, p.info->cols, p.info->rows,
                         LEFT_OVER_MAX, err);
        *holds = rc == BF_OK && left_over < LEFT_OVER_MAX && is_usable(g);
    }
    free(k);
    free(p.grid);
    return rc;
}

/* The record at a moment, between the two samples whose middles lie about it; false outside. */
static bool grid_at(uint8_t *grid, struct pairing *p, int64_t us, struct bf_error *err)
{
    int64_t from = us - BF_DIGEST_PERIOD_US / 2, k = from / BF_DIGEST_PERIOD_US;
    unsigned share = (unsigned)((from - k * BF_DIGEST_PERIOD_US) * 256 / BF_DIGEST_PERIOD_US), i;
    const uint8_t *g;

    if (from < 0 || k + 1 >= (int64_t)p->info->n_samples)
        return false;
    g = bf_digest_grid(p->source, (uint64_t)k, err);
    if (g == NULL)
        return false;
    memcpy(grid, g, (size_t)p->info->cols * p->info->rows);
    g = bf_digest_grid(p->source, (uint64_t)k + 1, err);
    for (i = 0; g != NULL && i < p->info->cols * p->info->rows; i++)
        grid[i] = (uint8_t)((grid[i] * (256 - share) + g[i] * share + 128) / 256);
    return g != NULL;
}

/* The stills of a run beside the record at their own times, all of them later by shift. */
static enum bf_err pair_run(struct pairing *p, const struct bf_run *run, int64_t shift_us,
                            struct bf_error *err)
{
    struct bf_error why = {BF_OK, ""};
    size_t first, end, count, i;

    stills_of(&first, &end, p->stills, run->start_us, run->end_us);
    count = end - first < PAIRS ? end - first : PAIRS;
    p->n = 0;
    for (i = 0; i < count; i++) {
        size_t still = first + i * (end - first) / count;
        int64_t us = bf_run_source_us(run, bf_still_us(p->stills, still)) + shift_us;

        if (grid_at(p->grid[p->n], p, us, &why)) {
            p->pair[p->n].still = still;
            p->pair[p->n].grid = p->grid[p->n];
            p->n++;
        }
        if (why.code != BF_OK)
            return bf_error_set(err, why.code, "%s", why.text);
    }
    return BF_OK;
}

/* A time and a geometry, and what they leave over on coarse cells. */
struct shifted {
    int64_t shift_us;
    struct bf_geometry geometry;
    double left;
};

/* Takes the shift over where it leaves less than best does and pairs n_least stills. */
static enum bf_err try_shift(struct shifted *best, struct pairing *p, const struct bf_geometry *g,
                             const struct bf_run *run, int64_t shift_us, size_t n_least,
                             struct bf_error *err)
{
    struct shifted s = {shift_us, *g, HUGE_VAL};
    enum bf_err rc = pair_run(p, run, shift_us, err);

    if (rc != BF_OK || p->n < 2 || p->n < n_least)
        return rc;
    rc = bf_register_coarse(&s.left, &s.geometry, p->stills, p->pair, p->n, p->info->cols,
                            p->info->rows, err);
    if (rc == BF_OK && s.left < best->left && is_usable(&s.geometry))
        *best = s;
    return rc;
}

/* The time and the geometry that leave least; the time stays where no other leaves clearly less. */
static enum bf_err find_shift(struct shifted *best, struct pairing *p, const struct bf_geometry *g,
                              const struct bf_run *run, struct bf_error *err)
{
    struct shifted here, other = {0, *g, HUGE_VAL};
    int64_t by;
    size_t n_least;
    int k, n = SHIFT_MOST_US / SHIFT_STEP_US;
    enum bf_err rc = try_shift(&other, p, g, run, 0, 0, err);

    here = other;
    n_least = (p->n + 1) / 2;
    /* 1, -1, 2, -2, ...: of equals the nearest. */
    for (k = 1; k <= 2 * n && rc == BF_OK; k++)
        rc = try_shift(&other, p, g, run, (int64_t)(k % 2 ? (k + 1) / 2 : -(k / 2)) * SHIFT_STEP_US,
                       n_least, err);
    for (by = SHIFT_STEP_US / 2; by >= SHIFT_STEP_US / 4 && rc == BF_OK; by /= 2) {
        int64_t middle = other.shift_us;

        rc = try_shift(&other, p, g, run, middle - by, n_least, err);
        if (rc == BF_OK)
            rc = try_shift(&other, p, g, run, middle + by, n_least, err);
    }
    *best = other.left < BETTER * here.left ? other : here;
    return rc;
}

enum bf_err bf_place_run(bool *again, struct bf_geometry *g, const struct bf_stills *stills,
                         struct bf_digest *source, const struct bf_run *run, struct bf_error *err)
{
    struct shifted best = {0, *g, HUGE_VAL};
    struct pairing p;
    double before, after, by;
    enum bf_err rc = pairing_init(&p, stills, source, err);

    *again = false;
    if (rc == BF_OK && run->in_step >= IN_STEP_SHIFTED)
        rc = find_shift(&best, &p, g, run, err);
    if (rc == BF_OK)
        rc = pair_run(&p, run, 0, err);
    if (rc != BF_OK || p.n < 2)
        goto out;
    rc = bf_register_left(&before, g, stills, p.pair, p.n, p.info->cols, p.info->rows, err);
    if (rc == BF_OK && best.shift_us != 0)
        rc = pair_run(&p, run, best.shift_us, err);
    if (rc == BF_OK)
        rc = bf_register(&after, &best.geometry, stills, p.pair, p.n, p.info->cols, p.info->rows,
                         HUGE_VAL, err);
    if (rc != BF_OK || !is_usable(&best.geometry) || after >= BETTER * before)
        goto out;
    by = bf_geometry_apart(&best.geometry, g);
    if (by < MOVED_MOST && by > (best.shift_us != 0 ? MOVED_TIME : BF_PLACE_MOVED)) {
        *g = best.geometry;
        *again = true;
    }
out:
    free(p.grid);
    return rc;
}
