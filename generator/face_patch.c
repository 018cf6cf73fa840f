#include "generator/face_patch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 };

static bool make_room(struct bf_face_patch *p, size_t n)
{
    if (n <= p->room)
        return true;
    bf_face_patch_release(p);
    p->target = malloc(11 * n * sizeof *p->target);
    if (p->target == NULL)
        return false;
    p->rgb = p->target + 3 * n;
    p->more = p->rgb + 3 * n;
    p->alpha = p->more + 3 * n;
    p->mask = p->alpha + n;
    p->room = n;
    return true;
}

/* v to a whole number of 0 to most, up or down to a multiple of BLOCK. */
static uint32_t to_block(float v, uint32_t most, bool up)
{
    uint32_t k;

    if (!(v > 0))
        return 0;
    if (v >= (float)most)
        return most;
    k = (uint32_t)v / BLOCK * BLOCK;
    if (up)
        k += BLOCK;
    return k < most ? k : most;
}

enum bf_err bf_face_patch_set(struct bf_face_patch *p, const struct bf_canvas *canvas,
                              const struct bf_face_box *box, struct bf_error *err)
{
    uint32_t left = to_block(box->left, canvas->width, false),
             top = to_block(box->top, canvas->height, false),
             right = to_block(box->right, canvas->width, true),
             bottom = to_block(box->bottom, canvas->height, true);

    p->w = p->h = 0;
    if (left >= right || top >= bottom)
        return BF_OK;
    if (!make_room(p, (size_t)(right - left) * (bottom - top)))
        return bf_error_nomem(err);
    p->x = left;
    p->y = top;
    p->w = right - left;
    p->h = bottom - top;
    bf_canvas_get_rgb(p->target, canvas, p->x, p->y, right - left, bottom - top);
    return BF_OK;
}

void bf_face_patch_put(const struct bf_face_patch *p, struct bf_canvas *canvas)
{
    if (p->w > 0)
        bf_canvas_put_rgb(canvas, p->rgb, p->alpha, p->x, p->y, (uint32_t)p->w, (uint32_t)p->h);
}

void bf_face_patch_truth(uint8_t *truth, size_t h, size_t w, const struct bf_face_patch *p)
{
    size_t x, y;

    memset(truth, 0, h * w);
    for (y = 0; y < p->h; y++) {
        uint8_t *row = truth + (p->y + y) * w + p->x;

        for (x = 0; x < p->w; x++)
            row[x] = (uint8_t)(p->alpha[y * p->w + x] * 255 + 0.5f);
    }
}

void bf_face_patch_release(struct bf_face_patch *p)
{
    free(p->target);
    memset(p, 0, sizeof *p);
}

struct bf_face_box bf_points_box(const struct bf_point2 *points, size_t n, float more)
{
    struct bf_face_box b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    size_t i;

    for (i = 0; i < n; i++) {
        b.left = fminf(b.left, points[i].x - more);
        b.right = fmaxf(b.right, points[i].x + more);
        b.top = fminf(b.top, points[i].y - more);
        b.bottom = fmaxf(b.bottom, points[i].y + more);
    }
    return b;
}

void bf_face_patch_points(struct bf_point2 *points, size_t n, const struct bf_face_patch *p)
{
    size_t i;

    for (i = 0; i < n; i++) {
        points[i].x -= (float)p->x;
        points[i].y -= (float)p->y;
    }
}

static float held(float v, size_t n)
{
    float most = (float)n - 1;

    return v > 0 ? v < most ? v : most : 0;
}

void bf_rgb_at(float *out, const float *in, size_t h, size_t w, float x, float y)
{
    float sx = held(x - 0.5f, w), sy = held(y - 0.5f, h);
    size_t ix = (size_t)sx, iy = (size_t)sy, next = ix + 1 < w ? 3 : 0, c;
    const float *a = in + 3 * (iy * w + ix), *b = iy + 1 < h ? a + 3 * w : a;
    float fx = sx - (float)ix, fy = sy - (float)iy;

    for (c = 0; c < 3; c++) {
        float up = a[c] + fx * (a[next + c] - a[c]), down = b[c] + fx * (b[next + c] - b[c]);

        out[c] = up + fy * (down - up);
    }
}

void bf_face_patch_sample(float *out, const struct bf_face_patch *p, const float *in, size_t in_h,
                          size_t in_w, const struct bf_affine *to_in)
{
    size_t y, x;

    for (y = 0; y < p->h; y++)
        for (x = 0; x < p->w; x++) {
            struct bf_point2 at =
                bf_affine_apply(to_in, (float)(p->x + x) + 0.5f, (float)(p->y + y) + 0.5f);

            bf_rgb_at(out + 3 * (y * p->w + x), in, in_h, in_w, at.x, at.y);
        }
}
