#include "detector/temporal_net.h"
#include "lib/face/face_align.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct bf_weights_kind bf_temporal_kind = {"detector-temporal", "3"};

enum { UNITS = 32, SLIP_UNITS = 16, LOOKS = BF_SLIP_WIDTH - BF_SLIP_SHIFTS };

/* What brings the numbers to about 1. */
#define PLACE_GAIN 40.f
#define STEP_GAIN 120.f
#define STILL BF_SLIP_STILL
#define STILL_FRAMES 10
#define RIM_GAIN 0.25f
#define MOST 6.f

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

static const char *named(char out[BF_PARAM_NAME_MAX], int member, const char *layer)
{
    snprintf(out, BF_PARAM_NAME_MAX, "%d.%s", member, layer);
    return out;
}

/* A mixture of what is there, a unit both ways over time, and its mean. */
static int branch(struct bf_net *net, int member, const char *name, const char *gru, int x,
                  size_t units)
{
    char n[BF_PARAM_NAME_MAX];

    x = bf_net_rectify(net, bf_net_conv(net, named(n, member, name), x, units, 1, 1), 0.1f);
    x = bf_net_gru(net, named(n, member, gru), bf_net_dropout(net, x, 0.2f), units, true);
    return bf_net_dropout(net, bf_net_mean(net, x), 0.5f);
}

static int member(struct bf_temporal_net *t, int i)
{
    struct bf_net *net = t->net;
    char n[BF_PARAM_NAME_MAX];
    int a, b, c;

    /* The first two have matrices of their own over places and steps both. */
    a = branch(net, i, "place", "place_gru", t->in, UNITS);
    b = branch(net, i, "step", "step_gru", t->in, UNITS);
    c = branch(net, i, "slip", "slip_gru", t->slip, SLIP_UNITS);
    a = bf_net_dense(net, named(n, i, "place_logit"), a, 1);
    b = bf_net_dense(net, named(n, i, "step_logit"), b, 1);
    /* The mean of what is seen of slips is the cue itself; the unit says what else is in it. */
    c = bf_net_concat(net, c, bf_net_mean(net, t->slip));
    c = bf_net_dense(net, named(n, i, "slip_logit"), c, 1);
    return bf_net_add(net, bf_net_add(net, a, b), c);
}

enum bf_err bf_temporal_net_create(struct bf_temporal_net *n, struct bf_params *params,
                                   struct bf_error *err)
{
    struct bf_net *net;
    enum bf_err rc = bf_net_create(&n->net, params, err);
    int all, i;

    if (rc != BF_OK)
        return rc;
    net = n->net;
    n->in = bf_net_input(net, BF_TEMPORAL_FRAMES, 1, 2 * BF_TEMPORAL_PLACES);
    n->slip = bf_net_input(net, BF_TEMPORAL_FRAMES, 1, BF_TEMPORAL_SLIPS);
    all = member(n, 0);
    for (i = 1; i < BF_TEMPORAL_MEMBERS; i++)
        all = bf_net_concat(net, all, member(n, i));
    n->logits = all;
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

static void show_points(float *in, const float *frames)
{
    float mean[BF_TEMPORAL_PLACES] = {0};
    size_t t, k;

    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_PLACES; k++)
            mean[k] += frames[t * BF_TEMPORAL_WIDTH + k] / BF_TEMPORAL_FRAMES;
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_PLACES; k++) {
            const float *p = frames + t * BF_TEMPORAL_WIDTH + k;
            float *out = in + t * 2 * BF_TEMPORAL_PLACES + k;

            out[0] = PLACE_GAIN * (p[0] - mean[k]);
            out[BF_TEMPORAL_PLACES] = t > 0 ? STEP_GAIN * (p[0] - p[-BF_TEMPORAL_WIDTH]) : 0;
        }
}

/* Number k of a frame's slips less the mean of its neighbours'. */
static struct bf_point2 sudden(const float *frames, size_t t, size_t k)
{
    const float *p = frames + t * BF_TEMPORAL_WIDTH + BF_TEMPORAL_PLACES + 2 * k;
    const float *a = t > 0 ? p - BF_TEMPORAL_WIDTH : p,
                *b = t + 1 < BF_TEMPORAL_FRAMES ? p + BF_TEMPORAL_WIDTH : p;

    return (struct bf_point2){p[0] - 0.5f * (a[0] + b[0]), p[1] - 0.5f * (a[1] + b[1])};
}

static struct bf_point2 all_of_it(const float *frames, size_t t, size_t k)
{
    const float *p = frames + t * BF_TEMPORAL_WIDTH + BF_TEMPORAL_PLACES + 2 * k;

    return (struct bf_point2){p[0], p[1]};
}

/* What each frame adds to the share of the tremble that the regions follow, so that the mean over
 * the block is that share. */
static void show_following(float *slip, const float *frames, bool is_sudden)
{
    struct bf_point2 (*of)(const float *, size_t, size_t) = is_sudden ? sudden : all_of_it;
    float all = STILL_FRAMES * STILL;
    size_t t, k;

    for (t = 0; t < BF_TEMPORAL_FRAMES; t++) {
        struct bf_point2 b = of(frames, t, BF_SLIP_REGIONS);
        float l = hypotf(b.x, b.y);

        all += l * l / (l + STILL);
    }
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++) {
        struct bf_point2 b = of(frames, t, BF_SLIP_REGIONS);
        float gain = -BF_TEMPORAL_FRAMES / (all * (hypotf(b.x, b.y) + STILL));

        for (k = 0; k < BF_SLIP_REGIONS; k++) {
            struct bf_point2 a = of(frames, t, k);

            slip[t * BF_TEMPORAL_SLIPS + k] =
                fminf(fmaxf(gain * (a.x * b.x + a.y * b.y), -MOST), MOST);
        }
    }
}

static void show_slips(float *slip, const float *frames)
{
    size_t t, k;

    show_following(slip, frames, true);
    show_following(slip + BF_SLIP_REGIONS, frames, false);
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k <= BF_SLIP_REGIONS; k++) {
            struct bf_point2 a = sudden(frames, t, k);

            slip[t * BF_TEMPORAL_SLIPS + 2 * BF_SLIP_REGIONS + k] =
                0.5f * logf(1 + hypotf(a.x, a.y) / STILL);
        }
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < LOOKS; k++)
            slip[t * BF_TEMPORAL_SLIPS + 3 * BF_SLIP_REGIONS + 1 + k] =
                (k < 2 * BF_SLIP_REGIONS ? 1 : RIM_GAIN) *
                frames[t * BF_TEMPORAL_WIDTH + BF_TEMPORAL_PLACES + BF_SLIP_SHIFTS + k];
}

void bf_temporal_show(const struct bf_temporal_net *n, size_t i, const float *frames)
{
    show_points(bf_net_value(n->net, n->in) +
                    i * BF_TEMPORAL_FRAMES * (size_t)(2 * BF_TEMPORAL_PLACES),
                frames);
    show_slips(bf_net_value(n->net, n->slip) + i * BF_TEMPORAL_FRAMES * (size_t)BF_TEMPORAL_SLIPS,
               frames);
}

float bf_temporal_logit(const struct bf_temporal_net *n, size_t i)
{
    const float *logit = bf_net_value(n->net, n->logits) + i * BF_TEMPORAL_MEMBERS;
    float sum = 0;
    int k;

    for (k = 0; k < BF_TEMPORAL_MEMBERS; k++)
        sum += logit[k];
    return sum / BF_TEMPORAL_MEMBERS;
}
