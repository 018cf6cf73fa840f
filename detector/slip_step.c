#include "detector/slip_step.h"
#include "lib/face/point_flow.h"

#include <math.h>
#include <stdlib.h>

enum {
    RINGS = 6, /* the outline drawn at so many sizes */
    POINTS = BF_OUTLINE_POINTS * RINGS,
    FIT_TURNS = 5,
    RIM_LEAST = 12,   /* points that a motion is fitted to */
    REGION_LEAST = 8, /* points that a region's motion is the median of */
};

#define ROUGH 1.5f      /* residual, in medians, from which on a point counts less */
#define LEAST_SEEN 0.5f /* squared grey levels, which a coder leaves anyway */
#define NOWHERE ((float)NAN)

static const float ring_size[RINGS] = {0.36f, 0.54f, 0.7f, 0.84f, 0.96f, 1.08f};

/* What region a point is of. BF_SLIP_LOWER is lips and chin, BF_SLIP_MOUTH the lower half of the
 * inner face, BF_SLIP_LIDS the skin round the eyes up to the brows. */
static bool is_of(enum bf_slip_region r, size_t i)
{
    size_t ring = i / BF_OUTLINE_POINTS, k = i % BF_OUTLINE_POINTS;

    switch (r) {
    case BF_SLIP_INNER:
        return ring <= 2;
    case BF_SLIP_EDGE:
        return ring == 3;
    case BF_SLIP_LOWER:
        return ring >= 1 && ring <= 3 && k >= 13 && k <= 23;
    case BF_SLIP_MOUTH:
        return ring <= 2 && k >= 10 && k <= 26;
    case BF_SLIP_LIDS:
        return ring <= 1 && (k <= 9 || k >= 27);
    }
    return false;
}

/* Which points it is measured by. */
static bool holds(enum bf_slip_region r, size_t i)
{
    size_t ring = i / BF_OUTLINE_POINTS, k = i % BF_OUTLINE_POINTS;

    switch (r) {
    case BF_SLIP_INNER:
    case BF_SLIP_LOWER:
        return ring >= 4;
    case BF_SLIP_EDGE:
        return ring == 5;
    case BF_SLIP_MOUTH:
        return ring <= 2 && (k < 9 || k > 27);
    case BF_SLIP_LIDS:
        return ring == 4 || ((ring == 2 || ring == 3) && k > 9 && k < 27);
    }
    return false;
}

struct members {
    uint16_t point[POINTS];
    size_t n;
};

