/* What is kept of one face while a video is scored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/score_track.h"
#include "lib/face/head_pose.h"

static struct bf_track_look look_of(int64_t pts_us, float logit)
{
    struct bf_track_look l = {.frame = {pts_us, logit, 1}, .baseline = NAN};
    size_t k;

    for (k = 0; k < BF_SCORE_MAP * BF_SCORE_MAP; k++)
        l.map[k] = -1;
    return l;
}

/* As a scorer does: a look where one is due. */
static void play(struct bf_score_gather *g, size_t n_wanted, int64_t from_us, int64_t to_us)
{
    int64_t t;

    for (t = from_us; t < to_us; t += 1000)
        if (bf_score_gather_wants(g, t)) {
            struct bf_track_look l = look_of(t, 0);

            bf_score_gather_look(g, n_wanted, &l, NULL);
            g->next_us = t + g->step_us;
        }
}

/* However long it goes on, there are as many looks as wanted to twice as many, evenly in time. */
static void thins_evenly(void **state)
{
    static const struct {
        size_t n_wanted;
        int64_t step_us, to_us;
    } row[] = {{4, 10000, 30000},  {4, 10000, 79000},    {4, 10000, 81000}, {4, 10000, 900000},
               {1, 10000, 500000}, {32, 10000, 3000000}, {7, 3000, 2222000}};
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_score_gather g;

        assert_int_equal(bf_score_gather_init(&g, 3, row[i].n_wanted, row[i].step_us, 5000, NULL),
                         BF_OK);
        assert_int_equal(g.track, 3);
        play(&g, row[i].n_wanted, 5000, 5000 + row[i].to_us);
        assert_true(g.n_looks <= 2 * row[i].n_wanted);
        assert_true(g.n_looks >= row[i].n_wanted || row[i].to_us < 40000);
        assert_int_equal(g.look[0].frame.pts_us, 5000);
        for (k = 1; k < g.n_looks; k++)
            assert_int_equal(g.look[k].frame.pts_us - g.look[k - 1].frame.pts_us, g.step_us);
        bf_score_gather_release(&g);
        assert_null(g.look);
    }
}

static void add_picture(struct bf_score_gather *g, float logit)
{
    struct bf_track_look l = look_of((int64_t)(logit * 1000), logit);
    struct bf_score_picture p = {.pts_us = l.frame.pts_us, .logit = logit, .rgb = malloc(16)};

    assert_non_null(p.rgb);
    memset(p.rgb, (int)logit, 16);
    bf_score_gather_look(g, 32, &l, &p);
}

/* The most suspicious pictures are kept, the first first; the others are freed. */
static void keeps_the_top_pictures(void **state)
{
    static const struct {
        size_t n;
        float logit[10];
        size_t kept;
        float first[BF_SCORE_SHOWN_MAX];
    } row[] = {
        {0, {0}, 0, {0}},
        {2, {1, 2}, 2, {2, 1}},
        {4, {4, 3, 2, 1}, 4, {4, 3, 2, 1}},
        {10, {5, 9, 1, 7, 3, 8, 2, 6, 4, 0}, 4, {9, 8, 7, 6}},
        {9, {1, 2, 3, 4, 5, 6, 7, 8, 9}, 4, {9, 8, 7, 6}},
        {6, {3, 3, 3, 3, 3, 4}, 4, {4, 3, 3, 3}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_score_gather g;

        assert_int_equal(bf_score_gather_init(&g, 1, 32, 1000, 0, NULL), BF_OK);
        for (k = 0; k < row[i].n; k++)
            add_picture(&g, row[i].logit[k]);
        assert_int_equal(g.n_pictures, row[i].kept);
        for (k = 0; k < g.n_pictures; k++) {
            assert_true(fabsf(g.picture[k].logit - row[i].first[k]) <= 0);
            assert_int_equal(g.picture[k].rgb[7], (int)row[i].first[k]);
        }
        bf_score_gather_release(&g);
    }
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-4))
        fail_msg("%.9g is not %.9g", a, b);
}

static void cues_of_looks(void **state)
{
    struct bf_score_gather g;
    double cue[BF_CUES];
    int i;

    (void)state;
    assert_int_equal(bf_score_gather_init(&g, 1, 32, 1000, 0, NULL), BF_OK);
    assert_int_equal(bf_score_gather_cues(cue, &g, NULL), BF_OK);
    for (i = 0; i < BF_CUES; i++)
        assert_true(isnan(cue[i]));
    assert_true(isnan(bf_score_gather_baseline(&g)));
    for (i = 0; i < 20; i++) {
        struct bf_track_look l = look_of(i * 1000, (float)i);

        l.frame.certainty = i < 10 ? 0.9f : 0; /* weights 1 and 0.1 */
        l.area = i < 10 ? 0.25f : 0.75f;
        l.baseline = (float)i / 10;
        l.map[77] = (float)i;
        l.map[78] = i == 4 ? 30 : 0;
        bf_score_gather_look(&g, 32, &l, NULL);
    }
    g.temporal_sum = 6;
    g.n_blocks = 4;
    assert_int_equal(bf_score_gather_cues(cue, &g, NULL), BF_OK);
    near(cue[BF_CUE_ARTIFACT], (45 + 0.1 * 145) / 11);
    near(cue[BF_CUE_ARTIFACT_PEAK], 18.5);
    near(cue[BF_CUE_BLEND_AREA], (2.5 + 0.75) / 11);
    near(cue[BF_CUE_BLEND_PEAK], 9.5);
    near(cue[BF_CUE_TEMPORAL], 1.5);
    assert_true(isnan(cue[BF_CUE_BLINK_RATE]) && isnan(cue[BF_CUE_NOISE]));
    near(bf_score_gather_baseline(&g), 0.95);
    bf_score_gather_release(&g);
}

