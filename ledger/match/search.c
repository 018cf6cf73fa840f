#include "ledger/match/search.h"
#include "ledger/match/code_index.h"
#include "ledger/match/motion.h"
#include "ledger/match/registration.h"

#include <math.h>
#include <stdlib.h>

enum {
    CANDIDATES = 5,         /* records that a suspect is held against because of their codes */
    HYPOTHESES = 6,         /* and because of their features */
    PAIRS = 12,             /* stills that a geometry is registered on */
    TIME_LINES = 4,         /* that a still's moment is looked for on */
    TIME_NEAR_US = 9000000, /* how far from a line */
    TIME_STEP_US = 200000,
};

#define COVERED 0.97 /* of the suspect: nothing is left to look for */
/* An edge that lies further out than this is no rounding: the suspect is taken again. */
#define MOVED 0.005
#define BETTER 0.9 /* of what was left over, at most, after a move */
/* Luma steps that a geometry leaves over at most. Copies, faces replaced in them or not, leave up
 * to 5; other pictures that share a few shapes, 10 and more. */
#define LEFT_OVER_MAX 8.0
/* Share of the motion in step from which a run may be the record's, a little out of place. */
#define NEARLY_IN_STEP 0.15
/* A geometry that leaves the picture too small, or shows too little of it, says nothing. */
#define BOX_SMALLEST 0.12
#define SHOWN_LEAST 0.2

void bf_finds_release(struct bf_finds *f)
{
    size_t i;

    for (i = 0; i < f->n; i++) {
        bf_match_release(&f->item[i].match);
        bf_buf_release(&f->item[i].blob);
    }
    free(f->item);
    *f = (struct bf_finds){0};
}

/* Takes the match over where it says something; one for each record, the better of two. */
static enum bf_err keep(struct bf_finds *f, uint64_t record, struct bf_match *m,
                        struct bf_buf *blob, struct bf_error *err)
{
    struct bf_find x = {.record = record}, *more;
    size_t i;

    if (m->verdict == BF_VERDICT_UNREGISTERED) {
        bf_match_release(m);
        return BF_OK;
    }
    for (i = 0; i < f->n && f->item[i].record != record; i++)
        ;
    if (i < f->n) {
        if (!bf_match_better(m, &f->item[i].match)) {
            bf_match_release(m);
            return BF_OK;
        }
        bf_match_release(&f->item[i].match);
        bf_buf_release(&f->item[i].blob);
        memmove(&f->item[i], &f->item[i + 1], (f->n - i - 1) * sizeof *f->item);
        f->n--;
    }
    more = realloc(f->item, (f->n + 1) * sizeof *more);
    if (more == NULL) {
        bf_match_release(m);
        return bf_error_nomem(err);
    }
    f->item = more;
    x.match = *m;
    *m = (struct bf_match){0};
    if (blob != NULL) {
        x.blob = *blob;
        *blob = (struct bf_buf){0};
    }
    for (i = f->n; i > 0 && bf_match_better(&x.match, &f->item[i - 1].match); i--)
        f->item[i] = f->item[i - 1];
    f->item[i] = x;
    f->n++;
    return BF_OK;
}

/* One record and one geometry being tried. */
struct trial {
    const struct bf_suspect *suspect;
    struct bf_digest *digest;
    const struct bf_digest_info *info;
    const struct bf_moment_pair *moment;
    size_t n_moments;
    struct bf_geometry geometry;
    uint8_t (*grid)[BF_GRID_CELLS]; /* (PAIRS) */
    struct bf_still_pair pair[PAIRS];
    size_t n_pairs;
};

static bool is_usable(const struct bf_geometry *g)
{
    double w = g->right - g->left, h = g->bottom - g->top, in_x, in_y;

    if (!(w > BOX_SMALLEST) || !(h > BOX_SMALLEST) || w > 8 || h > 8)
        return false;
    in_x = fmin(g->right, 1) - fmax(g->left, 0);
    in_y = fmin(g->bottom, 1) - fmax(g->top, 0);
    return in_x > 0 && in_y > 0 && in_x * in_y / (w * h) > SHOWN_LEAST;
}

