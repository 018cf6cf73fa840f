#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "lib/face/canonical_face.h"
#include "lib/face/face_align.h"

static void assert_point(struct bf_point2 p, float x, float y, float slack)
{
    if (!(fabsf(p.x - x) <= slack && fabsf(p.y - y) <= slack))
        fail_msg("(%g, %g) is not (%g, %g)", (double)p.x, (double)p.y, (double)x, (double)y);
}

static void recovers_a_similarity(void **state)
{
    static const struct bf_point2 from[5] = {{0, 0}, {10, 0}, {3, 7}, {-4, 2}, {8, -9}};
    static const float angle[] = {0, 0.5f, 1.6f, -3.1f};
    size_t i, k;

    (void)state;
    for (k = 0; k < sizeof angle / sizeof *angle; k++) {
        float c = 2.5f * cosf(angle[k]), s = 2.5f * sinf(angle[k]);
        struct bf_affine got;
        struct bf_point2 to[5];

        for (i = 0; i < 5; i++)
            to[i] = (struct bf_point2){c * from[i].x - s * from[i].y + 40,
                                       s * from[i].x + c * from[i].y - 7};
        assert_true(bf_similarity_fit(&got, from, to, 5));
        for (i = 0; i < 5; i++)
            assert_point(bf_affine_apply(&got, from[i].x, from[i].y), to[i].x, to[i].y, 1e-3f);
        assert_true(fabsf(bf_affine_scale(&got) - 2.5f) < 1e-4f);
    }
}

/* Noise of zero mean round a mirrored copy: the answer is still not mirrored. */
static void never_mirrors(void **state)
{
    static const struct bf_point2 from[4] = {{0, 0}, {10, 0}, {10, 4}, {0, 4}},
                                  to[4] = {{10, 0}, {0, 0}, {0, 4}, {10, 4}},
                                  one[2] = {{3, 3}, {3, 3}};
    struct bf_affine got;

    (void)state;
    assert_true(bf_similarity_fit(&got, from, to, 4));
    assert_true(got.xx * got.yy - got.xy * got.yx >= 0);
    assert_false(bf_similarity_fit(&got, one, to, 2));
    assert_false(bf_similarity_fit(&got, from, to, 1));
}

static void inverts_and_chains(void **state)
{
    const struct bf_affine a = bf_affine_square(100, 50, 80, 0.3f, 192), flat = {.xx = 1, .yx = 2};
    struct bf_affine back, both;

    (void)state;
    assert_point(bf_affine_apply(&a, 96, 96), 100, 50, 1e-3f);
    /* its top is turned clockwise: the middle of the upper edge lies to the right */
    assert_true(bf_affine_apply(&a, 96, 0).x > 105);
    assert_true(bf_affine_invert(&back, &a));
    both = bf_affine_chain(&a, &back);
    assert_point(bf_affine_apply(&both, 13, 170), 13, 170, 1e-2f);
    assert_false(bf_affine_invert(&back, &flat));
}

static void aligns_the_mean_face(void **state)
{
    static struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_affine a, back;
    struct bf_point2 right, left;
    size_t i;

    (void)state;
    /* the canonical face, drawn small and leaning */
    for (i = 0; i < BF_FACE_POINTS; i++) {
        float x = (float)bf_canonical_face[i][0] / 200, y = -(float)bf_canonical_face[i][1] / 200;

        mesh[i] = (struct bf_point3){300 + 0.8f * x - 0.6f * y, 200 + 0.6f * x + 0.8f * y, 0};
    }
    assert_true(bf_face_align(&a, mesh, 256, 0.4f));
    assert_true(bf_affine_invert(&back, &a));
    right = bf_affine_apply(&back, (mesh[33].x + mesh[133].x) / 2, (mesh[33].y + mesh[133].y) / 2);
    left = bf_affine_apply(&back, (mesh[362].x + mesh[263].x) / 2, (mesh[362].y + mesh[263].y) / 2);
    assert_point(right, 128 - 0.2f * 256, 0.46f * 256, 0.05f);
    assert_point(left, 128 + 0.2f * 256, 0.46f * 256, 0.05f);
    assert_true(bf_face_align_five(&a, mesh));
    assert_true(bf_affine_invert(&back, &a));
    right = bf_affine_apply(&back, (mesh[33].x + mesh[133].x) / 2, (mesh[33].y + mesh[133].y) / 2);
    assert_point(right, 38.3f, 51.7f, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recovers_a_similarity),
        cmocka_unit_test(never_mirrors),
        cmocka_unit_test(inverts_and_chains),
        cmocka_unit_test(aligns_the_mean_face),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
