/*
 * degrade.h - what cameras and coders do to a picture, done on purpose: colours, lost detail,
 * blocks
 *
 * Pictures are (h, w, 3) RGB in 0..1 and stay there.
 */
#ifndef BF_DEGRADE_H
#define BF_DEGRADE_H

#include <stddef.h>

#include "lib/base/error.h"

/* All zero changes nothing. */
struct bf_colour_shift {
    float rgb[3];                 /* added */
    float hue, saturation, value; /* of HSV: hue is turned by that part of a circle, the others are
                                     multiplied by 1 + it */
    float brightness, contrast;   /* v = (v - 1/2) (1 + contrast) + 1/2 + brightness */
};

void bf_colour_shift_apply(float *rgb, size_t h, size_t w, const struct bf_colour_shift *s);

/* Each out pixel is the mean of what it covers of in, or, where out is larger, between its four
 * nearest. in is (h, w, 3), out is (out_h, out_w, 3); none of the sides is 0. */
void bf_resample(float *out, size_t out_h, size_t out_w, const float *in, size_t h, size_t w);
/* Smaller by factor, which is more than 1, and back: fine detail is lost. BF_ERR_NOMEM alone. */
enum bf_err bf_degrade_scale(float *rgb, size_t h, size_t w, float factor, struct bf_error *err);
/*
 * What JPEG of that quality (1 to 100, as libjpeg counts it) leaves: blocks of 8 x 8 of luma and of
 * halved chroma, cosine transform, the tables of the standard's annex K. BF_ERR_NOMEM alone.
 */
enum bf_err bf_degrade_jpeg(float *rgb, size_t h, size_t w, int quality, struct bf_error *err);

#endif
