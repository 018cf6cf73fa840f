/*
 * face_moment.h - moments of one person out of a video or photograph, cut out with room, to make
 * training material of
 */
#ifndef BF_FACE_MOMENT_H
#define BF_FACE_MOMENT_H

#include "generator/donor.h"
#include "lib/face/face_reader.h"

#define BF_MOMENT_FRAMES 3 /* neighbours in the video: a coder works from frame to frame */
#define BF_MOMENT_SIDE_MAX 640

struct bf_moment {
    unsigned side;     /* of the square, pixels; a multiple of 16 */
    unsigned n_frames; /* 1 of a photograph */
    int64_t pts_us[BF_MOMENT_FRAMES];
    struct bf_face face[BF_MOMENT_FRAMES]; /* in the square's pixels */
    uint8_t *rgb[BF_MOMENT_FRAMES];        /* (side, side, 3) */
};

struct bf_moments {
    struct bf_moment *moment; /* (n) */
    size_t n, cap;
    struct bf_donor donor; /* the same faces, for laying over others */
    float identity[BF_IDENTITY_DIM];
    bool known; /* identity is there */
};

/*
 * At most n_wanted moments of the largest face in the file at path, from all of it. None where it
 * shows no face of 40 pixels: m->n is then 0. Release with bf_moments_release.
 */
enum bf_err bf_moments_read(struct bf_moments *m, const char *path, size_t n_wanted,
                            struct bf_face_reader *reader, struct bf_error *err);
void bf_moments_release(struct bf_moments *m);

#endif
