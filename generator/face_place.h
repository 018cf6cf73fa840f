/*
 * face_place.h - where a face lies in a frame, in a form that does not depend on its size and turn
 */
#ifndef BF_FACE_PLACE_H
#define BF_FACE_PLACE_H

#include "lib/face/face_align.h"

/* Of the unit square's side, between the eyes' middles: the whole face lies well inside. */
#define BF_PLACE_EYE_DISTANCE 0.28f
/* Of a face's width, the unit square's side. */
#define BF_PLACE_FACE_WIDTH 0.64f

struct bf_face_place {
    struct bf_point2 point[BF_FACE_POINTS]; /* in pixels of the frame as shown */
    struct bf_affine from_unit, to_unit;    /* between the aligned unit square and the frame */
    float width;                            /* of the face, pixels */
};

/* aspect is how much wider than high a pixel as shown is. false where the points are all one. */
bool bf_face_place_find(struct bf_face_place *p, const struct bf_face *face, float aspect);

#endif
