/*
 * lab.h - sRGB to CIELAB and back, many pixels at a time
 *
 * D65 white. Roots are by Halley's method from a guess out of the number's own bits, so that the
 * loops need no table and no library call and the compiler can run them side by side; what goes
 * there and back differs by less than 1e-5.
 */
#ifndef BF_LAB_H
#define BF_LAB_H

#include <stddef.h>

/* Pixels that one call takes at most. */
#define BF_LAB_CHUNK 128

/* lab is (3, BF_LAB_CHUNK): L in 0..100, a and b about -128..127. rgb is (n, 3) in 0..1. */
void bf_lab_of_rgb(float lab[3][BF_LAB_CHUNK], const float *rgb, size_t n);
/* rgb is (n, 3), cut off at 0 and 1. */
void bf_rgb_of_lab(float *rgb, float lab[3][BF_LAB_CHUNK], size_t n);

#endif
