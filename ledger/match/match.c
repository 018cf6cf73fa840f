#include "ledger/match/match.h"
#include "ledger/match/exact.h"
#include "ledger/match/motion.h"
#include "ledger/match/spans.h"
#include "lib/base/spool.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
    FOREIGN_MIN_US = 500000, /* shorter gaps between runs are the path's own grain */
    CUT_MIN_US =
        250000, /* a jump between two offsets from which something is missing or twice there */
    EXACT_MIN_FRAMES = 2, /* fewer equal frames may be chance: black, a test card */
    SPEED_FRAMES = 5,     /* of equal frames before their timing says anything */
    SHORT_US = 1000000,   /* a suspect below this is too short to be aligned */
};

/* Containers round times; a player's speed-up starts above this. */
#define SPEED_SLACK 0.01

/* How far from the picture's edge logos and captions lie, of its width or height, and how much of
 * it one covers at most. */
#define MARGIN 0.33
#define OVERLAY_AREA 0.2

const char *bf_verdict_name(enum bf_verdict v)
{
    switch (v) {
    case BF_VERDICT_IDENTICAL:
        return "identical";
    case BF_VERDICT_SAME_CONTENT:
        return "same-content";
    case BF_VERDICT_ALTERED:
        return "altered";
    case BF_VERDICT_UNREGISTERED:
        return "unregistered";
    case BF_VERDICT_INCONCLUSIVE:
        break;
    }
    return "inconclusive";
}

const char *bf_span_state_name(enum bf_span_state s)
{
    switch (s) {
    case BF_SPAN_EXACT:
        return "exact";
    case BF_SPAN_SAME:
        return "same";
    case BF_SPAN_ALTERED:
        return "altered";
    case BF_SPAN_FOREIGN:
        break;
    }
    return "foreign";
}

const char *bf_change_name(enum bf_change c)
{
    switch (c) {
    case BF_CHANGE_REGION:
        return "region-replaced";
    case BF_CHANGE_OVERLAY:
        return "overlay";
    case BF_CHANGE_GRADE:
        return "grade";
    case BF_CHANGE_INSERTED:
        return "inserted";
    case BF_CHANGE_REPLACED:
        return "replaced";
    case BF_CHANGE_REMOVED:
        return "removed";
    case BF_CHANGE_REORDERED:
        return "re-ordered";
    case BF_CHANGE_SPEED:
        return "speed";
    case BF_CHANGE_NONE:
        break;
    }
    return "";
}

void bf_match_release(struct bf_match *m)
{
    free(m->span);
    bf_spool_close(&m->heat);
    *m = (struct bf_match){0};
}

bool bf_match_better(const struct bf_match *a, const struct bf_match *b)
{
    static const int rank[] = {[BF_VERDICT_IDENTICAL] = 4,
                               [BF_VERDICT_SAME_CONTENT] = 4,
                               [BF_VERDICT_ALTERED] = 3,
                               [BF_VERDICT_INCONCLUSIVE] = 2,
                               [BF_VERDICT_UNREGISTERED] = 1};

    if (rank[a->verdict] != rank[b->verdict])
        return rank[a->verdict] > rank[b->verdict];
    if (a->coverage > b->coverage + 0.02 || b->coverage > a->coverage + 0.02)
        return a->coverage > b->coverage;
    return a->distance < b->distance;
}

/*
 * A logo or a caption box stands still at the picture's margin as long as the copy lasts. What
 * comes and goes, covers more, or lies where the picture has its say, is an alteration.
 */
static bool is_margin_overlay(const struct bf_alteration *a, const struct bf_changed *c)
{
    return a->change == BF_CHANGE_OVERLAY && a->whole_run && a->area <= OVERLAY_AREA &&
           (c->right <= MARGIN || c->left >= 1 - MARGIN || c->bottom <= MARGIN ||
            c->top >= 1 - MARGIN);
}

