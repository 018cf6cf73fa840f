/* Losses: figures worked out by hand, and gradients against central differences. */
#include <setjmp.h>
#include <stdarg.h>
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(dssim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
