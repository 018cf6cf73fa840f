#include "detector/slip_evidence.h"
#include "detector/slip_step.h"
#include "detector/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = BF_SLIP_SIDE,
    STEPS_LEAST = 10,  /* of a cue */
    NEAR_US = 28000,   /* a frame nearer to the one before is left out */
    APART_US = 100000, /* and one farther from it begins anew */
};

#define EYES 0.25f  /* as bf_face_align: a face covers more than half of the square */
#define MOVED 0.06f /* of the square: so far from its place a face is cut out anew */
#define GROWN 1.1f  /* or so much larger, or smaller */
#define FINEST 1e-5 /* of the face's width: what is less than that is not told apart */
#define STILL ((double)BF_SLIP_STILL)

struct timed {
    int64_t pts_us;
    struct bf_slip_step step;
};

struct bf_slip_evidence {
    float luma[2][SIDE * SIDE];
    unsigned now;           /* which is to be cut next */
    bool has_before;        /* the other is the frame before */
    bool is_new;            /* the last step is the last frame's */
    bool passed_over;       /* the last frame was */
    struct bf_affine place; /* from it to the picture */
    struct bf_point2 before[BF_OUTLINE_POINTS];
    int64_t before_us;
    struct timed *step; /* (n) */
    size_t n, cap;
};

struct bf_slip_evidence *bf_slip_evidence_create(void)
{
    return calloc(1, sizeof(struct bf_slip_evidence));
}

void bf_slip_evidence_free(struct bf_slip_evidence **s)
{
    if (*s != NULL)
        free((*s)->step);
    free(*s);
    *s = NULL;
}

/* --- frames
 * ------------------------------------------------------------------------------------------------
 */

static struct timed *another(struct bf_slip_evidence *s)
{
    size_t cap = 2 * s->cap + 64;
    struct timed *more;

    if (s->n == s->cap) {
        more = realloc(s->step, cap * sizeof *more);
        if (more == NULL)
            return NULL;
        s->step = more;
        s->cap = cap;
    }
    return &s->step[s->n++];
}

static bool outline_in(struct bf_point2 out[BF_OUTLINE_POINTS], const struct bf_point3 *mesh,
                       const struct bf_affine *place)
{
    struct bf_affine from;
    size_t k;

    if (!bf_affine_invert(&from, place))
        return false;
    for (k = 0; k < BF_OUTLINE_POINTS; k++)
        out[k] = bf_affine_apply(&from, mesh[bf_outline_points[k]].x, mesh[bf_outline_points[k]].y);
    return true;
}

/* Whether a face whose own place is that one has gone too far from the place at hand. */
static bool is_off(const struct bf_affine *at, const struct bf_affine *own)
{
    struct bf_affine from, both;
    struct bf_point2 a, b;
    float grown = bf_affine_scale(own) / bf_affine_scale(at);

    if (!bf_affine_invert(&from, at))
        return true;
    both = bf_affine_chain(own, &from);
    a = bf_affine_apply(&both, 0.3f * SIDE, 0.5f * SIDE);
    b = bf_affine_apply(&both, 0.7f * SIDE, 0.5f * SIDE);
    return grown > GROWN || grown < 1 / GROWN ||
           hypotf(a.x - 0.3f * SIDE, a.y - 0.5f * SIDE) > MOVED * SIDE ||
           hypotf(b.x - 0.7f * SIDE, b.y - 0.5f * SIDE) > MOVED * SIDE;
}

enum bf_err bf_slip_evidence_add(struct bf_slip_evidence *s, struct bf_face_view *view,
                                 const struct bf_point3 *mesh, int64_t pts_us, struct bf_error *err)
{
    struct bf_point2 now[BF_OUTLINE_POINTS];
    struct bf_affine own;
    enum bf_err rc = BF_OK;
    bool after = s->has_before && pts_us - s->before_us <= APART_US;

    s->is_new = false;
    s->passed_over = after && pts_us - s->before_us < NEAR_US;
    if (s->passed_over)
        return BF_OK;
    s->has_before = false;
    if (!bf_face_align(&own, mesh, SIDE, EYES))
        return BF_OK;
    if (after && outline_in(now, mesh, &s->place)) {
        struct timed *step = another(s);

        if (step == NULL)
            return bf_error_nomem(err);
        rc = bf_face_view_cut_luma(s->luma[s->now], view, SIDE, &s->place, err);
        if (rc != BF_OK)
            return rc;
        step->pts_us = pts_us;
        bf_slip_step_take(&step->step, s->luma[!s->now], s->luma[s->now], s->before, now);
        s->is_new = true;
    }
    if (!after || is_off(&s->place, &own)) {
        s->place = own;
        rc = bf_face_view_cut_luma(s->luma[s->now], view, SIDE, &own, err);
        if (rc != BF_OK)
            return rc;
    }
    if (outline_in(s->before, mesh, &s->place)) {
        s->has_before = true;
        s->before_us = pts_us;
        s->now = !s->now;
    }
    return BF_OK;
}

bool bf_slip_evidence_passed_over(const struct bf_slip_evidence *s)
{
    return s->passed_over;
}

static float if_seen(float v)
{
    return isfinite(v) ? v : 0;
}

