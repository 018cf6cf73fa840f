/*
 * logistic.h - logistic regression with weighed items and a ridge penalty
 */
#ifndef BF_LOGISTIC_H
#define BF_LOGISTIC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_LOGISTIC_MAX 32

/* The chance that a logit stands for, never surer than one in a million. */
double bf_logistic_chance(double logit);

/*
 * The bias and beta (k) with the least weighed mean of -log P(yes | x) and of -log P(no | x), plus
 * penalty times the sum of beta's squares; the bias goes free. x is (n, k), finite; yes (n) is 0 or
 * 1; weight is (n), none negative; k at most BF_LOGISTIC_MAX. By Newton's method (iteratively
 * reweighted least squares; Hastie, Tibshirani, Friedman, 2009, 4.4.1), halving steps that go too
 * far. BF_ERR_USAGE where the penalty is not above 0 or one of the two kinds weighs nothing: then
 * there is no least.
 */
enum bf_err bf_logistic_fit(double *bias, double *beta, const double *x, const uint8_t *yes,
                            const double *weight, size_t n, size_t k, double penalty,
                            struct bf_error *err);

#endif