/* The points of a region, and those it is measured by. */
static void list_members(struct members *of, struct members *holding, enum bf_slip_region r)
{
    size_t i;

    of->n = holding->n = 0;
    for (i = 0; i < POINTS; i++) {
        if (is_of(r, i))
            of->point[of->n++] = (uint16_t)i;
        if (holds(r, i))
            holding->point[holding->n++] = (uint16_t)i;
    }
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

static void draw_rings(struct bf_point2 out[POINTS],
                       const struct bf_point2 around[BF_OUTLINE_POINTS])
{
    struct bf_point2 c = middle(around, BF_OUTLINE_POINTS);
    size_t ring, k;

    for (ring = 0; ring < RINGS; ring++)
        for (k = 0; k < BF_OUTLINE_POINTS; k++)
            out[ring * BF_OUTLINE_POINTS + k] =
                (struct bf_point2){c.x + ring_size[ring] * (around[k].x - c.x),
                                   c.y + ring_size[ring] * (around[k].y - c.y)};
}

/* The median of what those points move beside that motion; NAN where too few were seen. */
static struct bf_point2 slip_of(const struct members *of, const struct motion *m,
                                const struct bf_point2 *point, const struct bf_point2 *flow,
                                const struct bf_point_flow *seen)
{
    float x[POINTS], y[POINTS];
    size_t n = 0, i;

    for (i = 0; i < of->n; i++) {
        size_t k = of->point[i];
        struct bf_point2 held = motion_at(m, point[k]);

        if (!seen[k].found)
            continue;
        x[n] = flow[k].x - held.x;
        y[n++] = flow[k].y - held.y;
    }
    if (n < REGION_LEAST)
        return (struct bf_point2){NOWHERE, NOWHERE};
    return (struct bf_point2){median(x, n), median(y, n)};
}

/* Log of the median detail of those points, or of the rest; NAN where too few were seen. */
static float level_of(const struct members *of, const struct bf_point_flow *seen, bool rest)
{
    float v[POINTS];
    size_t n = 0, i;

    for (i = 0; i < of->n; i++) {
        const struct bf_point_flow *p = &seen[of->point[i]];

        if (rest ? p->found : p->detail >= 0)
            v[n++] = rest ? p->rest : p->detail;
    }
    return n < REGION_LEAST ? NOWHERE : logf(median(v, n) + LEAST_SEEN);
}

/* Of the rim's landmarks against the rim that was followed: what the latter moves, less the former.
 */
static struct bf_point2 tremble_of(const struct members *holding, const struct motion *m,
                                   const struct bf_point2 *point, const struct bf_point2 *landmark)
{
    struct bf_point2 rim[POINTS], went[POINTS], sum = {0, 0};
    struct motion l;
    size_t n = holding->n, i;

    for (i = 0; i < n; i++) {
        rim[i] = point[holding->point[i]];
        went[i] = landmark[holding->point[i]];
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
                       const struct bf_point_flow *seen, const struct bf_point2 *guess,
                       struct bf_point2 centre, float width)
{
    size_t i;

    for (i = 0; i < POINTS; i++) {
        flow[i] = (struct bf_point2){(seen[i].moved.x - point[i].x) / width,
                                     (seen[i].moved.y - point[i].y) / width};
        landmark[i] = (struct bf_point2){(guess[i].x - point[i].x) / width,
                                         (guess[i].y - point[i].y) / width};
        point[i] =
            (struct bf_point2){(point[i].x - centre.x) / width, (point[i].y - centre.y) / width};
    }
}

/* From before to now, both cut at one place, with the outlines in it. */
void bf_slip_step_take(struct bf_slip_step *s, const float *before, const float *now,
                       const struct bf_point2 *was, const struct bf_point2 *is)
{
    struct bf_point2 point[POINTS], guess[POINTS], flow[POINTS], landmark[POINTS];
    struct bf_point2 held[POINTS], went[POINTS];
    struct bf_point_flow seen[POINTS];
    float wide = hypotf(was[8].x - was[28].x, was[8].y - was[28].y),
          high = hypotf(was[0].x - was[18].x, was[0].y - was[18].y);
    float detail, left;
    struct motion m;
    int r;
    size_t n, i;

    draw_rings(point, was);
    draw_rings(guess, is);
    bf_point_flow(seen, before, now, BF_SLIP_SIDE, point, guess, POINTS);
    scale_down(point, flow, landmark, seen, guess, middle(was, BF_OUTLINE_POINTS),
               fmaxf(wide, 0.8f * high));
    s->tremble = (struct bf_point2){NOWHERE, NOWHERE};
    for (r = 0; r < BF_SLIP_REGIONS; r++) {
        struct members of, holding;
        bool fitted;

        list_members(&of, &holding, (enum bf_slip_region)r);
        for (n = 0, i = 0; i < holding.n; i++)
            if (seen[holding.point[i]].found) {
                held[n] = point[holding.point[i]];
                went[n++] = flow[holding.point[i]];
            }
        fitted = n >= RIM_LEAST && fit(&m, held, went, n);
        s->slip[r] =
            fitted ? slip_of(&of, &m, point, flow, seen) : (struct bf_point2){NOWHERE, NOWHERE};
        detail = level_of(&holding, seen, false);
        left = level_of(&holding, seen, true);
        s->detail[r] = level_of(&of, seen, false) - detail;
        s->rest[r] = level_of(&of, seen, true) - left;
        if (r != BF_SLIP_INNER)
            continue;
        s->detail[BF_SLIP_REGIONS] = detail;
        s->rest[BF_SLIP_REGIONS] = left;
        if (fitted)
            s->tremble = tremble_of(&holding, &m, point, landmark);
    }
}
