/* The scorer's networks of single pictures: what one says, and two together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detector/artifact_judge.h"
#include "detector/score_nets.h"
#include "lib/base/file.h"

enum { CELLS = BF_SCORE_MAP * BF_SCORE_MAP };

static char root[] = "/tmp/bonafide-test-score-nets-XXXXXX";

static const char *in_root(const char *name)
{
    static char path[300];

    snprintf(path, sizeof path, "%s/%s.safetensors", root, name);
    return path;
}

static void write_weights(enum bf_face_net kind)
{
    struct bf_params *params = NULL;
    struct bf_artifact_net net = {0};

    assert_int_equal(
        bf_artifact_open_net(&net, &params, kind, false, 1, 7 + (uint64_t)kind, NULL, NULL), BF_OK);
    assert_int_equal(bf_weights_save(in_root(bf_face_net_kinds[kind].name), BF_OUTPUT_FORCE, params,
                                     &bf_face_net_kinds[kind].weights, NULL),
                     BF_OK);
    bf_artifact_net_free(&net);
    bf_params_free(&params);
}

static int prepare(void **state)
{
    enum bf_face_net kind;

    (void)state;
    if (mkdtemp(root) == NULL)
        return -1;
    for (kind = 0; kind < BF_FACE_NETS; kind++)
        write_weights(kind);
    return 0;
}

static int clean_up(void **state)
{
    enum bf_face_net kind;

    (void)state;
    for (kind = 0; kind < BF_FACE_NETS; kind++)
        unlink(in_root(bf_face_net_kinds[kind].name));
    return rmdir(root);
}

static float drawn(size_t x, size_t y, size_t c)
{
    return 120 + 80 * sinf((float)x / 7 + (float)c) * cosf((float)(y + x) / 11);
}

/* What a network of its own says of the drawn window, from the left or mirrored. */
static float asked(float *map, enum bf_face_net kind, bool mirrored)
{
    struct bf_params *params = NULL;
    struct bf_artifact_net net = {0};
    const size_t side = BF_CHIP_WINDOW;
    size_t x, y, c;
    float logit, *in;

    assert_int_equal(bf_artifact_load_net(&net, &params, kind, root, 1, NULL, NULL), BF_OK);
    in = bf_artifact_net_window(&net, 0);
    for (y = 0; y < side; y++)
        for (x = 0; x < side; x++)
            for (c = 0; c < 3; c++)
                in[(y * side + x) * 3 + c] = drawn(mirrored ? side - 1 - x : x, y, c);
    bf_artifact_net_show(&net, 0);
    bf_net_forward(net.net);
    logit = bf_net_value(net.net, net.logit)[0];
    if (net.map >= 0)
        memcpy(map, bf_net_value(net.net, net.map), CELLS * sizeof *map);
    bf_artifact_net_free(&net);
    bf_params_free(&params);
    return logit;
}

static void near(float a, float b)
{
    assert_true(fabsf(a - b) <= 1e-4f * (1 + fabsf(b)));
}

/* The means of the networks that are there; the baseline is beside them. */
static void are_averaged(void **state)
{
    float map[BF_FACE_NETS][2][CELLS], logit[BF_FACE_NETS][2];
    const size_t side = BF_CHIP_WINDOW;
    enum bf_face_net kind, kinds;
    size_t x, y, c;

    (void)state;
    for (kind = 0; kind < BF_FACE_NETS; kind++)
        for (c = 0; c < 2; c++)
            logit[kind][c] = asked(map[kind][c], kind, c == 1);
    for (kinds = BF_FACE_NETS - 1; kinds > 0; kinds--) {
        struct bf_track_look look[BF_SCORE_SWEEP] = {0};
        struct bf_score_nets n = {0};
        float want = 0;

        assert_int_equal(bf_score_nets_open(&n, root, kinds > 1, NULL, NULL), BF_OK);
        for (y = 0; y < side; y++)
            for (x = 0; x < side; x++)
                for (c = 0; c < 3; c++)
                    n.window[(y * side + x) * 3 + c] = drawn(x, y, c);
        bf_score_nets_look(look, &n, 1);
        for (kind = 0; kind < kinds; kind++)
            want += (logit[kind][0] + logit[kind][1]) / (2 * (float)kinds);
        near(look[0].frame.logit, want);
        for (y = 0; y < BF_SCORE_MAP; y++)
            for (x = 0; x < BF_SCORE_MAP; x++) {
                size_t i = y * BF_SCORE_MAP + x, back = y * BF_SCORE_MAP + BF_SCORE_MAP - 1 - x;

                for (want = 0, kind = 0; kind < kinds; kind++)
                    want += (map[kind][0][i] + map[kind][1][back]) / (2 * (float)kinds);
                near(look[0].map[i], want);
            }
        if (kinds > 1)
            near(look[0].baseline, logit[BF_FACE_NET_MESO][0]);
        else
            assert_true(isnan(look[0].baseline));
        bf_score_nets_close(&n);
        assert_int_equal(access(in_root("backbone"), F_OK), kinds > 1 ? 0 : -1);
        if (kinds > 1)
            unlink(in_root("backbone"));
    }
    write_weights(BF_FACE_NET_BACKBONE);
}

static void refused(void **state)
{
    struct bf_score_nets n = {0};
    struct bf_error err;
    char meso[300];

    (void)state;
    snprintf(meso, sizeof meso, "%s", in_root("meso4"));
    assert_int_equal(rename(meso, in_root("backbone")), 0);
    assert_int_equal(bf_score_nets_open(&n, root, false, NULL, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "detector-backbone"));
    bf_score_nets_close(&n);
    write_weights(BF_FACE_NET_BACKBONE);
    write_weights(BF_FACE_NET_MESO);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_averaged),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, prepare, clean_up);
}
