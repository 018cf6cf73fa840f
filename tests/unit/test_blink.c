#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "lib/face/blink.h"

enum { FRAME_US = 40000 };

/* How far the lids are down in a blink that began s seconds ago: there in 0.1 s, back in 0.16 s. */
static float down(double s)
{
    if (s < 0 || s > 0.28)
        return 0;
    return (float)(s < 0.1 ? s / 0.1 : s < 0.14 ? 1 : (0.28 - s) / 0.14);
}

struct lids {
    float open;         /* the person's own gap */
    float depth;        /* of their blinks */
    double at[4];       /* seconds; 0 ends */
    double sink_from_s; /* 0: never: the eyes look down from then on */
};

static unsigned watch(struct bf_blink out[8], const struct lids *l, double seconds)
{
    struct bf_blink_watch w;
    uint32_t seed = 5;
    unsigned n = 0, i, k;

    bf_blink_watch_init(&w);
    for (i = 0; i * 0.04 < seconds; i++) {
        double t = i * 0.04;
        float gap = l->open, openness;

        for (k = 0; k < 4 && l->at[k] > 0; k++)
            gap -= l->open * 0.8f * l->depth * down(t - l->at[k]);
        if (l->sink_from_s > 0 && t > l->sink_from_s)
            gap *= 1 - 0.6f * (float)fmin(1, (t - l->sink_from_s) / 1.2);
        seed = seed * 1664525u + 1013904223u;
        gap *= 1 + 0.06f * ((float)(seed >> 8) / 8388608.0f - 1);
        if (bf_blink_watch_add(&out[n], &openness, &w, (int64_t)i * FRAME_US, gap) && n < 7)
            n++;
        if (t > 2 && gap > 0.9f * l->open && l->sink_from_s == 0)
            assert_true(openness > 0.8f && openness < 1.25f);
    }
    return n;
}

static void counts_blinks_of_anyone(void **state)
{
    static const float open[] = {0.18f, 0.3f, 0.45f};
    size_t i, k;

    (void)state;
    for (i = 0; i < 3; i++) {
        const struct lids l = {open[i], 1, {2, 3.5, 7.1, 7.6}, 0};
        struct bf_blink b[8];

        assert_int_equal(watch(b, &l, 12), 4);
        for (k = 0; k < 4; k++) {
            double late = (double)b[k].onset_us / 1e6 - l.at[k];

            assert_true(late > -0.09 && late < 0.05);
            assert_true(b[k].duration_us > 150000 && b[k].duration_us < 400000);
            assert_true(b[k].completeness > 0.85f);
            assert_true(b[k].closed_us > 0 && b[k].closed_us < b[k].duration_us);
        }
    }
}

static void measures_completeness(void **state)
{
    const struct lids half = {0.3f, 0.65f, {3}, 0}, twitch = {0.3f, 0.3f, {3}, 0};
    struct bf_blink b[8];

    (void)state;
    assert_int_equal(watch(b, &half, 6), 1);
    assert_true(b[0].completeness > 0.5f && b[0].completeness < 0.8f);
    assert_int_equal(watch(b, &twitch, 6), 0);
}

static void looking_down_is_no_blink(void **state)
{
    const struct lids l = {0.3f, 0, {0}, 3};
    struct bf_blink b[8];

    (void)state;
    assert_int_equal(watch(b, &l, 9), 0);
}

static void unseen_eyes_say_nothing(void **state)
{
    struct bf_blink_watch w;
    struct bf_blink b;
    float openness;

    (void)state;
    bf_blink_watch_init(&w);
    assert_false(bf_blink_watch_add(&b, &openness, &w, 0, -1));
    assert_true(openness == -1);
    assert_false(bf_blink_watch_add(&b, &openness, &w, 40000, 0.3f));
    assert_true(fabsf(openness - 1) < 0.1f);
    assert_false(bf_blink_watch_add(&b, &openness, &w, 80000, 0.05f));
    assert_false(bf_blink_watch_add(&b, &openness, &w, 900000, 0.3f));
}

static void measures_the_gap(void **state)
{
    struct bf_point2 lid[BF_FACE_LID_POINTS];
    int i;

    (void)state;
    for (i = 0; i <= 8; i++)
        lid[i] = (struct bf_point2){(float)i, 1};
    for (i = 9; i < 16; i++)
        lid[i] = (struct bf_point2){(float)(i - 8), -1};
    assert_true(fabsf(bf_eye_gap(lid) - 0.25f) < 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_blinks_of_anyone),  cmocka_unit_test(measures_completeness),
        cmocka_unit_test(looking_down_is_no_blink), cmocka_unit_test(unseen_eyes_say_nothing),
        cmocka_unit_test(measures_the_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
