/*
 * face_paste.h - a donor's face, or a part of it, laid over the face in each frame
 *
 * The donor's picture whose head is turned most alike is brought over by the similarity of the
 * points that do not move with expression, takes the frame's colours, and is blended inside a
 * feathered hull. From frame to frame the donor plays on, and another moment is gone over to,
 * softly, only where it fits much better. The functions are rows of bf_fake_methods.
 */
#ifndef BF_FACE_PASTE_H
#define BF_FACE_PASTE_H

#include "generator/fake_maker.h"

/* The whole face, by the similarity. */
enum bf_err bf_face_paste_create_face(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err);
/* The whole face, bent so that its landmarks come to lie on the frame's. */
enum bf_err bf_face_paste_create_mesh(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err);
/* The mouth alone, or both eyes; the donor is the same person at other times, and what is at most
 * half a second away is not taken. */
enum bf_err bf_face_paste_create_mouth(void **maker, const struct bf_fake_options *options,
                                       struct bf_error *err);
enum bf_err bf_face_paste_create_eyes(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err);
enum bf_err bf_face_paste_change(struct bf_face_patch *patch, void *maker,
                                 const struct bf_canvas *canvas, const struct bf_face *face,
                                 int64_t pts_us, struct bf_error *err);
void bf_face_paste_release(void *maker);

#endif
