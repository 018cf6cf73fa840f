/*
 * residual.h - what is left of a suspect after the record's grid, its grade and its motion are
 * taken away
 */
#ifndef BF_RESIDUAL_H
#define BF_RESIDUAL_H

#include "ledger/match/align.h"

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
    int64_t suspect_us;             /* of the sample's start */
    int8_t residual[BF_GRID_CELLS]; /* suspect - expected, in quarters of a luma step, clipped */
    uint8_t place[BF_GRID_CELLS];   /* kind of place */
    uint8_t level[BF_GRID_CELLS];   /* the record's luma / 4 */
    uint8_t motion[BF_GRID_CELLS];  /* change of the record a sample, the most of 3 x 3 cells */
};

#define BF_RESIDUAL_ONE 4

struct bf_spool;

/* Append a row to out for each whole sample of the record that the run covers. */
enum bf_err bf_residual_compute(struct bf_spool *out, const struct bf_run *run,
                                const struct bf_tone *tone, const struct bf_trace *suspect,
                                struct bf_digest *source, struct bf_error *err);

#endif
