/*
 * exact.h - stretches of the suspect whose decoded frames are the record's own, bit for bit
 */
#ifndef BF_EXACT_H
#define BF_EXACT_H

#include "ledger/match/trace.h"

struct bf_exact_run {
    uint64_t suspect_frame, source_frame, n_frames;
    int64_t source_us, source_last_us; /* times of the first and the last frame in the record */
};

struct bf_exact_runs {
    struct bf_exact_run *item;
    size_t n;
};

void bf_exact_runs_release(struct bf_exact_runs *r);
/* Maximal runs of consecutive frames, in the suspect's order. */
enum bf_err bf_exact_find(struct bf_exact_runs *runs, const struct bf_trace *suspect,
                          struct bf_digest *source, struct bf_error *err);

#endif
