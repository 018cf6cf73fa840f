#include "ledger/match/align.h"
#include "ledger/match/coarse.h"
#include "ledger/match/motion.h"
#include "ledger/match/retime.h"
#include "ledger/match/votes.h"

#include <math.h>

enum {
    REFINE_WINDOWS = 240, /* moments an offset is refined on */
    REFINE_US = 2000000,  /* how far a vote may be off; more where it comes from sightings: */
    REFINE_FAR_US = 9000000,
    SUPPORT_MARGIN_US = 700000,
    FAR_VOTES = 3,
    RETIMED = 3, /* lines of other rates that are tried */
    RETIMED_LEAST_US = 60000000,
    RETIMED_MOST_US = 1200000000,
    RETIMED_NEAR_US = 500000,
    HALVED_MIN_US = 2000000,
    WINDOW_US = 3000000, /* a stretch of a run that does not follow as a whole */
    WINDOW_STEP_US = 500000,
    USED_MIN = 12, /* blocks that the suspect must show */
};

/* A moment that fits no offset better than this belongs to none; changing the offset costs as much
 * as so many luma steps. */
#define DISTANCE_NONE 9.0f
#define SWITCH_COST 12.0f

struct fit {
    float gain, bias;
};

static int64_t line_at(const struct bf_time_line *l, int64_t suspect_us)
{
    return l->offset_us + (int64_t)(l->rate * (double)suspect_us);
}

static int64_t moment_us(size_t k)
{
    return (int64_t)k * BF_ALIGN_STEP_US + BF_ALIGN_STEP_US / 2;
}

static bool suspect_at(float *out, const struct bf_trace *t, size_t k)
{
    return bf_trace_mean_coarse(t, out, (int64_t)k * BF_ALIGN_STEP_US,
                                (int64_t)(k + 1) * BF_ALIGN_STEP_US) > 0;
}

/* Sums for a straight line through (source, suspect) pairs. */
struct sums {
    double n, x, s, ss, sx;
};

static void sums_add(struct sums *a, const float *x, const float *s, struct fit f, float cap,
                     const struct bf_shown *shown)
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

static struct fit sums_fit(const struct sums *a)
{
    double var = a->ss - a->s * a->s / (a->n > 0 ? a->n : 1);
    struct fit f = {1, 0};

    if (a->n < USED_MIN || var < a->n)
        return f;
    f.gain = (float)((a->sx - a->s * a->x / a->n) / var);
    /* No grade that leaves a picture recognisable is steeper or flatter than this. */
    f.gain = f.gain < 0.33f ? 0.33f : f.gain > 3 ? 3 : f.gain;
    f.bias = (float)((a->x - (double)f.gain * a->s) / a->n);
    return f;
}

/* The moments that are used to refine: spread evenly. Their block means are kept, (n,
 * BF_COARSE_CELLS). */
struct moments {
    size_t *k;
    float *x;
    size_t n;
    struct bf_shown shown;
};

static void choose_moments(struct moments *m, const struct bf_trace *t, int64_t from_us,
                           int64_t to_us)
{
    size_t first = (size_t)(from_us > SUPPORT_MARGIN_US ? from_us - SUPPORT_MARGIN_US : 0) /
                   BF_ALIGN_STEP_US,
           end = (size_t)((to_us + SUPPORT_MARGIN_US) / BF_ALIGN_STEP_US), i, n;

    if ((int64_t)end * BF_ALIGN_STEP_US > bf_trace_end_us(t))
        end = (size_t)((bf_trace_end_us(t) + BF_ALIGN_STEP_US - 1) / BF_ALIGN_STEP_US);
    n = end > first ? end - first : 0;
    n = n < REFINE_WINDOWS ? n : REFINE_WINDOWS;
    m->n = 0;
    for (i = 0; i < n; i++) {
        m->k[m->n] = first + i * (end - first) / n;
        if (suspect_at(m->x + m->n * BF_COARSE_CELLS, t, m->k[m->n]))
            m->n++;
    }
}

/* Mean distance over the moments that lie in the record; the best half counts, so that an offset
 * may hold for a part. */
