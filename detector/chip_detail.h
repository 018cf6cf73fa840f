/*
 * chip_detail.h - the fine detail of a window, measured by what is round it
 *
 * What a blend leaves is small beside the picture, and how strong it is depends on the camera and
 * the coder more than on the blend. So each pixel less the mean round it is divided by the local
 * deviation: the same grain, soft or strong, gives the same numbers.
 */
#ifndef BF_CHIP_DETAIL_H
#define BF_CHIP_DETAIL_H

#include "detector/chip.h"

#define BF_CHIP_DETAIL 4 /* numbers a pixel: three of detail, and how much of it there was */

/*
 * detail (side, side, BF_CHIP_DETAIL) of in (side, side, 3), whose full range is about 1; side is
 * at most BF_CHIP_WINDOW. Each colour less its mean m over 5 x 5, over
 * sqrt(m((v - m)^2) + 10^-5); the last is half the logarithm of the sum of the three colours'
 * m((v - m)^2), and 10^-5, plus 4. Outside, the picture goes on as at its edge.
 */
void bf_chip_detail(float *detail, const float *in, size_t side);

#endif
