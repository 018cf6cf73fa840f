#include "lib/nn/conv.h"
#include "lib/nn/sweep.h"

#include <math.h>

/* The product of four, or more than BF_CONV_FLOATS_MAX; none is above 2^32. */
static size_t product(size_t a, size_t b, size_t c, size_t d)
{
    size_t ab = a * b, cd;

    if (ab > BF_CONV_FLOATS_MAX || c > BF_CONV_FLOATS_MAX / ab)
        return BF_CONV_FLOATS_MAX + 1;
    cd = ab * c;
    return d > BF_CONV_FLOATS_MAX / cd ? BF_CONV_FLOATS_MAX + 1 : cd * d;
}

static int within(size_t v, size_t max)
{
    return v >= 1 && v <= max;
}

enum bf_err bf_conv_check(const struct bf_conv *s, struct bf_error *err)
{
    const size_t side = BF_CONV_SIDE_MAX, channels = BF_CONV_CHANNELS_MAX;

    if (!within(s->n, side) || !within(s->h, side) || !within(s->w, side) ||
        !within(s->c, channels) || !within(s->oc, channels) || !within(s->kh, side) ||
        !within(s->kw, side) || !within(s->stride_y, side) || !within(s->stride_x, side) ||
        !within(s->dilation_y, side) || !within(s->dilation_x, side) || s->pad_top > side ||
        s->pad_bottom > side || s->pad_left > side || s->pad_right > side)
        return bf_error_set(err, BF_ERR_LIMIT, "a convolution's shape is out of range");
    if ((s->kh - 1) * s->dilation_y >= s->pad_top + s->h + s->pad_bottom ||
        (s->kw - 1) * s->dilation_x >= s->pad_left + s->w + s->pad_right)
        return bf_error_set(err, BF_ERR_USAGE, "a convolution's kernel is larger than its input");
    if (product(s->n, s->pad_top + s->h + s->pad_bottom, s->pad_left + s->w + s->pad_right, s->c) >
            BF_CONV_FLOATS_MAX ||
        product(s->n, bf_conv_out_h(s), bf_conv_out_w(s), s->oc) > BF_CONV_FLOATS_MAX ||
        product(s->kh, s->kw, s->c, s->oc + 64) > BF_CONV_FLOATS_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a convolution is too large");
    return BF_OK;
}

size_t bf_conv_out_h(const struct bf_conv *s)
{
    return (s->pad_top + s->h + s->pad_bottom - (s->kh - 1) * s->dilation_y - 1) / s->stride_y + 1;
}

size_t bf_conv_out_w(const struct bf_conv *s)
{
    return (s->pad_left + s->w + s->pad_right - (s->kw - 1) * s->dilation_x - 1) / s->stride_x + 1;
}

static struct bf_sweep sweep_of(const struct bf_conv *s)
{
    size_t oh = bf_conv_out_h(s), ow = bf_conv_out_w(s);
    struct bf_sweep sweep = {
        .n = s->n,
        .h = s->h,
        .w = s->w,
        .c = s->c,
        .top = -(ptrdiff_t)s->pad_top,
        .left = -(ptrdiff_t)s->pad_left,
        .step_y = s->stride_y,
        .step_x = s->stride_x,
        .taps_y = s->kh,
        .taps_x = s->kw,
        .spread_y = s->dilation_y,
        .spread_x = s->dilation_x,
        .grid_h = oh,
        .grid_w = ow,
        .oc = s->oc,
        .out_image = oh * ow * s->oc,
        .out_row = ow * s->oc,
        .out_pixel = s->oc,
    };

    return sweep;
}

size_t bf_conv_packed_size(const struct bf_conv *s)
{
    struct bf_sweep sweep = sweep_of(s);

    return bf_sweep_packed_size(&sweep);
}

void bf_conv_pack(float *packed, const float *w, const struct bf_conv *s, struct bf_pool *pool)
{
    struct bf_sweep sweep = sweep_of(s);
    struct bf_sweep_weights weights = {
        .w = w,
        .tap_y = (ptrdiff_t)(s->kw * s->c * s->oc),
        .tap_x = (ptrdiff_t)(s->c * s->oc),
        .in = (ptrdiff_t)s->oc,
        .out = 1,
    };

    bf_sweep_pack(packed, &weights, &sweep, pool);
}

size_t bf_conv_scratch_size(const struct bf_conv *s, size_t n_threads)
{
    struct bf_sweep sweep = sweep_of(s);

    return bf_sweep_scratch_size(&sweep, n_threads);
}

void bf_conv_forward(float *y, const float *x, const float *packed, const float *bias,
                     const struct bf_conv *s, const struct bf_rectifier *rectifier, void *scratch,
                     struct bf_pool *pool)
{
    struct bf_sweep sweep = sweep_of(s);
    struct bf_rectifier none = {1, INFINITY};

    bf_sweep_run(y, x, packed, bias, &sweep, rectifier != NULL ? *rectifier : none, scratch, pool);
}
