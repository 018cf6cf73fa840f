/* The pretrained networks on photographs, beside what TensorFlow.js makes of them. */
#include "tests/unit/graph_fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/nn/graph_nodes.h"
#include "lib/nn/simd.h"

#define MODELS "build/models"
#define PHOTOGRAPHS "fixtures/node_modules/@vladmandic/face-api/demo"

enum { SIDE_MAX = 256 };

/* What the vectors' script does, so that the pixels are the same. */
static bool read_pixels(uint8_t *rgb, const char *photograph, const int square[3], int side)
{
    size_t want = (size_t)side * (size_t)side * 3, n;
    char command[512];
    FILE *f;

    snprintf(command, sizeof command,
             "ffmpeg -v error -nostdin -i " PHOTOGRAPHS "/%s -vf 'crop=%d:%d:%d:%d,scale=%d:%d:"
             "flags=area+accurate_rnd+bitexact,format=rgb24' -f rawvideo - 2>/dev/null",
             photograph, square[2], square[2], square[0], square[1], side, side);
    f = popen(command, "r");
    assert_non_null(f);
    n = fread(rgb, 1, want, f);
    return pclose(f) == 0 && n == want;
}

static float in_range(uint8_t v, const char *range)
{
    return *range == 'u' ? (float)v / 255.0f : *range == 's' ? (float)v / 127.5f - 1 : (float)v;
}

enum { LEVELS = BF_SIMD_AVX512 + 1 };

/* One network for each kind of vector instructions, and how far each was off at most. */
struct trial {
    struct bf_graph *g[LEVELS];
    float worst[LEVELS];
    int first; /* level: the plain loops are slow, and tried on one photograph */
};

/* One output of a case: the numbers that follow "output NAME LENGTH STEP" */
static void compare(FILE *f, struct trial *t, const char *name, size_t len, size_t step)
{
    size_t i;
    float v, d;
    int k;

    for (i = 0; i < len; i += step) {
        assert_int_equal(fscanf(f, "%f", &v), 1);
        for (k = t->first; k < LEVELS; k++) {
            const struct bf_graph_io *out = bf_graph_output_named(t->g[k], name);

            assert_true(out != NULL && out->len == len);
            d = fabsf(out->data[i] - v);
            if (!(d <= 1e-3f))
                fail_msg("level %d: %s[%zu] is %g, not %g", k, name, i, (double)out->data[i],
                         (double)v);
            t->worst[k] = d > t->worst[k] ? d : t->worst[k];
        }
    }
}

static void run_all(struct trial *t, const uint8_t *rgb, const char *range)
{
    size_t i;
    int k;

    for (k = t->first; k < LEVELS; k++) {
        const struct bf_graph_io *in = bf_graph_input(t->g[k], 0);

        for (i = 0; i < in->len; i++)
            in->data[i] = in_range(rgb[i], range);
        bf_simd_limit((enum bf_simd)k);
        bf_graph_run(t->g[k]);
    }
}

static void open_all(struct trial *t, const char *network)
{
    struct bf_error err;
    char path[128];
    int k;

    snprintf(path, sizeof path, MODELS "/%s.json", network);
    for (k = 0; k < LEVELS; k++) {
        bf_simd_limit((enum bf_simd)k);
        if (bf_graph_open(&t->g[k], path, 1, NULL, NULL, &err) != BF_OK)
            fail_msg("%s", err.text);
    }
}

/* False where this ffmpeg makes other pixels of the photographs. */
static bool try_cases(struct trial *t, const char *network, FILE *f)
{
    static uint8_t rgb[SIDE_MAX * SIDE_MAX * 3];
    char line[512], name[64] = "", range[16], photograph[64], sha[65], hex[65], output[128];
    int side, square[3], n_cases = 0;
    uint8_t hash32[32];
    size_t len, step;

    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "case %63s %15s %d %63s %d %d %d %64s", name, range, &side, photograph,
                   &square[0], &square[1], &square[2], sha) == 8 &&
            strcmp(name, network) == 0) {
            len = (size_t)side * (size_t)side * 3;
            assert_true(side <= SIDE_MAX && bf_graph_input(t->g[0], 0)->len == len);
            assert_true(read_pixels(rgb, photograph, square, side));
            bf_sha256(hash32, rgb, len);
            bf_hex_format(hex, hash32, sizeof hash32);
            if (strcmp(hex, sha) != 0)
                return false;
            t->first = n_cases++ == 0 ? BF_SIMD_PLAIN : BF_SIMD_AVX2;
            run_all(t, rgb, range);
        } else if (strcmp(name, network) == 0 &&
                   sscanf(line, "output %127s %zu %zu", output, &len, &step) == 3) {
            compare(f, t, output, len, step);
        }
    }
    assert_true(n_cases >= 3);
    return true;
}

static void agrees(const char *network)
{
    struct trial t = {0};
    bool same;
    FILE *f;
    int k;

    if (access(MODELS "/.checked", R_OK) != 0 || access(PHOTOGRAPHS "/sample1.jpg", R_OK) != 0) {
        print_message("the networks and photographs of fixtures/fetch.sh are not here\n");
        skip();
    }
    open_all(&t, network);
    f = fopen("tests/vectors/graph.txt", "r");
    assert_non_null(f);
    same = try_cases(&t, network, f);
    fclose(f);
    bf_simd_limit(BF_SIMD_AVX512);
    for (k = 0; k < LEVELS; k++) {
        bf_graph_close(&t.g[k]);
        if (same)
            print_message("%s, level %d: off by %.2g at most\n", network, k, (double)t.worst[k]);
    }
    if (!same) {
        print_message("this ffmpeg makes other pixels of the photographs\n");
        skip();
    }
}

