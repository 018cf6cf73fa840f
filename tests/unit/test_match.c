#include "tests/unit/video_fixture.h"

#include "ledger/match/compare.h"
#include "ledger/match/exact.h"
#include "ledger/match/match.h"
#include "ledger/match/votes.h"

#define RECORD_SEED 21u

/* The record: 40 s of one scene at 24 frames a second. */
struct held {
    struct bf_buf blob;
    struct bf_digest *digest;
};

static int setup(void **state)
{
    struct held *h = calloc(1, sizeof *h);
    struct scene sc = {.seed = RECORD_SEED};
    uint8_t root32[32];

    fixture_blob(&h->blob, root32, NULL, &sc, 40, 24);
    if (bf_digest_open(&h->digest, h->blob.data, h->blob.len, "record", NULL) != BF_OK)
        return -1;
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    struct held *h = *state;

    bf_digest_close(&h->digest);
    bf_buf_release(&h->blob);
    free(h);
    return 0;
}

static void hold(struct bf_match *m, struct held *h, const struct scene *sc, double seconds,
                 double fps)
{
    struct bf_trace *t = fixture_trace(sc, seconds, fps);

    assert_int_equal(bf_match_digest(m, t, h->digest, "/tmp", NULL), BF_OK);
    bf_trace_free(&t);
}

static void clean_copies(void **state)
{
    static const struct {
        struct scene scene;
        double seconds, fps, offset_s;
    } copy[] = {
        {{.seed = RECORD_SEED, .noise = 3}, 40, 24, 0},
        {{.seed = RECORD_SEED, .noise = 8}, 40, 24, 0},
        {{.seed = RECORD_SEED, .noise = 3}, 40, 15, 0},
        {{.seed = RECORD_SEED, .noise = 3}, 40, 60, 0},
        {{.seed = RECORD_SEED, .gain = 1.15, .bias = 8, .noise = 2}, 40, 24, 0},
        {{.seed = RECORD_SEED, .gain = 0.8, .bias = -8, .noise = 2}, 40, 24, 0},
        {{.seed = RECORD_SEED, .start_s = 12.34, .noise = 3}, 10, 24, 12.34},
        {{.seed = RECORD_SEED, .start_s = 30, .noise = 3}, 3, 30, 30},
    };
    size_t i;

    for (i = 0; i < sizeof copy / sizeof *copy; i++) {
        struct bf_match m;

        hold(&m, *state, &copy[i].scene, copy[i].seconds, copy[i].fps);
        assert_int_equal(m.verdict, BF_VERDICT_SAME_CONTENT);
        assert_int_equal(m.n_spans, 1);
        assert_int_equal(m.span[0].state, BF_SPAN_SAME);
        assert_true(fabs((double)m.offset_us / 1e6 - copy[i].offset_s) < 0.05);
        assert_true(m.coverage > 0.99);
        assert_int_equal(m.trimmed, copy[i].seconds < 39);
        bf_match_release(&m);
    }
}

static void altered_region(void **state)
{
    static const struct scene copy[] = {
        {.seed = RECORD_SEED, .noise = 3, .alter_from_s = 12, .alter_to_s = 18},
        {.seed = RECORD_SEED, .noise = 6, .alter_from_s = 5, .alter_to_s = 23},
        {.seed = RECORD_SEED,
         .noise = 2,
         .gain = 0.9,
         .bias = 10,
         .alter_from_s = 20,
         .alter_to_s = 22},
    };
    size_t i, k;

    for (i = 0; i < sizeof copy / sizeof *copy; i++) {
        double inside = 0, outside = 0, length = copy[i].alter_to_s - copy[i].alter_from_s;
        struct bf_match m;

        hold(&m, *state, &copy[i], 40, 24);
        assert_int_equal(m.verdict, BF_VERDICT_ALTERED);
        for (k = 0; k < m.n_spans; k++) {
            double from = (double)m.span[k].suspect_start_us / 1e6,
                   to = (double)m.span[k].suspect_end_us / 1e6;
            double shared =
                fmax(0, fmin(to, copy[i].alter_to_s) - fmax(from, copy[i].alter_from_s));

            if (m.span[k].state != BF_SPAN_ALTERED)
                continue;
            inside += shared;
            outside += to - from - shared;
            /* The head wanders within these bounds. */
            assert_true(m.span[k].region[0].left > 0.15 && m.span[k].region[0].right < 0.85);
        }
        assert_true(2 * inside / (inside + outside + length) > 0.95);
        bf_match_release(&m);
    }
}

static void other_scenes(void **state)
{
    static const struct scene other[] = {
        {.seed = 22, .noise = 2},
        {.seed = RECORD_SEED + 1, .noise = 2},
        /* the same set at another time */
        {.seed = RECORD_SEED, .start_s = 500, .noise = 2},
        {.seed = RECORD_SEED, .start_s = 41, .noise = 2},
        /* and run backwards would be: a speed the record never had */
        {.seed = RECORD_SEED, .start_s = 3, .speed = 2.7, .noise = 2},
    };
    size_t i;

    for (i = 0; i < sizeof other / sizeof *other; i++) {
        struct bf_match m;

        hold(&m, *state, &other[i], 20, 24);
        assert_int_equal(m.verdict, BF_VERDICT_UNREGISTERED);
        assert_int_equal(m.n_spans, 0);
        bf_match_release(&m);
    }
}

