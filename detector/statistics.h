/*
 * statistics.h - order, quantiles and draws of whole groups, for measures and calibration
 */
#ifndef BF_STATISTICS_H
#define BF_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/nn/random.h"

/* Upwards, in place; no NAN among them. */
void bf_statistic_sort(double *v, size_t n);
/* Of n sorted numbers, n > 0, the one below which this share of them lies, 0 to 1; straight between
 * neighbours (Hyndman and Fan, 1996, type 7). */
double bf_statistic_quantile(const double *sorted, size_t n, double share);

/* index (n) receives the place of each item's group among the n_groups different ones, by rising
 * number. BF_ERR_NOMEM alone. */
enum bf_err bf_statistic_groups(size_t *index, size_t *n_groups, const uint64_t *group, size_t n,
                                struct bf_error *err);
/* As many of n groups as there are, with replacement: times (n) receives how often each was drawn
 * (Efron, 1979). */
void bf_statistic_draw(double *times, size_t n, struct bf_random *r);

#endif
