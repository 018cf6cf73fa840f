/* The vector loops of a graph against the plain ones, which are the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/graph_loops.h"
#include "lib/nn/simd.h"
#include "tests/unit/nn_naive.h"

#define ROUNDS 200
#define ROWS_MAX 6
#define C_MAX 53

static void finishes(void **state)
{
    unsigned long long seed = 1;
    int round, level;

    (void)state;
    for (round = 0; round < ROUNDS; round++) {
        size_t rows = 1 + nn_below(&seed, ROWS_MAX), c = 1 + nn_below(&seed, C_MAX), n = rows * c;
        float *y = nn_floats(n, &seed), *want = malloc(n * sizeof *want);
        float *got = malloc(n * sizeof *got), *bias = nn_floats(c, &seed);
        float *slope = nn_floats(c, &seed), *add;
        struct bf_graph_finish f = {
            .bias = round % 2 ? bias : NULL,
            .slope = round % 3 == 1 ? slope : NULL,
            .add_c = 1 + nn_below(&seed, c),
            .lo = round % 5 == 0 ? 0 : -INFINITY,
            .hi = round % 7 == 0 ? 0.25f : INFINITY,
        };

        add = nn_floats(rows * f.add_c, &seed);
        f.add = round % 4 ? add : NULL;
        assert_true(y != NULL && want != NULL && got != NULL && add != NULL);
        memcpy(want, y, n * sizeof *want);
        bf_graph_loops_plain.finish(want, rows, c, &f);
        for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
            bf_simd_limit((enum bf_simd)level);
            memcpy(got, y, n * sizeof *got);
            bf_graph_loops_get()->finish(got, rows, c, &f);
            assert_true(nn_difference(got, want, n) < 1e-6);
        }
        free(y);
        free(want);
        free(got);
        free(bias);
        free(slope);
        free(add);
    }
    bf_simd_limit(BF_SIMD_AVX512);
}

#define TAPS_MAX 5

static void largest(void **state)
{
    unsigned long long seed = 2;
    int round, level;

    (void)state;
    for (round = 0; round < ROUNDS; round++) {
        struct bf_graph_window d = {
            .w = 1 + nn_below(&seed, 12),
            .c = 1 + nn_below(&seed, C_MAX),
            .out_w = 1 + nn_below(&seed, 9),
            .taps_y = 1 + nn_below(&seed, TAPS_MAX),
            .taps_x = 1 + nn_below(&seed, TAPS_MAX),
            .stride = 1 + nn_below(&seed, 3),
            .dilation = 1 + nn_below(&seed, 2),
            .pad_left = nn_below(&seed, 4),
        };
        size_t n = d.out_w * d.c, i;
        float *x = nn_floats(d.taps_y * d.w * d.c, &seed), *want = malloc(n * sizeof *want);
        float *got = malloc(n * sizeof *got);
        const float *row[TAPS_MAX];

        assert_true(x != NULL && want != NULL && got != NULL);
        for (i = 0; i < d.taps_y; i++)
            row[i] = nn_below(&seed, 4) == 0 ? NULL : x + i * d.w * d.c;
        bf_graph_loops_plain.max_pool(want, row, &d);
        for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++) {
            bf_simd_limit((enum bf_simd)level);
            memset(got, 0xff, n * sizeof *got);
            bf_graph_loops_get()->max_pool(got, row, &d);
            assert_memory_equal(got, want, n * sizeof *got);
        }
        free(x);
        free(want);
        free(got);
    }
    bf_simd_limit(BF_SIMD_AVX512);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishes),
        cmocka_unit_test(largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
