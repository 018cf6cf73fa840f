/*
 * face_align.h - the similarity that lays one set of points on another, and the mean face as target
 *
 * Coordinates are continuous: the middle of the first pixel is at 0.5.
 */
#ifndef BF_FACE_ALIGN_H
#define BF_FACE_ALIGN_H

#include <stddef.h>

#include "lib/face/face.h"

/* x' = xx x + xy y + x0, y' = yx x + yy y + y0 */
struct bf_affine {
    float xx, xy, x0, yx, yy, y0;
};

/* Here and not in the library: cuts ask it for every pixel. */
static inline struct bf_point2 bf_affine_apply(const struct bf_affine *a, float x, float y)
{
    return (struct bf_point2){a->xx * x + a->xy * y + a->x0, a->yx * x + a->yy * y + a->y0};
}
/* first, then second. */
struct bf_affine bf_affine_chain(const struct bf_affine *first, const struct bf_affine *second);
/* false where a lays the plane on a line; out is then untouched. */
bool bf_affine_invert(struct bf_affine *out, const struct bf_affine *a);
/* How much longer a makes a length: the square root of its area. */
float bf_affine_scale(const struct bf_affine *a);

/* From a square of size pixels to the picture: its middle at (x, y), its side side pixels long, its
 * top turned clockwise by angle radians. */
struct bf_affine bf_affine_square(float x, float y, float side, float angle, float size);

/*
 * The similarity, never a mirrored one, that brings from (n, 2) nearest to to (n, 2) in the sense
 * of least squares: Umeyama, 1991, which in the plane has a closed form. false where all points of
 * from, or all of to, are one.
 */
bool bf_similarity_fit(struct bf_affine *out, const struct bf_point2 *from,
                       const struct bf_point2 *to, size_t n);

/*
 * From an aligned picture of size x size pixels to the picture that the mesh's points are in: the
 * mean face's eyes lie on a level at 0.46 of the height and the distance between their middles is
 * eye_distance of the width. The points that fit are the rigid ones, so that speech does not
 * move the picture. mesh is (BF_FACE_POINTS). false where the points are all one.
 */
bool bf_face_align(struct bf_affine *out, const struct bf_point3 *mesh, float size,
                   float eye_distance);

/*
 * The same for the five points that recognition networks were trained on (middles of the eyes, tip
 * of the nose, corners of the mouth) in their own places of a 112 x 112 picture.
 */
bool bf_face_align_five(struct bf_affine *out, const struct bf_point3 *mesh);

#endif
