#include "ledger/match/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    INTERVALS = 2,          /* scales an octave */
    LEVELS = INTERVALS + 3, /* blurred pictures an octave */
    OCTAVES_MAX = 4,
    OCTAVE_MIN = 16, /* an octave has at least so many pixels each way */
    RADIUS_MAX = 12, /* of a blur's kernel */
    PATCH = 12,      /* samples each way of a patch */
    PEAKS_MAX = 1024,
    KEY_SIDE = 5, /* frequencies each way that make up the key */
};

#define BLUR_FIRST 1.6f /* of an octave's first level, pixels */
#define BLUR_OF_INPUT 0.5f
#define CONTRAST_MIN 1.2f /* of an extremum, luma steps */
#define EDGE_RATIO 12.0f  /* of the curvatures: more is an edge, which has no place along itself */
#define PATCH_WIDTH 9.0f  /* of a patch, in deviations of its blob */
#define OUTSIDE_MAX 0.15f /* of a patch that may lie outside the picture */

struct bf_feature_finder {
    unsigned w, h;
    float *level[LEVELS], *scratch, *base, *padded;
    struct peak {
        unsigned octave;
        float x, y, sigma; /* in pixels of the first octave */
        float strength;
        bool bright;
        unsigned level;
    } * peak;
    size_t n_peaks;
    float cosine[BF_FEATURE_FREQUENCIES][PATCH];
    float level_blur[LEVELS];
};

struct bf_feature_finder *bf_feature_finder_create(unsigned w, unsigned h)
{
    struct bf_feature_finder *f = calloc(1, sizeof *f);
    size_t n = (size_t)w * h, i, j;
    bool ok = f != NULL;

    for (i = 0; ok && i < LEVELS; i++)
        ok = (f->level[i] = calloc(n, sizeof *f->level[i])) != NULL;
    if (ok) {
        f->w = w;
        f->h = h;
        f->scratch = calloc(n, sizeof *f->scratch);
        f->base = calloc(n, sizeof *f->base);
        f->padded = calloc(w + 2 * RADIUS_MAX, sizeof *f->padded);
        f->peak = calloc(PEAKS_MAX, sizeof *f->peak);
        ok = f->scratch != NULL && f->base != NULL && f->padded != NULL && f->peak != NULL;
    }
    if (!ok) {
        bf_feature_finder_free(&f);
        return NULL;
    }
    for (i = 0; i < BF_FEATURE_FREQUENCIES; i++)
        for (j = 0; j < PATCH; j++)
            f->cosine[i][j] = cosf(3.14159265f / PATCH * ((float)j + 0.5f) * (float)i);
    for (i = 0; i < LEVELS; i++)
        f->level_blur[i] = BLUR_FIRST * powf(2, (float)i / INTERVALS);
    return f;
}

void bf_feature_finder_free(struct bf_feature_finder **out)
{
    struct bf_feature_finder *f = *out;
    size_t i;

    if (f == NULL)
        return;
    for (i = 0; i < LEVELS; i++)
        free(f->level[i]);
    free(f->scratch);
    free(f->base);
    free(f->padded);
    free(f->peak);
    free(f);
    *out = NULL;
}

