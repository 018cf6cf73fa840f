/*
 * metrics.h - how well scores tell fakes from reals
 *
 * score is any number that is larger for fakes, or a probability where so said; fake is 0 or 1;
 * both are (n). Every measure is NAN where one of the two classes is missing.
 */
#ifndef BF_METRICS_H
#define BF_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

/* Area under the ROC curve: the chance that a fake scores above a real, ties counted half (Mann and
 * Whitney, 1947). BF_ERR_NOMEM alone, here and below. */
enum bf_err bf_metric_auc(double *auc, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err);
/* The same with its 95 % interval, by the bootstrap's percentiles over draws of whole groups (one
 * person, or one source video, each): group is (n), any numbers. */
enum bf_err bf_metric_auc_interval(double *auc, double *low, double *high, const double *score,
                                   const uint8_t *fake, const uint64_t *group, size_t n,
                                   unsigned draws, uint64_t seed, struct bf_error *err);
/* Equal error rate, between the two thresholds nearest to it. */
enum bf_err bf_metric_eer(double *eer, const double *score, const uint8_t *fake, size_t n,
                          struct bf_error *err);
/* Share of fakes found by the lowest threshold at which at most fpr of the reals are. */
enum bf_err bf_metric_tpr_at(double *tpr, const double *score, const uint8_t *fake, size_t n,
                             double fpr, struct bf_error *err);
/* Of probabilities: mean negative log-likelihood, in nats, p kept within 1e-6 of 0 and 1. */
double bf_metric_log_loss(const double *p, const uint8_t *fake, size_t n);
/* Of probabilities: expected calibration error over ten bins of equal count (Naeini et al., 2015;
 * Nixon et al., 2019). */
enum bf_err bf_metric_ece(double *ece, const double *p, const uint8_t *fake, size_t n,
                          struct bf_error *err);

/* One curve of a plot. */
struct bf_plot_curve {
    const char *name;
    const double *score; /* (n): of a reliability plot probabilities */
    const uint8_t *fake; /* (n) */
    size_t n;
};
/* Whole SVG documents, appended to out: dark and light readable, with axes, a legend, the chance
 * line. */
enum bf_err bf_plot_roc(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                        struct bf_error *err);
enum bf_err bf_plot_reliability(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                                struct bf_error *err);

#endif
