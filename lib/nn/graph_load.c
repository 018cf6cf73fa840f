#include "lib/nn/graph_nodes.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

enum {
    FUSED_OPS_MAX = 3,
    ATTR_TEXT_MAX = 64, /* bytes of a text attribute that means something to us */
};

enum bf_err bf_graph_bad(const struct bf_graph_file *f, struct bf_error *err, const char *fmt, ...)
{
    char what[BF_ERROR_TEXT_MAX / 2];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' is not a usable network: %s", f->name, what);
}

static const struct {
    const char *name;
    enum bf_graph_op op;
    int n_in_min, n_in_max;
} known[] = {
    {"Const", BF_OP_CONST, 0, 0},
    {"Placeholder", BF_OP_INPUT, 0, 0},
    {"Identity", BF_OP_IDENTITY, 1, 1},
    {"StopGradient", BF_OP_IDENTITY, 1, 1},
    {"Conv2D", BF_OP_CONV, 2, 2},
    {"_FusedConv2D", BF_OP_CONV, 2, 4},
    {"DepthwiseConv2dNative", BF_OP_DEPTHWISE, 2, 2},
    {"FusedDepthwiseConv2dNative", BF_OP_DEPTHWISE, 2, 4},
    {"MatMul", BF_OP_MATMUL, 2, 2},
    {"_FusedMatMul", BF_OP_MATMUL, 2, 4},
    {"FusedBatchNorm", BF_OP_BATCH_NORM, 5, 5},
    {"FusedBatchNormV2", BF_OP_BATCH_NORM, 5, 5},
    {"FusedBatchNormV3", BF_OP_BATCH_NORM, 5, 5},
    {"BiasAdd", BF_OP_ADD, 2, 2},
    {"Add", BF_OP_ADD, 2, 2},
    {"AddV2", BF_OP_ADD, 2, 2},
    {"Sub", BF_OP_SUB, 2, 2},
    {"Mul", BF_OP_MUL, 2, 2},
    {"Minimum", BF_OP_MIN, 2, 2},
    {"Maximum", BF_OP_MAX, 2, 2},
    {"Relu", BF_OP_RELU, 1, 1},
    {"Relu6", BF_OP_RELU6, 1, 1},
    {"Prelu", BF_OP_PRELU, 2, 2},
    {"Sigmoid", BF_OP_SIGMOID, 1, 1},
    {"Softmax", BF_OP_SOFTMAX, 1, 1},
    {"MaxPool", BF_OP_MAX_POOL, 1, 1},
    {"AvgPool", BF_OP_AVG_POOL, 1, 1},
    {"Mean", BF_OP_MEAN, 2, 2},
    {"Pad", BF_OP_PAD, 2, 2},
    {"Reshape", BF_OP_RESHAPE, 2, 2},
    {"Squeeze", BF_OP_RESHAPE, 1, 1},
    {"ConcatV2", BF_OP_CONCAT, 2, BF_GRAPH_INPUTS_MAX},
};

size_t bf_graph_count(const struct bf_graph_shape *s)
{
    size_t n = 1;
    int i;

    for (i = 0; i < s->rank; i++) {
        if (s->d[i] < 1 || s->d[i] > BF_GRAPH_DIM_MAX || n > BF_GRAPH_TENSOR_MAX / (size_t)s->d[i])
            return 0;
        n *= (size_t)s->d[i];
    }
    return n;
}

void bf_graph_file_release(struct bf_graph_file *f)
{
    int i;

    for (i = 0; i < f->n_nodes; i++) {
        free(f->node[i].name);
        free(f->node[i].f32);
        free(f->node[i].i32);
    }
    for (i = 0; i < BF_GRAPH_INPUTS_MAX; i++) {
        free(f->in_name[i]);
        free(f->out_name[i]);
    }
    free(f->node);
    free(f->order);
    *f = (struct bf_graph_file){.name = f->name};
}

/* Whole numbers stand as such or, being 64 bits wide, as text. */
bool bf_graph_get_int(int *v, const json_t *j, int min, int max)
{
    uint64_t u;
    const char *s;

    if (json_is_integer(j)) {
        json_int_t i = json_integer_value(j);

        if (i < min || i > max)
            return false;
        *v = (int)i;
        return true;
    }
    s = json_string_value(j);
    if (s == NULL)
        return false;
    if (*s == '-') {
        if (!bf_u64_parse(&u, 1u << 30, s + 1, strlen(s + 1)) || -(int64_t)u < min)
            return false;
        *v = -(int)u;
        return true;
    }
    if (!bf_u64_parse(&u, (uint64_t)max, s, strlen(s)) || (int64_t)u < min)
        return false;
    *v = (int)u;
    return true;
}

