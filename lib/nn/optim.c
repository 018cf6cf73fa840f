#include "lib/nn/optim.h"
#include "lib/nn/node.h"

#include <math.h>

/* Floats that a thread steps over at a time, all of one weight */
#define SPAN ((size_t)1 << 16)
/* Of the mean of the weights, from some ten thousand steps on. */
#define MEAN_FOLLOW 1e-3

struct bf_optim_span {
    size_t param, offset, n;
    double sum; /* of squared gradients */
};

struct step {
    struct bf_optim *o;
    float rate;   /* corrected for the first steps */
    float root;   /* likewise, of the second moment */
    float shrink; /* AdamW */
    float factor; /* clipping */
    float follow; /* of the mean: how far it goes towards the weights */
};

static enum bf_err cut(struct bf_optim *o, struct bf_error *err)
{
    const struct bf_params *p = o->params;
    size_t i, at, n = 0;

    for (i = 0; i < p->n; i++)
        n += p->list[i].trained ? (p->list[i].n + SPAN - 1) / SPAN : 0;
    o->spans = calloc(n > 0 ? n : 1, sizeof *o->spans);
    if (o->spans == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < p->n; i++)
        for (at = 0; p->list[i].trained && at < p->list[i].n; at += SPAN) {
            struct bf_optim_span *s = &o->spans[o->n_spans++];

            s->param = i;
            s->offset = p->list[i].offset + at;
            s->n = p->list[i].n - at < SPAN ? p->list[i].n - at : SPAN;
        }
    return BF_OK;
}

enum bf_err bf_optim_create(struct bf_optim **o, struct bf_params *params,
                            const struct bf_optim_config *config, struct bf_error *err)
{
    struct bf_optim *p;
    enum bf_err rc;

    *o = NULL;
    if (params->grads == NULL)
        return bf_error_set(err, BF_ERR_USAGE, "there are no gradients to step along");
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return bf_error_nomem(err);
    p->config = *config;
    p->params = params;
    p->first = calloc(params->n_trained + 1, sizeof(float));
    if (config->kind != BF_OPTIM_SGD)
        p->second = calloc(params->n_trained + 1, sizeof(float));
    if (p->first == NULL || (config->kind != BF_OPTIM_SGD && p->second == NULL)) {
        bf_optim_free(&p);
        return bf_error_nomem(err);
    }
    rc = cut(p, err);
    if (rc != BF_OK)
        bf_optim_free(&p);
    *o = p;
    return rc;
}

void bf_optim_free(struct bf_optim **o)
{
    if (*o == NULL)
        return;
    free((*o)->first);
    free((*o)->second);
    free((*o)->mean);
    free((*o)->spans);
    free(*o);
    *o = NULL;
}

enum bf_err bf_optim_keep_mean(struct bf_optim *o, struct bf_error *err)
{
    o->mean = malloc((o->params->n_trained + 1) * sizeof *o->mean);
    if (o->mean == NULL)
        return bf_error_nomem(err);
    memcpy(o->mean, o->params->values, o->params->n_trained * sizeof *o->mean);
    return BF_OK;
}

void bf_optim_swap_mean(struct bf_optim *o)
{
    size_t i;

    for (i = 0; i < o->params->n_trained; i++) {
        float w = o->params->values[i];

        o->params->values[i] = o->mean[i];
        o->mean[i] = w;
    }
    o->params->version++;
}

BF_WIDE static void follow(float *restrict mean, const float *restrict w, size_t n, float by)
{
    size_t i;

    for (i = 0; i < n; i++)
        mean[i] += by * (w[i] - mean[i]);
}

BF_WIDE static void adam(float *restrict w, float *restrict m, float *restrict v,
                         const float *restrict g, size_t n, const struct bf_optim_config *c,
                         const struct step *s, float l2)
{
    float b1 = c->beta1, b2 = c->beta2, epsilon = c->epsilon, rate = s->rate, root = s->root;
    float shrink = s->shrink;
    size_t i;

    for (i = 0; i < n; i++) {
        float d = g[i] + l2 * w[i];

        m[i] = b1 * m[i] + (1 - b1) * d;
        v[i] = b2 * v[i] + (1 - b2) * d * d;
        w[i] = shrink * w[i] - rate * m[i] / (sqrtf(v[i]) * root + epsilon);
    }
}

BF_WIDE static void sgd(float *restrict w, float *restrict m, const float *restrict g, size_t n,
                        float momentum, float rate, float l2)
{
    size_t i;

    for (i = 0; i < n; i++) {
        m[i] = momentum * m[i] + g[i] + l2 * w[i];
        w[i] -= rate * m[i];
    }
}

