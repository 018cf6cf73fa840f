/* A video, or a fake of it, coded again in memory. */
#include "tests/unit/face_fixture.h"

#include <math.h>

#include "cli/fake_stream.h"

struct watch {
    struct bf_video_info info;
    size_t n_begun, n, stop_at;
    int64_t pts_us[64];
    double luma; /* sum of absolute differences from before */
    double sum;
    uint8_t first[FACE_WIDE * FACE_HIGH];
    enum bf_err begin_rc;
};

static enum bf_err begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    struct watch *w = ctx;

    w->info = *info;
    w->n_begun++;
    return w->begin_rc != BF_OK ? bf_error_set(err, w->begin_rc, "not begun") : BF_OK;
}

static enum bf_err take(void *ctx, const struct bf_frame *frame, struct bf_error *err)
{
    struct watch *w = ctx;
    uint32_t x, y;

    assert_int_equal(w->n_begun, 1);
    assert_int_equal(frame->width, w->info.width);
    assert_int_equal(frame->height, w->info.height);
    assert_int_equal(frame->index, w->n);
    for (y = 0; w->n == 0 && y < frame->height; y++)
        for (x = 0; x < frame->width; x++)
            w->first[y * FACE_WIDE + x] = frame->luma[(ptrdiff_t)y * frame->luma_stride + x];
    for (y = 0; y < frame->height; y++)
        for (x = 0; x < frame->width; x++)
            w->sum += frame->luma[(ptrdiff_t)y * frame->luma_stride + x];
    assert_true(w->n < 64);
    w->pts_us[w->n++] = frame->pts_us;
    return w->n == w->stop_at ? bf_error_set(err, BF_ERR_LIMIT, "enough") : BF_OK;
}

static double difference(const struct watch *a, const struct watch *b)
{
    double sum = 0;
    size_t x, y;

    for (y = 0; y < a->info.height; y++)
        for (x = 0; x < a->info.width; x++)
            sum += abs(a->first[y * FACE_WIDE + x] - b->first[y * FACE_WIDE + x]);
    return sum / a->info.width / a->info.height;
}

static struct watch *watch(void)
{
    struct watch *w = calloc(1, sizeof *w);

    assert_non_null(w);
    return w;
}

/* As many frames as there are, at their times, at the size that begin was told. */
static void codes_again(void **state)
{
    static const struct {
        unsigned width, height, crf;
        bool half;
        int64_t most_us;
        uint32_t seen_width, seen_height;
        size_t n;
    } row[] = {
        {64, 48, 0, false, 0, 64, 48, 9},       {64, 48, 30, false, 0, 64, 48, 9},
        {64, 48, 0, true, 0, 32, 24, 9},        {64, 48, 23, true, 0, 32, 24, 9},
        {65, 47, 23, false, 0, 64, 46, 9},      {66, 50, 40, true, 0, 32, 24, 9},
        {64, 48, 23, false, 400000, 64, 48, 5}, {64, 48, 0, false, 399999, 64, 48, 4},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        const struct bf_fake_stream_options how = {.path = text_path("a.y4m"),
                                                   .crf = row[i].crf,
                                                   .half = row[i].half,
                                                   .most_us = row[i].most_us};
        struct watch *w = watch();

        face_video("a.y4m", ANN, row[i].width, row[i].height, 9);
        assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, w, NULL), BF_OK);
        assert_int_equal(w->n_begun, 1);
        assert_int_equal(w->info.width, row[i].seen_width);
        assert_int_equal(w->info.height, row[i].seen_height);
        assert_int_equal(w->n, row[i].n);
        for (k = 0; k < w->n; k++)
            assert_int_equal(w->pts_us[k], k * 100000);
        free(w);
    }
}