/* Text attributes are bytes in base64. */
static bool get_text(char out[ATTR_TEXT_MAX], const json_t *j)
{
    uint8_t raw[ATTR_TEXT_MAX];
    const char *s = json_string_value(j);
    size_t n;

    if (s == NULL || !bf_base64_parse(raw, sizeof raw - 1, &n, s, strlen(s)) ||
        memchr(raw, '\0', n) != NULL)
        return false;
    memcpy(out, raw, n);
    out[n] = '\0';
    return true;
}

/* {"strides": {"list": {"i": [1, rows, columns, 1]}}}; absent is ones. */
static enum bf_err get_window(int out[2], const struct bf_graph_file *f, const char *node,
                              const json_t *attr, const char *key, struct bf_error *err)
{
    const json_t *a = json_object_get(attr, key);
    const json_t *list = json_object_get(json_object_get(a, "list"), "i");
    int v[4], i;

    out[0] = out[1] = 1;
    if (a == NULL || (list != NULL && json_is_array(list) && json_array_size(list) == 0))
        return BF_OK;
    if (json_array_size(list) != 4)
        return bf_graph_bad(f, err, "node '%s' has '%s' that are not four", node, key);
    for (i = 0; i < 4; i++)
        if (!bf_graph_get_int(&v[i], json_array_get(list, (size_t)i), 1, BF_GRAPH_DIM_MAX))
            return bf_graph_bad(f, err, "node '%s' has '%s' out of range", node, key);
    if (v[0] != 1 || v[3] != 1)
        return bf_graph_bad(f, err, "node '%s' has '%s' over images or channels", node, key);
    out[0] = v[1];
    out[1] = v[2];
    return BF_OK;
}

static enum bf_err get_padding(struct bf_graph_node *n, const struct bf_graph_file *f,
                               const json_t *attr, struct bf_error *err)
{
    const json_t *list =
        json_object_get(json_object_get(json_object_get(attr, "explicit_paddings"), "list"), "i");
    char text[ATTR_TEXT_MAX] = "";
    int i, v;

    if (!get_text(text, json_object_get(json_object_get(attr, "padding"), "s")))
        return bf_graph_bad(f, err, "node '%s' has no padding", n->name);
    n->same = strcmp(text, "SAME") == 0;
    if (n->same || strcmp(text, "VALID") == 0)
        return BF_OK;
    if (strcmp(text, "EXPLICIT") != 0 || json_array_size(list) != 8)
        return bf_graph_bad(f, err, "node '%s' has an unknown padding", n->name);
    for (i = 0; i < 8; i++) {
        if (!bf_graph_get_int(&v, json_array_get(list, (size_t)i), 0, BF_GRAPH_DIM_MAX) ||
            (v != 0 && (i < 2 || i > 5)))
            return bf_graph_bad(f, err, "node '%s' has an unknown padding", n->name);
        if (i >= 2 && i <= 5)
            n->pad[i - 2] = v;
    }
    return BF_OK;
}

static enum bf_err get_fused(struct bf_graph_node *n, const struct bf_graph_file *f,
                             const json_t *attr, struct bf_error *err)
{
    const json_t *list =
        json_object_get(json_object_get(json_object_get(attr, "fused_ops"), "list"), "s");
    char text[ATTR_TEXT_MAX];
    size_t i;

    if (json_array_size(list) > FUSED_OPS_MAX)
        return bf_graph_bad(f, err, "node '%s' has too many fused operations", n->name);
    for (i = 0; i < json_array_size(list); i++) {
        if (!get_text(text, json_array_get(list, i)))
            return bf_graph_bad(f, err, "node '%s' has a damaged attribute", n->name);
        if (strcmp(text, "BiasAdd") == 0 && i == 0) {
            n->fused_bias = true;
        } else if (i + 1 < json_array_size(list)) {
            return bf_graph_bad(f, err, "node '%s' has the unknown fused operation '%s'", n->name,
                                text);
        } else if (strcmp(text, "Relu") == 0) {
            n->fused_act = BF_ACT_CLAMP;
            n->hi = INFINITY;
        } else if (strcmp(text, "Relu6") == 0) {
            n->fused_act = BF_ACT_CLAMP;
            n->hi = 6;
        } else if (strcmp(text, "Prelu") == 0) {
            n->fused_act = BF_ACT_PRELU;
        } else if (strcmp(text, "Sigmoid") == 0) {
            n->fused_act = BF_ACT_SIGMOID;
        } else {
            return bf_graph_bad(f, err, "node '%s' has the unknown fused operation '%s'", n->name,
                                text);
        }
    }
    if (n->n_in != 2 + n->fused_bias + (n->fused_act == BF_ACT_PRELU))
        return bf_graph_bad(f, err, "node '%s' has the wrong number of inputs", n->name);
    return BF_OK;
}

