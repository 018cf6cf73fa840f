#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "detector/motion_evidence.h"
#include "detector/tally.h"
#include "lib/face/canonical_face.h"
#include "lib/face/head_pose.h"

enum { W = 1280, H = 720, FRAME_US = 40000 };

static const struct bf_point2 centre = {W / 2.0f, H / 2.0f};

static void assert_near(double got, double want, double slack, const char *what)
{
    if (!(fabs(got - want) <= slack))
        fail_msg("%s is %g where %g was expected", what, got, want);
}

/* Between -1 and 1, another one at each call. */
static float random_of(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

/* Whether a point of the mesh is of the face's outline. */
static bool is_outline(unsigned k)
{
    size_t i;

    for (i = 0; i < BF_OUTLINE_POINTS; i++)
        if (bf_outline_points[i] == k)
            return true;
    return false;
}

static struct bf_head_pose pose_of(float yaw, float pitch, float roll)
{
    struct bf_head_pose p = {
        .yaw_deg = yaw, .pitch_deg = pitch, .roll_deg = roll, .translation = {3, -2, 60}};

    bf_head_pose_rotation(p.rotation, yaw, pitch, roll);
    return p;
}

/* The canonical face, its outline and its inner face each as a pose puts them, with noise of so
 * many pixels. */
static void draw(struct bf_point3 mesh[BF_FACE_POINTS], const struct bf_head_pose *outline,
                 const struct bf_head_pose *inner, float noise, uint32_t *seed)
{
    unsigned k;

    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(is_outline(k) ? outline : inner, k, centre, W);

        mesh[k] =
            (struct bf_point3){p.x + noise * random_of(seed), p.y + noise * random_of(seed), 0};
    }
}

struct head {
    float turn;    /* degrees of yaw of the inner face beyond the outline's */
    float wobble;  /* and by how much more it is in every other frame */
    float noise;   /* pixels */
    float yaw_deg; /* of the outline in the first frame */
    float sweep;   /* 2: to the other side until the last */
    float long_by; /* its inner points lie lower by this share of their distance from the brow */
    bool cut_out;  /* what is handed over is a square round the head */
};

enum { CUT = 480, CUT_LEFT = 464, CUT_TOP = 80 };

static void change(struct bf_point3 mesh[BF_FACE_POINTS], const struct head *h)
{
    float brow = mesh[9].y;
    unsigned k;

    for (k = 0; k < BF_FACE_POINTS; k++) {
        if (!is_outline(k))
            mesh[k].y += h->long_by * (mesh[k].y - brow);
        if (h->cut_out) {
            mesh[k].x -= CUT_LEFT;
            mesh[k].y -= CUT_TOP;
        }
    }
}

static void watch_head(double cue[BF_CUES], const struct head *h, unsigned n)
{
    struct bf_motion_evidence *m = bf_motion_evidence_create();
    static struct bf_point3 mesh[BF_FACE_POINTS];
    uint32_t seed = 7;
    unsigned i;

    assert_non_null(m);
    for (i = 0; i < n; i++) {
        float yaw = h->yaw_deg * (1 - h->sweep * (float)i / (float)n), pitch = 10 - yaw / 4,
              turn = h->turn + (i % 2 ? h->wobble : 0);
        struct bf_head_pose outline = pose_of(yaw, pitch, yaw / 3),
                            inner = pose_of(yaw + turn, pitch, yaw / 3);
        const struct bf_face face = {.openness = -1, .pose = outline};

        draw(mesh, &outline, &inner, h->noise, &seed);
        change(mesh, h);
        assert_int_equal(bf_motion_evidence_add(m, &face, mesh, h->cut_out ? CUT : W,
                                                h->cut_out ? CUT : H, (int64_t)i * FRAME_US, NULL),
                         BF_OK);
        if (fabsf(yaw) > 50)
            assert_true(isnan(bf_motion_evidence_pose_gap(m)));
        else if (h->noise == 0 && !h->cut_out && h->long_by == 0)
            assert_near((double)bf_motion_evidence_pose_gap(m), fabs((double)turn), 0.5, "a gap");
    }
    bf_motion_evidence_finish(cue, m);
    bf_motion_evidence_free(&m);
    assert_null(m);
}

/* A head that turns as one has no gap; one whose inner face looks elsewhere has that one, whatever
 * way the head looks. */
static void measures_the_poses_gap(void **state)
{
    static const float turn[] = {-12, -6, 0, 6, 12}, yaw[] = {0, 20};
    double cue[BF_CUES];
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++)
        for (i = 0; i < 5; i++) {
            const struct head h = {.turn = turn[i], .yaw_deg = yaw[k], .sweep = 2};

            watch_head(cue, &h, 40);
            assert_near(cue[BF_CUE_POSE_GAP], fabs((double)turn[i]), 0.3, "the gap");
            assert_near(cue[BF_CUE_POSE_DRIFT], 0, 0.1, "the drift");
            assert_true(isnan(cue[BF_CUE_BLINK_RATE]) && isnan(cue[BF_CUE_OPEN_LONGEST]));
            assert_true(isnan(cue[BF_CUE_BLINK_LENGTH]) && isnan(cue[BF_CUE_BLINK_SIDES]));
        }
}