/* Frames of a face that is where it is drawn; sizes and sharpness are medians. */
static void see(struct bf_score_gather *g, const float *sides, size_t n)
{
    enum { SIDE = 64 };
    static uint8_t luma[SIDE * SIDE], chroma[SIDE * SIDE / 4];
    static struct bf_point3 mesh[BF_FACE_POINTS];
    const struct bf_frame f = {.width = SIDE,
                               .height = SIDE,
                               .pixel_format = "yuv420p",
                               .n_planes = 3,
                               .plane = {{luma, SIDE, SIDE, SIDE},
                                         {chroma, SIDE / 2, SIDE / 2, SIDE / 2},
                                         {chroma, SIDE / 2, SIDE / 2, SIDE / 2}},
                               .orientation = {1, 0, 0, 1}};
    const struct bf_point2 centre = {SIDE / 2, SIDE / 2};
    struct bf_head_pose pose = {.translation = {0, 0, 90}};
    struct bf_face_view *view = bf_face_view_create();
    static struct bf_face face;
    unsigned k;
    size_t i;

    assert_non_null(view);
    assert_int_equal(bf_face_view_set(view, &f, 1, 1, NULL), BF_OK);
    bf_head_pose_rotation(pose.rotation, 0, 0, 0);
    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(&pose, k, centre, 3 * SIDE);

        mesh[k] = (struct bf_point3){p.x, p.y, 0};
    }
    for (i = 0; i < n; i++) {
        face.box = (struct bf_face_box){10, 20, 10 + sides[i] - 4, 20 + sides[i] + 4};
        face.sharpness = sides[i] / 1000;
        assert_int_equal(
            bf_score_gather_frame(g, &face, mesh, view, g->from_us + (int64_t)i * 40000, NULL),
            BF_OK);
    }
    bf_face_view_free(&view);
}

static void medians(void **state)
{
    static const float sides[] = {90, 50, 70, 1000, 60};
    float many[300];
    struct bf_score_gather g;
    size_t i;

    (void)state;
    assert_int_equal(bf_score_gather_init(&g, 1, 32, 1000, 500, NULL), BF_OK);
    near((double)bf_score_gather_size(&g), 0);
    see(&g, sides, 5);
    assert_int_equal(g.n_frames, 5);
    assert_int_equal(g.from_us, 500);
    assert_int_equal(g.to_us, 500 + 160000);
    near((double)bf_score_gather_size(&g), 70);
    near((double)bf_score_gather_sharpness(&g), 0.07);
    bf_score_gather_release(&g);
    for (i = 0; i < 300; i++)
        many[i] = (float)(i * 7 % 300) + 1;
    assert_int_equal(bf_score_gather_init(&g, 1, 32, 1000, 500, NULL), BF_OK);
    see(&g, many, 300);
    assert_true(fabsf(bf_score_gather_size(&g) - 150.5f) < 1);
    bf_score_gather_release(&g);
}

/* Somebody who was seen before: looks and pictures of both, under the first number. */
static void joins(void **state)
{
    static const float sides[] = {10, 20, 30};
    struct bf_score_gather g, young;
    size_t k;

    (void)state;
    assert_int_equal(bf_score_gather_init(&g, 1, 4, 10000, 0, NULL), BF_OK);
    assert_int_equal(bf_score_gather_init(&young, 9, 4, 10000, 3000000, NULL), BF_OK);
    see(&g, sides, 3);
    see(&young, sides, 2);
    play(&g, 4, 0, 60000);
    play(&young, 4, 3000000, 3040000);
    assert_int_equal(g.n_looks, 6);
    assert_int_equal(young.n_looks, 4);
    g.n_looks = young.n_looks = 0;
    for (k = 0; k < 3; k++)
        add_picture(&g, (float)(2 * k));
    for (k = 0; k < 4; k++)
        add_picture(&young, (float)(2 * k + 1));
    g.n_looks = young.n_looks = 0;
    play(&g, 4, 60000, 120000);
    play(&young, 4, 3040000, 3080000);
    assert_int_equal(bf_score_gather_join(&g, &young, 4, NULL), BF_OK);
    assert_null(young.look);
    assert_int_equal(g.track, 1);
    assert_int_equal(g.reader_track, 9);
    assert_int_equal(g.n_frames, 5);
    assert_int_equal(g.from_us, 0);
    assert_int_equal(g.to_us, 3040000);
    assert_int_equal(g.next_us, 3080000);
    assert_true(g.n_looks <= 8 && g.n_looks >= 4);
    for (k = 1; k < g.n_looks; k++)
        assert_true(g.look[k].frame.pts_us > g.look[k - 1].frame.pts_us);
    assert_int_equal(g.n_pictures, 4);
    for (k = 0; k < 4; k++)
        assert_int_equal(g.picture[k].rgb[3], k < 1 ? 7 : k < 2 ? 5 : k < 3 ? 4 : 3);
    bf_score_gather_release(&g);
    bf_score_gather_release(&young);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(thins_evenly),  cmocka_unit_test(keeps_the_top_pictures),
        cmocka_unit_test(cues_of_looks), cmocka_unit_test(medians),
        cmocka_unit_test(joins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
