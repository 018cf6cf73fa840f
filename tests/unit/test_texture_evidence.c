#include "tests/unit/video_fixture.h"

#include <math.h>
#include <string.h>

#include "detector/texture_evidence.h"
#include "lib/face/head_pose.h"

enum { SIDE = 360 };

/* How the inner face differs from what is round it. */
struct look {
    int soft;           /* blurred so many times */
    float noise, inner; /* levels of noise of each pixel and frame, everywhere and inside */
    int tint;           /* steps of Cb */
    bool grey;          /* no colour at all */
    float flicker;      /* levels of a pattern that is another one in each frame */
    int64_t step_us;
    float aside; /* pixels by which the face is out of the middle */
};

static struct {
    float luma[SIDE * SIDE], other[SIDE * SIDE];
    uint8_t y[SIDE * SIDE], u[SIDE * SIDE / 4], v[SIDE * SIDE / 4];
    bool inside[SIDE * SIDE];
} picture;

/* The canonical face before a camera, and where it is inside: an oval less high and wide than the
 * mesh's. */
static void place(struct bf_point3 mesh[BF_FACE_POINTS], float x, float y)
{
    const struct bf_point2 centre = {SIDE / 2.0f, SIDE / 2.0f};
    struct bf_head_pose pose = {.translation = {0, 0, 90}};
    unsigned k;
    int i;

    bf_head_pose_rotation(pose.rotation, 0, 0, 0);
    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(&pose, k, centre, 3 * SIDE);

        mesh[k] = (struct bf_point3){p.x + x, p.y + y, 0};
    }
    for (i = 0; i < SIDE * SIDE; i++) {
        float left = mesh[234].x, right = mesh[454].x, top = mesh[10].y, chin = mesh[152].y,
              u = ((float)(i % SIDE) + 0.5f - (left + right) / 2) / (right - left) * 2,
              v = ((float)(i / SIDE) + 0.5f - (top + chin) / 2) / (chin - top) * 2;

        picture.inside[i] = u * u + v * v < 0.84f * 0.84f;
    }
}

static float noise_of(uint32_t frame, int i)
{
    return (float)fixture_hash(frame * 1000003u + (uint32_t)i) / 2147483648.0f - 1;
}

static void soften(void)
{
    int x, y;

    memcpy(picture.other, picture.luma, sizeof picture.other);
    for (y = 1; y < SIDE - 1; y++)
        for (x = 1; x < SIDE - 1; x++) {
            const float *p = picture.other + y * SIDE + x;

            if (picture.inside[y * SIDE + x])
                picture.luma[y * SIDE + x] =
                    (p[0] * 4 + 2 * (p[-1] + p[1] + p[-SIDE] + p[SIDE]) + p[-SIDE - 1] +
                     p[-SIDE + 1] + p[SIDE - 1] + p[SIDE + 1]) /
                    16;
        }
}

/* Skin of many scales that moves with the face, then what the inner face has of its own, then
 * noise. */
static void draw(const struct look *l, uint32_t frame, float x, float y)
{
    int i, k;

    for (i = 0; i < SIDE * SIDE; i++) {
        double u = (i % SIDE - (double)x) / SIDE, v = (i / SIDE - (double)y) / SIDE;

        picture.luma[i] = (float)(120 + 20 * fixture_smooth(1, u * 20, v * 20) +
                                  10 * fixture_smooth(2, u * 60, v * 60) +
                                  6 * fixture_smooth(3, u * 150, v * 150));
    }
    for (k = 0; k < l->soft; k++)
        soften();
    for (i = 0; i < SIDE * SIDE; i++) {
        float level = picture.inside[i] ? l->inner : l->noise, luma = picture.luma[i];

        luma += level * noise_of(frame, i);
        if (picture.inside[i] && l->flicker > 0)
            luma += l->flicker * (float)fixture_smooth(50 + frame, i % SIDE / 4.0, i / SIDE / 4.0);
        picture.y[i] = (uint8_t)(luma + 0.5f);
    }
    for (i = 0; i < SIDE * SIDE / 4; i++) {
        bool inside = picture.inside[i / (SIDE / 2) * 2 * SIDE + i % (SIDE / 2) * 2];

        picture.u[i] = (uint8_t)(110 + (inside ? l->tint : 0));
        picture.v[i] = 150;
        if (l->grey)
            picture.u[i] = picture.v[i] = 128;
    }
}

static void watch(double cue[BF_CUES], const struct look *l, unsigned n)
{
    const struct bf_frame f = {.width = SIDE,
                               .height = SIDE,
                               .pixel_format = "yuv420p",
                               .n_planes = 3,
                               .plane = {{picture.y, SIDE, SIDE, SIDE},
                                         {picture.u, SIDE / 2, SIDE / 2, SIDE / 2},
                                         {picture.v, SIDE / 2, SIDE / 2, SIDE / 2}},
                               .orientation = {1, 0, 0, 1}};
    struct bf_texture_evidence *t = bf_texture_evidence_create();
    struct bf_face_view *view = bf_face_view_create();
    static struct bf_point3 mesh[BF_FACE_POINTS];
    unsigned i;

    assert_true(t != NULL && view != NULL);
    for (i = 0; i < n; i++) {
        float x = l->aside + 1.3f * (float)(i % 5), y = -10 + 0.7f * (float)(i % 3);

        place(mesh, x, y);
        draw(l, i, x, y);
        assert_int_equal(bf_face_view_set(view, &f, 1, 1, NULL), BF_OK);
        assert_int_equal(bf_texture_evidence_add(t, view, mesh, (int64_t)i * l->step_us, NULL),
                         BF_OK);
    }
    bf_texture_evidence_finish(cue, t);
    bf_texture_evidence_free(&t);
    bf_face_view_free(&view);
    assert_null(t);
}

