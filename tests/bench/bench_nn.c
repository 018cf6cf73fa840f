/*
 * bench_nn - rates of lib/nn on this machine: multiply-add peak, large convolutions, three networks
 *
 *   bench_nn                          all, briefly
 *   bench_nn peak [T]                 GFLOP/s of multiply-adds in registers, for each vector width
 *   bench_nn convs [T]                GFLOP/s of convolutions, forward and both gradients
 *   bench_nn NETWORK infer|train N T  a line: seconds a batch of 32, the median of N, with T
 *                                     threads; its GFLOP forward; millions of weights
 *
 * NETWORK: swap4, swap14 (autoencoder 64x64), resnet10. Beside PyTorch: tests/bench/compare_nn.py.
 */
#include <math.h>
#include <unistd.h>

#include "lib/nn/conv_grad.h"
#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "lib/nn/optim.h"
#include "lib/nn/random.h"
#include "lib/nn/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BATCH 32

static struct bf_pool *pool;

/* With one thread processor time, which other work on the machine hardly disturbs. */
static double now(void)
{
    struct timespec t;

    clock_gettime(bf_pool_threads(pool) > 1 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const struct bf_error *err)
{
    fprintf(stderr, "bench_nn: %s\n", err->text);
    exit(1);
}

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);

    if (p == NULL)
        exit(1);
    memset(p, 0, bytes);
    return p;
}

/* --- peak
 * --------------------------------------------------------------------------------------------- */

#define SPINS 4000000
#define CHAINS 12

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void spin_avx2(void *arg, size_t i, size_t thread)
{
    __m256 a[CHAINS], x = _mm256_set1_ps(0.999f);
    float *out = arg;
    int s, k;

    (void)thread;
    for (k = 0; k < CHAINS; k++)
        a[k] = _mm256_set1_ps((float)k);
    for (s = 0; s < SPINS; s++) {
#pragma GCC unroll 12
        for (k = 0; k < CHAINS; k++)
            a[k] = _mm256_fmadd_ps(a[k], x, x);
    }
    for (k = 1; k < CHAINS; k++)
        a[0] = _mm256_add_ps(a[0], a[k]);
    out[16 * i] = _mm256_cvtss_f32(a[0]);
}

__attribute__((target("avx512f"))) static void spin_avx512(void *arg, size_t i, size_t thread)
{
    __m512 a[CHAINS], x = _mm512_set1_ps(0.999f);
    float *out = arg;
    int s, k;

    (void)thread;
    for (k = 0; k < CHAINS; k++)
        a[k] = _mm512_set1_ps((float)k);
    for (s = 0; s < SPINS; s++) {
#pragma GCC unroll 12
        for (k = 0; k < CHAINS; k++)
            a[k] = _mm512_fmadd_ps(a[k], x, x);
    }
    for (k = 1; k < CHAINS; k++)
        a[0] = _mm512_add_ps(a[0], a[k]);
    out[16 * i] = _mm512_cvtss_f32(a[0]);
}
#endif

/* GFLOP/s of all threads together; 0 where the processor has no such instructions. */
static double peak(enum bf_simd level)
{
    double best = 0;
#if defined(__x86_64__)
    float out[16 * BF_POOL_THREADS_MAX];
    size_t threads = bf_pool_threads(pool);
    int round;

    if (level == BF_SIMD_PLAIN || level > bf_simd_level())
        return 0;
    for (round = 0; round < 5; round++) {
        double start = now(), flops = 2.0 * SPINS * CHAINS * (level == BF_SIMD_AVX2 ? 8 : 16);

        bf_pool_run(pool, level == BF_SIMD_AVX2 ? spin_avx2 : spin_avx512, out, threads);
        best = fmax(best, flops * (double)threads / (now() - start) / 1e9);
    }
#else
    (void)level;
#endif
    return best;
}

static void print_peak(void)
{
    printf("peak with %zu threads: AVX2 %.0f GFLOP/s", bf_pool_threads(pool), peak(BF_SIMD_AVX2));
    if (bf_simd_level() == BF_SIMD_AVX512)
        printf(", AVX-512 %.0f", peak(BF_SIMD_AVX512));
    printf("\n");
}

