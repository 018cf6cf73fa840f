/*
 * graph_nodes.h - what graph.c, graph_load.c, graph_weights.c, graph_shape.c, graph_plan.c,
 * graph_fold.c, graph_arena.c and graph_run.c hand one another
 *
 * File -> nodes, one an operation of the file -> steps, one a loop that is run. Of no use outside
 * lib/nn.
 */
#ifndef BF_GRAPH_NODES_H
#define BF_GRAPH_NODES_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/nn/graph.h"

enum bf_graph_op {
    BF_OP_CONST,
    BF_OP_INPUT,
    BF_OP_IDENTITY,
    BF_OP_CONV,
    BF_OP_DEPTHWISE,
    BF_OP_MATMUL,
    BF_OP_BATCH_NORM,
    BF_OP_ADD, /* BiasAdd too */
    BF_OP_SUB,
    BF_OP_MUL,
    BF_OP_MIN,
    BF_OP_MAX,
    BF_OP_RELU,
    BF_OP_RELU6,
    BF_OP_PRELU,
    BF_OP_SIGMOID,
    BF_OP_SOFTMAX,
    BF_OP_MAX_POOL,
    BF_OP_AVG_POOL,
    BF_OP_MEAN,
    BF_OP_PAD,
    BF_OP_RESHAPE,
    BF_OP_CONCAT,
};

enum bf_graph_act {
    BF_ACT_NONE,
    BF_ACT_CLAMP, /* between lo and hi: ReLU and its kin */
    BF_ACT_PRELU, /* negative values times the channel's slope */
    BF_ACT_SIGMOID,
};

/* (d[0], ..., d[rank - 1]) */
struct bf_graph_shape {
    int rank;
    int d[BF_GRAPH_RANK_MAX];
};

struct bf_graph_node {
    char *name;
    enum bf_graph_op op;
    int n_in, in[BF_GRAPH_INPUTS_MAX];     /* indices of nodes */
    struct bf_graph_shape shape;           /* of an input or constant from the start, of others by
                                              bf_graph_infer */
    int stride[2], dilation[2], window[2]; /* rows, columns */
    bool same;                             /* padding as TensorFlow's SAME, or else pad */
    int pad[4];                            /* top, bottom, left, right */
    bool fused_bias, keep_dims, transpose[2];
    enum bf_graph_act fused_act; /* of a fused convolution: its slope is the last input */
    float lo, hi, epsilon;
    float *f32; /* a constant's elements: one of the two */
    int32_t *i32;
};

/* A network as its file has it. */
struct bf_graph_file {
    const char *name; /* the file's, for errors; the caller's */
    struct bf_graph_node *node;
    int n_nodes;
    int *order; /* indices of the nodes that outputs need, each behind its inputs */
    int n_order;
    int n_in, n_out;
    int in[BF_GRAPH_INPUTS_MAX], out[BF_GRAPH_INPUTS_MAX]; /* indices of nodes */
    char *in_name[BF_GRAPH_INPUTS_MAX], *out_name[BF_GRAPH_INPUTS_MAX];
};

/* What is run. A value is a tensor between steps; it has a place in the arena. */
enum bf_graph_kind {
    BF_STEP_CONV,      /* w is (kh, kw, c, co); a matrix product is one of 1x1 */
    BF_STEP_DEPTHWISE, /* w is (kh, kw, c) */
    BF_STEP_MAX_POOL,
    BF_STEP_AVG_POOL,
    BF_STEP_PAD,
    BF_STEP_CONCAT,
    BF_STEP_COPY,    /* and then the epilogue */
    BF_STEP_BINARY,  /* of two values or a value and a constant, with broadcasting */
    BF_STEP_SOFTMAX, /* over the last dimension */
};

/*
 * Every step ends with the same epilogue, for an output (rows, c):
 *   y += bias[c]; y += the value `add`, in its first add_c channels; y = act(y)
 */
