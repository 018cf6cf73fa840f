#include "ledger/match/motion.h"

#include <math.h>

enum {
    WHOLE_US = 200000,    /* that may be missing at either end */
    RUN_MIN_US = 1000000, /* a shorter run says too little */
    SHORT_RUN_US = 5000000,
    TINY_RUN_US = 2900000,
    CHUNK = 30, /* moments that motion is compared over, 3 s; at least so many: */
    CHUNK_MIN = 8,
    OUTSIDE_MIN = 6, /* moving blocks that must be left outside a box */
};

/* Variance over a chunk, in squared luma steps, from which a block moves, and where more of it
 * counts no more. */
#define MOVING 0.6
#define MOVING_CAP 25.0
/* Correlation from which two blocks move in step. */
#define IN_STEP 0.7
/*
 * Share of the moving blocks that must move in step. Clean copies reach 0.9, copies with a face
 * replaced 0.6; other footage on the same set stays below 0.4. A few seconds hold few independent
 * motions, and where the rate may be chosen more lines are tried: such runs need more.
 */
#define IN_STEP_MIN 0.5
#define IN_STEP_MIN_SHORT 0.6
/*
 * And the share that must hardly differ: in three seconds a nod may go with another nod, but not to
 * within this. Over 230 pairs of takes of one speaker, of 3 s each, it stays below 0.31; clean
 * copies at CRF 35 and a third of the size keep 0.53, copies with a face replaced 0.31.
 */
#define CLOSE 0.95
#define SIZE_CLOSE 1.35
#define CLOSE_MIN 0.25
#define CLOSE_MIN_SHORT 0.45
#define IN_STEP_MIN_TINY 0.85
#define CLOSE_MIN_TINY 0.7
/*
 * What the outlines of a few seconds say (outline.h): how far the pictures are apart about them,
 * thrice, for where a speaker sits says more than how he nods, times what of their motion strays.
 * Of 253 comparisons of other takes of one speaker on one set, of three seconds at CRF 26 and 35,
 * the nearest has 3.7; of 181 copies, CRF 18 to 35 and half size, 5 have more than 2.5, all of them
 * cropped at CRF 35. Shorter takes come as near as 1.7, and their pictures then lie 0.8 luma steps
 * apart or more; 312 of 367 copies lie within 0.7, and beyond more is asked. In a dark picture
 * little is apart by much, so the edges must not be either.
 */
#define OUTLINE_MISFIT 2.5
#define OUTLINE_APART 0.16
#define OUTLINE_DISTANCE_TINY 0.7
#define OUTLINE_MIN_US 1400000
/*
 * And what they say against a nod that two takes share, where there may be a caption or another
 * face: of the takes whose blocks follow by the bar for the shortest runs the nearest has 0.0026,
 * of such copies 0.0017 is the most.
 */
#define OUTLINE_STRAY 0.0021
/*
 * Where most of what moves is the face that was replaced, the rest must do: everything outside one
 * box of at most BOX_MOST of the blocks moves with the record, and it is no small part of all
 * motion.
 */
#define BOX_MOST 0.4
#define OUTSIDE_SHARE_MIN 0.15
#define OUTSIDE_IN_STEP_MIN 0.9
#define OUTSIDE_CLOSE_MIN 0.7
/* Below this nothing moves, and the picture alone must do. */
#define STILL 0.003
/* How much wider or narrower, and by how many luma steps apart, blocks in step may be. */
#define SIZE_RANGE 1.6
#define APART 2.0
#define APART_SHARE 0.4

float bf_block_distance(const float *x, const float *s, float gain, float bias,
                        const struct bf_shown *shown)
{
    float sum = 0;
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++) {
        float d = shown->use[i] ? fabsf(x[i] - gain * s[i] - bias) : 0;

        sum += d < BF_DISTANCE_CAP ? d : BF_DISTANCE_CAP;
    }
    return sum / (float)shown->n;
}

/* A stretch of moments that motion is compared over, block by block. */
struct chunk {
    float x[CHUNK][BF_COARSE_CELLS], s[CHUNK][BF_COARSE_CELLS];
    size_t n;
};

/* Weights of a block over chunks, or of many. */
struct weight {
    double moving;  /* in the record */
    double in_step; /* and alike in the suspect */
    double close;   /* and hardly differs there */
    double stray;   /* moves in the suspect, and not in the record */
};