static bool get_flag(const json_t *attr, const char *key)
{
    return json_is_true(json_object_get(json_object_get(attr, key), "b"));
}

static enum bf_err get_attributes(struct bf_graph_node *n, const struct bf_graph_file *f,
                                  const json_t *attr, struct bf_error *err)
{
    const json_t *format = json_object_get(attr, "data_format");
    const json_t *epsilon = json_object_get(json_object_get(attr, "epsilon"), "f");
    char text[ATTR_TEXT_MAX];
    enum bf_err rc = BF_OK;

    if (format != NULL &&
        (!get_text(text, json_object_get(format, "s")) || strcmp(text, "NHWC") != 0))
        return bf_graph_bad(f, err, "node '%s' is not in the order of NHWC", n->name);
    switch (n->op) {
    case BF_OP_CONV:
    case BF_OP_DEPTHWISE:
        if ((rc = get_window(n->dilation, f, n->name, attr, "dilations", err)) != BF_OK ||
            (rc = get_fused(n, f, attr, err)) != BF_OK)
            return rc;
        /* fall through */
    case BF_OP_MAX_POOL:
    case BF_OP_AVG_POOL:
        if ((rc = get_window(n->stride, f, n->name, attr, "strides", err)) == BF_OK &&
            (rc = get_window(n->window, f, n->name, attr, "ksize", err)) == BF_OK)
            rc = get_padding(n, f, attr, err);
        return rc;
    case BF_OP_MATMUL:
        n->transpose[0] = get_flag(attr, "transpose_a");
        n->transpose[1] = get_flag(attr, "transpose_b");
        return get_fused(n, f, attr, err);
    case BF_OP_BATCH_NORM:
        n->epsilon = json_is_number(epsilon) ? (float)json_number_value(epsilon) : 1e-4f;
        if (get_flag(attr, "is_training"))
            return bf_graph_bad(f, err, "node '%s' is of a network in training", n->name);
        return BF_OK;
    case BF_OP_MEAN:
        n->keep_dims = get_flag(attr, "keep_dims");
        return BF_OK;
    default:
        return BF_OK;
    }
}

/* The first dimension of an input, where open, is the batch. */
static enum bf_err get_input_shape(struct bf_graph_node *n, const struct bf_graph_file *f,
                                   const json_t *attr, int batch, struct bf_error *err)
{
    const json_t *type = json_object_get(json_object_get(attr, "dtype"), "type");
    const json_t *dims =
        json_object_get(json_object_get(json_object_get(attr, "shape"), "shape"), "dim");
    size_t i;

    if (type != NULL && json_is_string(type) && strcmp(json_string_value(type), "DT_FLOAT") != 0)
        return bf_graph_bad(f, err, "input '%s' is not of floating point", n->name);
    if (json_array_size(dims) < 1 || json_array_size(dims) > BF_GRAPH_RANK_MAX)
        return bf_graph_bad(f, err, "input '%s' has no usable shape", n->name);
    n->shape.rank = (int)json_array_size(dims);
    for (i = 0; i < json_array_size(dims); i++) {
        int *d = &n->shape.d[i];

        if (!bf_graph_get_int(d, json_object_get(json_array_get(dims, i), "size"), -1,
                              BF_GRAPH_DIM_MAX))
            return bf_graph_bad(f, err, "input '%s' has no usable shape", n->name);
        if (i == 0 && *d == -1)
            *d = batch;
        else if (i == 0 && *d != batch)
            return bf_graph_bad(f, err, "input '%s' takes %d at a time, not %d", n->name, *d,
                                batch);
    }
    if (bf_graph_count(&n->shape) == 0)
        return bf_graph_bad(f, err, "input '%s' has no usable shape", n->name);
    return BF_OK;
}

