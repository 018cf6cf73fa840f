/*
 * align.h - which part of a record does each moment of the suspect come from
 *
 * Lookup codes vote for how the two clocks run; each line is refined on coarse block means; a
 * Viterbi path over the suspect's time picks, moment by moment, a line or "none of this record", so
 * trims, cuts and changes of speed fall out as runs.
 */
#ifndef BF_ALIGN_H
#define BF_ALIGN_H

#include "ledger/match/votes.h"

#define BF_ALIGN_STEP_US BF_DIGEST_PERIOD_US /* the path's resolution */
#define BF_ALIGN_OFFSETS 8                   /* offsets a path may switch between */

/* A stretch of the suspect that follows the record: record time = rate x suspect time + offset. */
struct bf_run {
    int64_t start_us, end_us; /* of the suspect */
    int64_t offset_us;
    double rate; /* of the record's clock against the suspect's: 2 is twice as fast; negative where
                    it runs backwards */
    double gain, bias; /* suspect luma = gain x source luma + bias */
    double in_step; /* share, by motion, of the blocks that move in the record which move alike in
                       the suspect */
    double close;   /* the same share of those that hardly differ from it */
    bool whole;     /* all of the suspect */
    double outside_in_step, outside_close; /* the two shares outside the box that raises them most,
                                              as a replaced face would; 0 where none qualifies */
    bool outlined;                         /* the next three were measured */
    double outline_apart;      /* how far edges that move lie from the record's, in cells */
    double outline_strays;     /* share of their motion that is not the record's */
    double outline_difference; /* how far the pictures are apart about them, luma steps */
    bool vouched;              /* alike all along, and a stretch of it follows closely */
    double moving;             /* how much of the record moves there, 0 to 1 */
    double suspect_moving;     /* share of the suspect's blocks that move */
    double
        distance; /* mean absolute difference of the block means after gain and bias, luma steps */
};

struct bf_runs {
    struct bf_run *item;
    size_t n;
};

void bf_runs_release(struct bf_runs *r);
/*
 * Align the whole suspect with the record. Runs come in the suspect's order and do not overlap;
 * moments that belong to none of the record are left out. An empty result is no error.
 */
enum bf_err bf_align(struct bf_runs *runs, const struct bf_trace *suspect, struct bf_digest *source,
                     const struct bf_moment_pair *moment, size_t n_pairs, struct bf_error *err);

/* A time of the suspect as one of the record, and the way back. */
static inline int64_t bf_run_source_us(const struct bf_run *r, int64_t suspect_us)
{
    return r->offset_us + (int64_t)(r->rate * (double)suspect_us);
}

static inline int64_t bf_run_suspect_us(const struct bf_run *r, int64_t source_us)
{
    return (int64_t)((double)(source_us - r->offset_us) / r->rate);
}

/* From when to when the suspect shows what sample k of the record holds, whichever way it runs. */
static inline void bf_run_shown_us(int64_t *from_us, int64_t *to_us, const struct bf_run *r,
                                   int64_t k)
{
    int64_t a = bf_run_suspect_us(r, k * BF_DIGEST_PERIOD_US),
            b = bf_run_suspect_us(r, (k + 1) * BF_DIGEST_PERIOD_US);

    *from_us = a < b ? a : b;
    *to_us = a < b ? b : a;
}

#endif
