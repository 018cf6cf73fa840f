/*
 * compare.h - where, in a run that follows the record, the suspect shows something else
 */
#ifndef BF_COMPARE_H
#define BF_COMPARE_H

#include "ledger/match/match.h"

/* A stretch of time in which a region differs by more than this copy's own noise. */
struct bf_alteration {
    int64_t start_us, end_us;        /* of the suspect */
    double left, top, right, bottom; /* of the record's picture, 0 to 1 */
    enum bf_change change;           /* REGION, OVERLAY or GRADE */
    bool whole_run;                  /* it lasts from the first to the last compared sample */
    double area;                     /* share of the cells shown that belong to the region */
    double strength;    /* mean squared residual of the region, in units of the noise's variance */
    double false_alarm; /* how likely a copy with nothing changed is to show as much anywhere */
};

/* By start. Two may overlap in time where their regions differ. */
struct bf_alterations {
    struct bf_alteration *item;
    size_t n;
    int64_t compared_us; /* how much of the run was compared */
};

void bf_alterations_release(struct bf_alterations *a);
/*
 * Compare one run, cell by cell, where the suspect shows the cell. heat: takes a bf_heat_row for
 * each sample; may be NULL. tmp_dir: where rows are kept meanwhile.
 */
enum bf_err bf_compare(struct bf_alterations *out, struct bf_spool *heat, const struct bf_run *run,
                       const struct bf_trace *suspect, struct bf_digest *source,
                       const char *tmp_dir, struct bf_error *err);

#endif