/* Gaussian of the given deviation, edges repeated. padded: a row and RADIUS_MAX at either end. */
static void blur(float *out, const float *in, float *scratch, float *padded, unsigned w, unsigned h,
                 float sigma)
{
    float kernel[RADIUS_MAX + 1] = {0}, sum = 0;
    int radius = (int)ceilf(3 * sigma), x, y, k;

    if (radius > RADIUS_MAX)
        radius = RADIUS_MAX;
    for (k = 0; k <= radius; k++) {
        kernel[k] = expf(-(float)(k * k) / (2 * sigma * sigma));
        sum += k == 0 ? kernel[k] : 2 * kernel[k];
    }
    for (k = 0; k <= radius; k++)
        kernel[k] /= sum;
    for (y = 0; y < (int)h; y++) {
        const float *row = in + (size_t)y * w;
        float *to = scratch + (size_t)y * w, *mid = padded + RADIUS_MAX;

        for (k = 1; k <= radius; k++) {
            mid[-k] = row[0];
            mid[(int)w - 1 + k] = row[w - 1];
        }
        memcpy(mid, row, w * sizeof *row);
        for (x = 0; x < (int)w; x++)
            to[x] = kernel[0] * mid[x];
        for (k = 1; k <= radius; k++)
            for (x = 0; x < (int)w; x++)
                to[x] += kernel[k] * (mid[x - k] + mid[x + k]);
    }
    for (y = 0; y < (int)h; y++) {
        float *to = out + (size_t)y * w;
        const float *row = scratch + (size_t)y * w;

        for (x = 0; x < (int)w; x++)
            to[x] = kernel[0] * row[x];
        for (k = 1; k <= radius; k++) {
            const float *a = scratch + (size_t)(y - k < 0 ? 0 : y - k) * w;
            const float *b = scratch + (size_t)(y + k < (int)h ? y + k : (int)h - 1) * w;

            for (x = 0; x < (int)w; x++)
                to[x] += kernel[k] * (a[x] + b[x]);
        }
    }
}

/* Every second pixel of every second row. */
static void halve(float *out, const float *in, unsigned w, unsigned h)
{
    unsigned x, y;

    for (y = 0; y < h / 2; y++)
        for (x = 0; x < w / 2; x++)
            out[(size_t)y * (w / 2) + x] = in[(size_t)2 * y * w + 2 * x];
}

static float dog(const struct bf_feature_finder *f, unsigned level, size_t i)
{
    return f->level[level + 1][i] - f->level[level][i];
}

static bool is_extremum(const struct bf_feature_finder *f, unsigned level, size_t i, unsigned w)
{
    float v = dog(f, level, i);
    int l, dx, dy;

    for (l = -1; l <= 1; l++) {
        for (dy = -1; dy <= 1; dy++) {
            for (dx = -1; dx <= 1; dx++) {
                float o;

                if (l == 0 && dx == 0 && dy == 0)
                    continue;
                o = dog(f, (unsigned)((int)level + l), i + (size_t)(dy * (int)w + dx));
                if (v > 0 ? o >= v : o <= v)
                    return false;
            }
        }
    }
    return true;
}

/* Where between the pixels and levels the extremum lies: a parabola each way. */
static float vertex(float before, float at, float after)
{
    float curve = before - 2 * at + after, d = curve != 0 ? (before - after) / (2 * curve) : 0;

    return d < -0.5f ? -0.5f : d > 0.5f ? 0.5f : d;
}

static void add_peak(struct bf_feature_finder *f, unsigned octave, unsigned level, unsigned x,
                     unsigned y, unsigned w)
{
    size_t i = (size_t)y * w + x;
    float v = dog(f, level, i), size = (float)(1u << octave);
    float xx = dog(f, level, i - 1) + dog(f, level, i + 1) - 2 * v;
    float yy = dog(f, level, i - w) + dog(f, level, i + w) - 2 * v;
    float xy = (dog(f, level, i + w + 1) - dog(f, level, i + w - 1) - dog(f, level, i - w + 1) +
                dog(f, level, i - w - 1)) /
               4;
    float trace = xx + yy, det = xx * yy - xy * xy, s;
    struct peak *p = &f->peak[f->n_peaks];

    if (det <= 0 || trace * trace / det > (EDGE_RATIO + 1) * (EDGE_RATIO + 1) / EDGE_RATIO ||
        f->n_peaks == PEAKS_MAX)
        return;
    s = (float)level + vertex(dog(f, level - 1, i), v, dog(f, level + 1, i));
    p->octave = octave;
    p->level = level;
    /* Pixel centres: an octave's pixel k is the first octave's pixel 2k. */
    p->x = ((float)x + vertex(dog(f, level, i - 1), v, dog(f, level, i + 1))) * size + 0.5f;
    p->y = ((float)y + vertex(dog(f, level, i - w), v, dog(f, level, i + w))) * size + 0.5f;
    p->sigma = BLUR_FIRST * powf(2, s / INTERVALS) * size;
    p->strength = fabsf(v);
    /* The level is the wider blur less the narrower: a bright blob is a minimum. */
    p->bright = v < 0;
    f->n_peaks++;
}

