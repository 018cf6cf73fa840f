/*
 * face_chosen.h - the one person among those in a video whose face is worked on
 *
 * The largest face of the first frame with any, and whoever is found to be the same person later;
 * or one track, by its number. Everybody else is left alone.
 */
#ifndef BF_FACE_CHOSEN_H
#define BF_FACE_CHOSEN_H

#include "lib/face/face_reader.h"

struct bf_face_chosen {
    uint32_t asked;   /* 0: the largest */
    uint32_t current; /* track; 0: nobody yet */
    bool known;
    float identity[BF_IDENTITY_DIM];
};

void bf_face_chosen_init(struct bf_face_chosen *c, uint32_t track);
/* The chosen one among the faces (n) that reader has just given, or NULL. */
const struct bf_face *bf_face_chosen_find(struct bf_face_chosen *c, struct bf_face_reader *reader,
                                          const struct bf_face *faces, size_t n);

#endif
