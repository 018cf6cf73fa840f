#include "ledger/match/align.h"
#include "ledger/match/outline.h"
#include "ledger/match/retime.h"
#include "ledger/match/time_line.h"

enum {
    REFINE_US = 2000000, /* how far a vote may be off; more where it comes from sightings: */
    REFINE_FAR_US = 9000000,
    FAR_VOTES = 3,
    RETIMED = 3, /* lines of other rates that are tried */
    RETIMED_LEAST_US = 60000000,
    RETIMED_MOST_US = 1200000000,
    RETIMED_NEAR_US = 500000,
    HALVED_MIN_US = 2000000,
    WHOLE_LINE_US = 5000000,
    WINDOW_US = 3000000, /* a stretch of a run that does not follow as a whole */
    WINDOW_STEP_US = 500000,
    USED_MIN = 12, /* blocks that the suspect must show */
};

/* Changing the line costs as much as so many luma steps. */
#define SWITCH_COST 12.0f

/* Viterbi: state n_offsets is "none of this record". choice is (n_moments). */
static enum bf_err find_path(uint8_t *choice, size_t n_moments, const struct bf_trace *t,
                             struct bf_coarse *source, const struct bf_time_line *line,
                             const struct bf_line_fit *fit, size_t n_offsets,
                             const struct bf_shown *shown, struct bf_error *err)
{
    uint8_t(*from)[BF_ALIGN_OFFSETS + 1] = calloc(n_moments, sizeof *from);
    float cost[BF_ALIGN_OFFSETS + 1] = {0}, x[BF_COARSE_CELLS], s[BF_COARSE_CELLS];
    size_t k, j, best;

    if (from == NULL)
        return bf_error_nomem(err);
    for (k = 0; k < n_moments; k++) {
        bool seen = bf_moment_shown(x, t, k);

        best = 0;
        for (j = 1; j <= n_offsets; j++)
            if (cost[j] < cost[best])
                best = j;
        float floor = cost[best];

        for (j = 0; j <= n_offsets; j++) {
            float d = BF_DISTANCE_NONE;

            if (j < n_offsets)
                d = seen && bf_coarse_at(source, s, bf_line_at(&line[j], bf_moment_us(k)))
                        ? bf_block_distance(x, s, fit[j].gain, fit[j].bias, shown)
                        : BF_DISTANCE_CAP;
            from[k][j] = (uint8_t)j;
            if (k > 0 && cost[j] > floor + SWITCH_COST) {
                from[k][j] = (uint8_t)best;
                cost[j] = floor + SWITCH_COST;
            }
            cost[j] += d;
        }
        /* Keep the numbers small: only differences matter. */
        for (j = 0; j <= n_offsets; j++)
            cost[j] -= floor;
    }
    best = 0;
    for (j = 1; j <= n_offsets; j++)
        if (cost[j] < cost[best])
            best = j;
    for (k = n_moments; k-- > 0;) {
        choice[k] = (uint8_t)best;
        best = from[k][best];
    }
    free(from);
    return bf_coarse_status(source, err);
}

void bf_runs_release(struct bf_runs *r)
{
    free(r->item);
    *r = (struct bf_runs){0};
}

static enum bf_err add_run(struct bf_runs *runs, const struct bf_run *run, struct bf_error *err)
{
    struct bf_run *more = realloc(runs->item, (runs->n + 1) * sizeof *more);

    if (more == NULL)
        return bf_error_nomem(err);
    runs->item = more;
    runs->item[runs->n++] = *run;
    return BF_OK;
}

/* Turns the path into runs. */
static enum bf_err collect_runs(struct bf_runs *runs, const uint8_t *choice, size_t n_moments,
                                const struct bf_trace *t, const struct bf_time_line *line,
                                const struct bf_line_fit *fit, size_t n_offsets,
                                struct bf_error *err)
{
    size_t k, from = 0;
    enum bf_err rc = BF_OK;

    for (k = 1; k <= n_moments && rc == BF_OK; k++) {
        struct bf_run run = {0};

        if (k < n_moments && choice[k] == choice[from])
            continue;
        if (choice[from] < n_offsets) {
            run.start_us = (int64_t)from * BF_ALIGN_STEP_US;
            run.end_us = (int64_t)k * BF_ALIGN_STEP_US;
            if (run.end_us > bf_trace_end_us(t))
                run.end_us = bf_trace_end_us(t);
            run.offset_us = line[choice[from]].offset_us;
            run.rate = line[choice[from]].rate;
            run.gain = (double)fit[choice[from]].gain;
            run.bias = (double)fit[choice[from]].bias;
            rc = add_run(runs, &run, err);
        }
        from = k;
    }
    return rc;
}

