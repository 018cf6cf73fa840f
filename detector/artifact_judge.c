#include "detector/artifact_judge.h"
#include "detector/chip_augment.h"
#include "detector/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SWEEP = 32, /* chips at a time */
    PATH_CAP = 4096,
    CELLS = BF_ARTIFACT_MAP * BF_ARTIFACT_MAP,
};

enum bf_err bf_artifact_open_net(struct bf_artifact_net *net, struct bf_params **params, bool meso,
                                 bool training, size_t n, uint64_t seed, struct bf_pool *pool,
                                 struct bf_error *err)
{
    enum bf_err rc = bf_params_create(params, err);

    if (rc == BF_OK)
        rc = meso ? bf_meso_net_create(net, *params, err)
                  : bf_artifact_net_create(net, *params, err);
    if (rc == BF_OK)
        rc = bf_params_allocate(*params, training, seed, err);
    return rc == BF_OK ? bf_net_plan(net->net, n, training ? BF_NET_TRAINING : 0, pool, err) : rc;
}

static void show(void *arg, size_t i, size_t thread)
{
    const struct bf_artifact_judge *j = arg;
    struct bf_random r = {0};
    struct bf_chip_change none;
    struct bf_error err = {0};

    (void)thread;
    bf_chip_change_none(&none);
    bf_chip_change_apply(bf_artifact_net_window(&j->net, i), j->set->record[j->record[i]].chip,
                         &none, &r, &err);
    bf_artifact_net_show(&j->net, i);
}

/* How much of what the map or the mask call fake both do, for the chip in that place of the batch.
 */
static double overlap(const struct bf_artifact_judge *j, size_t place,
                      const struct bf_chip_record *c)
{
    const float *map = bf_net_value(j->net.net, j->net.map) + place * CELLS;
    float truth[CELLS];
    struct bf_chip_change none;
    size_t both = 0, any = 0, i;

    bf_chip_change_none(&none);
    bf_chip_change_mask(truth, c->mask, &none);
    for (i = 0; i < CELLS; i++) {
        bool a = map[i] > 0, b = truth[i] > 0.5f;

        both += a && b;
        any += a || b;
    }
    return any > 0 ? (double)both / (double)any : 1;
}

enum bf_err bf_artifact_judge_run(double *logit, double *iou, struct bf_artifact_judge *j,
                                  const uint32_t *record, size_t n, struct bf_pool *pool)
{
    size_t at, i, k;

    for (at = 0; at < n; at += SWEEP) {
        k = n - at < SWEEP ? n - at : SWEEP;
        j->record = record + at;
        bf_pool_run(pool, show, j, k);
        bf_net_forward(j->net.net);
        for (i = 0; i < k; i++) {
            logit[at + i] = (double)bf_net_value(j->net.net, j->net.logit)[i];
            if (iou != NULL)
                iou[at + i] = j->net.map >= 0 && j->set->record[record[at + i]].fake
                                  ? overlap(j, i, &j->set->record[record[at + i]])
                                  : (double)NAN;
        }
    }
    return BF_OK;
}

enum bf_err bf_artifact_judge_open(struct bf_artifact_judge *j, const char *dir,
                                   const struct bf_chip_set *set, bool meso, struct bf_pool *pool,
                                   struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc = bf_artifact_open_net(&j->net, &j->params, meso, false, SWEEP, 1, pool, err);

    j->set = set;
    snprintf(path, sizeof path, "%s/%s.safetensors", dir, meso ? "meso4" : "artifact");
    return rc == BF_OK
               ? bf_weights_load(j->params, path, meso ? &bf_meso_kind : &bf_artifact_kind, err)
               : rc;
}

void bf_artifact_judge_close(struct bf_artifact_judge *j)
{
    bf_artifact_net_free(&j->net);
    bf_params_free(&j->params);
}

/* AUC and overlap of one family against the reals of its groups. */
static enum bf_err judge_family(struct bf_artifact_family *f, const struct bf_chip_set *set,
                                const double *logit, const double *iou, struct bf_error *err)
{
    double *score = malloc(2 * (set->n + 1) * sizeof *score), sum = 0;
    uint8_t *fake = malloc(2 * (set->n + 1));
    size_t n = 0, i;
    enum bf_err rc;

    if (score == NULL || fake == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < set->n; i++) {
        const struct bf_chip_record *c = &set->record[i];

        if (!c->fake || strncmp(c->family, f->name, sizeof c->family) != 0)
            continue;
        score[n] = logit[i];
        fake[n++] = 1;
        score[n] = logit[c->group];
        fake[n++] = 0;
        sum += iou[i];
    }
    f->n = n / 2;
    f->iou = f->n > 0 ? sum / (double)f->n : (double)NAN;
    rc = bf_metric_auc(&f->auc, score, fake, n, err);
out:
    free(score);
    free(fake);
    return rc;
}

static bool known(const struct bf_artifact_family *family, size_t n, const char *name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (strcmp(family[i].name, name) == 0)
            return true;
    return false;
}

enum bf_err bf_artifact_validate(struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX],
                                 size_t *n, const char *dir, const char *chips, bool meso,
                                 unsigned n_threads, struct bf_error *err)
{
    struct bf_chip_set set = {0};
    struct bf_pool *pool = NULL;
    struct bf_artifact_judge judge = {0};
    double *logit = NULL;
    uint32_t *all = NULL;
    size_t i;
    enum bf_err rc = bf_chip_set_open(&set, chips, NULL, err);

    *n = 0;
    if (rc == BF_OK)
        rc = bf_pool_create(&pool, n_threads > 0 ? n_threads : 2, err);
    if (rc == BF_OK)
        rc = bf_artifact_judge_open(&judge, dir, &set, meso, pool, err);
    if (rc != BF_OK)
        goto out;
    logit = malloc((2 * set.n + 1) * sizeof *logit);
    all = malloc((set.n + 1) * sizeof *all);
    if (logit == NULL || all == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < set.n; i++)
        all[i] = (uint32_t)i;
    rc = bf_artifact_judge_run(logit, logit + set.n, &judge, all, set.n, pool);
    for (i = 0; i < set.n && rc == BF_OK; i++)
        if (set.record[i].fake && *n < BF_ARTIFACT_FAMILIES_MAX &&
            !known(family, *n, set.record[i].family)) {
            memcpy(family[*n].name, set.record[i].family, sizeof family[*n].name);
            rc = judge_family(&family[(*n)++], &set, logit, logit + set.n, err);
        }
out:
    free(logit);
    free(all);
    bf_artifact_judge_close(&judge);
    bf_pool_free(&pool);
    bf_chip_set_close(&set);
    return rc;
}
