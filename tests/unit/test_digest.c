#include "tests/unit/video_fixture.h"

#include "ledger/digest/digest_format.h"
#include "ledger/digest/grid_code.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

static const struct scene plain = {.seed = 9};

static void grids_stay_within_the_step(void **state)
{
    struct bf_frame_digest *f = malloc(sizeof *f);
    struct bf_grid_state *enc = malloc(sizeof *enc), *dec = malloc(sizeof *dec);
    struct bf_range_encoder e;
    struct bf_range_decoder d;
    struct bf_buf out = {0};
    struct bf_reader in;
    struct scene sc = {.seed = 4, .noise = 3};
    uint8_t(*seen)[BF_GRID_CELLS] = calloc(20, sizeof *seen);
    int i, k;

    (void)state;
    bf_grid_state_init(enc, BF_GRID_LONG, BF_GRID_SHORT);
    bf_grid_state_init(dec, BF_GRID_LONG, BF_GRID_SHORT);
    bf_range_encoder_init(&e, &out);
    for (k = 0; k < 20; k++) {
        fixture_digest(f, &sc, (uint64_t)k, 10);
        bf_grid_encode(&e, enc, f->cells);
        memcpy(seen[k], enc->grid, sizeof seen[k]);
        for (i = 0; i < BF_GRID_CELLS; i++)
            assert_true(abs(f->cells[i] - enc->grid[i] * BF_CELLS_ONE) <= 2 * BF_CELLS_ONE);
    }
    bf_range_encoder_finish(&e);
    bf_reader_init(&in, out.data, out.len);
    bf_range_decoder_init(&d, &in);
    for (k = 0; k < 20; k++) {
        bf_grid_decode(&d, dec);
        assert_memory_equal(dec->grid, seen[k], sizeof seen[k]);
    }
    assert_true(bf_reader_done(&in));
    bf_buf_release(&out);
    free(seen);
    free(enc);
    free(dec);
    free(f);
}

struct visited {
    uint64_t n;
    double fps;
    bool same;
};

static bool visit(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct visited *v = ctx;
    struct bf_frame_digest *want = malloc(sizeof *want);

    fixture_digest(want, &plain, i, v->fps);
    v->same = v->same && i == v->n && f->pts_us == want->pts_us &&
              memcmp(f->exact32, want->exact32, 32) == 0 &&
              memcmp(f->code32, want->code32, 32) == 0;
    v->n++;
    free(want);
    return true;
}

static void round_trip(void **state)
{
    struct visited v = {.fps = 24, .same = true};
    struct bf_buf blob = {0};
    struct bf_digest_info info;
    struct bf_digest *d = NULL;
    uint8_t root32[32], again32[32];

    (void)state;
    fixture_blob(&blob, root32, &info, &plain, 30, 24);
    assert_true(bf_digest_check(root32, blob.data, blob.len));
    assert_int_equal(bf_digest_open(&d, blob.data, blob.len, "x", NULL), BF_OK);
    bf_digest_root(d, again32);
    assert_memory_equal(root32, again32, 32);
    assert_int_equal(info.n_frames, 720);
    assert_int_equal(info.n_samples, 300);
    assert_int_equal(info.n_segments, 3);
    assert_int_equal(info.duration_us, 30000000);
    assert_int_equal(bf_digest_frames(d, 0, visit, &v, NULL), BF_OK);
    assert_int_equal(v.n, 720);
    assert_true(v.same);
    bf_digest_close(&d);
    bf_buf_release(&blob);
}

/* A sample is the mean of what is shown in its tenth of a second, whatever the frame rate. */
static void samples_do_not_depend_on_the_frame_rate(void **state)
{
    struct bf_buf slow = {0}, fast = {0};
    struct bf_digest *a = NULL, *b = NULL;
    uint8_t root32[32];
    uint64_t k;
    int i, far = 0;

    (void)state;
    fixture_blob(&slow, root32, NULL, &plain, 5, 25);
    fixture_blob(&fast, root32, NULL, &plain, 5, 60);
    assert_int_equal(bf_digest_open(&a, slow.data, slow.len, "a", NULL), BF_OK);
    assert_int_equal(bf_digest_open(&b, fast.data, fast.len, "b", NULL), BF_OK);
    assert_int_equal(bf_digest_info(a)->n_samples, bf_digest_info(b)->n_samples);
    for (k = 0; k < 50; k++) {
        const uint8_t *x = bf_digest_grid(a, k, NULL), *y = bf_digest_grid(b, k, NULL);

        for (i = 0; i < BF_GRID_CELLS; i++)
            far += abs(x[i] - y[i]) > 8;
    }
    assert_true(far < 50 * BF_GRID_CELLS / 50);
    bf_digest_close(&a);
    bf_digest_close(&b);
    bf_buf_release(&slow);
    bf_buf_release(&fast);
}

