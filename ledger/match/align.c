#include "ledger/match/align.h"
#include "ledger/match/coarse.h"
#include "ledger/match/votes.h"

#include <math.h>

enum {
    REFINE_WINDOWS = 240, /* moments an offset is refined on */
    REFINE_US = 2000000,  /* how far a vote may be off */
    CHUNK = 30,           /* moments that motion is compared over, 3 s; at least so many: */
    CHUNK_MIN = 8,
};

/* Differences beyond this, in luma steps, say only "not the same". */
#define DISTANCE_CAP 20.0f
/* A moment that fits no offset better than this belongs to none; changing the offset costs as much
 * as so many luma steps. */
#define DISTANCE_NONE 9.0f
#define SWITCH_COST 12.0f

/* Variance over a chunk, in squared luma steps, from which a block moves, and where more of it
 * counts no more. */
#define MOVING 0.6
#define MOVING_CAP 25.0
/* Correlation from which two blocks move in step. */
#define IN_STEP 0.7
/* How much wider or narrower, and by how many luma steps apart, blocks in step may be. */
#define SIZE_RANGE 1.6
#define APART 2.0
#define APART_SHARE 0.4

struct fit {
    float gain, bias;
};

static int64_t moment_us(size_t k)
{
    return (int64_t)k * BF_ALIGN_STEP_US + BF_ALIGN_STEP_US / 2;
}

static bool suspect_at(float *out, const struct bf_trace *t, size_t k)
{
    return bf_trace_mean_coarse(t, out, (int64_t)k * BF_ALIGN_STEP_US,
                                (int64_t)(k + 1) * BF_ALIGN_STEP_US) > 0;
}

static float distance(const float *x, const float *s, struct fit f)
{
    float sum = 0;
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++) {
        float d = fabsf(x[i] - f.gain * s[i] - f.bias);

        sum += d < DISTANCE_CAP ? d : DISTANCE_CAP;
    }
    return sum / BF_COARSE_CELLS;
}

/* Sums for a straight line through (source, suspect) pairs. */
struct sums {
    double n, x, s, ss, sx;
};

static void sums_add(struct sums *a, const float *x, const float *s, struct fit f, float cap)
{
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++) {
        if (fabsf(x[i] - f.gain * s[i] - f.bias) > cap)
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

    if (a->n < BF_COARSE_CELLS / 4.0 || var < a->n)
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
};

static void choose_moments(struct moments *m, const struct bf_trace *t, size_t n_moments)
{
    size_t i, n = n_moments < REFINE_WINDOWS ? n_moments : REFINE_WINDOWS;

    m->n = 0;
    for (i = 0; i < n; i++) {
        m->k[m->n] = i * n_moments / n;
        if (suspect_at(m->x + m->n * BF_COARSE_CELLS, t, m->k[m->n]))
            m->n++;
    }
}

/* Mean distance over the moments that lie in the record; the best half counts, so that an offset
 * may hold for a part. */
static float cost_at(const struct moments *m, struct bf_coarse *source, int64_t offset,
                     struct fit f, float *scratch)
{
    float s[BF_COARSE_CELLS], sum = 0;
    size_t i, j, n = 0, half;

    for (i = 0; i < m->n; i++) {
        float d;

        if (!bf_coarse_at(source, s, moment_us(m->k[i]) + offset))
            continue;
        d = distance(m->x + i * BF_COARSE_CELLS, s, f);
        /* insertion sort: n is at most REFINE_WINDOWS */
        for (j = n++; j > 0 && scratch[j - 1] > d; j--)
            scratch[j] = scratch[j - 1];
        scratch[j] = d;
    }
    if (n == 0)
        return DISTANCE_CAP;
    half = (n + 1) / 2;
    for (i = 0; i < half; i++)
        sum += scratch[i];
    /* Offsets that leave only a sliver in common must not win by luck. */
    return sum / (float)half + (n * 10 < m->n ? 2.0f : 0.0f);
}

static struct fit fit_at(const struct moments *m, struct bf_coarse *source, int64_t offset)
{
    struct fit f = {1, 0};
    float s[BF_COARSE_CELLS];
    const float cap[] = {255, 40, 12};
    size_t i, pass;

