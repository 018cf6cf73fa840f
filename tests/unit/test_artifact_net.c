/* The artifact network and the baseline: shapes, and the recognition network to begin with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detector/artifact_net.h"
#include "lib/base/file.h"

#define RECOGNITION "fixtures/node_modules/@vladmandic/face-api/model"

static char root[] = "/tmp/bonafide-test-net-XXXXXX";
static char manifest[128], weights[128];

static int make_root(void **state)
{
    (void)state;
    if (mkdtemp(root) == NULL)
        return 1;
    snprintf(manifest, sizeof manifest, "%s/face_recognition_model-weights_manifest.json", root);
    snprintf(weights, sizeof weights, "%s/face_recognition_model.bin", root);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    unlink(manifest);
    unlink(weights);
    return rmdir(root);
}

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

static void draw(float *in, int seed)
{
    size_t i;

    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        in[i] = 120 + 90 * sinf((float)(i / 3 % BF_CHIP_WINDOW + (size_t)seed * 9) / 9) *
                          cosf((float)(i / 3 / BF_CHIP_WINDOW) / (float)(5 + seed));
    bf_artifact_input(in, BF_CHIP_WINDOW_FLOATS);
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
        if (meso)
            assert_int_equal(m.net.map, -1);
        else
            shape_is(&m, m.net.map, BF_ARTIFACT_MAP, BF_ARTIFACT_MAP, 1);
        draw(bf_net_value(m.net.net, m.net.in), 1);
        draw(bf_net_value(m.net.net, m.net.in) + BF_CHIP_WINDOW_FLOATS, 2);
        bf_net_forward(m.net.net);
        memcpy(both, bf_net_value(m.net.net, m.net.logit), sizeof both);
        assert_true(isfinite(both[0]) && isfinite(both[1]));
        assert_true(fabsf(both[0] - both[1]) > 1e-6f);
        for (i = 0; m.net.map >= 0 && i < (size_t)2 * BF_ARTIFACT_MAP * BF_ARTIFACT_MAP; i++)
            assert_true(isfinite(bf_net_value(m.net.net, m.net.map)[i]));
        draw(bf_net_value(one.net.net, one.net.in), 2);
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
    float rgb[6] = {122.782f, 117.001f, 104.298f, 255, 0, 104.298f + 128};

    (void)state;
    bf_artifact_input(rgb, 6);
    assert_true(fabsf(rgb[0]) + fabsf(rgb[1]) + fabsf(rgb[2]) < 1e-6f);
    assert_true(fabsf(rgb[3] - (255 - 122.782f) / 256) < 1e-6f);
    assert_true(fabsf(rgb[4] + 117.001f / 256) < 1e-6f);
    assert_true(fabsf(rgb[5] - 0.5f) < 1e-6f);
}

/* --- a recognition network made up: as many layers, numbers by arithmetic
 * -------------------------------------------------------------------------------------- */

static const char *const blocks[] = {"conv32_1",  "conv32_2",  "conv32_3",     "conv64_down",
                                     "conv64_1",  "conv64_2",  "conv64_3",     "conv128_down",
                                     "conv128_1", "conv128_2", "conv256_down", "conv256_1"};
static const size_t in_of[] = {32, 32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256};
static const size_t out_of[] = {32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256};

struct making {
    json_t *list;
    struct bf_buf bytes;
    bool floats;
};

static void add_tensor(struct making *m, const char *layer, const char *what, size_t kh, size_t ic,
                       size_t oc, unsigned value)
{
    size_t n = kh > 0 ? kh * kh * ic * oc : oc, i;
    json_t *w, *shape;
    char name[96];

    snprintf(name, sizeof name, "%s/%s", layer, what);
    shape = kh > 0 ? json_pack("[I,I,I,I]", (json_int_t)kh, (json_int_t)kh, (json_int_t)ic,
                               (json_int_t)oc)
                   : json_pack("[I]", (json_int_t)oc);
    w = json_pack("{s:s, s:o, s:s}", "name", name, "shape", shape, "dtype", "float32");
    if (!m->floats)
        json_object_set_new(
            w, "quantization",
            json_pack("{s:s, s:f, s:f}", "dtype", "uint8", "scale", 0.5, "min", -1.0));
    json_array_append_new(m->list, w);
    for (i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)(value + (kh > 0 ? i % 3 : 0));
        float v = byte * 0.5f - 1;

        if (m->floats)
            bf_buf_append(&m->bytes, &v, sizeof v);
        else
            bf_buf_append(&m->bytes, &byte, 1);
    }
}