static float cost_at(const struct moments *m, struct bf_coarse *source,
                     const struct bf_time_line *line, struct fit f, float *scratch)
{
    float s[BF_COARSE_CELLS], sum = 0;
    size_t i, j, n = 0, half;

    for (i = 0; i < m->n; i++) {
        float d;

        if (!bf_coarse_at(source, s, line_at(line, moment_us(m->k[i]))))
            continue;
        d = bf_block_distance(m->x + i * BF_COARSE_CELLS, s, f.gain, f.bias, &m->shown);
        /* insertion sort: n is at most REFINE_WINDOWS */
        for (j = n++; j > 0 && scratch[j - 1] > d; j--)
            scratch[j] = scratch[j - 1];
        scratch[j] = d;
    }
    if (n == 0)
        return BF_DISTANCE_CAP;
    half = (n + 1) / 2;
    for (i = 0; i < half; i++)
        sum += scratch[i];
    /* Offsets that leave only a sliver in common must not win by luck. */
    return sum / (float)half + (n * 10 < m->n ? 2.0f : 0.0f);
}

static struct fit fit_at(const struct moments *m, struct bf_coarse *source,
                         const struct bf_time_line *line)
{
    struct fit f = {1, 0};
    float s[BF_COARSE_CELLS];
    const float cap[] = {255, 40, 12};
    size_t i, pass;

    for (pass = 0; pass < sizeof cap / sizeof *cap; pass++) {
        struct sums a = {0};

        for (i = 0; i < m->n; i++)
            if (bf_coarse_at(source, s, line_at(line, moment_us(m->k[i]))))
                sums_add(&a, m->x + i * BF_COARSE_CELLS, s, f, cap[pass], &m->shown);
        f = sums_fit(&a);
    }
    return f;
}

/* The best offset within range of where it is now. */
static void refine_offset(struct bf_time_line *line, const struct moments *m,
                          struct bf_coarse *source, int64_t range, int64_t by, struct fit f,
                          float *scratch)
{
    struct bf_time_line best = *line, l = *line;
    float best_cost = cost_at(m, source, line, f, scratch);
    int64_t o;

    for (o = -range; o <= range; o += by) {
        float c;

        l.offset_us = line->offset_us + o;
        c = cost_at(m, source, &l, f, scratch);
        if (c < best_cost) {
            best_cost = c;
            best = l;
        }
    }
    *line = best;
}

/* The best rate within range, turned about the middle of the suspect. */
static void refine_rate(struct bf_time_line *line, const struct moments *m,
                        struct bf_coarse *source, double range, double by, struct fit f,
                        float *scratch)
{
    struct bf_time_line best = *line, l = *line;
    float best_cost = cost_at(m, source, line, f, scratch);
    int64_t middle = moment_us(m->k[m->n / 2]);
    long i, n = lround(range / by);

    for (i = -n; i <= n; i++) {
        float c;

        l.rate = line->rate + (double)i * by;
        l.offset_us = line_at(line, middle) - (int64_t)(l.rate * (double)middle);
        c = cost_at(m, source, &l, f, scratch);
        if (c < best_cost) {
            best_cost = c;
            best = l;
        }
    }
    *line = best;
}

/* The vote moved to where the moments fit best, in three steps. */
static void refine(struct bf_time_line *line, const struct moments *m, struct bf_coarse *source,
                   int64_t range_us, struct fit *f, float *scratch)
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
        refine_offset(line, m, source, level[i].range, level[i].step, *f, scratch);
        if (line->rate != 1 && level[i].rate_step > 0)
            refine_rate(line, m, source, level[i].rate_range, level[i].rate_step, *f, scratch);
        *f = fit_at(m, source, line);
    }
}

/* Viterbi: state n_offsets is "none of this record". choice is (n_moments). */
static enum bf_err find_path(uint8_t *choice, size_t n_moments, const struct bf_trace *t,
                             struct bf_coarse *source, const struct bf_time_line *line,
                             const struct fit *fit, size_t n_offsets, const struct bf_shown *shown,
                             struct bf_error *err)
{
    uint8_t(*from)[BF_ALIGN_OFFSETS + 1] = calloc(n_moments, sizeof *from);
    float cost[BF_ALIGN_OFFSETS + 1] = {0}, x[BF_COARSE_CELLS], s[BF_COARSE_CELLS];
    size_t k, j, best;

