/*
 * chip.h - a face as the artifact network sees it: upright, at one size, with some room round it
 *
 * A chip is a little larger than what the network looks at, so that training may shift, turn and
 * scale its window; a video that is scored is looked at through the window in the middle.
 */
#ifndef BF_CHIP_H
#define BF_CHIP_H

#include "lib/base/error.h"
#include "lib/face/face_view.h"

#define BF_CHIP_SIZE 320   /* rows and columns */
#define BF_CHIP_WINDOW 256 /* of what the network sees, in its own pixels */
#define BF_CHIP_MARGIN                                                                       \
    0.1f                /* of the chip's side, left of the window and right, above and below \
                         */
#define BF_CHIP_MASK 40 /* rows and columns of a chip's mask */
/* Of the window's side, between the eyes' middles: a face covers some two thirds of it, so
 * that where a blend ends is in the picture. */
#define BF_CHIP_EYE_DISTANCE 0.29f

#define BF_CHIP_BYTES ((size_t)BF_CHIP_SIZE * BF_CHIP_SIZE * 3)
#define BF_CHIP_WINDOW_FLOATS ((size_t)BF_CHIP_WINDOW * BF_CHIP_WINDOW * 3)

/* From the chip's pixels, or the window's, to the picture that mesh (BF_FACE_POINTS) is of. false
 * where the points are all one. */
bool bf_chip_place(struct bf_affine *chip_to_picture, const struct bf_point3 *mesh);
bool bf_chip_place_window(struct bf_affine *window_to_picture, const struct bf_point3 *mesh);

/* chip (BF_CHIP_SIZE, BF_CHIP_SIZE, 3), RGB. work has room for as many floats. BF_ERR_NOMEM alone.
 */
enum bf_err bf_chip_cut(uint8_t *chip, float *work, struct bf_face_view *view,
                        const struct bf_affine *chip_to_picture, struct bf_error *err);
/* window (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3), RGB, 0 to 255. */
enum bf_err bf_chip_cut_window(float *window, struct bf_face_view *view,
                               const struct bf_affine *window_to_picture, struct bf_error *err);

/* The window's pixel in the chip, for a window that was turned, scaled and shifted: by angle
 * radians, by scale, and by so much of its side; mirrored where flip. */
struct bf_affine bf_chip_window(float angle, float scale, float dx, float dy, bool flip);

#endif
