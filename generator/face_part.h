/*
 * face_part.h - which of the mesh's points go round which part of a face
 */
#ifndef BF_FACE_PART_H
#define BF_FACE_PART_H

#include <stddef.h>

#include "lib/face/face.h"

enum bf_face_part {
    BF_PART_FACE,  /* hairline to chin */
    BF_PART_INNER, /* eyebrows to chin */
    BF_PART_LOWER, /* nose to chin */
    BF_PART_MOUTH, /* the lips and what moves with them */
    BF_PART_RIGHT_EYE,
    BF_PART_LEFT_EYE, /* each with its brow */
    BF_PARTS
};

#define BF_PART_POINTS_MAX 48

/* The places of the points whose hull is the part: out has room for BF_PART_POINTS_MAX, point is
 * (BF_FACE_POINTS). Returns how many. */
size_t bf_face_part_outline(struct bf_point2 *out, const struct bf_point2 *point,
                            enum bf_face_part part);

#endif
