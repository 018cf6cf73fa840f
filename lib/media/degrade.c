#include "lib/media/degrade.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float clamp(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* In YIQ-like axes a turn of hue is a rotation; but HSV's own hexagon is what the recipes mean. */
static void shift_hsv(float *p, const struct bf_colour_shift *s)
{
    float r = p[0], g = p[1], b = p[2], high = fmaxf(r, fmaxf(g, b)), low = fminf(r, fminf(g, b)),
          span = high - low, hue = 0, saturation, part;
    int sector;

    if (span > 0) {
        if (high == r)
            hue = (g - b) / span;
        else if (high == g)
            hue = 2 + (b - r) / span;
        else
            hue = 4 + (r - g) / span;
    }
    hue += 6 * s->hue;
    hue -= 6 * floorf(hue / 6);
    saturation = clamp((high > 0 ? span / high : 0) * (1 + s->saturation));
    high = clamp(high * (1 + s->value));
    low = high * (1 - saturation);
    sector = (int)hue % 6;
    part = hue - floorf(hue);
    part = sector & 1 ? high - (high - low) * part : low + (high - low) * part;
    p[0] = sector == 0 || sector == 5 ? high : sector == 1 || sector == 4 ? part : low;
    p[1] = sector == 1 || sector == 2 ? high : sector == 0 || sector == 3 ? part : low;
    p[2] = sector == 3 || sector == 4 ? high : sector == 2 || sector == 5 ? part : low;
}

void bf_colour_shift_apply(float *rgb, size_t h, size_t w, const struct bf_colour_shift *s)
{
    float gain = 1 + s->contrast, more[3];
    size_t n = h * w, i;
    int c;

    for (c = 0; c < 3; c++)
        more[c] = s->brightness + 0.5f - 0.5f * gain;
    if (s->rgb[0] != 0 || s->rgb[1] != 0 || s->rgb[2] != 0)
        for (i = 0; i < n; i++)
            for (c = 0; c < 3; c++)
                rgb[3 * i + c] = clamp(rgb[3 * i + c] + s->rgb[c]);
    if (s->hue != 0 || s->saturation != 0 || s->value != 0)
        for (i = 0; i < n; i++)
            shift_hsv(rgb + 3 * i, s);
    if (s->brightness != 0 || s->contrast != 0)
        for (i = 0; i < n; i++)
            for (c = 0; c < 3; c++)
                rgb[3 * i + c] = clamp(rgb[3 * i + c] * gain + more[c]);
}

/* The pixels that out pixel i of n_out covers of n_in, and their weights, which sum to 1; at most
 * cap. Where the picture grows, a triangle between the two nearest. */
struct taps {
    size_t first, n;
    float start, end; /* weights of the first and last */
    float mid;
};

static struct taps taps_of(size_t i, size_t n_out, size_t n_in)
{
    float scale = (float)n_in / (float)n_out;
    struct taps t;

    if (scale > 1) {
        float a = (float)i * scale, b = fminf((float)(i + 1) * scale, (float)n_in);
        size_t last;

        t.first = (size_t)a;
        last = (size_t)ceilf(b) - 1;
        last = last >= n_in ? n_in - 1 : last;
        t.n = last - t.first + 1;
        t.mid = 1 / (b - a);
        t.start = t.n > 1 ? ((float)(t.first + 1) - a) * t.mid : 1;
        t.end = (b - (float)last) * t.mid;
    } else {
        float at = fmaxf(((float)i + 0.5f) * scale - 0.5f, 0);

        t.first = (size_t)at;
        t.n = t.first + 1 < n_in ? 2 : 1;
        t.mid = 0;
        t.end = at - (float)t.first;
        t.start = t.n > 1 ? 1 - t.end : 1;
    }
    return t;
}

static float tap_weight(const struct taps *t, size_t k)
{
    return k == 0 ? t->start : k + 1 == t->n ? t->end : t->mid;
}

void bf_resample(float *out, size_t out_h, size_t out_w, const float *in, size_t h, size_t w)
{
    size_t x, y, i, k;

    for (y = 0; y < out_h; y++) {
        struct taps down = taps_of(y, out_h, h);
        float *row = out + 3 * y * out_w;

        for (x = 0; x < out_w; x++) {
            struct taps along = taps_of(x, out_w, w);
            float sum[3] = {0};

            for (k = 0; k < down.n; k++)
                for (i = 0; i < along.n; i++) {
                    const float *p = in + 3 * ((down.first + k) * w + along.first + i);
                    float weight = tap_weight(&down, k) * tap_weight(&along, i);

                    sum[0] += weight * p[0];
                    sum[1] += weight * p[1];
                    sum[2] += weight * p[2];
                }
            memcpy(row + 3 * x, sum, sizeof sum);
        }
    }
}

enum bf_err bf_degrade_scale(float *rgb, size_t h, size_t w, float factor, struct bf_error *err)
{
    size_t small_h = (size_t)((float)h / factor + 0.5f),
           small_w = (size_t)((float)w / factor + 0.5f);
    float *small;

