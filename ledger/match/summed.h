/*
 * summed.h - a small picture as sums of all that lies above and to the left (Crow 1984), so that
 * the mean of any box of it takes four looks
 */
#ifndef BF_SUMMED_H
#define BF_SUMMED_H

#include <stdint.h>

#include "ledger/match/geometry.h"

/* Sums that a picture of so many pixels has. */
#define BF_SUMMED_SIZE(w, h) (((size_t)(w) + 1) * ((size_t)(h) + 1))

/* luma is (h, w), 4096 at most; sum receives (h + 1, w + 1). */
void bf_summed_fill(uint32_t *sum, const uint16_t *luma, unsigned w, unsigned h);
/*
 * Cell means of the record's picture, as the geometry has it lie in the picture of the sums: cells
 * (rows, cols), at most BF_GRID_LONG each, in units of luma; negative where a cell does not lie
 * inside. One that sticks out by no more than slack, of its own size, is taken as it is cut.
 */
void bf_summed_cells(float *cells, const uint32_t *sum, unsigned w, unsigned h,
                     const struct bf_geometry *g, unsigned cols, unsigned rows, double slack);

#endif
