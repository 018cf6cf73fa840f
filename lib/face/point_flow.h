/*
 * point_flow.h - where points of one picture are in the next
 *
 * Lucas and Kanade (1981): the shift of a square round each point that leaves the least difference,
 * to a fraction of a pixel, found by the gradients of the first picture (Baker and Matthews, 2004,
 * inverse compositional). A brightening of the whole square is no difference.
 */
#ifndef BF_POINT_FLOW_H
#define BF_POINT_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/face/face.h"

#define BF_POINT_FLOW_REACH 6 /* pixels of the square to each side of its point */

struct bf_point_flow {
    struct bf_point2 moved; /* where the point is in the second picture */
    /* Of the square, mean squares a pixel, in grey levels: of its gradients (both ways together),
     * and of what is left of the difference. Negative where the square leaves the picture. */
    float detail, rest;
    bool found;
};

/*
 * before and now are (side, side), one value a pixel, 0 to 255; the middle of the first pixel is at
 * 0.5. out (n) receives where each of point (n) is in now, looked for from guess (n), which should
 * not be wrong by more than half the square; found is false where the square leaves a picture, is
 * too even to be followed both ways (its detail is told even so), or was not found near the guess.
 */
void bf_point_flow(struct bf_point_flow *out, const float *before, const float *now, size_t side,
                   const struct bf_point2 *point, const struct bf_point2 *guess, size_t n);

#endif
