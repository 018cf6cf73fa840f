#include "tests/unit/copy_fixture.h"

#include "ledger/match/still.h"

/* Stills of a grey video of so many seconds, each frame a step brighter than the last. */
static struct bf_stills *stills_of(double seconds, unsigned fps)
{
    static uint8_t luma[64 * 36];
    const struct bf_video_info info = {.width = 64, .height = 36, .sar_num = 1, .sar_den = 1};
    struct bf_stills *s = bf_stills_create(&info);
    uint64_t i;

    assert_non_null(s);
    for (i = 0; i < (uint64_t)(seconds * fps); i++) {
        struct bf_frame f = copy_frame(luma, 64, 36, (int64_t)(i * 1000000 / fps));

        memset(luma, (int)(i % 200), sizeof luma);
        assert_int_equal(bf_stills_add(s, &f, NULL), BF_OK);
    }
    return s;
}

/* Of a few seconds there are eight a second: a cropped copy that short is found by what they have
 * in common with the record's pictures. */
static void many_of_a_short_one(void **state)
{
    struct bf_stills *s = stills_of(3, 25);
    size_t i, n = bf_stills_count(s);

    (void)state;
    assert_in_range(n, 18, 24);
    for (i = 1; i < n; i++)
        assert_in_range(bf_still_us(s, i) - bf_still_us(s, i - 1), 120000, 170000);
    bf_stills_free(&s);
}

/* Of a long one there are no more than fit, spread over all of it. */
static void spread_over_a_long_one(void **state)
{
    const double seconds = 300;
    struct bf_stills *s = stills_of(seconds, 8);
    size_t i, n = bf_stills_count(s);
    int64_t gap = bf_still_us(s, 1) - bf_still_us(s, 0);

    (void)state;
    assert_in_range(n, BF_STILLS_MAX / 2, BF_STILLS_MAX);
    assert_int_equal(bf_still_us(s, 0), 0);
    assert_true(bf_still_us(s, n - 1) > (int64_t)(seconds * 1e6) - 2 * gap);
    for (i = 1; i < n; i++)
        assert_int_equal(bf_still_us(s, i) - bf_still_us(s, i - 1), gap);
    bf_stills_free(&s);
}

/* The picture that is kept is the one of its time. */
static void shows_its_time(void **state)
{
    static float luma[BF_STILL_LONG * BF_STILL_LONG];
    struct bf_stills *s = stills_of(60, 8);
    size_t i;

    (void)state;
    for (i = 0; i < bf_stills_count(s); i++) {
        uint64_t frame = (uint64_t)(bf_still_us(s, i) * 8 / 1000000);

        bf_still_luma(s, i, luma);
        assert_true(fabsf(luma[0] - (float)(frame % 200)) < 0.5f);
    }
    bf_stills_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_of_a_short_one),
        cmocka_unit_test(spread_over_a_long_one),
        cmocka_unit_test(shows_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
