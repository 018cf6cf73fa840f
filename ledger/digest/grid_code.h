/*
 * grid_code.h - grids of cell means over time, coded: quantised changes under an adaptive context
 * model
 *
 * The first grid of a run is predicted from its own neighbours, every later one from the grid
 * before it. Both sides keep the same reconstruction, so that errors stay within the quantiser's
 * step and never add up.
 */
#ifndef BF_GRID_CODE_H
#define BF_GRID_CODE_H

#include "ledger/digest/frame_digest.h"
#include "ledger/digest/range_coder.h"

#define BF_GRID_STEP 3 /* luma steps a quantiser level */

struct bf_grid_models {
    struct bf_bit_model zero[2][6][5], sign[2][5][3], more[2][3][16];
};

/* What encoder and decoder share. */
struct bf_grid_state {
    unsigned cols, rows;
    bool started;
    uint8_t grid[BF_GRID_CELLS];  /* the last reconstruction, (rows, cols), luma 0 to 255 */
    int16_t level[BF_GRID_CELLS]; /* its levels */
    struct bf_grid_models models;
};

void bf_grid_state_init(struct bf_grid_state *s, unsigned cols, unsigned rows);
/* cells is (rows, cols), luma x 256. s->grid receives what a decoder will see. */
void bf_grid_encode(struct bf_range_encoder *e, struct bf_grid_state *s, const uint16_t *cells);
/* Decodes the next grid into s->grid. Damaged input gives a wrong grid or a failed reader, nothing
 * worse. */
void bf_grid_decode(struct bf_range_decoder *d, struct bf_grid_state *s);

/* Lookup codes: each bit against the same bit of the frame before. */
struct bf_code_state {
    uint8_t code32[32], changed32[32];
    struct bf_bit_model model[2][9]
                             [2]; /* first or later code; bits changed so far; changed last time */
};

void bf_code_state_init(struct bf_code_state *s);
void bf_code_encode(struct bf_range_encoder *e, struct bf_code_state *s, const uint8_t code32[32]);
void bf_code_decode(struct bf_range_decoder *d, struct bf_code_state *s);

#endif
