#include "tests/unit/copy_fixture.h"

#include "ledger/match/motion.h"

/* A run of that many seconds at the record's own rate, which moves a little. */
static struct bf_run run_of(double seconds, double in_step, double close, double together,
                            double distance)
{
    return (struct bf_run){.end_us = (int64_t)(seconds * 1e6),
                           .rate = 1,
                           .gain = 1,
                           .in_step = in_step,
                           .close = close,
                           .together = together,
                           .whole = true,
                           .moving = 0.02,
                           .suspect_moving = 0.02,
                           .distance = distance};
}

static void bars(void **state)
{
    static const struct {
        double seconds, in_step, close, together, distance;
        bool follows;
    } t[] = {
        /* long enough: half in step, a quarter close, whatever the pictures are */
        {6, 0.5, 0.25, 0, 9, true},
        {6, 0.49, 0.25, 0, 9, false},
        {6, 0.5, 0.24, 0, 9, false},
        {6, 0.6, 0, 0, 1, true},
        {4, 0.6, 0.45, 0, 9, true},
        {4, 0.6, 0.44, 0, 9, false},
        {2, 0.85, 0.7, 0, 9, true},
        {2, 0.85, 0.69, 0, 9, false},
        /* not close, under an encoder's noise: the pictures must agree, and all motion together */
        {3, 0.78, 0.05, 0.75, 0.8, true},
        {3, 0.77, 0.05, 0.75, 0.8, false},
        {3, 0.78, 0.05, 0.74, 0.8, false},
        {3, 0.78, 0.05, 0.75, 0.81, false},
        {3, 0.6, 0.25, 0.65, 0.8, true},
        {3, 0.59, 0.25, 0.65, 0.8, false},
        {3, 0.6, 0.24, 0.65, 0.8, false},
        {3, 0.6, 0.25, 0.64, 0.8, false},
        {2, 0.78, 0.05, 0.75, 0.75, true},
        {2, 0.78, 0.05, 0.75, 0.76, false},
        {1.8, 0.78, 0.05, 0.75, 0.75, true},
        {1.7, 0.78, 0.05, 0.75, 0.75, false},
        /* closer than any other take */
        {3, 0.49, 0.12, 0.63, 0.57, true},
        {3, 0.44, 0.12, 0.63, 0.57, false},
        {3, 0.49, 0.12, 0.59, 0.57, false},
        {3, 0.49, 0.12, 0.63, 0.63, false},
        {1.5, 0.92, 0.57, 0.86, 0.25, true},
        {1.5, 0.92, 0.57, 0.86, 0.51, false},
        {1.3, 0.92, 0.57, 0.86, 0.25, false},
        /* under a logo */
        {3, 0.89, 0.4, 0.86, 1.3, true},
        {3, 0.84, 0.4, 0.86, 1.3, false},
        {3, 0.89, 0.4, 0.79, 1.3, false},
        {3, 0.89, 0.4, 0.86, 1.6, false},
        {2, 0.89, 0.4, 0.86, 1.3, false},
        /* other takes of the same speaker on the same set, as they were measured */
        {3, 0.42, 0, 0.58, 2.2, false},
        {2.2, 0.18, 0.07, 0.75, 1.6, false},
        {2.6, 0.84, 0.47, 0.89, 0.84, false},
        {3, 0.49, 0, 0.73, 0.91, false},
        {3, 0.70, 0, 0.66, 0.96, false},
        {3, 0.74, 0.02, 0.77, 0.74, false},
        {1.5, 0.55, 0.2, 0.8, 0.79, false},
        {0.9, 1, 1, 1, 0, false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        struct bf_run r =
            run_of(t[i].seconds, t[i].in_step, t[i].close, t[i].together, t[i].distance);

        if (bf_run_follows(&r) != t[i].follows)
            fail_msg("row %zu", i);
    }
}

/* The rate was chosen too, so what the pictures are like does not stand in for being close. */
static void another_rate(void **state)
{
    struct bf_run r = run_of(6, 0.7, 0.1, 0.9, 0.5);

    (void)state;
    assert_true(bf_run_follows(&r));
    r.rate = 0.99;
    assert_false(bf_run_follows(&r));
    r.close = 0.45;
    assert_true(bf_run_follows(&r));
}

/* One nod may go with another; what comes before and after it does not. */
static void part_of_it(void **state)
{
    struct bf_run r = run_of(3, 0.9, 0.4, 0.9, 0.7);

    (void)state;
    assert_true(bf_run_follows(&r));
    r.whole = false;
    assert_false(bf_run_follows(&r));
    r.close = 0.45;
    assert_true(bf_run_follows(&r));
}

/* Where the rest moves along, a face that does not may have been replaced: who takes that for a
 * copy has to find the face. */
static void around_a_face(void **state)
{
    struct bf_run r = run_of(3, 0.78, 0.25, 0.8, 1.1);

    (void)state;
    assert_false(bf_run_follows(&r));
    assert_false(bf_run_follows_around(&r));
    r.outside_in_step = 0.95;
    r.outside_close = 0.8;
    assert_true(bf_run_follows(&r));
    assert_true(bf_run_follows_around(&r));
    r.close = 0.45;
    assert_true(bf_run_follows(&r));
    assert_false(bf_run_follows_around(&r));
    r.close = 0.25;
    r.end_us = 2500000;
    assert_false(bf_run_follows(&r));
    assert_false(bf_run_follows_around(&r));
}

static void still(void **state)
{
    struct bf_run r = run_of(2, 0, 0, 0, 1.4);

    (void)state;
    r.moving = r.suspect_moving = 0;
    assert_true(bf_run_is_still(&r));
    assert_true(bf_run_follows(&r));
    r.distance = 1.6;
    assert_false(bf_run_follows(&r));
    r.distance = 0.5;
    r.suspect_moving = 0.1;
    assert_false(bf_run_follows(&r));
}

/* Where a copy begins between two of the record's samples it moves along as one that does not. */
static void between_samples(void **state)
{
    const double seconds = 4, fps = 25;
    double together[2];
    int k;

    (void)state;
    for (k = 0; k < 2; k++) {
        struct copy c = {.scene = {.seed = 61}, .offset_s = 0.6 + 0.04 * k};
        struct bf_trace *t = copy_trace(&c, &BF_GEOMETRY_SAME, seconds, fps);
        struct bf_run run = copy_run(&c, seconds);
        struct bf_shown shown = {0};
        struct bf_coarse *coarse = NULL;
        struct record r;

        record_open(&r, 61, seconds + 2, fps);
        shown.n = bf_trace_visible_coarse(t, shown.use);
        assert_int_equal(bf_coarse_create(&coarse, r.digest, bf_trace_counted(t), NULL), BF_OK);
        assert_int_equal(bf_motion_measure(&run, t, coarse, &shown, NULL), BF_OK);
        together[k] = run.together;
        bf_coarse_free(&coarse);
        bf_trace_free(&t);
        record_close(&r);
    }
    assert_true(1 - together[1] < 4 * (1 - together[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars),       cmocka_unit_test(another_rate),
        cmocka_unit_test(part_of_it), cmocka_unit_test(around_a_face),
        cmocka_unit_test(still),      cmocka_unit_test(between_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
