/* The gradient of every layer, by its weights and its input, against central differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/net.h"
#include "lib/nn/simd.h"
#include "tests/unit/nn_naive.h"

#define STEP 2e-3f
#define BATCH 3

static struct bf_pool *pool;

static int start(void **state)
{
    (void)state;
    return bf_pool_create(&pool, 2, NULL) != BF_OK;
}

static int stop(void **state)
{
    (void)state;
    bf_pool_free(&pool);
    return pool != NULL;
}

/* The loss is the sum of all outputs, each times a fixed number. */
struct check {
    struct bf_params *params;
    struct bf_net *net;
    int in, out;
    float *factors;
    size_t n_in, n_out;
};

static double loss(struct check *k)
{
    const float *y;
    double sum = 0;
    size_t i;

    k->params->version++; /* weights were touched */
    bf_net_forward(k->net);
    y = bf_net_value(k->net, k->out);
    for (i = 0; i < k->n_out; i++)
        sum += (double)y[i] * (double)k->factors[i];
    return sum;
}

static double slope_at(struct check *k, float *v, float step)
{
    float was = *v;
    double up, down, d;

    *v = was + step;
    up = loss(k);
    *v = was - step;
    down = loss(k);
    d = (up - down) / ((double)(was + step) - (double)(was - step));
    *v = was;
    return d;
}

/* Relative to the largest of the tensor: one that is zero by symmetry has no relative error. Where
 * two steps disagree there is a rectifier's corner between them: such places are few. */
static double worst(struct check *k, float *v, const float *grad, size_t n)
{
    double most = 1e-2, bad = 0;
    size_t i, stride = n > 100 ? n / 100 : 1, seen = 0, corners = 0;

    for (i = 0; i < n; i++)
        most = fmax(most, fabs((double)grad[i]));
    for (i = 0; i < n; i += stride, seen++) {
        double d = slope_at(k, &v[i], STEP);

        if (fabs(d - (double)grad[i]) > 1e-3 * most &&
            fabs(d - slope_at(k, &v[i], STEP / 2)) > 5e-4 * most)
            corners++;
        else
            bad = fmax(bad, fabs(d - (double)grad[i]) / most);
    }
    return corners > 1 + seen / 4 ? HUGE_VAL : bad;
}

typedef int build_fn(struct bf_net *net, int x);

static void check(const char *what, build_fn *build, size_t h, size_t w, size_t c)
{
    unsigned long long seed = 5;
    struct check k = {0};
    struct bf_error err;
    float *dx, *x;
    size_t i;

    assert_int_equal(bf_params_create(&k.params, &err), BF_OK);
    assert_int_equal(bf_net_create(&k.net, k.params, &err), BF_OK);
    k.in = bf_net_input(k.net, h, w, c);
    k.out = build(k.net, k.in);
    assert_int_equal(bf_params_allocate(k.params, true, 3, &err), BF_OK);
    if (bf_net_plan(k.net, BATCH, BF_NET_TRAINING | BF_NET_INPUT_GRADS, pool, &err) != BF_OK)
        fail_msg("%s: %s", what, err.text);
    k.n_in = BATCH * bf_net_shape(k.net, k.in, NULL, NULL, NULL);
    k.n_out = BATCH * bf_net_shape(k.net, k.out, NULL, NULL, NULL);
    k.factors = nn_floats(k.n_out, &seed);
    for (i = 0; i < k.params->n_floats; i++)
        k.params->values[i] += 0.2f * nn_random(&seed);
    /* No two so near to each other, or to zero, that a step takes one past the other: there the
     * largest of a window and the rectifiers have corners. */
    x = bf_net_value(k.net, k.in);
    for (i = 0; i < k.n_in; i++) {
        x[i] = 2 * ((float)i + 0.5f) / (float)k.n_in - 1;
        x[i] += x[i] > 0 ? 0.02f : -0.02f;
    }
    for (i = k.n_in; i-- > 1;) {
        size_t j = nn_below(&seed, i + 1);
        float t = x[i];

        x[i] = x[j];
        x[j] = t;
    }
    bf_net_seed(k.net, 77);
    loss(&k);
    bf_params_zero_grads(k.params);
    memcpy(bf_net_grad(k.net, k.out), k.factors, k.n_out * sizeof(float));
    bf_net_backward(k.net);
    dx = malloc(k.n_in * sizeof *dx);
    memcpy(dx, bf_net_grad(k.net, k.in), k.n_in * sizeof *dx);

    for (i = 0; i < k.params->n; i++)
        if (k.params->list[i].trained) {
            double bad = worst(&k, bf_params_value(k.params, i), bf_params_grad(k.params, i),
                               k.params->list[i].n);

            if (!(bad <= 1e-3))
                fail_msg("%s: gradient of %s is off by %g", what, k.params->list[i].name, bad);
        }
    {
        double bad = worst(&k, x, dx, k.n_in);

        if (!(bad <= 1e-3))
            fail_msg("%s: gradient of the input is off by %g", what, bad);
    }
    free(dx);
    free(k.factors);
    bf_net_free(&k.net);
    bf_params_free(&k.params);
}

