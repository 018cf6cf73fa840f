#include "ledger/match/place.h"
#include "ledger/match/motion.h"
#include "ledger/match/registration.h"

#include <math.h>
#include <stdlib.h>

enum {
    PAIRS = 12,             /* stills that a geometry is registered on */
    TIME_NEAR_US = 9000000, /* how far from a line a still's moment is looked for */
    TIME_STEP_US = 100000,
    SHIFT_MOST_US = 1200000, /* that a run's time may be off */
    SHIFT_STEP_US = 100000,
};

#define MOVED_TIME 0.001 /* from which a geometry is another one, where the time is wrong too */
#define MOVED_MOST 0.1   /* a run was aligned under it: it cannot lie further off */
#define BETTER 0.9       /* of what was left over, at most, after a move */
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

/* Mean difference of a still and a sample under one geometry, after gain and bias; on
 * blocks of cells. */
static double still_cost(const float *cells, const uint8_t *grid, unsigned cols, unsigned rows)
{
    enum { BY = 3 };
    double n = 0, mx = 0, ms = 0, xs = 0, ss = 0, gain, sum = 0;
    unsigned x, y, i, j, w = cols / BY, pass;

    for (pass = 0; pass < 2; pass++) {
        gain = pass == 1 && ss > 0 ? fmin(2, fmax(0.5, (xs - mx * ms / n) / (ss - ms * ms / n + 1)))
                                   : 1;
        for (y = 0; y < rows / BY; y++) {
            for (x = 0; x < w; x++) {
                double s = 0, v = (double)cells[y * w + x];

                if (v < 0)
                    continue;
                for (j = 0; j < BY; j++)
                    for (i = 0; i < BY; i++)
                        s += grid[(y * BY + j) * cols + x * BY + i];
                s /= BY * BY;
                if (pass == 0) {
                    n++;
                    mx += v;
                    ms += s;
                    xs += v * s;
                    ss += s * s;
                } else {
                    sum += fmin(30, fabs(v - mx / n - gain * (s - ms / n)));
                }
            }
        }
        if (n < 20)
            return HUGE_VAL;
    }
    return sum / n;
}

/* The sample that looks most like the still, near the lines' times. */
static enum bf_err pair_still(struct pairing *p, const struct bf_geometry *g, size_t still,
                              const struct bf_time_line *line, size_t n_lines, struct bf_error *err)
{
    unsigned cols = p->info->cols, rows = p->info->rows;
    float cells[BF_GRID_CELLS / 9];
    double best = HUGE_VAL;
    int64_t at = bf_still_us(p->stills, still), us, last = -1;
    size_t k;

    bf_still_cells(p->stills, still, cells, g, cols / 3, rows / 3);
    for (k = 0; k < n_lines; k++) {
        int64_t middle = line[k].offset_us + (int64_t)(line[k].rate * (double)at);

        for (us = middle - TIME_NEAR_US; us <= middle + TIME_NEAR_US; us += TIME_STEP_US) {
            int64_t sample = us / BF_DIGEST_PERIOD_US;
            const uint8_t *grid;
            double cost;

            if (us < 0 || sample >= (int64_t)p->info->n_samples || sample == last)
                continue;
            last = sample;
            grid = bf_digest_grid(p->source, (uint64_t)sample, err);
            if (grid == NULL)
                return BF_ERR_FORMAT;
            cost = still_cost(cells, grid, cols, rows);
            if (cost >= best)
                continue;
            best = cost;
            memcpy(p->grid[p->n], grid, (size_t)cols * rows);
        }
    }
    if (best < HUGE_VAL) {
        p->pair[p->n].still = still;
        p->pair[p->n].grid = p->grid[p->n];
        p->n++;
    }
    return BF_OK;
}

enum bf_err bf_place_near(bool *holds, struct bf_geometry *g, const struct bf_stills *stills,
                          struct bf_digest *source, const struct bf_time_line *line, size_t n_lines,
                          int64_t from_us, int64_t to_us, struct bf_error *err)
{
    struct pairing p;
    size_t first, end, count, i;
    double left_over;
    enum bf_err rc = pairing_init(&p, stills, source, err);

    *holds = false;
    stills_of(&first, &end, stills, from_us, to_us);
    count = end - first < PAIRS ? end - first : PAIRS;
    for (i = 0; i < count && rc == BF_OK; i++)
        rc = pair_still(&p, g, first + i * (end - first) / count, line, n_lines, err);
    if (rc == BF_OK && p.n > 0) {
        rc = bf_register(&left_over, g, stills, p.pair, p.n, p.info->cols, p.info->rows, err);
        *holds = rc == BF_OK && left_over < LEFT_OVER_MAX && is_usable(g);
    }
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
                         err);
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
