/* From cues to a verdict: each reason for saying nothing, the thresholds, and which track speaks
 * for a video. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "detector/score_reason.h"
#include "tests/unit/calibration_fixture.h"

static struct bf_score_track track_of(double artifact)
{
    struct bf_score_track t = {.to_us = 5000000, .size = 150, .sharpness = 0.5f, .n_scored = 20};
    int i;

    for (i = 0; i < BF_CUES; i++)
        t.cue[i] = t.percentile[i] = (double)NAN;
    t.cue[BF_CUE_ARTIFACT] = artifact;
    t.percentile[BF_CUE_ARTIFACT] = 42;
    return t;
}

static void each_reason(void **state)
{
    static const struct {
        double artifact;
        int64_t seen_us;
        float size, sharpness;
        size_t n_scored;
        enum bf_score_verdict verdict;
        int reason; /* the first; -1: none but cues */
        const char *says;
    } row[] = {
        {3, 5000000, 150, 0.5f, 20, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {-3, 5000000, 150, 0.5f, 20, BF_SCORE_LIKELY_REAL, -1, NULL},
        {0, 5000000, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_BETWEEN, "0.50 lies"},
        /* the thresholds: from 0.9 on fake, below 0.1 real */
        {2.198, 5000000, 150, 0.5f, 20, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {2.196, 5000000, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_BETWEEN, "0.10 to 0.90"},
        {-2.198, 5000000, 150, 0.5f, 20, BF_SCORE_LIKELY_REAL, -1, NULL},
        {-2.196, 5000000, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_BETWEEN, "0.10"},
        /* too few looks, too short */
        {3, 5000000, 150, 0.5f, 8, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {3, 5000000, 150, 0.5f, 7, BF_SCORE_INCONCLUSIVE, BF_REASON_SHORT, "5.0 s in 7 frames"},
        {3, 900000, 150, 0.5f, 20, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {3, 899999, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_SHORT, "0.9 s in 20 frames"},
        /* too small, too dull */
        {3, 5000000, 64, 0.5f, 20, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {3, 5000000, 63, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_SMALL_FACE, "63 pixels wide"},
        {-3, 5000000, 41, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_SMALL_FACE, "under 64"},
        {3, 5000000, 150, 0.03f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_COMPRESSED, "too little"},
        /* unlike anything: more than eight deviations beyond 3 */
        {10.9, 5000000, 150, 0.5f, 20, BF_SCORE_LIKELY_FAKE, -1, NULL},
        {11.1, 5000000, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_STRANGE, "unlike"},
        {-11.1, 5000000, 150, 0.5f, 20, BF_SCORE_INCONCLUSIVE, BF_REASON_STRANGE, "unlike"},
    };
    struct bf_calibration c;
    size_t i;

    (void)state;
    fixture_calibration(&c, 1);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_score_track t = track_of(row[i].artifact);

        t.from_us = 700;
        t.to_us = 700 + row[i].seen_us;
        t.size = row[i].size;
        t.sharpness = row[i].sharpness;
        t.n_scored = row[i].n_scored;
        bf_score_judge_track(&t, &c);
        if (t.verdict != row[i].verdict)
            fail_msg("row %zu: verdict %d", i, t.verdict);
        if (row[i].reason >= 0) {
            assert_true(t.n_reasons > 0);
            assert_int_equal(t.reason[0].kind, row[i].reason);
            if (strstr(t.reason[0].text, row[i].says) == NULL)
                fail_msg("row %zu: '%s'", i, t.reason[0].text);
        }
        if (row[i].reason == BF_REASON_SHORT) {
            assert_true(isnan(t.likelihood) && isnan(t.low) && isnan(t.high));
            assert_int_equal(t.n_reasons, 1);
        } else {
            assert_true(0 < t.low && t.low <= t.likelihood && t.likelihood <= t.high && t.high < 1);
        }
        /* what was measured is named, and which way it points */
        if (row[i].reason != BF_REASON_SHORT && fabs(row[i].artifact) > 1) {
            const struct bf_score_reason *r = &t.reason[t.n_reasons - 1];

            assert_int_equal(r->kind, BF_REASON_CUE);
            assert_int_equal(r->cue, BF_CUE_ARTIFACT);
            assert_int_equal(r->for_fake, row[i].artifact > 0);
            assert_non_null(strstr(r->text, "lower than in 58 % of real videos"));
            assert_non_null(strstr(r->text, row[i].artifact > 0 ? "a fake" : "a real one"));
        }
    }
}

/* All reasons that there are; and without a calibration none, nor a likelihood. */
static void several_and_none(void **state)
{
    struct bf_score_track t = track_of(20);
    struct bf_calibration c;

    (void)state;
    fixture_calibration(&c, 1);
    t.size = 30;
    t.sharpness = 0;
    bf_score_judge_track(&t, &c);
    assert_int_equal(t.n_reasons, 4);
    assert_int_equal(t.reason[0].kind, BF_REASON_SMALL_FACE);
    assert_int_equal(t.reason[1].kind, BF_REASON_COMPRESSED);
    assert_int_equal(t.reason[2].kind, BF_REASON_STRANGE);
    assert_int_equal(t.reason[3].kind, BF_REASON_CUE);
    t = track_of(20);
    t.verdict = BF_SCORE_LIKELY_FAKE;
    bf_score_judge_track(&t, NULL);
    assert_int_equal(t.verdict, BF_SCORE_INCONCLUSIVE);
    assert_int_equal(t.n_reasons, 0);
    assert_true(isnan(t.likelihood));
}

/* A verdict is never without a reason: where no cue moves the odds by a third, that is said. */
static void nothing_stands_out(void **state)
{
    static const double value[] = {0, 0.3, -0.3, 0.4};
    struct bf_calibration c;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof value / sizeof *value; i++) {
        struct bf_score_track t = track_of(value[i]);

        fixture_calibration(&c, 1);
        bf_score_judge_track(&t, &c);
        assert_int_equal(t.reason[t.n_reasons - 1].kind, i < 3 ? BF_REASON_USUAL : BF_REASON_CUE);
        if (i < 3)
            assert_non_null(
                strstr(t.reason[t.n_reasons - 1].text, "no cue that counts stands out"));
    }
}

/* The cues that weigh most come first, at most five, each in a whole sentence. */
static void cues_by_weight(void **state)
{
    struct bf_score_track t = track_of(0);
    struct bf_calibration c;
    size_t i, k;

    (void)state;
    fixture_calibration(&c, 1);
    for (i = 0; i < BF_CUES; i++) {
        c.cue[i] = c.cue[BF_CUE_ARTIFACT];
        t.cue[i] = 1;
        t.percentile[i] = 100;
        for (k = 0; k <= BF_CALIBRATION_DRAWS; k++)
            c.weight[k][i] = (i % 2 ? -1 : 1) * (i < 4 ? 0.3 : 0.4 + (double)i / 10);
    }
    bf_score_judge_track(&t, &c);
    assert_true(t.n_reasons >= 5);
    for (i = 0; i < 5; i++) {
        const struct bf_score_reason *r = &t.reason[t.n_reasons - 5 + i];

        assert_int_equal(r->kind, BF_REASON_CUE);
        assert_int_equal(r->cue, BF_CUES - 1 - i);
        assert_int_equal(r->for_fake, r->cue % 2 == 0);
    }
    /* no sentence is cut off */
    for (i = 0; i < BF_CUES; i++) {
        const char *end = i % 2 ? "a real one" : "a fake";

        for (k = 0; k < BF_CUES; k++)
            t.cue[k] = k == i ? 3 : (double)NAN;
        t.n_reasons = 0;
        for (k = 0; k <= BF_CALIBRATION_DRAWS; k++)
            c.weight[k][i] = i % 2 ? -1 : 1;
        bf_score_judge_track(&t, &c);
        assert_int_equal(t.reason[t.n_reasons - 1].cue, i);
        k = strlen(t.reason[t.n_reasons - 1].text);
        assert_string_equal(t.reason[t.n_reasons - 1].text + k - strlen(end), end);
    }
}

/* One face that is likely fake makes the video so; one that is open keeps it from being real; who
 * is hardly seen does not count, unless there is nobody else. */
static void which_track_speaks(void **state)
{
    static const struct {
        const char *tracks; /* F fake, R real, O open, S short */
        int speaks;
        enum bf_score_verdict verdict;
    } row[] = {
        {"", -1, BF_SCORE_INCONCLUSIVE},   {"F", 0, BF_SCORE_LIKELY_FAKE},
        {"R", 0, BF_SCORE_LIKELY_REAL},    {"O", 0, BF_SCORE_INCONCLUSIVE},
        {"S", 0, BF_SCORE_INCONCLUSIVE},   {"OF", 1, BF_SCORE_LIKELY_FAKE},
        {"RRFS", 2, BF_SCORE_LIKELY_FAKE}, {"RO", 1, BF_SCORE_INCONCLUSIVE},
        {"RS", 0, BF_SCORE_LIKELY_REAL},   {"SR", 1, BF_SCORE_LIKELY_REAL},
        {"SS", 0, BF_SCORE_INCONCLUSIVE},  {"SO", 1, BF_SCORE_INCONCLUSIVE},
        {"FFR", 0, BF_SCORE_LIKELY_FAKE},
    };
    struct bf_calibration c;
    size_t i, k;

    (void)state;
    fixture_calibration(&c, 1);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_score_track track[4];
        struct bf_score s = {.track = track, .n_tracks = strlen(row[i].tracks)};

        for (k = 0; k < s.n_tracks; k++) {
            char kind = row[i].tracks[k];

            track[k] = track_of(kind == 'F' ? 4 - (double)k / 10 : kind == 'R' ? -4 : 0);
            track[k].n_scored = kind == 'S' ? 2 : 20;
            bf_score_judge_track(&track[k], &c);
        }
        bf_score_judge(&s);
        assert_int_equal(s.verdict, row[i].verdict);
        if (row[i].speaks < 0) {
            assert_int_equal(s.n_reasons, 1);
            assert_int_equal(s.reason[0].kind, BF_REASON_NO_FACE);
            assert_true(isnan(s.likelihood));
        } else {
            const struct bf_score_track *t = &track[row[i].speaks];

            assert_int_equal(s.n_reasons, t->n_reasons);
            assert_string_equal(s.reason[0].text, t->reason[0].text);
            assert_true(isnan(t->likelihood) ? isnan(s.likelihood)
                                             : fabs(s.likelihood - t->likelihood) <= 0);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason),        cmocka_unit_test(several_and_none),
        cmocka_unit_test(nothing_stands_out), cmocka_unit_test(cues_by_weight),
        cmocka_unit_test(which_track_speaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
