#include "lib/nn/depthwise.h"
#include "lib/nn/kernel.h"

#include <math.h>

/* A piece of work has at least so many rows, where there are enough. */
#define PIECES_WANTED 8

struct job {
    float *y;
    const float *x, *w, *bias;
    const struct bf_conv *s;
    struct bf_rectifier end;
    const struct bf_kernel *kernel;
    size_t oh, ow, rows; /* rows of all images in one piece */
};

enum bf_err bf_depthwise_check(const struct bf_conv *s, struct bf_error *err)
{
    enum bf_err rc = bf_conv_check(s, err);

    if (rc != BF_OK)
        return rc;
    if (s->oc % s->c != 0)
        return bf_error_set(err, BF_ERR_USAGE,
                            "a depthwise convolution of %zu channels cannot give %zu", s->c, s->oc);
    return BF_OK;
}

/* Taps first..last - 1 of n that fall on 0..size - 1, for an output at o. */
static void range(size_t *first, size_t *last, size_t o, size_t stride, size_t dilation, size_t pad,
                  size_t n, size_t size)
{
    size_t at = o * stride;

    *first = at >= pad ? 0 : (pad - at + dilation - 1) / dilation;
    *last = at >= pad + size ? 0 : (pad + size - at + dilation - 1) / dilation;
    if (*last > n)
        *last = n;
    if (*first > *last)
        *first = *last;
}

static float finish(float v, struct bf_rectifier end)
{
    float low = end.slope * v;

    v = v > low ? v : low;
    return v < end.cap ? v : end.cap;
}

/* Several kernels a channel: rare, and plain. */
static void pixel_of_many(const struct job *job, float *y, const float *x, const float *w,
                          const struct bf_taps *t)
{
    size_t mult = job->s->oc / t->c, i, m, ty, tx;

    for (i = 0; i < t->c; i++)
        for (m = 0; m < mult; m++) {
            float sum = job->bias != NULL ? job->bias[i * mult + m] : 0;

            for (ty = 0; ty < t->n_y; ty++)
                for (tx = 0; tx < t->n_x; tx++)
                    sum += x[ty * t->x_row + tx * t->x_pixel + i] *
                           w[(ty * t->w_row + tx * t->c + i) * mult + m];
            y[i * mult + m] = finish(sum, job->end);
        }
}

static void one_row(const struct job *job, size_t image, size_t oy)
{
    const struct bf_conv *s = job->s;
    size_t mult = s->oc / s->c, ox, y0, y1, n;
    float *y = job->y + (image * job->oh + oy) * job->ow * s->oc;
    struct bf_taps t = {
        .c = s->c,
        .step = s->stride_x * s->c,
        .x_row = s->dilation_y * s->w * s->c,
        .x_pixel = s->dilation_x * s->c,
        .w_row = s->kw * s->c,
    };

    range(&y0, &y1, oy, s->stride_y, s->dilation_y, s->pad_top, s->kh, s->h);
    t.n_y = y1 - y0;
    for (ox = 0; ox < job->ow; ox += n, y += n * s->oc) {
        size_t x0, x1, last0, last1;
        const float *x = job->x, *w;

        range(&x0, &x1, ox, s->stride_x, s->dilation_x, s->pad_left, s->kw, s->w);
        n = 1;
        if (mult == 1 && x0 == 0 && x1 == s->kw && ox + BF_KERNEL_RUN <= job->ow) {
            range(&last0, &last1, ox + BF_KERNEL_RUN - 1, s->stride_x, s->dilation_x, s->pad_left,
                  s->kw, s->w);
            if (last1 == s->kw)
                n = BF_KERNEL_RUN;
        }
        t.n_x = x1 - x0;
        w = job->w + (y0 * s->kw + x0) * s->c * mult;
        if (t.n_y > 0 && t.n_x > 0)
            x += ((image * s->h + oy * s->stride_y + y0 * s->dilation_y - s->pad_top) * s->w +
                  ox * s->stride_x + x0 * s->dilation_x - s->pad_left) *
                 s->c;
        if (mult == 1)
            job->kernel->depthwise((int)n, y, x, w, job->bias, &t, job->end);
        else
            pixel_of_many(job, y, x, w, &t);
    }
}

static void piece(void *arg, size_t i, size_t thread)
{
    const struct job *job = arg;
    size_t row, total = job->s->n * job->oh;

    (void)thread;
    for (row = i * job->rows; row < (i + 1) * job->rows && row < total; row++)
        one_row(job, row / job->oh, row % job->oh);
}

void bf_depthwise_forward(float *y, const float *x, const float *w, const float *bias,
                          const struct bf_conv *s, const struct bf_rectifier *rectifier,
                          struct bf_pool *pool)
{
    struct bf_rectifier none = {1, INFINITY};
    struct job job = {
        .y = y,
        .x = x,
        .w = w,
        .bias = bias,
        .s = s,
        .end = rectifier != NULL ? *rectifier : none,
        .kernel = bf_kernel_get(),
        .oh = bf_conv_out_h(s),
        .ow = bf_conv_out_w(s),
    };
    size_t total = s->n * job.oh;

    job.rows = (total + PIECES_WANTED - 1) / PIECES_WANTED;
    bf_pool_run(pool, piece, &job, (total + job.rows - 1) / job.rows);
}
