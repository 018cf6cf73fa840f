/*
 * heatmap.h - the suspect once more as a video, with what was altered coloured in
 */
#ifndef BF_HEATMAP_H
#define BF_HEATMAP_H

#include "cli/verify_answer.h"
#include "lib/base/file.h"

/*
 * Decode a->file once more and write it to out as shown, at its own times, without sound: heat and
 * a box where a span is altered, a frame round the picture where it is foreign, and along the
 * bottom a strip of all spans with the place one is at. path: out's own. The caller commits.
 */
enum bf_err bf_heatmap_write(struct bf_output *out, const char *path, const struct bf_answer *a,
                             int progress, struct bf_error *err);

#endif
