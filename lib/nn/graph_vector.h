/*
 * graph_vector.h - the text of the vector loops of graph_loops.h, for a source that has said what a
 * vector is
 *
 * Before it is included: vec, LANE, TARGET, V(name) for the intrinsic of that name, load_part(p, n)
 * for the first n floats at p and zeros behind, store_part(p, n, v), and negative_times(v, s) for v
 * times s where v is negative and v elsewhere.
 *
 * Internal to lib/nn.
 */
#ifndef BF_GRAPH_VECTOR_H
#define BF_GRAPH_VECTOR_H

#include <float.h>
#include <stdbool.h>

#include "lib/nn/graph_loops.h"

#define INLINE static inline __attribute__((always_inline)) TARGET

/* whole is a constant wherever this is inlined. */
INLINE vec load(const float *p, bool whole, size_t n)
{
    return whole ? V(loadu_ps)(p) : load_part(p, n);
}

INLINE void store(float *p, bool whole, size_t n, vec v)
{
    if (whole)
        V(storeu_ps)(p, v);
    else
        store_part(p, n, v);
}

/* Channels j to j + n of every row */
INLINE void finish_part(float *y, size_t rows, size_t c, size_t j, bool whole, size_t n,
                        const struct bf_graph_finish *f)
{
    vec lo = V(set1_ps)(f->lo), hi = V(set1_ps)(f->hi);
    vec bias = f->bias ? load(f->bias + j, whole, n) : V(setzero_ps)();
    vec slope = f->slope ? load(f->slope + j, whole, n) : V(setzero_ps)();
    size_t n_add = f->add == NULL || j >= f->add_c ? 0 : f->add_c - j, i;

    if (n_add > n)
        n_add = n;
    for (i = 0; i < rows; i++) {
        vec v = V(add_ps)(load(y + i * c + j, whole, n), bias);

        if (n_add > 0) {
            const float *a = f->add + i * f->add_c + j;

            v = V(add_ps)(v, load(a, whole && n_add == n, n_add));
        }
        if (f->slope)
            v = negative_times(v, slope);
        store(y + i * c + j, whole, n, V(min_ps)(V(max_ps)(v, lo), hi));
    }
}

TARGET static void finish(float *y, size_t rows, size_t c, const struct bf_graph_finish *f)
{
    size_t j;

    for (j = 0; j + LANE <= c; j += LANE)
        finish_part(y, rows, c, j, true, LANE, f);
    if (j < c)
        finish_part(y, rows, c, j, false, c - j, f);
}

/* Channels j to j + n of a row of maxima */
INLINE void max_part(float *y, const float *const *row, const struct bf_graph_window *d, size_t j,
                     bool whole, size_t n)
{
    size_t x, i, k;

    for (x = 0; x < d->out_w; x++) {
        vec v = V(set1_ps)(-FLT_MAX);

        for (i = 0; i < d->taps_y; i++)
            for (k = 0; row[i] != NULL && k < d->taps_x; k++) {
                size_t at = x * d->stride + k * d->dilation;

                if (at >= d->pad_left && at - d->pad_left < d->w)
                    v = V(max_ps)(load(row[i] + (at - d->pad_left) * d->c + j, whole, n), v);
            }
        store(y + x * d->c + j, whole, n, v);
    }
}

TARGET static void max_pool(float *y, const float *const *row, const struct bf_graph_window *d)
{
    size_t j;

    for (j = 0; j + LANE <= d->c; j += LANE)
        max_part(y, row, d, j, true, LANE);
    if (j < d->c)
        max_part(y, row, d, j, false, d->c - j);
}

#endif
