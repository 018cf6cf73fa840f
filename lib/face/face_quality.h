/*
 * face_quality.h - how much a face in a picture can be asked
 */
#ifndef BF_FACE_QUALITY_H
#define BF_FACE_QUALITY_H

#include "lib/face/face_view.h"

/*
 * 0 blurred to 1 sharp: how much of the fine structure of the aligned face is in its finest half,
 * so that a small face that was made larger counts as blurred. mesh is in the view's coordinates.
 */
enum bf_err bf_face_sharpness(float *out, struct bf_face_view *v, const struct bf_point3 *mesh,
                              struct bf_error *err);

/* The product of what size, sharpness, pose and presence leave of 1. size: mean side of the box in
 * pixels. */
float bf_face_quality(float size, float sharpness, const struct bf_head_pose *pose, float presence);

#endif