/* --- convolutions
 * ------------------------------------------------------------------------------------- */

static double rate(double flops, double seconds)
{
    return flops / seconds / 1e9;
}

static void one_conv(const struct bf_conv *s, double most)
{
    size_t n_x = s->n * s->h * s->w * s->c, n_w = s->kh * s->kw * s->c * s->oc;
    size_t n_y = s->n * bf_conv_out_h(s) * bf_conv_out_w(s) * s->oc, i;
    size_t threads = bf_pool_threads(pool), pass = bf_conv_scratch_size(s, threads);
    size_t grad = bf_conv_grad_scratch_size(s, threads);
    float *x = memory(n_x * 4), *w = memory(n_w * 4), *y = memory(n_y * 4), *dx = memory(n_x * 4);
    float *dw = memory(n_w * 4), *packed = memory(bf_conv_packed_size(s) * 4);
    float *back = memory(bf_conv_grad_packed_size(s) * 4);
    void *scratch = memory(pass > grad ? pass : grad);
    double flops = 2.0 * (double)n_y * (double)(s->kh * s->kw * s->c), t[3] = {1e9, 1e9, 1e9};
    int round;

    for (i = 0; i < n_x; i++)
        x[i] = (float)(i % 7) - 3;
    for (i = 0; i < n_w; i++)
        w[i] = (float)(i % 5) - 2;
    for (round = 0; round < 7; round++) {
        double a = now(), b, c, d;

        bf_conv_pack(packed, w, s, pool);
        bf_conv_forward(y, x, packed, NULL, s, NULL, scratch, pool);
        b = now();
        bf_conv_grad_pack(back, w, s, pool);
        bf_conv_grad_input(dx, y, back, s, false, scratch, pool);
        c = now();
        bf_conv_grad_weights(dw, x, y, s, scratch, pool);
        d = now();
        t[0] = fmin(t[0], b - a);
        t[1] = fmin(t[1], c - b);
        t[2] = fmin(t[2], d - c);
    }
    printf("  %3zux%-3zu %3zu to %3zu, %zux%zu stride %zu ", s->h, s->w, s->c, s->oc, s->kh, s->kw,
           s->stride_y);
    for (i = 0; i < 3; i++)
        printf("  %s %4.0f (%3.0f %%)",
               i == 0   ? "forward"
               : i == 1 ? "by input"
                        : "by weights",
               rate(flops, t[i]), 100 * rate(flops, t[i]) / most);
    printf("\n");
    free(x);
    free(w);
    free(y);
    free(dx);
    free(dw);
    free(packed);
    free(back);
    free(scratch);
}

static void convs(void)
{
    static const size_t shapes[][5] = {
        {32, 64, 64, 3, 1}, {32, 128, 128, 3, 1}, {16, 192, 384, 3, 1}, {8, 512, 512, 3, 1},
        {32, 48, 96, 5, 2}, {16, 96, 192, 5, 2},  {64, 32, 32, 3, 1},
    };
    enum bf_simd best = bf_simd_level();
    int level;
    size_t i;

    for (level = BF_SIMD_AVX2; level <= (int)best; level++) {
        double most;

        bf_simd_limit((enum bf_simd)level);
        most = peak((enum bf_simd)level);
        printf("convolutions of 32 pictures in %s, GFLOP/s and share of %.0f:\n",
               level == BF_SIMD_AVX2 ? "AVX2" : "AVX-512", most);
        for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            size_t k = shapes[i][3];
            struct bf_conv s = {BATCH, shapes[i][0], shapes[i][0], shapes[i][1], k,
                                k,     shapes[i][2], shapes[i][4], shapes[i][4], 1,
                                1,     k / 2,        k / 2,        k / 2,        k / 2};

            one_conv(&s, most);
        }
    }
    bf_simd_limit(BF_SIMD_AVX512);
}

/* --- networks
 * ------------------------------------------------------------------------------------------- */

struct bench {
    struct bf_params *params;
    struct bf_net *net;
    struct bf_optim *optim;
    int in, out[2], n_out; /* the second: a mask */
    float *target;
};

