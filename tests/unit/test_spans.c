#include "tests/unit/video_fixture.h"

#include "ledger/match/motion.h"
#include "ledger/match/spans.h"

static const struct bf_run whole = {
    .start_us = 0, .end_us = 10000000, .offset_us = 2000000, .rate = 1};

static struct bf_alteration change(double from_s, double to_s, double left, double strength)
{
    return (struct bf_alteration){.start_us = (int64_t)(from_s * 1e6),
                                  .end_us = (int64_t)(to_s * 1e6),
                                  .left = left,
                                  .right = left + 0.1,
                                  .top = 0.2,
                                  .bottom = 0.4,
                                  .change = BF_CHANGE_REGION,
                                  .strength = strength};
}

static void add(struct bf_match *m, struct bf_alteration *item, size_t n)
{
    struct bf_alterations a = {.item = item, .n = n};

    *m = (struct bf_match){.geometry = BF_GEOMETRY_SAME};
    assert_int_equal(bf_spans_add_run(m, &whole, &a, NULL), BF_OK);
}

static void check_span(const struct bf_span *s, enum bf_span_state state, double from_s,
                       double to_s, unsigned n_regions)
{
    assert_int_equal(s->state, state);
    assert_int_equal(s->suspect_start_us, (int64_t)(from_s * 1e6));
    assert_int_equal(s->suspect_end_us, (int64_t)(to_s * 1e6));
    assert_int_equal(s->source_start_us, s->suspect_start_us + 2000000);
    assert_int_equal(s->n_regions, n_regions);
}

static void nothing_changed(void **state)
{
    struct bf_match m;

    (void)state;
    add(&m, NULL, 0);
    assert_int_equal(m.n_spans, 1);
    check_span(&m.span[0], BF_SPAN_SAME, 0, 10, 0);
    bf_match_release(&m);
}

/* Two faces replaced at overlapping times: no span hides the other's region. */
static void overlapping_regions(void **state)
{
    struct bf_alteration a[] = {change(2, 6, 0.1, 20), change(4, 8, 0.7, 50)};
    struct bf_match m;

    (void)state;
    add(&m, a, 2);
    assert_int_equal(m.n_spans, 5);
    check_span(&m.span[0], BF_SPAN_SAME, 0, 2, 0);
    check_span(&m.span[1], BF_SPAN_ALTERED, 2, 4, 1);
    check_span(&m.span[2], BF_SPAN_ALTERED, 4, 6, 2);
    check_span(&m.span[3], BF_SPAN_ALTERED, 6, 8, 1);
    check_span(&m.span[4], BF_SPAN_SAME, 8, 10, 0);
    assert_float_equal(m.span[2].region[0].strength, 50, 1e-9);
    assert_float_equal(m.span[2].region[1].strength, 20, 1e-9);
    assert_float_equal(m.span[1].region[0].left, 0.1, 1e-9);
    assert_float_equal(m.span[3].region[0].left, 0.7, 1e-9);
    bf_match_release(&m);
}

/* No sliver of a few hundredths at the ends, nor between two changes. */
static void no_slivers(void **state)
{
    struct bf_alteration a[] = {change(0.04, 5, 0.1, 20), change(5.03, 9.95, 0.7, 50)};
    struct bf_match m;

    (void)state;
    add(&m, a, 2);
    assert_int_equal(m.n_spans, 2);
    check_span(&m.span[0], BF_SPAN_ALTERED, 0, 5, 1);
    check_span(&m.span[1], BF_SPAN_ALTERED, 5, 10, 1);
    bf_match_release(&m);
}

static void more_regions_than_fit(void **state)
{
    struct bf_alteration a[BF_SPAN_REGIONS + 2];
    struct bf_match m;
    unsigned i;

    (void)state;
    for (i = 0; i < BF_SPAN_REGIONS + 2; i++)
        a[i] = change(1, 9, 0.1 * i, 10 + i);
    add(&m, a, BF_SPAN_REGIONS + 2);
    assert_int_equal(m.n_spans, 3);
    check_span(&m.span[1], BF_SPAN_ALTERED, 1, 9, BF_SPAN_REGIONS);
    for (i = 0; i < BF_SPAN_REGIONS; i++)
        assert_true(m.span[1].region[i].strength == 10.0 + BF_SPAN_REGIONS + 1 - i);
    bf_match_release(&m);
}

static void a_mirrored_region(void **state)
{
    const struct bf_geometry mirrored = {true, 0, 0.25, 0, 0.75, 1};
    struct bf_alteration a = change(1, 9, 0.1, 10);
    struct bf_changed c;

    (void)state;
    bf_spans_place(&c, &a, &mirrored);
    assert_float_equal(c.left, 0.65, 1e-9);
    assert_float_equal(c.right, 0.7, 1e-9);
    assert_float_equal(c.top, 0.2, 1e-9);
}

