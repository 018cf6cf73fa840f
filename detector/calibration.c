#include "detector/calibration_impl.h"
#include "detector/logistic.h"
#include "detector/statistics.h"

#include <assert.h>
#include <math.h>

#define CLIP 6.0
#define VALUE_MAX 1e9
#define INTERVAL 0.9

static_assert(BF_CUES <= BF_LOGISTIC_MAX, "the regression is too small for the cues");

bool bf_calibration_measured(double value)
{
    return isfinite(value) && fabs(value) <= VALUE_MAX;
}

void bf_calibration_scale(double z[BF_CUES], const struct bf_calibration *c,
                          const double cue[BF_CUES])
{
    size_t j;

    for (j = 0; j < BF_CUES; j++) {
        const struct bf_calibration_cue *q = &c->cue[j];

        z[j] = 0;
        if (q->used && bf_calibration_measured(cue[j]))
            z[j] = fmax(-CLIP, fmin(CLIP, (cue[j] - q->centre) / q->spread));
    }
}

double bf_calibration_judge(const struct bf_calibration *c, size_t fit, const double z[BF_CUES])
{
    double logit = c->bias[fit];
    size_t j;

    for (j = 0; j < BF_CUES; j++)
        logit += c->weight[fit][j] * z[j];
    return bf_logistic_chance(logit);
}

double bf_calibration_likelihood(double *low, double *high, const struct bf_calibration *c,
                                 const double cue[BF_CUES])
{
    double z[BF_CUES], drawn[BF_CALIBRATION_DRAWS], p;
    size_t d;

    bf_calibration_scale(z, c, cue);
    p = bf_calibration_judge(c, 0, z);
    for (d = 0; d < BF_CALIBRATION_DRAWS; d++)
        drawn[d] = bf_calibration_judge(c, 1 + d, z);
    bf_statistic_sort(drawn, BF_CALIBRATION_DRAWS);
    *low = fmin(p, bf_statistic_quantile(drawn, BF_CALIBRATION_DRAWS, (1 - INTERVAL) / 2));
    *high = fmax(p, bf_statistic_quantile(drawn, BF_CALIBRATION_DRAWS, (1 + INTERVAL) / 2));
    return p;
}

double bf_calibration_percentile(const struct bf_calibration *c, enum bf_cue cue, double value)
{
    const double *q = c->cue[cue].quantile;
    size_t i = 0, past;
    double at;

    if (c->cue[cue].n == 0 || !bf_calibration_measured(value))
        return (double)NAN;
    while (i < BF_CALIBRATION_QUANTILES && q[i] < value)
        i++;
    for (past = i; past < BF_CALIBRATION_QUANTILES && q[past] <= value;)
        past++;
    if (past > i)
        at = (double)(i + past - 1) / 2;
    else if (i == 0 || i == BF_CALIBRATION_QUANTILES)
        at = i == 0 ? 0 : BF_CALIBRATION_QUANTILES - 1;
    else
        at = (double)(i - 1) + (value - q[i - 1]) / (q[i] - q[i - 1]);
    return 100 * at / (BF_CALIBRATION_QUANTILES - 1);
}

double bf_calibration_strangeness(const struct bf_calibration *c, const double cue[BF_CUES])
{
    double far = 0;
    size_t j;

    for (j = 0; j < BF_CUES; j++) {
        const struct bf_calibration_cue *q = &c->cue[j];

        if (q->used && bf_calibration_measured(cue[j]))
            far = fmax(far, fmax(q->low - cue[j], cue[j] - q->high) / q->spread);
    }
    return far;
}
