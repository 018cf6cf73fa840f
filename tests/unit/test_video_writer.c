#include "tests/unit/video_fixture.h"

#include "lib/base/file.h"
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

/* A second of silence at 8000 samples a second, 16 bits. */
static void write_wav(char *name)
{
    const uint8_t head[44] = {'R', 'I', 'F',  'F',  0xa4, 0x3e, 0,    0,    'W',  'A', 'V',
                              'E', 'f', 'm',  't',  ' ',  16,   0,    0,    0,    1,   0,
                              1,   0,   0x40, 0x1f, 0,    0,    0x80, 0x3e, 0,    0,   2,
                              0,   16,  0,    'd',  'a',  't',  'a',  0x80, 0x3e, 0,   0};
    static const uint8_t silence[16000];
    int fd = mkstemps(name, 4);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    assert_int_equal(write(fd, silence, sizeof silence), sizeof silence);
    close(fd);
}

static struct bf_video_info canvas_info(void)
{
    return (struct bf_video_info){.width = W,
                                  .height = H + 1,
                                  .sar_num = 4,
                                  .sar_den = 3,
                                  .frames_per_second = 30,
                                  .matrix = 1,
                                  .primaries = 1,
                                  .transfer = 13,
                                  .full_range = true};
}

static void write_canvases(int fd, const char *name, const struct bf_video_writer_options *o)
{
    const struct bf_video_info info = canvas_info();
    struct bf_video_writer *w = NULL;
    struct bf_canvas *c = NULL;
    struct bf_error err = {0};
    int i;

    assert_int_equal(bf_canvas_create(&c, &info, &err), BF_OK);
    assert_int_equal(bf_video_writer_open_canvas(&w, fd, name, &info, o, &err), BF_OK);
    for (i = 0; i < FRAMES; i++) {
        memset(c->plane[0], 20 + 10 * i, (size_t)(c->stride[0] * (H + 1)));
        assert_int_equal(bf_video_writer_add_canvas(w, c, time_of(i), &err), BF_OK);
    }
    assert_int_equal(bf_video_writer_finish(w, time_of(FRAMES), &err), BF_OK);
    bf_video_writer_close(&w);
    bf_canvas_free(&c);
}

static bool find(const struct bf_buf *b, const char *text)
{
    size_t n = strlen(text), i;

    for (i = 0; i + n <= b->len; i++)
        if (memcmp(b->data + i, text, n) == 0)
            return true;
    return false;
}

static void canvases_keep_all_they_have(void **state)
{
    char wav[] = "/tmp/bonafide-test-XXXXXX.wav", name[] = "/tmp/bonafide-test-XXXXXX.mov",
         again[] = "/tmp/bonafide-test-XXXXXX.mov";
    int fd = mkstemps(name, 4), fd2 = mkstemps(again, 4), i;
    struct bf_video_writer_options o = {.title = "a title",
                                        .comment = "a comment",
                                        .xmp = "<packet/>",
                                        .sound_path = wav,
                                        .crf = 12};
    const struct bf_frame *f = NULL;
    struct bf_buf one = {0}, two = {0};
    struct bf_video *v = NULL;
    struct bf_error err = {0};

    (void)state;
    assert_true(fd >= 0 && fd2 >= 0);
    write_wav(wav);
    write_canvases(fd, name, &o);
    write_canvases(fd2, again, &o);
    assert_int_equal(bf_file_read(&one, name, 1 << 20, &err), BF_OK);
    assert_int_equal(bf_file_read(&two, again, 1 << 20, &err), BF_OK);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    assert_memory_equal(one.data + one.len - 9, "<packet/>", 9);
    assert_memory_equal(one.data + one.len - 9 - 24, "\0\0\0\x21uuid\xbe\x7a\xcf\xcb", 12);
    assert_true(find(&one, "a title"));
    assert_true(find(&one, "a comment"));

    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    assert_int_equal(bf_video_info(v)->width, W);
    assert_int_equal(bf_video_info(v)->height, H + 1);
    assert_int_equal(bf_video_info(v)->sar_num, 4);
    assert_int_equal(bf_video_info(v)->n_audio, 1);
    assert_int_equal(bf_video_info(v)->matrix, 1);
    assert_int_equal(bf_video_info(v)->transfer, 13);
    assert_true(bf_video_info(v)->full_range);
    for (i = 0; bf_video_next(v, &f, &err) == BF_OK && f != NULL; i++) {
        assert_in_range(f->pts_us - time_of(i) + 20, 0, 40);
        assert_in_range(f->plane[0].data[W / 2] - (20 + 10 * i) + 2, 0, 4);
    }
    assert_int_equal(i, FRAMES);
    assert_in_range(bf_video_end_us(v) - time_of(FRAMES) + 1000, 0, 2000);
    bf_video_close(&v);
    bf_buf_release(&one);
    bf_buf_release(&two);
    close(fd);
    close(fd2);
    unlink(wav);
    unlink(name);
    unlink(again);
}

static void mp4_does_not_hold_everything(void **state)
{
    char wav[] = "/tmp/bonafide-test-XXXXXX.wav", name[] = "/tmp/bonafide-test-XXXXXX.mp4",
         want[200];
    const struct bf_video_info info = canvas_info();
    struct bf_video_writer_options o = {.sound_path = wav};
    struct bf_video_writer *w = NULL;
    struct bf_error err = {0};
    int fd = mkstemps(name, 4);

    (void)state;
    assert_true(fd >= 0);
    write_wav(wav);
    assert_int_equal(bf_video_writer_open_canvas(&w, fd, name, &info, &o, &err), BF_ERR_FORMAT);
    assert_null(w);
    snprintf(want, sizeof want,
             "'%s' cannot hold sound of the kind in '%s' (pcm_s16le); name it .mov, or convert the "
             "sound first",
             name, wav);
    assert_string_equal(err.text, want);
    close(fd);
    unlink(wav);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(canvases_keep_all_they_have),
        cmocka_unit_test(mp4_does_not_hold_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
