#include "detector/calibration_impl.h"
#include "detector/logistic.h"
#include "detector/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1e9
#define EDGE 0.005      /* outside of it a value is strange */
#define SPREAD_MIN 1e-6 /* of a cue that hardly differs among reals */
/* Where more than half of the reals have one value, nothing but this part of the range between the
 * edges keeps the others from being thought strange; for a normal cue it is a quarter deviation. */
#define SPREAD_OF_RANGE 0.05

enum {
    PEOPLE_MIN = 4, /* of either kind; and reals that had a cue */
    FOLDS = 10,
};

struct work {
    const struct bf_calibration_item *items;
    const bool *use;
    double penalty;
    size_t n, n_people;
    size_t *person; /* (n) */
    uint8_t *fake;  /* (n) */
    double *share;  /* (n): of its person's among its kind */
    double *times;  /* (n_people): how often each counts in the fit at hand */
    double *weight; /* (n): in the fit at hand */
    double *z;      /* (n, BF_CUES): on its scale */
    double *value;  /* (n): to sort */
    double *chance; /* (n): as fits judge it that left its person out */
    size_t *fold;   /* (n_people) */
};

static void release(struct work *w)
{
    free(w->person);
    free(w->fake);
    free(w->share);
    free(w->times);
    free(w->weight);
    free(w->z);
    free(w->value);
    free(w->chance);
    free(w->fold);
}

/* Shares within a person's items of a kind; which kinds a person has, by bits. */
static enum bf_err share_out(struct work *w, uint8_t *kinds, struct bf_error *err)
{
    double *sum = calloc(2 * w->n_people + 1, sizeof *sum);
    size_t i, people[2] = {0, 0};

    if (sum == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < w->n; i++) {
        size_t p = w->person[i];

        sum[2 * p + w->fake[i]] += w->items[i].weight;
        kinds[p] |= (uint8_t)(1 << w->fake[i]);
    }
    for (i = 0; i < w->n; i++)
        w->share[i] = w->items[i].weight / sum[2 * w->person[i] + w->fake[i]];
    for (i = 0; i < w->n_people; i++) {
        people[0] += kinds[i] & 1;
        people[1] += kinds[i] >> 1;
    }
    free(sum);
    if (people[0] < PEOPLE_MIN || people[1] < PEOPLE_MIN)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "too few people to calibrate on: real videos of %zu and fakes of %zu, "
                            "where each takes %d",
                            people[0], people[1], PEOPLE_MIN);
    return BF_OK;
}

/* Dealt in a random order, but those who have both kinds between those who have one: so the people
 * of either kind are neighbours, no fold has more than its part of them, and any fit that leaves a
 * fold out still sees both kinds. order is room for (n_people). */
static void deal(struct work *w, size_t *order, const uint8_t *kinds, struct bf_random *r)
{
    static const uint8_t hands[] = {1, 3, 2};
    size_t n_folds = w->n_people < FOLDS ? w->n_people : FOLDS, next = 0, k, i;

    for (i = 0; i < w->n_people; i++) {
        size_t at = (size_t)bf_random_below(r, i + 1);

        order[i] = order[at];
        order[at] = i;
    }
    for (k = 0; k < sizeof hands; k++)
        for (i = 0; i < w->n_people; i++)
            if (kinds[order[i]] == hands[k])
                w->fold[order[i]] = next++ % n_folds;
}

static enum bf_err begin(struct work *w, struct bf_random *r, struct bf_error *err)
{
    size_t n = w->n, i;
    uint64_t *ids = malloc((n + 1) * sizeof *ids);
    size_t *order = calloc(n + 1, sizeof *order);
    uint8_t *kinds = calloc(n + 1, 1);
    enum bf_err rc;

    w->person = malloc((n + 1) * sizeof *w->person);
    w->fake = malloc(n + 1);
    w->share = malloc((n + 1) * sizeof *w->share);
    w->times = malloc((n + 1) * sizeof *w->times);
    w->weight = malloc((n + 1) * sizeof *w->weight);
    w->z = calloc(n + 1, BF_CUES * sizeof *w->z);
    w->value = malloc((n + 1) * sizeof *w->value);
    w->chance = malloc((n + 1) * sizeof *w->chance);
    w->fold = malloc((n + 1) * sizeof *w->fold);
    if (ids == NULL || order == NULL || kinds == NULL || w->person == NULL || w->fake == NULL ||
        w->share == NULL || w->times == NULL || w->weight == NULL || w->z == NULL ||
        w->value == NULL || w->chance == NULL || w->fold == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < n; i++) {
        ids[i] = w->items[i].person;
        w->fake[i] = w->items[i].fake;
        if (!(w->items[i].weight > 0) || !(w->items[i].weight <= WEIGHT_MAX)) {
            rc = bf_error_set(err, BF_ERR_USAGE, "the weight of an item is out of range");
            goto out;
        }
    }
    rc = bf_statistic_groups(w->person, &w->n_people, ids, n, err);
    if (rc == BF_OK)
        rc = share_out(w, kinds, err);
    if (rc == BF_OK)
        deal(w, order, kinds, r);
out:
    free(kinds);
    free(order);
    free(ids);
    return rc;
}

