/*
 * face_mask.h - masks of a part of a face: filled outlines, shrunk, grown and softened
 *
 * A mask is (h, w) of 0 outside to 1 inside; points are in pixels, the first pixel's middle at 0.5.
 * What lies outside the picture is cut off.
 */
#ifndef BF_FACE_MASK_H
#define BF_FACE_MASK_H

#include "lib/base/error.h"
#include "lib/face/face.h"

#include <stddef.h>

/* Most points of a hull. */
#define BF_MASK_POINTS_MAX 1024

/* Each pixel receives the part of it that lies inside the outline of points (n), which does not
 * cross itself; fewer than three points give an empty mask. */
void bf_mask_polygon(float *mask, size_t h, size_t w, const struct bf_point2 *points, size_t n);
/* The convex hull of points (n); n is at most BF_MASK_POINTS_MAX. */
void bf_mask_hull(float *mask, size_t h, size_t w, const struct bf_point2 *points, size_t n);
/* The corners of the hull, round it, into out, which has room for n; returns how many. Andrew's
 * monotone chain. */
size_t bf_hull(struct bf_point2 *out, const struct bf_point2 *points, size_t n);

/*
 * Move the line where the mask passes one half inwards by so many pixels, or outwards where they
 * are negative, by its Euclidean distance (Felzenszwalb and Huttenlocher, 2012, from edges between
 * the pixels as in Gustavson and Strand, 2011). What is soft inside stays soft. BF_ERR_NOMEM alone.
 */
enum bf_err bf_mask_erode(float *mask, size_t h, size_t w, float pixels, struct bf_error *err);
/* Gaussian blur of that deviation, in pixels. BF_ERR_NOMEM alone. */
enum bf_err bf_mask_feather(float *mask, size_t h, size_t w, float sigma, struct bf_error *err);

#endif
