/*
 * still.h - single pictures of the suspect, finer than the grid: what its geometry is recovered
 * from
 */
#ifndef BF_STILL_H
#define BF_STILL_H

#include "ledger/digest/frame_digest.h"
#include "ledger/match/geometry.h"

#define BF_STILL_LONG 256 /* pixels along the longer side; square */
#define BF_STILLS_MAX 96

struct bf_stills;

/* The shape is that of the picture as shown. NULL where memory ran out. */
struct bf_stills *bf_stills_create(const struct bf_video_info *info);
void bf_stills_free(struct bf_stills **s);
/* Keeps the frame where the last one kept is long enough ago: an eighth of a second, more in a
 * longer video. */
enum bf_err bf_stills_add(struct bf_stills *s, const struct bf_frame *frame, struct bf_error *err);
size_t bf_stills_count(const struct bf_stills *s);
unsigned bf_stills_width(const struct bf_stills *s);
unsigned bf_stills_height(const struct bf_stills *s);
int64_t bf_still_us(const struct bf_stills *s, size_t i);
/* luma receives (height, width), 0 to 255. */
void bf_still_luma(const struct bf_stills *s, size_t i, float *luma);
/*
 * Cell means of the record's picture, as the geometry has it lie in still i: cells (rows, cols),
 * negative where a cell does not lie inside the still.
 */
void bf_still_cells(const struct bf_stills *s, size_t i, float *cells, const struct bf_geometry *g,
                    unsigned cols, unsigned rows);

#endif