/* The index of the node that "name", "name:0" names; -1 where there is none. */
int bf_graph_find_node(const json_t *index, const char *name)
{
    char plain[512];
    const char *colon = strrchr(name, ':');
    const json_t *j;

    if (colon != NULL && strcmp(colon, ":0") == 0 && (size_t)(colon - name) < sizeof plain) {
        memcpy(plain, name, (size_t)(colon - name));
        plain[colon - name] = '\0';
        name = plain;
    }
    j = json_object_get(index, name);
    return j ? (int)json_integer_value(j) : -1;
}

static enum bf_err parse_node(struct bf_graph_file *f, int i, const json_t *j, const json_t *index,
                              int batch, struct bf_error *err)
{
    struct bf_graph_node *n = &f->node[i];
    const json_t *attr = json_object_get(j, "attr"), *inputs = json_object_get(j, "input");
    const char *op = json_string_value(json_object_get(j, "op"));
    size_t k, what;

    for (what = 0; what < sizeof known / sizeof *known; what++)
        if (op != NULL && strcmp(known[what].name, op) == 0)
            break;
    if (what == sizeof known / sizeof *known)
        return bf_graph_bad(f, err, "node '%s' is the unknown operation '%s'", n->name,
                            op ? op : "");
    n->op = known[what].op;
    for (k = 0; k < json_array_size(inputs); k++) {
        const char *name = json_string_value(json_array_get(inputs, k));

        if (name != NULL && *name == '^') /* waits for it, but takes nothing from it */
            continue;
        if (n->n_in == BF_GRAPH_INPUTS_MAX)
            return bf_graph_bad(f, err, "node '%s' has more than %d inputs", n->name,
                                BF_GRAPH_INPUTS_MAX);
        n->in[n->n_in] = name ? bf_graph_find_node(index, name) : -1;
        if (n->in[n->n_in] < 0)
            return bf_graph_bad(f, err, "node '%s' has the input '%s', which is not there", n->name,
                                name ? name : "");
        n->n_in++;
    }
    if (n->n_in < known[what].n_in_min || n->n_in > known[what].n_in_max)
        return bf_graph_bad(f, err, "node '%s' has the wrong number of inputs", n->name);
    if (n->op == BF_OP_INPUT)
        return get_input_shape(n, f, attr, batch, err);
    return get_attributes(n, f, attr, err);
}

/* One side of the signature: names as users know them, and nodes. */
static enum bf_err parse_side(struct bf_graph_file *f, json_t *side, const json_t *index, int *n,
                              int *node, char **names, struct bf_error *err)
{
    const char *key;
    json_t *j;

    json_object_foreach(side, key, j)
    {
        const char *name = json_string_value(json_object_get(j, "name"));
        size_t len = strlen(key);

        if (*n == BF_GRAPH_INPUTS_MAX)
            return bf_graph_bad(f, err, "it has more than %d inputs or outputs",
                                BF_GRAPH_INPUTS_MAX);
        node[*n] = name ? bf_graph_find_node(index, name) : -1;
        if (node[*n] < 0)
            return bf_graph_bad(f, err, "its signature names '%s', which is not there", key);
        names[*n] = strdup(key);
        if (names[*n] == NULL)
            return bf_error_nomem(err);
        if (len > 2 && strcmp(key + len - 2, ":0") == 0)
            names[*n][len - 2] = '\0';
        (*n)++;
    }
    if (*n == 0)
        return bf_graph_bad(f, err, "its signature names no inputs or no outputs");
    return BF_OK;
}

/* Keep the outputs that are wanted, in their order. */
static enum bf_err choose_outputs(struct bf_graph_file *f, const char *const *wanted,
                                  struct bf_error *err)
{
    char *name[BF_GRAPH_INPUTS_MAX];
    int node[BF_GRAPH_INPUTS_MAX], i, k, n = 0;

    for (i = 0; wanted[i] != NULL; i++) {
        for (k = 0; k < f->n_out; k++)
            if (strcmp(f->out_name[k], wanted[i]) == 0)
                break;
        if (k == f->n_out)
            return bf_error_set(err, BF_ERR_NOT_FOUND, "'%s' has no output '%s'", f->name,
                                wanted[i]);
        if (n == BF_GRAPH_INPUTS_MAX)
            return bf_error_set(err, BF_ERR_USAGE, "more than %d outputs are asked of '%s'",
                                BF_GRAPH_INPUTS_MAX, f->name);
        node[n++] = k;
    }
    if (n == 0)
        return bf_error_set(err, BF_ERR_USAGE, "no output is asked of '%s'", f->name);
    for (i = 0; i < n; i++)
        name[i] = strdup(f->out_name[node[i]]);
    for (i = 0; i < n; i++)
        node[i] = f->out[node[i]];
    for (i = 0; i < f->n_out; i++)
        free(f->out_name[i]);
    memset(f->out_name, 0, sizeof f->out_name);
    memcpy(f->out_name, name, (size_t)n * sizeof *name);
    memcpy(f->out, node, (size_t)n * sizeof *node);
    f->n_out = n;
    for (i = 0; i < n; i++)
        if (name[i] == NULL)
            return bf_error_nomem(err);
    return BF_OK;
}

