/*
 * tally.h - quantiles of numbers that come one by one, in memory that does not grow
 *
 * A histogram between two bounds; what lies outside counts with the nearest bin. A quantile is told
 * to a bin's width, the bounds' distance over BF_TALLY_BINS.
 */
#ifndef BF_TALLY_H
#define BF_TALLY_H

#include <stdint.h>

#define BF_TALLY_BINS 1024

struct bf_tally {
    double low, high;
    uint64_t n;
    uint32_t count[BF_TALLY_BINS];
};

void bf_tally_init(struct bf_tally *t, double low, double high);
/* NAN is not counted. */
void bf_tally_add(struct bf_tally *t, double x);
/* q from 0 to 1: 0.5 is the median. NAN where nothing was counted. */
double bf_tally_quantile(const struct bf_tally *t, double q);

#endif
