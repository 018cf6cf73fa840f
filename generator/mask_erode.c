#include "generator/face_mask.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define FAR 1e12f

/* A pixel beside the mask's edge, and where from its middle the edge passes; NONE elsewhere. */
struct seed {
    float dx, dy;
};

/* Where between a pixel of value a and its neighbour of value b the mask passes one half, 0 to 1;
 * more than 1 where it does not. */
static float crossing(float a, float b)
{
    return (a >= 0.5f) != (b >= 0.5f) ? (a - 0.5f) / (a - b) : 2;
}

/* The offset of a pixel's nearest point of the edge; false where the edge does not pass it. */
static bool find_seed(struct seed *s, const float *mask, size_t h, size_t w, size_t x, size_t y)
{
    const float *at = mask + y * w + x;
    float left = x > 0 ? crossing(*at, at[-1]) : 2, right = x + 1 < w ? crossing(*at, at[1]) : 2,
          up = y > 0 ? crossing(*at, *(at - w)) : 2, down = y + 1 < h ? crossing(*at, at[w]) : 2;
    float tx = fminf(left, right), ty = fminf(up, down);

    if (tx > 1 && ty > 1)
        return false;
    tx = fmaxf(tx, 1e-3f);
    ty = fmaxf(ty, 1e-3f);
    if (ty > 1) {
        *s = (struct seed){left <= right ? -tx : tx, 0};
    } else if (tx > 1) {
        *s = (struct seed){0, up <= down ? -ty : ty};
    } else {
        /* The edge as a line through both crossings; its foot from the middle. */
        float d = 1 / (1 / (tx * tx) + 1 / (ty * ty));

        *s = (struct seed){(left <= right ? -d : d) / tx, (up <= down ? -d : d) / ty};
    }
    return true;
}

/*
 * Squared distances along one line: out[i] = min over k of (i - k)^2 + in[k], and from[i] the k.
 * The lower envelope of parabolas, in one pass. v has room for n, z for n + 1.
 */
static void envelope(float *out, int *from, const float *in, int n, int *v, float *z)
{
    int k = -1, last, i;

    for (i = 0; i < n; i++) {
        float s = 0;

        if (in[i] >= FAR)
            continue;
        while (k >= 0) {
            float a = in[i] + (float)i * (float)i, b = in[v[k]] + (float)v[k] * (float)v[k];

            s = (a - b) / (float)(2 * (i - v[k]));
            if (s > z[k])
                break;
            k--;
        }
        k++;
        v[k] = i;
        z[k] = k == 0 ? -FAR : s;
        z[k + 1] = FAR;
    }
    if (k < 0) {
        for (i = 0; i < n; i++) {
            out[i] = FAR;
            from[i] = 0;
        }
        return;
    }
    last = k;
    for (i = 0, k = 0; i < n; i++) {
        while (k < last && z[k + 1] < (float)i)
            k++;
        out[i] = (float)((i - v[k]) * (i - v[k])) + in[v[k]];
        from[i] = v[k];
    }
}

struct work {
    float *distance, *line, *line_out, *z;
    int *row, *from, *v;
    struct seed *seed;
};

static bool has_room(struct work *k, size_t h, size_t w)
{
    size_t longest = (h > w ? h : w) + 1;

    k->distance = malloc(h * w * sizeof *k->distance);
    k->row = malloc(h * w * sizeof *k->row);
    k->seed = calloc(h * w, sizeof *k->seed);
    k->line = malloc(longest * sizeof *k->line);
    k->line_out = malloc(longest * sizeof *k->line_out);
    k->z = calloc(longest, sizeof *k->z);
    k->from = malloc(longest * sizeof *k->from);
    k->v = calloc(longest, sizeof *k->v);
    return k->distance != NULL && k->row != NULL && k->seed != NULL && k->line != NULL &&
           k->line_out != NULL && k->z != NULL && k->from != NULL && k->v != NULL;
}

static void release(struct work *k)
{
    free(k->distance);
    free(k->row);
    free(k->seed);
    free(k->line);
    free(k->line_out);
    free(k->z);
    free(k->from);
    free(k->v);
}

static void by_distance(float *mask, size_t h, size_t w, float pixels, struct work *k)
{
    size_t x, y;

    for (y = 0; y < h; y++)
        for (x = 0; x < w; x++)
            k->distance[y * w + x] = find_seed(&k->seed[y * w + x], mask, h, w, x, y) ? 0 : FAR;
    for (x = 0; x < w; x++) {
        for (y = 0; y < h; y++)
            k->line[y] = k->distance[y * w + x];
        envelope(k->line_out, k->from, k->line, (int)h, k->v, k->z);
        for (y = 0; y < h; y++) {
            k->distance[y * w + x] = k->line_out[y];
            k->row[y * w + x] = k->from[y];
        }
    }
    for (y = 0; y < h; y++) {
        envelope(k->line_out, k->from, k->distance + y * w, (int)w, k->v, k->z);
        for (x = 0; x < w; x++) {
            float *at = mask + y * w + x, inside, ramp, dx, dy;
            size_t sx = (size_t)k->from[x], sy;

            if (k->line_out[x] >= FAR)
                continue; /* there is no edge anywhere */
            sy = (size_t)k->row[y * w + sx];
            dx = (float)sx + k->seed[sy * w + sx].dx - (float)x;
            dy = (float)sy + k->seed[sy * w + sx].dy - (float)y;
            inside = sqrtf(dx * dx + dy * dy);
            if (*at < 0.5f)
                inside = -inside;
            ramp = inside - pixels + 0.5f;
            ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
            *at = pixels > 0 ? fminf(*at, ramp) : fmaxf(*at, ramp);
        }
    }
}

enum bf_err bf_mask_erode(float *mask, size_t h, size_t w, float pixels, struct bf_error *err)
{
    struct work k = {0};
    enum bf_err rc = BF_OK;

    if (h == 0 || w == 0 || pixels == 0)
        return BF_OK;
    if (has_room(&k, h, w))
        by_distance(mask, h, w, pixels, &k);
    else
        rc = bf_error_nomem(err);
    release(&k);
    return rc;
}