    for (pass = 0; pass < sizeof cap / sizeof *cap; pass++) {
        struct sums a = {0};

        for (i = 0; i < m->n; i++)
            if (bf_coarse_at(source, s, moment_us(m->k[i]) + offset))
                sums_add(&a, m->x + i * BF_COARSE_CELLS, s, f, cap[pass]);
        f = sums_fit(&a);
    }
    return f;
}

/* The best offset within range of the vote, in three steps. */
static int64_t refine(const struct moments *m, struct bf_coarse *source, int64_t offset,
                      struct fit *f, float *scratch)
{
    static const struct {
        int64_t range, step;
    } level[] = {{REFINE_US, 100000}, {100000, 25000}, {20000, 5000}};
    size_t i;

    *f = fit_at(m, source, offset);
    for (i = 0; i < sizeof level / sizeof *level; i++) {
        int64_t best = offset, o;
        float best_cost = cost_at(m, source, offset, *f, scratch);

        for (o = offset - level[i].range; o <= offset + level[i].range; o += level[i].step) {
            float c = cost_at(m, source, o, *f, scratch);

            if (c < best_cost) {
                best_cost = c;
                best = o;
            }
        }
        offset = best;
        *f = fit_at(m, source, offset);
    }
    return offset;
}

/* Viterbi: state n_offsets is "none of this record". choice is (n_moments). */
static enum bf_err find_path(uint8_t *choice, size_t n_moments, const struct bf_trace *t,
                             struct bf_coarse *source, const int64_t *offset, const struct fit *fit,
                             size_t n_offsets, struct bf_error *err)
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
                d = seen && bf_coarse_at(source, s, moment_us(k) + offset[j])
                        ? distance(x, s, fit[j])
                        : DISTANCE_CAP;
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

/* A stretch of moments that motion is compared over, cell by cell. */
struct chunk {
    float x[CHUNK][BF_COARSE_CELLS], s[CHUNK][BF_COARSE_CELLS];
    size_t n;
};

/* What measure_run sums up. */
struct motion {
    double moving, in_step; /* weights of cells that move in the record, and of those that move
                               alike in the suspect */
    double suspect_moving;  /* cells that move in the suspect */
    size_t n_cells;
};

static void add_chunk(struct motion *m, struct chunk *c, struct fit f)
{
    unsigned i;
    size_t k;

    for (i = 0; c->n >= CHUNK_MIN && i < BF_COARSE_CELLS; i++) {
        double ms = 0, mx = 0, ss = 0, xx = 0, sx = 0, n = (double)c->n;

        for (k = 0; k < c->n; k++) {
            ms += (double)c->s[k][i] / n;
            mx += (double)c->x[k][i] / n;
        }
        for (k = 0; k < c->n; k++) {
            double a = (double)c->s[k][i] - ms, b = (double)c->x[k][i] - mx;

            ss += a * a / n;
            xx += b * b / n;
            sx += a * b / n;
        }
        m->n_cells++;
        m->suspect_moving += xx >= MOVING ? 1 : 0;
        if (ss < MOVING)
            continue;
        /* A cell's say grows with its motion, up to a point: one waving hand is not the whole
         * picture. */
        double weight = ss < MOVING_CAP ? ss : MOVING_CAP, g = (double)f.gain;
        double apart = fabs(mx - g * ms - (double)f.bias), size = sqrt(xx / ss) / g;

        m->moving += weight;
        /*
         * Over three seconds two slow sways go together by chance; that they are also as wide, and
         * about the same brightness, is another matter.
         */
        if (sx > 0 && sx * sx >= IN_STEP * IN_STEP * ss * xx && size > 1 / SIZE_RANGE &&
            size < SIZE_RANGE && apart < APART + APART_SHARE * g * sqrt(ss))
            m->in_step += weight;
    }
    c->n = 0;
}

/* Fills in what a run is like: how much of what moves does so in step, and how far the rest is
 * apart. */
static enum bf_err measure_run(struct bf_run *run, const struct bf_trace *t,
                               struct bf_coarse *source, struct bf_error *err)
{
    struct chunk *c = calloc(1, sizeof *c);
    struct fit f = {(float)run->gain, (float)run->bias};
    struct motion m = {0};
    double dist = 0;
    size_t k = (size_t)(run->start_us / BF_ALIGN_STEP_US), n = 0;

