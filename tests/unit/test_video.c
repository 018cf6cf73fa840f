#include "tests/unit/video_fixture.h"

#include "lib/media/picture.h"
#include "lib/media/video.h"
#include "lib/media/video_writer.h"

#include <sys/stat.h>

static void write_file(char name[64], const char *suffix, const void *p, size_t n)
{
    FILE *out;
    int fd;

    snprintf(name, 64, "/tmp/bonafide-test-XXXXXX%s", suffix);
    fd = mkstemps(name, (int)strlen(suffix));
    assert_true(fd >= 0);
    out = fdopen(fd, "wb");
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void reads_every_frame(void **state)
{
    struct scene sc = {.seed = 5};
    struct bf_video *v = NULL;
    const struct bf_frame *f = NULL;
    uint8_t a[32], b[32];
    uint64_t size, n = 0;
    struct bf_error err = {0};
    struct stat st;
    char name[64];

    (void)state;
    fixture_y4m(name, &sc, 98, 54, 12);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    assert_int_equal(bf_video_info(v)->width, 98);
    assert_int_equal(bf_video_info(v)->height, 54);
    assert_int_equal(bf_video_info(v)->n_audio, 0);
    assert_int_equal(bf_video_file_hash(v, a, &size, NULL), BF_OK);
    assert_int_equal(size, st.st_size);
    while (bf_video_next(v, &f, &err) == BF_OK && f != NULL) {
        assert_int_equal(f->index, n);
        assert_int_equal(f->pts_us, n * 100000);
        assert_int_equal(f->n_planes, 3);
        assert_int_equal(f->plane[1].rows, 27);
        assert_int_equal(f->plane[1].row_bytes, 49);
        assert_string_equal(f->pixel_format, "yuv420p");
        assert_int_equal(f->luma[54 / 2 * f->luma_stride + 40],
                         (int)fixture_luma(&sc, 40.5 / 98, 27.5 / 54, (double)n / 10));
        n++;
    }
    assert_int_equal(n, 12);
    assert_int_equal(bf_video_end_us(v), 1200000);
    bf_video_stream_hash(v, a);
    bf_video_close(&v);
    /* a second reading comes to the same */
    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    while (bf_video_next(v, &f, &err) == BF_OK && f != NULL)
        ;
    bf_video_stream_hash(v, b);
    assert_memory_equal(a, b, 32);
    bf_video_close(&v);
    unlink(name);
}

static void refuses_with_a_word(void **state)
{
    static const struct {
        const char *suffix, *data;
        size_t n;
        const char *word;
    } bad[] = {
        {".mp4", "this is a text, and no video at all\n", 36, "not a video"},
        {".mp4", "", 0, "is empty"},
        {".png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\0\0\0\0\x3a\x7e\x9b\x55", 33,
         "still image"},
        {".m3u8", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 38, "not a video"},
        {".y4m", "YUV4MPEG2 W16 H16 F10:1 C420jpeg\n", 33, "no frame"},
    };
    struct bf_error err = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct bf_frame *f = NULL;
        struct bf_video *v = NULL;
        char name[64];
        enum bf_err rc;

        write_file(name, bad[i].suffix, bad[i].data, bad[i].n);
        rc = bf_video_open(&v, name, &err);
        if (rc == BF_OK)
            rc = bf_video_next(v, &f, &err);
        assert_int_equal(rc, BF_ERR_FORMAT);
        if (strstr(err.text, bad[i].word) == NULL)
            fail_msg("case %zu says: %s", i, err.text);
        bf_video_close(&v);
        unlink(name);
    }
    struct bf_video *v = NULL;

    assert_int_equal(bf_video_open(&v, "/tmp", &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "folder"));
    assert_int_equal(bf_video_open(&v, "/nowhere/at.all", &err), BF_ERR_IO);
    assert_null(v);
}

static void exact_hash_follows_every_pixel(void **state)
{
    enum { W = 96, H = 54 };
    static uint8_t y[W * H], u[W * H / 4], c[W * H / 4], padded[(W + 13) * H];
    struct bf_video_info info = {.width = W, .height = H, .sar_num = 1, .sar_den = 1};
    struct bf_frame_digester *d = bf_frame_digester_create(&info);
    struct bf_frame_digest *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    struct bf_frame f = {
        .width = W,
        .height = H,
        .pixel_format = "yuv420p",
        .n_planes = 3,
        .plane = {{y, W, W, H}, {u, W / 2, W / 2, H / 2}, {c, W / 2, W / 2, H / 2}},
        .orientation = {1, 0, 0, 1},
        .luma = y,
        .luma_stride = W,
        .luma_bytes = 1,
        .luma_bits = 8};
    unsigned i;

    (void)state;
    for (i = 0; i < W * H; i++)
        y[i] = (uint8_t)fixture_hash(i);
    assert_int_equal(bf_frame_digester_run(a, d, &f, NULL), BF_OK);
    c[W * H / 4 - 1] ^= 1;
    assert_int_equal(bf_frame_digester_run(b, d, &f, NULL), BF_OK);
    assert_memory_not_equal(a->exact32, b->exact32, 32);
    c[W * H / 4 - 1] ^= 1;
    /* how the rows lie in memory must not matter */
    for (i = 0; i < H; i++)
        memcpy(padded + i * (W + 13), y + i * W, W);
    f.plane[0] = (struct bf_plane){padded, W + 13, W, H};
    f.luma = padded;
    f.luma_stride = W + 13;
    assert_int_equal(bf_frame_digester_run(b, d, &f, NULL), BF_OK);
    assert_memory_equal(a->exact32, b->exact32, 32);
    assert_memory_equal(a->cells, b->cells, sizeof a->cells);
    bf_frame_digester_free(&d);
    free(a);
    free(b);
}