static double moved(const struct bf_geometry *a, const struct bf_geometry *b)
{
    double w = b->right - b->left, h = b->bottom - b->top;

    return fmax(fmax(fabs(a->left - b->left), fabs(a->right - b->right)) / w,
                fmax(fabs(a->top - b->top), fabs(a->bottom - b->bottom)) / h);
}

/* Mean difference of a still and a sample under the trial's geometry, after gain and bias; on
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
static enum bf_err pair_still(struct trial *t, size_t still, const struct bf_time_line *line,
                              size_t n_lines, int64_t near_us, struct bf_error *err)
{
    unsigned cols = t->info->cols, rows = t->info->rows;
    float cells[BF_GRID_CELLS / 9];
    double best = HUGE_VAL;
    int64_t at = bf_still_us(t->suspect->stills, still), us, last = -1;
    size_t k;

    bf_still_cells(t->suspect->stills, still, cells, &t->geometry, cols / 3, rows / 3);
    for (k = 0; k < n_lines; k++) {
        int64_t middle = line[k].offset_us + (int64_t)(line[k].rate * (double)at);

        for (us = middle - near_us; us <= middle + near_us; us += TIME_STEP_US / 2) {
            int64_t sample = us / BF_DIGEST_PERIOD_US;
            const uint8_t *grid;
            double cost;

            if (us < 0 || sample >= (int64_t)t->info->n_samples || sample == last)
                continue;
            last = sample;
            grid = bf_digest_grid(t->digest, (uint64_t)sample, err);
            if (grid == NULL)
                return BF_ERR_FORMAT;
            cost = still_cost(cells, grid, cols, rows);
            if (cost >= best)
                continue;
            best = cost;
            memcpy(t->grid[t->n_pairs], grid, (size_t)cols * rows);
        }
    }
    if (best < HUGE_VAL) {
        t->pair[t->n_pairs].still = still;
        t->pair[t->n_pairs].grid = t->grid[t->n_pairs];
        t->n_pairs++;
    }
    return BF_OK;
}

static enum bf_err pair_stills(struct trial *t, const struct bf_time_line *line, size_t n_lines,
                               int64_t from_us, int64_t to_us, int64_t near_us,
                               struct bf_error *err)
{
    size_t n = bf_stills_count(t->suspect->stills), first = 0, end = n, i, count;
    enum bf_err rc = BF_OK;

    while (first < n && bf_still_us(t->suspect->stills, first) < from_us)
        first++;
    while (end > first && bf_still_us(t->suspect->stills, end - 1) >= to_us)
        end--;
    count = end - first < PAIRS ? end - first : PAIRS;
    t->n_pairs = 0;
    for (i = 0; i < count && rc == BF_OK; i++)
        rc = pair_still(t, first + i * (end - first) / count, line, n_lines, near_us, err);
    return rc;
}

/* The hypothesis' geometry, registered at the times that its own sightings suggest. */
static enum bf_err register_hypothesis(bool *holds, struct trial *t, struct bf_error *err)
{
    struct bf_time_line line[TIME_LINES];
    double left_over;
    size_t n = 0;
    enum bf_err rc = bf_votes_moments(line, TIME_LINES, &n, t->moment, t->n_moments,
                                      bf_trace_end_us(t->suspect->trace), err);

    *holds = false;
    if (rc == BF_OK)
        rc = pair_stills(t, line, n, t->moment[0].suspect_us - 1000000,
                         t->moment[t->n_moments - 1].suspect_us + 1000000, TIME_NEAR_US, err);
    if (rc != BF_OK || t->n_pairs == 0)
        return rc;
    rc = bf_register(&left_over, &t->geometry, t->suspect->stills, t->pair, t->n_pairs,
                     t->info->cols, t->info->rows, err);
    *holds = rc == BF_OK && left_over < LEFT_OVER_MAX && is_usable(&t->geometry);
    return rc;
}

