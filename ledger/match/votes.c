#include "ledger/match/votes.h"

#include <math.h>
#include <stdlib.h>

enum {
    BIN_US = 100000,
    APART_BINS = 4,
    PROBES_MAX = 600, /* suspect frames that are asked */
    HITS_MAX = 1024,  /* kept a probe: a fair sample of them where there are more (a still shot) */
    RETIMED_HITS = 40000, /* that other rates are tried on */
    RETIMED_LINES = 2,
    RETIMED_MIN = 6, /* frames that must agree on another rate */
};

/* How much more of the vote another rate needs than rate 1: it has more lines to choose from. */
#define RETIMED_LEAD 1.3
#define RATE_MIN 0.45
#define RATE_MAX 2.2
#define RATE_STEP 0.02    /* at most */
#define RATE_DRIFT_US 4e5 /* between two rates over the whole suspect, at most */
#define RATE_SAME 0.02
#define SUPPORT_EDGE                                                             \
    0.03 /* of a line's hits, at either end, that do not count for where it lies \
          */
#define LINE_NEAR_US 300000 /* a hit so near a line is explained by it */

struct probe {
    int64_t pts_us;
    uint8_t code32[32];
    uint32_t n_hits; /* all, kept or not */
};

/* One suspect frame that looks like one of the record's; the weights of a frame's hits add up to 1.
 */
struct hit {
    double suspect_us, source_us;
    float weight;
    uint32_t probe;
};

struct counting {
    struct probe *probe;
    size_t n_probes;
    int64_t *source_us; /* (n_probes, HITS_MAX): of the kept hits */
    uint32_t random;
    struct hit *hit;
    size_t n_hits;
    double first_us, last_us, first_source_us, last_source_us; /* of the hits */
};

static void choose_probes(struct counting *c, const struct bf_trace *t)
{
    uint64_t n = bf_trace_frames(t), i;
    int64_t gap = bf_trace_end_us(t) / PROBES_MAX, next = 0;

    if (gap < BF_TRACE_CODES_US)
        gap = BF_TRACE_CODES_US;
    for (i = 0; i < n && c->n_probes < PROBES_MAX; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(t, i);

        if (f->pts_us < next || f->contrast <= BF_CODE_FLAT_MAX)
            continue;
        c->probe[c->n_probes].pts_us = f->pts_us;
        memcpy(c->probe[c->n_probes].code32, f->code32, 32);
        c->n_probes++;
        next = f->pts_us + gap;
    }
}

static uint32_t next_random(struct counting *c)
{
    c->random = c->random * 1664525 + 1013904223;
    return c->random >> 8;
}

static bool visit(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct counting *c = ctx;
    size_t k;

    (void)i;
    for (k = 0; k < c->n_probes; k++) {
        struct probe *p = &c->probe[k];
        uint32_t at = p->n_hits;

        if (bf_code_distance(p->code32, f->code32) > BF_VOTES_DISTANCE)
            continue;
        p->n_hits++;
        if (at >= HITS_MAX)
            at = next_random(c) % p->n_hits;
        if (at < HITS_MAX)
            c->source_us[k * HITS_MAX + at] = f->pts_us;
    }
    return true;
}

static size_t kept_hits(const struct probe *p)
{
    return p->n_hits < HITS_MAX ? p->n_hits : HITS_MAX;
}

static void add_hit(struct counting *c, int64_t suspect_us, int64_t source_us, float weight,
                    size_t probe)
{
    if (c->n_hits == 0 || (double)suspect_us < c->first_us)
        c->first_us = (double)suspect_us;
    if (c->n_hits == 0 || (double)suspect_us > c->last_us)
        c->last_us = (double)suspect_us;
    if (c->n_hits == 0 || (double)source_us < c->first_source_us)
        c->first_source_us = (double)source_us;
    if (c->n_hits == 0 || (double)source_us > c->last_source_us)
        c->last_source_us = (double)source_us;
    c->hit[c->n_hits++] =
        (struct hit){(double)suspect_us, (double)source_us, weight, (uint32_t)probe};
}

/* A probe that fits everywhere (a still shot) says little about the time: its one vote is shared
 * out. The sightings of one still share one, too. */
static enum bf_err gather(struct counting *c, const struct bf_moment_pair *moment, size_t n_moments,
                          struct bf_error *err)
{
    size_t total = n_moments, i, k, from, to, probe = c->n_probes;

