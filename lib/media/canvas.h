/*
 * canvas.h - a frame that is changed in place and written again: planar YUV as shown, 8 bits
 *
 * 4:2:0, or 4:4:4 where a side is odd. The samples keep the source's matrix and range, so that what
 * nobody touches comes through as it was.
 */
#ifndef BF_CANVAS_H
#define BF_CANVAS_H

#include "lib/media/video.h"

struct bf_canvas_work;

struct bf_canvas {
    uint32_t width, height; /* as shown */
    unsigned chroma_shift;  /* 1: 4:2:0; 0: 4:4:4 */
    bool bt709;             /* else BT.601 */
    bool full_range;
    uint8_t *plane[3]; /* y, cb, cr; with room for whole vectors behind each row */
    ptrdiff_t stride[3];
    struct bf_canvas_work *work; /* its own */
};

/* *c is for frames of info's video, grey until it takes one; bf_canvas_free ends it. */
enum bf_err bf_canvas_create(struct bf_canvas **c, const struct bf_video_info *info,
                             struct bf_error *err);
void bf_canvas_free(struct bf_canvas **c);
/*
 * The frame as shown, orientation applied. Samples of 8-bit frames of the canvas' own layout are
 * copied, others converted. A frame of another size than the video's is scaled to it.
 */
enum bf_err bf_canvas_take(struct bf_canvas *c, const struct bf_frame *frame, struct bf_error *err);
/*
 * rgb is (h, w, 3), 0 to 1, of the rectangle whose left top pixel is (x, y) and which must lie
 * inside; not linear light, but as the video has it. Pixels of one chroma sample share its colour.
 */
void bf_canvas_get_rgb(float *rgb, const struct bf_canvas *c, uint32_t x, uint32_t y, uint32_t w,
                       uint32_t h);
/*
 * Put rgb over what is there by alpha (h, w), 0 to 1; NULL: all of it. A chroma sample takes the
 * mean of its pixels by alpha. Where alpha is 0 not a bit changes. What bf_canvas_get_rgb gave goes
 * back as it was, but for colours outside of 0 to 1.
 */
void bf_canvas_put_rgb(struct bf_canvas *c, const float *rgb, const float *alpha, uint32_t x,
                       uint32_t y, uint32_t w, uint32_t h);

#endif
