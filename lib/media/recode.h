/*
 * recode.h - what H.264 makes of a few frames, in memory: for giving pictures the damage of a coder
 */
#ifndef BF_RECODE_H
#define BF_RECODE_H

#include "lib/media/canvas.h"

/*
 * Code frames (n), which are all of out's size and layout, at that rate factor as one short clip of
 * 25 frames a second, and decode it: out receives the last of them. BF_ERR_LIBRARY where this
 * FFmpeg has no libx264. One thread, and the same bits every time.
 */
enum bf_err bf_recode(struct bf_canvas *out, struct bf_canvas *const *frames, size_t n,
                      unsigned crf, struct bf_error *err);

/* A canvas as a frame, to be looked at: its pixels are the canvas'. */
void bf_canvas_frame(struct bf_frame *frame, const struct bf_canvas *c);

#endif
