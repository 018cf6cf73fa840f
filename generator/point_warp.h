/*
 * point_warp.h - bend a picture so that given points come to lie at given places
 *
 * Moving least squares with similarities (Schaefer, McPhail and Warren, 2006), solved on a coarse
 * grid and linear in between.
 */
#ifndef BF_POINT_WARP_H
#define BF_POINT_WARP_H

#include "generator/face_patch.h"

#define BF_WARP_NODES 32 /* of the grid, along each side */

/* Where each node of a grid over a rectangle is to be taken from. */
struct bf_point_warp {
    float x, y, step_x, step_y; /* the first node, and from one to the next */
    struct bf_point2 from[BF_WARP_NODES * BF_WARP_NODES];
};

/* What the patch shows at to (n) is to come from `from` (n), in coordinates of the frame or of any
 * other picture. n is at least 1. */
void bf_point_warp_fit(struct bf_point_warp *w, const struct bf_face_patch *patch,
                       const struct bf_point2 *to, const struct bf_point2 *from, size_t n);
struct bf_point2 bf_point_warp_at(const struct bf_point_warp *w, float x, float y);
/* out is (h, w, 3) of the patch; in is (in_h, in_w, 3), whose first pixel's corner lies at (left,
 * top) in the coordinates of `from`. */
void bf_point_warp_sample(float *out, const struct bf_point_warp *w,
                          const struct bf_face_patch *patch, const float *in, size_t in_h,
                          size_t in_w, float left, float top);

#endif