struct motion {
    struct weight block[BF_COARSE_CELLS];
    double suspect_moving; /* blocks that move in the suspect */
    size_t n_cells;
};

static void add_block(struct motion *m, const struct chunk *c, unsigned i, double gain, double bias)
{
    struct weight *w = &m->block[i];
    double ms = 0, mx = 0, ss = 0, xx = 0, sx = 0, n = (double)c->n, weight, apart, size;
    size_t k;

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
    if (ss < MOVING) {
        /* Well beyond what compression does to a block that rests. */
        if (xx >= 2 * MOVING && ss < MOVING / 2)
            w->stray += xx < MOVING_CAP ? xx : MOVING_CAP;
        return;
    }
    /* A block's say grows with its motion, up to a point: one waving hand is not the whole
     * picture. */
    weight = ss < MOVING_CAP ? ss : MOVING_CAP;
    apart = fabs(mx - gain * ms - bias);
    size = sqrt(xx / ss) / gain;
    w->moving += weight;
    /*
     * Over three seconds two slow sways go together by chance; that they are also as wide, and
     * about the same brightness, is another matter.
     */
    if (sx > 0 && sx * sx >= IN_STEP * IN_STEP * ss * xx && size > 1 / SIZE_RANGE &&
        size < SIZE_RANGE && apart < APART + APART_SHARE * gain * sqrt(ss))
        w->in_step += weight;
    if (sx > 0 && sx * sx >= CLOSE * CLOSE * ss * xx && size > 1 / SIZE_CLOSE && size < SIZE_CLOSE)
        w->close += weight;
}

static void add_chunk(struct motion *m, struct chunk *c, const struct bf_run *run,
                      const struct bf_shown *shown)
{
    unsigned i;

    for (i = 0; c->n >= CHUNK_MIN && i < BF_COARSE_CELLS; i++)
        if (shown->use[i])
            add_block(m, c, i, run->gain, run->bias);
    c->n = 0;
}

/* Sums over the blocks above and left of (row, col), and how many of them are shown and move. */
struct table {
    struct weight sum[BF_COARSE_ROWS + 1][BF_COARSE_COLS + 1];
    double shown[BF_COARSE_ROWS + 1][BF_COARSE_COLS + 1];
    double n_moving[BF_COARSE_ROWS + 1][BF_COARSE_COLS + 1];
};

static void fill_table(struct table *t, const struct motion *m, const struct bf_shown *shown)
{
    unsigned r, c;

    *t = (struct table){0};
#define SUMMED(field, value) \
    (t->field[r + 1][c + 1] = (value) + t->field[r][c + 1] + t->field[r + 1][c] - t->field[r][c])
#define SUMMED_WEIGHT(part)      \
    (t->sum[r + 1][c + 1].part = \
         b->part + t->sum[r][c + 1].part + t->sum[r + 1][c].part - t->sum[r][c].part)
    for (r = 0; r < BF_COARSE_ROWS; r++)
        for (c = 0; c < BF_COARSE_COLS; c++) {
            const struct weight *b = &m->block[r * BF_COARSE_COLS + c];

            SUMMED(shown, shown->use[r * BF_COARSE_COLS + c] ? 1 : 0);
            SUMMED(n_moving, b->moving > 0 ? 1 : 0);
            SUMMED_WEIGHT(moving);
            SUMMED_WEIGHT(in_step);
            SUMMED_WEIGHT(close);
            SUMMED_WEIGHT(stray);
        }
#undef SUMMED
#undef SUMMED_WEIGHT
}

/* The part of a table that lies in rows [r0, r1) and columns [c0, c1). */
#define WITHIN(t, field, r0, c0, r1, c1)                                        \
    ((t)->sum[r1][c1].field - (t)->sum[r0][c1].field - (t)->sum[r1][c0].field + \
     (t)->sum[r0][c0].field)
#define COUNT_WITHIN(t, field, r0, c0, r1, c1) \
    ((t)->field[r1][c1] - (t)->field[r0][c1] - (t)->field[r1][c0] + (t)->field[r0][c0])

