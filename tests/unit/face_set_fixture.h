/*
 * face_set_fixture.h - sets of drawn faces in a folder of their own
 */
#ifndef BF_FACE_SET_FIXTURE_H
#define BF_FACE_SET_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generator/face_set.h"
#include "lib/base/file.h"
#include "lib/face/canonical_face.h"
#include "lib/media/picture.h"

enum { DRAWN_SIZE = 128 };

static inline void drawn_file(const char *dir, const char *name, const void *p, size_t n)
{
    struct bf_buf b = {0};
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    bf_buf_append(&b, p, n);
    assert_int_equal(bf_file_write(path, BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    bf_buf_release(&b);
}

/* An oval with eyes and a mouth that opens more from face to face. */
static inline void drawn_picture(struct bf_picture *p, unsigned hue, unsigned k)
{
    int x, y;

    for (y = 0; y < DRAWN_SIZE; y++)
        for (x = 0; x < DRAWN_SIZE; x++) {
            uint8_t *q = p->rgb + 3 * (y * DRAWN_SIZE + x);
            float u = ((float)x - 64) / 34, v = ((float)y - 70) / 46;
            bool face = u * u + v * v < 1;
            bool eye = fabsf(fabsf((float)x - 64) - 14) < 5 && abs(y - 59) < 3;
            bool mouth = abs(x - 64) < 12 && abs(y - 92) < 2 + (int)(k % 7);
            int tone = face ? 170 + (x + y) % 16 : 40;

            q[0] = (uint8_t)(eye || mouth ? 30 : tone);
            q[1] = (uint8_t)(eye ? 30 : mouth ? 20 : tone * (int)hue / 255);
            q[2] = (uint8_t)(eye ? 60 : mouth ? 30 : tone * (int)(255 - hue) / 255);
        }
}

/* n faces of a person; descriptors point to axis person. */
static inline void drawn_set(const char *dir, size_t n, unsigned hue, unsigned person)
{
    struct bf_face_set set = {.size = DRAWN_SIZE};
    struct bf_picture p;
    size_t i, k;

    assert_int_equal(mkdir(dir, 0777), 0);
    set.subject = strdup("terms.txt");
    memset(set.subject32, (int)hue, 32);
    assert_int_equal(bf_picture_create(&p, DRAWN_SIZE, DRAWN_SIZE, NULL), BF_OK);
    for (i = 0; i < n; i++) {
        struct bf_set_face *f = bf_face_set_add(&set);
        struct bf_buf png = {0};

        assert_non_null(f);
        snprintf(f->file, sizeof f->file, "%06zu.png", i + 1);
        assert_int_equal(bf_face_set_source(&f->source, &set, "drawn.mp4", NULL), BF_OK);
        f->frame = i;
        f->pts_us = (int64_t)i * 40000;
        f->track = 1;
        f->identity[person] = 1;
        f->gap[0] = f->gap[1] = 0.3f;
        f->sharpness = f->quality = 0.5f;
        f->size = 80;
        /* thousandths of a centimetre, y up, to pixels round the eyes' place */
        for (k = 0; k < BF_FACE_POINTS; k++)
            f->point[k] = (struct bf_point2){64 + (float)bf_canonical_face[k][0] / 210,
                                             72 - (float)bf_canonical_face[k][1] / 210};
        drawn_picture(&p, hue, (unsigned)i);
        assert_int_equal(bf_picture_encode(&png, &p, BF_PICTURE_PNG, NULL), BF_OK);
        drawn_file(dir, f->file, png.data, png.len);
        bf_buf_release(&png);
    }
    assert_int_equal(bf_face_set_save(&set, dir, NULL), BF_OK);
    bf_picture_release(&p);
    bf_face_set_release(&set);
}

#endif
