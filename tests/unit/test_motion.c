#include "tests/unit/copy_fixture.h"

#include "ledger/match/motion.h"

/* A run of that many seconds at the record's own rate, which moves a little. */
static struct bf_run run_of(double seconds, double in_step, double close, double distance)
{
    return (struct bf_run){.end_us = (int64_t)(seconds * 1e6),
                           .rate = 1,
                           .gain = 1,
                           .in_step = in_step,
                           .close = close,
                           .whole = true,
                           .moving = 0.02,
                           .suspect_moving = 0.02,
                           .distance = distance};
}

static void bars(void **state)
{
    static const struct {
        double seconds, in_step, close, distance;
        bool follows;
    } t[] = {
        /* long enough: half in step, a quarter close, whatever the pictures are */
        {6, 0.5, 0.25, 9, true},
        {6, 0.49, 0.25, 9, false},
        {6, 0.5, 0.24, 9, false},
        /* not close, under an encoder's noise: the pictures must agree */
        {6, 0.6, 0, 1, true},
        {6, 0.6, 0, 1.1, false},
        {6, 0.59, 0, 1, false},
        {4, 0.6, 0.45, 9, true},
        {4, 0.6, 0.44, 9, false},
        {2, 0.85, 0.7, 9, true},
        {2, 0.85, 0.69, 9, false},
        {0.9, 1, 1, 0, false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        struct bf_run r = run_of(t[i].seconds, t[i].in_step, t[i].close, t[i].distance);

        if (bf_run_follows(&r) != t[i].follows)
            fail_msg("row %zu", i);
    }
}

/* Copies and other takes of the same speakers, as they were measured. */
static void outlines(void **state)
{
    static const struct {
        double seconds, in_step, close, distance, apart, strays, difference;
        bool follows;
    } t[] = {
        /* calm copies at CRF 35: of a third, of half, and of all of three seconds */
        {1.5, 0.63, 0, 0.60, 0.082, 0.495, 1.45, true},
        {2.2, 0.21, 0, 0.49, 0.078, 0.568, 1.30, true},
        {3, 0.41, 0.14, 0.67, 0.091, 0.424, 1.56, true},
        /* under a logo */
        {3, 0.80, 0.17, 1.34, 0.077, 0.268, 1.60, true},
        /* cropped there, by a box a little off: not to be told from another take any more */
        {1.5, 0.93, 0.06, 0.79, 0.143, 0.227, 2.69, false},
        /* other takes */
        {1.5, 0.68, 0.03, 0.76, 0.091, 0.309, 2.12, false},
        {1.8, 0.69, 0.42, 0.84, 0.072, 0.293, 1.79, false},
        {2.2, 0.66, 0.01, 0.75, 0.070, 0.574, 1.96, false},
        {3, 0.57, 0, 0.90, 0.102, 0.626, 1.87, false},
        /* two that share a nod, by which their blocks follow */
        {2.2, 0.935, 0.707, 0.65, 0.134, 0.286, 2.9, false},
        {1.5, 0.922, 0.721, 0.69, 0.141, 0.336, 2.9, false},
        {1.8, 0.955, 0.752, 0.70, 0.131, 0.217, 2.88, false},
        /* a short copy whose blocks follow, under a caption */
        {2.2, 0.92, 0.88, 4.1, 0.043, 0.072, 30, true},
        /* dark: little is apart by much, and the edges are */
        {3, 0.4, 0.1, 0.5, 0.2, 0.5, 0.4, false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        struct bf_run r = run_of(t[i].seconds, t[i].in_step, t[i].close, t[i].distance);

        r.outlined = true;
        r.outline_apart = t[i].apart;
        r.outline_strays = t[i].strays;
        r.outline_difference = t[i].difference;
        if (bf_run_follows(&r) != t[i].follows)
            fail_msg("row %zu", i);
    }
}

/* The rate was chosen too, so what the pictures are like does not stand in for being close. */
static void another_rate(void **state)
{
    struct bf_run r = run_of(6, 0.7, 0.1, 0.5);

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
    struct bf_run r = run_of(3, 0.5, 0.2, 0.7);

    (void)state;
    r.outlined = true;
    r.outline_apart = 0.08;
    r.outline_strays = 0.3;
    r.outline_difference = 1.5;
    assert_true(bf_run_follows(&r));
    r.rate = 1.01; /* chosen, too */
    assert_false(bf_run_follows(&r));
    r.rate = 1;
    r.whole = false;
    assert_false(bf_run_follows(&r));
    r.in_step = 0.6;
    r.close = 0.45;
    assert_true(bf_run_follows(&r));
}

/* Where the rest moves along, a face that does not may have been replaced: who takes that for a
 * copy has to find the face. */
static void around_a_face(void **state)
{
    struct bf_run r = run_of(3, 0.78, 0.25, 1.1);

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
    struct bf_run r = run_of(2, 0, 0, 1.4);

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
    double close[2];
    int k;

    (void)state;
    for (k = 0; k < 2; k++) {
        struct copy c = {.scene = {.seed = 61, .speed = 5}, .offset_s = 0.6 + 0.04 * k};
        struct bf_trace *t = copy_trace(&c, &BF_GEOMETRY_SAME, seconds, fps);
        struct bf_run run = copy_run(&c, seconds);
        struct bf_shown shown = {0};
        struct bf_coarse *coarse = NULL;
        struct record r;

        record_open_scene(&r, &c.scene, seconds + 2, fps);
        shown.n = bf_trace_visible_coarse(t, shown.use);
        assert_int_equal(bf_coarse_create(&coarse, r.digest, bf_trace_counted(t), NULL), BF_OK);
        assert_int_equal(bf_motion_measure(&run, t, coarse, &shown, NULL), BF_OK);
        close[k] = run.close;
        bf_coarse_free(&coarse);
        bf_trace_free(&t);
        record_close(&r);
    }
    assert_true(close[1] > close[0] - 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars),
        cmocka_unit_test(outlines),
        cmocka_unit_test(another_rate),
        cmocka_unit_test(part_of_it),
        cmocka_unit_test(around_a_face),
        cmocka_unit_test(still),
        cmocka_unit_test(between_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
