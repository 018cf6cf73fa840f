/* The regression against solutions in closed form, and against what makes any solution one: no
 * slope is left there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/logistic.h"
#include "lib/nn/random.h"

#define MANY 500
#define CUES 17

static void near(double a, double b, double within)
{
    if (!(fabs(a - b) < within))
        fail_msg("%.17g is not %.17g", a, b);
}

static void chances(void **state)
{
    (void)state;
    near(bf_logistic_chance(0), 0.5, 1e-15);
    near(bf_logistic_chance(log(3)), 0.75, 1e-15);
    near(bf_logistic_chance(-log(3)), 0.25, 1e-15);
    near(bf_logistic_chance(1e9), 1 - 1e-6, 1e-15);
    near(bf_logistic_chance((double)-INFINITY), 1e-6, 1e-15);
}

/* Where nothing is known the chance is the share of the weights. */
static void bias_alone(void **state)
{
    static const double weight[] = {1, 2, 3, 0};
    static const uint8_t yes[] = {1, 1, 0, 1};
    double bias;

    (void)state;
    assert_int_equal(bf_logistic_fit(&bias, NULL, NULL, yes, weight, 3, 0, 1, NULL), BF_OK);
    near(bias, 0, 1e-9);
    assert_int_equal(bf_logistic_fit(&bias, NULL, NULL, yes + 1, weight + 1, 3, 0, 1, NULL), BF_OK);
    near(bias, log(2 / 3.0), 1e-9);
}

/* A feature that is 0 or 1 makes a table of two by two: of x = 0 three of four are no, of x = 1 one
 * of five. With hardly any penalty the logits are those of the shares. */
static void table_of_two(void **state)
{
    static const double x[] = {0, 0, 1, 1}, weight[] = {3, 1, 1, 4};
    static const uint8_t yes[] = {0, 1, 0, 1};
    double bias, beta;

    (void)state;
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 4, 1, 1e-12, NULL), BF_OK);
    near(bias, log(1 / 3.0), 1e-6);
    near(bias + beta, log(4), 1e-6);
}

/* No at -1, yes at 1: by symmetry bias 0, and the least of log(1 + exp(-b)) + p b^2 is where
 * 1 / (1 + exp(b)) = 2 p b. With b = 2 that is p = 1 / (4 (1 + e^2)). */
static void penalty_holds_what_is_apart(void **state)
{
    static const double x[] = {-1, 1}, weight[] = {5, 5};
    static const uint8_t yes[] = {0, 1};
    double bias, beta;

    (void)state;
    assert_int_equal(
        bf_logistic_fit(&bias, &beta, x, yes, weight, 2, 1, 1 / (4 * (1 + exp(2))), NULL), BF_OK);
    near(bias, 0, 1e-9);
    near(beta, 2, 1e-9);
    /* so flat far out that whole steps would overshoot */
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 2, 1, 1e-9, NULL), BF_OK);
    near(1 / (1 + exp(beta)), 2e-9 * beta, 1e-11);
    assert_true(beta > 10);
}

/* The first step, taken whole, would raise the loss. */
static void steps_too_far_are_halved(void **state)
{
    static const double x[] = {-3, 3, -30}, weight[] = {10, 1, 100};
    static const uint8_t yes[] = {0, 1, 0};
    double bias, beta, slope = 0, slope_x = 0;
    size_t i;

    (void)state;
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 3, 1, 1e-6, NULL), BF_OK);
    for (i = 0; i < 3; i++) {
        double off = weight[i] / 111 * (1 / (1 + exp(-bias - beta * x[i])) - yes[i]);

        slope += off;
        slope_x += off * x[i];
    }
    near(slope, 0, 1e-9);
    near(slope_x + 2e-6 * beta, 0, 1e-9);
}

