/* The artifact network and the baseline: shapes, what they are shown, and what does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/artifact_net.h"
#include "detector/chip_detail.h"

struct model {
    struct bf_params *params;
    struct bf_artifact_net net;
};

static void open_model(struct model *m, bool meso, size_t n, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    assert_int_equal(bf_params_create(&m->params, NULL), BF_OK);
    assert_int_equal(meso ? bf_meso_net_create(&m->net, m->params, NULL)
                          : bf_artifact_net_create(&m->net, m->params, NULL),
                     BF_OK);
    assert_int_equal(bf_params_allocate(m->params, false, seed, NULL), BF_OK);
    if (n > 0)
        assert_int_equal(bf_net_plan(m->net.net, n, 0, NULL, NULL), BF_OK);
}

static void close_model(struct model *m)
{
    bf_artifact_net_free(&m->net);
    bf_params_free(&m->params);
}

static void shape_is(const struct model *m, int node, size_t h, size_t w, size_t c)
{
    size_t a, b, d;

    assert_int_equal(bf_net_shape(m->net.net, node, &a, &b, &d), h * w * c);
    assert_int_equal(a, h);
    assert_int_equal(b, w);
    assert_int_equal(d, c);
}

static void draw(const struct bf_artifact_net *n, size_t i, int seed)
{
    float *in = bf_artifact_net_window(n, i);
    size_t k;

    for (k = 0; k < BF_CHIP_WINDOW_FLOATS; k++)
        in[k] = 127 + 90 * sinf((float)(k / 3 % BF_CHIP_WINDOW + (size_t)seed * 9) / 9) *
                          cosf((float)(k / 3 / BF_CHIP_WINDOW) / (float)(5 + seed));
    bf_artifact_net_show(n, i);
}

/* Both take a window and say something finite of each picture of a batch by itself. */
static void shapes_and_a_run(void **state)
{
    int meso;

    (void)state;
    for (meso = 0; meso < 2; meso++) {
        struct model m, one;
        float both[2];
        size_t i;

        open_model(&m, meso, 2, 3);
        open_model(&one, meso, 1, 3);
        shape_is(&m, m.net.in, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3);
        shape_is(&m, m.net.logit, 1, 1, 1);
        if (meso) {
            assert_int_equal(m.net.map, -1);
            assert_int_equal(m.net.detail, -1);
            assert_int_equal(m.net.coarse, -1);
        } else {
            shape_is(&m, m.net.map, BF_ARTIFACT_MAP, BF_ARTIFACT_MAP, 1);
            shape_is(&m, m.net.detail, BF_CHIP_WINDOW, BF_CHIP_WINDOW, BF_CHIP_DETAIL);
            shape_is(&m, m.net.coarse, BF_CHIP_WINDOW / 2, BF_CHIP_WINDOW / 2, BF_CHIP_DETAIL);
        }
        draw(&m.net, 0, 1);
        draw(&m.net, 1, 2);
        bf_net_forward(m.net.net);
        memcpy(both, bf_net_value(m.net.net, m.net.logit), sizeof both);
        assert_true(isfinite(both[0]) && isfinite(both[1]));
        assert_true(fabsf(both[0] - both[1]) > 1e-6f);
        for (i = 0; m.net.map >= 0 && i < (size_t)2 * BF_ARTIFACT_MAP * BF_ARTIFACT_MAP; i++)
            assert_true(isfinite(bf_net_value(m.net.net, m.net.map)[i]));
        draw(&one.net, 0, 2);
        bf_net_forward(one.net.net);
        assert_true(fabsf(bf_net_value(one.net.net, one.net.logit)[0] - both[1]) <
                    1e-3f * (1 + fabsf(both[1])));
        close_model(&m);
        close_model(&one);
        assert_null(m.net.net);
    }
}

static void input_is_centred(void **state)
{
    static const float rgb[6] = {122.782f, 117.001f, 104.298f, 255, 0, 104.298f + 128};
    struct model m;
    float *in, *window;
    int i;

    (void)state;
    open_model(&m, false, 2, 1);
    in = bf_net_value(m.net.net, m.net.in) + BF_CHIP_WINDOW_FLOATS;
    window = bf_artifact_net_window(&m.net, 1);
    assert_ptr_equal(window, in);
    memset(window, 0, BF_CHIP_WINDOW_FLOATS * sizeof *window);
    memcpy(window, rgb, sizeof rgb);
    bf_artifact_net_show(&m.net, 1);
    for (i = 0; i < 3; i++)
        assert_true(fabsf(in[i]) < 1e-6f);
    assert_true(fabsf(in[3] - (255 - 122.782f) / 256) < 1e-6f);
    assert_true(fabsf(in[4] + 117.001f / 256) < 1e-6f);
    assert_true(fabsf(in[5] - 0.5f) < 1e-6f);
    close_model(&m);
}

static const float *value_of(const struct model *m, const char *name, size_t *n)
{
    size_t i;

    assert_int_equal(bf_params_find(&i, m->params, name, NULL), BF_OK);
    *n = m->params->list[i].n;
    return bf_params_value(m->params, i);
}

static void is_blind_to_colour(const struct model *m, const char *weight)
{
    size_t n, oc, in, o, k;
    const float *w = value_of(m, weight, &n);

    oc = n / 9 / (3 + BF_CHIP_DETAIL);
    for (in = 0; in < 3 + BF_CHIP_DETAIL; in++)
        for (o = 0; o < oc; o++) {
            float sum = 0, size = 0;

            for (k = 0; k < 9; k++) {
                float v = w[(k * (3 + BF_CHIP_DETAIL) + in) * oc + o];

                sum += v;
                size += fabsf(v);
            }
            assert_true(in >= 3 || fabsf(sum) < 1e-4f);
            assert_true(size > (in < 3 ? 2 : 0.1f));
        }
}

/* The first layers begin blind to flat colours, and not to detail. */
static void begins_blind_to_colour(void **state)
{
    struct model m;

    (void)state;
    open_model(&m, false, 0, 1);
    assert_int_equal(bf_artifact_net_begin(m.params, NULL), BF_OK);
    is_blind_to_colour(&m, "fine1.weight");
    is_blind_to_colour(&m, "trace1.weight");
    close_model(&m);
    /* there is no such layer in the baseline */
    open_model(&m, true, 0, 1);
    assert_int_not_equal(bf_artifact_net_begin(m.params, NULL), BF_OK);
    close_model(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_and_a_run),
        cmocka_unit_test(input_is_centred),
        cmocka_unit_test(begins_blind_to_colour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