static enum bf_err parse_signature(struct bf_graph_file *f, const json_t *root, const json_t *index,
                                   const char *const *wanted, struct bf_error *err)
{
    json_t *s = json_object_get(root, "signature");
    enum bf_err rc;
    int i;

    if (s == NULL)
        s = json_object_get(json_object_get(root, "userDefinedMetadata"), "signature");
    rc = parse_side(f, json_object_get(s, "inputs"), index, &f->n_in, f->in, f->in_name, err);
    if (rc == BF_OK)
        rc = parse_side(f, json_object_get(s, "outputs"), index, &f->n_out, f->out, f->out_name,
                        err);
    for (i = 0; rc == BF_OK && i < f->n_in; i++)
        if (f->node[f->in[i]].op != BF_OP_INPUT)
            rc = bf_graph_bad(f, err, "its input '%s' is computed", f->in_name[i]);
    if (rc == BF_OK && wanted != NULL)
        rc = choose_outputs(f, wanted, err);
    return rc;
}

static enum bf_err parse_nodes(struct bf_graph_file *f, const json_t *list, json_t *index,
                               int batch, struct bf_error *err)
{
    size_t n = json_array_size(list), i;
    enum bf_err rc;

    if (n == 0)
        return bf_graph_bad(f, err, "it has no nodes");
    if (n > BF_GRAPH_NODES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %d nodes", f->name,
                            BF_GRAPH_NODES_MAX);
    f->node = calloc(n, sizeof *f->node);
    if (f->node == NULL)
        return bf_error_nomem(err);
    f->n_nodes = (int)n;
    for (i = 0; i < n; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));

        if (name == NULL)
            return bf_graph_bad(f, err, "node %zu has no name", i);
        if (json_object_get(index, name) != NULL)
            return bf_graph_bad(f, err, "two nodes have the name '%s'", name);
        f->node[i].name = strdup(name);
        if (f->node[i].name == NULL ||
            json_object_set_new(index, name, json_integer((json_int_t)i)) != 0)
            return bf_error_nomem(err);
    }
    for (i = 0; i < n; i++) {
        rc = parse_node(f, (int)i, json_array_get(list, i), index, batch, err);
        if (rc != BF_OK)
            return rc;
    }
    return BF_OK;
}

enum bf_err bf_graph_json_parse(json_t **root, const struct bf_graph_file *f, const void *json,
                                size_t json_len, struct bf_error *err)
{
    json_error_t why;

    if (json_len > BF_GRAPH_JSON_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %zu bytes",
                            f->name, BF_GRAPH_JSON_MAX);
    *root = json_loadb(json, json_len, 0, &why);
    if (*root == NULL)
        return bf_graph_bad(f, err, "its JSON is damaged in line %d: %s", why.line, why.text);
    return BF_OK;
}

enum bf_err bf_graph_file_parse(struct bf_graph_file *f, const void *json, size_t json_len,
                                const void *weights, size_t weights_len, int n,
                                const char *const *wanted, struct bf_error *err)
{
    json_t *root = NULL, *index = json_object();
    const json_t *nodes;
    enum bf_err rc;

    if (index == NULL)
        return bf_error_nomem(err);
    rc = bf_graph_json_parse(&root, f, json, json_len, err);
    if (rc != BF_OK)
        goto out;
    nodes = json_object_get(json_object_get(root, "modelTopology"), "node");
    if (nodes == NULL) {
        rc = bf_graph_bad(f, err, "it is not a graph model of TensorFlow.js");
        goto out;
    }
    if ((rc = parse_nodes(f, nodes, index, n, err)) != BF_OK ||
        (rc = bf_graph_weights_parse(f, json_object_get(root, "weightsManifest"), index, weights,
                                     weights_len, err)) != BF_OK)
        goto out;
    rc = parse_signature(f, root, index, wanted, err);
out:
    json_decref(root);
    json_decref(index);
    return rc;
}