enum { LONG_W = 64, LONG_H = 48, LONG_FRAMES = 320 };

static void draw_long(struct bf_picture *p, int i)
{
    const uint8_t grey = (uint8_t)(30 + i * 7 % 190);
    const struct bf_rect all = {0, 0, LONG_W, LONG_H}, block = {i % LONG_W, 8, i % LONG_W + 9, 40};

    bf_picture_fill(p, &all, (struct bf_rgb){grey, grey, grey}, 255);
    bf_picture_fill(p, &block, (struct bf_rgb){20, 200, 40}, 255);
}

/* With several key frames, frames that are told by later ones, and uneven times. */
static void write_mp4(char name[64])
{
    const struct bf_video_writer_size size = {LONG_W, LONG_H, 1, 1, 30};
    struct bf_video_writer *w = NULL;
    struct bf_picture p;
    int i, fd;

    snprintf(name, 64, "/tmp/bonafide-test-XXXXXX.mp4");
    fd = mkstemps(name, 4);
    assert_true(fd >= 0);
    assert_int_equal(bf_picture_create(&p, LONG_W, LONG_H, NULL), BF_OK);
    assert_int_equal(bf_video_writer_open(&w, fd, name, &size, NULL), BF_OK);
    for (i = 0; i < LONG_FRAMES; i++) {
        draw_long(&p, i);
        assert_int_equal(bf_video_writer_add(w, &p, i * INT64_C(33367) + i % 3 * 5000, NULL),
                         BF_OK);
    }
    assert_int_equal(bf_video_writer_finish(w, LONG_FRAMES * INT64_C(33367), NULL), BF_OK);
    bf_video_writer_close(&w);
    bf_picture_release(&p);
    close(fd);
}

/* Photographs one after another, which no container keeps an index of. */
static void write_mjpeg(char name[64])
{
    struct bf_buf all = {0};
    struct bf_picture p;
    int i;

    assert_int_equal(bf_picture_create(&p, LONG_W, LONG_H, NULL), BF_OK);
    for (i = 0; i < 40; i++) {
        draw_long(&p, i);
        assert_int_equal(bf_picture_encode(&all, &p, BF_PICTURE_JPEG, NULL), BF_OK);
    }
    write_file(name, ".mjpeg", all.data, all.len);
    bf_picture_release(&p);
    bf_buf_release(&all);
}

static uint32_t luma_sum(const struct bf_frame *f)
{
    uint32_t x, y, sum = 0;

    for (y = 0; y < f->height; y++)
        for (x = 0; x < f->width; x++)
            sum = sum * 31 + f->luma[(ptrdiff_t)y * f->luma_stride + (ptrdiff_t)x];
    return sum;
}

static void seeks_as_it_reads(const char *name)
{
    int64_t time[LONG_FRAMES];
    uint32_t sum[LONG_FRAMES];
    const struct bf_frame *f = NULL;
    struct bf_video *v = NULL;
    struct bf_error err = {0};
    int n = 0, i, k;

    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    while (bf_video_next(v, &f, &err) == BF_OK && f != NULL) {
        assert_true(n < LONG_FRAMES);
        time[n] = f->pts_us;
        sum[n++] = luma_sum(f);
    }
    assert_true(n >= 30);
    for (i = 0; i < 24; i++) {
        int at = (int)(fixture_hash((uint32_t)i) % (unsigned)n);

        if (i % 4 == 0) {
            bf_video_close(&v);
            assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
        }
        /* on the frame's time, or between it and the one before */
        assert_int_equal(bf_video_seek(v, time[at] - i % 2, &err), BF_OK);
        for (k = 0; k < 5; k++) {
            assert_int_equal(bf_video_next(v, &f, &err), BF_OK);
            if (at + k >= n) {
                assert_null(f);
                break;
            }
            assert_non_null(f);
            assert_int_equal(f->index, k);
            assert_int_equal(f->pts_us, time[at + k]);
            assert_int_equal(luma_sum(f), sum[at + k]);
        }
    }
    assert_int_equal(bf_video_seek(v, -5, &err), BF_OK);
    assert_int_equal(bf_video_next(v, &f, &err), BF_OK);
    assert_int_equal(f->pts_us, 0);
    assert_int_equal(bf_video_seek(v, time[n - 1] + 1, &err), BF_OK);
    assert_int_equal(bf_video_next(v, &f, &err), BF_OK);
    assert_null(f);
    assert_true(bf_video_end_us(v) > time[n - 1]);
    bf_video_close(&v);
}

static void seeks(void **state)
{
    struct scene sc = {.seed = 5};
    char name[64];

    (void)state;
    fixture_y4m(name, &sc, 98, 54, 32);
    seeks_as_it_reads(name);
    unlink(name);
    write_mp4(name);
    seeks_as_it_reads(name);
    unlink(name);
    write_mjpeg(name);
    seeks_as_it_reads(name);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_frame),
        cmocka_unit_test(refuses_with_a_word),
        cmocka_unit_test(seeks),
        cmocka_unit_test(exact_hash_follows_every_pixel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
