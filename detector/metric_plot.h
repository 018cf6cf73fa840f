/*
 * metric_plot.h - curves of measures as drawings
 *
 * Whole SVG documents that need nothing beside them: dark and light readable, with axes, the chance
 * line, and a legend with each curve's figure.
 */
#ifndef BF_METRIC_PLOT_H
#define BF_METRIC_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

/* One curve of a plot. */
struct bf_plot_curve {
    const char *name;    /* any text; what is too long for the legend is cut */
    const double *score; /* (n): of a reliability plot probabilities */
    const uint8_t *fake; /* (n) */
    size_t n;
};
/* Appended to out. A curve that lacks a class stands in the legend alone. BF_ERR_NOMEM alone. */
enum bf_err bf_plot_roc(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                        struct bf_error *err);
/* Share of fakes over the probability that was stated, over the bins of bf_metric_bins. */
enum bf_err bf_plot_reliability(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                                struct bf_error *err);

#endif