/* Foreign time in place of as much of the record's, and time put in. */
static void foreign_time(void **state)
{
    struct bf_match m = {.geometry = BF_GEOMETRY_SAME};

    (void)state;
    assert_int_equal(bf_spans_add_foreign(&m, 0, 4000000, 4000000, NULL), BF_OK);
    assert_int_equal(bf_spans_add_foreign(&m, 4000000, 8000000, 100000, NULL), BF_OK);
    assert_int_equal(bf_spans_add_foreign(&m, 8000000, 8000000, 0, NULL), BF_OK);
    assert_int_equal(m.n_spans, 2);
    assert_int_equal(m.span[0].change, BF_CHANGE_REPLACED);
    assert_int_equal(m.span[1].change, BF_CHANGE_INSERTED);
    bf_match_release(&m);
}

/* What a run must show to be the record's, by its length and rate. */
static void what_follows(void **state)
{
    static const struct {
        const char *what;
        struct bf_run run;
        bool follows;
    } runs[] = {
        {"a copy",
         {.end_us = 6000000, .rate = 1, .in_step = 0.9, .close = 0.8, .moving = 0.1},
         true},
        {"another take",
         {.end_us = 6000000, .rate = 1, .in_step = 0.4, .close = 0.1, .moving = 0.1, .distance = 3},
         false},
        {"half in step",
         {.end_us = 6000000, .rate = 1, .in_step = 0.55, .close = 0.3, .moving = 0.1},
         true},
        {"the same, slowed",
         {.end_us = 6000000, .rate = 0.8, .in_step = 0.55, .close = 0.3, .moving = 0.1},
         false},
        {"hardly any motion under an encoder's noise",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.65,
          .close = 0.1,
          .moving = 0.01,
          .distance = 0.8},
         true},
        {"that, with pictures further apart",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.65,
          .close = 0.1,
          .moving = 0.01,
          .distance = 1.4},
         false},
        {"that, for 4 s",
         {.end_us = 4000000,
          .rate = 1,
          .in_step = 0.65,
          .close = 0.1,
          .moving = 0.01,
          .distance = 0.8},
         false},
        {"a stretch of it vouches for the whole",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.3,
          .close = 0.1,
          .moving = 0.01,
          .distance = 0.8,
          .vouched = true},
         true},
        {"another take of which nothing moves alike, in much the same picture",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.4,
          .close = 0.1,
          .moving = 0.01,
          .distance = 0.8},
         false},
        {"the same, for 4 s",
         {.end_us = 4000000, .rate = 1, .in_step = 0.55, .close = 0.3, .moving = 0.1},
         false},
        {"all that moves replaced but for what lies outside a box",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.4,
          .close = 0.1,
          .moving = 0.1,
          .outside_in_step = 0.95,
          .outside_close = 0.8},
         true},
        {"that, for 2 s",
         {.end_us = 2000000,
          .rate = 1,
          .in_step = 0.4,
          .close = 0.1,
          .moving = 0.1,
          .outside_in_step = 0.95,
          .outside_close = 0.8},
         false},
        {"that, slowed",
         {.end_us = 6000000,
          .rate = 0.8,
          .in_step = 0.4,
          .close = 0.1,
          .moving = 0.1,
          .outside_in_step = 0.95,
          .outside_close = 0.8},
         false},
        {"in step outside, and not close",
         {.end_us = 6000000,
          .rate = 1,
          .in_step = 0.4,
          .close = 0.1,
          .moving = 0.1,
          .outside_in_step = 0.95,
          .outside_close = 0.6},
         false},
        {"a still picture", {.end_us = 6000000, .rate = 1, .distance = 0.5}, true},
        {"another still picture", {.end_us = 6000000, .rate = 1, .distance = 3}, false},
        {"a still one that moves now",
         {.end_us = 6000000, .rate = 1, .distance = 0.5, .suspect_moving = 0.2},
         false},
        {"half a second",
         {.end_us = 500000, .rate = 1, .in_step = 1, .close = 1, .moving = 0.1},
         false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof runs / sizeof *runs; i++)
        if (bf_run_follows(&runs[i].run) != runs[i].follows)
            fail_msg("%s", runs[i].what);
    assert_true(bf_run_follows_closely(&runs[0].run));
    assert_false(bf_run_follows_closely(&runs[2].run));
    assert_true(bf_run_follows_closely(&runs[10].run));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed),   cmocka_unit_test(overlapping_regions),
        cmocka_unit_test(no_slivers),        cmocka_unit_test(more_regions_than_fit),
        cmocka_unit_test(a_mirrored_region), cmocka_unit_test(foreign_time),
        cmocka_unit_test(what_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