static void any_flipped_byte_is_noticed(void **state)
{
    struct bf_buf blob = {0};
    uint8_t root32[32];
    size_t i;

    (void)state;
    fixture_blob(&blob, root32, NULL, &plain, 0.5, 10);
    for (i = 0; i < blob.len; i++) {
        blob.data[i] ^= (uint8_t)(1 + fixture_hash((uint32_t)i) % 255);
        assert_false(bf_digest_check(root32, blob.data, blob.len));
        blob.data[i] ^= (uint8_t)(1 + fixture_hash((uint32_t)i) % 255);
    }
    assert_true(bf_digest_check(root32, blob.data, blob.len));
    assert_false(bf_digest_check(root32, blob.data, blob.len - 1));
    assert_false(bf_digest_check(root32, blob.data, 0));
    bf_buf_release(&blob);
}

static void refuses_what_breaks_the_clock(void **state)
{
    struct bf_digest_writer *w = NULL;
    struct bf_frame_digest *f = malloc(sizeof *f);
    struct bf_buf blob = {0};
    uint8_t root32[32];

    (void)state;
    assert_int_equal(
        bf_digest_writer_create(&w, BF_GRID_LONG, BF_GRID_SHORT, 1, 1, fixture_sink, &blob, NULL),
        BF_OK);
    assert_int_equal(bf_digest_writer_finish(w, root32, NULL, 0, NULL), BF_ERR_FORMAT);
    fixture_digest(f, &plain, 0, 10);
    assert_int_equal(bf_digest_writer_add(w, f, NULL), BF_OK);
    f->pts_us = BF_DIGEST_STILL_US + 1;
    assert_int_equal(bf_digest_writer_add(w, f, NULL), BF_ERR_LIMIT);
    bf_digest_writer_free(&w);
    bf_buf_release(&blob);
    free(f);
}

static void codes(void **state)
{
    struct bf_frame_digest *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    struct scene noisy = plain, bright = plain, other = {.seed = 1234};
    uint8_t contrast;

    (void)state;
    noisy.noise = 4;
    bright.gain = 1.1;
    bright.bias = 10;
    fixture_digest(a, &plain, 3, 10);
    fixture_digest(b, &noisy, 3, 10);
    assert_true(bf_code_distance(a->code32, b->code32) <= 16);
    fixture_digest(b, &bright, 3, 10);
    assert_true(bf_code_distance(a->code32, b->code32) <= 16);
    fixture_digest(b, &other, 3, 10);
    assert_true(bf_code_distance(a->code32, b->code32) > 80);
    memset(a->cells, 7, sizeof a->cells);
    bf_code_compute(a->code32, &contrast, a->cells, BF_GRID_LONG, BF_GRID_SHORT);
    assert_int_equal(contrast, 0);
    free(a);
    free(b);
}

enum { VECTOR_WIDTH = 192, VECTOR_HEIGHT = 108, VECTOR_FRAMES = 3 };

