/* DSSIM: five filtered pictures forward, three back. Each image is one piece of work. */
#include "lib/nn/loss.h"

#include <math.h>

#define WINDOW BF_LOSS_WINDOW
#define C1 1e-4f /* (.01)^2 and (.03)^2, for a range of 1 */
#define C2 9e-4f

struct job {
    float *grad;
    const float *y, *target, *weight;
    size_t h, w, c;
    float each; /* of one window */
    double *sums;
    float *scratch;
    size_t thread_floats;
    float taps[WINDOW];
};

/* out (h - 10, w - 10, c) = the window over in (h, w, c), between by way of (h, w - 10, c). */
static void filter(float *out, float *between, const float *in, const struct job *job)
{
    size_t oh = job->h - WINDOW + 1, row = job->w * job->c, orow = (job->w - WINDOW + 1) * job->c;
    size_t y, i, k;

    for (y = 0; y < job->h; y++) {
        const float *p = in + y * row;
        float *q = between + y * orow;

        for (i = 0; i < orow; i++)
            q[i] = job->taps[0] * p[i];
        for (k = 1; k < WINDOW; k++)
            for (i = 0; i < orow; i++)
                q[i] += job->taps[k] * p[i + k * job->c];
    }
    for (y = 0; y < oh; y++) {
        float *q = out + y * orow;

        for (i = 0; i < orow; i++)
            q[i] = job->taps[0] * between[y * orow + i];
        for (k = 1; k < WINDOW; k++)
            for (i = 0; i < orow; i++)
                q[i] += job->taps[k] * between[(y + k) * orow + i];
    }
}

/* The transpose: out (h, w, c) from in (h - 10, w - 10, c). */
static void spread(float *out, float *between, const float *in, const struct job *job)
{
    size_t oh = job->h - WINDOW + 1, row = job->w * job->c, orow = (job->w - WINDOW + 1) * job->c;
    size_t y, i, k;

    memset(between, 0, job->h * orow * sizeof *between);
    for (y = 0; y < oh; y++)
        for (k = 0; k < WINDOW; k++)
            for (i = 0; i < orow; i++)
                between[(y + k) * orow + i] += job->taps[k] * in[y * orow + i];
    memset(out, 0, job->h * row * sizeof *out);
    for (y = 0; y < job->h; y++)
        for (k = 0; k < WINDOW; k++)
            for (i = 0; i < orow; i++)
                out[y * row + i + k * job->c] += job->taps[k] * between[y * orow + i];
}

/* The five filtered pictures; those of x become the gradients by them. */
struct windows {
    float *mx, *mt, *xx, *tt, *xt;
};

static double compare_windows(const struct windows *v, const struct job *job, const float *weight)
{
    size_t oh = job->h - WINDOW + 1, ow = job->w - WINDOW + 1, i, x, y;
    double sum = 0;

    for (y = 0; y < oh; y++)
        for (x = 0; x < ow; x++) {
            float w = weight != NULL ? weight[(y + WINDOW / 2) * job->w + x + WINDOW / 2] : 1;
            float part = 0;

            for (i = (y * ow + x) * job->c; i < (y * ow + x + 1) * job->c; i++) {
                float mx = v->mx[i], mt = v->mt[i];
                float a1 = 2 * mx * mt + C1, a2 = 2 * (v->xt[i] - mx * mt) + C2;
                float b1 = mx * mx + mt * mt + C1;
                float b2 = v->xx[i] - mx * mx + v->tt[i] - mt * mt + C2;
                float both = 1 / (b1 * b2), s = a1 * a2 * both, g = -0.5f * job->each * w;

                part += 1 - s;
                v->mx[i] = g * 2 * (mt * (a2 - a1) * both + mx * s * (1 / b2 - 1 / b1));
                v->xx[i] = g * -s / b2;
                v->xt[i] = g * 2 * a1 * both;
            }
            sum += (double)(w * part);
        }
    return 0.5 * sum * (double)job->each;
}

static void one_image(void *arg, size_t image, size_t thread)
{
    const struct job *job = arg;
    size_t n = job->h * job->w * job->c, i;
    const float *y = job->y + image * n, *t = job->target + image * n;
    float *scratch = job->scratch + thread * job->thread_floats;
    float *product = scratch, *between = scratch + n;
    struct windows v = {scratch + 2 * n, scratch + 3 * n, scratch + 4 * n, scratch + 5 * n,
                        scratch + 6 * n};

    filter(v.mx, between, y, job);
    filter(v.mt, between, t, job);
    for (i = 0; i < n; i++)
        product[i] = y[i] * y[i];
    filter(v.xx, between, product, job);
    for (i = 0; i < n; i++)
        product[i] = t[i] * t[i];
    filter(v.tt, between, product, job);
    for (i = 0; i < n; i++)
        product[i] = y[i] * t[i];
    filter(v.xt, between, product, job);
    job->sums[image] = compare_windows(
        &v, job, job->weight != NULL ? job->weight + image * job->h * job->w : NULL);
    if (job->grad == NULL)
        return;
    spread(product, between, v.mx, job);
    for (i = 0; i < n; i++)
        job->grad[image * n + i] += product[i];
    spread(product, between, v.xx, job);
    for (i = 0; i < n; i++)
        job->grad[image * n + i] += 2 * y[i] * product[i];
    spread(product, between, v.xt, job);
    for (i = 0; i < n; i++)
        job->grad[image * n + i] += t[i] * product[i];
}

static size_t thread_floats(size_t h, size_t w, size_t c)
{
    return 7 * h * w * c;
}

size_t bf_loss_dssim_scratch_size(size_t n, size_t h, size_t w, size_t c, size_t n_threads)
{
    return n * sizeof(double) + n_threads * thread_floats(h, w, c) * sizeof(float);
}

float bf_loss_dssim(float *grad, const float *y, const float *target, const float *weight, size_t n,
                    size_t h, size_t w, size_t c, float factor, void *scratch, struct bf_pool *pool)
{
    struct job job = {
        .grad = grad,
        .y = y,
        .target = target,
        .weight = weight,
        .h = h,
        .w = w,
        .c = c,
        .each = factor / (float)(n * (h - WINDOW + 1) * (w - WINDOW + 1) * c),
        .sums = scratch,
        .scratch = (float *)((double *)scratch + n),
        .thread_floats = thread_floats(h, w, c),
    };
    double total = 0, sum = 0;
    size_t i;

    for (i = 0; i < WINDOW; i++)
        total += exp(-pow((double)i - WINDOW / 2, 2) / (2 * 1.5 * 1.5));
    for (i = 0; i < WINDOW; i++)
        job.taps[i] = (float)(exp(-pow((double)i - WINDOW / 2, 2) / (2 * 1.5 * 1.5)) / total);
    bf_pool_run(pool, one_image, &job, n);
    for (i = 0; i < n; i++)
        sum += job.sums[i];
    return (float)sum;
}
