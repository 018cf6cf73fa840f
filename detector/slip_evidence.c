#include "detector/slip_evidence.h"
#include "detector/statistics.h"
#include "lib/face/point_flow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 224,
    AROUND = 36, /* points of the mesh's outline */
    RINGS = 7,   /* the outline drawn at so many sizes */
    POINTS = AROUND * RINGS,
    FIT_TURNS = 5,
    RIM_LEAST = 12,    /* points that a motion is fitted to */
    REGION_LEAST = 8,  /* points that a region's motion is the median of */
    STEPS_LEAST = 10,  /* of a cue */
    NEAR_US = 28000,   /* a frame nearer to the one before is left out */
    APART_US = 100000, /* and one farther from it begins anew */
};

#define EYES 0.25f  /* as bf_face_align: a face covers more than half of the square */
#define ROUGH 1.5f  /* residual, in medians, from which on a point counts less */
#define MOVED 0.06f /* of the square: so far from its place a face is cut out anew */
#define GROWN 1.1f  /* or so much larger, or smaller */
#define FINEST 1e-5 /* of the face's width: what is less than that is not told apart */
#define STILL 3e-4  /* tremble of which hardly anything can follow */
#define NOWHERE ((float)NAN)

static const float ring_size[RINGS] = {0.18f, 0.36f, 0.54f, 0.7f, 0.84f, 0.96f, 1.08f};

/* The mesh's outline, from the top of the forehead on over the left temple. */
static const uint16_t outline[AROUND] = {
    10,  338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58,  132, 93,  234, 127, 162, 21,  54,  103, 67,  109};

enum region { INNER, EDGE, LOWER, MOUTH, LIDS, REGIONS };
static_assert((int)REGIONS == BF_SLIP_REGIONS, "the header says how many regions there are");

/* One frame against the one before; in widths of the face. */
struct step {
    int64_t pts_us;
    struct bf_point2 slip[REGIONS]; /* NAN: not seen */
    struct bf_point2 tremble;       /* of the landmarks on the rim against the rim */
};

