#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/statistics.h"

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-12))
        fail_msg("%.17g is not %.17g", a, b);
}

static void quantiles(void **state)
{
    double v[] = {30, -10, 20, 10}, one = 7;

    (void)state;
    bf_statistic_sort(v, 4);
    near(v[0], -10);
    near(v[3], 30);
    near(bf_statistic_quantile(v, 4, 0), -10);
    near(bf_statistic_quantile(v, 4, 1), 30);
    near(bf_statistic_quantile(v, 4, 0.5), 15);
    near(bf_statistic_quantile(v, 4, 1 / 3.0), 10);
    near(bf_statistic_quantile(v, 4, 0.1), -4);
    near(bf_statistic_quantile(&one, 1, 0.3), 7);
}

static void groups(void **state)
{
    static const uint64_t group[] = {UINT64_MAX, 5, 0, 5, 1ull << 40, 0};
    static const size_t wanted[] = {3, 1, 0, 1, 2, 0};
    size_t index[6], n, i;

    (void)state;
    assert_int_equal(bf_statistic_groups(index, &n, group, 6, NULL), BF_OK);
    assert_int_equal(n, 4);
    for (i = 0; i < 6; i++)
        assert_int_equal(index[i], wanted[i]);
    assert_int_equal(bf_statistic_groups(index, &n, group, 0, NULL), BF_OK);
    assert_int_equal(n, 0);
}

/* Each as often as the other, and a third of them not at all. */
static void draws(void **state)
{
    double times[100], all[100] = {0};
    struct bf_random r = {1};
    size_t i, d, none = 0;

    (void)state;
    for (d = 0; d < 1000; d++) {
        double sum = 0;

        bf_statistic_draw(times, 100, &r);
        for (i = 0; i < 100; i++) {
            sum += times[i];
            all[i] += times[i];
            none += times[i] == 0;
        }
        near(sum, 100);
    }
    for (i = 0; i < 100; i++)
        assert_true(all[i] > 850 && all[i] < 1150);
    assert_true(none > 35600 && none < 37600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles),
        cmocka_unit_test(groups),
        cmocka_unit_test(draws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
