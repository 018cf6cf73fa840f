/*
 * cells.h - the mean luma of each cell of a grid laid over the picture as it is shown
 *
 * Cells are exact areas: a pixel that a cell's edge cuts counts with the part that lies inside, so
 * the means hardly depend on the size at which the picture is coded.
 */
#ifndef BF_CELLS_H
#define BF_CELLS_H

#include "lib/media/video.h"

#define BF_CELLS_DIM_MAX 256
#define BF_CELLS_ONE \
    256 /* cell values are luma x 256, luma on the scale 0 to 255 whatever the bit depth */

#define BF_CELLS_HIDDEN UINT16_MAX /* of a cell that does not lie inside the picture */

struct bf_cells;

/* Part of the picture as shown, 0 to 1 each way; may reach outside. */
struct bf_cells_box {
    double left, top, right, bottom;
};

struct bf_cells *bf_cells_create(void); /* NULL where memory ran out */
void bf_cells_free(struct bf_cells **c);
/*
 * out is (rows, cols), rows and cols at most BF_CELLS_DIM_MAX, of the picture after its orientation
 * is applied.
 */
enum bf_err bf_cells_compute(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                             unsigned cols, unsigned rows, struct bf_error *err);

/* The same over a part of the picture: the grid fills the box. */
enum bf_err bf_cells_compute_box(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                                 const struct bf_cells_box *box, unsigned cols, unsigned rows,
                                 struct bf_error *err);

#endif
