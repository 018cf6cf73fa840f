/*
 * compare.h - where, in a run that follows the record, the suspect shows something else
 */
#ifndef BF_COMPARE_H
#define BF_COMPARE_H

#include "ledger/match/align.h"

/* A stretch of time in which a region differs by more than this copy's own noise. */
struct bf_alteration {
    int64_t start_us, end_us;        /* of the suspect */
    double left, top, right, bottom; /* of the picture as shown, 0 to 1 */
    double strength; /* mean squared residual of the region, in units of the noise's variance */
};

struct bf_alterations {
    struct bf_alteration *item;
    size_t n;
    int64_t compared_us; /* how much of the run was compared */
};

void bf_alterations_release(struct bf_alterations *a);
/* tmp_dir: where rows are kept meanwhile. */
enum bf_err bf_compare(struct bf_alterations *out, const struct bf_run *run,
                       const struct bf_trace *suspect, struct bf_digest *source,
                       const char *tmp_dir, struct bf_error *err);

#endif
