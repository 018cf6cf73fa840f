#include "lib/face/face_box.h"

#include <math.h>

float bf_face_box_size(const struct bf_face_box *b)
{
    return (b->right - b->left + b->bottom - b->top) / 2;
}

float bf_face_box_area(const struct bf_face_box *b)
{
    return b->right > b->left && b->bottom > b->top ? (b->right - b->left) * (b->bottom - b->top)
                                                    : 0;
}

bool bf_face_box_same(const struct bf_face_box *a, const struct bf_face_box *b, float of_union,
                      float within)
{
    const struct bf_face_box both = {fmaxf(a->left, b->left), fmaxf(a->top, b->top),
                                     fminf(a->right, b->right), fminf(a->bottom, b->bottom)};
    float shared = bf_face_box_area(&both), area_a = bf_face_box_area(a),
          area_b = bf_face_box_area(b);

    return shared > of_union * (area_a + area_b - shared) ||
           shared > within * fminf(area_a, area_b);
}
