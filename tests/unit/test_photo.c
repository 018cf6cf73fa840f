/*
 * Still pictures: read as they were written, upright, or refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "lib/media/photo.h"

#include <unistd.h>

static char path[] = "/tmp/bf_photo.XXXXXX";

static void put(const void *p, size_t n)
{
    struct bf_buf b = {0};

    bf_buf_append(&b, p, n);
    assert_int_equal(bf_file_write(path, BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    bf_buf_release(&b);
}

/* Red, green, blue and grey quarters, 48 x 32. */
static void draw(struct bf_picture *p)
{
    static const struct bf_rgb c[4] = {
        {200, 30, 30}, {30, 200, 30}, {30, 30, 200}, {128, 128, 128}};
    int i;

    assert_int_equal(bf_picture_create(p, 48, 32, NULL), BF_OK);
    for (i = 0; i < 4; i++)
        bf_picture_fill(p,
                        &(struct bf_rect){i % 2 * 24, i / 2 * 16, i % 2 * 24 + 24, i / 2 * 16 + 16},
                        c[i], 255);
}

static void near(const struct bf_picture *p, unsigned x, unsigned y, int r, int g, int b)
{
    const uint8_t *q = p->rgb + 3 * (y * p->width + x);

    assert_in_range(q[0], (unsigned)(r > 5 ? r - 5 : 0), (unsigned)(r + 5));
    assert_in_range(q[1], (unsigned)(g > 5 ? g - 5 : 0), (unsigned)(g + 5));
    assert_in_range(q[2], (unsigned)(b > 5 ? b - 5 : 0), (unsigned)(b + 5));
}

static void both_kinds(void **state)
{
    struct bf_picture p, got;
    int kind;

    (void)state;
    draw(&p);
    for (kind = BF_PICTURE_JPEG; kind <= BF_PICTURE_PNG; kind++) {
        struct bf_buf file = {0};

        assert_int_equal(bf_picture_encode(&file, &p, (enum bf_picture_kind)kind, NULL), BF_OK);
        put(file.data, file.len);
        assert_true(bf_photo_is_one(path));
        assert_int_equal(bf_photo_read(&got, path, NULL), BF_OK);
        assert_int_equal(got.width, 48);
        assert_int_equal(got.height, 32);
        near(&got, 10, 8, 200, 30, 30);
        near(&got, 36, 8, 30, 200, 30);
        near(&got, 10, 24, 30, 30, 200);
        near(&got, 36, 24, 128, 128, 128);
        bf_picture_release(&got);
        bf_buf_release(&file);
    }
    bf_picture_release(&p);
}

/* A camera held upright writes its picture lying, and says so. */
static void turned(void **state)
{
    static const uint8_t exif[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                                   0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                                   0,    0,    0, 1,  0,   6,   0,   0,   0, 0,    0,   0};
    struct bf_buf file = {0}, with = {0};
    struct bf_picture p, got;

    (void)state;
    draw(&p);
    assert_int_equal(bf_picture_encode(&file, &p, BF_PICTURE_JPEG, NULL), BF_OK);
    bf_buf_append(&with, file.data, 2);
    bf_buf_append(&with, exif, sizeof exif);
    bf_buf_append(&with, file.data + 2, file.len - 2);
    put(with.data, with.len);
    assert_int_equal(bf_photo_read(&got, path, NULL), BF_OK);
    assert_int_equal(got.width, 32);
    assert_int_equal(got.height, 48);
    /* turned by a quarter, clockwise: what was left below is left above */
    near(&got, 8, 10, 30, 30, 200);
    near(&got, 24, 10, 200, 30, 30);
    near(&got, 24, 36, 30, 200, 30);
    bf_picture_release(&got);
    bf_picture_release(&p);
    bf_buf_release(&file);
    bf_buf_release(&with);
}

static void refused(void **state)
{
    struct bf_buf file = {0};
    struct bf_picture p, got;
    struct bf_error err;
    size_t n;

    (void)state;
    draw(&p);
    assert_int_equal(bf_picture_encode(&file, &p, BF_PICTURE_PNG, NULL), BF_OK);
    for (n = 0; n < file.len; n += 1 + n / 8) {
        put(file.data, n);
        assert_int_not_equal(bf_photo_read(&got, path, &err), BF_OK);
        assert_null(got.rgb);
    }
    file.data[file.len / 2] ^= 0x55;
    put(file.data, file.len);
    assert_int_equal(bf_photo_read(&got, path, &err), BF_ERR_FORMAT);
    put("no picture at all", 17);
    assert_false(bf_photo_is_one(path));
    assert_int_equal(bf_photo_read(&got, path, &err), BF_ERR_FORMAT);
    assert_int_not_equal(bf_photo_read(&got, "/nowhere/at/all.png", &err), BF_OK);
    bf_picture_release(&p);
    bf_buf_release(&file);
}

static int make_path(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds),
        cmocka_unit_test(turned),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