    if (c == NULL)
        return bf_error_nomem(err);
    for (; (int64_t)k * BF_ALIGN_STEP_US < run->end_us; k++) {
        if (!suspect_at(c->x[c->n], t, k) ||
            !bf_coarse_at(source, c->s[c->n], moment_us(k) + run->offset_us))
            continue;
        dist += (double)distance(c->x[c->n], c->s[c->n], f);
        n++;
        if (++c->n == CHUNK)
            add_chunk(&m, c, f);
    }
    add_chunk(&m, c, f);
    free(c);
    run->distance = n > 0 ? dist / (double)n : (double)DISTANCE_CAP;
    run->moving = m.n_cells > 0 ? m.moving / (MOVING_CAP * (double)m.n_cells) : 0;
    run->suspect_moving = m.n_cells > 0 ? m.suspect_moving / (double)m.n_cells : 0;
    run->in_step = m.moving > 0 ? m.in_step / m.moving : 0;
    return bf_coarse_status(source, err);
}

void bf_runs_release(struct bf_runs *r)
{
    free(r->item);
    *r = (struct bf_runs){0};
}

/* Turns the path into runs. */
static enum bf_err collect_runs(struct bf_runs *runs, const uint8_t *choice, size_t n_moments,
                                const struct bf_trace *t, const int64_t *offset,
                                const struct fit *fit, size_t n_offsets, struct bf_error *err)
{
    size_t k, from = 0;

    for (k = 1; k <= n_moments; k++) {
        struct bf_run run = {0};
        struct bf_run *more;

        if (k < n_moments && choice[k] == choice[from])
            continue;
        if (choice[from] < n_offsets) {
            run.start_us = (int64_t)from * BF_ALIGN_STEP_US;
            run.end_us = (int64_t)k * BF_ALIGN_STEP_US;
            if (run.end_us > bf_trace_end_us(t))
                run.end_us = bf_trace_end_us(t);
            run.offset_us = offset[choice[from]];
            run.rate = 1;
            run.gain = (double)fit[choice[from]].gain;
            run.bias = (double)fit[choice[from]].bias;
            more = realloc(runs->item, (runs->n + 1) * sizeof *more);
            if (more == NULL)
                return bf_error_nomem(err);
            runs->item = more;
            runs->item[runs->n++] = run;
        }
        from = k;
    }
    return BF_OK;
}

enum bf_err bf_align(struct bf_runs *runs, const struct bf_trace *suspect, struct bf_digest *source,
                     struct bf_error *err)
{
    size_t n_moments =
               (size_t)((bf_trace_end_us(suspect) + BF_ALIGN_STEP_US - 1) / BF_ALIGN_STEP_US),
           n_votes, n = 0, i, j;
    int64_t vote[BF_ALIGN_OFFSETS], offset[BF_ALIGN_OFFSETS];
    struct fit fit[BF_ALIGN_OFFSETS];
    struct bf_coarse *coarse = NULL;
    struct moments m = {0};
    float *scratch = calloc(REFINE_WINDOWS, sizeof *scratch);
    uint8_t *choice = calloc(n_moments, 1);
    enum bf_err rc;

    *runs = (struct bf_runs){0};
    m.k = calloc(REFINE_WINDOWS, sizeof *m.k);
    m.x = calloc((size_t)REFINE_WINDOWS * BF_COARSE_CELLS, sizeof *m.x);
    if (scratch == NULL || choice == NULL || m.k == NULL || m.x == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = bf_coarse_create(&coarse, source, err);
    if (rc == BF_OK)
        rc = bf_votes_count(vote, BF_ALIGN_OFFSETS, &n_votes, suspect, source, err);
    if (rc != BF_OK || n_votes == 0)
        goto out;
    choose_moments(&m, suspect, n_moments);
    for (i = 0; i < n_votes; i++) {
        offset[n] = refine(&m, coarse, vote[i], &fit[n], scratch);
        for (j = 0; j < n && llabs(offset[j] - offset[n]) > 60000; j++)
            ;
        if (j == n)
            n++;
    }
    rc = find_path(choice, n_moments, suspect, coarse, offset, fit, n, err);
    if (rc == BF_OK)
        rc = collect_runs(runs, choice, n_moments, suspect, offset, fit, n, err);
    for (i = 0; rc == BF_OK && i < runs->n; i++)
        rc = measure_run(&runs->item[i], suspect, coarse, err);
out:
    bf_coarse_free(&coarse);
    free(scratch);
    free(choice);
    free(m.k);
    free(m.x);
    return rc;
}
