/*
 * calibration_impl.h - what using and fitting a calibration share
 */
#ifndef BF_CALIBRATION_IMPL_H
#define BF_CALIBRATION_IMPL_H

#include "detector/calibration.h"

/* A value that counts; any other is a missing one. */
bool bf_calibration_measured(double value);
/* What one of the fits makes of scaled cues. */
double bf_calibration_judge(const struct bf_calibration *c, size_t fit, const double z[BF_CUES]);
/* The thresholds from what was judged: chance, fake (0 or 1) and weight are (n), the weights of
 * each kind one half together. BF_ERR_NOMEM alone. */
enum bf_err bf_calibration_place_thresholds(struct bf_calibration *c, const double *chance,
                                            const uint8_t *fake, const double *weight, size_t n,
                                            double false_alarms, double misses,
                                            struct bf_error *err);

#endif