/*
 * The geometry once more, at the times of the longest run that follows the record; *again where it
 * lies elsewhere than the trace was taken, by more than rounding, and fits better there.
 */
static enum bf_err register_run(bool *again, struct trial *t, const struct bf_runs *runs,
                                struct bf_error *err)
{
    const struct bf_run *longest = NULL;
    struct bf_geometry g = t->geometry;
    struct bf_time_line line;
    double before, after;
    size_t i;
    enum bf_err rc;

    *again = false;
    for (i = 0; i < runs->n; i++)
        if (longest == NULL ||
            runs->item[i].end_us - runs->item[i].start_us > longest->end_us - longest->start_us)
            longest = &runs->item[i];
    /* Every move costs another pass over the file: not for another take. */
    if (longest == NULL || (longest->in_step < NEARLY_IN_STEP && !bf_run_is_still(longest)))
        return BF_OK;
    line = (struct bf_time_line){longest->rate, longest->offset_us, 0, 0};
    rc = pair_stills(t, &line, 1, longest->start_us, longest->end_us, TIME_STEP_US, err);
    if (rc != BF_OK || t->n_pairs < 2)
        return rc;
    rc = bf_register_left(&before, &g, t->suspect->stills, t->pair, t->n_pairs, t->info->cols,
                          t->info->rows, err);
    if (rc == BF_OK)
        rc = bf_register(&after, &g, t->suspect->stills, t->pair, t->n_pairs, t->info->cols,
                         t->info->rows, err);
    if (rc == BF_OK && is_usable(&g) && moved(&g, &t->geometry) > MOVED &&
        moved(&g, &t->geometry) < 0.1 && after < BETTER * before) {
        t->geometry = g;
        *again = true;
    }
    return rc;
}

/* A trace under the trial's geometry: the whole one, where that is what it is. */
static enum bf_err take_trace(const struct bf_trace **trace, struct bf_trace **own, struct trial *t,
                              struct bf_error *err)
{
    const struct bf_geometry *g = &t->geometry;
    bool whole = !g->mirrored && g->quarter_turns == 0 && moved(g, &BF_GEOMETRY_SAME) <= MOVED &&
                 bf_trace_cols(t->suspect->trace) == t->info->cols;
    enum bf_err rc;

    bf_trace_free(own);
    *trace = t->suspect->trace;
    if (whole) {
        t->geometry = BF_GEOMETRY_SAME;
        return BF_OK;
    }
    rc = t->suspect->retrace(t->suspect->retrace_ctx, own, g, t->info->cols, t->info->rows, err);
    *trace = *own;
    return rc;
}

/* Aligns, registers on what was aligned, and where that moves the picture aligns again. */
static enum bf_err try_geometry(struct bf_match *m, struct trial *t, struct bf_error *err)
{
    const struct bf_trace *trace = NULL;
    struct bf_trace *own = NULL;
    struct bf_runs runs = {0};
    bool again = false;
    enum bf_err rc = take_trace(&trace, &own, t, err);

    if (rc == BF_OK)
        rc = bf_align(&runs, trace, t->digest, t->moment, t->n_moments, err);
    if (rc == BF_OK)
        rc = register_run(&again, t, &runs, err);
    if (rc == BF_OK && again) {
        bf_runs_release(&runs);
        rc = take_trace(&trace, &own, t, err);
        if (rc == BF_OK)
            rc = bf_align(&runs, trace, t->digest, t->moment, t->n_moments, err);
    }
    if (rc == BF_OK)
        rc = bf_match_runs(m, &runs, trace, t->digest, t->suspect->tmp_dir, err);
    bf_runs_release(&runs);
    bf_trace_free(&own);
    return rc;
}