/* Two lines that are the same to within the path's grain, over the whole suspect. */
static bool same_line(const struct bf_time_line *a, const struct bf_time_line *b, int64_t end_us)
{
    return llabs(a->offset_us - b->offset_us) <= 60000 &&
           llabs(bf_line_at(a, end_us) - bf_line_at(b, end_us)) <= 60000;
}

/* What an alignment works on. */
struct aligning {
    const struct bf_trace *suspect;
    struct bf_digest *source;
    struct bf_coarse *coarse;
    const struct bf_digest_info *info;
    struct bf_line_moments m;
    size_t n_moments;
    uint8_t *choice; /* (n_moments) */
    struct bf_time_line line[BF_ALIGN_OFFSETS];
    struct bf_line_fit fit[BF_ALIGN_OFFSETS];
    size_t n;
};

/* Refines the line on the moments that were chosen, and keeps it where it is new. */
static void take_line(struct aligning *a, struct bf_time_line line, int64_t range_us)
{
    struct bf_line_fit fit;
    size_t j;

    bf_line_refine(&line, &a->m, a->coarse, range_us, &fit);
    for (j = 0; j < a->n; j++)
        if (same_line(&a->line[j], &line, bf_trace_end_us(a->suspect)))
            break;
    /* Of two that are the same the one at the record's own rate is the simpler: a copy is not
     * called faster than its record for a drift that nobody can see. */
    if (j == BF_ALIGN_OFFSETS || (j < a->n && (line.rate != 1 || a->line[j].rate == 1)))
        return;
    a->line[j] = line;
    a->fit[j] = fit;
    a->n += j == a->n;
}

static void add_line(struct aligning *a, struct bf_time_line line, int64_t range_us)
{
    bf_line_moments_choose(&a->m, a->suspect, line.from_us, line.to_us);
    if (a->m.n > 0)
        take_line(a, line, range_us);
}

/*
 * A strong encoder lets old pictures stand where little moves: half of the moments then look more
 * like what the record showed a second ago, and what was before its beginning is left over. Where
 * the best vote's line reaches outside the record, another is looked for that has to do for all of
 * the suspect. Not in a few seconds, where a nod that two takes share would get one more chance.
 */
static void add_whole_line(struct aligning *a)
{
    struct bf_time_line line = a->line[0];
    int64_t end = bf_trace_end_us(a->suspect), last = (int64_t)a->info->duration_us - end;

    last = last < 0 && last >= -BF_ALIGN_STEP_US ? 0 : last;
    if (a->n == 0 || line.rate != 1 || last < 0 || end < WHOLE_LINE_US ||
        (line.offset_us >= -BF_ALIGN_STEP_US && line.offset_us <= last + BF_ALIGN_STEP_US))
        return;
    line.offset_us = line.offset_us < 0 ? 0 : last;
    bf_line_moments_choose(&a->m, a->suspect, 0, end);
    a->m.counted = a->m.n;
    if (a->m.n == 0)
        return;
    if (a->n == BF_ALIGN_OFFSETS) /* in the place of the last */
        a->n--;
    take_line(a, line, REFINE_US);
}

/* Outlines have a say in all of a short suspect, and in a stretch of another that follows by its
 * blocks. */
static enum bf_err measure(struct bf_run *run, struct aligning *a, struct bf_error *err)
{
    bool moved = false;
    enum bf_err rc = bf_motion_measure(run, a->suspect, a->coarse, &a->m.shown, err);

    run->outlined = false; /* a stretch of a run has the run's */
    if (rc == BF_OK && (run->whole || bf_run_follows(run)))
        rc = bf_outline_measure(&moved, run, a->suspect, a->source, err);
    if (rc == BF_OK && moved)
        rc = bf_motion_measure(run, a->suspect, a->coarse, &a->m.shown, err);
    return rc;
}

/* The path over the lines there are, as runs, each measured. */
static enum bf_err follow_lines(struct bf_runs *runs, struct aligning *a, struct bf_error *err)
{
    size_t i;
    enum bf_err rc = find_path(a->choice, a->n_moments, a->suspect, a->coarse, a->line, a->fit,
                               a->n, &a->m.shown, err);

