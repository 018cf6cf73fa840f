/* Losses: figures worked out by hand, gradients against central differences, and long or large ones
 * against the formula in double precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/loss.h"
#include "tests/unit/nn_naive.h"

#define ROWS 6
#define C 3

static const uint32_t labels[ROWS] = {0, 2, 1, 1, 0, 2};

typedef float loss_fn(float *grad, const float *y, const float *target, const float *weight);

static float l1(float *grad, const float *y, const float *target, const float *weight)
{
    return bf_loss_l1(grad, y, target, weight, ROWS, C, 0.7f);
}

static float mse(float *grad, const float *y, const float *target, const float *weight)
{
    return bf_loss_mse(grad, y, target, weight, ROWS, C, 0.7f);
}

static float bce(float *grad, const float *y, const float *target, const float *weight)
{
    return bf_loss_bce(grad, y, target, weight, ROWS, C, 0.7f);
}

static float cross_entropy(float *grad, const float *y, const float *target, const float *weight)
{
    (void)target;
    return bf_loss_cross_entropy(grad, y, labels, weight, ROWS, C, 0.7f);
}

static void gradients(void **state)
{
    static loss_fn *const losses[] = {l1, mse, bce, cross_entropy};
    unsigned long long seed = 4;
    size_t i, k, with;

    (void)state;
    for (k = 0; k < 4; k++)
        for (with = 0; with < 2; with++) {
            float *y = nn_floats(ROWS * C, &seed), *t = nn_floats(ROWS * C, &seed);
            float *weight = nn_floats(ROWS, &seed), grad[ROWS * C];

            for (i = 0; i < ROWS * C; i++) {
                t[i] = fabsf(t[i]);
                grad[i] = 1; /* added to */
            }
            losses[k](grad, y, t, with ? weight : NULL);
            for (i = 0; i < ROWS * C; i++) {
                float was = y[i];
                double up, down;

                y[i] = was + 1e-2f;
                up = (double)losses[k](NULL, y, t, with ? weight : NULL);
                y[i] = was - 1e-2f;
                down = (double)losses[k](NULL, y, t, with ? weight : NULL);
                y[i] = was;
                if (fabsf(was - t[i]) > 0.02f)
                    assert_true(fabs((up - down) / 0.02 - ((double)grad[i] - 1)) < 1e-4);
            }
            free(y);
            free(t);
            free(weight);
        }
}

static void by_hand(void **state)
{
    static const float y[] = {1, -2, 0.5f, 0}, t[] = {0, 1, 0.5f, 1};
    static const float extreme[] = {200, -200}, sure[] = {1, 0};
    static const uint32_t second[] = {1};

    (void)state;
    assert_true(fabsf(bf_loss_l1(NULL, y, t, NULL, 2, 2, 1) - 5.0f / 4) < 1e-6f);
    assert_true(fabsf(bf_loss_mse(NULL, y, t, NULL, 2, 2, 2) - 2 * 11.0f / 4) < 1e-6f);
    assert_true(fabsf(bf_loss_bce(NULL, y + 3, t + 3, NULL, 1, 1, 1) - 0.693147f) < 1e-6f);
    assert_true(bf_loss_bce(NULL, extreme, sure, NULL, 2, 1, 1) == 0);
    assert_true(fabsf(bf_loss_cross_entropy(NULL, extreme, second, NULL, 1, 2, 1) - 400) < 1e-3f);
}

#define SIDE 14

