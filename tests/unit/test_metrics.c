/* Measures against figures worked by hand, and against definitions followed to the letter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/metrics.h"
#include "lib/nn/random.h"

#define MANY 400

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-9))
        fail_msg("%.17g is not %.17g", a, b);
}

struct measures {
    double auc, eer, tpr_none, tpr_half, loss, ece;
};

static struct measures measure(const double *score, const uint8_t *fake, size_t n)
{
    struct measures m;

    assert_int_equal(bf_metric_auc(&m.auc, score, fake, n, NULL), BF_OK);
    assert_int_equal(bf_metric_eer(&m.eer, score, fake, n, NULL), BF_OK);
    assert_int_equal(bf_metric_tpr_at(&m.tpr_none, score, fake, n, 0, NULL), BF_OK);
    assert_int_equal(bf_metric_tpr_at(&m.tpr_half, score, fake, n, 0.5, NULL), BF_OK);
    assert_int_equal(bf_metric_ece(&m.ece, score, fake, n, NULL), BF_OK);
    m.loss = bf_metric_log_loss(score, fake, n);
    return m;
}

static void by_hand(void **state)
{
    static const struct {
        double score[6];
        uint8_t fake[6];
        size_t n;
        double auc, eer, tpr_none, tpr_half;
    } rows[] = {
        {{0.1, 0.4, 0.35, 0.8}, {0, 0, 1, 1}, 4, 0.75, 0.5, 0.5, 1},
        /* apart, and the wrong way round */
        {{-3, -2, 5, 9}, {0, 0, 1, 1}, 4, 1, 0, 1, 1},
        {{-3, -2, 5, 9}, {1, 1, 0, 0}, 4, 0, 1, 0, 0},
        /* a tie across the classes is half a win, and the rates meet on its slanted piece */
        {{1, 2, 2, 3}, {0, 0, 1, 1}, 4, 0.875, 0.25, 0.5, 1},
        {{7, 7, 7, 7}, {1, 0, 1, 0}, 4, 0.5, 0.5, 0, 0},
        /* classes of different size: 5 of 6 pairs are right; a third is missed where they meet */
        {{1, 2, 5, 4, 6}, {0, 0, 0, 1, 1}, 5, 5 / 6.0, 1 / 3.0, 0.5, 1},
        {{(double)-INFINITY, (double)INFINITY}, {0, 1}, 2, 1, 0, 1, 1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct measures m = measure(rows[i].score, rows[i].fake, rows[i].n);

        near(m.auc, rows[i].auc);
        near(m.eer, rows[i].eer);
        near(m.tpr_none, rows[i].tpr_none);
        near(m.tpr_half, rows[i].tpr_half);
    }
}

/* 29 of 100 reals are not more than 0.29 of them, though 0.29 * 100 is less than 29. */
static void false_alarms_are_counted_to_the_last(void **state)
{
    double score[101], tpr;
    uint8_t fake[101];
    size_t i;

    (void)state;
    for (i = 0; i < 100; i++) {
        score[i] = (double)i;
        fake[i] = 0;
    }
    score[100] = 70.5;
    fake[100] = 1;
    assert_int_equal(bf_metric_tpr_at(&tpr, score, fake, 101, 0.28, NULL), BF_OK);
    near(tpr, 0);
    assert_int_equal(bf_metric_tpr_at(&tpr, score, fake, 101, 0.29, NULL), BF_OK);
    near(tpr, 1);
}

static void assert_all_nan(struct measures m)
{
    assert_true(isnan(m.auc) && isnan(m.eer) && isnan(m.tpr_none) && isnan(m.tpr_half));
    assert_true(isnan(m.loss) && isnan(m.ece));
}

static void nothing_to_tell(void **state)
{
    static const double score[] = {0.2, 0.4, 0.9}, unscored[] = {0.2, (double)NAN, 0.9};
    static const uint8_t real[] = {0, 0, 0}, fake[] = {1, 1, 1}, both[] = {0, 0, 1};
    static const uint64_t group[] = {1, 2, 3};
    struct bf_roc_point points[4];
    double auc, low, high;
    size_t n;

    (void)state;
    assert_all_nan(measure(score, real, 3));
    assert_all_nan(measure(score, fake, 3));
    assert_all_nan(measure(score, both, 0));
    assert_all_nan(measure(unscored, both, 3));
    assert_int_equal(bf_metric_roc(points, &n, score, real, 3, NULL), BF_OK);
    assert_int_equal(n, 0);
    assert_int_equal(bf_metric_auc_interval(&auc, &low, &high, score, real, group, 3, 10, 1, NULL),
                     BF_OK);
    assert_true(isnan(auc) && isnan(low) && isnan(high));
}

