/*
 * calibration.h - from cues to a likelihood that can be bet on, learned from people whom no network
 * was trained on
 *
 * A logistic regression over cues that were put on the scale of real videos, with what is missing
 * standing at the reals' median; fitted with a penalty, on items weighed so that both classes count
 * alike. Fits to draws of whole people (the bootstrap) give an interval. The distribution of each
 * cue in real videos is kept as quantiles: a cue is reported as a percentile of it.
 */
#ifndef BF_CALIBRATION_H
#define BF_CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "detector/cue.h"
#include "lib/base/bytes.h"
#include "lib/base/error.h"

#define BF_CALIBRATION_QUANTILES 101
#define BF_CALIBRATION_DRAWS 50

struct bf_calibration {
    struct bf_calibration_cue {
        bool used;                                 /* by the fusion */
        double quantile[BF_CALIBRATION_QUANTILES]; /* in real videos, 0 % to 100 % */
        double centre, spread;                     /* the reals' median and robust deviation */
        size_t n;                                  /* reals that had it */
    } cue[BF_CUES];
    double bias[1 + BF_CALIBRATION_DRAWS],
        weight[1 + BF_CALIBRATION_DRAWS][BF_CUES]; /* [0]: the fit itself */
    double fake_above, real_below; /* likelihoods: from here on likely fake; below, likely real */
};

/* One track of one video of known kind. */
struct bf_calibration_item {
    double cue[BF_CUES];
    bool fake;
    uint64_t person;
    double weight; /* of an item among its kind: 1 where nothing is known */
};

/*
 * Fit all of it. use (BF_CUES) says which cues the fusion may use; penalty is that of the squared
 * weights (ridge), an item. The thresholds: fake_above is the lowest likelihood that at most
 * false_alarms of the reals reach, judged by fits that left that person out, and at least 1/2;
 * real_below the highest one below which at most misses of what lies there is fake, likewise.
 * BF_ERR_FORMAT where there are too few people of either kind: fewer than four.
 */
enum bf_err bf_calibration_fit(struct bf_calibration *c, const struct bf_calibration_item *items,
                               size_t n, const bool use[BF_CUES], double penalty,
                               double false_alarms, double misses, uint64_t seed,
                               struct bf_error *err);
/* The likelihood that the track is fake, among as many fakes as reals; low and high the 90 %
 * interval of the fits. */
double bf_calibration_likelihood(double *low, double *high, const struct bf_calibration *c,
                                 const double cue[BF_CUES]);
/* By how much that cue moves the log odds from where a usual real video's would stand; NAN of a cue
 * that is not there or not used. */
double bf_calibration_share(const struct bf_calibration *c, const double cue[BF_CUES],
                            enum bf_cue which);
/* Of real videos have a smaller value, 0 to 100; NAN of NAN. */
double bf_calibration_percentile(const struct bf_calibration *c, enum bf_cue cue, double value);
/* How far outside of what real videos and fakes showed in fitting the cues lie: 0 inside, more the
 * further outside, in robust deviations of the farthest cue. */
double bf_calibration_strangeness(const struct bf_calibration *c, const double cue[BF_CUES]);

/* Appends it to out as one JSON object (SPEC.md, "Detector"). */
enum bf_err bf_calibration_encode(struct bf_buf *out, const struct bf_calibration *c,
                                  struct bf_error *err);
/* BF_ERR_FORMAT for what is not one: a missing member, a number out of order; name is what errors
 * call it. c is filled in whole or not at all. */
enum bf_err bf_calibration_parse(struct bf_calibration *c, const void *text, size_t n,
                                 const char *name, struct bf_error *err);

#endif