    small_h = small_h < 1 ? 1 : small_h;
    small_w = small_w < 1 ? 1 : small_w;
    if (h == 0 || w == 0 || !(factor > 1))
        return BF_OK;
    small = malloc(3 * small_h * small_w * sizeof *small);
    if (small == NULL)
        return bf_error_nomem(err);
    bf_resample(small, small_h, small_w, rgb, h, w);
    bf_resample(rgb, h, w, small, small_h, small_w);
    free(small);
    return BF_OK;
}

/* --- JPEG --------------------------------------------------------------------------------------
 */

static const unsigned char luma_table[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const unsigned char chroma_table[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

/* Rows of the cosine transform. */
static void cosines(float basis[8][8])
{
    int u, x;

    for (u = 0; u < 8; u++)
        for (x = 0; x < 8; x++)
            basis[u][x] =
                (u == 0 ? sqrtf(0.125f) : 0.5f) * cosf((float)((2 * x + 1) * u) * 3.14159265f / 16);
}

static void block(float *p, size_t stride, float basis[8][8], const float *step)
{
    float a[8][8], b[8][8];
    int u, v, x;

    for (v = 0; v < 8; v++)
        for (u = 0; u < 8; u++) {
            a[v][u] = 0;
            for (x = 0; x < 8; x++)
                a[v][u] += p[(size_t)v * stride + (size_t)x] * basis[u][x];
        }
    for (v = 0; v < 8; v++)
        for (u = 0; u < 8; u++) {
            b[v][u] = 0;
            for (x = 0; x < 8; x++)
                b[v][u] += basis[v][x] * a[x][u];
            b[v][u] = rintf(b[v][u] / step[8 * v + u]) * step[8 * v + u];
        }
    for (v = 0; v < 8; v++)
        for (u = 0; u < 8; u++) {
            a[v][u] = 0;
            for (x = 0; x < 8; x++)
                a[v][u] += basis[x][v] * b[x][u];
        }
    for (v = 0; v < 8; v++)
        for (u = 0; u < 8; u++) {
            float sum = 0;

            for (x = 0; x < 8; x++)
                sum += a[v][x] * basis[x][u];
            p[(size_t)v * stride + (size_t)u] = sum;
        }
}

static void quantise(float *plane, size_t h, size_t w, const unsigned char *table, int quality)
{
    int scale = quality < 50 ? 5000 / (quality < 1 ? 1 : quality) : 200 - 2 * quality;
    float step[64], basis[8][8];
    size_t x, y;
    int i;

    for (i = 0; i < 64; i++) {
        int q = (table[i] * scale + 50) / 100;

        step[i] = (float)(q < 1 ? 1 : q > 255 ? 255 : q) / 255;
    }
    cosines(basis);
    for (y = 0; y < h; y += 8)
        for (x = 0; x < w; x += 8)
            block(plane + y * w + x, w, basis, step);
}

/* Sides padded to whole blocks of 16 by repeating the edge. */
enum bf_err bf_degrade_jpeg(float *rgb, size_t h, size_t w, int quality, struct bf_error *err)
{
    size_t ph = (h + 15) / 16 * 16, pw = (w + 15) / 16 * 16, hh = ph / 2, hw = pw / 2, y, x;
    float *luma, *blue, *red;

    if (h == 0 || w == 0)
        return BF_OK;
    luma = calloc(ph * pw + 2 * hh * hw, sizeof *luma);
    if (luma == NULL)
        return bf_error_nomem(err);
    blue = luma + ph * pw;
    red = blue + hh * hw;
    for (y = 0; y < ph; y++)
        for (x = 0; x < pw; x++) {
            const float *p = rgb + 3 * ((y < h ? y : h - 1) * w + (x < w ? x : w - 1));
            float l = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];

            luma[y * pw + x] = l - 0.5f;
            blue[y / 2 * hw + x / 2] += 0.25f * 0.564334f * (p[2] - l);
            red[y / 2 * hw + x / 2] += 0.25f * 0.713267f * (p[0] - l);
        }
    quantise(luma, ph, pw, luma_table, quality);
    quantise(blue, hh, hw, chroma_table, quality);
    quantise(red, hh, hw, chroma_table, quality);
    for (y = 0; y < h; y++) {
        struct taps down = taps_of(y, ph, hh);

        for (x = 0; x < w; x++) {
            struct taps along = taps_of(x, pw, hw);
            float l = luma[y * pw + x] + 0.5f, b = 0, r = 0, *p = rgb + 3 * (y * w + x);
            size_t i, k;

            for (k = 0; k < down.n; k++)
                for (i = 0; i < along.n; i++) {
                    size_t at = (down.first + k) * hw + along.first + i;
                    float weight = tap_weight(&down, k) * tap_weight(&along, i);

                    b += weight * blue[at];
                    r += weight * red[at];
                }
            p[0] = clamp(l + 1.402f * r);
            p[1] = clamp(l - 0.344136f * b - 0.714136f * r);
            p[2] = clamp(l + 1.772f * b);
        }
    }
    free(luma);
    return BF_OK;
}
