#include "lib/nn/graph_nodes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"

enum { SHARDS_MAX = 256 };

/* IEEE 754 half precision: its exponent has another bias, which a product with 2^112 puts right for
 * the smallest numbers too. */
static float from_half(unsigned h)
{
    uint32_t bits = (uint32_t)(h & 0x7fff) << 13;
    float v;

    if ((h & 0x7c00) == 0x7c00) /* infinite, or not a number */
        bits |= 0x7f800000;
    memcpy(&v, &bits, sizeof v);
    if ((h & 0x7c00) != 0x7c00)
        v *= 0x1p112f;
    return h & 0x8000 ? -v : v;
}

static unsigned le16(const uint8_t *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

enum stored { STORED_FLOAT32, STORED_FLOAT16, STORED_UINT8, STORED_UINT16, STORED_INT32 };

static const struct {
    const char *name;
    enum stored stored;
    size_t size;
} stored_as[] = {
    {"float32", STORED_FLOAT32, 4}, {"float16", STORED_FLOAT16, 2}, {"uint8", STORED_UINT8, 1},
    {"uint16", STORED_UINT16, 2},   {"int32", STORED_INT32, 4},
};

static float decode(const uint8_t *p, enum stored stored, size_t i, double scale, double min)
{
    float v;
    uint32_t bits;

    switch (stored) {
    case STORED_FLOAT16:
        return from_half(le16(p + 2 * i));
    case STORED_UINT8:
        return (float)(p[i] * scale + min);
    case STORED_UINT16:
        return (float)(le16(p + 2 * i) * scale + min);
    default:
        bits = le32(p + 4 * i);
        memcpy(&v, &bits, sizeof v);
        return v;
    }
}

/* One entry of a manifest: its bytes are next in r; the node of its name receives them. */
static enum bf_err parse_weight(struct bf_graph_file *f, const json_t *j, const json_t *index,
                                struct bf_reader *r, size_t *total, struct bf_error *err)
{
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *type = json_string_value(json_object_get(j, "dtype"));
    const json_t *dims = json_object_get(j, "shape"), *q = json_object_get(j, "quantization");
    const char *packed = json_string_value(json_object_get(q, "dtype"));
    struct bf_graph_shape shape = {0};
    struct bf_graph_node *n;
    const uint8_t *p;
    size_t i, what, count;
    double scale, min;
    int node;

    if (name == NULL || type == NULL)
        return bf_graph_bad(f, err, "a weight has no name or type");
    if (!json_is_array(dims) || json_array_size(dims) > BF_GRAPH_RANK_MAX)
        return bf_graph_bad(f, err, "weight '%s' has no usable shape", name);
    shape.rank = (int)json_array_size(dims);
    for (i = 0; i < json_array_size(dims); i++)
        if (!bf_graph_get_int(&shape.d[i], json_array_get(dims, i), 1, BF_GRAPH_DIM_MAX))
            return bf_graph_bad(f, err, "weight '%s' has no usable shape", name);
    count = bf_graph_count(&shape);
    if (count == 0 || count > BF_GRAPH_TENSOR_MAX - *total)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %zu weights", f->name,
                            BF_GRAPH_TENSOR_MAX);
    *total += count;
    if (strcmp(type, "float32") != 0 && strcmp(type, "int32") != 0)
        return bf_graph_bad(f, err, "weight '%s' has the unknown type '%s'", name, type);
    if (q == NULL)
        packed = type;
    for (what = 0; what < sizeof stored_as / sizeof *stored_as; what++)
        if (packed != NULL && strcmp(packed, stored_as[what].name) == 0)
            break;
    if (what == sizeof stored_as / sizeof *stored_as ||
        (strcmp(type, "int32") == 0) != (stored_as[what].stored == STORED_INT32))
        return bf_graph_bad(f, err, "weight '%s' is quantised in an unknown way", name);
    scale = json_number_value(json_object_get(q, "scale"));
    min = json_number_value(json_object_get(q, "min"));
    p = bf_read_bytes(r, count * stored_as[what].size);
    if (p == NULL)
        return bf_graph_bad(f, err, "its weights end within '%s'", name);
    node = bf_graph_find_node(index, name);
    if (node < 0)
        return BF_OK;
    n = &f->node[node];
    if (n->op != BF_OP_CONST || n->f32 != NULL || n->i32 != NULL)
        return bf_graph_bad(f, err, "weight '%s' is not of one constant", name);
    n->shape = shape;
    if (stored_as[what].stored == STORED_INT32) {
        n->i32 = malloc(count * sizeof *n->i32);
        if (n->i32 == NULL)
            return bf_error_nomem(err);
        for (i = 0; i < count; i++)
            n->i32[i] = (int32_t)le32(p + 4 * i);
        return BF_OK;
    }
    n->f32 = malloc(count * sizeof *n->f32);
    if (n->f32 == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < count; i++)
        n->f32[i] = decode(p, stored_as[what].stored, i, scale, min);
    return BF_OK;
}

enum bf_err bf_graph_weights_parse(struct bf_graph_file *f, const json_t *manifest,
                                   const json_t *index, const void *weights, size_t weights_len,
                                   struct bf_error *err)
{
    struct bf_reader r;
    size_t g, k, total = 0;
    enum bf_err rc;

    bf_reader_init(&r, weights, weights_len);
    for (g = 0; g < json_array_size(manifest); g++) {
        const json_t *list = json_object_get(json_array_get(manifest, g), "weights");

        for (k = 0; k < json_array_size(list); k++) {
            rc = parse_weight(f, json_array_get(list, k), index, &r, &total, err);
            if (rc != BF_OK)
                return rc;
        }
    }
    if (!bf_reader_done(&r))
        return bf_graph_bad(f, err, "it has %zu bytes more of weights than it describes", r.left);
    return BF_OK;
}

/* Weight files lie beside the JSON, and nowhere else. */
static enum bf_err read_shard(struct bf_buf *out, const struct bf_graph_file *f, const char *name,
                              struct bf_error *err)
{
    const char *slash = strrchr(f->name, '/');
    struct bf_buf path = {0};
    enum bf_err rc;

    if (name == NULL || *name == '\0' || *name == '.' || strchr(name, '/') != NULL)
        return bf_graph_bad(f, err, "it names a weight file outside its folder");
    if (slash != NULL)
        bf_buf_append(&path, f->name, (size_t)(slash - f->name) + 1);
    bf_buf_append(&path, name, strlen(name) + 1);
    if (path.failed)
        rc = bf_error_nomem(err);
    else
        rc = bf_file_read(out, (const char *)path.data, BF_GRAPH_WEIGHTS_MAX - out->len, err);
    bf_buf_release(&path);
    return rc;
}

enum bf_err bf_graph_weights_read(struct bf_buf *out, const char *path, const void *json,
                                  size_t json_len, struct bf_error *err)
{
    struct bf_graph_file f = {.name = path};
    const json_t *manifest;
    json_t *root = NULL;
    size_t g, k, n = 0;
    enum bf_err rc;

    rc = bf_graph_json_parse(&root, &f, json, json_len, err);
    manifest = json_object_get(root, "weightsManifest");
    for (g = 0; rc == BF_OK && g < json_array_size(manifest); g++) {
        const json_t *paths = json_object_get(json_array_get(manifest, g), "paths");

        for (k = 0; rc == BF_OK && k < json_array_size(paths); k++) {
            if (++n > SHARDS_MAX)
                rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %d weight files", path,
                                  SHARDS_MAX);
            else
                rc = read_shard(out, &f, json_string_value(json_array_get(paths, k)), err);
        }
    }
    json_decref(root);
    return rc;
}
