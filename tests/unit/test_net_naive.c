/* Layers against their naive twins: values, gradients and running statistics, training and
 * inference, at every level of vector instructions, with one, two and three threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/net.h"
#include "lib/nn/simd.h"
#include "tests/unit/nn_naive.h"
#include "tests/unit/nn_naive_net.h"

#define THREADS_MAX 3
#define PARAMS_MAX 24
#define SAMPLES 12
#define STEP 1e-6

static struct bf_pool *pools[THREADS_MAX + 1]; /* by how many threads; one needs none */

static int start(void **state)
{
    (void)state;
    return bf_pool_create(&pools[2], 2, NULL) != BF_OK ||
           bf_pool_create(&pools[3], 3, NULL) != BF_OK;
}

static int stop(void **state)
{
    (void)state;
    bf_pool_free(&pools[2]);
    bf_pool_free(&pools[3]);
    return 0;
}

/* Wide enough for whole vectors and a rest, and for more than one span of work. */
static const struct layer {
    const char *what;
    size_t h, w, c;
    struct step steps[12];
} layers[] = {
    {"conv", 6, 7, 5, {{CONV, 19, 3, 1, 0}, {RECTIFY, .slope = 0.1f}}},
    {"conv of few channels", 9, 8, 3, {{BARE, 33, 5, 2, 0}}},
    {"depthwise", 7, 9, 37, {{DEPTHWISE, 0, 3, 1, 0}, {RECTIFY, .slope = 0.2f}}},
    {"depthwise of stride 2", 7, 6, 21, {{DEPTHWISE, 0, 5, 2, 0}}},
    {"deconv", 5, 4, 7, {{DECONV, 9, 4, 2, 0}}},
    {"deconv of an odd kernel", 4, 3, 18, {{DECONV, 5, 3, 2, 0}}},
    {"shuffle", 4, 5, 45, {{SHUFFLE, 0, 3, 0, 0}}},
    {"maxpool", 9, 7, 37, {{MAXPOOL, 0, 3, 2, 0}}},
    {"maxpool of every pixel", 7, 6, 17, {{MAXPOOL, 0, 3, 1, 0}}},
    {"maxpool that leaves pixels out", 8, 9, 32, {{MAXPOOL, 0, 2, 3, 0}}},
    {"avgpool", 9, 7, 37, {{AVGPOOL, 0, 3, 2, 0}}},
    {"mean", 7, 9, 37, {{.kind = MEAN}}},
    {"dense", 3, 5, 19, {{DENSE, 270, 0, 0, 0}, {RECTIFY, .slope = 0.3f}}},
    {"norm", 7, 9, 37, {{.kind = NORM}}},
    {"norm and rectifier", 7, 9, 37, {{.kind = NORM}, {RECTIFY, .slope = 0.1f}}},
    {"conv, norm, rectifier", 5, 7, 3, {{BARE, 21, 3, 2, 0}, {.kind = NORM}, {.kind = RECTIFY}}},
    {"norm of each image", 7, 9, 37, {{.kind = NORM_IMAGE}}},
    {"conv, norm of each image, rectifier",
     11,
     9,
     3,
     {{BARE, 21, 3, 1, 0}, {.kind = NORM_IMAGE}, {RECTIFY, .slope = 0.1f}}},
    {"norm of each image of what a sum wants too",
     3,
     4,
     5,
     {{CONV, 18, 1, 1, 0}, {.kind = KEEP}, {.kind = NORM_IMAGE}, {.kind = ADD}, {.kind = PRELU}}},
    {"depthwise and norm", 5, 7, 19, {{DEPTHWISE, 0, 3, 1, 0}, {.kind = NORM}}},
    {"rectifier", 7, 9, 37, {{RECTIFY, .slope = 0.1f}}},
    {"prelu", 7, 9, 37, {{.kind = PRELU}}},
    {"sigmoid", 7, 9, 37, {{.kind = SIGMOID}}},
    {"tanh", 7, 9, 37, {{.kind = TANH}}},
    {"softmax", 6, 5, 19, {{.kind = SOFTMAX}}},
    {"pad", 5, 7, 9, {{PAD, 2, 1, 3, 0}}},
    {"gru", 6, 1, 11, {{GRU, 17, 0, 0, 0}}},
    {"gru both ways", 5, 1, 7, {{GRU_BOTH, 13, 0, 0, 0}}},
    {"add",
     7,
     9,
     37,
     {{.kind = PRELU}, {.kind = KEEP}, {.kind = SIGMOID}, {.kind = ADD}, {RECTIFY, .slope = 0.1f}}},
    {"concat", 7, 9, 21, {{.kind = KEEP}, {.kind = PRELU}, {.kind = CONCAT}}},
    {"reshape", 4, 3, 6, {{.kind = PRELU}, {RESHAPE, 2, 3, 12, 0}, {CONV, 4, 3, 1, 0}}},
    {"norm of what a sum wants too",
     3,
     4,
     5,
     {{CONV, 18, 1, 1, 0},
      {.kind = KEEP},
      {.kind = NORM},
      {.kind = ADD},
      {.kind = RECTIFY, .slope = 0.1f},
      {.kind = PRELU}}},
    {"residual block",
     6,
     5,
     4,
     {{MAXPOOL, 0, 3, 2, 0},
      {CONV, 18, 1, 1, 0},
      {.kind = KEEP},
      {BARE, 18, 3, 1, 0},
      {.kind = NORM},
      {.kind = RECTIFY},
      {BARE, 18, 3, 1, 0},
      {.kind = NORM},
      {.kind = ADD},
      {.kind = RECTIFY},
      {DENSE, 5, 0, 0, 0}}},
};

