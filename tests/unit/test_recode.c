/* Frames through the coder and back, in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/media/recode.h"

static void side_of(uint32_t *w, uint32_t *h, const struct bf_canvas *c, int plane)
{
    unsigned s = plane > 0 ? c->chroma_shift : 0;

    *w = (c->width + s) >> s;
    *h = (c->height + s) >> s;
}

/* Waves that move, with some grain. */
static struct bf_canvas *drawn(uint32_t width, uint32_t height, int turn)
{
    const struct bf_video_info info = {
        .width = width, .height = height, .sar_num = 1, .sar_den = 1};
    struct bf_canvas *c = NULL;
    uint32_t w, h, x, y;
    int i;

    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    for (i = 0; i < 3; i++) {
        side_of(&w, &h, c, i);
        for (y = 0; y < h; y++)
            for (x = 0; x < w; x++)
                c->plane[i][(ptrdiff_t)y * c->stride[i] + x] =
                    (uint8_t)(128 + 60 * sin((x + 3.0 * turn) / (5 + 4 * i)) * cos(y / 7.0) +
                              (i == 0 ? (x * 7 + y * 13 + x * y) % 11 : 0));
    }
    return c;
}

static double psnr(const struct bf_canvas *a, const struct bf_canvas *b, int plane)
{
    double sum = 0;
    uint32_t w, h, x, y;

    side_of(&w, &h, a, plane);
    for (y = 0; y < h; y++)
        for (x = 0; x < w; x++) {
            double d = a->plane[plane][(ptrdiff_t)y * a->stride[plane] + x] -
                       b->plane[plane][(ptrdiff_t)y * b->stride[plane] + x];

            sum += d * d;
        }
    return 10 * log10(255.0 * 255 * w * h / (sum + 1e-9));
}

/* Three frames at that size and rate; out is the last. */
static void code(struct bf_canvas *out, uint32_t width, uint32_t height, unsigned crf)
{
    struct bf_canvas *frame[3];
    int i;

    for (i = 0; i < 3; i++)
        frame[i] = drawn(width, height, i);
    assert_int_equal(bf_recode(out, frame, 3, crf, NULL), BF_OK);
    for (i = 0; i < 3; i++)
        bf_canvas_free(&frame[i]);
}

/* The higher the rate factor, the less is left; a side may be odd. */
static void loses_detail(void **state)
{
    static const struct {
        uint32_t width, height;
        unsigned shift;
    } row[] = {{160, 96, 1}, {128, 128, 1}, {97, 75, 0}, {64, 33, 0}};
    static const unsigned crf[] = {4, 20, 32, 46};
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_canvas *truth = drawn(row[i].width, row[i].height, 2),
                         *out = drawn(row[i].width, row[i].height, 9);
        double before = 1e9, now;
        int p;

        assert_int_equal(out->chroma_shift, row[i].shift);
        for (k = 0; k < sizeof crf / sizeof *crf; k++) {
            code(out, row[i].width, row[i].height, crf[k]);
            now = psnr(truth, out, 0);
            assert_true(now < before - 1);
            if (k == 0)
                for (p = 0; p < 3; p++)
                    assert_true(psnr(truth, out, p) > 38);
            before = now;
        }
        assert_true(before > 10 && before < 32);
        bf_canvas_free(&truth);
        bf_canvas_free(&out);
    }
}

static void same_bits_every_time(void **state)
{
    struct bf_canvas *a = drawn(96, 64, 0), *b = drawn(96, 64, 5);
    uint32_t w, h, y;
    int i;

    (void)state;
    code(a, 96, 64, 28);
    code(b, 96, 64, 28);
    for (i = 0; i < 3; i++) {
        side_of(&w, &h, a, i);
        for (y = 0; y < h; y++)
            assert_memory_equal(a->plane[i] + (ptrdiff_t)y * a->stride[i],
                                b->plane[i] + (ptrdiff_t)y * b->stride[i], w);
    }
    bf_canvas_free(&a);
    bf_canvas_free(&b);
}

struct watch {
    size_t n, stop_at;
    double worst;
};

