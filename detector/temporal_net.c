#include "detector/temporal_net.h"
#include "lib/face/face_align.h"

#include <string.h>

const struct bf_weights_kind bf_temporal_kind = {"detector-temporal", "1"};

enum { UNITS = 32 };

/* What brings the numbers to about 1. */
#define PLACE_GAIN 40.f
#define STEP_GAIN 120.f

/* Of the mesh: lids, brows, nose, lips, and the outline. */
static const uint16_t chosen[BF_TEMPORAL_POINTS] = {
    33,  160, 159, 158, 133, 153, 145, 144,                    /* right eye */
    263, 387, 386, 385, 362, 380, 374, 373,                    /* left eye */
    70,  63,  105, 66,  107,                                   /* right brow */
    300, 293, 334, 296, 336,                                   /* left brow */
    168, 197, 4,   98,  327, 2,                                /* nose */
    61,  40,  37,  0,   267, 270, 291, 321, 314, 17,  84,  91, /* lips, outside */
    78,  81,  13,  311, 308, 402, 14,  178,                    /* and inside */
    234, 132, 172, 136, 149, 148, 152, 377, 378, 365, 397, 454 /* cheeks and jaw */
};

enum bf_err bf_temporal_net_create(struct bf_temporal_net *n, struct bf_params *params,
                                   struct bf_error *err)
{
    struct bf_net *net;
    enum bf_err rc = bf_net_create(&n->net, params, err);
    int a, b;

    if (rc != BF_OK)
        return rc;
    net = n->net;
    n->in = bf_net_input(net, BF_TEMPORAL_FRAMES, 1, 2 * BF_TEMPORAL_WIDTH);
    /* Each branch has a matrix of its own over places and steps both. */
    a = bf_net_rectify(net, bf_net_conv(net, "place", n->in, UNITS, 1, 1), 0.1f);
    b = bf_net_rectify(net, bf_net_conv(net, "step", n->in, UNITS, 1, 1), 0.1f);
    a = bf_net_mean(net, bf_net_gru(net, "place_gru", bf_net_dropout(net, a, 0.2f), UNITS, true));
    b = bf_net_mean(net, bf_net_gru(net, "step_gru", bf_net_dropout(net, b, 0.2f), UNITS, true));
    a = bf_net_dense(net, "place_logit", bf_net_dropout(net, a, 0.5f), 1);
    b = bf_net_dense(net, "step_logit", bf_net_dropout(net, b, 0.5f), 1);
    n->logit = bf_net_add(net, a, b);
    return BF_OK;
}

void bf_temporal_net_free(struct bf_temporal_net *n)
{
    bf_net_free(&n->net);
}

bool bf_temporal_points(float *out, const struct bf_point3 *mesh)
{
    struct bf_affine to_picture, to_face;
    size_t i;

    if (!bf_face_align(&to_picture, mesh, 1, 0.3f) || !bf_affine_invert(&to_face, &to_picture))
        return false;
    for (i = 0; i < BF_TEMPORAL_POINTS; i++) {
        struct bf_point2 p = bf_affine_apply(&to_face, mesh[chosen[i]].x, mesh[chosen[i]].y);

        out[2 * i] = p.x;
        out[2 * i + 1] = p.y;
    }
    return true;
}

void bf_temporal_input(float *in, const float *points)
{
    float mean[BF_TEMPORAL_WIDTH] = {0};
    size_t t, k;

    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_WIDTH; k++)
            mean[k] += points[t * BF_TEMPORAL_WIDTH + k] / BF_TEMPORAL_FRAMES;
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_WIDTH; k++) {
            const float *p = points + t * BF_TEMPORAL_WIDTH + k;
            float *out = in + t * 2 * BF_TEMPORAL_WIDTH + k;

            out[0] = PLACE_GAIN * (p[0] - mean[k]);
            out[BF_TEMPORAL_WIDTH] = t > 0 ? STEP_GAIN * (p[0] - p[-BF_TEMPORAL_WIDTH]) : 0;
        }
}