/* One record, as it is or under a hypothesis (NULL: as it is). */
static enum bf_err try_record(struct bf_finds *f, const struct bf_suspect *s, uint64_t record,
                              const void *p, size_t n, struct bf_buf *blob,
                              const struct bf_hypothesis *h, struct bf_error *err)
{
    struct trial t = {.suspect = s, .geometry = BF_GEOMETRY_SAME};
    struct bf_match m = {0};
    bool done = false, holds = true;
    enum bf_err rc = bf_digest_open(&t.digest, p, n, "of the record", err);

    if (rc != BF_OK)
        return rc;
    t.info = bf_digest_info(t.digest);
    t.grid = calloc(PAIRS, sizeof *t.grid);
    if (t.grid == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK && h == NULL)
        rc = bf_match_exact(&done, &m, s->trace, t.digest, err);
    if (rc == BF_OK && h != NULL) {
        t.geometry = h->geometry;
        t.moment = h->moment;
        t.n_moments = h->n_moments;
        rc = register_hypothesis(&holds, &t, err);
    }
    if (rc == BF_OK && !done && holds && (h != NULL || bf_trace_cols(s->trace) == t.info->cols))
        rc = try_geometry(&m, &t, err);
    if (rc == BF_OK && m.verdict != 0)
        rc = keep(f, record, &m, blob, err);
    bf_match_release(&m);
    free(t.grid);
    bf_digest_close(&t.digest);
    return rc;
}

/* How much of the suspect's time no record explains yet. */
static int64_t unexplained_us(const struct bf_finds *f, const struct bf_suspect *s)
{
    enum { SLOTS = 400 };
    uint8_t seen[SLOTS] = {0};
    int64_t end = bf_trace_end_us(s->trace);
    size_t i, k, slot, n = 0;

    for (i = 0; i < f->n; i++) {
        const struct bf_match *m = &f->item[i].match;

        for (k = 0; k < m->n_spans; k++) {
            if (m->span[k].state == BF_SPAN_FOREIGN)
                continue;
            for (slot = (size_t)(m->span[k].suspect_start_us * SLOTS / end);
                 slot < SLOTS && (int64_t)slot * end / SLOTS < m->span[k].suspect_end_us; slot++)
                seen[slot] = 1;
        }
    }
    for (slot = 0; slot < SLOTS; slot++)
        n += !seen[slot];
    return (int64_t)n * end / SLOTS;
}

static bool is_explained(const struct bf_finds *f, const struct bf_suspect *s)
{
    return (double)unexplained_us(f, s) <=
           fmax((1 - COVERED) * (double)bf_trace_end_us(s->trace), 5e5);
}

/* A record that was found as it is needs no second look under next to the same geometry. */
static bool was_found(const struct bf_finds *f, const struct bf_hypothesis *h, uint64_t record)
{
    size_t i;

    for (i = 0; i < f->n; i++) {
        const struct bf_match *m = &f->item[i].match;

        if (f->item[i].record == record && m->geometry.mirrored == h->geometry.mirrored &&
            m->geometry.quarter_turns == h->geometry.quarter_turns &&
            moved(&m->geometry, &h->geometry) < 0.1)
            return true;
    }
    return false;
}

static enum bf_err by_codes(struct bf_finds *f, const struct bf_suspect *s, struct bf_txn *t,
                            bf_record_blob *get, void *ctx, struct bf_error *err)
{
    struct bf_code_hit hit[CANDIDATES];
    size_t n = 0, i;
    enum bf_err rc = bf_code_index_find(hit, CANDIDATES, &n, t, s->trace, err);

    for (i = 0; rc == BF_OK && i < n; i++) {
        struct bf_buf blob = {0};

        rc = get(ctx, &blob, hit[i].record, err);
        if (rc == BF_OK)
            rc = try_record(f, s, hit[i].record, blob.data, blob.len, &blob, NULL, err);
        bf_buf_release(&blob);
        if (rc == BF_ERR_NOT_FOUND)
            rc = BF_OK;
        if (f->n > 0 && f->item[0].match.verdict == BF_VERDICT_SAME_CONTENT &&
            f->item[0].match.coverage > COVERED)
            break;
    }
    return rc;
}

struct shapes {
    bf_record_blob *get;
    void *ctx;
    const struct bf_digest_info *info; /* of the only record */
};

