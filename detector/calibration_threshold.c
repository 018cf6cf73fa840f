#include "detector/calibration_impl.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 1e-9 /* of sums of shares */

/* At one likelihood: what the fakes and the reals there weigh, of a half each. */
struct level {
    double chance, weight[2];
};

static int by_chance(const void *a, const void *b)
{
    const struct level *x = a, *y = b;

    return (x->chance > y->chance) - (x->chance < y->chance);
}

static void place(struct bf_calibration *c, const struct level *level, size_t m,
                  double false_alarms, double misses)
{
    double fakes = 0, reals = 0;
    size_t i;

    c->fake_above = 0.5;
    for (i = m; i-- > 0;) {
        reals += level[i].weight[0];
        if (2 * reals > false_alarms + ROUNDING) {
            c->fake_above = fmax(0.5, nextafter(level[i].chance, 1));
            break;
        }
    }
    c->real_below = 0;
    reals = 0;
    for (i = 0; i < m && level[i].chance < 0.5; i++) {
        reals += level[i].weight[0];
        fakes += level[i].weight[1];
        if (fakes <= (misses + ROUNDING) * (fakes + reals))
            c->real_below = i + 1 < m ? fmin(0.5, level[i + 1].chance) : 0.5;
    }
}

enum bf_err bf_calibration_place_thresholds(struct bf_calibration *c, const double *chance,
                                            const uint8_t *fake, const double *weight, size_t n,
                                            double false_alarms, double misses,
                                            struct bf_error *err)
{
    struct level *level = calloc(n + 1, sizeof *level);
    size_t i, m = 0;

    if (level == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < n; i++) {
        level[i].chance = chance[i];
        level[i].weight[fake[i]] = weight[i];
    }
    qsort(level, n, sizeof *level, by_chance);
    for (i = 0; i < n; i++) {
        if (m > 0 && level[m - 1].chance == level[i].chance) {
            level[m - 1].weight[0] += level[i].weight[0];
            level[m - 1].weight[1] += level[i].weight[1];
        } else {
            level[m++] = level[i];
        }
    }
    place(c, level, m, false_alarms, misses);
    free(level);
    return BF_OK;
}
