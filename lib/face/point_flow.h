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

/*
 * before and now are (side, side), one value a pixel, 0 to 255; the middle of the first pixel is at
 * 0.5. moved (n) receives where each of point (n) is in now, looked for from guess (n), which
 * should not be wrong by more than half the square; found (n) is false where the square leaves a
 * picture, is too even to be followed both ways, or was not found near the guess.
 */
void bf_point_flow(struct bf_point2 *moved, bool *found, const float *before, const float *now,
                   size_t side, const struct bf_point2 *point, const struct bf_point2 *guess,
                   size_t n);

#endif