static bool shape_of(void *ctx, uint32_t record, uint32_t *w, uint32_t *h)
{
    struct shapes *s = ctx;
    struct bf_buf blob = {0};
    struct bf_digest *d = NULL;
    bool ok;

    if (s->info != NULL) {
        *w = s->info->width;
        *h = s->info->height;
        return true;
    }
    ok = s->get(s->ctx, &blob, record, NULL) == BF_OK &&
         bf_digest_open(&d, blob.data, blob.len, "of the record", NULL) == BF_OK;
    if (ok) {
        *w = bf_digest_info(d)->width;
        *h = bf_digest_info(d)->height;
    }
    bf_digest_close(&d);
    bf_buf_release(&blob);
    return ok;
}

enum bf_err bf_search_ledger(struct bf_finds *f, const struct bf_suspect *s, struct bf_txn *t,
                             bf_record_blob *get, void *ctx, struct bf_error *err)
{
    struct shapes shapes = {get, ctx, NULL};
    enum bf_err rc;
    int turned;
    size_t i;

    *f = (struct bf_finds){0};
    rc = by_codes(f, s, t, get, ctx, err);
    for (turned = 0; turned < 2 && rc == BF_OK && !is_explained(f, s); turned++) {
        struct bf_sightings seen = {0};
        struct bf_hypotheses h = {0};

        rc = bf_sightings_find(&seen, s->stills, turned == 1, t, NULL, err);
        if (rc == BF_OK)
            rc = bf_hypotheses_find(&h, HYPOTHESES, &seen, s->stills, shape_of, &shapes, err);
        for (i = 0; rc == BF_OK && i < h.n && !is_explained(f, s); i++) {
            struct bf_buf blob = {0};

            if (was_found(f, &h.item[i], h.item[i].record))
                continue;
            rc = get(ctx, &blob, h.item[i].record, err);
            if (rc == BF_OK)
                rc =
                    try_record(f, s, h.item[i].record, blob.data, blob.len, &blob, &h.item[i], err);
            bf_buf_release(&blob);
            if (rc == BF_ERR_NOT_FOUND)
                rc = BF_OK;
        }
        bf_sightings_release(&seen);
        bf_hypotheses_release(&h);
        /* Turned pictures are looked for where nothing stands upright. */
        if (f->n > 0)
            break;
    }
    if (rc != BF_OK)
        bf_finds_release(f);
    return rc;
}

enum bf_err bf_search_record(struct bf_finds *f, const struct bf_suspect *s, const void *blob,
                             size_t n_blob, struct bf_error *err)
{
    struct bf_digest *d = NULL;
    struct bf_feature_list *list = NULL;
    struct bf_sightings seen = {0};
    struct bf_hypotheses h = {0};
    struct shapes shapes = {0};
    size_t i;
    enum bf_err rc;

    *f = (struct bf_finds){0};
    rc = try_record(f, s, 0, blob, n_blob, NULL, NULL, err);
    if (rc != BF_OK || is_explained(f, s))
        goto out;
    rc = bf_digest_open(&d, blob, n_blob, "of the record", err);
    if (rc == BF_OK)
        rc = bf_feature_list_create(&list, d, err);
    if (rc == BF_OK)
        rc = bf_sightings_find(&seen, s->stills, true, NULL, list, err);
    if (rc == BF_OK) {
        shapes.info = bf_digest_info(d);
        rc = bf_hypotheses_find(&h, HYPOTHESES, &seen, s->stills, shape_of, &shapes, err);
    }
    for (i = 0; rc == BF_OK && i < h.n && !is_explained(f, s); i++)
        if (!was_found(f, &h.item[i], 0))
            rc = try_record(f, s, 0, blob, n_blob, NULL, &h.item[i], err);
out:
    bf_sightings_release(&seen);
    bf_hypotheses_release(&h);
    bf_feature_list_free(&list);
    bf_digest_close(&d);
    if (rc != BF_OK)
        bf_finds_release(f);
    return rc;
}
