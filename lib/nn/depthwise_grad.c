#include "lib/nn/conv_grad.h"

/* The loops run over channels innermost, which the compiler turns into vectors. Networks of our own
 * prefer dense kernels, so these are plain. */

struct job {
    float *out;
    const float *x, *dy, *w;
    const struct bf_conv *s;
    size_t oh, ow, mult;
    bool add;
};

/* dx of one image. */
static void input_of_image(void *arg, size_t image, size_t thread)
{
    const struct job *job = arg;
    const struct bf_conv *s = job->s;
    float *dx = job->out + image * s->h * s->w * s->c;
    const float *dy = job->dy + image * job->oh * job->ow * s->oc;
    size_t oy, ox, ky, kx, i, m;

    (void)thread;
    if (!job->add)
        memset(dx, 0, s->h * s->w * s->c * sizeof *dx);
    for (oy = 0; oy < job->oh; oy++)
        for (ox = 0; ox < job->ow; ox++, dy += s->oc)
            for (ky = 0; ky < s->kh; ky++)
                for (kx = 0; kx < s->kw; kx++) {
                    size_t y = oy * s->stride_y + ky * s->dilation_y - s->pad_top;
                    size_t x = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
                    const float *w = job->w + (ky * s->kw + kx) * s->oc;
                    float *at = dx + (y * s->w + x) * s->c;

                    if (y >= s->h || x >= s->w) /* also where it wrapped below zero */
                        continue;
                    if (job->mult == 1)
                        for (i = 0; i < s->c; i++)
                            at[i] += dy[i] * w[i];
                    else
                        for (i = 0; i < s->c; i++)
                            for (m = 0; m < job->mult; m++)
                                at[i] += dy[i * job->mult + m] * w[i * job->mult + m];
                }
}

void bf_depthwise_grad_input(float *dx, const float *dy, const float *w, const struct bf_conv *s,
                             bool add, struct bf_pool *pool)
{
    struct job job = {.out = dx,
                      .dy = dy,
                      .w = w,
                      .s = s,
                      .oh = bf_conv_out_h(s),
                      .ow = bf_conv_out_w(s),
                      .mult = s->oc / s->c,
                      .add = add};

    bf_pool_run(pool, input_of_image, &job, s->n);
}

/* dw of one tap. */
static void weights_of_tap(void *arg, size_t tap, size_t thread)
{
    const struct job *job = arg;
    const struct bf_conv *s = job->s;
    size_t ky = tap / s->kw, kx = tap % s->kw, n, oy, ox, i, m;
    float *dw = job->out + tap * s->oc;
    const float *dy = job->dy;

    (void)thread;
    for (n = 0; n < s->n; n++)
        for (oy = 0; oy < job->oh; oy++)
            for (ox = 0; ox < job->ow; ox++, dy += s->oc) {
                size_t y = oy * s->stride_y + ky * s->dilation_y - s->pad_top;
                size_t x = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
                const float *at;

                if (y >= s->h || x >= s->w)
                    continue;
                at = job->x + ((n * s->h + y) * s->w + x) * s->c;
                if (job->mult == 1)
                    for (i = 0; i < s->c; i++)
                        dw[i] += at[i] * dy[i];
                else
                    for (i = 0; i < s->c; i++)
                        for (m = 0; m < job->mult; m++)
                            dw[i * job->mult + m] += at[i] * dy[i * job->mult + m];
            }
}

void bf_depthwise_grad_weights(float *dw, const float *x, const float *dy, const struct bf_conv *s,
                               struct bf_pool *pool)
{
    struct job job = {.out = dw,
                      .x = x,
                      .dy = dy,
                      .s = s,
                      .oh = bf_conv_out_h(s),
                      .ow = bf_conv_out_w(s),
                      .mult = s->oc / s->c};

    bf_pool_run(pool, weights_of_tap, &job, s->kh * s->kw);
}