static void curve(void **state)
{
    static const double score[] = {2, 1, 3, 2};
    static const uint8_t fake[] = {0, 0, 1, 1};
    struct bf_roc_point p[5];
    size_t n;

    (void)state;
    assert_int_equal(bf_metric_roc(p, &n, score, fake, 4, NULL), BF_OK);
    assert_int_equal(n, 4);
    assert_true(isinf(p[0].threshold) && p[0].fakes == 0 && p[0].reals == 0);
    assert_true(p[1].threshold == 3 && p[1].fakes == 1 && p[1].reals == 0);
    assert_true(p[2].threshold == 2 && p[2].fakes == 2 && p[2].reals == 1);
    assert_true(p[3].threshold == 1 && p[3].fakes == 2 && p[3].reals == 2);
}

/* Scores of a few different values, so that there are many ties. */
static void draw_scores(double *score, uint8_t *fake, size_t n, uint64_t seed)
{
    struct bf_random r = {seed};
    size_t i;

    for (i = 0; i < n; i++) {
        fake[i] = bf_random_below(&r, 3) == 0;
        score[i] = (double)(bf_random_below(&r, 20) + (fake[i] ? 4 : 0)) / 24;
    }
}

static void auc_is_what_pairs_say(void **state)
{
    double score[MANY], auc, won = 0, pairs = 0;
    uint8_t fake[MANY];
    size_t i, j;

    (void)state;
    draw_scores(score, fake, MANY, 5);
    for (i = 0; i < MANY; i++)
        for (j = 0; j < MANY; j++)
            if (fake[i] && !fake[j]) {
                won += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
                pairs++;
            }
    assert_int_equal(bf_metric_auc(&auc, score, fake, MANY, NULL), BF_OK);
    assert_true(auc > 0.55 && auc < 0.75);
    near(auc, won / pairs);
}

/* Persons A and B: A's own AUC is 1, B's is 0, of both together 1/2. */
static void interval_draws_whole_groups(void **state)
{
    static const double score[] = {0, 1, 3, 2}, apart[] = {0, 1, 0, 1}, tied[] = {1, 2, 2, 3};
    static const uint8_t fake[] = {0, 1, 0, 1}, fake_last[] = {0, 0, 1, 1};
    static const uint64_t persons[] = {8, 8, 4, 4}, kinds[] = {1, 2, 1, 2}, all[] = {3, 3, 3, 3};
    double auc, low, high;

    (void)state;
    bf_metric_auc_interval(&auc, &low, &high, score, fake, persons, 4, 400, 1, NULL);
    near(auc, 0.5);
    near(low, 0);
    near(high, 1);
    /* the draws that lack a kind do not count */
    bf_metric_auc_interval(&auc, &low, &high, apart, fake, kinds, 4, 400, 1, NULL);
    near(low, 1);
    near(high, 1);
    bf_metric_auc_interval(&auc, &low, &high, score, fake, all, 4, 400, 1, NULL);
    near(low, 0.5);
    near(high, 0.5);
    bf_metric_auc_interval(&auc, &low, &high, tied, fake_last, all, 4, 400, 1, NULL);
    near(auc, 0.875);
    near(low, 0.875);
    near(high, 0.875);
    bf_metric_auc_interval(&auc, &low, &high, score, fake, persons, 4, 0, 1, NULL);
    near(auc, 0.5);
    assert_true(isnan(low) && isnan(high));
}

static void interval_of_many(void **state)
{
    double score[MANY], auc, low, high, low2, high2, wide_low, wide_high;
    uint64_t own[MANY], shared[MANY];
    uint8_t fake[MANY];
    size_t i;

    (void)state;
    draw_scores(score, fake, MANY, 6);
    /* ten copies of each item are no more to go by than one */
    for (i = 0; i < MANY; i++) {
        own[i] = i;
        shared[i] = i / 10;
        score[i] = score[i - i % 10];
        fake[i] = fake[i - i % 10];
    }
    bf_metric_auc_interval(&auc, &low, &high, score, fake, own, MANY, 200, 1, NULL);
    assert_true(low < auc && auc < high);
    bf_metric_auc_interval(&auc, &low2, &high2, score, fake, own, MANY, 200, 1, NULL);
    assert_true(low == low2 && high == high2);
    bf_metric_auc_interval(&auc, &low2, &high2, score, fake, own, MANY, 200, 2, NULL);
    assert_true(low != low2 || high != high2);
    bf_metric_auc_interval(&auc, &wide_low, &wide_high, score, fake, shared, MANY, 200, 1, NULL);
    assert_true(wide_high - wide_low > 2 * (high - low));
}

/* Of very many draws the interval is as wide as the variance of the statistic says (DeLong, DeLong,
 * Clarke-Pearson, 1988). */