static int up(struct bf_net *net, const char *name, int x, size_t c)
{
    return bf_net_shuffle(net, bf_net_rectify(net, bf_net_conv(net, name, x, 4 * c, 3, 1), 0.1f),
                          2);
}

/* The scheme of shared encoder and one decoder per identity: widths of the encoder's first layer,
 * the code, and channels at 4x4 and 8x8. */
static void swap(struct bench *b, size_t width, size_t code, size_t at4, size_t at8)
{
    struct bf_net *net = b->net;
    int x = b->in = bf_net_input(net, 64, 64, 3);

    x = bf_net_rectify(net, bf_net_conv(net, "enc1", x, width, 5, 2), 0.1f);
    x = bf_net_rectify(net, bf_net_conv(net, "enc2", x, 2 * width, 5, 2), 0.1f);
    x = bf_net_rectify(net, bf_net_conv(net, "enc3", x, 4 * width, 5, 2), 0.1f);
    x = bf_net_rectify(net, bf_net_conv(net, "enc4", x, 8 * width, 5, 2), 0.1f);
    x = bf_net_dense(net, "code", x, code);
    x = bf_net_reshape(net, bf_net_dense(net, "uncode", x, 16 * at4), 4, 4, at4);
    x = up(net, "up8", x, at8);
    x = up(net, "up16", x, at8 / 2);
    x = up(net, "up32", x, at8 / 4);
    x = up(net, "up64", x, at8 / 8);
    b->out[0] = bf_net_sigmoid(net, bf_net_conv(net, "rgb", x, 3, 5, 1));
    b->out[1] = bf_net_sigmoid(net, bf_net_conv(net, "mask", x, 1, 5, 1));
    b->n_out = 2;
}

static int block(struct bf_net *net, const char *name, int x, size_t c, size_t stride)
{
    char part[4][64];
    int i, y;

    for (i = 0; i < 4; i++)
        snprintf(part[i], sizeof part[i], "%s_%d", name, i);
    y = bf_net_rectify(
        net, bf_net_norm(net, part[0], bf_net_conv_bare(net, part[0], x, c, 3, stride)), 0);
    y = bf_net_norm(net, part[1], bf_net_conv_bare(net, part[1], y, c, 3, 1));
    if (stride > 1)
        x = bf_net_norm(net, part[2], bf_net_conv_bare(net, part[2], x, c, 1, stride));
    return bf_net_rectify(net, bf_net_add(net, y, x), 0);
}

static void resnet10(struct bench *b)
{
    struct bf_net *net = b->net;
    int x = b->in = bf_net_input(net, 128, 128, 3);

    x = bf_net_rectify(net, bf_net_norm(net, "stem", bf_net_conv_bare(net, "stem", x, 32, 3, 2)),
                       0);
    x = bf_net_maxpool(net, x, 3, 2);
    x = block(net, "s1", x, 32, 1);
    x = block(net, "s2", x, 64, 2);
    x = block(net, "s3", x, 128, 2);
    x = block(net, "s4", x, 256, 2);
    b->out[0] = bf_net_dense(net, "out", bf_net_mean(net, x), 2);
    b->n_out = 1;
}

static void build(struct bench *b, const char *name, bool training)
{
    static const struct bf_optim_config adam = {BF_OPTIM_ADAM, 0.5f, 0.999f, 1e-8f, 0};
    struct bf_random r = {1};
    struct bf_error err;
    size_t n, i;

    *b = (struct bench){0};
    if (bf_params_create(&b->params, &err) != BF_OK ||
        bf_net_create(&b->net, b->params, &err) != BF_OK)
        die(&err);
    if (strcmp(name, "swap4") == 0)
        swap(b, 32, 256, 256, 128);
    else if (strcmp(name, "swap14") == 0)
        swap(b, 48, 512, 512, 192);
    else if (strcmp(name, "resnet10") == 0)
        resnet10(b);
    else {
        bf_error_set(&err, BF_ERR_USAGE, "there is no network '%s'", name);
        die(&err);
    }
    if (bf_params_allocate(b->params, training, 1, &err) != BF_OK ||
        bf_net_plan(b->net, BATCH, training ? BF_NET_TRAINING : 0, pool, &err) != BF_OK ||
        (training && bf_optim_create(&b->optim, b->params, &adam, &err) != BF_OK))
        die(&err);
    n = BATCH * bf_net_shape(b->net, b->in, NULL, NULL, NULL);
    b->target = memory(n * sizeof(float));
    for (i = 0; i < n; i++)
        bf_net_value(b->net, b->in)[i] = b->target[i] = bf_random_uniform(&r);
}