static float sample(const float *level, unsigned w, unsigned h, float x, float y)
{
    int ix = (int)floorf(x), iy = (int)floorf(y), x1, y1;
    float fx = x - (float)ix, fy = y - (float)iy;

    x1 = ix + 1 < 0 ? 0 : ix + 1 >= (int)w ? (int)w - 1 : ix + 1;
    y1 = iy + 1 < 0 ? 0 : iy + 1 >= (int)h ? (int)h - 1 : iy + 1;
    ix = ix < 0 ? 0 : ix >= (int)w ? (int)w - 1 : ix;
    iy = iy < 0 ? 0 : iy >= (int)h ? (int)h - 1 : iy;
    return (level[(size_t)iy * w + ix] * (1 - fx) + level[(size_t)iy * w + x1] * fx) * (1 - fy) +
           (level[(size_t)y1 * w + ix] * (1 - fx) + level[(size_t)y1 * w + x1] * fx) * fy;
}

/* The patch round a peak, from its own octave; false where too much of it lies outside. */
static bool describe(struct bf_feature *out, const struct bf_feature_finder *f,
                     const struct peak *p, unsigned w, unsigned h)
{
    float size = (float)(1u << p->octave), patch[PATCH][PATCH], half[PATCH][BF_FEATURE_FREQUENCIES];
    float x0 = (p->x - 0.5f) / size, y0 = (p->y - 0.5f) / size, step = PATCH_WIDTH / PATCH;
    unsigned outside = 0, i, j, u, v;

    step *= p->sigma / size;
    for (j = 0; j < PATCH; j++) {
        for (i = 0; i < PATCH; i++) {
            float x = x0 + step * ((float)i - (PATCH - 1) / 2.0f),
                  y = y0 + step * ((float)j - (PATCH - 1) / 2.0f);

            outside += x < 0 || y < 0 || x > (float)(w - 1) || y > (float)(h - 1);
            patch[j][i] = sample(f->level[p->level], w, h, x, y);
        }
    }
    if ((float)outside > OUTSIDE_MAX * PATCH * PATCH)
        return false;
    for (j = 0; j < PATCH; j++) {
        for (u = 0; u < BF_FEATURE_FREQUENCIES; u++) {
            half[j][u] = 0;
            for (i = 0; i < PATCH; i++)
                half[j][u] += patch[j][i] * f->cosine[u][i];
        }
    }
    for (v = 0; v < BF_FEATURE_FREQUENCIES; v++) {
        for (u = 0; u < BF_FEATURE_FREQUENCIES; u++) {
            float c = 0;

            for (j = 0; j < PATCH; j++)
                c += half[j][u] * f->cosine[v][j];
            out->coef[v * BF_FEATURE_FREQUENCIES + u] = c;
        }
    }
    return true;
}

static void find_in_octave(struct bf_feature_finder *f, unsigned octave, unsigned w, unsigned h)
{
    unsigned level, x, y;

    for (level = 1; level <= INTERVALS; level++)
        for (y = 1; y + 1 < h; y++)
            for (x = 1; x + 1 < w; x++) {
                size_t i = (size_t)y * w + x;

                if (fabsf(dog(f, level, i)) >= CONTRAST_MIN && is_extremum(f, level, i, w))
                    add_peak(f, octave, level, x, y, w);
            }
}

/* Keeps the strongest: out is sorted, strongest first. */
static size_t insert(struct bf_feature *out, size_t n, size_t cap, const struct bf_feature *x)
{
    size_t i;

    if (n == cap && out[n - 1].strength >= x->strength)
        return n;
    for (i = n < cap ? n : cap - 1; i > 0 && out[i - 1].strength < x->strength; i--)
        out[i] = out[i - 1];
    out[i] = *x;
    return n < cap ? n + 1 : cap;
}