void bf_slip_evidence_last(float out[BF_SLIP_WIDTH], const struct bf_slip_evidence *s)
{
    const struct bf_slip_step *last = s->n > 0 ? &s->step[s->n - 1].step : NULL;
    float *looks = out + 2 * (BF_SLIP_REGIONS + 1);
    int i;

    memset(out, 0, BF_SLIP_WIDTH * sizeof *out);
    if (last == NULL || !s->is_new)
        return;
    for (i = 0; i <= BF_SLIP_REGIONS; i++) {
        looks[2 * i] = if_seen(last->detail[i]);
        looks[2 * i + 1] = if_seen(last->rest[i]);
    }
    if (!isfinite(last->tremble.x))
        return;
    for (i = 0; i < BF_SLIP_REGIONS; i++) {
        out[2 * i] = if_seen(last->slip[i].x);
        out[2 * i + 1] = if_seen(last->slip[i].y);
    }
    out[2 * BF_SLIP_REGIONS] = last->tremble.x;
    out[2 * BF_SLIP_REGIONS + 1] = last->tremble.y;
}

/* --- the end
 * ------------------------------------------------------------------------------------------------
 */

/* Steps of a region that can be compared: its slip, and what the landmarks tremble. */
struct pairs {
    struct bf_point2 *slip, *tremble; /* (n) */
    double *work;                     /* room for n */
    size_t n;
};

static double length(struct bf_point2 p)
{
    return hypot((double)p.x, (double)p.y);
}

static struct bf_point2 beyond(struct bf_point2 a, struct bf_point2 b, struct bf_point2 c)
{
    return (struct bf_point2){b.x - 0.5f * (a.x + c.x), b.y - 0.5f * (a.y + c.y)};
}

/* sudden: of each step what it has beyond the mean of its neighbours. */
static void pair_up(struct pairs *p, const struct bf_slip_evidence *s, enum bf_slip_region r,
                    bool sudden)
{
    size_t i;

    p->n = 0;
    for (i = 1; i + 1 < s->n; i++) {
        const struct timed *t = &s->step[i];
        struct bf_point2 a = t->step.slip[r], b = t->step.tremble;

        if (t[1].pts_us - t->pts_us > APART_US || t->pts_us - t[-1].pts_us > APART_US)
            continue;
        if (sudden) {
            a = beyond(t[-1].step.slip[r], a, t[1].step.slip[r]);
            b = beyond(t[-1].step.tremble, b, t[1].step.tremble);
        }
        if (!isfinite(length(a)) || !isfinite(length(b)))
            continue;
        p->slip[p->n] = a;
        p->tremble[p->n++] = b;
    }
}

static double share_below(struct pairs *p, const struct bf_point2 *v, double share)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        p->work[i] = length(v[i]);
    bf_statistic_sort(p->work, p->n);
    return bf_statistic_quantile(p->work, p->n, share);
}

/* Log of the median slip over the median tremble; NAN where there are too few steps. */
static double level(struct pairs *p)
{
    if (p->n < STEPS_LEAST)
        return (double)NAN;
    return log((share_below(p, p->slip, 0.5) + FINEST) /
               (share_below(p, p->tremble, 0.5) + FINEST));
}

/*
 * How much of the landmarks' tremble the region goes along with: 0 a head's own skin, 1 what is
 * laid on by these landmarks, or what they were drawn to. Large trembles count by their length, not
 * by its square, for the largest are points that were lost.
 */
static double following(const struct pairs *p)
{
    double both = 0, all = STEPS_LEAST * STILL;
    size_t i;

    if (p->n < STEPS_LEAST)
        return (double)NAN;
    for (i = 0; i < p->n; i++) {
        struct bf_point2 a = p->slip[i], b = p->tremble[i];
        double l = length(b);

        both -= ((double)a.x * (double)b.x + (double)a.y * (double)b.y) / (l + STILL);
        all += l * l / (l + STILL);
    }
    return both / all;
}

enum bf_err bf_slip_evidence_finish(double cue[BF_CUES], const struct bf_slip_evidence *s,
                                    struct bf_error *err)
{
    static const struct {
        enum bf_cue cue;
        enum bf_slip_region region;
        bool sudden; /* mouth and eyes: their own motion is as sudden as a tremble */
    } asked[] = {{BF_CUE_SLIP_INNER, BF_SLIP_INNER, true},
                 {BF_CUE_SLIP_EDGE, BF_SLIP_EDGE, true},
                 {BF_CUE_SLIP_LOWER, BF_SLIP_LOWER, true},
                 {BF_CUE_SLIP_MOUTH, BF_SLIP_MOUTH, false},
                 {BF_CUE_SLIP_EYES, BF_SLIP_LIDS, false}};
    struct pairs p = {0};
    enum bf_err rc = BF_OK;
    size_t i;

    p.slip = malloc((s->n + 1) * sizeof *p.slip);
    p.tremble = malloc((s->n + 1) * sizeof *p.tremble);
    p.work = malloc((s->n + 1) * sizeof *p.work);
    if (p.slip == NULL || p.tremble == NULL || p.work == NULL)
        rc = bf_error_nomem(err);
    for (i = 0; rc == BF_OK && i < sizeof asked / sizeof *asked; i++) {
        pair_up(&p, s, asked[i].region, asked[i].sudden);
        cue[asked[i].cue] = following(&p);
        if (asked[i].cue == BF_CUE_SLIP_INNER)
            cue[BF_CUE_SLIP] = level(&p);
    }
    free(p.slip);
    free(p.tremble);
    free(p.work);
    return rc;
}
