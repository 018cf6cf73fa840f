/*
 * canvas_shrink.h - a canvas at half its size
 */
#ifndef BF_CANVAS_SHRINK_H
#define BF_CANVAS_SHRINK_H

#include "lib/media/canvas.h"

/* Each sample of out is the mean of size x size of in's, as far as there are any. Lengths of rows
 * and strides are in samples. */
void bf_plane_shrink(uint8_t *out, ptrdiff_t out_stride, size_t out_h, size_t out_w,
                     const uint8_t *in, ptrdiff_t in_stride, size_t in_h, size_t in_w, size_t size);
/* out has half in's width and height, rounded down, and receives its picture, matrix and range as
 * they are. */
void bf_canvas_halve(struct bf_canvas *out, const struct bf_canvas *in);

#endif
