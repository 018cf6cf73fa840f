#include "generator/face_mask.h"
#include "lib/media/gaussian.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Signed areas, as font rasterisers keep them: each edge adds, in every row it passes, what it
 * covers to the left of it to the pixel it is in and the rest to the next one, and a running sum
 * along the row is then the coverage.
 */
static void add_span(float *row, size_t w, float x0, float x1, float dy)
{
    float left = fminf(x0, x1), right = fmaxf(x0, x1);
    size_t first = (size_t)left, last = (size_t)ceilf(right), k;

    if (first >= w)
        return;
    if (last <= first + 1) {
        float mid = (left + right) / 2 - (float)first;

        row[first] += dy * (1 - mid);
        if (first + 1 < w)
            row[first + 1] += dy * mid;
        return;
    }
    /* Part of the edge that lies left of x: what pixel k sees is the integral over it. */
    float slope = 1 / (right - left), before = 0;

    for (k = first; k <= last && k < w; k++) {
        float a = fmaxf(left, (float)k), b = fminf(right, (float)(k + 1)), covered;

        if (k < last) {
            float ya = (a - left) * slope, yb = (b - left) * slope;

            covered = (ya + yb) / 2 * (b - a) + ((float)(k + 1) - b);
        } else {
            covered = 1;
        }
        row[k] += dy * (covered - before);
        before = covered;
    }
}

static float held(float x, float w)
{
    return x < 0 ? 0 : x > w ? w : x;
}

/* Of the edge from p to q what lies between two rows' edges, p above q. What lies beyond the left
 * edge covers whole rows, what lies beyond the right one nothing. */
static void add_in_row(float *row, size_t w, struct bf_point2 p, struct bf_point2 q, float sign)
{
    float at[4] = {0, 1, 1, 1}, run = q.x - p.x;
    int n = 1, i, k;

    if (fabsf(run) > 1e-12f)
        for (k = 0; k < 2; k++) {
            float t = ((k == 0 ? 0 : (float)w) - p.x) / run;

            if (t > 0 && t < 1)
                at[n++] = t;
        }
    if (n == 3 && at[1] > at[2]) {
        float t = at[1];

        at[1] = at[2];
        at[2] = t;
    }
    at[n] = 1;
    for (i = 0; i < n; i++)
        add_span(row, w, held(p.x + at[i] * run, (float)w), held(p.x + at[i + 1] * run, (float)w),
                 sign * (at[i + 1] - at[i]) * (q.y - p.y));
}

static void add_edge(float *mask, size_t h, size_t w, struct bf_point2 p, struct bf_point2 q)
{
    float sign = 1, slope, top, bottom;
    size_t y;

    if (p.y > q.y) {
        struct bf_point2 t = p;

        p = q;
        q = t;
        sign = -1;
    }
    if (!(q.y > p.y) || !(q.y > 0) || !(p.y < (float)h) || !isfinite(p.x) || !isfinite(q.x))
        return;
    slope = (q.x - p.x) / (q.y - p.y);
    top = fmaxf(p.y, 0);
    bottom = fminf(q.y, (float)h);
    for (y = (size_t)top; y < h && (float)y < bottom; y++) {
        float a = fmaxf(top, (float)y), b = fminf(bottom, (float)(y + 1));

        add_in_row(mask + y * w, w, (struct bf_point2){p.x + (a - p.y) * slope, a},
                   (struct bf_point2){p.x + (b - p.y) * slope, b}, sign);
    }
}

void bf_mask_polygon(float *mask, size_t h, size_t w, const struct bf_point2 *points, size_t n)
{
    size_t i, x, y;

    memset(mask, 0, h * w * sizeof *mask);
    if (n < 3 || w == 0)
        return;
    for (i = 0; i < n; i++)
        add_edge(mask, h, w, points[i], points[(i + 1) % n]);
    for (y = 0; y < h; y++) {
        float *row = mask + y * w, sum = 0;

        for (x = 0; x < w; x++) {
            float v;

            sum += row[x];
            v = fabsf(sum);
            row[x] = v < 1e-5f ? 0 : v > 1 - 1e-5f ? 1 : v;
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct bf_point2 *p = a, *q = b;

    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->y < q->y ? -1 : p->y > q->y;
}

static float turn(struct bf_point2 a, struct bf_point2 b, struct bf_point2 c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

size_t bf_hull(struct bf_point2 *out, const struct bf_point2 *points, size_t n)
{
    struct bf_point2 sorted[BF_MASK_POINTS_MAX], chain[2 * BF_MASK_POINTS_MAX];
    size_t k = 0, lower, i;

    assert(n <= BF_MASK_POINTS_MAX);
    if (n < 3) {
        memcpy(out, points, n * sizeof *out);
        return n;
    }
    memcpy(sorted, points, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_place);
    for (i = 0; i < n; i++) {
        while (k >= 2 && turn(chain[k - 2], chain[k - 1], sorted[i]) <= 0)
            k--;
        chain[k++] = sorted[i];
    }
    lower = k + 1;
    for (i = n - 1; i-- > 0;) {
        while (k >= lower && turn(chain[k - 2], chain[k - 1], sorted[i]) <= 0)
            k--;
        chain[k++] = sorted[i];
    }
    k--;
    memcpy(out, chain, k * sizeof *out);
    return k;
}

void bf_mask_hull(float *mask, size_t h, size_t w, const struct bf_point2 *points, size_t n)
{
    struct bf_point2 hull[BF_MASK_POINTS_MAX];

    bf_mask_polygon(mask, h, w, hull, bf_hull(hull, points, n));
}

enum bf_err bf_mask_feather(float *mask, size_t h, size_t w, float sigma, struct bf_error *err)
{
    enum bf_err rc = bf_gaussian(mask, h, w, 1, sigma, err);
    size_t i;

    /* Running sums leave crumbs of rounding. */
    for (i = 0; rc == BF_OK && i < h * w; i++)
        mask[i] = mask[i] < 1e-5f ? 0 : mask[i] > 1 - 1e-5f ? 1 : mask[i];
    return rc;
}
