/* Graph models written by hand: every operation beside its textbook form, whole graphs beside the
 * same graphs unfused. */
#include "tests/unit/graph_fixture.h"

#include <float.h>
#include <stdio.h>

#include "lib/nn/simd.h"

enum { H = 7, W = 9, C = 5, N = 2, IN = N * H * W * C };

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
    return 0;
}

/* Runs g on IN numbers that follow from 1; they are left in x. */
static void run_on(struct bf_graph *g, float *x)
{
    const struct bf_graph_io *in = bf_graph_input(g, 0);
    uint32_t seed = 1;
    size_t i;

    for (i = 0; i < in->len; i++)
        x[i] = 2 * net_random(&seed);
    memcpy(in->data, x, in->len * sizeof *x);
    bf_graph_run(g);
}

struct sliding {
    int kh, kw, stride, dilation, oc; /* oc 0: depthwise, -1: largest, -2: mean */
    int top, left, oh, ow;
};

/* One output of a sliding window, as the textbook has it. */
static float slide_at(const float *x, const float *w, const struct sliding *s, int n, int i, int k,
                      int o)
{
    double sum = s->oc == -1 ? -(double)FLT_MAX : 0;
    int a, b, c, count = 0;

    for (a = 0; a < s->kh; a++)
        for (b = 0; b < s->kw; b++) {
            int y = i * s->stride + a * s->dilation - s->top;
            int z = k * s->stride + b * s->dilation - s->left;
            const float *p = x + (size_t)((n * H + y) * W + z) * C;

            if (y < 0 || z < 0 || y >= H || z >= W)
                continue;
            count++;
            for (c = 0; s->oc > 0 && c < C; c++)
                sum += (double)p[c] * (double)w[((a * s->kw + b) * C + c) * s->oc + o];
            if (s->oc == 0)
                sum += (double)p[o] * (double)w[(a * s->kw + b) * C + o];
            else if (s->oc == -1)
                sum = fmax(sum, (double)p[o]);
            else if (s->oc == -2)
                sum += (double)p[o];
        }
    return (float)(s->oc == -2 ? sum / count : sum);
}

/* TensorFlow's rule, written down once more */
static void same_padding(struct sliding *s, bool same)
{
    int rh = (s->kh - 1) * s->dilation + 1, rw = (s->kw - 1) * s->dilation + 1;
    int need;

    s->top = s->left = 0;
    s->oh = (H - rh) / s->stride + 1;
    s->ow = (W - rw) / s->stride + 1;
    if (!same)
        return;
    s->oh = (H + s->stride - 1) / s->stride;
    s->ow = (W + s->stride - 1) / s->stride;
    need = (s->oh - 1) * s->stride + rh - H;
    s->top = need > 0 ? need / 2 : 0;
    need = (s->ow - 1) * s->stride + rw - W;
    s->left = need > 0 ? need / 2 : 0;
}

static void check_sliding(struct sliding s, bool same)
{
    static float x[IN], w[5 * 5 * C * 8], want[N * H * W * 8];
    const char *op = s.oc > 0     ? "Conv2D"
                     : s.oc == 0  ? "DepthwiseConv2dNative"
                     : s.oc == -1 ? "MaxPool"
                                  : "AvgPool";
    int oc = s.oc > 0 ? s.oc : C, n, i, k, o;
    char attributes[512], more[128], shape[64];
    struct bf_graph *g;
    struct net net = {.seed = 7};
    float *to = want;

    same_padding(&s, same);
    net_input(&net, H, W, C);
    snprintf(shape, sizeof shape, "%d,%d,%d,%d", s.kh, s.kw, C, s.oc ? s.oc : 1);
    snprintf(more, sizeof more, "\"%s\":{\"list\":{\"i\":[1,%d,%d,1]}}",
             s.oc >= 0 ? "dilations" : "ksize", s.oc >= 0 ? s.dilation : s.kh,
             s.oc >= 0 ? s.dilation : s.kw);
    if (s.oc >= 0)
        net_weights(&net, "w", shape, w, (size_t)(s.kh * s.kw * C * (s.oc ? s.oc : 1)));
    net_sliding(attributes, s.stride, same ? "SAME" : "VALID", more);
    net_node(&net, "y", op, s.oc >= 0 ? "\"x\",\"w\"" : "\"x\"", attributes);
    net_output(&net, "y");
    assert_opens(&g, &net, N, NULL, pool);
    assert_int_equal(bf_graph_output(g, 0)->dims[1], s.oh);
    assert_int_equal(bf_graph_output(g, 0)->dims[2], s.ow);
    run_on(g, x);
    for (n = 0; n < N; n++)
        for (i = 0; i < s.oh; i++)
            for (k = 0; k < s.ow; k++)
                for (o = 0; o < oc; o++)
                    *to++ = slide_at(x, w, &s, n, i, k, o);
    assert_int_equal(bf_graph_output(g, 0)->len, to - want);
    assert_near(bf_graph_output(g, 0)->data, want, (size_t)(to - want), 1e-5f);
    bf_graph_close(&g);
    net_release(&net);
}

