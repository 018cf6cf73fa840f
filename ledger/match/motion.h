/*
 * motion.h - does a stretch of the suspect move as the record does
 *
 * Two takes of one speaker on one set look alike, moment by moment; they do not move alike. So what
 * tells a copy is the correlation over time of block means, block by block, over stretches of three
 * seconds.
 */
#ifndef BF_MOTION_H
#define BF_MOTION_H

#include "ledger/match/align.h"
#include "ledger/match/coarse.h"

/* The blocks that the suspect shows. */
struct bf_shown {
    uint8_t use[BF_COARSE_CELLS];
    unsigned n;
};

/* Differences of block means beyond this, in luma steps, say only "not the same". */
#define BF_DISTANCE_CAP 20.0f

/* Mean absolute difference of the suspect's block means from the record's under gain and bias, each
 * capped; luma steps. x and s are (BF_COARSE_CELLS). */
float bf_block_distance(const float *x, const float *s, float gain, float bias,
                        const struct bf_shown *shown);
/* Fills in the run's measures from its place, its line and its fit. */
enum bf_err bf_motion_measure(struct bf_run *run, const struct bf_trace *t,
                              struct bf_coarse *source, const struct bf_shown *shown,
                              struct bf_error *err);
#define BF_STILL_DISTANCE 1.5 /* up to which a run in which nothing moves may be a copy */
/* Luma steps up to which a run of five seconds may do without being close: more of it has to be in
 * step than ever was in two takes, of which the nearest are 1.0 apart. */
#define BF_ALIKE_DISTANCE 1.0

/* True where nothing moves in either. */
bool bf_run_is_still(const struct bf_run *r);
/* A verdict: the run follows the record, rather than another take that looks like it. */
bool bf_run_follows(const struct bf_run *r);
/* It follows only outside a box, in which then something must be found to differ. */
bool bf_run_follows_around(const struct bf_run *r);
/* The same by the bar for the shortest runs: for one that was picked out of a longer run. */
bool bf_run_follows_closely(const struct bf_run *r);

#endif
