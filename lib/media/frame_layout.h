/*
 * frame_layout.h - what a frame of a pixel format and size consists of, and how it lies in shared
 * memory
 *
 * What there is of it follows from format and size alone, on both sides of the sandbox. Where its
 * planes lie is told where the decoder drew it, and checked.
 */
#ifndef BF_FRAME_LAYOUT_H
#define BF_FRAME_LAYOUT_H

#include "lib/media/video.h"

/* How far from the beginning of a slot a decoder may begin to draw; frame_pool says why. */
#define BF_FRAME_SKEW 4096

struct bf_frame_layout {
    const char *pixel_format; /* under its plain name */
    unsigned n_planes;
    struct {
        size_t offset, stride; /* in the shared memory */
        size_t row_bytes;
        uint32_t rows;
    } plane[BF_FRAME_PLANES];
    bool grey; /* luma is no plane of its own: 8-bit grey of its own lies behind the planes */
    size_t grey_offset, grey_stride;
    unsigned luma_bytes, luma_bits, luma_shift;
    size_t bytes; /* of all of it */
};

/* format is FFmpeg's number, or any other: false where there is no such format in memory, or the
 * size is not one that a frame may have. */
bool bf_frame_layout_set(struct bf_frame_layout *l, uint32_t format, uint32_t width,
                         uint32_t height);
/* What a slot must have for a frame of the layout's format and size, wherever in it a decoder puts
 * its planes: decoders draw more than is shown. */
size_t bf_frame_layout_room(const struct bf_frame_layout *l);
/* Puts planes where a decoder says that they are. False where they are not inside bytes. */
bool bf_frame_layout_place(struct bf_frame_layout *l, const uint32_t offset[BF_FRAME_PLANES],
                           const uint32_t stride[BF_FRAME_PLANES], size_t bytes);
/* Copies f, which is of the layout's format and size, to slot. */
void bf_frame_layout_store(uint8_t *slot, const struct bf_frame_layout *l,
                           const struct bf_frame *f);
/* Planes and luma of f are those in slot. */
void bf_frame_layout_show(struct bf_frame *f, const struct bf_frame_layout *l, const uint8_t *slot);

/* The number of a format, by its name. */
uint32_t bf_frame_layout_format(const char *pixel_format);

#endif
