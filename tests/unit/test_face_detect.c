#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/face/face_mesh.h"

static float score16[512], score8[384], box16[512 * 16], box8[384 * 16];
static const struct bf_blazeface_answer answer = {score16, score8, box16, box8};

static void decodes(void **state)
{
    struct bf_face_found f[4];
    int i;

    (void)state;
    for (i = 0; i < 512; i++)
        score16[i] = -5;
    for (i = 0; i < 384; i++)
        score8[i] = -5;
    /* second anchor of cell (3, 2) of the fine grid; first of cell (7, 0) of the coarse one */
    i = (2 * 16 + 3) * 2 + 1;
    score16[i] = 2;
    box16[i * 16] = 4;
    box16[i * 16 + 1] = -1;
    box16[i * 16 + 2] = 20;
    box16[i * 16 + 3] = 30;
    box16[i * 16 + 4] = -3;
    i = 7 * 6;
    score8[i] = 1;
    box8[i * 16 + 2] = box8[i * 16 + 3] = 64;
    assert_int_equal(bf_blazeface_decode(f, 4, &answer, 0.5f), 2);
    assert_true(fabsf(f[0].score - 0.8808f) < 1e-3f);
    assert_true(f[0].box.left == 50 && f[0].box.right == 70);
    assert_true(f[0].box.top == 24 && f[0].box.bottom == 54);
    assert_true(f[0].point[0].x == 53 && f[0].point[0].y == 40);
    assert_true(f[1].box.left == 208 && f[1].box.top == -16);
    assert_int_equal(bf_blazeface_decode(f, 1, &answer, 0.5f), 1);
    assert_int_equal(bf_blazeface_decode(f, 4, &answer, 0.85f), 1);
    /* what is no box is none */
    box8[i * 16 + 2] = NAN;
    assert_int_equal(bf_blazeface_decode(f, 4, &answer, 0.5f), 1);
}

static struct bf_face_found found(float x, float y, float side, float score)
{
    return (struct bf_face_found){.box = {x, y, x + side, y + side}, .score = score};
}

static void merges(void **state)
{
    struct bf_face_found f[5];

    (void)state;
    f[0] = found(100, 100, 50, 0.6f);
    f[1] = found(110, 100, 50, 0.6f);
    f[2] = found(300, 100, 40, 0.9f);
    f[3] = found(305, 110, 12, 0.7f); /* within another */
    f[4] = found(500, 100, 40, 0.8f);
    assert_int_equal(bf_face_found_merge(f, 5), 3);
    assert_true(f[0].score == 0.9f && f[0].box.left == 300);
    assert_true(f[1].score == 0.8f);
    assert_true(f[2].score == 0.6f && fabsf(f[2].box.left - 105) < 0.1f);
    assert_int_equal(bf_face_found_merge(f, 0), 0);
}

/* Wherever a face of the smallest size or more is, some tile shows it whole and large enough. */
static void tiles_cover(void **state)
{
    static const float size[][2] = {{1280, 720}, {360, 288}, {1920, 1080}, {720, 1280}, {64, 48}};
    static struct bf_face_tile tile[BF_TILES_MAX];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof size / sizeof *size; i++) {
        size_t n = bf_face_tiles_plan(tile, size[i][0], size[i][1], 24);
        float face, x, y;

        assert_true(n >= 1 && n <= BF_TILES_MAX);
        assert_true(tile[0].side == fmaxf(size[i][0], size[i][1]));
        for (face = 26; face < fminf(size[i][0], size[i][1]) / 2; face *= 1.3f)
            for (y = 0; y + face < size[i][1]; y += 7)
                for (x = 0; x + face < size[i][0]; x += 13) {
                    for (k = 0; k < n; k++) {
                        float l = tile[k].x - tile[k].side / 2, u = tile[k].y - tile[k].side / 2;

                        if ((l <= 1 || x > l + 0.05f * face) && (u <= 1 || y > u + 0.05f * face) &&
                            x + face < l + tile[k].side && y + face < u + tile[k].side &&
                            face * 256 / tile[k].side >= 17)
                            break;
                    }
                    if (k == n)
                        fail_msg("%g x %g: a face of %g at (%g, %g) is in no tile",
                                 (double)size[i][0], (double)size[i][1], (double)face, (double)x,
                                 (double)y);
                }
    }
    /* a huge picture has as many as there may be, and no more */
    assert_true(bf_face_tiles_plan(tile, 16384, 8704, 24) <= BF_TILES_MAX);
}

static void missing_models_are_said(void **state)
{
    struct bf_face_detector *d = NULL;
    struct bf_face_mesh *m = NULL;
    struct bf_error err;

    (void)state;
    assert_int_equal(bf_face_detector_open(&d, "/nowhere", NULL, &err), BF_ERR_IO);
    assert_null(d);
    assert_non_null(strstr(err.text, "/nowhere/blazeface.json"));
    assert_int_equal(bf_face_mesh_open(&m, "/nowhere", NULL, &err), BF_ERR_IO);
    assert_null(m);
    bf_face_detector_close(&d);
    bf_face_mesh_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(merges),
        cmocka_unit_test(tiles_cover),
        cmocka_unit_test(missing_models_are_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