static void rate_costs_detail(void **state)
{
    struct bf_fake_stream_options how = {.path = text_path("b.y4m")};
    struct watch *plain = watch(), *good = watch(), *poor = watch();

    (void)state;
    face_video("b.y4m", ANN, 160, 120, 3);
    assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, plain, NULL), BF_OK);
    how.crf = 15;
    assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, good, NULL), BF_OK);
    how.crf = 45;
    assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, poor, NULL), BF_OK);
    assert_true(difference(plain, good) < 3);
    assert_true(difference(plain, poor) > 2 * difference(plain, good));
    free(plain);
    free(good);
    free(poor);
}

static void passes_errors_on(void **state)
{
    static const unsigned crf[] = {0, 23};
    struct bf_fake_stream_options how = {.path = text_path("c.y4m")};
    struct bf_error err = {0};
    size_t i;

    (void)state;
    face_video("c.y4m", ANN, 64, 48, 9);
    for (i = 0; i < 2; i++) {
        struct watch *w = watch();

        how.crf = crf[i];
        w->stop_at = 3;
        assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, w, &err), BF_ERR_LIMIT);
        assert_string_equal(err.text, "enough");
        assert_int_equal(w->n, 3);
        memset(w, 0, sizeof *w);
        w->begin_rc = BF_ERR_FORMAT;
        assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, w, &err), BF_ERR_FORMAT);
        assert_string_equal(err.text, "not begun");
        assert_int_equal(w->n, 0);
        free(w);
    }
    how.path = text_path("none.mp4");
    assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, NULL, &err), BF_ERR_IO);
    /* a video that has nothing left when it is halved */
    face_video("tiny.y4m", ANN, 2, 2, 2);
    how.path = text_path("tiny.y4m");
    how.half = true;
    assert_int_equal(bf_fake_stream_run(&how, NULL, begin, take, NULL, &err), BF_ERR_LIMIT);
}

/* A fake differs from the real one where the face is; a method that wants a donor gets one. */
static void makes_fakes(void **state)
{
    struct bf_fake_stream_options how = {.seed = 4, .strength = 1, .colour = BF_COLOUR_REINHARD};
    const struct bf_fake_method *method;
    struct bf_face_reader *reader;
    struct watch *real = watch();
    struct bf_error err = {0};
    unsigned n_with_donor = 0;

    (void)state;
    if (!face_models()) {
        free(real);
        skip();
    }
    reader = face_reader();
    face_video("ann.y4m", ANN, 320, 260, 6);
    face_photo("ben.png", BEN);
    face_video("corner.y4m", BEN, 32, 24, 2);
    how.path = text_path("ann.y4m");
    assert_int_equal(bf_fake_stream_run(&how, reader, begin, take, real, NULL), BF_OK);
    for (method = bf_fake_methods; method->name != NULL; method++) {
        struct watch *w = watch();

        how.method = method;
        how.donor = NULL;
        if (method->need == BF_FAKE_DONOR) {
            n_with_donor++;
            assert_int_equal(bf_fake_stream_run(&how, reader, begin, take, w, &err), BF_ERR_USAGE);
            how.donor = text_path("corner.y4m");
            assert_int_equal(bf_fake_stream_run(&how, reader, begin, take, w, &err),
                             BF_ERR_NOT_FOUND);
            assert_int_equal(w->n_begun, 0);
            how.donor = text_path("ben.png");
        }
        if (bf_fake_stream_run(&how, reader, begin, take, w, &err) != BF_OK)
            fail_msg("%s: %s", method->name, err.text);
        assert_int_equal(w->n, 6);
        if (method->need != BF_FAKE_OWN_VIDEO && fabs(w->sum - real->sum) <= 0)
            fail_msg("%s changed nothing", method->name);
        free(w);
    }
    assert_true(n_with_donor > 0);
    bf_face_reader_free(&reader);
    free(real);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_again),
        cmocka_unit_test(rate_costs_detail),
        cmocka_unit_test(passes_errors_on),
        cmocka_unit_test(makes_fakes),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
