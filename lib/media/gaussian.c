#include "lib/media/gaussian.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_UP_TO 2.5f
enum { RADIUS_MAX = 8, PASSES = 3 };

/* Rows of values with room on both sides for what the edge repeats. */
struct scratch {
    float *line, *rows;
};

/* One line of n pixels of c values into line, with pad pixels repeated on each side. */
static void load_line(float *line, const float *in, size_t n, size_t c, size_t pad)
{
    size_t i, k;

    memcpy(line + pad * c, in, n * c * sizeof *in);
    for (i = 0; i < pad; i++)
        for (k = 0; k < c; k++) {
            line[i * c + k] = in[k];
            line[(pad + n + i) * c + k] = in[(n - 1) * c + k];
        }
}

static size_t clamped(ptrdiff_t y, size_t h)
{
    return y < 0 ? 0 : y >= (ptrdiff_t)h ? h - 1 : (size_t)y;
}

static void by_kernel(float *p, size_t h, size_t w, size_t c, float sigma, struct scratch *s)
{
    size_t radius = (size_t)ceilf(3 * sigma), n = w * c, x, y, k;
    float weight[RADIUS_MAX + 1], sum = 0;

    assert(radius <= RADIUS_MAX);
    for (k = 0; k <= radius; k++) {
        weight[k] = expf(-(float)(k * k) / (2 * sigma * sigma));
        sum += k > 0 ? 2 * weight[k] : weight[k];
    }
    for (k = 0; k <= radius; k++)
        weight[k] /= sum;
    for (y = 0; y < h; y++) {
        float *out = p + y * n;
        const float *mid = s->line + radius * c;

        load_line(s->line, out, w, c, radius);
        for (x = 0; x < n; x++)
            out[x] = weight[0] * mid[x];
        for (k = 1; k <= radius; k++) {
            const float *left = mid - k * c, *right = mid + k * c;

            for (x = 0; x < n; x++)
                out[x] += weight[k] * (left[x] + right[x]);
        }
    }
    memcpy(s->rows, p, h * n * sizeof *p);
    for (y = 0; y < h; y++) {
        const float *mid = s->rows + y * n;
        float *out = p + y * n;

        for (x = 0; x < n; x++)
            out[x] = weight[0] * mid[x];
        for (k = 1; k <= radius; k++) {
            const float *up = s->rows + clamped((ptrdiff_t)(y - k), h) * n,
                        *down = s->rows + clamped((ptrdiff_t)(y + k), h) * n;

            for (x = 0; x < n; x++)
                out[x] += weight[k] * (up[x] + down[x]);
        }
    }
}

/* A box of 2 radius + 1 ones with a further `end` at each side, over its sum. */
struct box {
    size_t radius;
    float end, scale;
};

static struct box box_of(float sigma)
{
    /* Variance of one pass: with r whole ones and ends of weight a,
     * (r(r+1)(2r+1)/3 + 2a(r+1)^2) / (2r+1+2a). */
    float wanted = sigma * sigma / PASSES, r = floorf((sqrtf(1 + 12 * wanted) - 1) / 2);
    float a = (2 * r + 1) * (wanted - r * (r + 1) / 3) / (2 * ((r + 1) * (r + 1) - wanted));

    return (struct box){.radius = (size_t)r, .end = a, .scale = 1 / (2 * r + 1 + 2 * a)};
}

static void box_along(float *p, size_t h, size_t w, size_t c, const struct box *b,
                      struct scratch *s)
{
    size_t pad = b->radius + 1, pass, x, y, k;

    for (y = 0; y < h; y++)
        for (pass = 0; pass < PASSES; pass++) {
            const float *mid = s->line + pad * c;
            float *out = p + y * w * c, sum[4] = {0};

            load_line(s->line, out, w, c, pad);
            for (x = 0; x < 2 * b->radius + 1; x++)
                for (k = 0; k < c; k++)
                    sum[k] += s->line[(x + 1) * c + k];
            for (x = 0; x < w; x++)
                for (k = 0; k < c; k++) {
                    const float *at = mid + x * c + k;
                    float before = at[-(ptrdiff_t)(pad * c)], after = at[pad * c];

                    out[x * c + k] = (sum[k] + b->end * (before + after)) * b->scale;
                    sum[k] += after - at[-(ptrdiff_t)(b->radius * c)];
                }
        }
}

static void box_down(float *p, size_t h, size_t n, const struct box *b, struct scratch *s)
{
    ptrdiff_t r = (ptrdiff_t)b->radius, y;
    float *sum = s->line;
    size_t pass, x;

    for (pass = 0; pass < PASSES; pass++) {
        memcpy(s->rows, p, h * n * sizeof *p);
        memset(sum, 0, n * sizeof *sum);
        for (y = -r; y <= r; y++) {
            const float *row = s->rows + clamped(y, h) * n;

            for (x = 0; x < n; x++)
                sum[x] += row[x];
        }
        for (y = 0; y < (ptrdiff_t)h; y++) {
            const float *before = s->rows + clamped(y - r - 1, h) * n,
                        *after = s->rows + clamped(y + r + 1, h) * n,
                        *leaves = s->rows + clamped(y - r, h) * n;
            float *out = p + (size_t)y * n;

            for (x = 0; x < n; x++) {
                out[x] = (sum[x] + b->end * (before[x] + after[x])) * b->scale;
                sum[x] += after[x] - leaves[x];
            }
        }
    }
}

enum bf_err bf_gaussian(float *p, size_t h, size_t w, size_t c, float sigma, struct bf_error *err)
{
    struct scratch s;
    struct box b;
    size_t pad;

    assert(c >= 1 && c <= 4);
    if (!(sigma > 0) || h == 0 || w == 0)
        return BF_OK;
    /* No wider than a blur that leaves one value. */
    sigma = fminf(sigma, (float)(h > w ? h : w));
    b = box_of(sigma);
    pad = b.radius + 1 > RADIUS_MAX ? b.radius + 1 : RADIUS_MAX;
    s.line = malloc((w + 2 * pad) * c * sizeof *s.line);
    s.rows = malloc(h * w * c * sizeof *s.rows);
    if (s.line == NULL || s.rows == NULL) {
        free(s.line);
        free(s.rows);
        return bf_error_nomem(err);
    }
    if (sigma <= KERNEL_UP_TO) {
        by_kernel(p, h, w, c, sigma, &s);
    } else {
        box_along(p, h, w, c, &b, &s);
        box_down(p, h, w * c, &b, &s);
    }
    free(s.line);
    free(s.rows);
    return BF_OK;
}
