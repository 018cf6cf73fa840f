/*
 * calibration_fixture.h - a calibration of one cue, written by hand: the logit is the artifact cue
 */
#ifndef BF_CALIBRATION_FIXTURE_H
#define BF_CALIBRATION_FIXTURE_H

#include <string.h>

#include "detector/calibration.h"

/* spread: of reals round 0; strange from more than that many times nine on. */
static inline void fixture_calibration(struct bf_calibration *c, double spread)
{
    struct bf_calibration_cue *q = &c->cue[BF_CUE_ARTIFACT];
    size_t i, k;

    memset(c, 0, sizeof *c);
    for (i = 0; i < BF_CUES; i++)
        c->cue[i].spread = 1;
    q->used = true;
    q->n = 100;
    q->spread = spread;
    q->low = -3 * spread;
    q->high = 3 * spread;
    for (k = 0; k < BF_CALIBRATION_QUANTILES; k++)
        q->quantile[k] = spread * 3 * ((double)k / 50 - 1);
    for (i = 0; i <= BF_CALIBRATION_DRAWS; i++) {
        c->bias[i] = i == 0 ? 0 : i % 2 ? 0.3 : -0.3;
        c->weight[i][BF_CUE_ARTIFACT] = spread;
    }
    c->fake_above = 0.9;
    c->real_below = 0.1;
}

#endif
