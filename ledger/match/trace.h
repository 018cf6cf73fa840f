/*
 * trace.h - the suspect's frame digests, all of them, in a spool: what the matcher reads back and
 * forth
 */
#ifndef BF_TRACE_H
#define BF_TRACE_H

#include "ledger/digest/digest.h"
#include "ledger/match/geometry.h"

#define BF_COARSE_COLS \
    16 /* the grid in blocks of 6 x 6 cells, for alignment; turned with the grid */
#define BF_COARSE_ROWS 9
#define BF_COARSE_CELLS (BF_COARSE_COLS * BF_COARSE_ROWS)
#define BF_COARSE_BLOCK 6

/* A trace within a geometry has codes of frames so far apart; others have no contrast. */
#define BF_TRACE_CODES_US 200000

struct bf_trace_frame {
    int64_t pts_us;
    uint8_t exact32[32], code32[BF_CODE32_SIZE];
    uint8_t contrast;
    uint16_t coarse[BF_COARSE_CELLS]; /* block means, luma x 256 */
    uint8_t cells[BF_GRID_CELLS];     /* luma, rounded */
};

struct bf_trace;

enum bf_err bf_trace_create(struct bf_trace **t, unsigned cols, unsigned rows, const char *tmp_dir,
                            struct bf_error *err);
void bf_trace_free(struct bf_trace **t);
/*
 * A trace of the record's picture as the geometry has it lie in the suspect's: cols and rows are of
 * the record's grid. Frames come by bf_trace_add_within.
 */
enum bf_err bf_trace_create_within(struct bf_trace **t, const struct bf_geometry *g, unsigned cols,
                                   unsigned rows, const char *tmp_dir, struct bf_error *err);
enum bf_err bf_trace_add_within(struct bf_trace *t, const struct bf_frame *frame,
                                struct bf_error *err);
/*
 * The same from the cells of the whole, sealed: without the pictures. Where the record's picture
 * fills the suspect's, turned or not, it is what they give; elsewhere it is blurred by a cell of
 * the suspect's grid, enough to align by and not to compare. The result is sealed.
 */
enum bf_err bf_trace_within(struct bf_trace **t, const struct bf_trace *whole,
                            const struct bf_geometry *g, unsigned cols, unsigned rows,
                            const char *tmp_dir, struct bf_error *err);
/* True where so much of the record's picture is shown that lookup codes mean something. */
bool bf_trace_has_codes(const struct bf_trace *t);
enum bf_err bf_trace_add(struct bf_trace *t, const struct bf_frame_digest *f, struct bf_error *err);
/* end_us: when the last frame goes. Nothing can be added afterwards. */
enum bf_err bf_trace_seal(struct bf_trace *t, int64_t end_us, struct bf_error *err);

/* Where the record's picture lies in the suspect's; all of it, for a trace of the whole. */
const struct bf_geometry *bf_trace_geometry(const struct bf_trace *t);
unsigned bf_trace_cols(const struct bf_trace *t);
unsigned bf_trace_rows(const struct bf_trace *t);
uint64_t bf_trace_frames(const struct bf_trace *t);
int64_t bf_trace_end_us(const struct bf_trace *t);
const struct bf_trace_frame *bf_trace_frame(const struct bf_trace *t, uint64_t i);
/*
 * Which of the record's cells can be compared: (rows, cols), 1 where all of the cell lies inside
 * the suspect's picture and touches no bar beside the record's. All are 1 unless the trace was
 * taken under a geometry. BF_GRID_CELLS long: behind the last row they are 0.
 */
const uint8_t *bf_trace_comparable(const struct bf_trace *t);
/* Index of the frame that is shown at the time; the first or last outside the video. */
uint64_t bf_trace_at(const struct bf_trace *t, int64_t us);
/*
 * Means over [from_us, to_us) of what is shown: cells (rows x cols) or coarse blocks, luma. The
 * part outside the video does not count. Returns the microseconds that lie inside; where that is 0
 * nothing is written.
 */
int64_t bf_trace_mean(const struct bf_trace *t, float *cells, int64_t from_us, int64_t to_us);
int64_t bf_trace_mean_coarse(const struct bf_trace *t, float *coarse, int64_t from_us,
                             int64_t to_us);

/* Which coarse blocks are visible in whole, (BF_COARSE_CELLS); returns how many. */
unsigned bf_trace_visible_coarse(const struct bf_trace *t, uint8_t *visible);
/* Which of the record's cells block means are taken of: (rows, cols), 1 where a cell is visible and
 * does not lie right beside a bar or another picture, of which it may show a little. */
const uint8_t *bf_trace_counted(const struct bf_trace *t);

/* Block means of a grid of 8-bit cells, of those that are counted; 0 where a block has none. */
void bf_coarse_of_grid(float *coarse, const uint8_t *grid, unsigned cols, unsigned rows,
                       const uint8_t *counted);

#endif
