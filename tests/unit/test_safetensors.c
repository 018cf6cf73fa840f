/* Weight files: out and in, what other tools write, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/base/file.h"
#include "lib/nn/safetensors.h"
#include "lib/nn/simd.h"
#include "lib/nn/weights.h"
#include "tests/unit/nn_training.h"

static char dir[64], path[96];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/bonafide-test-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* A file of this header and n_data bytes 0, 1, 2, ... */
static size_t build(uint8_t *out, const char *header, size_t n_data)
{
    size_t n = strlen(header), i;

    for (i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)n >> (8 * i));
    memcpy(out + 8, header, n);
    for (i = 0; i < n_data; i++)
        out[8 + n + i] = (uint8_t)i;
    return 8 + n + n_data;
}

static void out_and_in(void **state)
{
    static const float a[] = {1, -2.5f, 3e-38f, 0, 5, 6}, b[] = {7};
    static const size_t shape_a[] = {2, 3}, shape_b[] = {1};
    static const struct bf_safetensors_item items[] = {{"layer.weight", shape_a, 2, a, false},
                                                       {"b", shape_b, 1, b, false}};
    static const struct bf_safetensors_text texts[] = {{"format", "x"}, {"k\"", "v\n"}};
    const struct bf_safetensors_tensor *t;
    struct bf_safetensors *s;
    float got[6];

    (void)state;
    assert_int_equal(bf_safetensors_write(path, 0, items, 2, texts, 2, NULL), BF_OK);
    assert_int_equal(bf_safetensors_write(path, 0, items, 2, texts, 2, NULL), BF_ERR_EXISTS);
    assert_int_equal(bf_safetensors_open(&s, path, NULL), BF_OK);
    assert_int_equal(bf_safetensors_count(s), 2);
    t = bf_safetensors_find(s, "layer.weight");
    assert_non_null(t);
    assert_int_equal(t->n_dims, 2);
    assert_int_equal(t->shape[1], 3);
    bf_safetensors_read(got, t);
    assert_memory_equal(got, a, sizeof a);
    assert_string_equal(bf_safetensors_at(s, 1)->name, "b");
    assert_string_equal(bf_safetensors_metadata(s, "k\""), "v\n");
    assert_null(bf_safetensors_metadata(s, "none"));
    assert_null(bf_safetensors_find(s, "none"));
    bf_safetensors_close(&s);
    assert_null(s);
}

static void half_precision(void **state)
{
    static const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x3555};
    static const float want[] = {1, -2, 0x1p-24f, 65504, -0.0f, 0.33325195f};
    uint8_t file[256];
    struct bf_safetensors *s;
    float got[6];
    size_t n, i;

    (void)state;
    n = build(file, "{\"h\":{\"dtype\":\"F16\",\"shape\":[6],\"data_offsets\":[0,12]}}  ", 12);
    for (i = 0; i < 6; i++) {
        file[n - 12 + 2 * i] = (uint8_t)half[i];
        file[n - 11 + 2 * i] = (uint8_t)(half[i] >> 8);
    }
    assert_int_equal(bf_safetensors_parse(&s, file, n, "f", NULL), BF_OK);
    bf_safetensors_read(got, bf_safetensors_at(s, 0));
    assert_memory_equal(got, want, sizeof want);
    bf_safetensors_close(&s);
    n = build(file, "{\"h\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2);
    file[n - 2] = 0x80;
    file[n - 1] = 0xbf;
    assert_int_equal(bf_safetensors_parse(&s, file, n, "f", NULL), BF_OK);
    bf_safetensors_read(got, bf_safetensors_at(s, 0));
    assert_true(got[0] == -1);
    bf_safetensors_close(&s);
}

