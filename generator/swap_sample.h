/*
 * swap_sample.h - faces of a set in memory, and the warped samples that training sees of them
 */
#ifndef BF_SWAP_SAMPLE_H
#define BF_SWAP_SAMPLE_H

#include "generator/face_set.h"
#include "lib/nn/random.h"

/* A face as training keeps it: side x side pixels of the whole aligned picture. */
struct bf_swap_face {
    const struct bf_set_face *about;
    uint8_t *rgb;      /* (side, side, 3) */
    uint8_t *face;     /* (side, side): the mask of the face, 0 to 255 */
    uint8_t *features; /* of its eyes and mouth */
};

struct bf_swap_faces {
    struct bf_face_set set;
    unsigned size; /* of the samples */
    unsigned side;
    struct bf_swap_face *face; /* (n): those to train on first, then those held out */
    size_t n, n_trained;
    uint8_t *pixels;
};

/* Fewest faces of a person that training is begun with. */
#define BF_SWAP_FACES_MIN 10

/*
 * Read the pictures of the set in dir, for samples of size pixels. The last tenth of the faces of
 * each source, as time goes, are held out: neighbours in time are too alike to be drawn at random.
 * Of photographs, one face each, the last tenth of all. BF_ERR_NOT_FOUND where the set has fewer
 * than BF_SWAP_FACES_MIN, BF_ERR_USAGE where it is of more than one person and no crowd.
 */
enum bf_err bf_swap_faces_load(struct bf_swap_faces *f, const char *dir, unsigned size,
                               struct bf_error *err);
void bf_swap_faces_release(struct bf_swap_faces *f);

/* One sample; each pointer to (size, size, 3) or (size, size). */
struct bf_swap_sample {
    float *in;     /* warped, perhaps with something before the face: what the encoder sees */
    float *target; /* the same face unwarped */
    float *mask;   /* of the face, without what is before it */
    float *weight; /* of each pixel in the losses: eyes and mouth count most */
};

/*
 * A sample of face k as random says: turned by up to 10 degrees, zoomed and moved by up to 5 %,
 * made higher or lower by up to 10 %, mirrored or not, its light changed a little; the input warped
 * by a grid of 5 x 5 points. others lends pixels for what is laid over the face; may be f.
 */
void bf_swap_sample_make(const struct bf_swap_sample *out, const struct bf_swap_faces *f, size_t k,
                         const struct bf_swap_faces *others, struct bf_random *random);
/* Face k as it is, in and target alike, without any change; others as above NULL. */
void bf_swap_sample_plain(const struct bf_swap_sample *out, const struct bf_swap_faces *f,
                          size_t k);

#endif