static void slides(void **state)
{
    static const struct sliding cases[] = {
        {3, 3, 1, 1, 8, 0, 0, 0, 0},  {3, 3, 2, 1, 8, 0, 0, 0, 0},  {1, 1, 1, 1, 3, 0, 0, 0, 0},
        {2, 2, 2, 1, 4, 0, 0, 0, 0},  {5, 5, 2, 1, 2, 0, 0, 0, 0},  {3, 2, 1, 2, 6, 0, 0, 0, 0},
        {3, 3, 3, 1, 8, 0, 0, 0, 0},  {3, 3, 1, 1, 0, 0, 0, 0, 0},  {3, 3, 2, 1, 0, 0, 0, 0, 0},
        {5, 5, 1, 1, 0, 0, 0, 0, 0},  {3, 3, 1, 2, 0, 0, 0, 0, 0},  {2, 2, 2, 1, -1, 0, 0, 0, 0},
        {3, 3, 2, 1, -1, 0, 0, 0, 0}, {3, 2, 1, 1, -2, 0, 0, 0, 0}, {2, 2, 2, 1, -2, 0, 0, 0, 0},
    };
    size_t i;
    int level;

    (void)state;
    for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
        bf_simd_limit((enum bf_simd)level);
        for (i = 0; i < 2 * sizeof cases / sizeof *cases; i++)
            check_sliding(cases[i / 2], i % 2);
    }
}

/* Element i of what one of the small operations makes of x; k is (C), s is a scalar. */
static float small_at(int op, const float *x, const float *k, float s, size_t i)
{
    switch (op) {
    case 0:
        return x[i] + k[i % C];
    case 1:
        return x[i] - k[i % C];
    case 2:
        return k[i % C] - x[i];
    case 3:
        return x[i] * k[i % C];
    case 4:
        return fminf(x[i], k[i % C]);
    case 5:
        return fmaxf(x[i], s);
    case 6:
        return fminf(s, x[i]);
    case 7:
        return fmaxf(x[i], 0);
    case 8:
        return fminf(fmaxf(x[i], 0), 6);
    case 9:
        return x[i] < 0 ? x[i] * k[i % C] : x[i];
    case 10:
        return 1 / (1 + expf(-x[i]));
    case 11:
        return x[i] + x[i];
    default:
        return x[i];
    }
}