/* What SPEC.md's worked vector comes to, a line each: label and hex. */
static void make_vector(struct bf_buf *out)
{
    static uint8_t y[VECTOR_WIDTH * VECTOR_HEIGHT], chroma[VECTOR_WIDTH * VECTOR_HEIGHT / 4];
    struct bf_video_info info = {
        .width = VECTOR_WIDTH, .height = VECTOR_HEIGHT, .sar_num = 1, .sar_den = 1};
    struct bf_frame frame = {
        .width = VECTOR_WIDTH,
        .height = VECTOR_HEIGHT,
        .pixel_format = "yuv420p",
        .n_planes = 3,
        .plane = {{y, VECTOR_WIDTH, VECTOR_WIDTH, VECTOR_HEIGHT},
                  {chroma, VECTOR_WIDTH / 2, VECTOR_WIDTH / 2, VECTOR_HEIGHT / 2},
                  {chroma, VECTOR_WIDTH / 2, VECTOR_WIDTH / 2, VECTOR_HEIGHT / 2}},
        .orientation = {1, 0, 0, 1},
        .luma = y,
        .luma_stride = VECTOR_WIDTH,
        .luma_bytes = 1,
        .luma_bits = 8};
    struct bf_frame_digester *d = bf_frame_digester_create(&info);
    struct bf_frame_digest *f = malloc(sizeof *f);
    struct bf_digest_writer *w = NULL;
    struct bf_digest_info got;
    struct bf_buf blob = {0};
    uint8_t root32[32];
    char hex[65];
    unsigned i, x, v;

    memset(chroma, 128, sizeof chroma);
    assert_int_equal(bf_digest_writer_create(&w, BF_GRID_LONG, BF_GRID_SHORT, VECTOR_WIDTH,
                                             VECTOR_HEIGHT, fixture_sink, &blob, NULL),
                     BF_OK);
    for (i = 0; i < VECTOR_FRAMES; i++) {
        for (v = 0; v < VECTOR_HEIGHT; v++)
            for (x = 0; x < VECTOR_WIDTH; x++)
                y[v * VECTOR_WIDTH + x] = (uint8_t)(7 * x + 13 * v + 29 * i + (x * v >> 4));
        frame.index = i;
        frame.pts_us = (int64_t)i * 100000;
        assert_int_equal(bf_frame_digester_run(f, d, &frame, NULL), BF_OK);
        assert_int_equal(bf_digest_writer_add(w, f, NULL), BF_OK);
        bf_hex_format(hex, f->exact32, 32);
        bf_buf_printf(out, "exact.%u %s\n", i, hex);
        bf_hex_format(hex, f->code32, 32);
        bf_buf_printf(out, "code.%u %s\n", i, hex);
        bf_buf_printf(out, "cells.%u %u %u %u %u\n", i, f->cells[0], f->cells[95],
                      f->cells[96 * 27 + 48], f->cells[BF_GRID_CELLS - 1]);
    }
    assert_int_equal(bf_digest_writer_finish(w, root32, &got, 300000, NULL), BF_OK);
    bf_hex_format(hex, got.frames32, 32);
    bf_buf_printf(out, "frames-root %s\n", hex);
    bf_hex_format(hex, got.lookup32, 32);
    bf_buf_printf(out, "lookup-root %s\n", hex);
    bf_hex_format(hex, got.grid32, 32);
    bf_buf_printf(out, "grid-root %s\n", hex);
    bf_hex_format(hex, root32, 32);
    bf_buf_printf(out, "digest-root %s\n", hex);
    bf_sha256(root32, blob.data, blob.len);
    bf_hex_format(hex, root32, 32);
    bf_buf_printf(out, "blob-bytes %zu\nblob-sha256 %s\n", blob.len, hex);
    bf_digest_writer_free(&w);
    bf_frame_digester_free(&d);
    bf_buf_release(&blob);
    free(f);
}

#define VECTOR_FILE "tests/vectors/digest.txt"

static void worked_vector(void **state)
{
    struct bf_buf want = {0}, got = {0};
    struct bf_error err = {0};

    (void)state;
    make_vector(&got);
    if (bf_file_read(&want, VECTOR_FILE, 1 << 16, &err) != BF_OK)
        fail_msg("%s", err.text);
    bf_buf_put_u8(&want, 0);
    bf_buf_put_u8(&got, 0);
    assert_string_equal((const char *)want.data, (const char *)got.data);
    bf_buf_release(&want);
    bf_buf_release(&got);
}

/* With an argument: write the vector instead, for the day on which the format changes. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_stay_within_the_step),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(samples_do_not_depend_on_the_frame_rate),
        cmocka_unit_test(any_flipped_byte_is_noticed),
        cmocka_unit_test(refuses_what_breaks_the_clock),
        cmocka_unit_test(codes),
        cmocka_unit_test(worked_vector),
    };

    if (argc == 2 && strcmp(argv[1], "--write-vector") == 0) {
        struct bf_buf out = {0};
        FILE *f = fopen(VECTOR_FILE, "wb");

        make_vector(&out);
        return f == NULL || fwrite(out.data, 1, out.len, f) != out.len || fclose(f) != 0;
    }

    return cmocka_run_group_tests(tests, NULL, NULL);
}
