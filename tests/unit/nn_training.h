/*
 * nn_training.h - the three small networks of tests/vectors/make_training.py, and their training
 *
 * Weights and batches come from nn_random, in the order of the weights' declaration.
 */
#ifndef BF_NN_TRAINING_H
#define BF_NN_TRAINING_H

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "lib/nn/optim.h"
#include "tests/unit/nn_naive.h"

struct nn_task {
    const char *name;
    size_t batch, h, w, c;
    unsigned long long seed;
    struct bf_optim_config config;
    float rate, clip; /* clip 0: none */
    int (*build)(struct bf_net *net, int x);
    float (*loss)(float *grad, const float *y, const float *x, int step, void *scratch,
                  struct bf_pool *pool);
};

struct nn_run {
    const struct nn_task *task;
    struct bf_params *params;
    struct bf_net *net;
    struct bf_optim *optim;
    struct bf_pool *pool;
    int in, out;
    unsigned long long numbers; /* batches */
    void *scratch;
};

static inline int nn_autoencoder(struct bf_net *net, int x)
{
    int y = bf_net_rectify(net, bf_net_conv(net, "enc1", x, 8, 5, 2), 0.1f);

    y = bf_net_rectify(net, bf_net_conv(net, "enc2", y, 16, 3, 2), 0.1f);
    y = bf_net_dense(net, "code", y, 24);
    y = bf_net_dense(net, "uncode", y, 512);
    y = bf_net_shuffle(net, bf_net_reshape(net, y, 4, 4, 32), 2);
    y = bf_net_rectify(net, bf_net_conv(net, "up", y, 16, 3, 1), 0.1f);
    return bf_net_sigmoid(net, bf_net_conv(net, "rgb", bf_net_shuffle(net, y, 2), 3, 5, 1));
}

static inline int nn_resnet(struct bf_net *net, int x)
{
    int y = bf_net_rectify(net, bf_net_norm(net, "n1", bf_net_conv_bare(net, "c1", x, 8, 3, 1)), 0);
    int z;

    y = bf_net_maxpool(net, y, 3, 2);
    z = bf_net_rectify(net, bf_net_norm(net, "n2", bf_net_conv_bare(net, "c2", y, 16, 3, 2)), 0);
    z = bf_net_norm(net, "n3", bf_net_conv_bare(net, "c3", z, 16, 3, 1));
    y = bf_net_norm(net, "n4", bf_net_conv_bare(net, "c4", y, 16, 1, 2));
    y = bf_net_rectify(net, bf_net_add(net, z, y), 0);
    y = bf_net_prelu(net, "p", bf_net_depthwise(net, "d", y, 3, 1));
    y = bf_net_deconv(net, "t", y, 8, 4, 2);
    y = bf_net_concat(net, y, bf_net_tanh(net, bf_net_avgpool(net, x, 2, 2)));
    return bf_net_dense(net, "out", bf_net_mean(net, y), 5);
}

static inline int nn_recurrent(struct bf_net *net, int x)
{
    return bf_net_dense(net, "out", bf_net_gru(net, "g", x, 6, true), 1);
}

static inline float nn_picture_loss(float *grad, const float *y, const float *x, int step,
                                    void *scratch, struct bf_pool *pool)
{
    (void)step;
    return bf_loss_l1(grad, y, x, NULL, 4 * 16 * 16, 3, 1) +
           bf_loss_dssim(grad, y, x, NULL, 4, 16, 16, 3, 0.5f, scratch, pool) +
           bf_loss_mse(grad, y, x, NULL, 4 * 16 * 16, 3, 0.3f);
}

static inline float nn_class_loss(float *grad, const float *y, const float *x, int step,
                                  void *scratch, struct bf_pool *pool)
{
    uint32_t label[6], i;

    (void)x, (void)scratch, (void)pool;
    for (i = 0; i < 6; i++)
        label[i] = (i * 7 + (uint32_t)step) % 5;
    return bf_loss_cross_entropy(grad, y, label, NULL, 6, 5, 1);
}

static inline float nn_two_loss(float *grad, const float *y, const float *x, int step,
                                void *scratch, struct bf_pool *pool)
{
    float target[5];
    int i;

    (void)x, (void)scratch, (void)pool;
    for (i = 0; i < 5; i++)
        target[i] = (float)((i + step) % 2);
    return bf_loss_bce(grad, y, target, NULL, 5, 1, 1);
}

