/*
 * graph.h - runs a pretrained network that stands in a TensorFlow.js graph model
 *
 * A graph model is a JSON file, which names the operations and describes the weights, and the .bin
 * file or files beside it that hold them. It is read once, its batch normalisation and its
 * activations are folded into the convolutions before them, and every tensor between two steps gets
 * its place in one block of memory; a run then allocates nothing and cannot fail.
 *
 * Everything in the files is from outside: sizes, counts and the work of one run pass the limits
 * below, and a damaged file is one sentence, never a crash.
 */
#ifndef BF_GRAPH_H
#define BF_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/nn/pool.h"

#define BF_GRAPH_JSON_MAX ((size_t)8 << 20)    /* bytes of topology */
#define BF_GRAPH_WEIGHTS_MAX ((size_t)1 << 28) /* bytes of weights, as stored */
#define BF_GRAPH_NODES_MAX 4096
#define BF_GRAPH_INPUTS_MAX 16                /* of one node */
#define BF_GRAPH_RANK_MAX 4                   /* dimensions of a tensor */
#define BF_GRAPH_DIM_MAX 65536                /* of one dimension */
#define BF_GRAPH_TENSOR_MAX ((size_t)1 << 26) /* elements of one tensor, and of all weights */
#define BF_GRAPH_ARENA_MAX ((size_t)1 << 26)  /* elements of all tensors that live at a time */
#define BF_GRAPH_MACS_MAX ((uint64_t)1 << 36) /* multiplications of one run */
#define BF_GRAPH_BATCH_MAX 64

/* A graph owns what its activations live in: one thread at a time may use it. */
struct bf_graph;

/* An input or an output: float32, (dims[0], ..., dims[rank - 1]), the last dimension fastest. */
struct bf_graph_io {
    const char *name; /* the signature's, without ":0" */
    int rank;
    int dims[BF_GRAPH_RANK_MAX];
    size_t len; /* elements */
    float *data;
};

/*
 * Read the graph model at json_path and the weights that it names, from the same folder. n is the
 * batch: what the first dimension of an input becomes where the file leaves it open; a file that
 * fixes it otherwise is BF_ERR_FORMAT. wanted, where not NULL, is a list of output names that ends
 * with NULL: the graph then has these outputs, in this order, and computes nothing else. pool is
 * what runs it: NULL is the caller's thread alone; it must outlive the graph. An
 * operation that this program does not know, a wrong shape, a cycle, or weights that are too short
 * or too long are BF_ERR_FORMAT; sizes past a limit above are BF_ERR_LIMIT. *g is NULL on error.
 *
 * The format is that of tfjs-converter; the meaning of each operation is TensorFlow's.
 */
enum bf_err bf_graph_open(struct bf_graph **g, const char *json_path, int n,
                          const char *const *wanted, struct bf_pool *pool, struct bf_error *err);

/* The same from memory, which need not outlive the call; weights are the .bin files one behind the
 * other, and name is what errors call it. */
enum bf_err bf_graph_parse(struct bf_graph **g, const char *name, const void *json, size_t json_len,
                           const void *weights, size_t weights_len, int n,
                           const char *const *wanted, struct bf_pool *pool, struct bf_error *err);

void bf_graph_close(struct bf_graph **g);

int bf_graph_n_inputs(const struct bf_graph *g);
int bf_graph_n_outputs(const struct bf_graph *g);
/* Valid until the graph is closed. The caller writes the whole of an input's data before each run,
 * for a run overwrites it; an output's data stays until the next run. */
const struct bf_graph_io *bf_graph_input(const struct bf_graph *g, int i);
const struct bf_graph_io *bf_graph_output(const struct bf_graph *g, int i);
/* NULL where there is none of that name. */
const struct bf_graph_io *bf_graph_output_named(const struct bf_graph *g, const char *name);

/* Compute all outputs from the inputs. The result does not depend on the number of threads. */
void bf_graph_run(struct bf_graph *g);

#endif
