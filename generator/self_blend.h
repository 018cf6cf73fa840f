/*
 * self_blend.h - a face blended with itself (Shiohara and Yamasaki, CVPR 2022), over a whole video
 *
 * The source is the frame's own face, moved, scaled, recoloured and degraded a little; the mask is
 * a hull of landmarks, bent and feathered. What a detector can learn from it is the seam alone. The
 * functions are a row of bf_fake_methods.
 */
#ifndef BF_SELF_BLEND_H
#define BF_SELF_BLEND_H

#include "generator/fake_maker.h"

enum bf_err bf_self_blend_create(void **maker, const struct bf_fake_options *options,
                                 struct bf_error *err);
enum bf_err bf_self_blend_change(struct bf_face_patch *patch, void *maker,
                                 const struct bf_canvas *canvas, const struct bf_face *face,
                                 int64_t pts_us, struct bf_error *err);
void bf_self_blend_release(void *maker);

#endif
