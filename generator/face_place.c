#include "generator/face_place.h"

#include <math.h>

bool bf_face_place_find(struct bf_face_place *p, const struct bf_face *face, float aspect)
{
    struct bf_point3 square[BF_FACE_POINTS];
    size_t i;

    for (i = 0; i < BF_FACE_POINTS; i++) {
        p->point[i] = (struct bf_point2){face->point[i].x, face->point[i].y};
        square[i] = face->point[i];
        square[i].x *= aspect;
    }
    if (!bf_face_align(&p->from_unit, square, 1, BF_PLACE_EYE_DISTANCE))
        return false;
    p->from_unit.xx /= aspect;
    p->from_unit.xy /= aspect;
    p->from_unit.x0 /= aspect;
    p->width = BF_PLACE_FACE_WIDTH * bf_affine_scale(&p->from_unit);
    return bf_affine_invert(&p->to_unit, &p->from_unit);
}