/* filters 0, 0.5, 1, ...; bias 2; scale 3; shift 4 */
static void add_layer(struct making *m, const char *layer, size_t k, size_t ic, size_t oc)
{
    add_tensor(m, layer, "conv/filters", k, ic, oc, 2);
    add_tensor(m, layer, "conv/bias", 0, 0, oc, 6);
    add_tensor(m, layer, "scale/weights", 0, 0, oc, 8);
    add_tensor(m, layer, "scale/biases", 0, 0, oc, 10);
}

static void make_network(struct making *m, bool floats)
{
    char layer[64];
    size_t i;

    memset(m, 0, sizeof *m);
    m->floats = floats;
    m->list = json_array();
    add_layer(m, "conv32_down", 7, 3, 32);
    for (i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        snprintf(layer, sizeof layer, "%s/conv1", blocks[i]);
        add_layer(m, layer, 3, in_of[i], out_of[i]);
        snprintf(layer, sizeof layer, "%s/conv2", blocks[i]);
        add_layer(m, layer, 3, out_of[i], out_of[i]);
    }
}

static void write_network(const struct making *m)
{
    json_t *all = json_pack("[{s:O, s:[s]}]", "weights", m->list, "paths", "x.bin");
    char *text = json_dumps(all, JSON_COMPACT);
    struct bf_buf b = {0};

    bf_buf_append(&b, text, strlen(text));
    assert_int_equal(bf_file_write(manifest, BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    assert_int_equal(bf_file_write(weights, BF_OUTPUT_FORCE, &m->bytes, NULL), BF_OK);
    bf_buf_release(&b);
    free(text);
    json_decref(all);
}

static void drop_network(struct making *m)
{
    json_decref(m->list);
    bf_buf_release(&m->bytes);
}

static const float *value_of(const struct model *m, const char *name)
{
    size_t i;

    assert_int_equal(bf_params_find(&i, m->params, name, NULL), BF_OK);
    return bf_params_value(m->params, i);
}

/* The scale goes into the convolution; a wider shortcut begins as what is there, and zeros. */
static void begins_with_a_recognition_network(void **state)
{
    int floats;

    (void)state;
    for (floats = 0; floats < 2; floats++) {
        struct making made;
        struct model m;
        const float *v;
        size_t i;

        make_network(&made, floats);
        write_network(&made);
        open_model(&m, false, 0, 1);
        assert_int_equal(bf_artifact_net_begin(m.params, root, NULL), BF_OK);
        v = value_of(&m, "conv32_down.weight");
        for (i = 0; i < 9; i++)
            assert_true(fabsf(v[i] - 1.5f * (float)(i % 3)) < 1e-5f);
        v = value_of(&m, "conv256_1.conv2.bias");
        assert_true(fabsf(v[0] - 10) < 1e-5f && fabsf(v[255] - 10) < 1e-5f);
        v = value_of(&m, "conv64_down.skip.weight");
        for (i = 0; i < (size_t)32 * 64; i++)
            assert_true(fabsf(v[i] - (i / 64 == i % 64 ? 1 : 0)) <= 0);
        close_model(&m);
        drop_network(&made);
    }
}

enum spoil {
    LAST_MISSING,
    FIRST_MISSING,
    RENAMED,
    OTHER_SIZE,
    NO_SHAPE,
    HUGE_SHAPE,
    NEGATIVE_SHAPE,
    WORD_SHAPE,
    NO_NAME,
    OTHER_TYPE,
    OTHER_QUANTIZATION,
    HUGE_SCALE,
    CUT_BY_ONE,
    CUT_IN_HALF,
    EMPTY_LIST,
    SPOILS,
};

static void spoil(struct making *m, enum spoil how)
{
    json_t *first = json_array_get(m->list, 0), *some = json_array_get(m->list, 21);
    size_t n = json_array_size(m->list);

    switch (how) {
    case LAST_MISSING:
        json_array_remove(m->list, n - 1);
        break;
    case FIRST_MISSING:
        json_array_remove(m->list, 0);
        break;
    case RENAMED:
        json_object_set_new(some, "name", json_string("conv32_2/conv1/bias"));
        break;
    case OTHER_SIZE:
        json_object_set_new(first, "shape", json_pack("[i,i,i,i]", 7, 7, 3, 33));
        break;
    case NO_SHAPE:
        json_object_del(some, "shape");
        break;
    case HUGE_SHAPE:
        json_object_set_new(some, "shape", json_pack("[i,i,i,i]", 1 << 20, 1 << 20, 1 << 20, 16));
        break;
    case NEGATIVE_SHAPE:
        json_object_set_new(first, "shape", json_pack("[i,i,i,i]", -7, -7, 3, 32));
        break;
    case WORD_SHAPE:
        json_object_set_new(first, "shape", json_pack("[s,i,i,i]", "7", 7, 3, 32));
        break;
    case NO_NAME:
        json_object_del(some, "name");
        break;
    case OTHER_TYPE:
        json_object_del(some, "quantization");
        json_object_set_new(some, "dtype", json_string("int32"));
        break;
    case OTHER_QUANTIZATION:
        json_object_set_new(json_object_get(first, "quantization"), "dtype", json_string("uint16"));
        break;
    case HUGE_SCALE:
        json_object_set_new(json_object_get(first, "quantization"), "scale", json_real(1e300));
        break;
    case CUT_BY_ONE:
        m->bytes.len--;
        break;
    case CUT_IN_HALF:
        m->bytes.len /= 2;
        break;
    case EMPTY_LIST:
        json_array_clear(m->list);
        break;
    case SPOILS:
        break;
    }
}

static void hostile_networks_refused(void **state)
{
    static const char *const text[] = {"",  "[",   "{}", "[]", "[{}]", "[{\"weights\":7}]",
                                       "7", "[[]]"};
    struct bf_error err;
    struct model m;
    struct making made;
    size_t i;
    FILE *f;

    (void)state;
    open_model(&m, false, 0, 1);
    for (i = 0; i < SPOILS; i++) {
        make_network(&made, false);
        spoil(&made, (enum spoil)i);
        write_network(&made);
        err = (struct bf_error){0};
        if (bf_artifact_net_begin(m.params, root, &err) != BF_ERR_FORMAT)
            fail_msg("spoilt network %zu was taken", i);
        assert_non_null(strstr(err.text, manifest));
        drop_network(&made);
    }
    make_network(&made, true);
    memset(made.bytes.data, 0xff, 4); /* no number */
    write_network(&made);
    assert_int_equal(bf_artifact_net_begin(m.params, root, &err), BF_ERR_FORMAT);
    drop_network(&made);
    make_network(&made, false);
    write_network(&made);
    for (i = 0; i < sizeof text / sizeof *text; i++) {
        f = fopen(manifest, "wb");
        assert_non_null(f);
        fputs(text[i], f);
        fclose(f);
        assert_int_equal(bf_artifact_net_begin(m.params, root, &err), BF_ERR_FORMAT);
    }
    write_network(&made);
    assert_int_equal(bf_artifact_net_begin(m.params, root, &err), BF_OK);
    unlink(weights);
    assert_int_equal(bf_artifact_net_begin(m.params, root, &err), BF_ERR_IO);
    assert_non_null(strstr(err.text, weights));
    drop_network(&made);
    close_model(&m);
}

/* The real one, where it is there: its convolutions tell two pictures apart, and nothing grows
 * beyond measure on the way. */
static void begins_with_the_real_one(void **state)
{
    struct model m;
    float logit[2];
    const float *w;

    (void)state;
    if (access(RECOGNITION "/face_recognition_model.bin", F_OK) != 0)
        skip();
    open_model(&m, false, 2, 1);
    assert_int_equal(bf_artifact_net_begin(m.params, RECOGNITION, NULL), BF_OK);
    w = value_of(&m, "conv32_down.weight");
    assert_true(fabsf(w[0]) < 2);
    draw(bf_net_value(m.net.net, m.net.in), 1);
    draw(bf_net_value(m.net.net, m.net.in) + BF_CHIP_WINDOW_FLOATS, 2);
    bf_net_forward(m.net.net);
    memcpy(logit, bf_net_value(m.net.net, m.net.logit), sizeof logit);
    assert_true(isfinite(logit[0]) && fabsf(logit[0]) < 1000);
    assert_true(fabsf(logit[0] - logit[1]) > 1e-6f);
    close_model(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_and_a_run),
        cmocka_unit_test(input_is_centred),
        cmocka_unit_test(begins_with_a_recognition_network),
        cmocka_unit_test(hostile_networks_refused),
        cmocka_unit_test(begins_with_the_real_one),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