static void computes_elements(void **state)
{
    static const struct {
        const char *op, *inputs;
    } ops[] = {{"BiasAdd", "\"x\",\"k\""}, {"Sub", "\"x\",\"k\""},     {"Sub", "\"k\",\"x\""},
               {"Mul", "\"k\",\"x\""},     {"Minimum", "\"x\",\"k\""}, {"Maximum", "\"x\",\"s\""},
               {"Minimum", "\"s\",\"x\""}, {"Relu", "\"x\""},          {"Relu6", "\"x\""},
               {"Prelu", "\"x\",\"k\""},   {"Sigmoid", "\"x\""},       {"AddV2", "\"x\",\"x\""},
               {"Identity", "\"x:0\""}};
    static float x[IN], want[IN];
    float k[C], s = 0.25f;
    size_t i, j;
    int level;

    (void)state;
    for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++)
        for (i = 0; i < sizeof ops / sizeof *ops; i++) {
            struct net net = {.seed = 3};
            struct bf_graph *g;

            bf_simd_limit((enum bf_simd)level);
            net_input(&net, H, W, C);
            net_weights(&net, "k", "1,1,5", k, C);
            net_floats(&net, "s", "", &s, 1);
            net_node(&net, "y", ops[i].op, ops[i].inputs, "");
            net_output(&net, "y");
            assert_opens(&g, &net, N, NULL, NULL);
            run_on(g, x);
            for (j = 0; j < IN; j++)
                want[j] = small_at((int)i, x, k, s, j);
            assert_near(bf_graph_output(g, 0)->data, want, IN, 1e-6f);
            bf_graph_close(&g);
            net_release(&net);
        }
}

/* pad, concat, reshape, mean, matrix product, softmax, batch norm */
static void moves_elements(void **state)
{
    static const int32_t pads[8] = {0, 0, 1, 2, 0, 1, 0, 3}, axis = -1, flat[2] = {-1, H * W * C},
                         axes[2] = {2, 1};
    static float x[IN];
    float w[C * 4], b[4], v[4][C], sum;
    struct net net = {.seed = 5};
    const struct bf_graph_io *out;
    struct bf_graph *g;
    int n, i, k, c;

    (void)state;
    net_input(&net, H, W, C);
    net_ints(&net, "pads", "4,2", pads, 8);
    net_ints(&net, "axis", "", &axis, 1);
    net_ints(&net, "flat", "2", flat, 2);
    net_ints(&net, "axes", "2", axes, 2);
    net_weights(&net, "w", "5,4", w, C * 4);
    net_weights(&net, "b", "4", b, 4);
    for (i = 0; i < 4; i++) {
        char name[2] = {(char)('0' + i), 0};

        net_weights(&net, name, "5", v[i], C);
    }
    for (c = 0; c < C; c++) /* a variance is not negative */
        ((float *)(void *)(net.bin.data + net.bin.len))[c - C] = v[3][c] = fabsf(v[3][c]);
    net_node(&net, "pad", "Pad", "\"x\",\"pads\"", "");
    net_node(&net, "concat", "ConcatV2", "\"x\",\"x\",\"axis\"", "");
    net_node(&net, "reshape", "Reshape", "\"x\",\"flat\"", "");
    net_node(&net, "mean", "Mean", "\"x\",\"axes\"", "");
    net_node(&net, "product", "_FusedMatMul", "\"mean\",\"w\",\"b\"",
             "\"fused_ops\":{\"list\":{\"s\":[\"Qmlhc0FkZA==\"]}}");
    net_node(&net, "softmax", "Softmax", "\"product\"", "");
    net_node(&net, "norm", "FusedBatchNormV3", "\"x\",\"0\",\"1\",\"2\",\"3\"",
             "\"epsilon\":{\"f\":0.01}");
    net_output(&net, "pad");
    net_output(&net, "concat");
    net_output(&net, "reshape");
    net_output(&net, "mean");
    net_output(&net, "product");
    net_output(&net, "softmax");
    net_output(&net, "norm");
    assert_opens(&g, &net, N, NULL, pool);
    run_on(g, x);
    out = bf_graph_output_named(g, "pad");
    assert_true(out->dims[1] == H + 3 && out->dims[2] == W + 1 && out->dims[3] == C + 3);
    for (n = 0; n < N; n++)
        for (i = 0; i < H + 3; i++)
            for (k = 0; k < W + 1; k++)
                for (c = 0; c < C + 3; c++) {
                    float got = out->data[((n * (H + 3) + i) * (W + 1) + k) * (C + 3) + c];
                    bool in = i >= 1 && i <= H && k < W && c < C;

                    assert_true(got == (in ? x[((n * H + i - 1) * W + k) * C + c] : 0));
                }
    out = bf_graph_output_named(g, "concat");
    assert_int_equal(out->dims[3], 2 * C);
    for (i = 0; i < IN; i++) {
        assert_true(out->data[i / C * 2 * C + i % C] == x[i]);
        assert_true(out->data[i / C * 2 * C + C + i % C] == x[i]);
    }
    out = bf_graph_output_named(g, "reshape");
    assert_true(out->rank == 2 && out->dims[0] == N && out->dims[1] == H * W * C);
    assert_memory_equal(out->data, x, sizeof x);
    for (n = 0; n < N; n++) {
        float mean[C] = {0}, product[4], e = 0;

        for (i = 0; i < H * W * C; i++)
            mean[i % C] += x[n * H * W * C + i] / (H * W);
        assert_near(bf_graph_output_named(g, "mean")->data + n * C, mean, C, 1e-5f);
        for (k = 0; k < 4; k++) {
            for (sum = b[k], c = 0; c < C; c++)
                sum += mean[c] * w[c * 4 + k];
            product[k] = sum;
            e += expf(sum);
        }
        assert_near(bf_graph_output_named(g, "product")->data + n * 4, product, 4, 1e-5f);
        for (k = 0; k < 4; k++)
            product[k] = expf(product[k]) / e;
        assert_near(bf_graph_output_named(g, "softmax")->data + n * 4, product, 4, 1e-5f);
    }
    for (i = 0; i < IN; i++) {
        c = i % C;
        sum = (x[i] - v[2][c]) / sqrtf(v[3][c] + 0.01f) * v[0][c] + v[1][c];
        assert_near(bf_graph_output_named(g, "norm")->data + i, &sum, 1, 1e-4f);
    }
    bf_graph_close(&g);
    net_release(&net);
}

