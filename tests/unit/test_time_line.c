/*
 * A line that lies a little off is moved to where the copy's clock runs, wherever between two of
 * the record's samples that is.
 */
#include "tests/unit/copy_fixture.h"

#include "ledger/match/time_line.h"

#define SECONDS 4
#define FPS 25

static double found_s(double offset_s, double noise, uint32_t seed)
{
    struct copy c = {.scene = {.seed = seed, .noise = noise}, .offset_s = offset_s};
    struct bf_trace *t = copy_trace(&c, &BF_GEOMETRY_SAME, SECONDS, FPS);
    struct bf_time_line line = {.rate = 1, .offset_us = (int64_t)((offset_s + 0.03) * 1e6)};
    struct bf_coarse *coarse = NULL;
    struct bf_line_moments m = {0};
    struct bf_line_fit fit;
    struct record r;

    line.to_us = SECONDS * 1000000;
    record_open(&r, seed, SECONDS + 2, FPS);
    assert_int_equal(bf_coarse_create(&coarse, r.digest, bf_trace_counted(t), NULL), BF_OK);
    assert_int_equal(bf_line_moments_create(&m, NULL), BF_OK);
    m.shown.n = bf_trace_visible_coarse(t, m.shown.use);
    bf_line_moments_choose(&m, t, line.from_us, line.to_us);
    bf_line_refine(&line, &m, coarse, 300000, &fit);
    assert_true(fabsf(fit.gain - 1) < 0.05f);
    bf_line_moments_release(&m);
    bf_coarse_free(&coarse);
    bf_trace_free(&t);
    record_close(&r);
    return (double)line.offset_us / 1e6;
}

static void found(void **state)
{
    static const struct {
        double noise, most_off;
    } copies[] = {{2, 0.001}, {40, 0.0051}, {90, 0.0051}};
    size_t i;
    int k;

    (void)state;
    for (i = 0; i < sizeof copies / sizeof *copies; i++)
        for (k = 0; k < 5; k++) {
            double offset = 0.6 + 0.02 * k;
            double off = found_s(offset, copies[i].noise, 71) - offset;

            if (fabs(off) > copies[i].most_off)
                print_error("noise %g, at %.2f: off by %.3f s\n", copies[i].noise, offset, off);
            assert_true(fabs(off) <= copies[i].most_off);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
    };

    return cmocka_run_group_tests_name("time_line", tests, NULL, NULL);
}
