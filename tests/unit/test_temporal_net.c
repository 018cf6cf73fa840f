/* What the temporal network sees of a face: how it moves, not whose it is or where. */
#include "tests/unit/block_fixture.h"

#include "detector/temporal_net.h"
#include "lib/face/head_pose.h"

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

/* Upright and at one size, wherever the face is. */
static void points_are_upright(void **state)
{
    static const struct {
        float angle, size, x, y;
    } row[] = {{0, 900, 300, 200}, {0.5f, 900, 0, 0}, {-2, 120, 700, 90}, {3.1f, 4000, -50, 800}};
    struct bf_point3 mesh[BF_FACE_POINTS];
    float first[BF_TEMPORAL_WIDTH], points[BF_TEMPORAL_WIDTH];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        mesh_of(mesh, row[i].angle, row[i].size, row[i].x, row[i].y);
        assert_true(bf_temporal_points(points, mesh));
        if (i == 0)
            memcpy(first, points, sizeof first);
        for (k = 0; k < BF_TEMPORAL_WIDTH; k++)
            assert_true(fabsf(points[k] - first[k]) < 2e-3f);
    }
    /* in the unit square, the right eye left of the left one, the chin below */
    for (k = 0; k < BF_TEMPORAL_WIDTH; k++)
        assert_true(first[k] > -0.3f && first[k] < 1.3f);
    assert_true(first[0] < first[2 * 8]);
    assert_true(first[1] < first[2 * 58 + 1]);
    memset(mesh, 0, sizeof mesh);
    assert_false(bf_temporal_points(points, mesh));
}

static void input_is_how_it_moves(void **state)
{
    static float points[BLOCK_FLOATS], moved[BLOCK_FLOATS], in[2 * BLOCK_FLOATS],
        other[2 * BLOCK_FLOATS];
    double mean;
    size_t t, k;

    (void)state;
    fixture_block(points, 5, true);
    for (k = 0; k < BLOCK_FLOATS; k++)
        moved[k] = points[k] + 0.125f * (float)(k % BF_TEMPORAL_WIDTH % 7);
    bf_temporal_input(in, points);
    bf_temporal_input(other, moved);
    for (k = 0; k < 2 * BLOCK_FLOATS; k++)
        assert_true(fabsf(in[k] - other[k]) < 1e-3f);
    for (k = 0; k < BF_TEMPORAL_WIDTH; k++) {
        mean = 0;
        for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
            mean += (double)in[t * 2 * BF_TEMPORAL_WIDTH + k];
        assert_true(fabs(mean) < 1e-3);
        assert_true(fabsf(in[BF_TEMPORAL_WIDTH + k]) <= 0);
    }
    /* steps are differences of places, in a scale of their own */
    for (t = 1; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_WIDTH; k++) {
            const float *p = in + t * 2 * BF_TEMPORAL_WIDTH + k;

            assert_true(fabsf(p[BF_TEMPORAL_WIDTH] -
                              3 * (p[0] - p[-(ptrdiff_t)(2 * BF_TEMPORAL_WIDTH)])) < 1e-3f);
        }
}

static void shapes_and_a_run(void **state)
{
    struct bf_params *params = NULL;
    struct bf_temporal_net n = {0};
    float points[BLOCK_FLOATS], logit[2];
    size_t h, w, c;

    (void)state;
    assert_int_equal(bf_params_create(&params, NULL), BF_OK);
    assert_int_equal(bf_temporal_net_create(&n, params, NULL), BF_OK);
    assert_int_equal(bf_params_allocate(params, false, 2, NULL), BF_OK);
    assert_int_equal(bf_net_plan(n.net, 2, 0, NULL, NULL), BF_OK);
    bf_net_shape(n.net, n.in, &h, &w, &c);
    assert_int_equal(h, BF_TEMPORAL_FRAMES);
    assert_int_equal(w, 1);
    assert_int_equal(c, 2 * BF_TEMPORAL_WIDTH);
    assert_int_equal(bf_net_shape(n.net, n.logit, NULL, NULL, NULL), 1);
    fixture_block(points, 1, false);
    bf_temporal_input(bf_net_value(n.net, n.in), points);
    fixture_block(points, 1, true);
    bf_temporal_input(bf_net_value(n.net, n.in) + 2 * BLOCK_FLOATS, points);
    bf_net_forward(n.net);
    memcpy(logit, bf_net_value(n.net, n.logit), sizeof logit);
    assert_true(isfinite(logit[0]) && isfinite(logit[1]) && fabsf(logit[0] - logit[1]) > 1e-6f);
    bf_temporal_net_free(&n);
    bf_temporal_net_free(&n);
    bf_params_free(&params);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_upright),
        cmocka_unit_test(input_is_how_it_moves),
        cmocka_unit_test(shapes_and_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
