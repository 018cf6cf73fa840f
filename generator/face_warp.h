/*
 * face_warp.h - the frame's own face bent to an expression it did not have, as reenactment does
 *
 * Jaw, corners of the mouth, lips, brows and lids go slowly to and fro, each to its own measure;
 * what sits on bone, and the outline, stay. The functions are a row of bf_fake_methods.
 */
#ifndef BF_FACE_WARP_H
#define BF_FACE_WARP_H

#include "generator/fake_maker.h"

enum bf_err bf_face_warp_create(void **maker, const struct bf_fake_options *options,
                                struct bf_error *err);
enum bf_err bf_face_warp_change(struct bf_face_patch *patch, void *maker,
                                const struct bf_canvas *canvas, const struct bf_face *face,
                                int64_t pts_us, struct bf_error *err);
void bf_face_warp_release(void *maker);

#endif
