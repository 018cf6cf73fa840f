/*
 * metrics.h - how well scores tell fakes from reals
 *
 * score is any number that is larger for fakes, or a probability where so said; fake is 0 or 1;
 * both are (n). Every measure is NAN where one of the two classes is missing, and where a score is
 * NAN: what was not scored is for the caller to count, not to be dropped in silence.
 */
#ifndef BF_METRICS_H
#define BF_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

/* A point of the ROC curve: of the fakes and of the reals, how many score at least this. */
struct bf_roc_point {
    double threshold;
    size_t fakes, reals;
};
/* The whole curve (Fawcett, 2006): from no item, at a threshold of infinity, to all, a point for
 * each different score. points has room for n + 1; *n_points is 0 where the measures are NAN.
 * BF_ERR_NOMEM alone, here and below. */
enum bf_err bf_metric_roc(struct bf_roc_point *points, size_t *n_points, const double *score,
                          const uint8_t *fake, size_t n, struct bf_error *err);

/* Area under the ROC curve: the chance that a fake scores above a real, ties counted half (Mann and
 * Whitney, 1947). */
enum bf_err bf_metric_auc(double *auc, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err);
/* The same with its 95 % interval, by the bootstrap's percentiles over draws of whole groups (one
 * person, or one source video, each): group is (n), any numbers. Draws that lack a class do not
 * count; where none is left low and high are NAN. */
enum bf_err bf_metric_auc_interval(double *auc, double *low, double *high, const double *score,
                                   const uint8_t *fake, const uint64_t *group, size_t n,
                                   unsigned draws, uint64_t seed, struct bf_error *err);
/* Equal error rate, straight between the two thresholds nearest to it. */
enum bf_err bf_metric_eer(double *eer, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err);
/* Share of fakes found by the lowest threshold at which at most fpr of the reals are. */
enum bf_err bf_metric_tpr_at(double *tpr, const double *score, const uint8_t *fake, size_t n,
                             double fpr, struct bf_error *err);

/*
 * What follows is of probabilities that a video is fake as if half of all were. Whatever the set
 * holds more of, its fakes together therefore count as much as its reals together.
 */

/* Mean negative log-likelihood, in nats, p kept within 1e-6 of 0 and 1. */
double bf_metric_log_loss(const double *p, const uint8_t *fake, size_t n);

#define BF_METRIC_BINS 10

/* Items of like probability. */
struct bf_metric_bin {
    double p, fakes; /* the mean probability; the share of fakes */
    double part;     /* of all */
    size_t n;
};
/* By rising probability, of equal count as far as they can be: equal probabilities share a bin, so
 * that bins may be fewer. *n_bins is 0 where the measures are NAN. */
enum bf_err bf_metric_bins(struct bf_metric_bin bins[BF_METRIC_BINS], size_t *n_bins,
                           const double *p, const uint8_t *fake, size_t n, struct bf_error *err);
/* Expected calibration error over these bins (Naeini et al., 2015; Nixon et al.,
 * 2019). */
enum bf_err bf_metric_ece(double *ece, const double *p, const uint8_t *fake, size_t n,
                          struct bf_error *err);

#endif
