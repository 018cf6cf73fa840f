/* Where a chip is cut, and how its window lies in it. */
#include "tests/unit/chip_fixture.h"

#include "detector/chip_augment.h"
#include "lib/face/head_pose.h"
#include "lib/media/video.h"

static void near(float a, float b, float within)
{
    if (!(fabsf(a - b) <= within))
        fail_msg("%.9g is not %.9g", (double)a, (double)b);
}

static void same_affine(const struct bf_affine *a, const struct bf_affine *b, float within)
{
    near(a->xx, b->xx, within);
    near(a->xy, b->xy, within);
    near(a->yx, b->yx, within);
    near(a->yy, b->yy, within);
    near(a->x0, b->x0, within * 100);
    near(a->y0, b->y0, within * 100);
}

/* A face's mesh turned by angle and of that size, its middle at (x, y). */
static void mesh_of(struct bf_point3 mesh[BF_FACE_POINTS], float angle, float size, float x,
                    float y)
{
    const struct bf_point2 centre = {0, 0};
    struct bf_head_pose pose = {.translation = {0, 0, 90}};
    unsigned k;

    bf_head_pose_rotation(pose.rotation, 0, 0, 0);
    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(&pose, k, centre, size);

        mesh[k] = (struct bf_point3){x + cosf(angle) * p.x - sinf(angle) * p.y,
                                     y + sinf(angle) * p.x + cosf(angle) * p.y, 0};
    }
}

static const struct {
    float angle, size, x, y;
} places[] = {{0, 900, 200, 180}, {0.4f, 300, 90, 300}, {-1.2f, 2000, 900, 40}, {3, 500, 0, 0}};

/* The window in the middle of the chip is what a scored video is looked at through. */
static void window_in_the_middle(void **state)
{
    struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_affine window = bf_chip_window(0, 1, 0, 0, false), chip, both, placed;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof places / sizeof *places; i++) {
        mesh_of(mesh, places[i].angle, places[i].size, places[i].x, places[i].y);
        assert_true(bf_chip_place(&chip, mesh));
        assert_true(bf_chip_place_window(&placed, mesh));
        both = bf_affine_chain(&window, &chip);
        same_affine(&both, &placed, 1e-4f);
        /* and the aligned face at the window's own size and distance of eyes is the same again */
        assert_true(bf_face_align(&both, mesh, BF_CHIP_WINDOW, BF_CHIP_EYE_DISTANCE));
        near(bf_affine_scale(&both) / bf_affine_scale(&placed), 1, 1e-4f);
        near(both.xx, placed.xx, 1e-3f);
        near(both.yx, placed.yx, 1e-3f);
    }
    memset(mesh, 0, sizeof mesh);
    assert_false(bf_chip_place(&chip, mesh));
    assert_false(bf_chip_place_window(&placed, mesh));
}

static void windows(void **state)
{
    static const struct {
        float angle, scale, dx, dy;
        bool flip;
        float px, py, cx, cy; /* a pixel of the window and its place in the chip */
    } row[] = {
        {0, 1, 0, 0, false, 128, 128, 160, 160},
        {0, 1, 0, 0, false, 0, 0, 32, 32},
        {0, 1, 0, 0, false, 256, 0, 288, 32},
        {0, 1, 0, 0, true, 0, 0, 288, 32},
        {0, 1, 0, 0, true, 128, 128, 160, 160},
        {0, 2, 0, 0, false, 256, 256, 416, 416},
        {0, 1, 0.25f, 0, false, 128, 128, 224, 160},
        {0, 1, 0.25f, -0.5f, true, 128, 128, 224, 32},
        {1.5707964f, 1, 0, 0, false, 256, 128, 160, 288},
        {1.5707964f, 1, 0, 0, true, 256, 128, 160, 32},
        {0.3f, 1.1f, 0.1f, 0.1f, true, 128, 128, 185.6f, 185.6f},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_affine a =
            bf_chip_window(row[i].angle, row[i].scale, row[i].dx, row[i].dy, row[i].flip);
        struct bf_point2 p = bf_affine_apply(&a, row[i].px, row[i].py);

        near(p.x, row[i].cx, 1e-3f);
        near(p.y, row[i].cy, 1e-3f);
        near(a.xx * a.yy - a.xy * a.yx, (row[i].flip ? -1 : 1) * row[i].scale * row[i].scale,
             1e-3f);
    }
}

/* A picture of two ramps: what is cut says where it was cut. */
static void cuts_where_it_says(void **state)
{
    enum { SIDE = 240 };
    static uint8_t y[SIDE * SIDE], grey[SIDE * SIDE / 4], chip[BF_CHIP_BYTES];
    static float work[BF_CHIP_BYTES], window[BF_CHIP_WINDOW_FLOATS];
    const struct bf_frame f = {.width = SIDE,
                               .height = SIDE,
                               .pixel_format = "yuv420p",
                               .n_planes = 3,
                               .plane = {{y, SIDE, SIDE, SIDE},
                                         {grey, SIDE / 2, SIDE / 2, SIDE / 2},
                                         {grey, SIDE / 2, SIDE / 2, SIDE / 2}},
                               .orientation = {1, 0, 0, 1}};
    const struct bf_affine middle = bf_chip_window(0, 1, 0, 0, false),
                           to = bf_affine_square(120, 120, 160, 0.2f, BF_CHIP_SIZE);
    struct bf_affine window_to = bf_affine_chain(&middle, &to);
    struct bf_face_view *view = bf_face_view_create();
    struct bf_chip_change none;
    struct bf_random r = {1};
    static float again[BF_CHIP_WINDOW_FLOATS];
    size_t i;
    double most = 0;

    (void)state;
    assert_non_null(view);
    memset(grey, 128, sizeof grey);
    for (i = 0; i < SIDE * SIDE; i++)
        y[i] = (uint8_t)(30 + (i % SIDE) / 2 + (i / SIDE) / 3);
    assert_int_equal(bf_face_view_set(view, &f, 1, 1, NULL), BF_OK);
    assert_int_equal(bf_chip_cut(chip, work, view, &to, NULL), BF_OK);
    assert_int_equal(bf_chip_cut_window(window, view, &window_to, NULL), BF_OK);
    bf_chip_change_none(&none);
    assert_int_equal(bf_chip_change_apply(again, chip, &none, &r, NULL), BF_OK);
    /* the window of the chip and the window of the picture are the same pixels, but for rounding */
    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        most = fmax(most, fabs((double)window[i] - (double)again[i]));
    assert_true(most < 1.5);
    assert_true(fabsf(again[0] - again[BF_CHIP_WINDOW_FLOATS - 1]) > 40);
    bf_face_view_free(&view);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_in_the_middle),
        cmocka_unit_test(windows),
        cmocka_unit_test(cuts_where_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
