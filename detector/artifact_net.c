#include "detector/artifact_net.h"
#include "detector/chip_detail.h"

#include <stdio.h>

#define OF_FACES {122.782f, 117.001f, 104.298f}, 1 / 256.f /* the mean of faces */

const struct bf_face_net_kind bf_face_net_kinds[BF_FACE_NETS] = {
    /* Version 1 began as a recognition network, and saw no detail. */
    [BF_FACE_NET_ARTIFACT] = {"artifact", {"detector-artifact", "2"}, OF_FACES},
    /* as Inception v3 was shown its photographs */
    [BF_FACE_NET_BACKBONE] = {"backbone",
                              {"detector-backbone", "1"},
                              {127.5f, 127.5f, 127.5f},
                              1 / 127.5f},
    [BF_FACE_NET_MESO] = {"meso4", {"detector-meso4", "1"}, OF_FACES},
};

enum {
    AT_128 = 12, /* channels, by rows */
    AT_64 = 24,
    AT_32 = 48,
    AT_16 = 64,
    AT_8 = 96,
    UP_16 = 48, /* and on the way up */
    UP_32 = 32,
};

#define LEAK 0.1f
#define STRENGTH 16.f /* of the detail in a colour, to bring it near 1 */

float *bf_artifact_net_window(const struct bf_artifact_net *n, size_t i)
{
    return bf_net_value(n->net, n->in) + i * BF_CHIP_WINDOW_FLOATS;
}

void bf_artifact_net_show(const struct bf_artifact_net *n, size_t i)
{
    const struct bf_face_net_kind *kind = &bf_face_net_kinds[n->kind];
    float *rgb = bf_artifact_net_window(n, i);
    size_t k;

    for (k = 0; k < BF_CHIP_WINDOW_FLOATS; k++)
        rgb[k] = (rgb[k] - kind->mean[k % 3]) * kind->scale;
    if (n->detail >= 0)
        bf_chip_detail(bf_net_value(n->net, n->detail) + i * BF_CHIP_DETAIL_FLOATS, rgb);
}

static const char *named(char out[BF_PARAM_NAME_MAX], const char *block, const char *layer)
{
    snprintf(out, BF_PARAM_NAME_MAX, "%s.%s", block, layer);
    return out;
}

/* 3 x 3, and what is alike all over the window taken out. */
static int even(struct bf_net *net, const char *name, int x, size_t oc, size_t stride)
{
    x = bf_net_conv_bare(net, name, x, oc, 3, stride);
    return bf_net_rectify(net, bf_net_norm_image(net, name, x), LEAK);
}

/* 3 x 3 to half the rows and columns. */
static int down(struct bf_net *net, const char *name, int x, size_t oc)
{
    return bf_net_rectify(net, bf_net_conv(net, name, x, oc, 3, 2), LEAK);
}

static int block(struct bf_net *net, const char *name, int x, size_t oc)
{
    char n[BF_PARAM_NAME_MAX];
    int y = bf_net_rectify(net, bf_net_conv(net, named(n, name, "conv1"), x, oc, 3, 1), 0);

    y = bf_net_conv(net, named(n, name, "conv2"), y, oc, 3, 1);
    return bf_net_rectify(net, bf_net_add(net, y, x), 0);
}

/* What lies deeper, at twice the rows and columns, joined with what is as large. */
static int join(struct bf_net *net, const char *name, int deep, int here, size_t oc)
{
    char n[BF_PARAM_NAME_MAX];
    int up = bf_net_shuffle(net, bf_net_conv(net, named(n, name, "up"), deep, 4 * oc, 1, 1), 2);

    here = bf_net_conv(net, named(n, name, "side"), here, oc, 1, 1);
    return bf_net_rectify(net, bf_net_add(net, up, here), 0);
}

/* A mouth covers a few cells of the map and is nothing in the mean of all: the largest of 4 x 4
 * cells' means speaks too. */
static int strongest(struct bf_net *net, int map)
{
    int x = bf_net_avgpool(net, bf_net_avgpool(net, map, 2, 2), 2, 2);

    return bf_net_maxpool(net, x, BF_ARTIFACT_MAP / 4, 1);
}

static void build_artifact(struct bf_artifact_net *n, struct bf_net *net)
{
    int x, at32, at16, at8, up16, up32, m, all;

    n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    n->detail = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, BF_CHIP_DETAIL);
    x = even(net, "trace1", bf_net_concat(net, n->in, n->detail), AT_128, 1);
    x = even(net, "trace2", x, AT_64, 2);
    x = even(net, "trace3", x, AT_64, 1);
    x = even(net, "trace4", x, AT_32, 2);
    at32 = even(net, "trace5", x, AT_32, 1);
    at16 = block(net, "trace7", down(net, "trace6", at32, AT_16), AT_16);
    at8 = block(net, "trace9", down(net, "trace8", at16, AT_8), AT_8);
    up16 = join(net, "join16", at8, at16, UP_16);
    up32 = join(net, "join32", up16, at32, UP_32);
    m = bf_net_rectify(net, bf_net_conv(net, "map1", up32, UP_32, 3, 1), 0);
    n->map = bf_net_conv(net, "map2", m, 1, 1, 1);
    all = bf_net_concat(net, bf_net_mean(net, at8), bf_net_mean(net, up16));
    all = bf_net_concat(net, bf_net_concat(net, all, bf_net_mean(net, m)), strongest(net, m));
    n->logit = bf_net_dense(net, "logit", bf_net_dropout(net, all, 0.2f), 1);
}