static void interval_is_as_wide_as_theory(void **state)
{
    double score[MANY], auc, low, high, sum[2] = {0, 0}, squares[2] = {0, 0}, n[2] = {0, 0},
                                        wide = 0;
    uint64_t own[MANY];
    uint8_t fake[MANY];
    size_t i, j;

    (void)state;
    draw_scores(score, fake, MANY, 7);
    for (i = 0; i < MANY; i++)
        n[fake[i]]++;
    for (i = 0; i < MANY; i++) {
        double won = 0;

        own[i] = i;
        for (j = 0; j < MANY; j++)
            if (fake[j] != fake[i])
                won += score[i] == score[j] ? 0.5 : (score[i] > score[j]) == fake[i];
        won /= n[!fake[i]];
        sum[fake[i]] += won;
        squares[fake[i]] += won * won;
    }
    for (i = 0; i < 2; i++)
        wide += (squares[i] - sum[i] * sum[i] / n[i]) / (n[i] - 1) / n[i];
    wide = 2 * 1.96 * sqrt(wide);
    bf_metric_auc_interval(&auc, &low, &high, score, fake, own, MANY, 2000, 1, NULL);
    near(auc, sum[1] / n[1]);
    assert_true(high - low > 0.92 * wide && high - low < 1.08 * wide);
    assert_true(high - auc > 0.45 * wide && auc - low > 0.45 * wide);
}

static void log_loss(void **state)
{
    static const double p[] = {0.9, 0.2}, sure[] = {0, 1};
    static const double more[] = {0.9, 0.2, 0.5};
    static const uint8_t fake[] = {1, 0}, more_fake[] = {1, 0, 1};

    (void)state;
    near(bf_metric_log_loss(p, fake, 2), -(log(0.9) + log(0.8)) / 2);
    near(bf_metric_log_loss(sure, fake, 2), -log(1e-6));
    /* two fakes count as one real */
    near(bf_metric_log_loss(more, more_fake, 3), -(log(0.8) + (log(0.9) + log(0.5)) / 2) / 2);
}

static void calibration_error(void **state)
{
    static const double three[] = {0.7, 0.2, 0.6};
    static const uint8_t three_fake[] = {1, 0, 1};
    struct bf_metric_bin bins[BF_METRIC_BINS];
    double p[25], ece;
    uint8_t fake[25];
    size_t i, n, sum = 0;

    (void)state;
    /* pairs at 0.05, 0.15 ... 0.95, half of each fake: off by 0.45, 0.35 ... 0.45 */
    for (i = 0; i < 20; i++) {
        p[i] = 0.05 + 0.1 * (double)(i / 2);
        fake[i] = i % 2;
    }
    bf_metric_ece(&ece, p, fake, 20, NULL);
    near(ece, 0.25);
    /* equal probabilities are one bin, in whatever order they come */
    for (i = 0; i < 20; i++) {
        p[i] = 0.5;
        fake[i] = i < 10;
    }
    bf_metric_ece(&ece, p, fake, 20, NULL);
    near(ece, 0);
    bf_metric_ece(&ece, three, three_fake, 3, NULL);
    near(ece, (0.3 + 2 * 0.2 + 0.4) / 4); /* the one real counts as both fakes */
    /* twenty-five make tenths of two and three, in order */
    for (i = 0; i < 25; i++) {
        p[i] = (double)(24 - i) / 25;
        fake[i] = i < 9;
    }
    assert_int_equal(bf_metric_bins(bins, &n, p, fake, 25, NULL), BF_OK);
    assert_int_equal(n, 10);
    for (i = 0; i < n; i++) {
        assert_true(bins[i].n == 2 || bins[i].n == 3);
        assert_true(i == 0 || bins[i].p > bins[i - 1].p);
        sum += bins[i].n;
    }
    assert_int_equal(sum, 25);
    near(bins[0].p, 0.02);
    near(bins[0].fakes, 0);
    near(bins[9].fakes, 1);
    /* a real of nine and a fake of three in one bin: three of four by weight */
    for (i = 0; i < 12; i++) {
        p[i] = i < 2 ? 0.75 : 0.1 + 0.01 * (double)i;
        fake[i] = i == 1 || i > 9;
    }
    assert_int_equal(bf_metric_bins(bins, &n, p, fake, 12, NULL), BF_OK);
    near(bins[n - 1].fakes, 0.75);
    near(bins[n - 1].part, 0.5 / 9 + 0.5 / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(false_alarms_are_counted_to_the_last),
        cmocka_unit_test(nothing_to_tell),
        cmocka_unit_test(curve),
        cmocka_unit_test(auc_is_what_pairs_say),
        cmocka_unit_test(interval_draws_whole_groups),
        cmocka_unit_test(interval_of_many),
        cmocka_unit_test(interval_is_as_wide_as_theory),
        cmocka_unit_test(log_loss),
        cmocka_unit_test(calibration_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