struct bf_slip_evidence {
    float luma[2][SIDE * SIDE];
    unsigned now;           /* which is to be cut next */
    bool has_before;        /* the other is the frame before */
    bool is_new;            /* the last step is the last frame's */
    struct bf_affine place; /* from it to the picture */
    struct bf_point2 before[AROUND];
    int64_t before_us;
    struct step *step; /* (n) */
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

/* --- one step
 * ------------------------------------------------------------------------------------------------
 */

/* What region a point is of. LOWER is lips and chin, MOUTH the lower half of the inner face, LIDS
 * the skin round the eyes up to the brows. */
static bool is_of(enum region r, size_t i)
{
    size_t ring = i / AROUND, k = i % AROUND;

    switch (r) {
    case INNER:
        return ring <= 3;
    case EDGE:
        return ring == 4;
    case LOWER:
        return ring >= 2 && ring <= 4 && k >= 13 && k <= 23;
    case MOUTH:
        return ring >= 1 && ring <= 3 && k >= 10 && k <= 26;
    case LIDS:
        return (ring == 1 || ring == 2) && (k <= 9 || k >= 27);
    case REGIONS:
        break;
    }
    return false;
}

/* Which points it is measured by. */
static bool holds(enum region r, size_t i)
{
    size_t ring = i / AROUND, k = i % AROUND;

    switch (r) {
    case INNER:
    case LOWER:
        return ring >= 5;
    case EDGE:
        return ring == 6;
    case MOUTH:
        return ring >= 1 && ring <= 3 && (k < 9 || k > 27);
    case LIDS:
        return ring == 5 || ((ring == 0 || ring == 3 || ring == 4) && k > 9 && k < 27);
    case REGIONS:
        break;
    }
    return false;
}

struct motion {
    float x[3], y[3]; /* of 1, x and y */
};

static struct bf_point2 motion_at(const struct motion *m, struct bf_point2 p)
{
    return (struct bf_point2){m->x[0] + m->x[1] * p.x + m->x[2] * p.y,
                              m->y[0] + m->y[1] * p.x + m->y[2] * p.y};
}

/* Solves the symmetric 3 x 3 system for both coordinates. */
static bool solve(struct motion *out, double a[3][3], double b[3][2])
{
    int i, k, j;

    for (i = 0; i < 3; i++) {
        if (!(fabs(a[i][i]) > 1e-12))
            return false;
        for (k = 0; k < 3; k++) {
            double f = a[k][i] / a[i][i];

            if (k == i)
                continue;
            for (j = i; j < 3; j++)
                a[k][j] -= f * a[i][j];
            for (j = 0; j < 2; j++)
                b[k][j] -= f * b[i][j];
        }
    }
    for (i = 0; i < 3; i++) {
        out->x[i] = (float)(b[i][0] / a[i][i]);
        out->y[i] = (float)(b[i][1] / a[i][i]);
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x < y ? -1 : x > y;
}

/* v (n) is sorted by it. */
static float median(float *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return n % 2 == 1 ? v[n / 2] : 0.5f * (v[n / 2 - 1] + v[n / 2]);
}

/* The affine motion of n points that went by flow, those that go otherwise counting less (with
 * Cauchy's weights, 1 / (1 + (r / s)^2)). */
static bool fit(struct motion *out, const struct bf_point2 *point, const struct bf_point2 *flow,
                size_t n)
{
    float weight[POINTS], rest[POINTS], sorted[POINTS], scale;
    size_t i;
    int turn, k, j;

    for (i = 0; i < n; i++)
        weight[i] = 1;
    for (turn = 0; turn < FIT_TURNS; turn++) {
        double a[3][3] = {{0}}, b[3][2] = {{0}};

        for (i = 0; i < n; i++) {
            const double v[3] = {1, (double)point[i].x, (double)point[i].y};
            const double w = (double)weight[i];

            for (k = 0; k < 3; k++) {
                for (j = 0; j < 3; j++)
                    a[k][j] += w * v[k] * v[j];
                b[k][0] += w * v[k] * (double)flow[i].x;
                b[k][1] += w * v[k] * (double)flow[i].y;
            }
        }
        if (!solve(out, a, b))
            return false;
        for (i = 0; i < n; i++) {
            struct bf_point2 m = motion_at(out, point[i]);

            rest[i] = sorted[i] = hypotf(flow[i].x - m.x, flow[i].y - m.y);
        }
        scale = ROUGH * (median(sorted, n) + 1e-6f);
        for (i = 0; i < n; i++)
            weight[i] = 1 / (1 + rest[i] * rest[i] / (scale * scale));
    }
    return true;
}

static struct bf_point2 middle(const struct bf_point2 *p, size_t n)
{
    struct bf_point2 m = {0, 0};
    size_t i;

    for (i = 0; i < n; i++) {
        m.x += p[i].x / (float)n;
        m.y += p[i].y / (float)n;
    }
    return m;
}

static void draw_rings(struct bf_point2 out[POINTS], const struct bf_point2 around[AROUND])
{
    struct bf_point2 c = middle(around, AROUND);
    size_t ring, k;

    for (ring = 0; ring < RINGS; ring++)
        for (k = 0; k < AROUND; k++)
            out[ring * AROUND + k] =
                (struct bf_point2){c.x + ring_size[ring] * (around[k].x - c.x),
                                   c.y + ring_size[ring] * (around[k].y - c.y)};
}

/* The median of what the region's points move beside that motion; NAN where too few were seen. */
static struct bf_point2 slip_of(enum region r, const struct motion *m,
                                const struct bf_point2 *point, const struct bf_point2 *flow,
                                const bool *found)
{
    float x[POINTS], y[POINTS];
    size_t n = 0, i;

    for (i = 0; i < POINTS; i++) {
        struct bf_point2 held = motion_at(m, point[i]);

        if (!found[i] || !is_of(r, i))
            continue;
        x[n] = flow[i].x - held.x;
        y[n++] = flow[i].y - held.y;
    }
    if (n < REGION_LEAST)
        return (struct bf_point2){NOWHERE, NOWHERE};
    return (struct bf_point2){median(x, n), median(y, n)};
}

/* Of the rim's landmarks against the rim that was followed: what the latter moves, less the former.
 */
static struct bf_point2 tremble_of(const struct motion *m, const struct bf_point2 *point,
                                   const struct bf_point2 *landmark)
{
    struct bf_point2 rim[POINTS], went[POINTS], sum = {0, 0};
    struct motion l;
    size_t n = 0, i;

    for (i = 0; i < POINTS; i++)
        if (holds(INNER, i)) {
            rim[n] = point[i];
            went[n++] = landmark[i];
        }
    if (!fit(&l, rim, went, n))
        return (struct bf_point2){NOWHERE, NOWHERE};
    for (i = 0; i < n; i++) {
        struct bf_point2 a = motion_at(m, rim[i]), b = motion_at(&l, rim[i]);

        sum.x += (a.x - b.x) / (float)n;
        sum.y += (a.y - b.y) / (float)n;
    }
    return sum;
}

/* Places and shifts in widths of the face, from its middle. */
static void scale_down(struct bf_point2 *point, struct bf_point2 *flow, struct bf_point2 *landmark,
                       const struct bf_point2 *moved, const struct bf_point2 *guess,
                       struct bf_point2 centre, float width)
{
    size_t i;

    for (i = 0; i < POINTS; i++) {
        flow[i] = (struct bf_point2){(moved[i].x - point[i].x) / width,
                                     (moved[i].y - point[i].y) / width};
        landmark[i] = (struct bf_point2){(guess[i].x - point[i].x) / width,
                                         (guess[i].y - point[i].y) / width};
        point[i] =
            (struct bf_point2){(point[i].x - centre.x) / width, (point[i].y - centre.y) / width};
    }
}

/* From before to now, both cut at one place, with the outlines in it. */
static void take_step(struct step *s, const float *before, const float *now,
                      const struct bf_point2 *was, const struct bf_point2 *is)
{
    struct bf_point2 point[POINTS], guess[POINTS], moved[POINTS], flow[POINTS], landmark[POINTS];
    struct bf_point2 held[POINTS], went[POINTS];
    bool found[POINTS];
    float wide = hypotf(was[8].x - was[28].x, was[8].y - was[28].y),
          high = hypotf(was[0].x - was[18].x, was[0].y - was[18].y);
    struct motion m;
    int r;
    size_t n, i;

    draw_rings(point, was);
    draw_rings(guess, is);
    bf_point_flow(moved, found, before, now, SIDE, point, guess, POINTS);
    scale_down(point, flow, landmark, moved, guess, middle(was, AROUND), fmaxf(wide, 0.8f * high));
    s->tremble = (struct bf_point2){NOWHERE, NOWHERE};
    for (r = 0; r < REGIONS; r++) {
        bool fitted;

        for (n = 0, i = 0; i < POINTS; i++)
            if (found[i] && holds((enum region)r, i)) {
                held[n] = point[i];
                went[n++] = flow[i];
            }
        fitted = n >= RIM_LEAST && fit(&m, held, went, n);
        s->slip[r] = fitted ? slip_of((enum region)r, &m, point, flow, found)
                            : (struct bf_point2){NOWHERE, NOWHERE};
        if (fitted && r == INNER)
            s->tremble = tremble_of(&m, point, landmark);
    }
}

/* --- frames
 * ------------------------------------------------------------------------------------------------
 */

static struct step *another(struct bf_slip_evidence *s)
{
    size_t cap = 2 * s->cap + 64;
    struct step *more;

    if (s->n == s->cap) {
        more = realloc(s->step, cap * sizeof *more);
        if (more == NULL)
            return NULL;
        s->step = more;
        s->cap = cap;
    }
    return &s->step[s->n++];
}

static bool outline_in(struct bf_point2 out[AROUND], const struct bf_point3 *mesh,
                       const struct bf_affine *place)
{
    struct bf_affine from;
    size_t k;

    if (!bf_affine_invert(&from, place))
        return false;
    for (k = 0; k < AROUND; k++)
        out[k] = bf_affine_apply(&from, mesh[outline[k]].x, mesh[outline[k]].y);
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
    struct bf_point2 now[AROUND];
    struct bf_affine own;
    enum bf_err rc = BF_OK;
    bool after = s->has_before && pts_us - s->before_us <= APART_US;

    s->is_new = false;
    if (after && pts_us - s->before_us < NEAR_US)
        return BF_OK;
    s->has_before = false;
    if (!bf_face_align(&own, mesh, SIDE, EYES))
        return BF_OK;
    if (after && outline_in(now, mesh, &s->place)) {
        struct step *step = another(s);

        if (step == NULL)
            return bf_error_nomem(err);
        rc = bf_face_view_cut_luma(s->luma[s->now], view, SIDE, &s->place, err);
        if (rc != BF_OK)
            return rc;
        step->pts_us = pts_us;
        take_step(step, s->luma[!s->now], s->luma[s->now], s->before, now);
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

void bf_slip_evidence_last(float out[BF_SLIP_WIDTH], const struct bf_slip_evidence *s)
{
    const struct step *last = s->n > 0 ? &s->step[s->n - 1] : NULL;
    int i;

    memset(out, 0, BF_SLIP_WIDTH * sizeof *out);
    if (last == NULL || !s->is_new || !isfinite(last->tremble.x))
        return;
    for (i = 0; i < REGIONS; i++)
        if (isfinite(last->slip[i].x)) {
            out[2 * i] = last->slip[i].x;
            out[2 * i + 1] = last->slip[i].y;
        }
    out[2 * REGIONS] = last->tremble.x;
    out[2 * REGIONS + 1] = last->tremble.y;
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
static void pair_up(struct pairs *p, const struct bf_slip_evidence *s, enum region r, bool sudden)
{
    size_t i;

    p->n = 0;
    for (i = 1; i + 1 < s->n; i++) {
        const struct step *t = &s->step[i];
        struct bf_point2 a = t->slip[r], b = t->tremble;

        if (t[1].pts_us - t->pts_us > APART_US || t->pts_us - t[-1].pts_us > APART_US)
            continue;
        if (sudden) {
            a = beyond(t[-1].slip[r], a, t[1].slip[r]);
            b = beyond(t[-1].tremble, b, t[1].tremble);
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
        enum region region;
        bool sudden; /* mouth and eyes: their own motion is as sudden as a tremble */
    } asked[] = {{BF_CUE_SLIP_INNER, INNER, true},
                 {BF_CUE_SLIP_EDGE, EDGE, true},
                 {BF_CUE_SLIP_LOWER, LOWER, true},
                 {BF_CUE_SLIP_MOUTH, MOUTH, false},
                 {BF_CUE_SLIP_EYES, LIDS, false}};
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