/* By how often each person counts; false where a kind is missing. */
static bool weigh(struct work *w)
{
    double sum[2] = {0, 0};
    size_t i;

    for (i = 0; i < w->n; i++) {
        w->weight[i] = w->times[w->person[i]] * w->share[i];
        sum[w->fake[i]] += w->weight[i];
    }
    if (!(sum[0] > 0 && sum[1] > 0))
        return false;
    for (i = 0; i < w->n; i++)
        w->weight[i] /= 2 * sum[w->fake[i]];
    return true;
}

/* Measured values of one cue among what counts in this fit, sorted in w->value. */
static size_t values_of(struct work *w, size_t cue, bool fakes_too)
{
    size_t i, m = 0;

    for (i = 0; i < w->n; i++)
        if (w->weight[i] > 0 && (fakes_too || !w->fake[i]) &&
            bf_calibration_measured(w->items[i].cue[cue]))
            w->value[m++] = w->items[i].cue[cue];
    bf_statistic_sort(w->value, m);
    return m;
}

static void learn_cue(struct bf_calibration_cue *q, struct work *w, size_t cue)
{
    size_t m = values_of(w, cue, false), i;
    double range;

    memset(q, 0, sizeof *q);
    q->n = m;
    q->spread = 1;
    if (m == 0)
        return;
    q->used = w->use[cue] && m >= PEOPLE_MIN;
    for (i = 0; i < BF_CALIBRATION_QUANTILES; i++)
        q->quantile[i] =
            bf_statistic_quantile(w->value, m, (double)i / (BF_CALIBRATION_QUANTILES - 1));
    q->centre = bf_statistic_quantile(w->value, m, 0.5);
    range = bf_statistic_quantile(w->value, m, 1 - EDGE) - bf_statistic_quantile(w->value, m, EDGE);
    for (i = 0; i < m; i++)
        w->value[i] = fabs(w->value[i] - q->centre);
    bf_statistic_sort(w->value, m);
    q->spread =
        fmax(fmax(1.4826 * bf_statistic_quantile(w->value, m, 0.5), SPREAD_OF_RANGE * range),
             SPREAD_MIN);
    m = values_of(w, cue, true);
    q->low = bf_statistic_quantile(w->value, m, EDGE);
    q->high = bf_statistic_quantile(w->value, m, 1 - EDGE);
}

/* Scale, bias and weights from what counts in this fit. */
static enum bf_err learn(struct bf_calibration *c, struct work *w, struct bf_error *err)
{
    size_t i;

    for (i = 0; i < BF_CUES; i++)
        learn_cue(&c->cue[i], w, i);
    for (i = 0; i < w->n; i++)
        bf_calibration_scale(w->z + i * BF_CUES, c, w->items[i].cue);
    return bf_logistic_fit(&c->bias[0], c->weight[0], w->z, w->fake, w->weight, w->n, BF_CUES,
                           w->penalty, err);
}

static enum bf_err judge_out_of_fold(struct work *w, struct bf_error *err)
{
    struct bf_calibration part;
    size_t f, i;

    for (f = 0; f < FOLDS && f < w->n_people; f++) {
        enum bf_err rc;

        for (i = 0; i < w->n_people; i++)
            w->times[i] = w->fold[i] != f;
        weigh(w);
        rc = learn(&part, w, err);
        if (rc != BF_OK)
            return rc;
        for (i = 0; i < w->n; i++)
            if (w->fold[w->person[i]] == f)
                w->chance[i] = bf_calibration_judge(&part, 0, w->z + i * BF_CUES);
    }
    return BF_OK;
}

enum bf_err bf_calibration_fit(struct bf_calibration *c, const struct bf_calibration_item *items,
                               size_t n, const bool use[BF_CUES], double penalty,
                               double false_alarms, double misses, uint64_t seed,
                               struct bf_error *err)
{
    struct work w = {.items = items, .use = use, .penalty = penalty, .n = n};
    struct bf_random r = {seed};
    enum bf_err rc;
    size_t i;

    memset(c, 0, sizeof *c);
    if (!(false_alarms >= 0 && false_alarms <= 1 && misses >= 0 && misses <= 1))
        return bf_error_set(err, BF_ERR_USAGE, "a share of errors is a number from 0 to 1");
    rc = begin(&w, &r, err);
    if (rc == BF_OK)
        rc = judge_out_of_fold(&w, err);
    if (rc != BF_OK)
        goto out;
    for (i = 0; i < w.n_people; i++)
        w.times[i] = 1;
    weigh(&w);
    rc = bf_calibration_place_thresholds(c, w.chance, w.fake, w.weight, n, false_alarms, misses,
                                         err);
    if (rc == BF_OK)
        rc = learn(c, &w, err);
    for (i = 1; rc == BF_OK && i <= BF_CALIBRATION_DRAWS; i++) {
        /* With four people of each kind hardly one draw in twenty lacks a kind. */
        do
            bf_statistic_draw(w.times, w.n_people, &r);
        while (!weigh(&w));
        rc = bf_logistic_fit(&c->bias[i], c->weight[i], w.z, w.fake, w.weight, n, BF_CUES, penalty,
                             err);
    }
out:
    release(&w);
    return rc;
}