/* How what lies outside a box moves. */
static void measure_outside(struct bf_run *run, const struct table *t, unsigned r0, unsigned c0,
                            unsigned r1, unsigned c1)
{
    const struct weight *all = &t->sum[BF_COARSE_ROWS][BF_COARSE_COLS];
    double shown = t->shown[BF_COARSE_ROWS][BF_COARSE_COLS];
    double n_moving = t->n_moving[BF_COARSE_ROWS][BF_COARSE_COLS];
    double moving = all->moving - WITHIN(t, moving, r0, c0, r1, c1);
    double stray = all->stray - WITHIN(t, stray, r0, c0, r1, c1);
    double in_step, close;

    if (COUNT_WITHIN(t, shown, r0, c0, r1, c1) > BOX_MOST * shown ||
        n_moving - COUNT_WITHIN(t, n_moving, r0, c0, r1, c1) < OUTSIDE_MIN ||
        moving < OUTSIDE_SHARE_MIN * all->moving)
        return;
    in_step = (all->in_step - WITHIN(t, in_step, r0, c0, r1, c1)) / (moving + stray);
    close = (all->close - WITHIN(t, close, r0, c0, r1, c1)) / (moving + stray);
    if (fmin(in_step / OUTSIDE_IN_STEP_MIN, close / OUTSIDE_CLOSE_MIN) >
        fmin(run->outside_in_step / OUTSIDE_IN_STEP_MIN, run->outside_close / OUTSIDE_CLOSE_MIN)) {
        run->outside_in_step = in_step;
        run->outside_close = close;
    }
}

static void find_outside(struct bf_run *run, const struct motion *m, const struct bf_shown *shown)
{
    struct table t;
    unsigned r0, c0, r1, c1;

    fill_table(&t, m, shown);
    run->outside_in_step = run->outside_close = 0;
    for (r0 = 0; r0 < BF_COARSE_ROWS; r0++)
        for (r1 = r0 + 1; r1 <= BF_COARSE_ROWS; r1++)
            for (c0 = 0; c0 < BF_COARSE_COLS; c0++)
                for (c1 = c0 + 1; c1 <= BF_COARSE_COLS; c1++)
                    measure_outside(run, &t, r0, c0, r1, c1);
}

static void take_shares(struct bf_run *run, const struct motion *m)
{
    double moving = 0, in_step = 0, close = 0;
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++) {
        moving += m->block[i].moving;
        in_step += m->block[i].in_step;
        close += m->block[i].close;
    }
    run->moving = m->n_cells > 0 ? moving / (MOVING_CAP * (double)m->n_cells) : 0;
    run->suspect_moving = m->n_cells > 0 ? m->suspect_moving / (double)m->n_cells : 0;
    run->in_step = moving > 0 ? in_step / moving : 0;
    run->close = moving > 0 ? close / moving : 0;
}

/* Block means of suspect and record in a moment of the run; false outside either. */
static bool beside(float *x, float *s, const struct bf_run *run, const struct bf_trace *t,
                   struct bf_coarse *source, int64_t at)
{
    return bf_trace_mean_coarse(t, x, at, at + BF_ALIGN_STEP_US) > 0 &&
           bf_coarse_at(source, s, bf_run_source_us(run, at + BF_ALIGN_STEP_US / 2));
}

/*
 * From where on in the run motion is measured: at its own rate from where moments of the suspect
 * lie on samples of the record, which need not be blended then. Where much moves in a tenth of a
 * second a blend of two is not what was shown between them.
 */
static int64_t first_on_sample_us(const struct bf_run *run, int64_t at)
{
    int64_t off = (at + run->offset_us) % BF_DIGEST_PERIOD_US;

    if (run->rate != 1)
        return at;
    off = off < 0 ? off + BF_DIGEST_PERIOD_US : off;
    return at + (BF_DIGEST_PERIOD_US - off) % BF_DIGEST_PERIOD_US;
}

enum bf_err bf_motion_measure(struct bf_run *run, const struct bf_trace *t,
                              struct bf_coarse *source, const struct bf_shown *shown,
                              struct bf_error *err)
{
    struct chunk *c = calloc(1, sizeof *c);
    struct motion m = {0};
    double distance = 0;
    int64_t first = run->start_us - run->start_us % BF_ALIGN_STEP_US, at;
    size_t n = 0;