    if (rc == BF_OK)
        rc = collect_runs(runs, a->choice, a->n_moments, a->suspect, a->line, a->fit, a->n, err);
    for (i = 0; rc == BF_OK && i < runs->n; i++)
        rc = measure(&runs->item[i], a, err);
    return rc;
}

/* Time in runs, and in those that follow the record. */
static int64_t time_in(const struct bf_runs *runs, bool following)
{
    int64_t sum = 0;
    size_t i;

    for (i = 0; i < runs->n; i++)
        if (!following || bf_run_follows(&runs->item[i]))
            sum += runs->item[i].end_us - runs->item[i].start_us;
    return sum;
}

static void swap_runs(struct bf_runs *a, struct bf_runs *b)
{
    struct bf_runs t = *a;

    *a = *b;
    *b = t;
}

/*
 * Where the suspect looks like the record for most of its time and does not move with it, it may be
 * played at another speed. The rates are looked for near the moments that looked alike.
 */
static enum bf_err try_retimed(struct bf_runs *runs, struct aligning *a, struct bf_error *err)
{
    struct bf_time_line found[RETIMED];
    struct bf_runs again = {0};
    int64_t end = bf_trace_end_us(a->suspect), from = INT64_MAX, to = INT64_MIN, span;
    size_t n, i;
    enum bf_err rc;

    if (2 * time_in(runs, true) > end || 2 * time_in(runs, false) < end)
        return BF_OK;
    for (i = 0; i < runs->n; i++) {
        int64_t x = bf_run_source_us(&runs->item[i], runs->item[i].start_us),
                y = bf_run_source_us(&runs->item[i], runs->item[i].end_us);

        from = x < from ? x : from;
        to = y > to ? y : to;
    }
    span = 3 * end > RETIMED_LEAST_US ? 3 * end : RETIMED_LEAST_US;
    from = (from + to) / 2 - span / 2 < from ? (from + to) / 2 - span / 2 : from;
    to = from + span > to ? from + span : to;
    from = from < 0 ? 0 : from;
    to = to > (int64_t)a->info->duration_us ? (int64_t)a->info->duration_us : to;
    if (to - from > RETIMED_MOST_US)
        to = from + RETIMED_MOST_US;
    rc = bf_retime_find(found, RETIMED, &n, a->suspect, a->coarse, a->m.shown.use, from, to, err);
    /* They take the places of the last. */
    a->n = a->n + n > BF_ALIGN_OFFSETS ? BF_ALIGN_OFFSETS - n : a->n;
    for (i = 0; rc == BF_OK && i < n; i++)
        add_line(a, found[i], RETIMED_NEAR_US);
    if (rc == BF_OK)
        rc = follow_lines(&again, a, err);
    if (rc == BF_OK && time_in(&again, true) > time_in(runs, true))
        swap_runs(runs, &again);
    bf_runs_release(&again);
    return rc;
}

/*
 * An editor that drops frames lets the clocks drift: one line then fits no part of a run well. The
 * halves of the runs that do not follow are given lines of their own, near the run's.
 */
static enum bf_err try_halves(struct bf_runs *runs, struct aligning *a, struct bf_error *err)
{
    struct bf_runs again = {0};
    size_t n = a->n, i;
    int half;
    enum bf_err rc;

    for (i = 0; i < runs->n; i++) {
        const struct bf_run *r = &runs->item[i];
        int64_t length = r->end_us - r->start_us;
        /* Lines are refined on a margin about where they hold: it must not reach into the other
         * half. */
        int64_t margin = length / 4 < BF_MOMENTS_MARGIN_US ? length / 4 : BF_MOMENTS_MARGIN_US;

        if (bf_run_follows(r) || r->rate != 1 || length < HALVED_MIN_US)
            continue;
        for (half = 0; half < 2; half++) {
            int64_t from = r->start_us + half * length / 2;
            struct bf_time_line line = {1, r->offset_us, from + margin, from + length / 2 - margin};

            add_line(a, line, REFINE_US);
        }
    }
    if (a->n == n)
        return BF_OK;
    rc = follow_lines(&again, a, err);
    if (rc == BF_OK && time_in(&again, true) > time_in(runs, true))
        swap_runs(runs, &again);
    bf_runs_release(&again);
    return rc;
}

