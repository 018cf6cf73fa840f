/*
 * graph_loops.h - the loops of a graph's steps that are not convolutions over channels
 *
 * Maxima over windows, and what ends every step: bias, the sum with another tensor, activation. One
 * set for each kind of vector instructions; the plain one is the reference.
 *
 * Internal to lib/nn.
 */
#ifndef BF_GRAPH_LOOPS_H
#define BF_GRAPH_LOOPS_H

#include <stddef.h>

/* y = act(y + bias + add); any of the pointers may be NULL. */
struct bf_graph_finish {
    const float *bias;  /* (c) */
    const float *add;   /* (rows, add_c): goes to the first add_c channels */
    const float *slope; /* (c): v = v < 0 ? slope * v : v */
    size_t add_c;
    float lo, hi; /* v = min(max(v, lo), hi); infinite for none */
};

/* One row of the output of a window that slides over a picture. */
struct bf_graph_window {
    size_t w, c;             /* of the input: a row is (w, c) */
    size_t out_w;            /* of the output: a row is (out_w, c) */
    size_t taps_y, taps_x;   /* of the window */
    size_t stride, dilation; /* along the row */
    size_t pad_left;         /* columns of nothing before the row */
};

struct bf_graph_loops {
    /* y is (rows, c) */
    void (*finish)(float *y, size_t rows, size_t c, const struct bf_graph_finish *f);
    /* y = the largest inside the picture; row[i] is NULL where it is outside. A window that sees
     * nothing of the picture gives -FLT_MAX. */
    void (*max_pool)(float *y, const float *const *row, const struct bf_graph_window *d);
};

/* The set for bf_simd_level(). */
const struct bf_graph_loops *bf_graph_loops_get(void);

extern const struct bf_graph_loops bf_graph_loops_plain;
#if defined(__x86_64__)
extern const struct bf_graph_loops bf_graph_loops_avx2;
extern const struct bf_graph_loops bf_graph_loops_avx512;
#endif

#endif
