/* What is made of pictures and landmarks over time: filter, cuts, sharpness. */
#include "tests/unit/video_fixture.h"

#include <string.h>

#include "lib/face/canonical_face.h"
#include "lib/face/face_cut.h"
#include "lib/face/face_quality.h"
#include "lib/face/landmark_filter.h"

enum { W = 320, H = 240 };

static float noise(uint32_t i)
{
    return (float)fixture_hash(i) / 2147483648.0f - 1;
}

/* A face at rest, then one that walks: the jitter shrinks, and the walk is followed. */
static void filters_jitter_and_keeps_pace(void **state)
{
    static struct bf_landmark_filter f;
    static struct bf_point3 mesh[BF_FACE_POINTS];
    static struct bf_face_eye eyes[BF_EYES];
    float before = 0, after = 0, late = 0, last_raw = 0, last = 0;
    int i, k;

    (void)state;
    for (i = 0; i < 150; i++) {
        float x = i < 100 ? 200 : 200 + 4 * (float)(i - 100), raw;

        for (k = 0; k < BF_FACE_POINTS; k++)
            mesh[k] = (struct bf_point3){x + noise((uint32_t)(i * 1000 + k)), 100, 0};
        raw = mesh[7].x;
        bf_landmark_filter_apply(&f, mesh, eyes, 100, i * 40000);
        if (i > 20 && i < 100) {
            before += fabsf(raw - last_raw);
            after += fabsf(mesh[7].x - last);
        }
        if (i > 110)
            late = fmaxf(late, fabsf(mesh[7].x - x));
        last_raw = raw;
        last = mesh[7].x;
        assert_true(mesh[9].y == 100);
    }
    assert_true(after < 0.6f * before);
    assert_true(late < 3);
    /* after a gap it starts anew */
    mesh[7].x = 700;
    bf_landmark_filter_apply(&f, mesh, eyes, 100, 149 * 40000 + 300000);
    assert_true(mesh[7].x == 700);
}

static uint8_t luma[W * H];

static void look_at(struct bf_face_view *v, const struct scene *sc, double s)
{
    const struct bf_frame f = {.width = W,
                               .height = H,
                               .pixel_format = "gray",
                               .n_planes = 1,
                               .plane = {{luma, W, W, H}},
                               .orientation = {1, 0, 0, 1}};
    int x, y;

    for (y = 0; y < H; y++)
        for (x = 0; x < W; x++)
            luma[y * W + x] = (uint8_t)fixture_luma(sc, (x + 0.5) / W, (y + 0.5) / H, s);
    assert_int_equal(bf_face_view_set(v, &f, 1, 1, NULL), BF_OK);
}

static void sees_cuts(void **state)
{
    struct bf_face_view *v = bf_face_view_create();
    struct bf_cut_watch w = {0};
    struct scene a = {.seed = 1}, b = {.seed = 2};
    bool cut;
    int i;

    (void)state;
    for (i = 0; i < 40; i++) {
        /* another scene from 20 on; a flash at 10 */
        a.bias = i == 10 ? 40 : 0;
        look_at(v, i < 20 ? &a : &b, i / 25.0);
        assert_int_equal(bf_cut_watch_add(&cut, &w, v, NULL), BF_OK);
        if (cut != (i == 20))
            fail_msg("frame %d: %s", i, cut ? "a cut" : "no cut");
    }
    bf_face_view_free(&v);
}

/* Fine noise is sharp; the same blurred is not; and size and pose count. */
static void measures_quality(void **state)
{
    static struct bf_point3 mesh[BF_FACE_POINTS];
    static uint8_t soft[W * H];
    struct bf_frame f = {.width = W,
                         .height = H,
                         .pixel_format = "gray",
                         .n_planes = 1,
                         .plane = {{luma, W, W, H}},
                         .orientation = {1, 0, 0, 1}};
    struct bf_face_view *v = bf_face_view_create();
    struct bf_head_pose ahead = {0}, away = {.yaw_deg = 60};
    float sharp, blurred;
    int i, j, k, round;

    (void)state;
    for (i = 0; i < BF_FACE_POINTS; i++)
        mesh[i] = (struct bf_point3){160 + (float)bf_canonical_face[i][0] / 150,
                                     120 - (float)bf_canonical_face[i][1] / 150, 0};
    for (i = 0; i < W * H; i++)
        luma[i] = (uint8_t)(128 + 100 * noise((uint32_t)i));
    assert_int_equal(bf_face_view_set(v, &f, 1, 1, NULL), BF_OK);
    assert_int_equal(bf_face_sharpness(&sharp, v, mesh, NULL), BF_OK);
    for (round = 0; round < 3; round++) {
        memcpy(soft, luma, sizeof soft);
        for (i = 2 * W + 2; i < W * (H - 2) - 2; i++) {
            int sum = 0;

            for (j = -2; j <= 2; j++)
                for (k = -2; k <= 2; k++)
                    sum += soft[i + j * W + k];
            luma[i] = (uint8_t)((sum + 12) / 25);
        }
    }
    assert_int_equal(bf_face_view_set(v, &f, 1, 1, NULL), BF_OK);
    assert_int_equal(bf_face_sharpness(&blurred, v, mesh, NULL), BF_OK);
    if (!(sharp > 0.9f && blurred < 0.3f))
        fail_msg("sharp %g, blurred %g", (double)sharp, (double)blurred);
    assert_true(bf_face_quality(200, 1, &ahead, 1) == 1);
    assert_true(bf_face_quality(200, 1, &away, 1) < 0.6f);
    assert_true(bf_face_quality(30, 1, &ahead, 1) < 0.3f);
    assert_true(bf_face_quality(200, 0.2f, &ahead, 1) < 0.5f);
    assert_true(bf_face_quality(200, 1, &ahead, 0.3f) == 0);
    bf_face_view_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_jitter_and_keeps_pace),
        cmocka_unit_test(sees_cuts),
        cmocka_unit_test(measures_quality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