static int conv(struct bf_net *net, int x)
{
    return bf_net_conv(net, "a", x, 5, 3, 2);
}

static int conv_even(struct bf_net *net, int x)
{
    return bf_net_conv(net, "a", x, 3, 4, 1);
}

static int conv_rectified(struct bf_net *net, int x)
{
    return bf_net_rectify(net, bf_net_conv(net, "a", x, 4, 3, 1), 0.3f);
}

static int conv_dilated(struct bf_net *net, int x)
{
    static const struct bf_conv s = {.kh = 2,
                                     .kw = 3,
                                     .oc = 6,
                                     .stride_y = 1,
                                     .stride_x = 1,
                                     .dilation_y = 2,
                                     .dilation_x = 2,
                                     .pad_top = 1,
                                     .pad_right = 2};

    return bf_net_conv_shaped(net, "a", x, &s, false);
}

static int depthwise(struct bf_net *net, int x)
{
    return bf_net_depthwise(net, "a", x, 3, 2);
}

static int deconv(struct bf_net *net, int x)
{
    return bf_net_deconv(net, "a", x, 3, 4, 2);
}

static int deconv_odd(struct bf_net *net, int x)
{
    return bf_net_deconv(net, "a", x, 5, 3, 2);
}

static int dense(struct bf_net *net, int x)
{
    return bf_net_dense(net, "a", bf_net_rectify(net, bf_net_dense(net, "b", x, 11), 0.2f), 7);
}

static int norm(struct bf_net *net, int x)
{
    return bf_net_norm(net, "n", x);
}

static int norm_rectified(struct bf_net *net, int x)
{
    static const struct bf_conv s = {
        .kh = 1, .kw = 1, .oc = 4, .stride_y = 1, .stride_x = 1, .dilation_y = 1, .dilation_x = 1};

    x = bf_net_conv_shaped(net, "a", x, &s, false);
    return bf_net_rectify(net, bf_net_norm(net, "n", x), 0.3f);
}

static int norm_image(struct bf_net *net, int x)
{
    x = bf_net_conv_bare(net, "a", x, 4, 1, 1);
    return bf_net_rectify(net, bf_net_norm_image(net, "n", x), 0.3f);
}

static int rectify(struct bf_net *net, int x)
{
    return bf_net_rectify(net, x, 0.1f);
}

static int prelu(struct bf_net *net, int x)
{
    return bf_net_prelu(net, "p", x);
}

static int sigmoid(struct bf_net *net, int x)
{
    return bf_net_sigmoid(net, x);
}

static int tanh_layer(struct bf_net *net, int x)
{
    return bf_net_tanh(net, x);
}

static int softmax(struct bf_net *net, int x)
{
    return bf_net_softmax(net, x);
}

