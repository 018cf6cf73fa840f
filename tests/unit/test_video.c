#include "tests/unit/video_fixture.h"

#include "lib/media/video.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_frame),
        cmocka_unit_test(refuses_with_a_word),
        cmocka_unit_test(exact_hash_follows_every_pixel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
