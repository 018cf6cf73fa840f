#include "detector/artifact_net.h"
#include "detector/chip_detail.h"

#include <stdio.h>

/* Version 1 began as a recognition network, and saw no detail. */
const struct bf_weights_kind bf_artifact_kind = {"detector-artifact", "3"};
const struct bf_weights_kind bf_meso_kind = {"detector-meso4", "2"};

enum {
    FINE_128 = 16, /* channels, by rows */
    AT_128 = 12,
    AT_64 = 24,
    AT_32 = 48,
    AT_16 = 64,
    AT_8 = 96,
    UP_16 = 48, /* and on the way up */
    UP_32 = 32,
};

#define LEAK 0.1f
#define STRENGTH 16.f /* of the detail in a colour, to bring it near 1 */

static const float mean_rgb[3] = {122.782f, 117.001f, 104.298f};
#define SCALE (1 / 256.f)

float *bf_artifact_net_window(const struct bf_artifact_net *n, size_t i)
{
    return bf_net_value(n->net, n->in) + i * BF_CHIP_WINDOW_FLOATS;
}

void bf_artifact_net_show(const struct bf_artifact_net *n, size_t i)
{
    const size_t side = BF_CHIP_WINDOW, half = side / 2;
    float *rgb = bf_artifact_net_window(n, i), small[BF_CHIP_WINDOW_FLOATS / 4];
    size_t k, x, y;

    for (k = 0; k < BF_CHIP_WINDOW_FLOATS; k++)
        rgb[k] = (rgb[k] - mean_rgb[k % 3]) * SCALE;
    if (n->detail < 0)
        return;
    bf_chip_detail(bf_net_value(n->net, n->detail) + i * side * side * BF_CHIP_DETAIL, rgb, side);
    for (y = 0; y < half; y++)
        for (x = 0; x < half; x++)
            for (k = 0; k < 3; k++) {
                const float *a = rgb + 3 * (2 * y * side + 2 * x) + k, *b = a + 3 * side;

                small[3 * (y * half + x) + k] = (a[0] + a[3] + b[0] + b[3]) / 4;
            }
    bf_chip_detail(bf_net_value(n->net, n->coarse) + i * half * half * BF_CHIP_DETAIL, small, half);
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

enum bf_err bf_artifact_net_create(struct bf_artifact_net *n, struct bf_params *params,
                                   struct bf_error *err)
{
    const size_t half = BF_CHIP_WINDOW / 2;
    int x, fine, at32, at16, at8, up16, up32, m, strongest, all;
    struct bf_net *net;
    enum bf_err rc = bf_net_create(&n->net, params, err);

    if (rc != BF_OK)
        return rc;
    net = n->net;
    n->in = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
    n->detail = bf_net_input(net, BF_CHIP_WINDOW, BF_CHIP_WINDOW, BF_CHIP_DETAIL);
    n->coarse = bf_net_input(net, half, half, BF_CHIP_DETAIL);
    fine = even(net, "fine1", bf_net_concat(net, n->in, n->detail), FINE_128, 2);
    fine = even(net, "fine2", fine, AT_64, 2);
    fine = even(net, "fine3", fine, AT_64, 1);
    x = bf_net_concat(net, bf_net_avgpool(net, n->in, 2, 2), n->coarse);
    x = even(net, "trace1", x, AT_128, 1);
    x = even(net, "trace2", x, AT_64, 2);
    x = even(net, "trace3", x, AT_64, 1);
    x = even(net, "trace4", bf_net_concat(net, x, fine), AT_32, 2);
    at32 = even(net, "trace5", x, AT_32, 1);
    at16 = block(net, "trace7", down(net, "trace6", at32, AT_16), AT_16);
    at8 = block(net, "trace9", down(net, "trace8", at16, AT_8), AT_8);
    up16 = join(net, "join16", at8, at16, UP_16);
    up32 = join(net, "join32", up16, at32, UP_32);
    m = bf_net_rectify(net, bf_net_conv(net, "map1", up32, UP_32, 3, 1), 0);
    n->map = bf_net_conv(net, "map2", m, 1, 1, 1);
    /* A mouth covers a few cells of the map and is nothing in the mean of all: the largest of 4 x 4
     * cells' means speaks too. */
    strongest = bf_net_avgpool(net, bf_net_avgpool(net, m, 2, 2), 2, 2);
    strongest = bf_net_maxpool(net, strongest, BF_ARTIFACT_MAP / 4, 1);
    all = bf_net_concat(net, bf_net_mean(net, at8), bf_net_mean(net, up16));
    all = bf_net_concat(net, bf_net_concat(net, all, bf_net_mean(net, m)), strongest);
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
    n->map = n->detail = n->coarse = -1;
    return BF_OK;
}

void bf_artifact_net_free(struct bf_artifact_net *n)
{
    bf_net_free(&n->net);
}

static enum bf_err begin_with(struct bf_params *params, const char *weight, struct bf_error *err)
{
    size_t at, n_in, n_taps, oc, in, o, k;
    enum bf_err rc = bf_params_find(&at, params, weight, err);
    float *w;

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

enum bf_err bf_artifact_net_begin(struct bf_params *params, struct bf_error *err)
{
    enum bf_err rc = begin_with(params, "trace1.weight", err);

    return rc == BF_OK ? begin_with(params, "fine1.weight", err) : rc;
}
