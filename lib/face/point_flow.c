#include "lib/face/point_flow.h"

#include <math.h>

enum {
    REACH = BF_POINT_FLOW_REACH,
    WIDE = 2 * REACH + 1,
    PIXELS = WIDE * WIDE,
    ROOM = WIDE + 2, /* with a pixel round it, for gradients */
    TURNS = 8,
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

static void centre(float *v)
{
    float sum = 0;
    int i;

    for (i = 0; i < PIXELS; i++)
        sum += v[i];
    for (i = 0; i < PIXELS; i++)
        v[i] -= sum / PIXELS;
}

static bool follow(struct bf_point2 *moved, const float *before, const float *now, size_t side,
                   struct bf_point2 point, struct bf_point2 guess)
{
    float room[ROOM * ROOM], was[PIXELS], gx[PIXELS], gy[PIXELS], is[PIXELS];
    float xx = 0, xy = 0, yy = 0, det, half, least, dx, dy;
    int x, y, i, turn;

    if (!sample(room, ROOM, before, side, point.x, point.y))
        return false;
    for (y = 0; y < WIDE; y++)
        for (x = 0; x < WIDE; x++) {
            const float *c = room + (y + 1) * ROOM + x + 1;

            was[y * WIDE + x] = c[0];
            gx[y * WIDE + x] = 0.5f * (c[1] - c[-1]);
            gy[y * WIDE + x] = 0.5f * (c[ROOM] - c[-ROOM]);
        }
    centre(was);
    centre(gx);
    centre(gy);
    for (i = 0; i < PIXELS; i++) {
        xx += gx[i] * gx[i];
        xy += gx[i] * gy[i];
        yy += gy[i] * gy[i];
    }
    det = xx * yy - xy * xy;
    half = 0.5f * (xx + yy);
    least = half - sqrtf(fmaxf(half * half - det, 0));
    if (!(least > EVEN * PIXELS))
        return false;
    *moved = guess;
    for (turn = 0; turn < TURNS; turn++) {
        float ex = 0, ey = 0, mean = 0;

        if (!sample(is, WIDE, now, side, moved->x, moved->y))
            return false;
        for (i = 0; i < PIXELS; i++)
            mean += is[i];
        mean /= PIXELS;
        for (i = 0; i < PIXELS; i++) {
            float e = was[i] - (is[i] - mean);

            ex += gx[i] * e;
            ey += gy[i] * e;
        }
        dx = (yy * ex - xy * ey) / det;
        dy = (xx * ey - xy * ex) / det;
        moved->x += dx;
        moved->y += dy;
        if (!(fabsf(moved->x - guess.x) < FAR && fabsf(moved->y - guess.y) < FAR))
            return false;
        if (dx * dx + dy * dy < ENOUGH * ENOUGH)
            break;
    }
    return true;
}

void bf_point_flow(struct bf_point2 *moved, bool *found, const float *before, const float *now,
                   size_t side, const struct bf_point2 *point, const struct bf_point2 *guess,
                   size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        found[i] = follow(&moved[i], before, now, side, point[i], guess[i]);
}
