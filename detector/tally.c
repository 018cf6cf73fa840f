#include "detector/tally.h"

#include <math.h>
#include <string.h>

void bf_tally_init(struct bf_tally *t, double low, double high)
{
    memset(t, 0, sizeof *t);
    t->low = low;
    t->high = high;
}

void bf_tally_add(struct bf_tally *t, double x)
{
    double at = (x - t->low) / (t->high - t->low) * BF_TALLY_BINS;

    if (isnan(at))
        return;
    at = fmin(fmax(at, 0), BF_TALLY_BINS - 1);
    t->count[(int)at]++;
    t->n++;
}

double bf_tally_quantile(const struct bf_tally *t, double q)
{
    double rank = q * (double)t->n, sum = 0;
    int i, last = 0;

    if (t->n == 0)
        return (double)NAN;
    for (i = 0; i < BF_TALLY_BINS; i++) {
        if (t->count[i] == 0)
            continue;
        last = i;
        if (sum + t->count[i] >= rank)
            break;
        sum += t->count[i];
    }
    return t->low + (last + (rank - sum) / t->count[last]) * (t->high - t->low) / BF_TALLY_BINS;
}