    for (k = 0; k < c->n_probes; k++)
        total += kept_hits(&c->probe[k]);
    c->hit = calloc(total + 1, sizeof *c->hit);
    if (c->hit == NULL)
        return bf_error_nomem(err);
    for (k = 0; k < c->n_probes; k++)
        for (i = 0; i < kept_hits(&c->probe[k]); i++)
            add_hit(c, c->probe[k].pts_us, c->source_us[k * HITS_MAX + i],
                    1.0f / (float)kept_hits(&c->probe[k]), k);
    for (from = 0; from < n_moments; from = to, probe++) {
        for (to = from; to < n_moments && moment[to].suspect_us == moment[from].suspect_us; to++)
            ;
        for (i = from; i < to; i++)
            add_hit(c, moment[i].suspect_us, moment[i].source_us, 1.0f / (float)(to - from), probe);
    }
    return BF_OK;
}

/* The vote over offsets at one rate. */
struct tally {
    float *weight, *smooth; /* (n) */
    size_t n, cap;
    int64_t lo; /* bin of weight[0] */
};

/* Rounded down; by hand, since floor is a call and this is asked for millions of times. */
static int64_t bin_of(const struct hit *h, double rate)
{
    double x = (h->source_us - rate * h->suspect_us) / BIN_US;
    int64_t b = (int64_t)x;

    return b - (x < (double)b);
}

static enum bf_err tally_hits(struct tally *t, const struct counting *c, double rate,
                              const uint8_t *explained, size_t step, struct bf_error *err)
{
    /* Of the four corners that all hits lie between. */
    struct hit corner[2] = {{c->last_us, c->first_source_us, 0, 0},
                            {c->first_us, c->last_source_us, 0, 0}};
    int64_t lo, hi;
    size_t i;

    t->n = 0;
    if (c->n_hits == 0) /* t is not read */
        return BF_OK;
    if (rate < 0) {
        corner[0].suspect_us = c->first_us;
        corner[1].suspect_us = c->last_us;
    }
    lo = bin_of(&corner[0], rate);
    hi = bin_of(&corner[1], rate);
    t->n = (size_t)(hi - lo) + 3;
    t->lo = lo - 1;
    if (t->n > t->cap || t->weight == NULL || t->smooth == NULL) {
        free(t->weight);
        free(t->smooth);
        t->cap = t->n > 0 ? t->n : 1;
        t->weight = calloc(t->cap, sizeof *t->weight);
        t->smooth = calloc(t->cap, sizeof *t->smooth);
        if (t->weight == NULL || t->smooth == NULL) {
            t->cap = 0;
            return bf_error_nomem(err);
        }
    }
    memset(t->weight, 0, t->n * sizeof *t->weight);
    memset(t->smooth, 0, t->n * sizeof *t->smooth);
    for (i = 0; i < c->n_hits; i += step)
        if (explained == NULL || !explained[c->hit[i].probe])
            t->weight[bin_of(&c->hit[i], rate) - t->lo] += c->hit[i].weight;
    for (i = 1; i + 1 < t->n; i++)
        t->smooth[i] = t->weight[i] + (t->weight[i - 1] + t->weight[i + 1]) / 2;
    return BF_OK;
}

static void tally_release(struct tally *t)
{
    free(t->weight);
    free(t->smooth);
}

static size_t tally_best(const struct tally *t)
{
    size_t best = 0, i;

    for (i = 1; i + 1 < t->n; i++)
        if (t->smooth[i] > t->smooth[best])
            best = i;
    return best;
}

static int64_t tally_offset(const struct tally *t, size_t i)
{
    return ((int64_t)i + t->lo) * BIN_US + BIN_US / 2;
}

/* The peaks at rate 1. */
static enum bf_err find_peaks(struct bf_time_line *line, size_t cap, size_t *n,
                              const struct counting *c, struct bf_error *err)
{
    struct tally t = {0};
    enum bf_err rc = tally_hits(&t, c, 1, NULL, 1, err);
    size_t i;

    while (rc == BF_OK && t.n > 0 && *n < cap) {
        size_t best = tally_best(&t), from, to;

        if (t.smooth[best] <= 0)
            break;
        line[(*n)++] = (struct bf_time_line){.rate = 1, .offset_us = tally_offset(&t, best)};
        from = best > APART_BINS ? best - APART_BINS : 0;
        to = best + APART_BINS < t.n ? best + APART_BINS : t.n - 1;
        for (i = from; i <= to; i++)
            t.smooth[i] = 0;
    }
    tally_release(&t);
    return rc;
}