static void assert_between(double x, double low, double high, const char *what)
{
    if (!(x >= low && x <= high))
        fail_msg("%s is %g, not between %g and %g", what, x, low, high);
}

/* What each cue may be. */
struct range {
    double low, high;
};

static void assert_cues(const struct look *l, struct range sharpness, struct range noise,
                        struct range chroma, struct range spectrum, struct range flicker)
{
    double cue[BF_CUES];

    watch(cue, l, 18);
    assert_between(cue[BF_CUE_SHARPNESS], sharpness.low, sharpness.high, "sharpness");
    assert_between(cue[BF_CUE_NOISE], noise.low, noise.high, "noise");
    assert_between(cue[BF_CUE_CHROMA], chroma.low, chroma.high, "chroma");
    assert_between(cue[BF_CUE_SPECTRUM], spectrum.low, spectrum.high, "spectrum");
    assert_between(cue[BF_CUE_FLICKER], flicker.low, flicker.high, "flicker");
}

static const struct range alike = {-0.1, 0.1}, no_tint = {0, 0.5}, any = {-4, 4};

static void one_picture_is_alike(void **state)
{
    const struct look noisy = {.noise = 3, .inner = 3, .step_us = 50000},
                      calm = {.noise = 0.5f, .inner = 0.5f, .step_us = 50000};

    (void)state;
    assert_cues(&noisy, alike, alike, no_tint, alike, alike);
    assert_cues(&calm, alike, alike, no_tint, alike, alike);
}

/* Each difference is told by its own cue. */
static void tells_what_differs(void **state)
{
    const struct look soft = {.soft = 4, .noise = 0.5f, .inner = 0.5f, .step_us = 50000},
                      clean = {.noise = 4, .inner = 1, .step_us = 50000},
                      noisy = {.noise = 1, .inner = 4, .step_us = 50000},
                      tinted = {.noise = 3, .inner = 3, .tint = 6, .step_us = 50000},
                      flickers = {.noise = 3, .inner = 3, .flicker = 8, .step_us = 50000};

    (void)state;
    assert_cues(&soft, (struct range){-2, -0.4}, (struct range){-1, 0.1}, no_tint,
                (struct range){-2, -0.4}, any);
    assert_cues(&clean, any, (struct range){-1.4, -0.6}, no_tint, any, (struct range){-1.4, -0.6});
    assert_cues(&noisy, any, (struct range){0.6, 1.4}, no_tint, any, (struct range){0.6, 1.4});
    /* Cb of full range is 255 / 224 of that of video */
    assert_cues(&tinted, alike, alike, (struct range){6.3, 7.3}, alike, alike);
    assert_cues(&flickers, any, alike, no_tint, any, (struct range){0.5, 1.5});
}

static void does_not_tell_of_little(void **state)
{
    const struct look l = {.noise = 1, .inner = 1, .step_us = 50000},
                      slow = {.noise = 1, .inner = 1, .step_us = 200000},
                      grey = {.noise = 1, .inner = 1, .step_us = 50000, .grey = true},
                      cut_off = {.noise = 1, .inner = 1, .step_us = 50000, .aside = 240};
    double cue[BF_CUES];

    (void)state;
    watch(cue, &l, 14); /* every other one is looked at for itself */
    assert_true(isnan(cue[BF_CUE_SHARPNESS]) && isnan(cue[BF_CUE_FLICKER]));
    watch(cue, &slow, 8);
    assert_true(isfinite(cue[BF_CUE_SHARPNESS]) && isfinite(cue[BF_CUE_NOISE]));
    assert_true(isfinite(cue[BF_CUE_SPECTRUM]) && isfinite(cue[BF_CUE_CHROMA]));
    assert_true(isnan(cue[BF_CUE_FLICKER]));
    watch(cue, &grey, 18);
    assert_true(isfinite(cue[BF_CUE_SHARPNESS]) && isnan(cue[BF_CUE_CHROMA]));
    watch(cue, &cut_off, 18);
    assert_true(isnan(cue[BF_CUE_SHARPNESS]) && isnan(cue[BF_CUE_CHROMA]));
}

static void refuses_no_face(void **state)
{
    static const struct bf_point3 nowhere[BF_FACE_POINTS];
    struct bf_texture_evidence *t = bf_texture_evidence_create();
    struct bf_face_view *view = bf_face_view_create();
    static struct bf_point3 mesh[BF_FACE_POINTS];
    const struct bf_frame f = {.width = SIDE,
                               .height = SIDE,
                               .pixel_format = "gray",
                               .n_planes = 1,
                               .plane = {{picture.y, SIDE, SIDE, SIDE}},
                               .orientation = {1, 0, 0, 1}};
    double cue[BF_CUES];
    unsigned i;

    (void)state;
    assert_true(t != NULL && view != NULL);
    assert_int_equal(bf_face_view_set(view, &f, 1, 1, NULL), BF_OK);
    place(mesh, 0, 0);
    mesh[10].x = mesh[234].y = mesh[61].x = NAN;
    for (i = 0; i < 20; i++) {
        assert_int_equal(
            bf_texture_evidence_add(t, view, i % 2 ? nowhere : mesh, (int64_t)i * 100000, NULL),
            BF_OK);
    }
    bf_texture_evidence_finish(cue, t);
    assert_true(isnan(cue[BF_CUE_SHARPNESS]));
    bf_texture_evidence_free(&t);
    bf_face_view_free(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_picture_is_alike),
        cmocka_unit_test(tells_what_differs),
        cmocka_unit_test(does_not_tell_of_little),
        cmocka_unit_test(refuses_no_face),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
