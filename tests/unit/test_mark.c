#include "tests/unit/video_fixture.h"

#include "lib/media/mark.h"

#include <stdlib.h>
#include <string.h>

enum { W = 320, H = 180, FRAMES = 6 };

static void paint(struct bf_canvas *c, int i)
{
    const struct scene sc = {.seed = 7, .noise = 2};
    uint32_t x, y;

    for (y = 0; y < c->height; y++)
        for (x = 0; x < c->width; x++)
            c->plane[0][y * c->stride[0] + x] =
                (uint8_t)(fixture_luma(&sc, (x + 0.5) / c->width, (y + 0.5) / c->height, i * 0.25) *
                              0.8 +
                          fixture_hash(x + y * 4001 + (uint32_t)i) % 3);
}

/* The canvas as a frame of half the size or the whole, turned as o says. */
static struct bf_frame frame_of(uint8_t *luma, const struct bf_canvas *c, int i, unsigned half,
                                struct bf_orientation o)
{
    uint32_t w = c->width / half, h = c->height / half, x, y;

    for (y = 0; y < h; y++) {
        for (x = 0; x < w; x++) {
            const uint8_t *p = c->plane[0] + y * half * c->stride[0] + x * half;

            luma[y * w + x] =
                half == 1
                    ? *p
                    : (uint8_t)((p[0] + p[1] + p[c->stride[0]] + p[c->stride[0] + 1] + 2) / 4);
        }
    }
    return (struct bf_frame){.pts_us = i * INT64_C(250000),
                             .width = w,
                             .height = h,
                             .orientation = o,
                             .luma = luma,
                             .luma_stride = (ptrdiff_t)w,
                             .luma_bytes = 1,
                             .luma_bits = 8};
}

static struct bf_mark_result read_back(uint32_t width, uint32_t height, bool marked, unsigned half,
                                       struct bf_orientation o)
{
    const struct bf_video_info info = {.width = width, .height = height, .matrix = 1};
    struct bf_mark_reader *r = bf_mark_reader_create();
    struct bf_mark *m = bf_mark_create();
    uint8_t *luma = malloc((size_t)width * height), *chroma;
    struct bf_mark_result result;
    struct bf_canvas *c = NULL;
    int i;

    assert_true(r != NULL && m != NULL && luma != NULL);
    bf_mark_reader_finish(&result, r);
    assert_false(result.found);
    assert_int_equal(result.n_frames, 0);
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    chroma = malloc((size_t)c->stride[1] * height / 2);
    assert_non_null(chroma);
    memcpy(chroma, c->plane[1], (size_t)c->stride[1] * height / 2);
    for (i = 0; i < FRAMES; i++) {
        struct bf_frame f;

        paint(c, i);
        if (marked)
            assert_int_equal(bf_mark_apply(m, c, NULL), BF_OK);
        f = frame_of(luma, c, i, half, o);
        assert_int_equal(bf_mark_reader_add(r, &f, NULL), BF_OK);
    }
    assert_memory_equal(chroma, c->plane[1], (size_t)c->stride[1] * height / 2);
    bf_mark_reader_finish(&result, r);
    assert_int_equal(result.n_frames, FRAMES);
    bf_canvas_free(&c);
    bf_mark_free(&m);
    bf_mark_reader_free(&r);
    assert_null(m);
    assert_null(r);
    free(luma);
    free(chroma);
    return result;
}

static const struct bf_orientation upright = {1, 0, 0, 1}, mirrored = {-1, 0, 0, 1};

static void finds_its_own(void **state)
{
    struct bf_mark_result r;

    (void)state;
    r = read_back(W, H, true, 1, upright);
    assert_true(r.found && !r.mirrored && r.z > 15);
    r = read_back(W, H, true, 2, upright);
    assert_true(r.found && !r.mirrored);
    r = read_back(W, H, true, 1, mirrored);
    assert_true(r.found && r.mirrored);
    r = read_back(H, W, true, 1, upright);
    assert_true(r.found);
    r = read_back(W, W + 2, true, 2, upright);
    assert_true(r.found);
}

static void finds_nothing_elsewhere(void **state)
{
    (void)state;
    assert_true(read_back(W, H, false, 1, upright).z < 4);
    assert_true(read_back(W, H, false, 2, mirrored).z < 4);
    assert_true(read_back(H, W, false, 1, upright).z < 4);
}

/* One frame of any kind: flat, black, white, noise. */
static void stays_small(void **state)
{
    const struct bf_video_info info = {.width = W, .height = H, .matrix = 1};
    struct bf_mark *m = bf_mark_create();
    struct bf_canvas *c = NULL;
    uint8_t *before;
    int kind;

    (void)state;
    assert_non_null(m);
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    before = malloc((size_t)c->stride[0] * H);
    assert_non_null(before);
    for (kind = 0; kind < 6; kind++) {
        double sum = 0;
        uint32_t x, y;

        if (kind == 0)
            paint(c, 0);
        else if (kind == 1)
            for (x = 0; x < c->stride[0] * H; x++)
                c->plane[0][x] = (uint8_t)fixture_hash(x);
        else
            memset(c->plane[0], (kind - 2) * 85, (size_t)c->stride[0] * H);
        memcpy(before, c->plane[0], (size_t)c->stride[0] * H);
        assert_int_equal(bf_mark_apply(m, c, NULL), BF_OK);
        for (y = 0; y < H; y++) {
            for (x = 0; x < W; x++) {
                double d = (double)c->plane[0][y * c->stride[0] + x] - before[y * c->stride[0] + x];

                assert_true(d >= -5 && d <= 5);
                sum += d * d;
            }
        }
        if (10 * log10(65025.0 * W * H / sum) < 42)
            fail_msg("kind %d: %.2f dB", kind, 10 * log10(65025.0 * W * H / sum));
    }
    free(before);
    bf_canvas_free(&c);
    bf_mark_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_own),
        cmocka_unit_test(finds_nothing_elsewhere),
        cmocka_unit_test(stays_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