static void dssim(void **state)
{
    unsigned long long seed = 9;
    size_t n = 2 * SIDE * (SIDE + 1) * 2, i;
    float *y = nn_floats(n, &seed), *t = nn_floats(n, &seed), *grad = calloc(n, sizeof *grad);
    float *weight = nn_floats(2 * SIDE * (SIDE + 1), &seed);
    void *scratch = malloc(bf_loss_dssim_scratch_size(2, SIDE, SIDE + 1, 2, 1));
    double most = 0;

    (void)state;
    for (i = 0; i < n; i++) {
        y[i] += 0.5f;
        t[i] = 0.5f * (y[i] + t[i] + 0.5f);
    }
    assert_true(bf_loss_dssim(NULL, y, y, NULL, 2, SIDE, SIDE + 1, 2, 1, scratch, NULL) < 1e-6f);
    bf_loss_dssim(grad, y, t, weight, 2, SIDE, SIDE + 1, 2, 100, scratch, NULL);
    for (i = 0; i < n; i++)
        most = fmax(most, fabs((double)grad[i]));
    for (i = 0; i < n; i += 7) {
        float was = y[i];
        double up, down;

        y[i] = was + 4e-3f;
        up = (double)bf_loss_dssim(NULL, y, t, weight, 2, SIDE, SIDE + 1, 2, 100, scratch, NULL);
        y[i] = was - 4e-3f;
        down = (double)bf_loss_dssim(NULL, y, t, weight, 2, SIDE, SIDE + 1, 2, 100, scratch, NULL);
        y[i] = was;
        assert_true(fabs((up - down) / 8e-3 - (double)grad[i]) < 1e-3 * most);
    }
    free(y);
    free(t);
    free(grad);
    free(weight);
    free(scratch);
}

/* The loss of rows of c numbers, one after the other */
static double naive_rows(bool squares, const float *y, const float *t, const float *weight,
                         size_t rows, size_t c)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < rows * c; i++) {
        double d = fabs((double)y[i] - (double)t[i]);

        sum += (squares ? d * d : d) * (weight != NULL ? (double)weight[i / c] : 1);
    }
    return sum / (double)(rows * c);
}

static void rows_as_their_twins(void **state)
{
    static const size_t shapes[][2] = {{1, 1}, {3, 5}, {1, 257}, {67, 19}, {511, 1}, {5, 1000}};
    unsigned long long seed = 5;
    size_t k, i, squares, with;

    (void)state;
    for (k = 0; k < 4 * sizeof shapes / sizeof shapes[0]; k++) {
        size_t rows = shapes[k / 4][0], c = shapes[k / 4][1], n = rows * c;
        float *y = nn_floats(n, &seed), *t = nn_floats(n, &seed), *weight = nn_floats(rows, &seed);
        float *grad = calloc(n, sizeof *grad), got;
        double want;

        squares = k % 2;
        with = k / 2 % 2;
        assert_true(y != NULL && t != NULL && weight != NULL && grad != NULL);
        want = 3 * naive_rows(squares, y, t, with ? weight : NULL, rows, c);
        got = squares ? bf_loss_mse(grad, y, t, with ? weight : NULL, rows, c, 3)
                      : bf_loss_l1(grad, y, t, with ? weight : NULL, rows, c, 3);
        assert_true(fabs((double)got - want) < 1e-6);
        for (i = 0; i < n; i++) {
            double d = (double)y[i] - (double)t[i], w = with ? (double)weight[i / c] : 1;

            d = 3 * w * (squares ? 2 * d : d > 0 ? 1 : -1) / (double)n;
            assert_true(fabs((double)grad[i] - d) < 1e-6);
        }
        free(y);
        free(t);
        free(weight);
        free(grad);
    }
}

/* A picture of doubles, (n, h, w, c) */
struct twin {
    const double *y, *t;
    const float *weight;
    size_t n, h, w, c;
};