static int maxpool(struct bf_net *net, int x)
{
    return bf_net_maxpool(net, x, 3, 2);
}

static int avgpool(struct bf_net *net, int x)
{
    return bf_net_avgpool(net, x, 3, 2);
}

static int mean(struct bf_net *net, int x)
{
    return bf_net_mean(net, x);
}

static int shuffle(struct bf_net *net, int x)
{
    return bf_net_shuffle(net, x, 2);
}

static int pad(struct bf_net *net, int x)
{
    return bf_net_pad(net, x, 1, 2, 0, 3);
}

static int dropout(struct bf_net *net, int x)
{
    return bf_net_dropout(net, x, 0.4f);
}

static int gru(struct bf_net *net, int x)
{
    return bf_net_gru(net, "g", x, 4, false);
}

static int gru_both(struct bf_net *net, int x)
{
    return bf_net_gru(net, "g", x, 3, true);
}

/* Every kind of node that several others use, so that gradients are added. */
static int branches(struct bf_net *net, int x)
{
    int a = bf_net_conv(net, "a", x, 4, 3, 1), b = bf_net_rectify(net, a, 0.1f), c;

    c = bf_net_add(net, bf_net_sigmoid(net, a), bf_net_depthwise(net, "b", b, 3, 1));
    c = bf_net_add(net, c, c);
    c = bf_net_concat(net, c, bf_net_conv(net, "c", b, 3, 1, 1));
    c = bf_net_concat(net, c, bf_net_prelu(net, "p", x));
    c = bf_net_add(net, c, bf_net_norm(net, "n", c));
    return bf_net_add(net, bf_net_rectify(net, c, 0.9f),
                      bf_net_deconv(net, "d", bf_net_avgpool(net, c, 2, 2), 9, 2, 2));
}

static int reshaped(struct bf_net *net, int x)
{
    x = bf_net_dense(net, "a", x, 24);
    return bf_net_conv(net, "b", bf_net_rectify(net, bf_net_reshape(net, x, 2, 3, 4), 0.2f), 3, 3,
                       1);
}

static void every_layer(void **state)
{
    static const struct {
        const char *what;
        build_fn *build;
        size_t h, w, c;
    } layers[] = {
        {"conv", conv, 7, 6, 3},
        {"conv of an even kernel", conv_even, 5, 6, 9},
        {"conv and rectifier", conv_rectified, 5, 5, 2},
        {"dilated conv", conv_dilated, 6, 7, 10},
        {"depthwise", depthwise, 6, 5, 4},
        {"deconv", deconv, 3, 4, 5},
        {"deconv of an odd kernel", deconv_odd, 3, 4, 2},
        {"dense", dense, 2, 3, 4},
        {"norm", norm, 3, 3, 4},
        {"norm and rectifier", norm_rectified, 4, 4, 3},
        {"norm of each image", norm_image, 4, 4, 3},
        {"rectifier", rectify, 3, 4, 5},
        {"prelu", prelu, 3, 4, 5},
        {"sigmoid", sigmoid, 2, 3, 4},
        {"tanh", tanh_layer, 2, 3, 4},
        {"softmax", softmax, 2, 2, 6},
        {"maxpool", maxpool, 5, 6, 3},
        {"avgpool", avgpool, 5, 6, 3},
        {"mean", mean, 3, 4, 3},
        {"shuffle", shuffle, 2, 3, 8},
        {"pad", pad, 2, 3, 4},
        {"dropout", dropout, 3, 3, 4},
        {"gru", gru, 5, 1, 3},
        {"gru both ways", gru_both, 4, 1, 2},
        {"branches", branches, 4, 4, 2},
        {"reshape", reshaped, 2, 3, 2},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        int level;

        for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
            bf_simd_limit((enum bf_simd)level);
            check(layers[i].what, layers[i].build, layers[i].h, layers[i].w, layers[i].c);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
