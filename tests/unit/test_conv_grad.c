#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/conv_grad.h"
#include "lib/nn/depthwise.h"
#include "lib/nn/simd.h"
#include "tests/unit/nn_naive.h"

static struct bf_pool *pool;

static int start(void **state)
{
    (void)state;
    return bf_pool_create(&pool, 3, NULL) != BF_OK;
}

static int stop(void **state)
{
    (void)state;
    bf_pool_free(&pool);
    return pool != NULL;
}

static void run(float *dx, float *dw, const float *x, const float *w, const float *dy,
                const struct bf_conv *s, int depthwise, bool add, struct bf_pool *threads)
{
    size_t bytes = (bf_conv_grad_scratch_size(s, bf_pool_threads(threads)) + 64) / 64 * 64;
    float *packed = malloc((bf_conv_grad_packed_size(s) + 1) * sizeof *packed);
    void *scratch = aligned_alloc(64, bytes);

    if (depthwise) {
        bf_depthwise_grad_input(dx, dy, w, s, add, threads);
        bf_depthwise_grad_weights(dw, x, dy, s, threads);
    } else {
        bf_conv_grad_pack(packed, w, s, threads);
        bf_conv_grad_input(dx, dy, packed, s, add, scratch, threads);
        bf_conv_grad_weights(dw, x, dy, s, scratch, threads);
    }
    free(packed);
    free(scratch);
}

/* At every level, with one thread and with three, to what was there and not. */
static void compare(const struct bf_conv *s, int depthwise, unsigned long long *seed)
{
    size_t n_x = s->n * s->h * s->w * s->c, n_w = s->kh * s->kw * (depthwise ? 1 : s->c) * s->oc;
    float *x = nn_floats(n_x, seed), *w = nn_floats(n_w, seed);
    float *dy = nn_floats(s->n * bf_conv_out_h(s) * bf_conv_out_w(s) * s->oc, seed);
    float *dx0 = nn_floats(n_x, seed), *dw0 = nn_floats(n_w, seed);
    float *want_x = malloc(n_x * sizeof(float)), *want_w = malloc(n_w * sizeof(float));
    float *dx = malloc(2 * n_x * sizeof(float)), *dw = malloc(2 * n_w * sizeof(float));
    int level, add;

    for (add = 0; add < 2; add++) {
        memcpy(want_w, dw0, n_w * sizeof(float));
        memcpy(want_x, dx0, n_x * sizeof(float));
        if (!add)
            memset(want_x, 0, n_x * sizeof(float));
        nn_naive_conv_grad(want_x, want_w, x, w, dy, s, depthwise);
        for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
            int i;

            bf_simd_limit((enum bf_simd)level);
            for (i = 0; i < 2; i++) {
                memcpy(dx + (size_t)i * n_x, dx0, n_x * sizeof(float));
                memcpy(dw + (size_t)i * n_w, dw0, n_w * sizeof(float));
                run(dx + (size_t)i * n_x, dw + (size_t)i * n_w, x, w, dy, s, depthwise, add == 1,
                    i == 0 ? NULL : pool);
            }
            assert_true(nn_difference(dx, want_x, n_x) < 1e-4);
            assert_true(nn_difference(dw, want_w, n_w) < 1e-4);
            assert_memory_equal(dx, dx + n_x, n_x * sizeof(float));
            assert_memory_equal(dw, dw + n_w, n_w * sizeof(float));
        }
    }
    bf_simd_limit(BF_SIMD_AVX512);
    free(x);
    free(w);
    free(dy);
    free(dx0);
    free(dw0);
    free(want_x);
    free(want_w);
    free(dx);
    free(dw);
}

static void as_the_naive_ones(int depthwise, unsigned long long seed)
{
    int i, done = 0;

    for (i = 0; i < 160; i++) {
        struct bf_conv s = {
            .n = 1 + nn_below(&seed, 4),
            .h = 1 + nn_below(&seed, 14),
            .w = 1 + nn_below(&seed, 14),
            .c = 1 + nn_below(&seed, 30),
            .kh = 1 + nn_below(&seed, 5),
            .kw = 1 + nn_below(&seed, 5),
            .oc = 1 + nn_below(&seed, 60),
            .stride_y = 1 + nn_below(&seed, 3),
            .stride_x = 1 + nn_below(&seed, 3),
            .dilation_y = 1,
            .dilation_x = 1,
            .pad_top = nn_below(&seed, 4),
            .pad_bottom = nn_below(&seed, 4),
            .pad_left = nn_below(&seed, 4),
            .pad_right = nn_below(&seed, 4),
        };

        if (i % 4 == 0)
            s.oc = 1 + nn_below(&seed, 4);
        if (i % 4 == 1)
            s.c = 1 + nn_below(&seed, 4);
        if (s.stride_y == 1)
            s.dilation_y = 1 + nn_below(&seed, 2);
        if (s.stride_x == 1)
            s.dilation_x = 1 + nn_below(&seed, 2);
        if (depthwise)
            s.oc = s.c * (1 + nn_below(&seed, 2));
        if (bf_conv_check(&s, NULL) != BF_OK)
            continue;
        assert_int_equal(bf_conv_grad_check(&s, NULL), BF_OK);
        compare(&s, depthwise, &seed);
        done++;
    }
    assert_true(done > 50);
}

static void dense_as_the_naive_one(void **state)
{
    (void)state;
    as_the_naive_ones(0, 1);
}

static void depthwise_as_the_naive_one(void **state)
{
    (void)state;
    as_the_naive_ones(1, 2);
}

static void stride_with_dilation_refused(void **state)
{
    static const struct bf_conv s = {1, 9, 9, 3, 3, 3, 8, 2, 1, 2, 1, 0, 0, 0, 0};

    (void)state;
    assert_int_equal(bf_conv_grad_check(&s, NULL), BF_ERR_USAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_as_the_naive_one),
        cmocka_unit_test(depthwise_as_the_naive_one),
        cmocka_unit_test(stride_with_dilation_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