/* A straight line through the hits near a first one, twice. */
static void fit_line(struct bf_time_line *line, const struct counting *c, const uint8_t *explained)
{
    int pass;
    size_t i;

    for (pass = 0; pass < 3; pass++) {
        double n = 0, mx = 0, my = 0, xx = 0, xy = 0, near = pass == 0 ? 6e5 : 2e5;

        for (i = 0; i < c->n_hits; i++) {
            const struct hit *h = &c->hit[i];

            if (explained[h->probe] ||
                fabs(h->source_us - line->rate * h->suspect_us - (double)line->offset_us) > near)
                continue;
            n += (double)h->weight;
            mx += (double)h->weight * h->suspect_us;
            my += (double)h->weight * h->source_us;
        }
        if (n <= 0)
            return;
        mx /= n;
        my /= n;
        for (i = 0; i < c->n_hits; i++) {
            const struct hit *h = &c->hit[i];

            if (explained[h->probe] ||
                fabs(h->source_us - line->rate * h->suspect_us - (double)line->offset_us) > near)
                continue;
            xx += (double)h->weight * (h->suspect_us - mx) * (h->suspect_us - mx);
            xy += (double)h->weight * (h->suspect_us - mx) * (h->source_us - my);
        }
        if (xx <= 0)
            return;
        line->rate = xy / xx;
        line->offset_us = llrint(my - line->rate * mx);
    }
}

static bool is_near(const struct hit *h, const struct bf_time_line *line)
{
    return fabs(h->source_us - line->rate * h->suspect_us - (double)line->offset_us) < LINE_NEAR_US;
}

static void explain(uint8_t *explained, const struct counting *c, const struct bf_time_line *line)
{
    size_t i;

    for (i = 0; i < c->n_hits; i++)
        if (is_near(&c->hit[i], line))
            explained[c->hit[i].probe] = 1;
}

/* The best line of any other rate among the frames that no line explains yet; false where rate 1 is
 * as good. */
static enum bf_err find_retimed(bool *found, struct bf_time_line *line, const struct counting *c,
                                const uint8_t *explained, int64_t duration_us, struct bf_error *err)
{
    size_t step = c->n_hits / RETIMED_HITS + 1;
    double by = RATE_DRIFT_US / (double)(duration_us > 0 ? duration_us : 1), best = 0, plain;
    size_t n_rates, i;
    struct tally t = {0};
    enum bf_err rc = tally_hits(&t, c, 1, explained, step, err);
    int sign;

    *found = false;
    by = by > RATE_STEP ? RATE_STEP : by < 2e-4 ? 2e-4 : by;
    n_rates = (size_t)ceil(log(RATE_MAX / RATE_MIN) / log1p(by));
    plain = rc == BF_OK && t.n > 0 ? (double)t.smooth[tally_best(&t)] : 0;
    for (sign = 1; sign >= -1; sign -= 2) {
        for (i = 0; rc == BF_OK && i < n_rates; i++) {
            double rate = RATE_MIN * pow(1 + by, (double)i);
            size_t at;

            if (sign > 0 && fabs(rate - 1) < RATE_SAME / 2)
                continue;
            rc = tally_hits(&t, c, sign * rate, explained, step, err);
            if (rc != BF_OK || t.n == 0)
                break;
            at = tally_best(&t);
            if ((double)t.smooth[at] > best) {
                best = (double)t.smooth[at];
                *line =
                    (struct bf_time_line){.rate = sign * rate, .offset_us = tally_offset(&t, at)};
            }
        }
    }
    tally_release(&t);
    if (rc != BF_OK || best * (double)step < RETIMED_MIN || best < RETIMED_LEAD * plain)
        return rc;
    fit_line(line, c, explained);
    *found = fabs(line->rate) > RATE_MIN * 0.95 && fabs(line->rate) < RATE_MAX * 1.05 &&
             fabs(line->rate - 1) > RATE_SAME / 2;
    return BF_OK;
}

