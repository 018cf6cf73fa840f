/*
 * score_reason.h - from cues to a verdict, and the reasons in words
 *
 * Internal to the detector.
 */
#ifndef BF_SCORE_REASON_H
#define BF_SCORE_REASON_H

#include "detector/score.h"

#define BF_SCORE_SMALLEST 64 /* pixels of a face that can be judged */
#define BF_SCORE_FEWEST 8    /* looks of the artifact network */
#define BF_SCORE_SHORTEST_US 900000

/* Likelihood, verdict and reasons of a track whose cues are there; c NULL: not calibrated. */
void bf_score_judge_track(struct bf_score_track *t, const struct bf_calibration *c);
/* The video's, from its tracks, which are sorted. */
void bf_score_judge(struct bf_score *s);

#endif