static int build(struct bf_net *net, int x, const struct step *s)
{
    char name[8] = "a";
    int kept = x;

    for (; s->kind != END; s++, name[0]++)
        switch (s->kind) {
        case CONV:
            x = bf_net_conv(net, name, x, s->n, s->k, s->stride);
            break;
        case BARE:
            x = bf_net_conv_bare(net, name, x, s->n, s->k, s->stride);
            break;
        case DEPTHWISE:
            x = bf_net_depthwise(net, name, x, s->k, s->stride);
            break;
        case DECONV:
            x = bf_net_deconv(net, name, x, s->n, s->k, s->stride);
            break;
        case SHUFFLE:
            x = bf_net_shuffle(net, x, s->k);
            break;
        case MAXPOOL:
            x = bf_net_maxpool(net, x, s->k, s->stride);
            break;
        case AVGPOOL:
            x = bf_net_avgpool(net, x, s->k, s->stride);
            break;
        case MEAN:
            x = bf_net_mean(net, x);
            break;
        case DENSE:
            x = bf_net_dense(net, name, x, s->n);
            break;
        case NORM:
            x = bf_net_norm(net, name, x);
            break;
        case NORM_IMAGE:
            x = bf_net_norm_image(net, name, x);
            break;
        case RECTIFY:
            x = bf_net_rectify(net, x, s->slope);
            break;
        case PRELU:
            x = bf_net_prelu(net, name, x);
            break;
        case SIGMOID:
            x = bf_net_sigmoid(net, x);
            break;
        case TANH:
            x = bf_net_tanh(net, x);
            break;
        case SOFTMAX:
            x = bf_net_softmax(net, x);
            break;
        case PAD:
            x = bf_net_pad(net, x, s->n, s->k, s->stride, 1);
            break;
        case RESHAPE:
            x = bf_net_reshape(net, x, s->n, s->k, s->stride);
            break;
        case GRU:
        case GRU_BOTH:
            x = bf_net_gru(net, name, x, s->n, s->kind == GRU_BOTH);
            break;
        case KEEP:
            kept = x;
            break;
        case ADD:
            x = bf_net_add(net, x, kept);
            break;
        case CONCAT:
            x = bf_net_concat(net, x, kept);
            break;
        case END:
            break;
        }
    return x;
}

/* What both sides start from, and what the naive one says. */
struct twin {
    const struct layer *layer;
    struct bf_params *params;
    float *values;             /* before any step */
    double *w[PARAMS_MAX];     /* the same */
    double *moved[PARAMS_MAX]; /* after a step of training */
    struct tensor x;
    size_t n_x, n_y;
    float *dy;
    double *y, *y_training;
};

