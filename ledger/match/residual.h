/*
 * residual.h - what is left of a suspect after the record's grid, its grade and its motion are
 * taken away
 */
#ifndef BF_RESIDUAL_H
#define BF_RESIDUAL_H

#include "ledger/match/align.h"

#include <stdbool.h>

#define BF_TONE_LEVELS 64

/* Suspect luma for each record luma: a straight line and what a grade or clipping adds to it. */
struct bf_tone {
    float at[256];
};

enum bf_err bf_tone_fit(struct bf_tone *tone, const struct bf_run *run,
                        const struct bf_trace *suspect, struct bf_digest *source,
                        struct bf_error *err);

/* Kinds of place, by how much the record moves (8) and how steep it is (8): a copy's noise differs
 * between them. */
#define BF_PLACE_KINDS 64

/* One grid sample's comparison. All arrays are (rows, cols). */
struct bf_residual_row {
    int64_t suspect_us;              /* of the sample's start */
    int16_t residual[BF_GRID_CELLS]; /* suspect - expected, in quarters of a luma step */
    uint8_t expected[BF_GRID_CELLS]; /* what a copy with nothing changed shows, luma */
    uint8_t place[BF_GRID_CELLS];    /* kind of place */
    uint8_t motion[BF_GRID_CELLS];   /* change of the record a sample, the most of 3 x 3 cells */
    uint8_t bend[BF_GRID_CELLS];     /* by how much the curve bends over what lies in and beside the
                                        cell: its mean then follows no curve. Luma steps */
};

#define BF_RESIDUAL_ONE 4

/* At the ends of the scale a picture is cut off and has no noise: such cells say nothing of it. */
static inline bool bf_residual_is_cut_off(const struct bf_residual_row *row, unsigned i)
{
    return row->expected[i] <= 2 || row->expected[i] >= 253;
}

struct bf_spool;

/*
 * Append a row to out for each whole sample of the record that the run covers, in the record's
 * order. Cells that the suspect does not show have residual 0.
 */
enum bf_err bf_residual_compute(struct bf_spool *out, const struct bf_run *run,
                                const struct bf_tone *tone, const struct bf_trace *suspect,
                                struct bf_digest *source, struct bf_error *err);

#endif
