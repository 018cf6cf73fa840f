/*
 * node.h - what a network is made of, for the files that implement its layers
 *
 * A layer is a struct bf_op: how much memory it wants, forward, backward. Its file holds the call
 * that builds it too. Internal to lib/nn.
 */
#ifndef BF_NODE_H
#define BF_NODE_H

#include "lib/nn/net.h"

/* Plain loops over arrays, compiled for wider vectors too and chosen when the program is loaded.
 * The additions stay the same, so the bits do. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__)
#define BF_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BF_WIDE
#endif

/* Before a loop that may write each number where it has read it, and in which nothing else overlaps
 */
#if defined(__GNUC__) && !defined(__clang__)
#define BF_INDEPENDENT _Pragma("GCC ivdep")
#else
#define BF_INDEPENDENT
#endif

/* Sums over the batch are made in so many parts, then added in order, whatever the threads. */
#define BF_PARTS 8
/* Floats that an element by element loop hands to a thread at a time */
#define BF_SPAN 16384
#define BF_NODE_INPUTS 2
#define BF_NODE_PARAMS 8

struct bf_node;

struct bf_op {
    const char *name;
    bool rectifies; /* takes in a rectifier that follows: applies node->rect in forward, and calls
                       bf_node_rectify_grad first in backward, or does as much */
    bool in_place;  /* backward may be given an input's gradient in the memory of its own: it reads
                       each number of dy no later than it writes that of dx */
    /* Sets saved_bytes and scratch_bytes; net, n and flags are known. NULL: nothing wanted. */
    void (*size)(struct bf_node *node);
    void (*forward)(struct bf_node *node);
    /* Writes, or adds where add_in says so, the gradient of each input that has one. */
    void (*backward)(struct bf_node *node);
};

struct bf_node {
    const struct bf_op *op;
    struct bf_net *net;
    int in[BF_NODE_INPUTS], n_in;
    size_t h, w, c; /* of the output */
    size_t param[BF_NODE_PARAMS];
    int n_params;
    struct bf_conv conv; /* convolutions and pools: the whole shape but n */
    bool bias;           /* param[1] is one */
    float slope;         /* rectifier */
    float chance;        /* dropout */
    size_t units;        /* recurrent */
    bool both_ways;
    uint64_t macs; /* of one image */

    /* planned */
    size_t n_uses;
    int last_use;             /* the highest node that takes it; its own number where none does */
    bool kept;                /* a result: nothing in the network uses it, or what shares it */
    int root;                 /* the node whose memory this one shares, or itself */
    bool silent;              /* folded into its root: never run */
    struct bf_rectifier rect; /* what was folded into this one */
    int norm;                 /* batch norm folded into this convolution, or -1 */
    bool has_grad;
    int grad_root; /* of a root: the node whose gradient's memory it uses, or itself */
    int grad_end;  /* the first node that does so */
    bool add_in[BF_NODE_INPUTS];
    size_t saved_bytes, scratch_bytes;
    float *y, *dy; /* (n, h, w, c) */
    void *saved;   /* the op's own, from run to run */
    uint64_t packed_version;
};

struct bf_net {
    struct bf_params *params;
    struct bf_node *nodes;
    int n_nodes, cap_nodes;
    struct bf_error err; /* the first mistake in building */
    bool failed;

    size_t n;
    unsigned flags;
    bool training;
    struct bf_pool *pool;
    size_t n_threads;
    void *memory; /* activations, gradients, saved, scratch */
    size_t bytes;
    void *scratch; /* 64-byte aligned, the same for all ops */
    uint64_t seed;
};

/* --- building
 * ------------------------------------------------------------------------------------------- */

/* A node of op over a and b, each -1 where there is none; NULL after a mistake. */
struct bf_node *bf_node_new(struct bf_net *net, const struct bf_op *op, int n_in, int a, int b);
/* Its number, for the caller of a building call. */
int bf_node_index(const struct bf_node *node);
/* Keeps the first mistake; returns -1. */
int bf_net_fail(struct bf_net *net, enum bf_err code, const char *text);
/* Declares NAME.suffix as the node's next weight; false after a mistake. */
bool bf_node_param(struct bf_node *node, const char *name, const char *suffix, const size_t *shape,
                   int n_dims, enum bf_param_init init, size_t fan_in, bool trained);
struct bf_node *bf_net_node(const struct bf_net *net, int i);

/* --- running
 * -------------------------------------------------------------------------------------------- */

struct bf_node *bf_node_in(const struct bf_node *node, int i);
/* Its values and its gradient; the latter NULL where it has none. */
const float *bf_node_x(const struct bf_node *node, int i);
float *bf_node_dx(const struct bf_node *node, int i);
/* Floats of the whole batch, and rows of c */
size_t bf_node_floats(const struct bf_node *node);
size_t bf_node_rows(const struct bf_node *node);
float *bf_node_weight(const struct bf_node *node, int i);
float *bf_node_weight_grad(const struct bf_node *node, int i); /* NULL where none is kept */
bool bf_node_rectified(const struct bf_node *node);

/* fn(node, from, to) over 0..n - 1 in spans of at most span, on the pool. */
typedef void bf_node_span_fn(struct bf_node *node, size_t from, size_t to);
void bf_node_spans(struct bf_node *node, bf_node_span_fn *fn, size_t n, size_t span);

/* Takes the folded rectifier out of node->dy, and adds its sums over rows to bias, (c), where that
 * is not NULL. Wants bf_node_columns_size(node) bytes of the scratch. */
void bf_node_rectify_grad(struct bf_node *node, float *bias);
void bf_node_rectify_span(struct bf_node *node, size_t from, size_t to); /* the former, of a span */
size_t bf_node_columns_size(const struct bf_node *node);

/* y = x * w and its two gradients; a, b, c are (rows, inner), (inner, columns), (rows, columns), on
 * the pool. add: to what the result has. One thread of the BLAS a call. */
void bf_matmul_prepare(void); /* before a call of the BLAS elsewhere */
void bf_matmul(float *c, const float *a, const float *b, size_t rows, size_t inner, size_t columns,
               bool add, struct bf_pool *pool);
/* a (rows, inner) from c and b transposed; b (inner, columns) from a transposed and c, added. */
void bf_matmul_grad_a(float *a, const float *b, const float *c, size_t rows, size_t inner,
                      size_t columns, bool add, struct bf_pool *pool);
void bf_matmul_grad_b(float *b, const float *a, const float *c, size_t rows, size_t inner,
                      size_t columns, struct bf_pool *pool);

extern const struct bf_op bf_op_rectify;
extern const struct bf_op bf_op_norm;
extern const struct bf_op bf_op_conv;
extern const struct bf_op bf_op_depthwise;
extern const struct bf_op bf_op_reshape;
extern const struct bf_op bf_op_dropout;

#endif