/* What the planner joins: the same graph with every node an output joins nothing. */
static void fuses(void **state)
{
    static const char *const last[] = {"end", NULL};
    static const int32_t round[8] = {0, 0, 1, 1, 1, 1, 0, 0}, wider[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    char sliding[512], valid[512];
    static float x[IN], want[N * H * W * 8];
    struct bf_graph *g;
    struct net net = {.seed = 11};
    float lo = -0.5f, hi = 0.75f;
    size_t len;
    int level;

    (void)state;
    net_sliding(sliding, 1, "SAME", "");
    net_sliding(valid, 1, "VALID", "");
    net_input(&net, H, W, C);
    net_weights(&net, "w1", "3,3,5,8", NULL, 3 * 3 * 5 * 8);
    net_weights(&net, "w2", "3,3,8,1", NULL, 3 * 3 * 8);
    net_weights(&net, "w3", "1,1,8,8", NULL, 64);
    net_weights(&net, "k", "8", NULL, 8);
    net_weights(&net, "slope", "1,1,8", NULL, 8);
    net_floats(&net, "lo", "", &lo, 1);
    net_floats(&net, "hi", "1", &hi, 1);
    net_ints(&net, "round", "4,2", round, 8);
    net_ints(&net, "wider", "4,2", wider, 8);
    /* padding, convolution, bias, scale, the input with more channels on top, Prelu */
    net_node(&net, "padded", "Pad", "\"x\",\"round\"", "");
    net_node(&net, "conv", "Conv2D", "\"padded\",\"w1\"", valid);
    net_node(&net, "bias", "BiasAdd", "\"conv\",\"k\"", "");
    net_node(&net, "scale", "Mul", "\"bias\",\"k\"", "");
    net_node(&net, "wide", "Pad", "\"x\",\"wider\"", "");
    net_node(&net, "sum", "AddV2", "\"wide\",\"scale\"", "");
    net_node(&net, "prelu", "Prelu", "\"sum\",\"slope\"", "");
    /* a separable block with a residual sum, and two clamps */
    net_node(&net, "depth", "DepthwiseConv2dNative", "\"prelu\",\"w2\"", sliding);
    net_node(&net, "shift", "Sub", "\"depth\",\"k\"", "");
    net_node(&net, "clip", "Relu6", "\"shift\"", "");
    net_node(&net, "point", "Conv2D", "\"clip\",\"w3\"", sliding);
    net_node(&net, "residual", "Add", "\"point\",\"prelu\"", "");
    net_node(&net, "minimum", "Minimum", "\"residual\",\"hi\"", "");
    net_node(&net, "maximum", "Maximum", "\"minimum\",\"lo\"", "");
    /* what cannot be joined: two users, two sums */
    net_node(&net, "twice", "Add", "\"maximum\",\"maximum\"", "");
    net_node(&net, "again", "Add", "\"twice\",\"prelu\"", "");
    net_node(&net, "once", "Add", "\"again\",\"residual\"", "");
    net_node(&net, "end", "Sigmoid", "\"once\"", "");
    {
        static const char *const all[] = {
            "padded", "conv",  "bias", "scale", "wide",    "sum",      "prelu",   "depth",
            "clip",   "point", "once", "twice", "minimum", "residual", "maximum", "end"};
        size_t i;

        for (i = 0; i < sizeof all / sizeof *all; i++)
            net_output(&net, all[i]);
    }
    for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
        bf_simd_limit((enum bf_simd)level);
        assert_opens(&g, &net, N, NULL, NULL);
        run_on(g, x);
        len = bf_graph_output_named(g, "end")->len;
        assert_int_equal(len, sizeof want / sizeof *want);
        memcpy(want, bf_graph_output_named(g, "end")->data, sizeof want);
        bf_graph_close(&g);
        assert_opens(&g, &net, N, last, pool);
        assert_int_equal(bf_graph_n_outputs(g), 1);
        run_on(g, x);
        assert_near(bf_graph_output(g, 0)->data, want, len, 1e-5f);
        run_on(g, x); /* leaves nothing behind */
        assert_near(bf_graph_output(g, 0)->data, want, len, 1e-5f);
        bf_graph_close(&g);
    }
    net_release(&net);
}