/* Out as halves: the nearest, ties to even, and what is too large or too small. */
static void half_rounds_to_nearest(void **state)
{
    static const struct {
        float in, out;
    } row[] = {
        {0, 0},
        {-0.0f, -0.0f},
        {1, 1},
        {-2.5f, -2.5f},
        {0.1f, 0x1.998p-4f},
        /* between two: the even one */
        {1 + 0x1p-11f, 1},
        {1 + 0x3p-11f, 1 + 0x1p-9f},
        {1 + 0x1.002p-11f, 1 + 0x1p-10f},
        {-1 - 0x3p-11f, -1 - 0x1p-9f},
        {2047.5f, 2048},
        {2048.9f, 2048},
        {2049, 2048},
        {2051, 2052},
        /* the largest, and beyond */
        {65504, 65504},
        {65519, 65504},
        {65519.996f, 65504},
        {65520, INFINITY},
        {-1e30f, -INFINITY},
        {INFINITY, INFINITY},
        /* the smallest normal, and below */
        {0x1p-14f, 0x1p-14f},
        {0x1.ff8p-15f, 0x1.ff8p-15f},
        {0x1.fffp-15f, 0x1p-14f},
        {0x1p-15f, 0x1p-15f},
        {0x1p-24f, 0x1p-24f},
        {0x1.8p-24f, 0x1p-23f},
        {0x1.4p-23f, 0x1p-23f},
        {0x1.8p-25f, 0x1p-24f},
        {0x1p-25f, 0},
        {-0x1p-25f, -0.0f},
        {0x1.000002p-25f, 0x1p-24f},
        {1e-40f, 0},
    };
    enum { N = sizeof row / sizeof *row };
    const size_t shape[] = {N}, one[] = {1};
    float in[N], got[N], nan = NAN;
    const struct bf_safetensors_item items[] = {
        {"h", shape, 1, in, true}, {"f", shape, 1, in, false}, {"n", one, 1, &nan, true}};
    struct bf_safetensors *s;
    size_t i;

    (void)state;
    for (i = 0; i < N; i++)
        in[i] = row[i].in;
    assert_int_equal(bf_safetensors_write(path, BF_OUTPUT_FORCE, items, 3, NULL, 0, NULL), BF_OK);
    assert_int_equal(bf_safetensors_open(&s, path, NULL), BF_OK);
    assert_int_equal(bf_safetensors_at(s, 0)->type, BF_SAFETENSORS_F16);
    assert_int_equal(bf_safetensors_at(s, 0)->size, 2 * N);
    assert_int_equal(bf_safetensors_at(s, 1)->type, BF_SAFETENSORS_F32);
    bf_safetensors_read(got, bf_safetensors_at(s, 0));
    for (i = 0; i < N; i++)
        if (memcmp(&got[i], &row[i].out, sizeof *got) != 0)
            fail_msg("%a became %a, not %a", (double)in[i], (double)got[i], (double)row[i].out);
    bf_safetensors_read(got, bf_safetensors_at(s, 1));
    assert_memory_equal(got, in, sizeof in);
    bf_safetensors_read(got, bf_safetensors_at(s, 2));
    assert_true(isnan(got[0]));
    bf_safetensors_close(&s);
}

/* Each number of 16 bits is itself again. */
static void halves_are_kept(void **state)
{
    enum { N = 1 << 16 };
    static float v[N], got[N];
    static const size_t shape[] = {N};
    static const struct bf_safetensors_item item = {"h", shape, 1, v, true};
    uint8_t *file = malloc(128 + 2 * N);
    struct bf_safetensors *s;
    size_t n, i;

    (void)state;
    assert_non_null(file);
    n = build(file, "{\"h\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]}}",
              2 * N);
    for (i = 0; i < N; i++) {
        file[n - 2 * N + 2 * i] = (uint8_t)i;
        file[n - 2 * N + 2 * i + 1] = (uint8_t)(i >> 8);
    }
    assert_int_equal(bf_safetensors_parse(&s, file, n, "f", NULL), BF_OK);
    bf_safetensors_read(v, bf_safetensors_at(s, 0));
    bf_safetensors_close(&s);
    assert_int_equal(bf_safetensors_write(path, BF_OUTPUT_FORCE, &item, 1, NULL, 0, NULL), BF_OK);
    assert_int_equal(bf_safetensors_open(&s, path, NULL), BF_OK);
    bf_safetensors_read(got, bf_safetensors_at(s, 0));
    for (i = 0; i < N; i++)
        if (isnan(v[i]))
            assert_true(isnan(got[i]));
        else
            assert_memory_equal(&v[i], &got[i], sizeof *v);
    bf_safetensors_close(&s);
    free(file);
}

