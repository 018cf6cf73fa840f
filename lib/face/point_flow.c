#include "lib/face/point_flow.h"

#include <math.h>
#include <string.h>

enum {
    REACH = BF_POINT_FLOW_REACH,
    WIDE = 2 * REACH + 1,
    PIXELS = WIDE * WIDE,
    ROOM = WIDE + 2, /* with a pixel round it, for gradients */
    TURNS = 8,
    LANES = 8,
    ROOMY = (PIXELS + LANES - 1) / LANES * LANES,
};

#define ENOUGH 0.01f /* pixels: a step that changes nothing */
#define EVEN 0.15f   /* smaller eigenvalue, a pixel, of squared grey levels */
#define FAR (1.5f * REACH)

/* size x size values round (x, y); false where they are not all in the picture. */
static bool sample(float *out, int size, const float *in, size_t side, float x, float y)
{
    float left = x - 0.5f - 0.5f * (float)(size - 1), top = y - 0.5f - 0.5f * (float)(size - 1);
    float fx = left - floorf(left), fy = top - floorf(top);
    float a = (1 - fx) * (1 - fy), b = fx * (1 - fy), c = (1 - fx) * fy, d = fx * fy;
    const float *row;
    int i, k;

    if (!(left >= 0 && top >= 0 && left + (float)size < (float)side - 1 &&
          top + (float)size < (float)side - 1))
        return false;
    row = in + (size_t)top * side + (size_t)left;
    for (i = 0; i < size; i++, row += side)
        for (k = 0; k < size; k++)
            out[i * size + k] = a * row[k] + b * row[k + 1] + c * row[side + (size_t)k] +
                                d * row[side + (size_t)k + 1];
    return true;
}

/* Sums in lanes of their own, which the vectoriser may keep apart. */
struct lanes {
    float a[LANES], b[LANES], c[LANES];
};

static float total(const float lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static float mean_of(const float v[ROOMY])
{
    struct lanes l = {{0}, {0}, {0}};
    int i, k;

    for (i = 0; i < ROOMY; i += LANES)
        for (k = 0; k < LANES; k++)
            l.a[k] += v[i + k];
    return total(l.a) / PIXELS;
}

/* What fills v up to whole lanes stays 0. */
static void centre(float v[ROOMY])
{
    float mean = mean_of(v);
    int i;

    for (i = 0; i < PIXELS; i++)
        v[i] -= mean;
}

/* The square before and its gradients, without their means. */
struct square {
    float was[ROOMY], gx[ROOMY], gy[ROOMY];
    float xx, xy, yy; /* sums of the gradients' products */
};

static bool look_at(struct square *s, const float *before, size_t side, struct bf_point2 point)
{
    float room[ROOM * ROOM];
    struct lanes l = {{0}, {0}, {0}};
    int x, y, i, k;

    if (!sample(room, ROOM, before, side, point.x, point.y))
        return false;
    memset(s, 0, sizeof *s);
    for (y = 0; y < WIDE; y++)
        for (x = 0; x < WIDE; x++) {
            const float *c = room + (y + 1) * ROOM + x + 1;

            s->was[y * WIDE + x] = c[0];
            s->gx[y * WIDE + x] = 0.5f * (c[1] - c[-1]);
            s->gy[y * WIDE + x] = 0.5f * (c[ROOM] - c[-ROOM]);
        }
    centre(s->was);
    centre(s->gx);
    centre(s->gy);
    for (i = 0; i < ROOMY; i += LANES)
        for (k = 0; k < LANES; k++) {
            l.a[k] += s->gx[i + k] * s->gx[i + k];
            l.b[k] += s->gx[i + k] * s->gy[i + k];
            l.c[k] += s->gy[i + k] * s->gy[i + k];
        }
    s->xx = total(l.a);
    s->xy = total(l.b);
    s->yy = total(l.c);
    return true;
}

/* How the difference at that place leans on the gradients (ex, ey), and its mean square. */
static bool difference(float *ex, float *ey, float *rest, const struct square *s, const float *now,
                       size_t side, struct bf_point2 at)
{
    float is[ROOMY] = {0}, mean;
    struct lanes l = {{0}, {0}, {0}};
    int i, k;

    if (!sample(is, WIDE, now, side, at.x, at.y))
        return false;
    mean = mean_of(is);
    for (i = PIXELS; i < ROOMY; i++)
        is[i] = mean;
    for (i = 0; i < ROOMY; i += LANES)
        for (k = 0; k < LANES; k++) {
            float e = s->was[i + k] - (is[i + k] - mean);

            l.a[k] += s->gx[i + k] * e;
            l.b[k] += s->gy[i + k] * e;
            l.c[k] += e * e;
        }
    *ex = total(l.a);
    *ey = total(l.b);
    *rest = total(l.c) / PIXELS;
    return true;
}

static void follow(struct bf_point_flow *out, const float *before, const float *now, size_t side,
                   struct bf_point2 point, struct bf_point2 guess)
{
    struct square s;
    float det, half, least;
    int turn;

    *out = (struct bf_point_flow){guess, -1, -1, false};
    if (!look_at(&s, before, side, point))
        return;
    out->detail = (s.xx + s.yy) / PIXELS;
    det = s.xx * s.yy - s.xy * s.xy;
    half = 0.5f * (s.xx + s.yy);
    least = half - sqrtf(fmaxf(half * half - det, 0));
    if (!(least > EVEN * PIXELS))
        return;
    for (turn = 0; turn < TURNS; turn++) {
        float ex, ey, dx, dy;

        if (!difference(&ex, &ey, &out->rest, &s, now, side, out->moved)) {
            out->rest = -1;
            return;
        }
        dx = (s.yy * ex - s.xy * ey) / det;
        dy = (s.xx * ey - s.xy * ex) / det;
        out->moved.x += dx;
        out->moved.y += dy;
        if (!(fabsf(out->moved.x - guess.x) < FAR && fabsf(out->moved.y - guess.y) < FAR))
            return;
        if (dx * dx + dy * dy < ENOUGH * ENOUGH)
            break;
    }
    out->found = true;
}

void bf_point_flow(struct bf_point_flow *out, const float *before, const float *now, size_t side,
                   const struct bf_point2 *point, const struct bf_point2 *guess, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        follow(&out[i], before, now, side, point[i], guess[i]);
}
