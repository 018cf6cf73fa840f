/*
 * calibration.h - from cues to a likelihood that can be bet on, learned from people whom no network
 * was trained on
 *
 * A logistic regression over cues that were put on the scale of real videos, with what is missing
 * standing at the reals' median; fitted with a penalty, on items weighed so that both kinds count
 * alike, and within a kind each person alike. Fits to draws of whole people (the bootstrap) give an
 * interval. The distribution of each cue in real videos is kept as quantiles: a cue is reported as
 * a percentile of it. A value that is not finite, or beyond 1e9, is a missing one.
 */
#ifndef BF_CALIBRATION_H
#define BF_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/cue.h"
#include "lib/base/bytes.h"
#include "lib/base/error.h"

#define BF_CALIBRATION_QUANTILES 101
#define BF_CALIBRATION_DRAWS 50

struct bf_calibration {
    struct bf_calibration_cue {
        bool used; /* by the fusion */
        size_t n;  /* reals that had it; of 0 the rest says nothing */
        double quantile[BF_CALIBRATION_QUANTILES]; /* in real videos, 0 % to 100 % */
        double centre, spread;                     /* the reals' median and robust deviation */
        double low, high; /* 0.5 % and 99.5 % of reals and fakes together */
    } cue[BF_CUES];
    double bias[1 + BF_CALIBRATION_DRAWS],
        weight[1 + BF_CALIBRATION_DRAWS][BF_CUES]; /* [0]: the fit itself */
    double fake_above; /* likelihood: from here on likely fake, 1/2 to 1 */
    double real_below; /* below, likely real, 0 to 1/2; 0 where nothing is */
};

/* One track of one video of known kind. */
struct bf_calibration_item {
    double cue[BF_CUES];
    bool fake;
    uint64_t person;
    double weight; /* among its person's items of its kind, above 0 to 1e9; 1 where nothing is
                    * known */
};

/*
 * Fit all of it. use says which cues the fusion may use; of these it leaves those that fewer than
 * four reals had. penalty is that of the squared weights (ridge), on top of the mean loss of an
 * item. The thresholds are judged on likelihoods from fits that left the person out, scale and all:
 * the people are dealt to ten folds (fewer where there are fewer people), each of which is judged
 * by a fit to the other nine. fake_above is the lowest likelihood that at most false_alarms of the
 * reals reach, and at least 1/2; real_below the highest one, up to 1/2, below which at most misses
 * of what lies there is fake; both shares with the weights of the fit. BF_ERR_FORMAT where there
 * are too few people of either kind: fewer than four; BF_ERR_USAGE where a weight, the penalty or a
 * share makes no sense. c is of use on BF_OK alone.
 */
enum bf_err bf_calibration_fit(struct bf_calibration *c, const struct bf_calibration_item *items,
                               size_t n, const bool use[BF_CUES], double penalty,
                               double false_alarms, double misses, uint64_t seed,
                               struct bf_error *err);
/* The cues as the fusion sees them: robust deviations from the reals' median, kept within 6; 0
 * where missing or not used. z times weight[0] is what a cue adds to the logit. */
void bf_calibration_scale(double z[BF_CUES], const struct bf_calibration *c,
                          const double cue[BF_CUES]);
/* The likelihood that the track is fake, among as many fakes as reals, never surer than one in a
 * million; low and high the 90 % interval of the fits to draws, which holds the likelihood too. */
double bf_calibration_likelihood(double *low, double *high, const struct bf_calibration *c,
                                 const double cue[BF_CUES]);
/* Of real videos have a smaller value, 0 to 100, those with the same one counted half: what is 0 in
 * most videos is nothing odd where it is 0. NAN of a missing value, or of no reals. */
double bf_calibration_percentile(const struct bf_calibration *c, enum bf_cue cue, double value);
/* How far outside of what real videos and fakes showed in fitting (low to high) the used cues lie:
 * 0 inside, more the further outside, in robust deviations of the farthest cue. */
double bf_calibration_strangeness(const struct bf_calibration *c, const double cue[BF_CUES]);

/* Appends it to out as one JSON object (SPEC.md, "Detector"). */
enum bf_err bf_calibration_encode(struct bf_buf *out, const struct bf_calibration *c,
                                  struct bf_error *err);
/* BF_ERR_FORMAT for what is not one: a member that is missing or unknown, a number out of order or
 * beyond 1e12; name is what errors call it. c is filled in whole or not at all. */
enum bf_err bf_calibration_parse(struct bf_calibration *c, const void *text, size_t n,
                                 const char *name, struct bf_error *err);

#endif