static void finds_faces(void **state)
{
    (void)state;
    agrees("blazeface");
}

static void finds_landmarks(void **state)
{
    (void)state;
    agrees("facemesh");
}

static void finds_irises(void **state)
{
    (void)state;
    agrees("iris");
}

static void describes_faces(void **state)
{
    (void)state;
    agrees("faceres");
}

/* Some of the outputs, of several pictures at a time, on several threads: what one picture gets
 * alone. */
static void runs_batches(void **state)
{
    static const char *const wanted[] = {"output_faceflag", "output_mesh", NULL};
    static const char *const unknown[] = {"mesh", NULL};
    struct bf_graph *one = NULL, *three = NULL;
    const struct bf_graph_io *in, *out;
    struct bf_pool *pool = NULL;
    struct bf_error err;
    uint32_t seed = 1;
    size_t i, k;

    (void)state;
    if (access(MODELS "/.checked", R_OK) != 0)
        skip();
    assert_int_equal(bf_graph_open(&one, MODELS "/facemesh.json", 1, unknown, NULL, &err),
                     BF_ERR_NOT_FOUND);
    assert_int_equal(bf_pool_create(&pool, 3, NULL), BF_OK);
    assert_int_equal(bf_graph_open(&one, MODELS "/facemesh.json", 1, NULL, NULL, &err), BF_OK);
    assert_int_equal(bf_graph_open(&three, MODELS "/facemesh.json", 3, wanted, pool, &err), BF_OK);
    assert_int_equal(bf_graph_n_outputs(three), 2);
    in = bf_graph_input(three, 0);
    assert_int_equal(in->dims[0], 3);
    assert_string_equal(bf_graph_output(three, 0)->name, "output_faceflag");
    assert_string_equal(bf_graph_output(three, 1)->name, "output_mesh");
    for (i = 0; i < in->len; i++)
        in->data[i] = (net_random(&seed) + 1) / 2;
    bf_graph_run(three);
    seed = 1;
    for (k = 0; k < 3; k++) {
        in = bf_graph_input(one, 0);
        for (i = 0; i < in->len; i++)
            in->data[i] = (net_random(&seed) + 1) / 2;
        bf_graph_run(one);
        out = bf_graph_output_named(one, "output_mesh");
        assert_memory_equal(out->data, bf_graph_output(three, 1)->data + k * out->len,
                            out->len * sizeof(float));
    }
    bf_graph_close(&one);
    bf_graph_close(&three);
    bf_pool_free(&pool);
}

/* All sums, paddings and activations end the step before them. */
static void leaves_nothing_loose(void **state)
{
    static const char *const all[] = {"blazeface", "facemesh", "iris", "faceres"};
    struct bf_graph *g;
    size_t i;
    int k;

    (void)state;
    if (access(MODELS "/.checked", R_OK) != 0)
        skip();
    for (i = 0; i < sizeof all / sizeof *all; i++) {
        char path[64];

        snprintf(path, sizeof path, MODELS "/%s.json", all[i]);
        assert_int_equal(bf_graph_open(&g, path, 1, NULL, NULL, NULL), BF_OK);
        for (k = 0; k < g->n_steps; k++) {
            assert_true(g->step[k].kind != BF_STEP_COPY && g->step[k].kind != BF_STEP_BINARY &&
                        g->step[k].kind != BF_STEP_PAD);
            assert_true(g->step[k].kind != BF_STEP_DEPTHWISE || g->step[k].absorbed);
        }
        bf_graph_close(&g);
    }
}

/* A file that lost its end, or whose weights are another network's. */
static void refuses_damage(void **state)
{
    struct bf_buf json = {0}, bin = {0};
    struct bf_graph *g = NULL;
    struct bf_error err;
    size_t k;

    (void)state;
    if (access(MODELS "/.checked", R_OK) != 0)
        skip();
    assert_int_equal(bf_file_read(&json, MODELS "/iris.json", BF_GRAPH_JSON_MAX, &err), BF_OK);
    assert_int_equal(bf_file_read(&bin, MODELS "/iris.bin", BF_GRAPH_WEIGHTS_MAX, &err), BF_OK);
    for (k = 0; k < 4; k++) {
        assert_int_equal(bf_graph_parse(&g, "iris", json.data, json.len, bin.data,
                                        bin.len * k / 4 + 1, 1, NULL, NULL, &err),
                         BF_ERR_FORMAT);
        assert_non_null(strstr(err.text, k == 3 ? "" : "its weights end within"));
        assert_null(g);
    }
    for (k = 1; k < 64; k++)
        assert_int_equal(bf_graph_parse(&g, "iris", json.data, json.len * k / 64, bin.data, bin.len,
                                        1, NULL, NULL, &err),
                         BF_ERR_FORMAT);
    assert_int_equal(bf_graph_open(&g, MODELS "/nothing.json", 1, NULL, NULL, &err), BF_ERR_IO);
    assert_int_equal(bf_graph_open(&g, MODELS "/iris.bin", 1, NULL, NULL, &err), BF_ERR_FORMAT);
    assert_int_equal(bf_graph_open(&g, MODELS "/blazeface.json", 2, NULL, NULL, &err),
                     BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "takes 1 at a time, not 2"));
    bf_buf_release(&json);
    bf_buf_release(&bin);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_faces),    cmocka_unit_test(finds_landmarks),
        cmocka_unit_test(finds_irises),   cmocka_unit_test(describes_faces),
        cmocka_unit_test(runs_batches),   cmocka_unit_test(leaves_nothing_loose),
        cmocka_unit_test(refuses_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