static const struct nn_task nn_tasks[] = {
    {"autoencoder",
     4,
     16,
     16,
     3,
     1,
     {BF_OPTIM_ADAM, 0.5f, 0.999f, 1e-8f, 0},
     1e-3f,
     0,
     nn_autoencoder,
     nn_picture_loss},
    {"resnet",
     6,
     12,
     12,
     3,
     2,
     {BF_OPTIM_SGD, 0.9f, 0, 0, 1e-3f},
     0.05f,
     1,
     nn_resnet,
     nn_class_loss},
    {"recurrent",
     5,
     7,
     1,
     4,
     3,
     {BF_OPTIM_ADAMW, 0.9f, 0.999f, 1e-8f, 0.1f},
     1e-2f,
     0,
     nn_recurrent,
     nn_two_loss},
};

#define NN_TASKS (sizeof nn_tasks / sizeof nn_tasks[0])

static inline void nn_draw_weights(struct bf_params *p, unsigned long long seed)
{
    size_t i, k;

    for (i = 0; i < p->n; i++) {
        const struct bf_param *w = &p->list[i];
        const char *suffix = strchr(w->name, '.') + 1;
        size_t n = strlen(suffix);
        int kernel = strcmp(suffix, "weight") == 0 ||
                     (n >= 5 && !strcmp(suffix + n - 5, "input")) ||
                     (n >= 5 && !strcmp(suffix + n - 5, "state"));
        float scale = 3 * sqrtf(2 / (float)(w->n / w->shape[w->n_dims - 1]));
        float *v = bf_params_value(p, i);

        for (k = 0; k < w->n && w->trained; k++) {
            float u = nn_random(&seed);

            v[k] = kernel ? u * scale : strcmp(suffix, "scale") == 0 ? 1 + 0.2f * u : 0.2f * u;
        }
    }
}

/* False where something failed. */
static inline bool nn_run_start(struct nn_run *r, const struct nn_task *task, size_t threads)
{
    *r = (struct nn_run){.task = task, .numbers = task->seed + 100};
    if (bf_pool_create(&r->pool, threads, NULL) != BF_OK ||
        bf_params_create(&r->params, NULL) != BF_OK ||
        bf_net_create(&r->net, r->params, NULL) != BF_OK)
        return false;
    r->in = bf_net_input(r->net, task->h, task->w, task->c);
    r->out = task->build(r->net, r->in);
    if (bf_params_allocate(r->params, true, 1, NULL) != BF_OK)
        return false;
    nn_draw_weights(r->params, task->seed);
    r->scratch = malloc(bf_loss_dssim_scratch_size(4, 16, 16, 3, threads));
    return r->scratch != NULL &&
           bf_net_plan(r->net, task->batch, BF_NET_TRAINING, r->pool, NULL) == BF_OK &&
           bf_optim_create(&r->optim, r->params, &task->config, NULL) == BF_OK;
}

static inline void nn_run_stop(struct nn_run *r)
{
    bf_optim_free(&r->optim);
    bf_net_free(&r->net);
    bf_params_free(&r->params);
    bf_pool_free(&r->pool);
    free(r->scratch);
}

/* One training step; returns its loss. */
static inline float nn_run_step(struct nn_run *r, int step)
{
    const struct nn_task *task = r->task;
    size_t n_in = task->batch * bf_net_shape(r->net, r->in, NULL, NULL, NULL);
    size_t n_out = task->batch * bf_net_shape(r->net, r->out, NULL, NULL, NULL), i;
    float *x = bf_net_value(r->net, r->in), *grad = bf_net_grad(r->net, r->out), loss;

    for (i = 0; i < n_in; i++)
        x[i] = nn_random(&r->numbers) + 0.5f;
    bf_params_zero_grads(r->params);
    bf_net_forward(r->net);
    memset(grad, 0, n_out * sizeof *grad);
    loss = task->loss(grad, bf_net_value(r->net, r->out), x, step, r->scratch, r->pool);
    bf_net_backward(r->net);
    if (task->clip > 0)
        bf_optim_clip(r->optim, task->clip, r->pool);
    bf_optim_step(r->optim, task->rate, r->pool);
    return loss;
}

#endif