static double *copy_of(const double *v, size_t n)
{
    double *p = malloc(n * sizeof *p);

    assert_non_null(p);
    memcpy(p, v, n * sizeof *p);
    return p;
}

static void twin_make(struct twin *t, const struct layer *layer, unsigned long long *seed)
{
    struct bf_net *net;
    size_t i, j;
    int out;

    *t = (struct twin){.layer = layer, .x = {layer->h, layer->w, layer->c, NULL}};
    assert_int_equal(bf_params_create(&t->params, NULL), BF_OK);
    assert_int_equal(bf_net_create(&net, t->params, NULL), BF_OK);
    out = build(net, bf_net_input(net, layer->h, layer->w, layer->c), layer->steps);
    assert_true(out >= 0);
    t->n_y = BATCH * bf_net_shape(net, out, NULL, NULL, NULL);
    bf_net_free(&net);
    assert_int_equal(bf_params_allocate(t->params, true, 3, NULL), BF_OK);
    for (i = 0; i < t->params->n_floats; i++)
        t->params->values[i] += 0.4f * nn_random(seed);
    t->values = malloc((t->params->n_floats + 1) * sizeof(float));
    assert_non_null(t->values);
    memcpy(t->values, t->params->values, t->params->n_floats * sizeof(float));
    assert_true(t->params->n <= PARAMS_MAX);
    for (i = 0; i < t->params->n; i++) {
        size_t n = t->params->list[i].n;

        t->w[i] = malloc(n * sizeof(double));
        assert_non_null(t->w[i]);
        for (j = 0; j < n; j++)
            t->w[i][j] = (double)bf_params_value(t->params, i)[j];
        t->moved[i] = copy_of(t->w[i], n);
    }
    t->n_x = BATCH * layer->h * layer->w * layer->c;
    t->x.v = malloc(t->n_x * sizeof(double));
    assert_non_null(t->x.v);
    for (i = 0; i < t->n_x; i++)
        t->x.v[i] = (double)(3 * nn_random(seed));
    t->dy = nn_floats(t->n_y, seed);
    t->y = copy_of(naive_run(layer->steps, t->x, t->w, false, false).v, t->n_y);
    t->y_training = copy_of(naive_run(layer->steps, t->x, t->moved, true, true).v, t->n_y);
    naive_reset();
}

static void twin_free(struct twin *t)
{
    size_t i;

    for (i = 0; i < t->params->n; i++) {
        free(t->w[i]);
        free(t->moved[i]);
    }
    free(t->values);
    free(t->x.v);
    free(t->dy);
    free(t->y);
    free(t->y_training);
    bf_params_free(&t->params);
}

/* The loss is the sum of y times dy. */
static double twin_loss(struct twin *t)
{
    struct tensor y = naive_run(t->layer->steps, t->x, t->w, true, false);
    double sum = 0;
    size_t i;

    for (i = 0; i < t->n_y; i++)
        sum += y.v[i] * (double)t->dy[i];
    naive_reset();
    return sum;
}

/* A few of got against the slopes of the loss by v. */
static void twin_slopes(struct twin *t, const char *of, double *v, const float *got, size_t n)
{
    double most = 1;
    size_t i, s;

    for (i = 0; i < n; i++)
        most = fmax(most, fabs((double)got[i]));
    for (s = 0; s < SAMPLES && s < n; s++) {
        double was, up, down, slope;

        i = n <= SAMPLES ? s : s * (n - 1) / (SAMPLES - 1);
        was = v[i];
        v[i] = was + STEP;
        up = twin_loss(t);
        v[i] = was - STEP;
        down = twin_loss(t);
        v[i] = was;
        slope = (up - down) / (2 * STEP);
        if (!(fabs(slope - (double)got[i]) <= 1e-4 * most))
            fail_msg("%s: gradient %zu of %s is %g, not %g", t->layer->what, i, of, (double)got[i],
                     slope);
    }
}

