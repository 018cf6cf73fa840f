/*
 * face_regions.h - masks of an aligned face's parts from its landmarks
 */
#ifndef BF_FACE_REGIONS_H
#define BF_FACE_REGIONS_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/face/face.h"

/* The whole face, forehead to chin, as far as the mesh reaches: mask is (size, size), point
 * (BF_FACE_POINTS) in its pixels. */
void bf_region_face(float *mask, size_t size, const struct bf_point2 *point);
/* Eyes, at 1, and mouth, at less, with what moves about them. BF_ERR_NOMEM alone. */
enum bf_err bf_region_features(float *mask, size_t size, const struct bf_point2 *point,
                               struct bf_error *err);

#endif
