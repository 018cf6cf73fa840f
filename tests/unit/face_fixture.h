/*
 * face_fixture.h - photographs of one person each, cut out of those of the fixtures, as pictures,
 * as files and as short videos
 */
#ifndef BF_FACE_FIXTURE_H
#define BF_FACE_FIXTURE_H

#include "tests/unit/text_fixture.h"

#include "lib/face/face_reader.h"
#include "lib/media/canvas.h"
#include "lib/media/photo.h"

#define FACE_MODELS "build/models"
#define FACE_PHOTOGRAPHS "fixtures/node_modules/@vladmandic/face-api/demo"

enum { FACE_WIDE = 480, FACE_HIGH = 360 };

enum fixture_person { ANN, BEN };

static inline bool face_models(void)
{
    return access(FACE_MODELS "/faceres.bin", F_OK) == 0;
}

/* (FACE_HIGH, FACE_WIDE, 3); a face of some 210 pixels. */
static inline void face_cut(struct bf_picture *out, enum fixture_person who)
{
    const uint32_t x = who == ANN ? 1331 : 695, y = who == ANN ? 149 : 367;
    struct bf_picture photo = {0};
    uint32_t r;

    assert_int_equal(bf_photo_read(&photo, FACE_PHOTOGRAPHS "/sample1.jpg", NULL), BF_OK);
    assert_true(photo.width >= x + FACE_WIDE && photo.height >= y + FACE_HIGH);
    assert_int_equal(bf_picture_create(out, FACE_WIDE, FACE_HIGH, NULL), BF_OK);
    for (r = 0; r < FACE_HIGH; r++)
        memcpy(out->rgb + (size_t)r * FACE_WIDE * 3,
               photo.rgb + ((size_t)(y + r) * photo.width + x) * 3, FACE_WIDE * 3);
    bf_picture_release(&photo);
}

/* A photograph in a file. */
static inline void face_photo(const char *name, enum fixture_person who)
{
    struct bf_picture p = {0};
    struct bf_buf b = {0};

    face_cut(&p, who);
    assert_int_equal(bf_picture_encode(&b, &p, BF_PICTURE_PNG, NULL), BF_OK);
    text_bytes(name, b.data, b.len);
    bf_buf_release(&b);
    bf_picture_release(&p);
}

/* n frames of it, 10 a second, a little darker each, of width x height pixels from the middle. */
static inline void face_video(const char *name, enum fixture_person who, unsigned width,
                              unsigned height, unsigned n)
{
    const struct bf_video_info info = {
        .width = FACE_WIDE, .height = FACE_HIGH, .sar_num = 1, .sar_den = 1};
    const unsigned left = (FACE_WIDE - width) / 4 * 2, top = (FACE_HIGH - height) / 4 * 2;
    struct bf_picture p = {0};
    struct bf_canvas *c = NULL;
    struct bf_buf b = {0};
    struct bf_frame frame;
    unsigned i, k, y, s;

    face_cut(&p, who);
    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    bf_photo_frame(&frame, &p);
    assert_int_equal(bf_canvas_take(c, &frame, NULL), BF_OK);
    bf_buf_printf(&b, "YUV4MPEG2 W%u H%u F10:1 Ip A1:1 C420jpeg\n", width, height);
    for (i = 0; i < n; i++) {
        bf_buf_printf(&b, "FRAME\n");
        for (k = 0; k < 3; k++)
            for (s = k > 0, y = 0; y < (height + s) >> s; y++) {
                uint8_t row[FACE_WIDE];
                unsigned x, w = (width + s) >> s;

                memcpy(row, c->plane[k] + (ptrdiff_t)((top >> s) + y) * c->stride[k] + (left >> s),
                       w);
                for (x = 0; k == 0 && x < w; x++)
                    row[x] = (uint8_t)(row[x] > i % 8 ? row[x] - i % 8 : 0);
                bf_buf_append(&b, row, w);
            }
    }
    text_bytes(name, b.data, b.len);
    bf_buf_release(&b);
    bf_canvas_free(&c);
    bf_picture_release(&p);
}

static inline struct bf_face_reader *face_reader(void)
{
    const struct bf_face_reader_options how = {.n_threads = 2};
    struct bf_face_reader *r = NULL;

    assert_int_equal(bf_face_reader_create(&r, FACE_MODELS, &how, NULL), BF_OK);
    return r;
}

#endif