static void twin_values(const struct twin *t, const char *of, const float *got, const double *want,
                        size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= 5e-5 * fmax(1, fabs(want[i]))))
            fail_msg("%s: number %zu of %s is %g, not %g", t->layer->what, i, of, (double)got[i],
                     want[i]);
}

/* What a run gave: y at inference, then y, dx and the weights' gradients at training. */
struct given {
    float *y, *y_training, *dx, *dw, *values;
};

static void run(struct given *g, struct twin *t, struct bf_pool *pool)
{
    size_t n_w = t->params->n_trained, i;
    struct bf_net *net;
    int in, out, training;

    g->y = malloc(2 * t->n_y * sizeof(float));
    g->y_training = g->y + t->n_y;
    g->dx = malloc(t->n_x * sizeof(float));
    g->dw = malloc((n_w + 1) * sizeof(float));
    g->values = malloc((t->params->n_floats + 1) * sizeof(float));
    assert_true(g->y != NULL && g->dx != NULL && g->dw != NULL && g->values != NULL);
    memcpy(t->params->values, t->values, t->params->n_floats * sizeof(float));
    t->params->version++;
    bf_params_zero_grads(t->params);
    assert_int_equal(bf_net_create(&net, t->params, NULL), BF_OK);
    in = bf_net_input(net, t->layer->h, t->layer->w, t->layer->c);
    out = build(net, in, t->layer->steps);
    for (training = 0; training < 2; training++) {
        unsigned flags = training ? BF_NET_TRAINING | BF_NET_INPUT_GRADS : 0;

        assert_int_equal(bf_net_plan(net, BATCH, flags, pool, NULL), BF_OK);
        for (i = 0; i < t->n_x; i++)
            bf_net_value(net, in)[i] = (float)t->x.v[i];
        bf_net_forward(net);
        memcpy(training ? g->y_training : g->y, bf_net_value(net, out), t->n_y * sizeof(float));
    }
    memcpy(bf_net_grad(net, out), t->dy, t->n_y * sizeof(float));
    bf_net_backward(net);
    memcpy(g->dx, bf_net_grad(net, in), t->n_x * sizeof(float));
    memcpy(g->dw, t->params->grads, n_w * sizeof(float));
    memcpy(g->values, t->params->values, t->params->n_floats * sizeof(float));
    bf_net_free(&net);
}

static void given_free(struct given *g)
{
    free(g->y);
    free(g->dx);
    free(g->dw);
    free(g->values);
}

static void hold(const struct given *g, struct twin *t)
{
    size_t i;

    twin_values(t, "the output", g->y, t->y, t->n_y);
    twin_values(t, "the output in training", g->y_training, t->y_training, t->n_y);
    twin_slopes(t, "the input", t->x.v, g->dx, t->n_x);
    for (i = 0; i < t->params->n; i++) {
        const struct bf_param *p = &t->params->list[i];

        twin_values(t, p->name, g->values + p->offset, t->moved[i], p->n);
        if (p->trained)
            twin_slopes(t, p->name, t->w[i], g->dw + p->offset, p->n);
    }
}

static void layers_as_their_twins(void **state)
{
    unsigned long long seed = 11;
    size_t i, threads;
    int level;

    (void)state;
    for (i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct twin t;

        twin_make(&t, &layers[i], &seed);
        for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
            struct given one, more;

            bf_simd_limit((enum bf_simd)level);
            run(&one, &t, NULL);
            hold(&one, &t);
            for (threads = 2; threads <= THREADS_MAX; threads++) {
                run(&more, &t, pools[threads]);
                assert_memory_equal(more.y, one.y, 2 * t.n_y * sizeof(float));
                assert_memory_equal(more.dx, one.dx, t.n_x * sizeof(float));
                assert_memory_equal(more.dw, one.dw, t.params->n_trained * sizeof(float));
                assert_memory_equal(more.values, one.values, t.params->n_floats * sizeof(float));
                given_free(&more);
            }
            given_free(&one);
        }
        bf_simd_limit(BF_SIMD_AVX512);
        twin_free(&t);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_as_their_twins),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