/* The rest of the picture does not matter, nor does a face that is longer than others. */
static void knows_other_faces(void **state)
{
    struct head h = {.turn = 8, .yaw_deg = 10, .sweep = 2, .cut_out = true};
    double cue[BF_CUES];

    (void)state;
    watch_head(cue, &h, 40);
    assert_near(cue[BF_CUE_POSE_GAP], 8, 0.8, "the gap in a cut");
    h = (struct head){.yaw_deg = 10, .sweep = 2, .long_by = 0.1f};
    watch_head(cue, &h, 40);
    assert_near(cue[BF_CUE_POSE_GAP], 0, 0.8, "the gap of a long face");
    assert_near(cue[BF_CUE_POSE_DRIFT], 0, 0.3, "the drift of a long face");
    h.turn = -8;
    watch_head(cue, &h, 40);
    assert_near(cue[BF_CUE_POSE_GAP], 8, 1.2, "the gap of a long face that is turned");
}

static void measures_the_poses_drift(void **state)
{
    const struct head wobbles = {.turn = 3, .wobble = 2}, jitters = {.noise = 0.3f},
                      jitters_more = {.noise = 1.2f}, away = {.yaw_deg = 60, .turn = 5};
    double cue[BF_CUES], few;

    (void)state;
    watch_head(cue, &wobbles, 40);
    assert_near(cue[BF_CUE_POSE_GAP], 4, 1.3, "the gap");
    assert_near(cue[BF_CUE_POSE_DRIFT], 2, 0.2, "the drift");
    watch_head(cue, &jitters, 40);
    few = cue[BF_CUE_POSE_DRIFT];
    watch_head(cue, &jitters_more, 40);
    assert_true(few > 0.01 && cue[BF_CUE_POSE_DRIFT] > 2 * few);
    watch_head(cue, &away, 40);
    assert_true(isnan(cue[BF_CUE_POSE_GAP]) && isnan(cue[BF_CUE_POSE_DRIFT]));
    watch_head(cue, &jitters, 7);
    assert_true(isnan(cue[BF_CUE_POSE_GAP]) && isnan(cue[BF_CUE_POSE_DRIFT]));
}

/* What a person's eyes do. */
struct eyes {
    int every_ms, ms;           /* a blink every so often, for so long; 0: never */
    int off_from_ms, off_to_ms; /* between which there is no face */
    float depth;                /* of their blinks */
    float jitter;               /* of the lids, in their usual gap */
    bool apart;                 /* the left eye does not blink */
    bool still_mesh;            /* the mesh round the eyes does not follow */
};

enum { BLINK_MS = 280 };

/* How far down the lids are so long after a blink began. */
static float down_at(int ms)
{
    float t = (float)ms / 1000;

    return t < 0.1f ? t / 0.1f : t < 0.14f ? 1 : t < 0.28f ? (0.28f - t) / 0.14f : 0;
}

static void watch_eyes(double cue[BF_CUES], const struct eyes *e)
{
    struct bf_motion_evidence *m = bf_motion_evidence_create();
    struct bf_head_pose pose = pose_of(0, 0, 0);
    static struct bf_point3 mesh[BF_FACE_POINTS];
    uint32_t seed = 3;
    int ms;

    assert_non_null(m);
    for (ms = 0; ms <= e->ms; ms += 40) {
        int since = e->every_ms > 0 && ms >= e->every_ms ? ms % e->every_ms : 10000;
        float down = e->depth * down_at(since);
        struct bf_face face = {.openness = 1 - down, .pose = pose};
        const struct bf_blink blink = {.completeness = e->depth,
                                       .onset_us = (int64_t)(ms - since) * 1000,
                                       .duration_us = BLINK_MS * 1000};

        if (ms >= e->off_from_ms && ms < e->off_to_ms)
            continue;
        face.eye[BF_EYE_RIGHT].gap = 0.3f * (1 - 0.8f * down + e->jitter * random_of(&seed));
        face.eye[BF_EYE_LEFT].gap =
            0.3f * (1 - (e->apart ? 0 : 0.8f * down) + e->jitter * random_of(&seed));
        draw(mesh, &pose, &pose, 0.05f, &seed);
        if (!e->still_mesh) {
            mesh[159].y += 0.5f * down * (mesh[145].y - mesh[159].y);
            mesh[386].y += 0.5f * down * (mesh[374].y - mesh[386].y);
        }
        assert_int_equal(bf_motion_evidence_add(m, &face, mesh, W, H, (int64_t)ms * 1000, NULL),
                         BF_OK);
        if (since == BLINK_MS)
            assert_int_equal(bf_motion_evidence_blink(m, &blink, NULL), BF_OK);
    }
    bf_motion_evidence_finish(cue, m);
    bf_motion_evidence_free(&m);
}