static int named_conv(struct bf_net *net, int number, int x, size_t oc, size_t k, size_t stride)
{
    char name[BF_PARAM_NAME_MAX];

    snprintf(name, sizeof name, "conv%d", number);
    return bf_net_rectify(net, bf_net_conv(net, name, x, oc, k, stride), 0);
}

/* A block of Inception's at one size: four ways beside one another, whose convolutions are numbered
 * from first on. */
static int mixed(struct bf_net *net, int x, int first, size_t of_pooled)
{
    int point = named_conv(net, first, x, 64, 1, 1),
        wide = named_conv(net, first + 2, named_conv(net, first + 1, x, 48, 1, 1), 64, 5, 1),
        twice = named_conv(net, first + 4, named_conv(net, first + 3, x, 64, 1, 1), 96, 3, 1),
        pooled = named_conv(net, first + 6, bf_net_avgpool(net, x, 3, 1), of_pooled, 1, 1);

    twice = named_conv(net, first + 5, twice, 96, 3, 1);
    return bf_net_concat(net, bf_net_concat(net, point, wide), bf_net_concat(net, twice, pooled));
}

/* The layers up to the third block, at twice their rows and columns from the second pooling on:
 * where Inception's lose the edge of what they see, these keep it. */
static void build_backbone(struct bf_artifact_net *n, struct bf_net *net)
{
    int x, at32, at16, m, all;

    n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    n->detail = -1;
    x = named_conv(net, 1, n->in, 32, 3, 2);
    x = named_conv(net, 2, x, 32, 3, 1);
    x = bf_net_maxpool(net, named_conv(net, 3, x, 64, 3, 1), 3, 2);
    at32 = named_conv(net, 5, named_conv(net, 4, x, 80, 1, 1), 192, 3, 1);
    x = mixed(net, bf_net_maxpool(net, at32, 3, 2), 6, 32);
    at16 = mixed(net, mixed(net, x, 13, 64), 20, 64);
    m = join(net, "join32", at16, at32, UP_16);
    m = bf_net_rectify(net, bf_net_conv(net, "map1", m, UP_32, 3, 1), 0);
    n->map = bf_net_conv(net, "map2", m, 1, 1, 1);
    all = bf_net_concat(net, bf_net_mean(net, at16), bf_net_mean(net, m));
    all = bf_net_concat(net, all, strongest(net, m));
    n->logit = bf_net_dense(net, "logit", bf_net_dropout(net, all, 0.3f), 1);
}

static void build_meso(struct bf_artifact_net *n, struct bf_net *net)
{
    static const struct {
        const char *conv, *norm;
        size_t oc, k, pool;
    } layer[] = {{"conv1", "norm1", 8, 3, 2},
                 {"conv2", "norm2", 8, 5, 2},
                 {"conv3", "norm3", 16, 5, 2},
                 {"conv4", "norm4", 16, 5, 4}};
    int x, i;

    x = n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    for (i = 0; i < 4; i++) {
        x = bf_net_rectify(net, bf_net_conv(net, layer[i].conv, x, layer[i].oc, layer[i].k, 1), 0);
        x = bf_net_maxpool(net, bf_net_norm(net, layer[i].norm, x), layer[i].pool, layer[i].pool);
    }
    x = bf_net_dense(net, "hidden", bf_net_dropout(net, x, 0.5f), 16);
    x = bf_net_dropout(net, bf_net_rectify(net, x, 0.1f), 0.5f);
    n->logit = bf_net_dense(net, "logit", x, 1);
    n->map = n->detail = -1;
}

enum bf_err bf_artifact_net_create(struct bf_artifact_net *n, enum bf_face_net kind,
                                   struct bf_params *params, struct bf_error *err)
{
    static void (*const build[BF_FACE_NETS])(struct bf_artifact_net * n, struct bf_net * net) = {
        build_artifact, build_backbone, build_meso};
    enum bf_err rc = bf_net_create(&n->net, params, err);

    n->kind = kind;
    if (rc == BF_OK)
        build[kind](n, n->net);
    return rc;
}

void bf_artifact_net_free(struct bf_artifact_net *n)
{
    bf_net_free(&n->net);
}

enum bf_err bf_artifact_net_begin(enum bf_face_net kind, struct bf_params *params,
                                  struct bf_error *err)
{
    size_t at, n_in, n_taps, oc, in, o, k;
    enum bf_err rc;
    float *w;

    if (kind != BF_FACE_NET_ARTIFACT)
        return BF_OK;
    rc = bf_params_find(&at, params, "trace1.weight", err);
    if (rc != BF_OK)
        return rc;
    w = bf_params_value(params, at);
    n_taps = params->list[at].shape[0] * params->list[at].shape[1];
    n_in = params->list[at].shape[2];
    oc = params->list[at].shape[3];
    /* (taps, in, oc); the detail's channels are near 1 as they are */
    for (in = 0; in < 3; in++)
        for (o = 0; o < oc; o++) {
            float mean = 0;

            for (k = 0; k < n_taps; k++)
                mean += w[(k * n_in + in) * oc + o] / (float)n_taps;
            for (k = 0; k < n_taps; k++)
                w[(k * n_in + in) * oc + o] = STRENGTH * (w[(k * n_in + in) * oc + o] - mean);
        }
    params->version++;
    return BF_OK;
}
