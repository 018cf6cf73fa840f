#include "detector/artifact_net.h"
#include "lib/base/bytes.h"
#include "lib/base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

const struct bf_weights_kind bf_artifact_kind = {"detector-artifact", "1"};
const struct bf_weights_kind bf_meso_kind = {"detector-meso4", "1"};

enum {
    TOP = 32,   /* channels of the first layer */
    DEEP = 256, /* and of the last */
    UP_8 = 64,  /* channels on the way up, by rows */
    UP_16 = 48,
    UP_32 = 32,
    PATH_CAP = 4096,
    MANIFEST_MAX = 1 << 20,
    WEIGHTS_MAX = 64 << 20,
};

/* The mean colour that the recognition network was trained with, and its scale. */
static const float mean_rgb[3] = {122.782f, 117.001f, 104.298f};
#define SCALE (1 / 256.f)

void bf_artifact_input(float *rgb, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        rgb[i] = (rgb[i] - mean_rgb[i % 3]) * SCALE;
}

static const char *named(char out[BF_PARAM_NAME_MAX], const char *block, const char *layer)
{
    snprintf(out, BF_PARAM_NAME_MAX, "%s.%s", block, layer);
    return out;
}

static int block(struct bf_net *net, const char *name, int x, size_t oc)
{
    char n[BF_PARAM_NAME_MAX];
    int y = bf_net_rectify(net, bf_net_conv(net, named(n, name, "conv1"), x, oc, 3, 1), 0);

    y = bf_net_conv(net, named(n, name, "conv2"), y, oc, 3, 1);
    return bf_net_rectify(net, bf_net_add(net, y, x), 0);
}

/* Half the rows and columns. The window of the strided convolution begins at its own pixel, as the
 * recognition network has it; the shortcut's channels are chosen by a matrix that begins as the
 * identity and zeros. */
static int block_down(struct bf_net *net, const char *name, int x, size_t c, size_t oc)
{
    const struct bf_conv half = {.kh = 3,
                                 .kw = 3,
                                 .oc = oc,
                                 .stride_y = 2,
                                 .stride_x = 2,
                                 .dilation_y = 1,
                                 .dilation_x = 1,
                                 .pad_bottom = 1,
                                 .pad_right = 1};
    char n[BF_PARAM_NAME_MAX];
    int y, skip;

    y = bf_net_conv_shaped(net, named(n, name, "conv1"), x, &half, true);
    y = bf_net_rectify(net, y, 0);
    y = bf_net_conv(net, named(n, name, "conv2"), y, oc, 3, 1);
    skip = bf_net_avgpool(net, x, 2, 2);
    if (c != oc)
        skip = bf_net_conv_bare(net, named(n, name, "skip"), skip, oc, 1, 1);
    return bf_net_rectify(net, bf_net_add(net, y, skip), 0);
}

/* What lies deeper, at twice the rows and columns, joined with what is as large. */
static int join(struct bf_net *net, const char *name, int deep, int here, size_t oc)
{
    char n[BF_PARAM_NAME_MAX];
    int up = bf_net_shuffle(net, bf_net_conv(net, named(n, name, "up"), deep, 4 * oc, 1, 1), 2);

    here = bf_net_conv(net, named(n, name, "side"), here, oc, 1, 1);
    return bf_net_rectify(net, bf_net_add(net, up, here), 0);
}

enum bf_err bf_artifact_net_create(struct bf_artifact_net *n, struct bf_params *params,
                                   struct bf_error *err)
{
    int x, at32, at16, at8, at4, up8, up16, up32, m, all;
    struct bf_net *net;
    enum bf_err rc = bf_net_create(&n->net, params, err);

    if (rc != BF_OK)
        return rc;
    net = n->net;
    n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    x = bf_net_rectify(net, bf_net_conv(net, "conv32_down", n->in, TOP, 7, 2), 0);
    x = bf_net_maxpool(net, x, 3, 2);
    x = block(net, "conv32_1", x, TOP);
    x = block(net, "conv32_2", x, TOP);
    at32 = block(net, "conv32_3", x, TOP);
    x = block_down(net, "conv64_down", at32, TOP, 64);
    x = block(net, "conv64_1", x, 64);
    x = block(net, "conv64_2", x, 64);
    at16 = block(net, "conv64_3", x, 64);
    x = block_down(net, "conv128_down", at16, 64, 128);
    x = block(net, "conv128_1", x, 128);
    at8 = block(net, "conv128_2", x, 128);
    x = block_down(net, "conv256_down", at8, 128, DEEP);
    at4 = block(net, "conv256_1", x, DEEP);
    up8 = join(net, "join8", at4, at8, UP_8);
    up16 = join(net, "join16", up8, at16, UP_16);
    up32 = join(net, "join32", up16, at32, UP_32);
    m = bf_net_rectify(net, bf_net_conv(net, "map1", up32, UP_32, 3, 1), 0);
    n->map = bf_net_conv(net, "map2", m, 1, 1, 1);
    all = bf_net_concat(net, bf_net_mean(net, at4), bf_net_mean(net, up8));
    all = bf_net_concat(net, all, bf_net_mean(net, m));
    n->logit = bf_net_dense(net, "logit", bf_net_dropout(net, all, 0.2f), 1);
    return BF_OK;
}

