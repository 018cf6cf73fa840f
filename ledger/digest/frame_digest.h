/*
 * frame_digest.h - what is kept of one frame: an exact hash, a lookup code, and cell means
 *
 * SPEC.md "Frame digests" gives the bytes. The exact hash tells the same decoded pixels from any
 * others; the code finds re-encoded copies; the cells say where a copy differs.
 */
#ifndef BF_FRAME_DIGEST_H
#define BF_FRAME_DIGEST_H

#include "lib/media/video.h"

#define BF_GRID_LONG \
    96 /* cells along the longer side of the picture as shown; square counts as landscape */
#define BF_GRID_SHORT 54
#define BF_GRID_CELLS (BF_GRID_LONG * BF_GRID_SHORT)
#define BF_CODE32_SIZE 32
#define BF_CODE_FLAT_MAX 3 /* contrast up to which a frame says too little to be looked up */

struct bf_frame_digest {
    int64_t pts_us;
    uint8_t exact32[32];
    uint8_t code32[BF_CODE32_SIZE];
    uint8_t contrast; /* standard deviation of the cells, luma steps: low means that the code says
                         little */
    uint16_t cells[BF_GRID_CELLS]; /* (rows, cols), luma x 256 */
};

struct bf_frame_digester;

/* The grid's shape follows the first frame given, turned as shown and with its pixel aspect. */
struct bf_frame_digester *bf_frame_digester_create(const struct bf_video_info *info);
void bf_frame_digester_free(struct bf_frame_digester **d);
unsigned bf_frame_digester_cols(const struct bf_frame_digester *d);
unsigned bf_frame_digester_rows(const struct bf_frame_digester *d);
enum bf_err bf_frame_digester_run(struct bf_frame_digest *out, struct bf_frame_digester *d,
                                  const struct bf_frame *frame, struct bf_error *err);

/*
 * The 256-bit lookup code of a grid of cell means (luma x 256): signs, against their median, of the
 * 16 x 16 lowest DCT-II frequencies (1 to 16 each way), after the DCT hash of PDQ. Integer
 * arithmetic throughout: the same cells give the same code everywhere.
 */
void bf_code_compute(uint8_t code32[32], uint8_t *contrast, const uint16_t *cells, unsigned cols,
                     unsigned rows);
/* Number of bits that differ. */
unsigned bf_code_distance(const uint8_t a32[32], const uint8_t b32[32]);

#endif