size_t bf_features_find(struct bf_feature *out, size_t cap, struct bf_feature_finder *f,
                        const float *luma, unsigned w, unsigned h)
{
    unsigned full_w = w, full_h = h, longer = w > h ? w : h, octave, l;
    size_t n = 0, k, first;

    if (w > f->w || h > f->h || cap == 0)
        return 0;
    f->n_peaks = 0;
    blur(f->level[0], luma, f->scratch, f->padded, w, h,
         sqrtf(BLUR_FIRST * BLUR_FIRST - BLUR_OF_INPUT * BLUR_OF_INPUT));
    for (octave = 0; octave < OCTAVES_MAX && w >= OCTAVE_MIN && h >= OCTAVE_MIN; octave++) {
        for (l = 1; l < LEVELS; l++)
            blur(f->level[l], f->level[l - 1], f->scratch, f->padded, w, h,
                 sqrtf(f->level_blur[l] * f->level_blur[l] -
                       f->level_blur[l - 1] * f->level_blur[l - 1]));
        first = f->n_peaks;
        find_in_octave(f, octave, w, h);
        for (k = first; k < f->n_peaks; k++) {
            const struct peak *p = &f->peak[k];
            struct bf_feature x = {.x = p->x / (float)full_w,
                                   .y = p->y / (float)full_h,
                                   .scale = p->sigma / (float)longer,
                                   .strength = p->strength,
                                   .bright = p->bright};

            if (describe(&x, f, p, w, h))
                n = insert(out, n, cap, &x);
        }
        /* The level with twice the first one's blur starts the next octave. */
        halve(f->base, f->level[INTERVALS], w, h);
        w /= 2;
        h /= 2;
        memcpy(f->level[0], f->base, (size_t)w * h * sizeof *f->base);
    }
    return n;
}

/* The coefficient that stands at (v, u) when the patch is looked at so. */
static float seen(const float *coef, unsigned v, unsigned u, struct bf_look look)
{
    bool flip = false;
    unsigned k;
    float c;

    /*
     * Undo the quarter turns, then the mirror. The picture after a turn clockwise is P'(x, y) =
     * P(y, 1 - x): its frequency (v, u) is the old one's (u, v), with the sign of u.
     */
    for (k = 0; k < look.quarter_turns; k++) {
        unsigned w = u;

        flip ^= u & 1;
        u = v;
        v = w;
    }
    if (look.mirrored)
        flip ^= u & 1;
    c = coef[v * BF_FEATURE_FREQUENCIES + u];
    return flip ? -c : c;
}

size_t bf_feature_codes(struct bf_feature_code *codes, size_t cap, const struct bf_feature *f,
                        struct bf_look look)
{
    enum { FLIPPED = 6 };
    struct {
        float size;
        unsigned bit;
    } weak[FLIPPED];
    struct bf_feature_code code = {0, (uint64_t)f->bright << 39};
    unsigned u, v, key_bit = 0, sketch_bit = 0, i, n_weak = 0, mask;
    size_t n = 0;

    for (v = 0; v < BF_FEATURE_FREQUENCIES; v++) {
        for (u = 0; u < BF_FEATURE_FREQUENCIES; u++) {
            float c = seen(f->coef, v, u, look), size;

            if (u == 0 && v == 0)
                continue;
            if (u >= KEY_SIDE || v >= KEY_SIDE) {
                code.sketch |= (uint64_t)(c > 0) << sketch_bit++;
                continue;
            }
            code.key |= (uint32_t)(c > 0) << key_bit;
            /* Natural pictures fall off with frequency, and so does what noise does to them. */
            size = fabsf(c);
            for (i = n_weak; i > 0 && weak[i - 1].size > size; i--)
                if (i < FLIPPED)
                    weak[i] = weak[i - 1];
            if (i < FLIPPED) {
                weak[i].size = size;
                weak[i].bit = key_bit;
                n_weak += n_weak < FLIPPED;
            }
            key_bit++;
        }
    }
    for (mask = 0; mask < 1u << n_weak && n < cap; mask++) {
        codes[n] = code;
        for (i = 0; i < n_weak; i++)
            if (mask >> i & 1)
                codes[n].key ^= 1u << weak[i].bit;
        n++;
    }
    return n;
}

unsigned bf_sketch_distance(uint64_t a, uint64_t b)
{
    return (unsigned)__builtin_popcountll(a ^ b);
}