enum bf_err bf_meso_net_create(struct bf_artifact_net *n, struct bf_params *params,
                               struct bf_error *err)
{
    static const struct {
        const char *conv, *norm;
        size_t oc, k, pool;
    } layer[] = {{"conv1", "norm1", 8, 3, 2},
                 {"conv2", "norm2", 8, 5, 2},
                 {"conv3", "norm3", 16, 5, 2},
                 {"conv4", "norm4", 16, 5, 4}};
    struct bf_net *net;
    enum bf_err rc = bf_net_create(&n->net, params, err);
    int x, i;

    if (rc != BF_OK)
        return rc;
    net = n->net;
    x = n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    for (i = 0; i < 4; i++) {
        x = bf_net_rectify(net, bf_net_conv(net, layer[i].conv, x, layer[i].oc, layer[i].k, 1), 0);
        x = bf_net_maxpool(net, bf_net_norm(net, layer[i].norm, x), layer[i].pool, layer[i].pool);
    }
    x = bf_net_dense(net, "hidden", bf_net_dropout(net, x, 0.5f), 16);
    x = bf_net_dropout(net, bf_net_rectify(net, x, 0.1f), 0.5f);
    n->logit = bf_net_dense(net, "logit", x, 1);
    n->map = -1;
    return BF_OK;
}

void bf_artifact_net_free(struct bf_artifact_net *n)
{
    bf_net_free(&n->net);
}

/* --- the recognition network's weights
 * --------------------------------------------------------------------------------------------- */

/* One tensor of the manifest: little-endian floats, or bytes, each times scale plus least. */
struct stored {
    const uint8_t *data;
    size_t n;
    bool floats;
    double scale, least;
};

struct manifest {
    json_t *list;
    const struct bf_buf *bytes;
    const char *path;
};

static size_t numbers(const json_t *w)
{
    const json_t *d;
    size_t n = 1, i;

    json_array_foreach(json_object_get(w, "shape"), i, d)
    {
        json_int_t side = json_integer_value(d);

        if (side <= 0 || side > 1 << 20 || n > (size_t)1 << 28)
            return 0;
        n *= (size_t)side;
    }
    return n;
}

/* Floats, or bytes that are to be scaled. */
static bool is_known(const json_t *w, const json_t *q)
{
    const char *type = json_string_value(json_object_get(q != NULL ? q : w, "dtype"));

    return type != NULL && strcmp(type, q != NULL ? "uint8" : "float32") == 0;
}

/* false where there is none of that name and count. */
static bool find(struct stored *out, const struct manifest *m, const char *name, size_t n)
{
    const json_t *w, *q;
    size_t at = 0, size, i;

    json_array_foreach(m->list, i, w)
    {
        const char *s = json_string_value(json_object_get(w, "name"));
        size_t k = numbers(w);

        q = json_object_get(w, "quantization");
        size = k * (q != NULL ? 1 : sizeof(float));
        if (s == NULL || k == 0 || !is_known(w, q) || size > m->bytes->len - at)
            return false;
        if (strcmp(s, name) == 0) {
            *out = (struct stored){m->bytes->data + at, k, q == NULL,
                                   json_number_value(json_object_get(q, "scale")),
                                   json_number_value(json_object_get(q, "min"))};
            return k == n;
        }
        at += size;
    }
    return false;
}

static double at(const struct stored *s, size_t i)
{
    const uint8_t *p = s->data + sizeof(float) * i;
    uint32_t bits;
    float v;

    if (!s->floats)
        return s->data[i] * s->scale + s->least;
    bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    memcpy(&v, &bits, sizeof v);
    return (double)v;
}

