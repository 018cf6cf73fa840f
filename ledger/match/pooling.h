/*
 * pooling.h - one number a cell and sample: how far its surroundings are from this copy's noise
 *
 * Squared residuals are averaged over a window that a mouth fills, and weighted by how little the
 * suspect's motion there is the record's: recompression blurs motion but keeps step with it, other
 * footage does not. The result is held against what the same number is in the noisiest tenth of
 * this copy, so noise that is correlated over space and time raises the bar for itself.
 */
#ifndef BF_POOLING_H
#define BF_POOLING_H

#include "ledger/match/noise.h"

/* (rows, cols): the weighted mean square as a level, BF_POOLED_OCTAVE for each doubling; 0: not
 * seen. */
struct bf_pooled_row {
    uint8_t cell[BF_GRID_CELLS];
};

#define BF_POOLED_OCTAVE 16 /* levels for each doubling */
#define BF_POOLED_ONE 96    /* level of 1 */

#define BF_POOL_COLS 7
#define BF_POOL_ROWS 5
#define BF_POOL_SAMPLES 7
#define BF_SQUARE_CAP 36.0f /* no single residual counts for more */

/* Append a row to out for each row of rows, which is sealed. visible is (rows, cols). */
enum bf_err bf_pool(struct bf_spool *out, const struct bf_spool *rows, const struct bf_noise *noise,
                    const uint8_t *visible, unsigned cols, unsigned n_rows, struct bf_error *err);
/* The level that nine tenths of this copy's cells stay below, but not far from its median; cells
 * that show nothing and do not differ at all are left out where they are half of it at most. */
unsigned bf_pooled_bar(const struct bf_spool *pooled, const struct bf_spool *rows, unsigned cells);

#endif