/* Appends those stretches of the run that follow closely, windows that overlap taken together. */
static enum bf_err add_stretches(struct bf_runs *out, const struct bf_run *run, struct aligning *a,
                                 struct bf_error *err)
{
    struct bf_run window = *run, found = {0};
    enum bf_err rc = BF_OK;

    for (window.end_us = window.start_us + WINDOW_US; window.end_us <= run->end_us && rc == BF_OK;
         window.start_us += WINDOW_STEP_US, window.end_us += WINDOW_STEP_US) {
        rc = bf_motion_measure(&window, a->suspect, a->coarse, &a->m.shown, err);
        if (rc != BF_OK || !bf_run_follows_closely(&window))
            continue;
        if (found.end_us >= window.start_us && found.end_us > 0) {
            found.end_us = window.end_us;
            continue;
        }
        if (found.end_us > 0)
            rc = add_run(out, &found, err);
        found = window;
    }
    if (rc == BF_OK && found.end_us > 0)
        rc = add_run(out, &found, err);
    return rc;
}

/* Where a run does not follow as a whole, stretches of it may. */
static enum bf_err cut_runs(struct bf_runs *runs, struct aligning *a, struct bf_error *err)
{
    struct bf_runs cut = {0};
    enum bf_err rc = BF_OK;
    size_t i, k;

    for (i = 0; i < runs->n && rc == BF_OK; i++) {
        const struct bf_run *r = &runs->item[i];
        size_t first = cut.n;

        if (!bf_run_follows(r) && r->rate == 1 && !bf_run_is_still(r))
            rc = add_stretches(&cut, r, a, err);
        /* Alike all along: where little moves there is no more to be had, and what is not the
         * record's the comparison will see. */
        if (rc == BF_OK && cut.n > first && r->distance <= BF_ALIKE_DISTANCE) {
            cut.item[first] = *r;
            cut.item[first].vouched = true;
            cut.n = first + 1;
            continue;
        }
        for (k = first; k < cut.n && rc == BF_OK; k++)
            rc = measure(&cut.item[k], a, err);
        if (rc == BF_OK && cut.n == first)
            rc = add_run(&cut, r, err);
    }
    if (rc == BF_OK)
        swap_runs(runs, &cut);
    bf_runs_release(&cut);
    return rc;
}

enum bf_err bf_align(struct bf_runs *runs, const struct bf_trace *suspect, struct bf_digest *source,
                     const struct bf_moment_pair *moment, size_t n_pairs, struct bf_error *err)
{
    struct aligning a = {.suspect = suspect, .source = source, .info = bf_digest_info(source)};
    struct bf_time_line vote[BF_ALIGN_OFFSETS];
    size_t n_votes = 0, i;
    enum bf_err rc = BF_OK;

    *runs = (struct bf_runs){0};
    a.n_moments = (size_t)((bf_trace_end_us(suspect) + BF_ALIGN_STEP_US - 1) / BF_ALIGN_STEP_US);
    a.choice = calloc(a.n_moments, 1);
    rc = a.choice == NULL ? bf_error_nomem(err) : bf_line_moments_create(&a.m, err);
    if (rc != BF_OK)
        goto out;
    a.m.shown.n = bf_trace_visible_coarse(suspect, a.m.shown.use);
    if (a.m.shown.n < USED_MIN)
        goto out;
    rc = bf_coarse_create(&a.coarse, source, bf_trace_counted(suspect), err);
    if (rc == BF_OK)
        rc =
            bf_votes_count(vote, BF_ALIGN_OFFSETS, &n_votes, suspect, source, moment, n_pairs, err);
    if (rc != BF_OK || n_votes == 0)
        goto out;
    /* Sightings know the time of what stays in the picture to some seconds only. */
    for (i = 0; !bf_trace_has_codes(suspect) && i < n_votes && i < FAR_VOTES; i++)
        add_line(&a, vote[i], REFINE_FAR_US);
    for (i = 0; i < n_votes; i++)
        add_line(&a, vote[i], REFINE_US);
    add_whole_line(&a);
    rc = follow_lines(runs, &a, err);
    if (rc == BF_OK)
        rc = try_retimed(runs, &a, err);
    if (rc == BF_OK)
        rc = try_halves(runs, &a, err);
    if (rc == BF_OK)
        rc = cut_runs(runs, &a, err);
out:
    bf_coarse_free(&a.coarse);
    free(a.choice);
    bf_line_moments_release(&a.m);
    return rc;
}