static void measures_blinks(void **state)
{
    const struct eyes often = {.every_ms = 3000, .ms = 31000, .depth = 0.9f, .jitter = 0.02f},
                      seldom = {.every_ms = 20000, .ms = 61000, .depth = 0.5f, .jitter = 0.02f};
    double cue[BF_CUES];

    (void)state;
    watch_eyes(cue, &often);
    assert_near(cue[BF_CUE_BLINK_RATE], 10 * 60 / 31.0, 0.1, "the rate");
    assert_near(cue[BF_CUE_BLINK_LENGTH], 0.28, 0.005, "the length");
    assert_near(cue[BF_CUE_BLINK_DEPTH], 0.9, 0.001, "the depth");
    assert_near(cue[BF_CUE_OPEN_LONGEST], 3, 0.001, "the longest interval");
    assert_true(cue[BF_CUE_BLINK_SIDES] > 0.95 && cue[BF_CUE_BLINK_REGIONS] > 0.9);
    watch_eyes(cue, &seldom);
    assert_near(cue[BF_CUE_BLINK_RATE], 3, 0.1, "the rate");
    assert_near(cue[BF_CUE_BLINK_DEPTH], 0.5, 0.001, "the depth");
    assert_near(cue[BF_CUE_OPEN_LONGEST], 20, 0.001, "the longest interval");
}

/* Time without a face is no time without a blink. */
static void knows_what_it_did_not_see(void **state)
{
    const struct eyes gone = {.every_ms = 5000,
                              .ms = 42000,
                              .depth = 0.9f,
                              .off_from_ms = 11000,
                              .off_to_ms = 31000},
                      brief = {.every_ms = 1480, .ms = 3500, .depth = 0.9f};
    double cue[BF_CUES];

    (void)state;
    watch_eyes(cue, &gone);
    assert_near(cue[BF_CUE_BLINK_RATE], 4 * 60 / 21.96, 0.01, "the rate");
    assert_near(cue[BF_CUE_OPEN_LONGEST], 5, 0.05, "the longest interval");
    watch_eyes(cue, &brief);
    assert_true(isnan(cue[BF_CUE_BLINK_RATE]) && isnan(cue[BF_CUE_OPEN_LONGEST]));
    assert_near(cue[BF_CUE_BLINK_LENGTH], 0.28, 0.005, "the length");
}

static void tells_what_moves_together(void **state)
{
    const struct eyes
        apart = {.every_ms = 3000, .ms = 20000, .depth = 0.9f, .jitter = 0.02f, .apart = true},
        still = {.every_ms = 3000, .ms = 20000, .depth = 0.9f, .jitter = 0.02f, .still_mesh = true},
        half = {.every_ms = 3000, .ms = 20000, .depth = 0.9f, .jitter = 0.3f},
        never = {.ms = 20000, .jitter = 0.02f};
    double cue[BF_CUES];

    (void)state;
    watch_eyes(cue, &apart);
    assert_near(cue[BF_CUE_BLINK_SIDES], 0, 0.15, "what the sides share");
    watch_eyes(cue, &still);
    assert_true(cue[BF_CUE_BLINK_SIDES] > 0.95);
    assert_near(cue[BF_CUE_BLINK_REGIONS], 0, 0.15, "what lids and skin share");
    watch_eyes(cue, &half);
    assert_true(isnan(cue[BF_CUE_BLINK_SIDES]));
    watch_eyes(cue, &never);
    assert_true(isnan(cue[BF_CUE_BLINK_SIDES]) && isnan(cue[BF_CUE_BLINK_REGIONS]));
    assert_true(isnan(cue[BF_CUE_BLINK_LENGTH]) && isnan(cue[BF_CUE_BLINK_DEPTH]));
    assert_near(cue[BF_CUE_BLINK_RATE], 0, 0, "the rate");
    assert_near(cue[BF_CUE_OPEN_LONGEST], 20, 0.001, "the longest interval");
}

static void tallies(void **state)
{
    static struct bf_tally t;
    int i;

    (void)state;
    bf_tally_init(&t, -1, 1);
    assert_true(isnan(bf_tally_quantile(&t, 0.5)));
    bf_tally_add(&t, (double)NAN);
    assert_true(t.n == 0);
    for (i = 0; i <= 1000; i++)
        bf_tally_add(&t, -0.5 + i / 1000.0);
    assert_near(bf_tally_quantile(&t, 0.5), 0, 0.002, "the median");
    assert_near(bf_tally_quantile(&t, 0.1), -0.4, 0.002, "a tenth");
    assert_near(bf_tally_quantile(&t, 0), -0.5, 0.002, "the least");
    assert_near(bf_tally_quantile(&t, 1), 0.5, 0.002, "the most");
    for (i = 0; i < 3000; i++)
        bf_tally_add(&t, (double)INFINITY);
    assert_near(bf_tally_quantile(&t, 0.9), 1, 0.002, "what lies outside");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_the_poses_gap),
        cmocka_unit_test(knows_other_faces),
        cmocka_unit_test(measures_the_poses_drift),
        cmocka_unit_test(measures_blinks),
        cmocka_unit_test(knows_what_it_did_not_see),
        cmocka_unit_test(tells_what_moves_together),
        cmocka_unit_test(tallies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