    if (from == NULL)
        return bf_error_nomem(err);
    for (k = 0; k < n_moments; k++) {
        bool seen = suspect_at(x, t, k);

        best = 0;
        for (j = 1; j <= n_offsets; j++)
            if (cost[j] < cost[best])
                best = j;
        float floor = cost[best];

        for (j = 0; j <= n_offsets; j++) {
            float d = DISTANCE_NONE;

            if (j < n_offsets)
                d = seen && bf_coarse_at(source, s, line_at(&line[j], moment_us(k)))
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
                                const struct fit *fit, size_t n_offsets, struct bf_error *err)
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
           llabs(line_at(a, end_us) - line_at(b, end_us)) <= 60000;
}

/* What an alignment works on. */
struct aligning {
    const struct bf_trace *suspect;
    struct bf_coarse *coarse;
    const struct bf_digest_info *info;
    struct moments m;
    size_t n_moments;
    float *scratch;
    uint8_t *choice; /* (n_moments) */
    struct bf_time_line line[BF_ALIGN_OFFSETS];
    struct fit fit[BF_ALIGN_OFFSETS];
    size_t n;
};

static void add_line(struct aligning *a, struct bf_time_line line, int64_t range_us)
{
    struct fit fit;
    size_t j;

    choose_moments(&a->m, a->suspect, line.from_us, line.to_us);
    if (a->m.n == 0)
        return;
    refine(&line, &a->m, a->coarse, range_us, &fit, a->scratch);
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

/* The path over the lines there are, as runs, each measured. */
static enum bf_err follow_lines(struct bf_runs *runs, struct aligning *a, struct bf_error *err)
{
    size_t i;
    enum bf_err rc = find_path(a->choice, a->n_moments, a->suspect, a->coarse, a->line, a->fit,
                               a->n, &a->m.shown, err);

    if (rc == BF_OK)
        rc = collect_runs(runs, a->choice, a->n_moments, a->suspect, a->line, a->fit, a->n, err);
    for (i = 0; rc == BF_OK && i < runs->n; i++)
        rc = bf_motion_measure(&runs->item[i], a->suspect, a->coarse, &a->m.shown, err);
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
        int64_t margin = length / 4 < SUPPORT_MARGIN_US ? length / 4 : SUPPORT_MARGIN_US;

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
            rc = bf_motion_measure(&cut.item[k], a->suspect, a->coarse, &a->m.shown, err);
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
    struct aligning a = {.suspect = suspect, .info = bf_digest_info(source)};
    struct bf_time_line vote[BF_ALIGN_OFFSETS];
    size_t n_votes = 0, i;
    enum bf_err rc = BF_OK;

    *runs = (struct bf_runs){0};
    a.n_moments = (size_t)((bf_trace_end_us(suspect) + BF_ALIGN_STEP_US - 1) / BF_ALIGN_STEP_US);
    a.scratch = calloc(REFINE_WINDOWS, sizeof *a.scratch);
    a.choice = calloc(a.n_moments, 1);
    a.m.k = calloc(REFINE_WINDOWS, sizeof *a.m.k);
    a.m.x = calloc((size_t)REFINE_WINDOWS * BF_COARSE_CELLS, sizeof *a.m.x);
    if (a.scratch == NULL || a.choice == NULL || a.m.k == NULL || a.m.x == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    a.m.shown.n = bf_trace_visible_coarse(suspect, a.m.shown.use);
    if (a.m.shown.n < USED_MIN)
        goto out;
    rc = bf_coarse_create(&a.coarse, source, err);
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
    rc = follow_lines(runs, &a, err);
    if (rc == BF_OK)
        rc = try_retimed(runs, &a, err);
    if (rc == BF_OK)
        rc = try_halves(runs, &a, err);
    if (rc == BF_OK)
        rc = cut_runs(runs, &a, err);
out:
    bf_coarse_free(&a.coarse);
    free(a.scratch);
    free(a.choice);
    free(a.m.k);
    free(a.m.x);
    return rc;
}