static void hostile_files_refused(void **state)
{
#define ONE(shape, offsets) \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(a, b)                                                      \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" a "}," \
    "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" b "}}"
    static const struct {
        const char *header;
        size_t n_data;
        enum bf_err rc;
    } cases[] = {
        {ONE("[2]", "[0,8]"), 8, BF_OK},
        {ONE("[]", "[0,4]"), 4, BF_OK},
        {ONE("[0,7]", "[0,0]"), 0, BF_OK},
        {TWO("[4,8]", "[0,4]"), 8, BF_OK},
        {"{\"__metadata__\":{}}", 0, BF_OK},
        {ONE("[2]", "[0,8]"), 7, BF_ERR_FORMAT},
        {ONE("[2]", "[0,8]"), 9, BF_ERR_FORMAT},
        {ONE("[3]", "[0,8]"), 8, BF_ERR_FORMAT},
        {ONE("[2]", "[8,0]"), 8, BF_ERR_FORMAT},
        {ONE("[2]", "[0,8,8]"), 8, BF_ERR_FORMAT},
        {ONE("[-2]", "[0,8]"), 8, BF_ERR_FORMAT},
        {ONE("[2.0]", "[0,8]"), 8, BF_ERR_FORMAT},
        {ONE("[9223372036854775807,2]", "[0,8]"), 8, BF_ERR_FORMAT},
        {ONE("[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, BF_ERR_FORMAT},
        {ONE("[2]", "[-8,0]"), 8, BF_ERR_FORMAT},
        {TWO("[0,4]", "[0,4]"), 4, BF_ERR_FORMAT},
        {TWO("[0,4]", "[3,7]"), 7, BF_ERR_FORMAT},
        {TWO("[0,4]", "[5,9]"), 9, BF_ERR_FORMAT},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, BF_ERR_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, BF_ERR_FORMAT},
        {"{\"a\\n\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, BF_ERR_FORMAT},
        {"{\"__metadata__\":{\"a\":1}}", 0, BF_ERR_FORMAT},
        {"{\"__metadata__\":[]}", 0, BF_ERR_FORMAT},
        {"{\"a\":{},\"a\":{}}", 0, BF_ERR_FORMAT},
        {"{} x", 0, BF_ERR_FORMAT},
        {" {}", 0, BF_ERR_FORMAT},
        {"[]", 0, BF_ERR_FORMAT},
        {"", 0, BF_ERR_FORMAT},
    };
    struct bf_safetensors *s;
    uint8_t file[512];
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *exact;

        n = build(file, cases[i].header, cases[i].n_data);
        exact = malloc(n);
        memcpy(exact, file, n);
        if (bf_safetensors_parse(&s, exact, n, "f", NULL) != cases[i].rc)
            fail_msg("case %zu: %s", i, cases[i].header);
        bf_safetensors_close(&s);
        free(exact);
    }
    n = build(file, "{}", 0);
    for (i = 0; i < n; i++)
        assert_int_equal(bf_safetensors_parse(&s, file, i, "f", NULL), BF_ERR_FORMAT);
    file[7] = 1;
    assert_int_equal(bf_safetensors_parse(&s, file, n, "f", NULL), BF_ERR_LIMIT);
}

static const struct bf_weights_kind kind = {"test", "1"}, other = {"test", "2"};

static void weights_out_and_in(void **state)
{
    struct nn_run a, b;
    struct bf_error err;
    float *before;

    (void)state;
    assert_true(nn_run_start(&a, &nn_tasks[1], 1));
    assert_true(nn_run_start(&b, &nn_tasks[1], 1));
    nn_run_step(&a, 0);
    assert_int_equal(bf_weights_save(path, BF_OUTPUT_FORCE, a.params, &kind, &err), BF_OK);
    assert_int_equal(bf_weights_load(b.params, path, &other, &err), BF_ERR_FORMAT);
    assert_int_equal(bf_weights_load(b.params, path, &kind, &err), BF_OK);
    assert_memory_equal(a.params->values, b.params->values, a.params->n_floats * sizeof(float));
    nn_run_stop(&b);

    /* Of another shape: refused, and nothing is changed. */
    assert_true(nn_run_start(&b, &nn_tasks[0], 1));
    before = malloc(b.params->n_floats * sizeof *before);
    memcpy(before, b.params->values, b.params->n_floats * sizeof *before);
    assert_int_equal(bf_weights_load(b.params, path, &kind, &err), BF_ERR_FORMAT);
    assert_memory_equal(before, b.params->values, b.params->n_floats * sizeof *before);
    /* Not a number */
    a.params->values[3] = NAN;
    assert_int_equal(bf_weights_save(path, BF_OUTPUT_FORCE, a.params, &kind, &err), BF_OK);
    assert_int_equal(bf_weights_load(a.params, path, &kind, &err), BF_ERR_FORMAT);
    free(before);
    nn_run_stop(&a);
    nn_run_stop(&b);
}

/* In half the bytes, and nearly the same. */
static void weights_as_halves(void **state)
{
    struct bf_buf whole = {0}, half = {0};
    struct nn_run a, b;
    size_t i;

    (void)state;
    assert_true(nn_run_start(&a, &nn_tasks[1], 1));
    assert_true(nn_run_start(&b, &nn_tasks[1], 2));
    nn_run_step(&a, 0);
    assert_int_equal(bf_weights_save(path, BF_OUTPUT_FORCE, a.params, &kind, NULL), BF_OK);
    assert_int_equal(bf_file_read(&whole, path, 1 << 24, NULL), BF_OK);
    assert_int_equal(bf_weights_save_half(path, 0, a.params, &kind, NULL), BF_ERR_EXISTS);
    assert_int_equal(bf_weights_save_half(path, BF_OUTPUT_FORCE, a.params, &kind, NULL), BF_OK);
    assert_int_equal(bf_file_read(&half, path, 1 << 24, NULL), BF_OK);
    assert_true(half.len < whole.len);
    assert_int_equal(bf_weights_load(b.params, path, &other, NULL), BF_ERR_FORMAT);
    assert_int_equal(bf_weights_load(b.params, path, &kind, NULL), BF_OK);
    for (i = 0; i < a.params->n_floats; i++) {
        float v = a.params->values[i];

        assert_true(fabsf(b.params->values[i] - v) <= fabsf(v) * 0x1p-11f + 0x1p-25f);
    }
    /* a weight that no half holds is not written as something that cannot be read */
    a.params->values[3] = 1e6f;
    assert_int_equal(bf_weights_save_half(path, BF_OUTPUT_FORCE, a.params, &kind, NULL),
                     BF_ERR_LIMIT);
    assert_int_equal(bf_weights_load(b.params, path, &kind, NULL), BF_OK);
    bf_buf_release(&whole);
    bf_buf_release(&half);
    nn_run_stop(&a);
    nn_run_stop(&b);
}

/* Stopped after three steps and taken up again: the same bits after six. */
static void resumed_training(void **state)
{
    size_t k;
    int i;

    (void)state;
    for (k = 0; k < NN_TASKS; k++) {
        struct nn_run whole, first, second;
        uint64_t numbers, again = 0;

        assert_true(nn_run_start(&whole, &nn_tasks[k], 2));
        assert_true(nn_run_start(&first, &nn_tasks[k], 1));
        assert_true(nn_run_start(&second, &nn_tasks[k], 3));
        for (i = 0; i < 6; i++)
            nn_run_step(&whole, i);
        for (i = 0; i < 3; i++)
            nn_run_step(&first, i);
        numbers = first.numbers;
        assert_int_equal(
            bf_weights_save_training(path, BF_OUTPUT_FORCE, first.optim, &numbers, 1, &kind, NULL),
            BF_OK);
        assert_int_equal(bf_weights_load_training(second.optim, &again, 1, path, &other, NULL),
                         BF_ERR_FORMAT);
        assert_int_equal(bf_weights_load_training(second.optim, &again, 1, path, &kind, NULL),
                         BF_OK);
        assert_int_equal(second.optim->step, 3);
        second.numbers = again;
        for (i = 3; i < 6; i++)
            nn_run_step(&second, i);
        assert_memory_equal(whole.params->values, second.params->values,
                            whole.params->n_floats * sizeof(float));
        nn_run_stop(&whole);
        nn_run_stop(&first);
        nn_run_stop(&second);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in),
        cmocka_unit_test(half_precision),
        cmocka_unit_test(half_rounds_to_nearest),
        cmocka_unit_test(halves_are_kept),
        cmocka_unit_test(hostile_files_refused),
        cmocka_unit_test(weights_out_and_in),
        cmocka_unit_test(weights_as_halves),
        cmocka_unit_test(resumed_training),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