static enum bf_err count(void *ctx, const struct bf_canvas *decoded, struct bf_error *err)
{
    struct watch *w = ctx;
    struct bf_canvas *truth = drawn(decoded->width, decoded->height, (int)w->n);

    w->worst = fmin(w->worst, psnr(truth, decoded, 0));
    bf_canvas_free(&truth);
    return ++w->n == w->stop_at ? bf_error_set(err, BF_ERR_LIMIT, "enough") : BF_OK;
}

static enum bf_err put_all(struct bf_recoder *r, size_t n, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++) {
        struct bf_canvas *c = drawn(96, 64, (int)i);

        rc = bf_recoder_put(r, c, err);
        bf_canvas_free(&c);
    }
    return rc == BF_OK ? bf_recoder_finish(r, err) : rc;
}

/* As many come out as went in, each in its turn. */
static void every_frame_comes_out(void **state)
{
    static const size_t n[] = {0, 1, 2, 7, 60};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof n / sizeof *n; i++) {
        struct bf_canvas *like = drawn(96, 64, 0);
        struct watch w = {.worst = 1e9};
        struct bf_recoder *r = NULL;

        assert_int_equal(bf_recoder_create(&r, like, 12, count, &w, NULL), BF_OK);
        assert_int_equal(put_all(r, n[i], NULL), BF_OK);
        assert_int_equal(w.n, n[i]);
        assert_true(w.worst > 30);
        bf_recoder_free(&r);
        assert_null(r);
        bf_recoder_free(&r);
        bf_canvas_free(&like);
    }
}

static void says_what_the_callback_said(void **state)
{
    static const size_t stop_at[] = {1, 3, 6};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof stop_at / sizeof *stop_at; i++) {
        struct bf_canvas *like = drawn(96, 64, 0);
        struct watch w = {.stop_at = stop_at[i], .worst = 1e9};
        struct bf_recoder *r = NULL;
        struct bf_error err = {0};

        assert_int_equal(bf_recoder_create(&r, like, 20, count, &w, &err), BF_OK);
        assert_int_equal(put_all(r, 6, &err), BF_ERR_LIMIT);
        assert_string_equal(err.text, "enough");
        assert_int_equal(w.n, stop_at[i]);
        bf_recoder_free(&r);
        bf_canvas_free(&like);
    }
}

/* The frame that looks at a canvas: a second canvas takes it without a change. */
static void canvas_as_frame(void **state)
{
    static const struct {
        uint32_t width, height;
        const char *format;
    } row[] = {{50, 38, "yuv420p"}, {51, 38, "yuv444p"}};
    size_t k;
    int i;

    (void)state;
    for (k = 0; k < sizeof row / sizeof *row; k++) {
        struct bf_canvas *c = drawn(row[k].width, row[k].height, 1),
                         *other = drawn(row[k].width, row[k].height, 4);
        struct bf_frame f;
        uint32_t w, h, y;

        bf_canvas_frame(&f, c);
        assert_int_equal(f.width, row[k].width);
        assert_int_equal(f.height, row[k].height);
        assert_string_equal(f.pixel_format, row[k].format);
        assert_int_equal(f.n_planes, 3);
        assert_ptr_equal(f.luma, c->plane[0]);
        assert_int_equal(f.luma_bits, 8);
        assert_int_equal(bf_canvas_take(other, &f, NULL), BF_OK);
        for (i = 0; i < 3; i++) {
            side_of(&w, &h, c, i);
            assert_int_equal(f.plane[i].row_bytes, w);
            assert_int_equal(f.plane[i].rows, h);
            for (y = 0; y < h; y++)
                assert_memory_equal(c->plane[i] + (ptrdiff_t)y * c->stride[i],
                                    other->plane[i] + (ptrdiff_t)y * other->stride[i], w);
        }
        bf_canvas_free(&c);
        bf_canvas_free(&other);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_detail),          cmocka_unit_test(same_bits_every_time),
        cmocka_unit_test(every_frame_comes_out), cmocka_unit_test(says_what_the_callback_said),
        cmocka_unit_test(canvas_as_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
