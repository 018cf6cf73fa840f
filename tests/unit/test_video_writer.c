#include "tests/unit/video_fixture.h"

#include "lib/media/video_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { W = 96, H = 64, FRAMES = 20 };

/* Uneven times, as telephones write them. */
static int64_t time_of(int i)
{
    return i * INT64_C(33367) + (i % 3) * 5000;
}

/* A grey that gets lighter, with a red block that wanders to the right. */
static void draw(struct bf_picture *p, int i)
{
    const uint8_t grey = (uint8_t)(40 + i * 5);
    const struct bf_rect all = {0, 0, W, H}, block = {i * 4, 16, i * 4 + 16, 48};

    bf_picture_fill(p, &all, (struct bf_rgb){grey, grey, grey}, 255);
    bf_picture_fill(p, &block, (struct bf_rgb){220, 30, 30}, 255);
}

static void assert_near(const struct bf_picture *p, uint32_t x, uint32_t y, int r, int g, int b)
{
    const uint8_t *c = p->rgb + ((size_t)y * p->width + x) * 3;

    if (abs(c[0] - r) > 12 || abs(c[1] - g) > 12 || abs(c[2] - b) > 12)
        fail_msg("(%u, %u) is %u,%u,%u, wanted %d,%d,%d", x, y, c[0], c[1], c[2], r, g, b);
}

static void reads_back(void **state)
{
    const struct bf_video_writer_size size = {W, H, 4, 3, 30};
    char name[] = "/tmp/bonafide-test-XXXXXX.mp4";
    int fd = mkstemps(name, 4), i;
    struct bf_picture_scaler *s = bf_picture_scaler_create();
    struct bf_video_writer *w = NULL;
    const struct bf_frame *f = NULL;
    struct bf_video *v = NULL;
    struct bf_error err = {0};
    struct bf_picture p;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(bf_picture_create(&p, W, H, &err), BF_OK);
    assert_int_equal(bf_video_writer_open(&w, fd, name, &size, &err), BF_OK);
    for (i = 0; i < FRAMES; i++) {
        draw(&p, i);
        assert_int_equal(bf_video_writer_add(w, &p, time_of(i), &err), BF_OK);
    }
    assert_int_equal(bf_video_writer_finish(w, time_of(FRAMES - 1) + 120000, &err), BF_OK);
    bf_video_writer_close(&w);
    assert_null(w);
    close(fd);

    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    assert_int_equal(bf_video_info(v)->width, W);
    assert_int_equal(bf_video_info(v)->height, H);
    assert_int_equal(bf_video_info(v)->sar_num, 4);
    assert_int_equal(bf_video_info(v)->sar_den, 3);
    assert_int_equal(bf_video_info(v)->n_audio, 0);
    for (i = 0; bf_video_next(v, &f, &err) == BF_OK && f != NULL; i++) {
        int grey = 40 + i * 5;

        assert_string_equal(f->pixel_format, "yuv420p");
        assert_in_range(f->pts_us - time_of(i) + 20, 0, 40);
        assert_int_equal(bf_picture_scale(&p, s, f, &err), BF_OK);
        assert_near(&p, W - 4, 4, grey, grey, grey);
        if (i * 4 + 16 < W)
            assert_near(&p, (uint32_t)i * 4 + 8, 32, 220, 30, 30);
    }
    assert_int_equal(i, FRAMES);
    assert_in_range(bf_video_end_us(v) - time_of(FRAMES - 1), 119000, 121000);
    bf_video_close(&v);
    bf_picture_scaler_free(&s);
    bf_picture_release(&p);
    unlink(name);
}

static void says_what_is_wrong(void **state)
{
    const struct bf_video_writer_size size = {W, H, 1, 1, 25};
    struct bf_video_writer *w = NULL;
    struct bf_error err = {0};
    struct bf_picture p, other;
    enum bf_err rc = BF_OK;
    int fd = open("/dev/full", O_RDWR), i;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(bf_picture_create(&p, W, H, NULL), BF_OK);
    assert_int_equal(bf_picture_create(&other, W + 2, H, NULL), BF_OK);
    rc = bf_video_writer_open(&w, fd, "full.mp4", &size, &err);
    if (rc == BF_OK)
        assert_int_equal(bf_video_writer_add(w, &other, 0, &err), BF_ERR_USAGE);
    for (i = 0; i < 100 && rc == BF_OK; i++) {
        draw(&p, i);
        rc = bf_video_writer_add(w, &p, i * 40000, &err);
    }
    if (rc == BF_OK)
        rc = bf_video_writer_finish(w, 4000000, &err);
    assert_int_equal(rc, BF_ERR_IO);
    assert_string_equal(err.text, "cannot write 'full.mp4': No space left on device");
    bf_video_writer_close(&w);
    close(fd);
    bf_picture_release(&p);
    bf_picture_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
