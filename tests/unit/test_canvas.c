#include "tests/unit/video_fixture.h"

#include "lib/media/canvas.h"

#include <stdlib.h>
#include <string.h>

enum { W = 46, H = 34 };

static struct bf_video_info info_of(uint32_t w, uint32_t h, uint8_t matrix, bool full)
{
    return (struct bf_video_info){.width = w,
                                  .height = h,
                                  .sar_num = 1,
                                  .sar_den = 1,
                                  .matrix = matrix,
                                  .primaries = 2,
                                  .transfer = 2,
                                  .full_range = full};
}

/* A frame of 8-bit 4:2:0 samples that differ all over, none outside of what RGB can hold. */
static struct bf_frame *made_frame(uint32_t w, uint32_t h, struct bf_orientation o)
{
    struct bf_frame *f = calloc(1, sizeof *f);
    int i;

    assert_non_null(f);
    *f = (struct bf_frame){.width = w, .height = h, .pixel_format = "yuv420p", .n_planes = 3};
    f->orientation = o;
    for (i = 0; i < 3; i++) {
        uint32_t pw = i == 0 ? w : (w + 1) / 2, ph = i == 0 ? h : (h + 1) / 2, k;
        uint8_t *p = malloc((size_t)pw * ph);

        assert_non_null(p);
        for (k = 0; k < pw * ph; k++)
            p[k] = (uint8_t)(i == 0 ? 90 + fixture_hash(k) % 70
                                    : 118 + fixture_hash(k + 999 * (uint32_t)i) % 20);
        f->plane[i] = (struct bf_plane){p, (ptrdiff_t)pw, pw, ph};
    }
    return f;
}

static void free_frame(struct bf_frame *f)
{
    int i;

    for (i = 0; i < 3; i++) {
        union {
            const uint8_t *in;
            void *out;
        } p = {f->plane[i].data};

        free(p.out);
    }
    free(f);
}

static const struct bf_orientation upright = {1, 0, 0, 1};

static void copies_what_it_takes(void **state)
{
    const struct bf_video_info info = info_of(W, H, 1, false);
    struct bf_frame *f = made_frame(W, H, upright);
    struct bf_canvas *c = NULL;
    int i;

    (void)state;
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    assert_int_equal(c->chroma_shift, 1);
    assert_int_equal(bf_canvas_take(c, f, NULL), BF_OK);
    for (i = 0; i < 3; i++) {
        uint32_t y;

        for (y = 0; y < f->plane[i].rows; y++)
            assert_memory_equal(c->plane[i] + y * c->stride[i],
                                f->plane[i].data + y * f->plane[i].stride, f->plane[i].row_bytes);
    }
    bf_canvas_free(&c);
    assert_null(c);
    free_frame(f);
}

static void turns_what_lies_on_its_side(void **state)
{
    /* Shown (x, y) comes from decoded (y, h - 1 - x): a quarter turn. */
    const struct bf_orientation o = {0, 1, -1, 0};
    const struct bf_video_info info = info_of(H, W, 1, false);
    struct bf_frame *f = made_frame(W, H, o);
    struct bf_canvas *c = NULL;
    uint32_t x, y;

    (void)state;
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    assert_int_equal(bf_canvas_take(c, f, NULL), BF_OK);
    for (y = 0; y < W; y++)
        for (x = 0; x < H; x++)
            assert_int_equal(c->plane[0][y * c->stride[0] + x],
                             f->plane[0].data[(H - 1 - x) * f->plane[0].stride + y]);
    for (y = 0; y < W / 2; y++)
        for (x = 0; x < H / 2; x++)
            assert_int_equal(c->plane[2][y * c->stride[2] + x],
                             f->plane[2].data[(H / 2 - 1 - x) * f->plane[2].stride + y]);
    bf_canvas_free(&c);
    free_frame(f);
}

static void odd_sides_keep_their_size(void **state)
{
    const struct bf_video_info info = info_of(W + 1, H + 1, 6, false);
    struct bf_frame *f = made_frame(W + 1, H + 1, upright);
    struct bf_canvas *c = NULL;
    uint32_t y;

    (void)state;
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    assert_int_equal(c->chroma_shift, 0);
    assert_int_equal(bf_canvas_take(c, f, NULL), BF_OK);
    for (y = 0; y < H + 1; y++)
        assert_memory_equal(c->plane[0] + y * c->stride[0],
                            f->plane[0].data + y * f->plane[0].stride, W + 1);
    bf_canvas_free(&c);
    free_frame(f);
}