static void own_frames(void **state)
{
    struct scene clip = {.seed = RECORD_SEED, .start_s = 10};
    struct bf_match m;

    hold(&m, *state, &clip, 5, 24);
    assert_int_equal(m.verdict, BF_VERDICT_SAME_CONTENT);
    assert_int_equal(m.n_spans, 1);
    assert_int_equal(m.span[0].state, BF_SPAN_EXACT);
    assert_int_equal(m.span[0].source_frame, 240);
    assert_int_equal(m.span[0].n_frames, 120);
    bf_match_release(&m);
}

/* Frames of the record in any order, shown at any pace. */
static struct bf_trace *pieces(const double (*from_to)[2], size_t n, double fps)
{
    struct bf_frame_digest *f = malloc(sizeof *f);
    struct scene sc = {.seed = RECORD_SEED};
    struct bf_trace *t = NULL;
    uint64_t shown = 0, k;
    size_t i;

    assert_int_equal(bf_trace_create(&t, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL), BF_OK);
    for (i = 0; i < n; i++) {
        for (k = (uint64_t)(from_to[i][0] * 24); k < (uint64_t)(from_to[i][1] * 24); k++) {
            fixture_digest(f, &sc, k, 24);
            f->pts_us = (int64_t)((double)shown++ / fps * 1e6);
            assert_int_equal(bf_trace_add(t, f, NULL), BF_OK);
        }
    }
    assert_int_equal(bf_trace_seal(t, (int64_t)((double)shown / fps * 1e6), NULL), BF_OK);
    free(f);
    return t;
}

static void cuts_and_speed(void **state)
{
    static const double cut[][2] = {{2, 8}, {15, 20}}, turned[][2] = {{20, 25}, {5, 10}},
                        skip[][2] = {{2, 8}, {8.1, 12}}, whole[][2] = {{0, 40}};
    struct held *h = *state;
    struct bf_trace *t;
    struct bf_match m;

    t = pieces(cut, 2, 24);
    assert_int_equal(bf_match_digest(&m, t, h->digest, "/tmp", NULL), BF_OK);
    assert_int_equal(m.verdict, BF_VERDICT_ALTERED);
    assert_int_equal(m.n_spans, 2);
    bf_match_release(&m);
    bf_trace_free(&t);
    t = pieces(turned, 2, 24);
    assert_int_equal(bf_match_digest(&m, t, h->digest, "/tmp", NULL), BF_OK);
    assert_int_equal(m.verdict, BF_VERDICT_ALTERED);
    bf_match_release(&m);
    bf_trace_free(&t);
    /* two frames dropped are no cut */
    t = pieces(skip, 2, 24);
    assert_int_equal(bf_match_digest(&m, t, h->digest, "/tmp", NULL), BF_OK);
    assert_int_equal(m.verdict, BF_VERDICT_SAME_CONTENT);
    bf_match_release(&m);
    bf_trace_free(&t);
    /* the record's own frames, slowed down by a quarter */
    t = pieces(whole, 1, 18);
    assert_int_equal(bf_match_digest(&m, t, h->digest, "/tmp", NULL), BF_OK);
    assert_int_equal(m.verdict, BF_VERDICT_ALTERED);
    assert_true(fabs(m.speed - 0.75) < 0.01);
    bf_match_release(&m);
    bf_trace_free(&t);
}

/* A re-encoded copy with a sentence cut out of it is not the same content. */
static void reencoded_cut(void **state)
{
    struct bf_frame_digest *f = malloc(sizeof *f);
    struct scene sc = {.seed = RECORD_SEED, .noise = 3};
    struct held *h = *state;
    struct bf_trace *t = NULL;
    struct bf_match m;
    uint64_t k;

    assert_int_equal(bf_trace_create(&t, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL), BF_OK);
    for (k = 0; k < 24 * 40; k++) {
        if (k >= 24 * 12 && k < 24 * 17)
            continue;
        fixture_digest(f, &sc, k, 24);
        f->pts_us -= k < 24 * 12 ? 0 : 5000000;
        assert_int_equal(bf_trace_add(t, f, NULL), BF_OK);
    }
    assert_int_equal(bf_trace_seal(t, 35000000, NULL), BF_OK);
    assert_int_equal(bf_match_digest(&m, t, h->digest, "/tmp", NULL), BF_OK);
    assert_int_equal(m.verdict, BF_VERDICT_ALTERED);
    assert_non_null(strstr(m.reason, "left out in 1 place"));
    bf_match_release(&m);
    bf_trace_free(&t);
    free(f);
}

static void too_short(void **state)
{
    struct scene sc = {.seed = RECORD_SEED, .noise = 3};
    struct bf_match m;

    hold(&m, *state, &sc, 0.5, 24);
    assert_int_equal(m.verdict, BF_VERDICT_INCONCLUSIVE);
    assert_true(m.reason[0] != '\0');
    bf_match_release(&m);
}

static void better(void **state)
{
    struct bf_match a = {.verdict = BF_VERDICT_SAME_CONTENT, .coverage = 1, .distance = 1};
    struct bf_match b = {.verdict = BF_VERDICT_ALTERED, .coverage = 1, .distance = 0.1};

    (void)state;
    assert_true(bf_match_better(&a, &b));
    assert_false(bf_match_better(&b, &a));
    b.verdict = BF_VERDICT_SAME_CONTENT;
    assert_true(bf_match_better(&b, &a));
    b.coverage = 0.5;
    assert_true(bf_match_better(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_copies),   cmocka_unit_test(altered_region),
        cmocka_unit_test(other_scenes),   cmocka_unit_test(own_frames),
        cmocka_unit_test(cuts_and_speed), cmocka_unit_test(reencoded_cut),
        cmocka_unit_test(too_short),      cmocka_unit_test(better),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