/* (1 - SSIM) / 2 at one window's corner. */
static double naive_window(const struct twin *k, size_t image, size_t y0, size_t x0, size_t channel)
{
    double sums[5] = {0}, all = 0, up, down;
    int i, j, m;

    for (i = 0; i < BF_LOSS_WINDOW; i++)
        for (j = 0; j < BF_LOSS_WINDOW; j++) {
            size_t at = ((image * k->h + y0 + (size_t)i) * k->w + x0 + (size_t)j) * k->c + channel;
            double g = exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
            double v[5] = {k->y[at], k->t[at], k->y[at] * k->y[at], k->t[at] * k->t[at],
                           k->y[at] * k->t[at]};

            for (m = 0; m < 5; m++)
                sums[m] += g * v[m];
            all += g;
        }
    for (m = 0; m < 5; m++)
        sums[m] /= all;
    up = (2 * sums[0] * sums[1] + 1e-4) * (2 * (sums[4] - sums[0] * sums[1]) + 9e-4);
    down = (sums[0] * sums[0] + sums[1] * sums[1] + 1e-4) *
           (sums[2] - sums[0] * sums[0] + sums[3] - sums[1] * sums[1] + 9e-4);
    return (1 - up / down) / 2;
}

static double naive_dssim(const struct twin *k)
{
    size_t oh = k->h - BF_LOSS_WINDOW + 1, ow = k->w - BF_LOSS_WINDOW + 1, n, y, x, c;
    double sum = 0;

    for (n = 0; n < k->n; n++)
        for (y = 0; y < oh; y++)
            for (x = 0; x < ow; x++)
                for (c = 0; c < k->c; c++)
                    sum += naive_window(k, n, y, x, c) *
                           (double)k->weight[(n * k->h + y + 5) * k->w + x + 5];
    return sum / (double)(k->n * oh * ow * k->c);
}

static void dssim_as_its_twin(void **state)
{
    static const size_t shapes[][4] = {{3, 11, 13, 1}, {2, 17, 12, 3}, {5, 12, 11, 2}};
    unsigned long long seed = 7;
    size_t k, i, threads;

    (void)state;
    for (k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        size_t n = shapes[k][0], h = shapes[k][1], w = shapes[k][2], c = shapes[k][3];
        size_t all = n * h * w * c;
        float *y = nn_floats(all, &seed), *t = nn_floats(all, &seed);
        float *weight = nn_floats(n * h * w, &seed), *first = calloc(all, sizeof *first);
        double *dy = malloc(all * sizeof *dy), *dt = malloc(all * sizeof *dt), most = 0;
        struct twin twin = {dy, dt, weight, n, h, w, c};
        float loss = 0;

        assert_true(y != NULL && t != NULL && weight != NULL && first != NULL && dy != NULL &&
                    dt != NULL);
        for (i = 0; i < all; i++) {
            dy[i] = (double)(y[i] += 0.5f);
            dt[i] = (double)(t[i] = 0.5f * (y[i] + t[i] + 0.5f));
        }
        for (threads = 1; threads <= 3; threads++) {
            void *scratch = malloc(bf_loss_dssim_scratch_size(n, h, w, c, threads));
            float *grad = calloc(all, sizeof *grad), got;
            struct bf_pool *pool;

            assert_int_equal(bf_pool_create(&pool, threads, NULL), BF_OK);
            got = bf_loss_dssim(grad, y, t, weight, n, h, w, c, 100, scratch, pool);
            if (threads == 1) {
                loss = got;
                memcpy(first, grad, all * sizeof *grad);
            }
            assert_true(got <= loss && got >= loss);
            assert_memory_equal(grad, first, all * sizeof *grad);
            bf_pool_free(&pool);
            free(scratch);
            free(grad);
        }
        assert_true(fabs((double)loss - 100 * naive_dssim(&twin)) < 1e-3);
        for (i = 0; i < all; i++)
            most = fmax(most, fabs((double)first[i]));
        for (i = 0; i < all; i += all / 15) {
            double was = dy[i], slope;

            dy[i] = was + 1e-6;
            slope = naive_dssim(&twin);
            dy[i] = was - 1e-6;
            slope = 100 * (slope - naive_dssim(&twin)) / 2e-6;
            dy[i] = was;
            assert_true(fabs(slope - (double)first[i]) < 1e-4 * most);
        }
        free(y);
        free(t);
        free(weight);
        free(first);
        free(dy);
        free(dt);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(dssim),
        cmocka_unit_test(rows_as_their_twins),
        cmocka_unit_test(dssim_as_its_twin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
