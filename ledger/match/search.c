#include "ledger/match/search.h"
#include "ledger/match/code_index.h"
#include "ledger/match/motion.h"
#include "ledger/match/place.h"

#include <math.h>
#include <stdlib.h>

enum {
    CANDIDATES = 5, /* records that a suspect is held against because of their codes */
    HYPOTHESES = 6, /* and because of their features */
};

#define COVERED 0.97 /* of the suspect: nothing is left to look for */
/* Share of the motion in step from which a run may be the record's, a little out of place. */
#define NEARLY_IN_STEP 0.15
/* And from which the suspect's pictures are asked for, by its blurred cells. */
#define MAY_BE_IN_STEP 0.1

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
};

/* The hypothesis' geometry, registered at the times that its own sightings suggest. */
static enum bf_err register_hypothesis(bool *holds, struct trial *t, struct bf_error *err)
{
    struct bf_time_line line[BF_PLACE_LINES];
    size_t n = 0;
    enum bf_err rc = bf_votes_moments(line, BF_PLACE_LINES, &n, t->moment, t->n_moments,
                                      bf_trace_end_us(t->suspect->trace), err);

    *holds = false;
    if (rc == BF_OK)
        rc = bf_place_near(holds, &t->geometry, t->suspect->stills, t->digest, line, n,
                           t->moment[0].suspect_us - 1000000,
                           t->moment[t->n_moments - 1].suspect_us + 1000000, err);
    return rc;
}

/* Places the longest run once more. */
static enum bf_err place_again(bool *again, struct trial *t, const struct bf_runs *runs,
                               struct bf_error *err)
{
    const struct bf_run *longest = NULL;
    size_t i;

    *again = false;
    for (i = 0; i < runs->n; i++)
        if (longest == NULL ||
            runs->item[i].end_us - runs->item[i].start_us > longest->end_us - longest->start_us)
            longest = &runs->item[i];
    /* Every move costs another pass over the file: not for another take. */
    if (longest == NULL || (longest->in_step < NEARLY_IN_STEP && !bf_run_is_still(longest)))
        return BF_OK;
    return bf_place_run(again, &t->geometry, t->suspect->stills, t->digest, longest, err);
}

/* Does the suspect show all of the record's picture, and is the trace there is of its grid? */
static bool shows_all(const struct trial *t)
{
    const struct bf_geometry *g = &t->geometry;
    const struct bf_trace *whole = t->suspect->trace;
    bool odd = g->quarter_turns % 2 == 1;

    return bf_geometry_apart(g, &BF_GEOMETRY_SAME) <= BF_PLACE_MOVED &&
           (odd ? bf_trace_rows(whole) : bf_trace_cols(whole)) == t->info->cols;
}

/*
 * A trace under the trial's geometry. Where the suspect shows all of the picture the cells there
 * are will do, if need be in another order; else the pictures are needed again.
 */
static enum bf_err take_trace(const struct bf_trace **trace, struct bf_trace **own, struct trial *t,
                              struct bf_error *err)
{
    const struct bf_suspect *s = t->suspect;
    struct bf_geometry *g = &t->geometry;
    enum bf_err rc = BF_OK;

    bf_trace_free(own);
    *trace = s->trace;
    if (shows_all(t)) {
        g->left = g->top = 0;
        g->right = g->bottom = 1;
        if (!g->mirrored && g->quarter_turns == 0)
            return BF_OK;
        rc = bf_trace_within(own, s->trace, g, t->info->cols, t->info->rows, s->tmp_dir, err);
    } else {
        rc = s->retrace(s->retrace_ctx, own, g, t->info->cols, t->info->rows, err);
    }
    *trace = *own;
    return rc;
}

/* Is it worth the pictures? */
static bool may_follow(const struct bf_run *r)
{
    return bf_run_follows(r) || r->in_step >= MAY_BE_IN_STEP ||
           (bf_run_is_still(r) && r->distance < 2 * BF_STILL_DISTANCE);
}

/*
 * Most hypotheses are wrong, and decoding the suspect once more is the dearest thing there is. The
 * cells of the whole tell whether the suspect moves with the record there, and where the box has to
 * be moved to, before the pictures are asked for.
 */
static enum bf_err look_ahead(bool *holds, struct trial *t, struct bf_error *err)
{
    const struct bf_suspect *s = t->suspect;
    struct bf_trace *trace = NULL;
    struct bf_runs runs = {0};
    bool again;
    size_t i;
    enum bf_err rc = bf_trace_within(&trace, s->trace, &t->geometry, t->info->cols, t->info->rows,
                                     s->tmp_dir, err);

    *holds = false;
    if (rc == BF_OK)
        rc = bf_align(&runs, trace, t->digest, t->moment, t->n_moments, err);
    for (i = 0; rc == BF_OK && i < runs.n; i++)
        *holds = *holds || may_follow(&runs.item[i]);
    if (rc == BF_OK && *holds)
        rc = place_again(&again, t, &runs, err);
    bf_runs_release(&runs);
    bf_trace_free(&trace);
    return rc;
}

/* Aligns, registers on what was aligned, and where that moves the picture aligns again. */
static enum bf_err try_geometry(struct bf_match *m, struct trial *t, struct bf_error *err)
{
    const struct bf_trace *trace = NULL;
    struct bf_trace *own = NULL;
    struct bf_runs runs = {0};
    bool again = false, holds = true;
    enum bf_err rc = BF_OK;

    if (!shows_all(t))
        rc = look_ahead(&holds, t, err);
    if (rc != BF_OK || !holds)
        return rc;
    rc = take_trace(&trace, &own, t, err);
    if (rc == BF_OK)
        rc = bf_align(&runs, trace, t->digest, t->moment, t->n_moments, err);
    if (rc == BF_OK)
        rc = place_again(&again, t, &runs, err);
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
    if (h == NULL)
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
            bf_geometry_apart(&m->geometry, &h->geometry) < 0.1)
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
    struct bf_still_features features = {0};
    enum bf_err rc;
    int turned;
    size_t i;

    *f = (struct bf_finds){0};
    rc = by_codes(f, s, t, get, ctx, err);
    for (turned = 0; turned < 2 && rc == BF_OK && !is_explained(f, s); turned++) {
        struct bf_sightings seen = {0};
        struct bf_hypotheses h = {0};

        if (features.item == NULL)
            rc = bf_still_features_find(&features, s->stills, err);
        if (rc == BF_OK)
            rc = bf_sightings_find(&seen, &features, turned ? BF_LOOKS_TURNED : BF_LOOKS_UPRIGHT, t,
                                   NULL, err);
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
    bf_still_features_release(&features);
    if (rc != BF_OK)
        bf_finds_release(f);
    return rc;
}

enum bf_err bf_search_record(struct bf_finds *f, const struct bf_suspect *s, const void *blob,
                             size_t n_blob, struct bf_error *err)
{
    struct bf_digest *d = NULL;
    struct bf_feature_list *list = NULL;
    struct bf_still_features features = {0};
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
        rc = bf_still_features_find(&features, s->stills, err);
    if (rc == BF_OK)
        rc = bf_sightings_find(&seen, &features, BF_LOOKS_UPRIGHT | BF_LOOKS_TURNED, NULL, list,
                               err);
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
    bf_still_features_release(&features);
    bf_feature_list_free(&list);
    bf_digest_close(&d);
    if (rc != BF_OK)
        bf_finds_release(f);
    return rc;
}
