/*
 * face_order.h - which faces hardly differ, and the orders in which a set can lie
 */
#ifndef BF_FACE_ORDER_H
#define BF_FACE_ORDER_H

#include "generator/face_extract.h"

enum { BF_THUMB_SIDE = 32 };

/* The luma of an aligned face, small. */
struct bf_face_thumb {
    uint8_t luma[BF_THUMB_SIDE * BF_THUMB_SIDE];
};

/* rgb is (size, size, 3), 0 to 255. */
void bf_face_thumb_make(struct bf_face_thumb *t, const float *rgb, unsigned size);
/* Whether thumb[n] hardly differs from one of thumb (n). */
bool bf_face_thumb_known(const struct bf_face_thumb *thumb, size_t n);

/* order (set->n): the faces' indices as they are to lie. thumb is (set->n). */
void bf_face_set_order(size_t *order, const struct bf_face_set *set,
                       const struct bf_face_thumb *thumb, enum bf_extract_order how);

#endif