static void step_span(void *arg, size_t i, size_t thread)
{
    const struct step *s = arg;
    struct bf_optim *o = s->o;
    const struct bf_optim_span *span = &o->spans[i];
    const struct bf_param *param = &o->params->list[span->param];
    float *w = o->params->values + span->offset, l2 = param->decayed ? o->config.decay : 0;
    const float *g = o->params->grads + span->offset;
    struct step mine = *s;

    (void)thread;
    if (param->frozen)
        return;
    if (o->config.kind == BF_OPTIM_ADAMW)
        l2 = 0;
    if (!param->decayed)
        mine.shrink = 1;
    if (o->config.kind == BF_OPTIM_SGD)
        sgd(w, o->first + span->offset, g, span->n, o->config.beta1, s->rate, l2);
    else
        adam(w, o->first + span->offset, o->second + span->offset, g, span->n, &o->config, &mine,
             l2);
    if (o->mean != NULL)
        follow(o->mean + span->offset, w, span->n, s->follow);
}

void bf_optim_step(struct bf_optim *o, float rate, struct bf_pool *pool)
{
    struct step s = {.o = o, .rate = rate, .root = 1, .shrink = 1};

    o->step++;
    s.follow = (float)fmax(MEAN_FOLLOW, 9 / ((double)o->step + 9));
    if (o->config.kind != BF_OPTIM_SGD) {
        double t = (double)o->step;

        s.rate = (float)((double)rate / (1 - pow((double)o->config.beta1, t)));
        s.root = (float)(1 / sqrt(1 - pow((double)o->config.beta2, t)));
    }
    if (o->config.kind == BF_OPTIM_ADAMW)
        s.shrink = 1 - rate * o->config.decay;
    bf_pool_run(pool, step_span, &s, o->n_spans);
    o->params->version++;
}

static void sum_span(void *arg, size_t i, size_t thread)
{
    struct bf_optim *o = arg;
    struct bf_optim_span *span = &o->spans[i];
    const float *g = o->params->grads + span->offset;
    double sum[4] = {0};
    size_t k;

    (void)thread;
    for (k = 0; k < span->n; k++)
        sum[k % 4] += (double)g[k] * (double)g[k];
    span->sum = sum[0] + sum[1] + sum[2] + sum[3];
}

static void scale_span(void *arg, size_t i, size_t thread)
{
    const struct step *s = arg;
    const struct bf_optim_span *span = &s->o->spans[i];
    float *g = s->o->params->grads + span->offset;
    size_t k;

    (void)thread;
    for (k = 0; k < span->n; k++)
        g[k] *= s->factor;
}

float bf_optim_clip(struct bf_optim *o, float most, struct bf_pool *pool)
{
    struct step s = {.o = o};
    double sum = 0, norm;
    size_t i;

    bf_pool_run(pool, sum_span, o, o->n_spans);
    for (i = 0; i < o->n_spans; i++)
        if (!o->params->list[o->spans[i].param].frozen)
            sum += o->spans[i].sum;
    norm = sqrt(sum);
    if (norm > (double)most) {
        s.factor = (float)((double)most / norm);
        bf_pool_run(pool, scale_span, &s, o->n_spans);
    }
    return (float)norm;
}

/* How far from warmup to total, in 0..1 */
static double along(uint64_t step, uint64_t warmup, uint64_t total)
{
    if (step >= total || total <= warmup)
        return 1;
    return (double)(step - warmup) / (double)(total - warmup);
}

float bf_schedule_cosine(uint64_t step, uint64_t warmup, uint64_t total, float base, float last)
{
    double part;

    if (step < warmup)
        return (float)((double)base * (double)(step + 1) / (double)warmup);
    part = 0.5 * (1 + cos(3.14159265358979323846 * along(step, warmup, total)));
    return (float)((double)last + ((double)base - (double)last) * part);
}

float bf_schedule_linear(uint64_t step, uint64_t warmup, uint64_t total, float base, float last)
{
    if (step < warmup)
        return (float)((double)base * (double)(step + 1) / (double)warmup);
    return (float)((double)base + ((double)last - (double)base) * along(step, warmup, total));
}

void bf_schedule_begin(uint64_t schedule[BF_SCHEDULE_N], uint64_t step, uint64_t total,
                       uint64_t warmup)
{
    if (total > schedule[BF_SCHEDULE_TOTAL] && step > warmup)
        schedule[BF_SCHEDULE_RESTARTED] = step;
    schedule[BF_SCHEDULE_TOTAL] = total;
}

float bf_schedule_lead(const uint64_t schedule[BF_SCHEDULE_N], uint64_t step, uint64_t over)
{
    uint64_t since = step - schedule[BF_SCHEDULE_RESTARTED];

    return schedule[BF_SCHEDULE_RESTARTED] > 0 && since < over ? (float)(since + 1) / (float)over
                                                               : 1;
}