static void colours_are_those_of_the_matrix(void **state)
{
    static const struct {
        uint8_t matrix;
        bool full;
        uint8_t yuv[3];
        float rgb[3];
    } row[] = {
        /* H.273: luma and chroma of the primaries, in the small range and the full one */
        {1, false, {63, 102, 240}, {1, 0, 0}},  {6, false, {81, 90, 240}, {1, 0, 0}},
        {1, false, {173, 42, 26}, {0, 1, 0}},   {6, false, {145, 54, 34}, {0, 1, 0}},
        {6, true, {76, 85, 255}, {1, 0, 0}},    {1, true, {18, 255, 116}, {0, 0, 1}},
        {1, false, {235, 128, 128}, {1, 1, 1}}, {6, false, {16, 128, 128}, {0, 0, 0}},
        {2, false, {145, 54, 34}, {0, 1, 0}},   {9, true, {255, 128, 128}, {1, 1, 1}},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        const struct bf_video_info info = info_of(W, H, row[i].matrix, row[i].full);
        struct bf_canvas *c = NULL;
        float rgb[12], back[12];
        int k, p;

        assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
        for (p = 0; p < 3; p++)
            memset(c->plane[p], row[i].yuv[p], (size_t)(c->stride[p] * (p == 0 ? H : H / 2)));
        bf_canvas_get_rgb(rgb, c, 2, 2, 2, 2);
        for (k = 0; k < 12; k++)
            assert_true(fabsf(rgb[k] - row[i].rgb[k % 3]) < 0.012f);
        for (k = 0; k < 12; k++)
            back[k] = row[i].rgb[k % 3];
        bf_canvas_put_rgb(c, back, NULL, 4, 4, 2, 2);
        assert_in_range(c->plane[0][4 * c->stride[0] + 5] - row[i].yuv[0] + 1, 0, 2);
        assert_in_range(c->plane[1][2 * c->stride[1] + 2] - row[i].yuv[1] + 1, 0, 2);
        assert_in_range(c->plane[2][2 * c->stride[2] + 2] - row[i].yuv[2] + 1, 0, 2);
        bf_canvas_free(&c);
    }
}

/* All samples of the canvas, to compare with later. */
static uint8_t *snapshot(const struct bf_canvas *c, size_t *n)
{
    size_t h[3] = {c->height, c->height / 2, c->height / 2}, at = 0;
    uint8_t *all;
    int i;

    *n = 0;
    for (i = 0; i < 3; i++)
        *n += (size_t)c->stride[i] * h[i];
    all = malloc(*n);
    assert_non_null(all);
    for (i = 0; i < 3; at += (size_t)c->stride[i] * h[i], i++)
        memcpy(all + at, c->plane[i], (size_t)c->stride[i] * h[i]);
    return all;
}

static void what_was_got_goes_back(void **state)
{
    const struct bf_video_info info = info_of(W, H, 6, false);
    struct bf_frame *f = made_frame(W, H, upright);
    static float rgb[W * H * 3], alpha[W * H];
    uint8_t *before, *after;
    struct bf_canvas *c = NULL;
    size_t n, i;

    (void)state;
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    assert_int_equal(bf_canvas_take(c, f, NULL), BF_OK);
    before = snapshot(c, &n);
    bf_canvas_get_rgb(rgb, c, 3, 5, 31, 22);
    bf_canvas_put_rgb(c, rgb, NULL, 3, 5, 31, 22);
    after = snapshot(c, &n);
    for (i = 0; i < n; i++)
        assert_in_range(after[i] - before[i] + 1, 0, 2);
    free(after);
    /* Nothing, not even what is no number, gets through an alpha of 0. */
    assert_int_equal(bf_canvas_take(c, f, NULL), BF_OK);
    for (i = 0; i < sizeof rgb / sizeof *rgb; i++)
        rgb[i] = i % 5 == 0 ? nanf("") : 0.9f;
    bf_canvas_put_rgb(c, rgb, alpha, 0, 0, W, H);
    after = snapshot(c, &n);
    assert_memory_equal(before, after, n);
    free(after);
    free(before);
    bf_canvas_free(&c);
    free_frame(f);
}

static void alpha_is_a_share(void **state)
{
    const struct bf_video_info info = info_of(W, H, 6, true);
    const float white[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, alpha[4] = {1, 0.5f, 0, 0.25f};
    struct bf_canvas *c = NULL;

    (void)state;
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    memset(c->plane[0], 55, (size_t)(c->stride[0] * H));
    memset(c->plane[1], 90, (size_t)(c->stride[1] * H / 2));
    bf_canvas_put_rgb(c, white, alpha, 8, 8, 2, 2);
    assert_int_equal(c->plane[0][8 * c->stride[0] + 8], 255);
    assert_int_equal(c->plane[0][8 * c->stride[0] + 9], 155);
    assert_int_equal(c->plane[0][9 * c->stride[0] + 8], 55);
    assert_int_equal(c->plane[0][9 * c->stride[0] + 9], 105);
    /* 1.75 of 4 pixels have become grey: 128 - (1 - 0.4375) 38 */
    assert_int_equal(c->plane[1][4 * c->stride[1] + 4], 107);
    assert_int_equal(c->plane[1][4 * c->stride[1] + 5], 90);
    bf_canvas_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_it_takes),
        cmocka_unit_test(turns_what_lies_on_its_side),
        cmocka_unit_test(odd_sides_keep_their_size),
        cmocka_unit_test(colours_are_those_of_the_matrix),
        cmocka_unit_test(what_was_got_goes_back),
        cmocka_unit_test(alpha_is_a_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
