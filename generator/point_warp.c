#include "generator/point_warp.h"

#include <math.h>

#define NEAR 1e-6f

/* Where v goes: the similarity that fits the points best, those near v most. */
static struct bf_point2 carry(float vx, float vy, const struct bf_point2 *to,
                              const struct bf_point2 *from, size_t n)
{
    float weight = 0, px = 0, py = 0, qx = 0, qy = 0, re = 0, im = 0, norm = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        float dx = to[i].x - vx, dy = to[i].y - vy, d = dx * dx + dy * dy, w = 1 / (d * d + NEAR);

        weight += w;
        px += w * to[i].x;
        py += w * to[i].y;
        qx += w * from[i].x;
        qy += w * from[i].y;
    }
    px /= weight;
    py /= weight;
    qx /= weight;
    qy /= weight;
    for (i = 0; i < n; i++) {
        float dx = to[i].x - vx, dy = to[i].y - vy, d = dx * dx + dy * dy, w = 1 / (d * d + NEAR);
        float ax = to[i].x - px, ay = to[i].y - py, bx = from[i].x - qx, by = from[i].y - qy;

        re += w * (ax * bx + ay * by);
        im += w * (ax * by - ay * bx);
        norm += w * (ax * ax + ay * ay);
    }
    if (!(norm > 0))
        return (struct bf_point2){qx + vx - px, qy + vy - py};
    re /= norm;
    im /= norm;
    return (struct bf_point2){qx + re * (vx - px) - im * (vy - py),
                              qy + im * (vx - px) + re * (vy - py)};
}

void bf_point_warp_fit(struct bf_point_warp *w, const struct bf_face_patch *patch,
                       const struct bf_point2 *to, const struct bf_point2 *from, size_t n)
{
    size_t x, y;

    w->x = (float)patch->x;
    w->y = (float)patch->y;
    w->step_x = (float)patch->w / (BF_WARP_NODES - 1);
    w->step_y = (float)patch->h / (BF_WARP_NODES - 1);
    for (y = 0; y < BF_WARP_NODES; y++)
        for (x = 0; x < BF_WARP_NODES; x++)
            w->from[y * BF_WARP_NODES + x] =
                carry(w->x + (float)x * w->step_x, w->y + (float)y * w->step_y, to, from, n);
}

struct bf_point2 bf_point_warp_at(const struct bf_point_warp *w, float x, float y)
{
    float gx = (x - w->x) / w->step_x, gy = (y - w->y) / w->step_y, fx, fy;
    const struct bf_point2 *a, *b;
    size_t ix, iy;

    gx = gx > 0 ? fminf(gx, (float)(BF_WARP_NODES - 1)) : 0;
    gy = gy > 0 ? fminf(gy, (float)(BF_WARP_NODES - 1)) : 0;
    ix = (size_t)gx < BF_WARP_NODES - 2 ? (size_t)gx : BF_WARP_NODES - 2;
    iy = (size_t)gy < BF_WARP_NODES - 2 ? (size_t)gy : BF_WARP_NODES - 2;
    fx = gx - (float)ix;
    fy = gy - (float)iy;
    a = &w->from[iy * BF_WARP_NODES + ix];
    b = a + BF_WARP_NODES;
    return (struct bf_point2){
        (1 - fy) * ((1 - fx) * a[0].x + fx * a[1].x) + fy * ((1 - fx) * b[0].x + fx * b[1].x),
        (1 - fy) * ((1 - fx) * a[0].y + fx * a[1].y) + fy * ((1 - fx) * b[0].y + fx * b[1].y)};
}

void bf_point_warp_sample(float *out, const struct bf_point_warp *w,
                          const struct bf_face_patch *patch, const float *in, size_t in_h,
                          size_t in_w, float left, float top)
{
    size_t x, y;

    for (y = 0; y < patch->h; y++)
        for (x = 0; x < patch->w; x++) {
            struct bf_point2 at =
                bf_point_warp_at(w, (float)(patch->x + x) + 0.5f, (float)(patch->y + y) + 0.5f);

            bf_rgb_at(out + 3 * (y * patch->w + x), in, in_h, in_w, at.x - left, at.y - top);
        }
}
