#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "lib/face/canonical_face.h"
#include "lib/face/head_pose.h"

enum { W = 1280, H = 720 };

static const struct bf_point2 centre = {W / 2.0f, H / 2.0f};

static void assert_near(float got, float want, float slack, const char *what)
{
    if (!(fabsf(got - want) <= slack))
        fail_msg("%s is %g where %g was expected", what, (double)got, (double)want);
}

/* A mesh as a camera sees the canonical face, with noise of so many pixels. */
static void draw(struct bf_point3 mesh[BF_FACE_POINTS], const struct bf_head_pose *pose,
                 float noise)
{
    uint32_t seed = 1;
    unsigned k;

    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(pose, k, centre, W);
        int i;

        for (i = 0; i < 2; i++) {
            seed = seed * 1664525u + 1013904223u;
            *(i ? &p.y : &p.x) += noise * ((float)(seed >> 8) / 8388608.0f - 1);
        }
        mesh[k] = (struct bf_point3){p.x, p.y, 0};
    }
}

static struct bf_head_pose pose_of(float yaw, float pitch, float roll, float x, float y, float z)
{
    struct bf_head_pose p = {
        .yaw_deg = yaw, .pitch_deg = pitch, .roll_deg = roll, .translation = {x, y, z}};

    bf_head_pose_rotation(p.rotation, yaw, pitch, roll);
    return p;
}

static void finds_the_pose(void **state)
{
    static const float yaw[] = {-70, -45, -10, 0, 20, 60}, pitch[] = {-40, 0, 25},
                       roll[] = {-150, -30, 0, 45, 90},
                       place[][3] = {{0, 0, 60}, {20, -8, 45}, {-60, 30, 300}};
    static struct bf_point3 mesh[BF_FACE_POINTS];
    size_t a, b, c, d;

    (void)state;
    for (a = 0; a < sizeof yaw / sizeof *yaw; a++)
        for (b = 0; b < sizeof pitch / sizeof *pitch; b++)
            for (c = 0; c < sizeof roll / sizeof *roll; c++)
                for (d = 0; d < 3; d++) {
                    struct bf_head_pose want = pose_of(yaw[a], pitch[b], roll[c], place[d][0],
                                                       place[d][1], place[d][2]),
                                        got;

                    draw(mesh, &want, 0);
                    assert_true(bf_head_pose_of_mesh(&got, mesh, W, H));
                    assert_near(got.yaw_deg, want.yaw_deg, 0.05f, "yaw");
                    assert_near(got.pitch_deg, want.pitch_deg, 0.05f, "pitch");
                    assert_near(got.roll_deg, want.roll_deg, 0.05f, "roll");
                    assert_near(got.translation[2], want.translation[2], 0.2f, "depth");
                    assert_near(got.error_px, 0, 0.01f, "error");
                    draw(mesh, &want, 0.01f * W / want.translation[2]);
                    assert_true(bf_head_pose_of_mesh(&got, mesh, W, H));
                    assert_near(got.yaw_deg, want.yaw_deg, 1, "noisy yaw");
                    assert_near(got.pitch_deg, want.pitch_deg, 1, "noisy pitch");
                    assert_near(got.roll_deg, want.roll_deg, 1, "noisy roll");
                }
}

/* What the signs mean, told by the tip of the nose and the chin. */
static void has_signs(void **state)
{
    enum { NOSE = 1, CHIN = 152, FOREHEAD = 10 };
    struct bf_head_pose p = pose_of(30, 0, 0, 0, 0, 60);

    (void)state;
    assert_true(bf_head_pose_project(&p, NOSE, centre, W).x > centre.x + 20);
    p = pose_of(0, 30, 0, 0, 0, 60);
    assert_true(bf_head_pose_project(&p, NOSE, centre, W).y < centre.y - 20);
    p = pose_of(0, 0, 30, 0, 0, 60);
    assert_true(bf_head_pose_project(&p, FOREHEAD, centre, W).x > centre.x + 20);
    assert_true(bf_head_pose_project(&p, CHIN, centre, W).x < centre.x - 20);
    p = pose_of(0, 0, 0, 0, 0, 60);
    assert_true(bf_head_pose_project(&p, FOREHEAD, centre, W).y < centre.y);
}

static void refuses(void **state)
{
    static struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_point2 at[8] = {{0}};
    uint16_t index[8] = {0};
    struct bf_head_pose p;
    unsigned k;

    (void)state;
    assert_false(bf_head_pose_of_mesh(&p, mesh, W, H));
    assert_false(bf_head_pose_solve(&p, at, index, 5, centre, W));
    assert_false(bf_head_pose_solve(&p, at, index, 8, centre, W));
    for (k = 0; k < BF_FACE_POINTS; k++)
        mesh[k].x = NAN;
    assert_false(bf_head_pose_of_mesh(&p, mesh, W, H));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_pose),
        cmocka_unit_test(has_signs),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
