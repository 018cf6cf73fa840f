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
    float first[BF_TEMPORAL_PLACES], points[BF_TEMPORAL_PLACES];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        mesh_of(mesh, row[i].angle, row[i].size, row[i].x, row[i].y);
        assert_true(bf_temporal_points(points, mesh));
        if (i == 0)
            memcpy(first, points, sizeof first);
        for (k = 0; k < BF_TEMPORAL_PLACES; k++)
            assert_true(fabsf(points[k] - first[k]) < 2e-3f);
    }
    /* in the unit square, the right eye left of the left one, the chin below */
    for (k = 0; k < BF_TEMPORAL_PLACES; k++)
        assert_true(first[k] > -0.3f && first[k] < 1.3f);
    assert_true(first[0] < first[2 * 8]);
    assert_true(first[1] < first[2 * 58 + 1]);
    memset(mesh, 0, sizeof mesh);
    assert_false(bf_temporal_points(points, mesh));
}

struct model {
    struct bf_params *params;
    struct bf_temporal_net n;
    float *in, *slip;
};

static void open_model(struct model *m)
{
    memset(m, 0, sizeof *m);
    assert_int_equal(bf_params_create(&m->params, NULL), BF_OK);
    assert_int_equal(bf_temporal_net_create(&m->n, m->params, NULL), BF_OK);
    assert_int_equal(bf_params_allocate(m->params, false, 2, NULL), BF_OK);
    assert_int_equal(bf_net_plan(m->n.net, 2, 0, NULL, NULL), BF_OK);
    m->in = bf_net_value(m->n.net, m->n.in);
    m->slip = bf_net_value(m->n.net, m->n.slip);
}

static void close_model(struct model *m)
{
    bf_temporal_net_free(&m->n);
    bf_temporal_net_free(&m->n);
    bf_params_free(&m->params);
}

static void input_is_how_it_moves(void **state)
{
    enum { IN = 2 * BF_TEMPORAL_PLACES };
    static float points[BLOCK_FLOATS], moved[BLOCK_FLOATS];
    struct model m;
    size_t t, k;

    (void)state;
    open_model(&m);
    fixture_block(points, 5, true);
    memcpy(moved, points, sizeof moved);
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_PLACES; k++)
            moved[t * BF_TEMPORAL_WIDTH + k] += 0.125f * (float)(k % 7);
    bf_temporal_show(&m.n, 0, points);
    bf_temporal_show(&m.n, 1, moved);
    for (k = 0; k < BF_TEMPORAL_FRAMES * IN; k++)
        assert_true(fabsf(m.in[k] - m.in[BF_TEMPORAL_FRAMES * IN + k]) < 1e-3f);
    for (k = 0; k < BF_TEMPORAL_PLACES; k++) {
        double mean = 0;

        for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
            mean += (double)m.in[t * IN + k];
        assert_true(fabs(mean) < 1e-3);
        assert_true(fabsf(m.in[BF_TEMPORAL_PLACES + k]) <= 0);
    }
    /* steps are differences of places, in a scale of their own */
    for (t = 1; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_PLACES; k++) {
            const float *p = m.in + t * IN + k;

            assert_true(fabsf(p[BF_TEMPORAL_PLACES] - 3 * (p[0] - p[-(ptrdiff_t)IN])) < 1e-3f);
        }
    close_model(&m);
}

/* The mean over a block is the share of the tremble that a region follows: 0 or 1 here. */
static void slips_are_what_follows(void **state)
{
    static float points[BLOCK_FLOATS];
    const int kinds = BF_TEMPORAL_SLIPS;
    struct model m;
    int i, t, k;

    (void)state;
    open_model(&m);
    for (i = 0; i < 2; i++) {
        fixture_block(points, 9, i == 1);
        bf_temporal_show(&m.n, (size_t)i, points);
    }
    for (i = 0; i < 2; i++)
        for (k = 0; k < 2 * BF_SLIP_REGIONS; k++) {
            float mean = 0;

            for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
                mean += m.slip[(i * BF_TEMPORAL_FRAMES + t) * kinds + k] / BF_TEMPORAL_FRAMES;
            assert_true(fabsf(mean - (i == 0 ? 0 : 0.95f)) < 0.15f);
        }
    for (i = 0; i < 2 * BF_TEMPORAL_FRAMES * kinds; i++)
        assert_true(isfinite(m.slip[i]) && fabsf(m.slip[i]) <= 6);
    /* nothing seen is nothing said */
    memset(points, 0, sizeof points);
    bf_temporal_show(&m.n, 0, points);
    for (i = 0; i < BF_TEMPORAL_FRAMES * kinds; i++)
        assert_true(fabsf(m.slip[i]) <= 0);
    close_model(&m);
}

static void shapes_and_a_run(void **state)
{
    float points[BLOCK_FLOATS], logit[2];
    struct model m;
    size_t h, w, c, i;

    (void)state;
    open_model(&m);
    bf_net_shape(m.n.net, m.n.in, &h, &w, &c);
    assert_int_equal(h, BF_TEMPORAL_FRAMES);
    assert_int_equal(w, 1);
    assert_int_equal(c, 2 * BF_TEMPORAL_PLACES);
    bf_net_shape(m.n.net, m.n.slip, &h, &w, &c);
    assert_int_equal(h, BF_TEMPORAL_FRAMES);
    assert_int_equal(c, BF_TEMPORAL_SLIPS);
    assert_int_equal(bf_net_shape(m.n.net, m.n.logits, NULL, NULL, NULL), BF_TEMPORAL_MEMBERS);
    fixture_block(points, 1, false);
    bf_temporal_show(&m.n, 0, points);
    fixture_block(points, 1, true);
    bf_temporal_show(&m.n, 1, points);
    bf_net_forward(m.n.net);
    for (i = 0; i < 2; i++)
        logit[i] = bf_temporal_logit(&m.n, i);
    assert_true(isfinite(logit[0]) && isfinite(logit[1]) && fabsf(logit[0] - logit[1]) > 1e-6f);
    close_model(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_upright),
        cmocka_unit_test(input_is_how_it_moves),
        cmocka_unit_test(slips_are_what_follows),
        cmocka_unit_test(shapes_and_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