static void release(struct bench *b)
{
    bf_optim_free(&b->optim);
    bf_net_free(&b->net);
    bf_params_free(&b->params);
    free(b->target);
}

static void train(struct bench *b)
{
    int i;

    bf_params_zero_grads(b->params);
    bf_net_forward(b->net);
    for (i = 0; i < b->n_out; i++) {
        size_t c, one = bf_net_shape(b->net, b->out[i], NULL, NULL, &c), n = BATCH * one;
        float *y = bf_net_value(b->net, b->out[i]), *grad = bf_net_grad(b->net, b->out[i]);
        uint32_t label[BATCH], k;

        memset(grad, 0, n * sizeof *grad);
        if (b->n_out == 1) {
            for (k = 0; k < BATCH; k++)
                label[k] = k % 2;
            bf_loss_cross_entropy(grad, y, label, NULL, BATCH, c, 1);
        } else if (i == 0) {
            bf_loss_l1(grad, y, b->target, NULL, n / c, c, 1);
        } else {
            bf_loss_mse(grad, y, b->target, NULL, n / c, c, 1);
        }
    }
    bf_net_backward(b->net);
    bf_optim_step(b->optim, 5e-4f, pool);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

#define ROUNDS_MAX 1000

/* Median seconds of a batch. */
static double time_network(const char *name, bool training, int rounds, double *gflop,
                           double *millions)
{
    double seconds[ROUNDS_MAX];
    struct bench b;
    int i;

    build(&b, name, training);
    *gflop = 2e-9 * (double)bf_net_macs(b.net) * BATCH;
    *millions = 1e-6 * (double)bf_params_count(b.params);
    for (i = -2; i < rounds; i++) {
        double start = now();

        if (training)
            train(&b);
        else
            bf_net_forward(b.net);
        if (i >= 0)
            seconds[i] = now() - start;
    }
    release(&b);
    qsort(seconds, (size_t)rounds, sizeof seconds[0], by_value);
    return seconds[rounds / 2];
}

static void networks(void)
{
    static const char *const names[] = {"swap4", "swap14", "resnet10"};
    double most = peak(bf_simd_level()), gflop, millions;
    size_t i;

    for (i = 0; i < 3; i++) {
        double infer = time_network(names[i], false, 7, &gflop, &millions);
        double training = time_network(names[i], true, 5, &gflop, &millions);

        printf("%-8s %5.1f M weights: %5.0f images a second, %4.0f in training; %.0f and %.0f "
               "GFLOP/s (%.0f %% and %.0f %% of peak)\n",
               names[i], millions, BATCH / infer, BATCH / training, gflop / infer,
               3 * gflop / training, 100 * gflop / infer / most, 100 * 3 * gflop / training / most);
    }
}

int main(int argc, char **argv)
{
    struct bf_error err;
    double gflop, millions;
    long threads = argc % 2 == 1 && argc > 1 ? strtol(argv[argc - 1], NULL, 10)
                                             : sysconf(_SC_NPROCESSORS_ONLN);

    if (bf_pool_create(&pool, threads > 0 ? (size_t)threads : 1, &err) != BF_OK)
        die(&err);
    if ((argc == 2 || argc == 3) && strcmp(argv[1], "peak") == 0) {
        print_peak();
    } else if ((argc == 2 || argc == 3) && strcmp(argv[1], "convs") == 0) {
        convs();
    } else if (argc == 5) {
        long rounds = strtol(argv[3], NULL, 10);
        double s;

        if (rounds < 1 || rounds > ROUNDS_MAX)
            return 2;
        s = time_network(argv[1], strcmp(argv[2], "train") == 0, (int)rounds, &gflop, &millions);
        printf("%.6f %.4f %.3f\n", s, gflop, millions);
    } else {
        print_peak();
        convs();
        networks();
    }
    bf_pool_free(&pool);
    return 0;
}
