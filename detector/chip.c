#include "detector/chip.h"

#include <math.h>

/* The window's side in the chip's pixels. */
#define SIDE (BF_CHIP_SIZE * (1 - 2 * BF_CHIP_MARGIN))

bool bf_chip_place(struct bf_affine *chip_to_picture, const struct bf_point3 *mesh)
{
    return bf_face_align(chip_to_picture, mesh, BF_CHIP_SIZE,
                         BF_CHIP_EYE_DISTANCE * (1 - 2 * BF_CHIP_MARGIN));
}

struct bf_affine bf_chip_window(float angle, float scale, float dx, float dy, bool flip)
{
    const float middle = 0.5f * BF_CHIP_SIZE, half = 0.5f * BF_CHIP_WINDOW,
                zoom = scale * SIDE / BF_CHIP_WINDOW;
    const float c = zoom * cosf(angle), s = zoom * sinf(angle), m = flip ? -1 : 1;
    const float x = middle + dx * SIDE, y = middle + dy * SIDE;

    return (struct bf_affine){.xx = m * c,
                              .xy = -s,
                              .x0 = x - m * c * half + s * half,
                              .yx = m * s,
                              .yy = c,
                              .y0 = y - m * s * half - c * half};
}

bool bf_chip_place_window(struct bf_affine *window_to_picture, const struct bf_point3 *mesh)
{
    struct bf_affine chip, window = bf_chip_window(0, 1, 0, 0, false);

    if (!bf_chip_place(&chip, mesh))
        return false;
    *window_to_picture = bf_affine_chain(&window, &chip);
    return true;
}

enum bf_err bf_chip_cut(uint8_t *chip, float *work, struct bf_face_view *view,
                        const struct bf_affine *chip_to_picture, struct bf_error *err)
{
    enum bf_err rc =
        bf_face_view_cut(work, view, BF_CHIP_SIZE, chip_to_picture, BF_FACE_EDGE_REPEAT, 1, 0, err);
    size_t i;

    for (i = 0; rc == BF_OK && i < BF_CHIP_BYTES; i++)
        chip[i] = (uint8_t)fminf(fmaxf(work[i] + 0.5f, 0), 255);
    return rc;
}

enum bf_err bf_chip_cut_window(float *window, struct bf_face_view *view,
                               const struct bf_affine *window_to_picture, struct bf_error *err)
{
    return bf_face_view_cut(window, view, BF_CHIP_WINDOW, window_to_picture, BF_FACE_EDGE_REPEAT, 1,
                            0, err);
}