static void draw(double *x, uint8_t *yes, double *weight, uint64_t seed)
{
    struct bf_random r = {seed};
    size_t i, j;

    for (i = 0; i < MANY; i++) {
        double logit = -0.5;

        for (j = 0; j < CUES; j++) {
            x[i * CUES + j] = (double)bf_random_normal(&r);
            if (j > 0)
                x[i * CUES + j] += 0.9 * x[i * CUES + j - 1];
            logit += (j % 3 == 0 ? 0.5 : j % 3 == 1 ? -0.8 : 0) * x[i * CUES + j];
        }
        yes[i] = (double)bf_random_uniform(&r) < bf_logistic_chance(logit);
        weight[i] = i % 7 == 0 ? 0 : 0.5 + (double)bf_random_uniform(&r);
    }
}

static void no_slope_is_left(void **state)
{
    static double x[MANY * CUES], weight[MANY];
    static uint8_t yes[MANY];
    static const double penalties[] = {1e-6, 1e-3, 0.1, 10};
    size_t k, i, j;

    (void)state;
    draw(x, yes, weight, 9);
    for (k = 0; k < sizeof penalties / sizeof penalties[0]; k++) {
        double bias, beta[CUES], slope[1 + CUES] = {0}, total = 0;

        assert_int_equal(
            bf_logistic_fit(&bias, beta, x, yes, weight, MANY, CUES, penalties[k], NULL), BF_OK);
        for (i = 0; i < MANY; i++) {
            double logit = bias, off;

            for (j = 0; j < CUES; j++)
                logit += beta[j] * x[i * CUES + j];
            off = weight[i] * (1 / (1 + exp(-logit)) - yes[i]);
            slope[0] += off;
            for (j = 0; j < CUES; j++)
                slope[1 + j] += off * x[i * CUES + j];
            total += weight[i];
        }
        near(slope[0] / total, 0, 1e-9);
        for (j = 0; j < CUES; j++)
            near(slope[1 + j] / total + 2 * penalties[k] * beta[j], 0, 1e-9);
        /* and it found what the draw put there */
        if (k == 1)
            assert_true(beta[0] > 0.1 && beta[1] < -0.3 && bias < 0);
    }
}

/* Twice the weight is the item twice; all weights alike, however large, are none. */
static void weights_are_counts(void **state)
{
    static const double x[] = {0.3, -1, 2, 0.3}, twice[] = {2e6, 1e6, 1e6}, once[] = {1, 1, 1, 1};
    static const uint8_t yes[] = {0, 0, 1, 0};
    double bias[2], beta[2];

    (void)state;
    assert_int_equal(bf_logistic_fit(&bias[0], &beta[0], x, yes, twice, 3, 1, 0.01, NULL), BF_OK);
    assert_int_equal(bf_logistic_fit(&bias[1], &beta[1], x, yes, once, 4, 1, 0.01, NULL), BF_OK);
    near(bias[0], bias[1], 1e-9);
    near(beta[0], beta[1], 1e-9);
}

static void refused(void **state)
{
    static const double x[] = {-1, 1}, weight[] = {1, 1}, half[] = {1, 0};
    static const uint8_t yes[] = {0, 1}, same[] = {1, 1};
    double bias, beta;

    (void)state;
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 2, 1, 0, NULL), BF_ERR_USAGE);
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 2, 1, (double)NAN, NULL),
                     BF_ERR_USAGE);
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 2, 1, (double)INFINITY, NULL),
                     BF_ERR_USAGE);
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, same, weight, 2, 1, 1, NULL), BF_ERR_USAGE);
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, half, 2, 1, 1, NULL), BF_ERR_USAGE);
    assert_int_equal(bf_logistic_fit(&bias, &beta, x, yes, weight, 0, 1, 1, NULL), BF_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chances),
        cmocka_unit_test(bias_alone),
        cmocka_unit_test(table_of_two),
        cmocka_unit_test(penalty_holds_what_is_apart),
        cmocka_unit_test(steps_too_far_are_halved),
        cmocka_unit_test(no_slope_is_left),
        cmocka_unit_test(weights_are_counts),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