/* One convolution: "conv64_1" and "conv2" for NAME.weight and NAME.bias. */
static enum bf_err take(struct bf_params *p, const struct manifest *m, const char *block_name,
                        const char *layer, struct bf_error *err)
{
    struct stored filters, bias, scale, shift;
    char name[BF_PARAM_NAME_MAX], from[128];
    size_t weight_at, bias_at, oc, i;
    float *w, *b;
    bool finite = true;
    enum bf_err rc;

    snprintf(name, sizeof name, "%s%s%s.weight", block_name, layer[0] ? "." : "", layer);
    rc = bf_params_find(&weight_at, p, name, err);
    snprintf(name, sizeof name, "%s%s%s.bias", block_name, layer[0] ? "." : "", layer);
    if (rc == BF_OK)
        rc = bf_params_find(&bias_at, p, name, err);
    if (rc != BF_OK)
        return rc;
    oc = p->list[bias_at].n;
    w = bf_params_value(p, weight_at);
    b = bf_params_value(p, bias_at);
#define FROM(what) \
    (snprintf(from, sizeof from, "%s%s%s/%s", block_name, layer[0] ? "/" : "", layer, what), from)
    if (!find(&filters, m, FROM("conv/filters"), p->list[weight_at].n) ||
        !find(&bias, m, FROM("conv/bias"), oc) || !find(&scale, m, FROM("scale/weights"), oc) ||
        !find(&shift, m, FROM("scale/biases"), oc))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' has no layer '%s' as it should be", m->path,
                            from);
#undef FROM
    for (i = 0; i < filters.n; i++) {
        w[i] = (float)(at(&filters, i) * at(&scale, i % oc));
        finite = finite && isfinite(w[i]);
    }
    for (i = 0; i < oc; i++) {
        b[i] = (float)(at(&bias, i) * at(&scale, i) + at(&shift, i));
        finite = finite && isfinite(b[i]);
    }
    return finite ? BF_OK
                  : bf_error_set(err, BF_ERR_FORMAT,
                                 "'%s': a number of the layer '%s' is none, or too large", m->path,
                                 name);
}

/* The shortcut's matrix (c, oc): the channels that are there, and zeros. */
static enum bf_err pass_on(struct bf_params *p, const char *name, struct bf_error *err)
{
    size_t index, c, oc, i;
    enum bf_err rc = bf_params_find(&index, p, name, err);
    float *w;

    if (rc != BF_OK)
        return rc;
    w = bf_params_value(p, index);
    c = p->list[index].shape[2];
    oc = p->list[index].shape[3];
    for (i = 0; i < c * oc; i++)
        w[i] = i / oc == i % oc ? 1 : 0;
    return BF_OK;
}

static enum bf_err take_all(struct bf_params *p, const struct manifest *m, struct bf_error *err)
{
    static const char *const blocks[] = {"conv32_1",  "conv32_2",  "conv32_3",     "conv64_down",
                                         "conv64_1",  "conv64_2",  "conv64_3",     "conv128_down",
                                         "conv128_1", "conv128_2", "conv256_down", "conv256_1"};
    enum bf_err rc = take(p, m, "conv32_down", "", err);
    size_t i;

    for (i = 0; i < sizeof blocks / sizeof *blocks && rc == BF_OK; i++) {
        rc = take(p, m, blocks[i], "conv1", err);
        if (rc == BF_OK)
            rc = take(p, m, blocks[i], "conv2", err);
    }
    if (rc == BF_OK)
        rc = pass_on(p, "conv64_down.skip.weight", err);
    if (rc == BF_OK)
        rc = pass_on(p, "conv128_down.skip.weight", err);
    if (rc == BF_OK)
        rc = pass_on(p, "conv256_down.skip.weight", err);
    p->version++;
    return rc;
}

enum bf_err bf_artifact_net_begin(struct bf_params *params, const char *folder,
                                  struct bf_error *err)
{
    struct bf_buf text = {0}, bytes = {0};
    char path[PATH_CAP];
    struct manifest m = {NULL, &bytes, path};
    json_t *root = NULL;
    enum bf_err rc;

    snprintf(path, sizeof path, "%s/face_recognition_model.bin", folder);
    rc = bf_file_read(&bytes, path, WEIGHTS_MAX, err);
    snprintf(path, sizeof path, "%s/face_recognition_model-weights_manifest.json", folder);
    if (rc == BF_OK)
        rc = bf_file_read(&text, path, MANIFEST_MAX, err);
    if (rc == BF_OK) {
        root = json_loadb((const char *)text.data, text.len, 0, NULL);
        m.list = json_object_get(json_array_get(root, 0), "weights");
        rc = json_is_array(m.list)
                 ? take_all(params, &m, err)
                 : bf_error_set(err, BF_ERR_FORMAT, "'%s' is no manifest of weights", path);
    }
    json_decref(root);
    bf_buf_release(&text);
    bf_buf_release(&bytes);
    return rc;
}