struct bf_graph_step {
    enum bf_graph_kind kind;
    int n_in, in[BF_GRAPH_INPUTS_MAX]; /* indices of values; a binary step's -1 is `w` */
    int out;
    /* (n, h, w, c) of the first input and of the output, filled up with ones in front */
    int from[4], to[4];
    int window[2], stride[2], dilation[2], pad[4];
    enum bf_graph_op op;             /* of a binary step */
    int axis;                        /* of a concatenation, among four */
    int extent[BF_GRAPH_INPUTS_MAX]; /* of each input along it */
    int other[4];                    /* the second operand's shape, as `from` */
    float *w;                        /* owned, as are bias, slope and packed */
    float *packed;  /* a convolution's weights as bf_conv_pack leaves them, instead of w */
    float *bias;    /* (c) or NULL */
    int add, add_c; /* value or -1 */
    int depthwise;  /* of a convolution of 1x1: the step whose result is its input, computed
                       piece by piece on the way; or -1 */
    bool absorbed;  /* a depthwise step that another one runs on its way */
    int block;      /* output rows of one piece of work */
    bool shared;    /* its pieces are worth more than one thread */
    enum bf_graph_act act;
    float *slope; /* (c) */
    float lo, hi;
};

struct bf_graph_value {
    size_t len;      /* elements */
    size_t offset;   /* in the arena */
    int first, last; /* steps between which it must be kept; -1 and INT_MAX for the caller's */
};

struct bf_graph {
    struct bf_graph_step *step;
    int n_steps;
    struct bf_graph_value *value;
    int n_values;
    float *arena;
    size_t arena_len;
    struct bf_graph_io in[BF_GRAPH_INPUTS_MAX], out[BF_GRAPH_INPUTS_MAX];
    char *in_name[BF_GRAPH_INPUTS_MAX], *out_name[BF_GRAPH_INPUTS_MAX];
    int n_in, n_out;
    uint64_t n_macs;
    struct bf_pool *pool;
    /* n_threads of scratch_len bytes each: a tile of a depthwise step, zeros, a convolution's own
     */
    unsigned char *scratch;
    size_t scratch_len, tile_len, zero_len; /* the latter two in floats */
};

/* BF_ERR_FORMAT: "'NAME' is not a usable network: ..." */
enum bf_err bf_graph_bad(const struct bf_graph_file *f, struct bf_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Elements of a shape; 0 where one of its dimensions or the product is past its limit or below
 * one. */
size_t bf_graph_count(const struct bf_graph_shape *s);

/* graph_load.c: from the JSON text and the weights to nodes. f->name is set; released by the
 * caller, also on error. */
enum bf_err bf_graph_file_parse(struct bf_graph_file *f, const void *json, size_t json_len,
                                const void *weights, size_t weights_len, int n,
                                const char *const *wanted, struct bf_error *err);
void bf_graph_file_release(struct bf_graph_file *f);

/* graph_weights.c: the constants of f, from the manifest and the bytes; index maps names of nodes
 * to their numbers. json_t is jansson's. */
struct json_t;
enum bf_err bf_graph_weights_parse(struct bf_graph_file *f, const struct json_t *manifest,
                                   const struct json_t *index, const void *weights,
                                   size_t weights_len, struct bf_error *err);
/* graph_load.c: a whole number, which stands as such or as text; false outside min to max. */
bool bf_graph_get_int(int *v, const struct json_t *j, int min, int max);
/* graph_load.c: the number of the node that "name" or "name:0" names; -1 where there is none. */
int bf_graph_find_node(const struct json_t *index, const char *name);
/* graph_load.c: the file's text as jansson has it, within its limit. */
enum bf_err bf_graph_json_parse(struct json_t **root, const struct bf_graph_file *f,
                                const void *json, size_t json_len, struct bf_error *err);

/* graph_weights.c: append to out the weight files that the JSON text names, from the folder of
 * path. */
enum bf_err bf_graph_weights_read(struct bf_buf *out, const char *path, const void *json,
                                  size_t json_len, struct bf_error *err);

/* graph_shape.c: put the nodes in order, find every shape, check every operand. */
enum bf_err bf_graph_infer(struct bf_graph_file *f, struct bf_error *err);

/* graph_plan.c: nodes to steps; takes the constants that it can from f. */
enum bf_err bf_graph_plan(struct bf_graph *g, struct bf_graph_file *f, struct bf_error *err);

/* graph_arena.c: the multiplications of one run of a step. */
uint64_t bf_graph_work(const struct bf_graph_step *s);

/* graph_arena.c: join steps that run as one, and give every value its place; out are the values of
 * the n_out outputs. */
enum bf_err bf_graph_place(struct bf_graph *g, const char *name, const int *out, int n_out,
                           struct bf_error *err);

/* graph_run.c: pack the weights, and get the memory that steps need beside the arena. */
enum bf_err bf_graph_prepare(struct bf_graph *g, const char *name, struct bf_error *err);

#endif