/* Lines of other rates go first: they were chosen against rate 1. */
static enum bf_err add_retimed(struct bf_time_line *line, size_t cap, size_t *n,
                               const struct counting *c, size_t n_voters, int64_t duration_us,
                               struct bf_error *err)
{
    uint8_t *explained = calloc(n_voters + 1, 1);
    enum bf_err rc = BF_OK;
    size_t k, i, plain = *n;

    if (explained == NULL)
        return bf_error_nomem(err);
    for (k = 0; rc == BF_OK && k < RETIMED_LINES && cap > 0; k++) {
        struct bf_time_line x = {.rate = 1};
        bool found;

        rc = find_retimed(&found, &x, c, explained, duration_us, err);
        if (rc != BF_OK)
            break;
        /* The best of rate 1 explains its frames; what is left may have been retimed. */
        if (!found && k == 0 && plain > 0) {
            explain(explained, c, &line[0]);
            continue;
        }
        if (!found)
            break;
        explain(explained, c, &x);
        for (i = *n < cap ? *n : cap - 1; i > 0; i--)
            line[i] = line[i - 1];
        line[0] = x;
        *n += *n < cap;
    }
    free(explained);
    return rc;
}

static int by_suspect_us(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;

    return x->suspect_us < y->suspect_us ? -1 : x->suspect_us > y->suspect_us;
}

/* From where to where in the suspect the line has its hits, but for the outermost few. The hits are
 * in order. */
static void find_support(struct bf_time_line *line, const struct counting *c, int64_t duration_us)
{
    double total = 0, sum = 0;
    size_t i;

    line->from_us = 0;
    line->to_us = duration_us;
    for (i = 0; i < c->n_hits; i++)
        if (is_near(&c->hit[i], line))
            total += (double)c->hit[i].weight;
    for (i = 0; i < c->n_hits; i++) {
        if (!is_near(&c->hit[i], line))
            continue;
        sum += (double)c->hit[i].weight;
        if (sum <= SUPPORT_EDGE * total)
            line->from_us = (int64_t)c->hit[i].suspect_us;
        if (sum >= (1 - SUPPORT_EDGE) * total) {
            line->to_us = (int64_t)c->hit[i].suspect_us;
            break;
        }
    }
}

static void find_supports(struct bf_time_line *line, size_t n, struct counting *c,
                          int64_t duration_us)
{
    size_t i;

    if (c->n_hits > 0)
        qsort(c->hit, c->n_hits, sizeof *c->hit, by_suspect_us);
    for (i = 0; i < n; i++)
        find_support(&line[i], c, duration_us);
}

enum bf_err bf_votes_count(struct bf_time_line *line, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_digest *source,
                           const struct bf_moment_pair *moment, size_t n_moments,
                           struct bf_error *err)
{
    struct counting c = {0};
    enum bf_err rc = BF_OK;

    *n = 0;
    c.probe = calloc(PROBES_MAX, sizeof *c.probe);
    c.source_us = calloc((size_t)PROBES_MAX * HITS_MAX, sizeof *c.source_us);
    if (c.probe == NULL || c.source_us == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    if (bf_trace_has_codes(suspect)) {
        choose_probes(&c, suspect);
        rc = bf_digest_frames(source, 0, visit, &c, err);
    }
    if (rc == BF_OK)
        rc = gather(&c, moment, n_moments, err);
    if (rc == BF_OK)
        rc = find_peaks(line, cap, n, &c, err);
    if (rc == BF_OK)
        rc = add_retimed(line, cap, n, &c, c.n_probes + n_moments, bf_trace_end_us(suspect), err);
    if (rc == BF_OK)
        find_supports(line, *n, &c, bf_trace_end_us(suspect));
out:
    free(c.probe);
    free(c.source_us);
    free(c.hit);
    return rc;
}

enum bf_err bf_votes_moments(struct bf_time_line *line, size_t cap, size_t *n,
                             const struct bf_moment_pair *moment, size_t n_moments,
                             int64_t duration_us, struct bf_error *err)
{
    struct counting c = {0};
    enum bf_err rc = gather(&c, moment, n_moments, err);

    *n = 0;
    if (rc == BF_OK)
        rc = find_peaks(line, cap, n, &c, err);
    if (rc == BF_OK)
        rc = add_retimed(line, cap, n, &c, n_moments, duration_us, err);
    if (rc == BF_OK)
        find_supports(line, *n, &c, duration_us);
    free(c.hit);
    return rc;
}