static bool overlap(const struct bf_changed *a, const struct bf_changed *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* Takes the logos and captions out of a run's alterations. One that lies there in several runs
 * counts once. */
static void take_overlays(struct bf_match *m, struct bf_alterations *a)
{
    size_t i, k, kept = 0;

    for (i = 0; i < a->n; i++) {
        struct bf_changed c;

        bf_spans_place(&c, &a->item[i], &m->geometry);
        for (k = 0; k < m->n_overlays && !overlap(&m->overlay[k], &c); k++)
            ;
        if (!is_margin_overlay(&a->item[i], &c) || k == BF_OVERLAYS_MAX)
            a->item[kept++] = a->item[i];
        else if (k == m->n_overlays)
            m->overlay[m->n_overlays++] = c;
    }
    a->n = kept;
}

/* What the path found, put together: the verdict's ingredients. */
struct summary {
    int64_t covered_us, foreign_us, altered_us, last_end_us, retimed_us;
    size_t n_accepted, n_altered, n_cuts, n_retimed;
    double retimed; /* the rate of the longest run that is not at the record's own */
    int64_t first_source_us, last_source_us;
    bool all_still;
    const struct bf_run *last, *longest;
};

/* How much of the record the runs reach over. */
static void take_extent(struct summary *sum, const struct bf_run *run)
{
    int64_t a = bf_run_source_us(run, run->start_us), b = bf_run_source_us(run, run->end_us);

    if (sum->n_accepted == 0 || (a < b ? a : b) < sum->first_source_us)
        sum->first_source_us = a < b ? a : b;
    if (sum->n_accepted == 0 || (a < b ? b : a) > sum->last_source_us)
        sum->last_source_us = a < b ? b : a;
}

/* The clock at which a run goes on, as if it began with the suspect: what a cut changes. */
static int64_t jump_between(const struct bf_run *a, const struct bf_run *b)
{
    int64_t at = b->start_us;

    return bf_run_source_us(b, at) - bf_run_source_us(a, at);
}

static void note_cut(struct bf_match *m, struct summary *sum, const struct bf_run *last,
                     const struct bf_run *run)
{
    struct bf_cut *c = &m->cut[m->n_cuts];
    int64_t jump = jump_between(last, run);

    sum->n_cuts++;
    if (m->n_cuts == BF_CUTS_MAX)
        return;
    c->change = jump > 0 ? BF_CHANGE_REMOVED : BF_CHANGE_REORDERED;
    c->suspect_us = run->start_us;
    c->source_from_us = bf_spans_source_us(last, last->end_us);
    c->source_to_us = bf_spans_source_us(run, run->start_us);
    m->n_cuts++;
}

static enum bf_err take_runs(struct bf_match *m, struct summary *sum, const struct bf_runs *runs,
                             const struct bf_trace *suspect, struct bf_digest *source,
                             const char *tmp_dir, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    sum->all_still = true;
    rc = bf_spool_open(&m->heat, tmp_dir, sizeof(struct bf_heat_row), err);
    for (i = 0; i < runs->n && rc == BF_OK; i++) {
        const struct bf_run *run = &runs->item[i];
        struct bf_alterations a;
        int64_t length = run->end_us - run->start_us;

        if (!bf_run_follows(run))
            continue;
        rc = bf_compare(&a, m->heat, run, suspect, source, tmp_dir, err);
        if (rc != BF_OK)
            break;
        /* A face that did not move along, and does not differ: another take. */
        if (a.n == 0 && bf_run_follows_around(run)) {
            bf_alterations_release(&a);
            continue;
        }
        if (run->start_us - sum->last_end_us >= FOREIGN_MIN_US) {
            int64_t missing = -1;

            if (sum->last != NULL)
                missing = llabs(bf_run_source_us(run, run->start_us) -
                                bf_run_source_us(sum->last, sum->last->end_us));
            rc = bf_spans_add_foreign(m, sum->last_end_us, run->start_us, missing, err);
            sum->foreign_us += run->start_us - sum->last_end_us;
        }
        if (rc == BF_OK) {
            take_overlays(m, &a);
            rc = bf_spans_add_run(m, run, &a, err);
        }
        bf_alterations_release(&a);
        if (sum->last != NULL && llabs(jump_between(sum->last, run)) >= CUT_MIN_US &&
            !bf_run_is_still(run) && run->start_us - sum->last_end_us < FOREIGN_MIN_US)
            note_cut(m, sum, sum->last, run);
        if (fabs(run->rate - 1) > SPEED_SLACK && !bf_run_is_still(run)) {
            if (sum->n_retimed++ == 0 || length > sum->retimed_us) {
                sum->retimed = run->rate;
                sum->retimed_us = length;
            }
        }
        sum->all_still = sum->all_still && bf_run_is_still(run);
        sum->covered_us += length;
        take_extent(sum, run);
        sum->last_end_us = run->end_us;
        sum->last = run;
        sum->n_accepted++;
        if (sum->longest == NULL || length > sum->longest->end_us - sum->longest->start_us)
            sum->longest = run;
    }
    if (rc == BF_OK)
        rc = bf_spool_seal(m->heat, err);
    if (rc == BF_OK && sum->n_accepted > 0 &&
        bf_trace_end_us(suspect) - sum->last_end_us >= FOREIGN_MIN_US) {
        sum->foreign_us += bf_trace_end_us(suspect) - sum->last_end_us;
        rc = bf_spans_add_foreign(m, sum->last_end_us, bf_trace_end_us(suspect), -1, err);
    }
    for (i = 0; i < m->n_spans; i++) {
        if (m->span[i].state != BF_SPAN_ALTERED)
            continue;
        sum->n_altered++;
        sum->altered_us += m->span[i].suspect_end_us - m->span[i].suspect_start_us;
    }
    return rc;
}

/* Adds a clause to the reason. */
__attribute__((format(printf, 2, 3))) static void say(struct bf_match *m, const char *format, ...)
{
    size_t n = strlen(m->reason);
    va_list args;

    if (n > 0 && n + 3 < sizeof m->reason)
        n += (size_t)snprintf(m->reason + n, sizeof m->reason - n, "; ");
    va_start(args, format);
    vsnprintf(m->reason + n, sizeof m->reason - n, format, args);
    va_end(args);
}

static size_t count_cuts(const struct bf_match *m, enum bf_change change)
{
    size_t i, n = 0;

    for (i = 0; i < m->n_cuts; i++)
        n += m->cut[i].change == change;
    return n;
}

static void say_altered(struct bf_match *m, const struct summary *sum)
{
    size_t removed = count_cuts(m, BF_CHANGE_REMOVED),
           reordered = count_cuts(m, BF_CHANGE_REORDERED);

    if (sum->n_altered > 0)
        say(m, "a region shows something else for %.1f s in %zu stretch%s",
            (double)sum->altered_us / 1e6, sum->n_altered, sum->n_altered == 1 ? "" : "es");
    if (sum->foreign_us > 0)
        say(m, "%.1f s are not of the record", (double)sum->foreign_us / 1e6);
    if (sum->n_retimed > 0 && sum->retimed < 0)
        say(m, "it plays backwards, at %.2f times the speed", -sum->retimed);
    else if (sum->n_retimed > 0)
        say(m, "it plays at %.2f times the record's speed", sum->retimed);
    if (removed > 0)
        say(m, "time of the record is left out in %zu place%s", removed, removed == 1 ? "" : "s");
    if (reordered > 0)
        say(m, "the record's time goes back in %zu place%s", reordered, reordered == 1 ? "" : "s");
}

static void judge(struct bf_match *m, const struct summary *sum, const struct bf_trace *suspect,
                  const struct bf_digest_info *info)
{
    int64_t end_us = bf_trace_end_us(suspect), slack = 3 * BF_DIGEST_PERIOD_US;

    if (sum->n_accepted == 0) {
        m->verdict = BF_VERDICT_UNREGISTERED;
        return;
    }
    m->coverage = (double)sum->covered_us / (double)end_us;
    m->speed = sum->n_retimed > 0 ? sum->retimed : 1;
    m->gain = sum->longest->gain;
    m->bias = sum->longest->bias;
    m->distance = sum->longest->distance;
    m->offset_us = sum->longest->offset_us;
    m->trimmed =
        sum->first_source_us > slack || sum->last_source_us < (int64_t)info->duration_us - slack;
    if (sum->n_altered > 0 || sum->foreign_us > 0 || sum->n_cuts > 0 || sum->n_retimed > 0) {
        m->verdict = BF_VERDICT_ALTERED;
        say_altered(m, sum);
    } else if (sum->all_still && sum->longest->distance > BF_STILL_DISTANCE / 2) {
        m->verdict = BF_VERDICT_INCONCLUSIVE;
        snprintf(m->reason, sizeof m->reason,
                 "nothing moves in it: it may be a copy, or another shot of the same still scene");
    } else {
        m->verdict = BF_VERDICT_SAME_CONTENT;
    }
}

static void match_init(struct bf_match *m, const struct bf_trace *suspect,
                       const struct bf_digest_info *info)
{
    *m = (struct bf_match){.verdict = BF_VERDICT_UNREGISTERED,
                           .geometry = *bf_trace_geometry(suspect),
                           .cols = info->cols,
                           .rows = info->rows};
}

/* How much faster than the record the suspect plays a run of equal frames. */
static double exact_speed(const struct bf_exact_run *r, const struct bf_trace *suspect)
{
    int64_t shown = bf_trace_frame(suspect, r->suspect_frame + r->n_frames - 1)->pts_us -
                    bf_trace_frame(suspect, r->suspect_frame)->pts_us;

    return shown > 0 ? (double)(r->source_last_us - r->source_us) / (double)shown : 1;
}

/*
 * One run of equal frames as a span, or as more of the last one where hardly any time is missing
 * between them: a stream that is cut without re-encoding loses single frames at its ends.
 */
static enum bf_err add_exact(struct bf_match *m, size_t *n_cuts, const struct bf_exact_run *r,
                             const struct bf_trace *suspect, struct bf_error *err)
{
    uint64_t end = r->suspect_frame + r->n_frames, n = bf_trace_frames(suspect);
    struct bf_span *last = m->n_spans > 0 ? &m->span[m->n_spans - 1] : NULL;
    struct bf_span s = {.state = BF_SPAN_EXACT,
                        .suspect_start_us = bf_trace_frame(suspect, r->suspect_frame)->pts_us,
                        .suspect_end_us = end < n ? bf_trace_frame(suspect, end)->pts_us
                                                  : bf_trace_end_us(suspect),
                        .source_start_us = r->source_us,
                        .rate = exact_speed(r, suspect),
                        .suspect_frame = r->suspect_frame,
                        .source_frame = r->source_frame,
                        .source_last_frame = r->source_frame + r->n_frames - 1,
                        .n_frames = r->n_frames};

    if (last != NULL && r->source_frame > last->source_last_frame) {
        int64_t before = last->source_start_us - last->suspect_start_us,
                now = s.source_start_us - s.suspect_start_us;

        if (llabs(now - before) < CUT_MIN_US) {
            last->suspect_end_us = s.suspect_end_us;
            last->source_last_frame = s.source_last_frame;
            last->n_frames += s.n_frames;
            return BF_OK;
        }
    }
    *n_cuts += last != NULL;
    return bf_spans_add(m, &s, err);
}

/*
 * Where all frames are the record's own there is nothing to align: the spans are the runs of equal
 * frames. False where the frames do not cover the suspect.
 */
enum bf_err bf_match_exact(bool *done, struct bf_match *m, const struct bf_trace *suspect,
                           struct bf_digest *source, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct bf_exact_runs runs;
    uint64_t n = bf_trace_frames(suspect), covered = 0;
    size_t n_cuts = 0;
    enum bf_err rc = bf_exact_find(&runs, suspect, source, err);
    size_t i;

    *done = false;
    match_init(m, suspect, info);
    if (rc != BF_OK)
        return rc;
    for (i = 0; i < runs.n; i++)
        covered += runs.item[i].n_frames;
    /* A run of one or two frames is what a still shot's repeats look like, not a clip. */
    if (covered < n || n < EXACT_MIN_FRAMES || runs.n * 8 > n)
        goto out;
    for (i = 0; i < runs.n && rc == BF_OK; i++)
        rc = add_exact(m, &n_cuts, &runs.item[i], suspect, err);
    m->coverage = 1;
    m->gain = 1;
    m->speed = 1;
    for (i = 0; i < runs.n; i++)
        if (runs.item[i].n_frames > SPEED_FRAMES &&
            fabs(exact_speed(&runs.item[i], suspect) - 1) > SPEED_SLACK)
            m->speed = exact_speed(&runs.item[i], suspect);
    m->offset_us = runs.item[0].source_us;
    m->trimmed = n < info->n_frames;
    m->verdict = n_cuts == 0 && m->speed == 1 ? BF_VERDICT_SAME_CONTENT : BF_VERDICT_ALTERED;
    if (m->speed != 1)
        snprintf(m->reason, sizeof m->reason,
                 "it plays the record's frames at %.2f times their speed", m->speed);
    else if (n_cuts > 0)
        snprintf(m->reason, sizeof m->reason,
                 "the record's own frames, cut or put in another order in %zu place%s", n_cuts,
                 n_cuts == 1 ? "" : "s");
    *done = rc == BF_OK;
out:
    bf_exact_runs_release(&runs);
    return rc;
}

enum bf_err bf_match_runs(struct bf_match *m, const struct bf_runs *runs,
                          const struct bf_trace *suspect, struct bf_digest *source,
                          const char *tmp_dir, struct bf_error *err)
{
    struct summary sum = {0};
    enum bf_err rc;

    match_init(m, suspect, bf_digest_info(source));
    if (bf_trace_end_us(suspect) < SHORT_US) {
        m->verdict = BF_VERDICT_INCONCLUSIVE;
        say(m, "it is shorter than a second, which is too short to compare");
        return BF_OK;
    }
    rc = take_runs(m, &sum, runs, suspect, source, tmp_dir, err);
    if (rc == BF_OK)
        judge(m, &sum, suspect, bf_digest_info(source));
    else
        bf_match_release(m);
    return rc;
}

enum bf_err bf_match_digest(struct bf_match *m, const struct bf_trace *suspect,
                            struct bf_digest *source, const char *tmp_dir, struct bf_error *err)
{
    struct bf_runs runs = {0};
    bool done;
    enum bf_err rc = bf_match_exact(&done, m, suspect, source, err);

    if (rc != BF_OK || done)
        return rc;
    /* Portrait against landscape: a picture cannot be a plain copy of one that is turned. */
    if (bf_trace_cols(suspect) == bf_digest_info(source)->cols)
        rc = bf_align(&runs, suspect, source, NULL, 0, err);
    if (rc == BF_OK)
        rc = bf_match_runs(m, &runs, suspect, source, tmp_dir, err);
    bf_runs_release(&runs);
    return rc;
}