/* The ways in which weights are stored */
static void unpacks_weights(void **state)
{
    static const uint8_t stored[] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00,  /* 1, -2, 2^-24 */
                                     0,    10,   255,                     /* uint8 */
                                     0x00, 0x00, 0xff, 0xff, 0x01, 0x00}; /* uint16 */
    static const float want[3][3] = {{1, -2, 0x1p-24f}, {-1, -0.5f, 11.75f}, {2, 65537, 3}};
    const struct bf_graph_io *in;
    struct net net = {0};
    struct bf_graph *g;
    int i;

    (void)state;
    net_input(&net, 1, 1, 3);
    net_manifest(&net, "0", "3", "float32",
                 ",\"quantization\":{\"dtype\":\"float16\",\"original_dtype\":\"float32\"}");
    net_manifest(&net, "1", "3", "float32",
                 ",\"quantization\":{\"dtype\":\"uint8\",\"scale\":0.05,\"min\":-1}");
    net_manifest(&net, "2", "3", "float32",
                 ",\"quantization\":{\"dtype\":\"uint16\",\"scale\":1,\"min\":2}");
    bf_buf_append(&net.bin, stored, sizeof stored);
    for (i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), 0}, inputs[32];

        snprintf(inputs, sizeof inputs, "\"x\",\"%d\"", i);
        net_node(&net, name, "AddV2", inputs, "");
        net_output(&net, name);
    }
    assert_opens(&g, &net, 1, NULL, NULL);
    in = bf_graph_input(g, 0);
    memset(in->data, 0, in->len * sizeof(float));
    bf_graph_run(g);
    for (i = 0; i < 3; i++)
        assert_near(bf_graph_output(g, i)->data, want[i], 3, 1e-6f);
    bf_graph_close(&g);
    net_release(&net);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(slides),          cmocka_unit_test(computes_elements),
        cmocka_unit_test(moves_elements),  cmocka_unit_test(fuses),
        cmocka_unit_test(unpacks_weights),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
