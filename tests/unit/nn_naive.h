/*
 * nn_naive.h - layers as the textbook has them, one loop an index: what the fast ones must agree
 * with
 */
#ifndef BF_NN_NAIVE_H
#define BF_NN_NAIVE_H

#include <math.h>
#include <stdlib.h>

#include "lib/nn/conv.h"

/* Every test draws from its own seed. */
static inline float nn_random(unsigned long long *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(*seed >> 40) / (float)(1 << 24) - 0.5f;
}

static inline size_t nn_below(unsigned long long *seed, size_t n)
{
    return (size_t)((nn_random(seed) + 0.5f) * (float)n) % n;
}

/* n floats in [-.5, .5), in a block of exactly that size */
static inline float *nn_floats(size_t n, unsigned long long *seed)
{
    float *p = malloc(n * sizeof *p);
    size_t i;

    for (i = 0; p != NULL && i < n; i++)
        p[i] = nn_random(seed);
    return p;
}

/* The largest difference, relative to the larger of 1 and the wanted value; NAN where one is. */
static inline double nn_difference(const float *got, const float *want, size_t n)
{
    double most = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]) / fmax(1, fabs((double)want[i]));

        if (!(d <= most))
            most = d;
    }
    return most;
}

static inline double nn_rectify(double v, const struct bf_rectifier *r)
{
    if (r == NULL)
        return v;
    v = fmax(v, (double)r->slope * v);
    return fmin(v, (double)r->cap);
}

/* The value of x at (image, y, x, channel), 0 outside */
static inline double nn_at(const float *x, const struct bf_conv *s, size_t i, long y, long ix,
                           size_t c)
{
    if (y < 0 || ix < 0 || y >= (long)s->h || ix >= (long)s->w)
        return 0;
    return (double)x[((i * s->h + (size_t)y) * s->w + (size_t)ix) * s->c + c];
}

/* Dense where depthwise is 0. */
static inline void nn_naive_conv(float *y, const float *x, const float *w, const float *bias,
                                 const struct bf_conv *s, const struct bf_rectifier *r,
                                 int depthwise)
{
    size_t i, oy, ox, o, ky, kx, c, mult = depthwise ? s->oc / s->c : 1;

    for (i = 0; i < s->n; i++)
        for (oy = 0; oy < bf_conv_out_h(s); oy++)
            for (ox = 0; ox < bf_conv_out_w(s); ox++)
                for (o = 0; o < s->oc; o++) {
                    double sum = bias != NULL ? (double)bias[o] : 0;

                    for (ky = 0; ky < s->kh; ky++)
                        for (kx = 0; kx < s->kw; kx++)
                            for (c = depthwise ? o / mult : 0;
                                 c < (depthwise ? o / mult + 1 : s->c); c++) {
                                long iy = (long)(oy * s->stride_y + ky * s->dilation_y) -
                                          (long)s->pad_top;
                                long ix = (long)(ox * s->stride_x + kx * s->dilation_x) -
                                          (long)s->pad_left;
                                size_t tap = (ky * s->kw + kx) * s->c + c;

                                sum +=
                                    nn_at(x, s, i, iy, ix, c) *
                                    (double)w[depthwise ? tap * mult + o % mult : tap * s->oc + o];
                            }
                    *y++ = (float)nn_rectify(sum, r);
                }
}

/* dx and dw must be zero, or hold what is to be added to. */
static inline void nn_naive_conv_grad(float *dx, float *dw, const float *x, const float *w,
                                      const float *dy, const struct bf_conv *s, int depthwise)
{
    size_t i, oy, ox, o, ky, kx, c, mult = depthwise ? s->oc / s->c : 1;

    for (i = 0; i < s->n; i++)
        for (oy = 0; oy < bf_conv_out_h(s); oy++)
            for (ox = 0; ox < bf_conv_out_w(s); ox++)
                for (o = 0; o < s->oc; o++, dy++)
                    for (ky = 0; ky < s->kh; ky++)
                        for (kx = 0; kx < s->kw; kx++)
                            for (c = depthwise ? o / mult : 0;
                                 c < (depthwise ? o / mult + 1 : s->c); c++) {
                                size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top;
                                size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
                                size_t tap = (ky * s->kw + kx) * s->c + c, at;
                                size_t wi = depthwise ? tap * mult + o % mult : tap * s->oc + o;

                                if (iy >= s->h || ix >= s->w)
                                    continue;
                                at = ((i * s->h + iy) * s->w + ix) * s->c + c;
                                dx[at] += *dy * w[wi];
                                dw[wi] += *dy * x[at];
                            }
}

#endif
