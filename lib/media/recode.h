/*
 * recode.h - what H.264 makes of a few frames, in memory: for giving pictures the damage of a coder
 */
#ifndef BF_RECODE_H
#define BF_RECODE_H

#include "lib/media/canvas.h"

/* Receives each frame when it has been decoded; it is the recoder's own. Another answer than BF_OK
 * ends the run. */
typedef enum bf_err bf_recode_fn(void *ctx, const struct bf_canvas *decoded, struct bf_error *err);

struct bf_recoder;

/*
 * For canvases of like's size and layout, at that rate factor, as a clip of 25 frames a second.
 * BF_ERR_LIBRARY where this FFmpeg has no libx264 or it does not take the size. One thread, and the
 * same bits every time.
 */
enum bf_err bf_recoder_create(struct bf_recoder **r, const struct bf_canvas *like, unsigned crf,
                              bf_recode_fn *fn, void *ctx, struct bf_error *err);
void bf_recoder_free(struct bf_recoder **r);
enum bf_err bf_recoder_put(struct bf_recoder *r, const struct bf_canvas *frame,
                           struct bf_error *err);
/* What is still on its way. */
enum bf_err bf_recoder_finish(struct bf_recoder *r, struct bf_error *err);

/* All of it for frames (n): out, which is like them, receives the last one. */
enum bf_err bf_recode(struct bf_canvas *out, struct bf_canvas *const *frames, size_t n,
                      unsigned crf, struct bf_error *err);

/* A canvas as a frame, to be looked at: its pixels are the canvas'. */
void bf_canvas_frame(struct bf_frame *frame, const struct bf_canvas *c);

#endif
