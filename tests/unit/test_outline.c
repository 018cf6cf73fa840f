#include "tests/unit/copy_fixture.h"

#include "ledger/match/outline.h"

enum { SECONDS = 3, FPS = 25 };

/* What the outlines of a copy of a drawn scene measure, on a line that is off by so much. */
static struct bf_run measured(bool *moved, const struct copy *c, double seconds, double off_s)
{
    struct bf_trace *t = copy_trace(c, &BF_GEOMETRY_SAME, seconds, FPS);
    struct bf_run run = copy_run(c, seconds);
    struct record r;

    run.offset_us += (int64_t)(off_s * 1e6);
    record_open(&r, c->scene.seed, seconds + 2, FPS);
    assert_int_equal(bf_outline_measure(moved, &run, t, r.digest, NULL), BF_OK);
    bf_trace_free(&t);
    record_close(&r);
    return run;
}

static void a_copy_and_another_take(void **state)
{
    const struct copy copy = {.scene = {.seed = 71, .noise = 4}, .blocks = 3, .offset_s = 0.5};
    struct copy take = copy;
    struct bf_run a, b;
    bool moved;

    (void)state;
    take.take = 1;
    a = measured(&moved, &copy, SECONDS, 0);
    b = measured(&moved, &take, SECONDS, 0);
    assert_true(a.outlined && b.outlined);
    assert_true(a.outline_apart < 0.1 && b.outline_apart > 3 * a.outline_apart);
    assert_true(a.outline_strays < 0.1 && b.outline_strays > 3 * a.outline_strays);
    assert_true(b.outline_difference > 3 * a.outline_difference);
}

/* A line that is off by so much that nothing seems to move along is led back. */
static void leads_the_line_back(void **state)
{
    const struct copy c = {.scene = {.seed = 72}, .offset_s = 0.7};
    const double off[] = {0.3, -0.24, 0.06};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof off / sizeof *off; i++) {
        bool moved;
        struct bf_run run = measured(&moved, &c, SECONDS, off[i]);

        assert_true(moved);
        assert_in_range(run.offset_us, 680000, 720000);
        assert_true(run.outline_strays < 0.05);
    }
}

/* Where it lies as it should it is left there, to the microsecond. */
static void leaves_the_line(void **state)
{
    const struct copy c = {.scene = {.seed = 73}, .offset_s = 0.5};
    struct bf_run run;
    bool moved;

    (void)state;
    run = measured(&moved, &c, SECONDS, 0);
    assert_false(moved);
    assert_int_equal(run.offset_us, 500000);
}

/* Another rate was chosen with its offset. */
static void at_another_rate(void **state)
{
    struct copy c = {.scene = {.seed = 74}, .rate = 1.25, .offset_s = 0.2};
    struct bf_run at, off;
    bool moved;

    (void)state;
    at = measured(&moved, &c, SECONDS, 0);
    assert_true(at.outlined && !moved);
    assert_true(at.outline_strays < 0.1);
    off = measured(&moved, &c, SECONDS, 0.3);
    assert_true(off.outlined && !moved);
    assert_true(off.outline_strays > 3 * at.outline_strays);
    c.rate = -1;
    c.offset_s = SECONDS + 0.5;
    at = measured(&moved, &c, SECONDS, 0);
    assert_true(at.outlined && at.outline_strays < 0.1);
}

/* A box over a part of what moves hides it, and does not say that the rest lies elsewhere. */
static void under_a_box(void **state)
{
    struct copy c = {.scene = {.seed = 75}, .offset_s = 0.5};
    struct bf_run bare, boxed;
    bool moved;

    (void)state;
    bare = measured(&moved, &c, SECONDS, 0);
    c.patch[0] = (struct patch){PATCH_STAYS, 0, 9, 0.45, 0.5, 0.6, 0.7};
    boxed = measured(&moved, &c, SECONDS, 0);
    assert_true(boxed.outline_difference > 5 * bare.outline_difference);
    assert_true(boxed.outline_apart < 0.1);
    assert_true(boxed.outline_strays < 0.1);
}

/* Longer runs are judged by their blocks; and it is the record's edges that count, whether the
 * suspect shows them or not. */
static void which_runs(void **state)
{
    struct copy c = {.scene = {.seed = 76}, .offset_s = 0.5};
    struct bf_run run;
    bool moved;

    (void)state;
    run = measured(&moved, &c, 5, 0);
    assert_false(run.outlined);
    c.patch[0] = (struct patch){PATCH_STAYS, 0, 9, 0, 0, 1, 1};
    run = measured(&moved, &c, 1.2, 0);
    assert_true(run.outlined);
    assert_true(run.outline_strays > 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_and_another_take),
        cmocka_unit_test(leads_the_line_back),
        cmocka_unit_test(leaves_the_line),
        cmocka_unit_test(at_another_rate),
        cmocka_unit_test(under_a_box),
        cmocka_unit_test(which_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
