/*
 * regions.h - what stands out together in space and time
 */
#ifndef BF_REGIONS_H
#define BF_REGIONS_H

#include "ledger/match/pooling.h"

/* Cells that touch, over rows that follow each other but for short pauses. */
struct bf_region {
    uint64_t first, last; /* rows, inclusive */
    unsigned peak;        /* highest level above the bar */
    uint32_t n_rows;      /* that stand out */
    uint32_t count[BF_GRID_CELLS];
};

struct bf_regions {
    struct bf_region **item; /* by their last row */
    size_t n;
};

void bf_regions_release(struct bf_regions *r);
/*
 * All that reach peak_min above the bar. Parts of one region with up to 1.5 s between them are one.
 * pooled is sealed.
 */
enum bf_err bf_regions_find(struct bf_regions *out, const struct bf_spool *pooled, unsigned bar,
                            unsigned peak_min, unsigned cols, unsigned rows, struct bf_error *err);

#endif
