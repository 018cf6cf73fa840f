/*
 * cells.h - the mean luma of each cell of a grid laid over the picture as it is shown
 *
 * Cells are exact areas: a pixel that a cell's edge cuts counts with the part that lies inside, so
 * the means hardly depend on the size at which the picture is coded.
 */
#ifndef BF_CELLS_H
#define BF_CELLS_H

#include "lib/media/video.h"

#define BF_CELLS_DIM_MAX 128
#define BF_CELLS_ONE \
    256 /* cell values are luma x 256, luma on the scale 0 to 255 whatever the bit depth */

struct bf_cells;

struct bf_cells *bf_cells_create(void); /* NULL where memory ran out */
void bf_cells_free(struct bf_cells **c);
/*
 * out is (rows, cols), rows and cols at most BF_CELLS_DIM_MAX, of the picture after its orientation
 * is applied.
 */
enum bf_err bf_cells_compute(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                             unsigned cols, unsigned rows, struct bf_error *err);

#endif