    if (c == NULL)
        return bf_error_nomem(err);
    for (at = first; at < run->end_us; at += BF_ALIGN_STEP_US) {
        if (!beside(c->x[0], c->s[0], run, t, source, at))
            continue;
        distance +=
            (double)bf_block_distance(c->x[0], c->s[0], (float)run->gain, (float)run->bias, shown);
        n++;
    }
    for (at = first_on_sample_us(run, first); at < run->end_us; at += BF_ALIGN_STEP_US)
        if (beside(c->x[c->n], c->s[c->n], run, t, source, at) && ++c->n == CHUNK)
            add_chunk(&m, c, run, shown);
    add_chunk(&m, c, run, shown);
    free(c);
    run->distance = n > 0 ? distance / (double)n : (double)BF_DISTANCE_CAP;
    run->whole = run->start_us <= WHOLE_US && run->end_us >= bf_trace_end_us(t) - WHOLE_US;
    take_shares(run, &m);
    find_outside(run, &m, shown);
    return bf_coarse_status(source, err);
}

bool bf_run_is_still(const struct bf_run *r)
{
    return r->moving < STILL && r->suspect_moving < STILL;
}

static bool outside_follows(const struct bf_run *r)
{
    return r->rate == 1 && r->outside_in_step >= OUTSIDE_IN_STEP_MIN &&
           r->outside_close >= OUTSIDE_CLOSE_MIN;
}

bool bf_run_follows_closely(const struct bf_run *r)
{
    if (r->end_us - r->start_us < TINY_RUN_US || r->moving < STILL)
        return false;
    return outside_follows(r) || (r->in_step >= IN_STEP_MIN_TINY && r->close >= CLOSE_MIN_TINY);
}

static double outline_misfit(const struct bf_run *r)
{
    double misfit = pow(r->outline_difference, 3) * r->outline_strays;

    if (r->end_us - r->start_us < TINY_RUN_US)
        misfit *= pow(fmax(1, r->distance / OUTLINE_DISTANCE_TINY), 3);
    return misfit;
}

/* All of a short suspect lies on the record's outlines. What comes before and after a nod that two
 * takes share does not, so no part of a longer one will do. */
static bool outline_follows(const struct bf_run *r)
{
    return r->outlined && r->rate == 1 && r->whole && r->end_us - r->start_us >= OUTLINE_MIN_US &&
           r->outline_apart <= OUTLINE_APART && outline_misfit(r) <= OUTLINE_MISFIT;
}

static bool outline_contradicts(const struct bf_run *r)
{
    return r->outlined &&
           r->outline_apart * r->outline_apart * r->outline_strays * r->distance > OUTLINE_STRAY;
}

/* As a whole, not only round a face that was replaced. */
static bool follows_whole(const struct bf_run *r)
{
    int64_t length = r->end_us - r->start_us;
    bool retimed = r->rate != 1;

    if (length < RUN_MIN_US)
        return false;
    if (r->vouched)
        return true;
    if (bf_run_is_still(r))
        return r->distance < BF_STILL_DISTANCE && !retimed;
    if (r->moving < STILL)
        return false;
    if (outline_follows(r))
        return true;
    if (length < (retimed ? SHORT_RUN_US : TINY_RUN_US))
        return r->in_step >= IN_STEP_MIN_TINY && r->close >= CLOSE_MIN_TINY &&
               !outline_contradicts(r);
    if (length < SHORT_RUN_US || retimed)
        return r->in_step >= IN_STEP_MIN_SHORT && r->close >= CLOSE_MIN_SHORT;
    /* Where little moves, an encoder's noise alone keeps a copy from being close. */
    return (r->in_step >= IN_STEP_MIN && r->close >= CLOSE_MIN) ||
           (r->in_step >= IN_STEP_MIN_SHORT && r->distance <= BF_ALIKE_DISTANCE);
}

/* Outside one box, in a run long enough for that to say something. */
static bool follows_but_for_box(const struct bf_run *r)
{
    return r->end_us - r->start_us >= TINY_RUN_US && !bf_run_is_still(r) && r->moving >= STILL &&
           outside_follows(r);
}

bool bf_run_follows_around(const struct bf_run *r)
{
    return follows_but_for_box(r) && !follows_whole(r);
}

bool bf_run_follows(const struct bf_run *r)
{
    return follows_whole(r) || follows_but_for_box(r);
}
