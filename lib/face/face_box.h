/*
 * face_box.h - sizes of faces' boxes, and whether two are of one face
 */
#ifndef BF_FACE_BOX_H
#define BF_FACE_BOX_H

#include "lib/face/face.h"

/* Mean side. */
float bf_face_box_size(const struct bf_face_box *b);
/* 0 where it has none. */
float bf_face_box_area(const struct bf_face_box *b);
/* Whether the two share more than that part of their union, or than within of the smaller one. */
bool bf_face_box_same(const struct bf_face_box *a, const struct bf_face_box *b, float of_union,
                      float within);

#endif
