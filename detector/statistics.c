#include "detector/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void bf_statistic_sort(double *v, size_t n)
{
    if (n > 0)
        qsort(v, n, sizeof *v, by_value);
}

double bf_statistic_quantile(const double *sorted, size_t n, double share)
{
    double at, low;
    size_t i;

    assert(n > 0 && share >= 0 && share <= 1);
    at = share * (double)(n - 1);
    low = floor(at);
    i = (size_t)low;
    if (i + 1 >= n)
        return sorted[n - 1];
    /* Never rounded past a neighbour, so that a greater share never has a smaller quantile. */
    return sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

enum bf_err bf_statistic_groups(size_t *index, size_t *n_groups, const uint64_t *group, size_t n,
                                struct bf_error *err)
{
    uint64_t *sorted = malloc((n + 1) * sizeof *sorted);
    size_t i, m = 0;

    *n_groups = 0;
    if (sorted == NULL)
        return bf_error_nomem(err);
    if (n > 0) {
        memcpy(sorted, group, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_number);
    }
    for (i = 0; i < n; i++)
        if (m == 0 || sorted[i] != sorted[m - 1])
            sorted[m++] = sorted[i];
    for (i = 0; i < n; i++)
        index[i] =
            (size_t)((uint64_t *)bsearch(&group[i], sorted, m, sizeof *sorted, by_number) - sorted);
    *n_groups = m;
    free(sorted);
    return BF_OK;
}

void bf_statistic_draw(double *times, size_t n, struct bf_random *r)
{
    size_t i;

    for (i = 0; i < n; i++)
        times[i] = 0;
    for (i = 0; i < n; i++)
        times[bf_random_below(r, n)] += 1;
}
