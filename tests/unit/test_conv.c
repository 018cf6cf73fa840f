#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/depthwise.h"
#include "lib/nn/pool.h"
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

static void *scratch_of(size_t n)
{
    return n == 0 ? NULL : aligned_alloc(64, (n + 63) / 64 * 64);
}

/* The fast path at every level, with one thread and with three, against the naive one. */
static void compare(const struct bf_conv *s, const struct bf_rectifier *r, int depthwise,
                    int with_bias, unsigned long long *seed)
{
    size_t n_y = s->n * bf_conv_out_h(s) * bf_conv_out_w(s) * s->oc;
    float *x = nn_floats(s->n * s->h * s->w * s->c, seed);
    float *w = nn_floats(s->kh * s->kw * (depthwise ? 1 : s->c) * s->oc, seed);
    float *bias = with_bias ? nn_floats(s->oc, seed) : NULL;
    float *want = malloc(n_y * sizeof *want), *y = malloc(n_y * sizeof *y);
    float *again = malloc(n_y * sizeof *again);
    int level;

    nn_naive_conv(want, x, w, bias, s, r, depthwise);
    for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
        bf_simd_limit((enum bf_simd)level);
        memset(y, 0xff, n_y * sizeof *y);
        memset(again, 0xff, n_y * sizeof *again);
        if (depthwise) {
            bf_depthwise_forward(y, x, w, bias, s, r, NULL);
            bf_depthwise_forward(again, x, w, bias, s, r, pool);
        } else {
            float *packed = malloc(bf_conv_packed_size(s) * sizeof *packed);
            void *scratch = scratch_of(bf_conv_scratch_size(s, 3));

            bf_conv_pack(packed, w, s, pool);
            bf_conv_forward(y, x, packed, bias, s, r, scratch, NULL);
            bf_conv_forward(again, x, packed, bias, s, r, scratch, pool);
            free(scratch);
            free(packed);
        }
        assert_true(nn_difference(y, want, n_y) < 1e-4);
        assert_memory_equal(y, again, n_y * sizeof *y);
    }
    bf_simd_limit(BF_SIMD_AVX512);
    free(x);
    free(w);
    free(bias);
    free(want);
    free(y);
    free(again);
}

static struct bf_conv draw(unsigned long long *seed)
{
    struct bf_conv s = {
        .n = 1 + nn_below(seed, 4),
        .h = 1 + nn_below(seed, 18),
        .w = 1 + nn_below(seed, 18),
        .c = 1 + nn_below(seed, 40),
        .kh = 1 + nn_below(seed, 5),
        .kw = 1 + nn_below(seed, 5),
        .oc = 1 + nn_below(seed, 70),
        .stride_y = 1 + nn_below(seed, 3),
        .stride_x = 1 + nn_below(seed, 3),
        .dilation_y = 1 + nn_below(seed, 2),
        .dilation_x = 1 + nn_below(seed, 2),
        .pad_top = nn_below(seed, 4),
        .pad_bottom = nn_below(seed, 4),
        .pad_left = nn_below(seed, 4),
        .pad_right = nn_below(seed, 4),
    };

    return s;
}

static const struct bf_rectifier rectifiers[] = {{0, INFINITY}, {0, 0.25f}, {0.1f, INFINITY}};

static void dense_as_the_naive_one(void **state)
{
    unsigned long long seed = 1;
    int i, done = 0;

    (void)state;
    for (i = 0; i < 150; i++) {
        struct bf_conv s = draw(&seed);

        if (i % 4 == 0)
            s.oc = 1 + nn_below(&seed, 4);
        if (i % 5 == 0)
            s.kh = s.kw = 1;
        if (i % 10 == 0)
            s.pad_top = s.pad_bottom = s.pad_left = s.pad_right = 0;
        if (bf_conv_check(&s, NULL) != BF_OK)
            continue;
        compare(&s, i % 4 == 3 ? NULL : &rectifiers[i % 4], 0, i % 3 != 0, &seed);
        done++;
    }
    assert_true(done > 50);
}

/* More values in an output than one block of the weights holds */
static void dense_in_blocks(void **state)
{
    static const struct bf_conv s = {2, 5, 6, 300, 3, 3, 50, 1, 1, 1, 1, 1, 1, 1, 1};
    static const struct bf_conv one = {1, 4, 4, 1500, 1, 1, 100, 1, 1, 1, 1, 0, 0, 0, 0};
    unsigned long long seed = 2;

    (void)state;
    compare(&s, &rectifiers[2], 0, 1, &seed);
    compare(&one, NULL, 0, 1, &seed);
}

static void depthwise_as_the_naive_one(void **state)
{
    unsigned long long seed = 3;
    int i, done = 0;

    (void)state;
    for (i = 0; i < 150; i++) {
        struct bf_conv s = draw(&seed);

        s.oc = s.c * (i % 5 == 0 ? 1 + nn_below(&seed, 3) : 1);
        if (bf_depthwise_check(&s, NULL) != BF_OK)
            continue;
        compare(&s, i % 4 == 3 ? NULL : &rectifiers[i % 4], 1, i % 3 != 0, &seed);
        done++;
    }
    assert_true(done > 50);
}

static void shapes_refused(void **state)
{
    struct bf_conv good = {1, 4, 4, 3, 3, 3, 8, 1, 1, 1, 1, 0, 0, 0, 0}, s;
    struct bf_error err;

    (void)state;
    assert_int_equal(bf_conv_check(&good, &err), BF_OK);
    s = good;
    s.kh = 5;
    assert_int_equal(bf_conv_check(&s, &err), BF_ERR_USAGE);
    s.pad_top = 1;
    assert_int_equal(bf_conv_check(&s, &err), BF_OK);
    s = good;
    s.stride_x = 0;
    assert_int_equal(bf_conv_check(&s, &err), BF_ERR_LIMIT);
    s = good;
    s.pad_left = SIZE_MAX;
    assert_int_equal(bf_conv_check(&s, &err), BF_ERR_LIMIT);
    s = good;
    s.n = s.h = s.w = 60000;
    assert_int_equal(bf_conv_check(&s, &err), BF_ERR_LIMIT);
    s = good;
    s.oc = 10;
    assert_int_equal(bf_depthwise_check(&s, &err), BF_ERR_USAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_as_the_naive_one),
        cmocka_unit_test(dense_in_blocks),
        cmocka_unit_test(depthwise_as_the_naive_one),
        cmocka_unit_test(shapes_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
