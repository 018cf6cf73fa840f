#include "detector/temporal_train.h"
#include "detector/block_set.h"
#include "detector/metrics.h"
#include "lib/base/file.h"
#include "lib/nn/loss.h"
#include "lib/nn/optim.h"
#include "lib/nn/random.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    BATCH = 32,
    BATCH_MAX = 1024,
    WARM_UP = 50,
    PATH_CAP = 4096,
    FLOATS = BF_TEMPORAL_FRAMES * BF_TEMPORAL_WIDTH,
};

#define RATE 1e-3f
#define RATE_LAST 1e-5f
#define DECAY 1e-2f
#define JITTER 0.0015f    /* of the face's square: what landmarks shake by anyway, at most */
#define MOST_GRADIENT 2.f /* of all members together */

struct learning {
    struct bf_block_set set;
    size_t *real, *fake; /* indices into the set */
    size_t n_real, n_fake;
    struct bf_params *params;
    struct bf_temporal_net net;
    struct bf_optim *optim;
    size_t batch;
    float label[BATCH_MAX * BF_TEMPORAL_MEMBERS];
};

static enum bf_err open_net(struct learning *l, size_t n, bool training, uint64_t seed,
                            struct bf_error *err)
{
    enum bf_err rc = bf_params_create(&l->params, err);

    if (rc == BF_OK)
        rc = bf_temporal_net_create(&l->net, l->params, err);
    if (rc == BF_OK)
        rc = bf_params_allocate(l->params, training, seed, err);
    return rc == BF_OK ? bf_net_plan(l->net.net, n, training ? BF_NET_TRAINING : 0, NULL, err) : rc;
}

static enum bf_err sort_out(struct learning *l, const char *path, const char *left_out,
                            struct bf_error *err)
{
    size_t i;

    l->real = malloc((l->set.n + 1) * sizeof *l->real);
    l->fake = malloc((l->set.n + 1) * sizeof *l->fake);
    if (l->real == NULL || l->fake == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < l->set.n; i++)
        if (!l->set.block[i].fake)
            l->real[l->n_real++] = i;
        else if (left_out == NULL || strcmp(l->set.block[i].family, left_out) != 0)
            l->fake[l->n_fake++] = i;
    return l->n_real > 0 && l->n_fake > 0
               ? BF_OK
               : bf_error_set(err, BF_ERR_NOT_FOUND, "'%s' does not have both real and fake faces",
                              path);
}

static void close_learning(struct learning *l)
{
    bf_optim_free(&l->optim);
    bf_temporal_net_free(&l->net);
    bf_params_free(&l->params);
    bf_block_set_release(&l->set);
    free(l->real);
    free(l->fake);
}

/* A fake by lot, and a real of the same person where there is one: the two differ in nothing else.
 */
static size_t draw_real(const struct learning *l, uint32_t person, struct bf_random *r)
{
    size_t at = l->real[bf_random_below(r, l->n_real)];
    int i;

    for (i = 0; i < 200 && l->set.block[at].person != person; i++)
        at = l->real[bf_random_below(r, l->n_real)];
    return at;
}

/* A block as it might have been: backwards, more or less lively, shaking. */
static void change(float *points, const float *block, struct bf_random *r)
{
    bool back = bf_random_uniform(r) < 0.5f;
    float gain = 0.85f + 0.3f * bf_random_uniform(r), shake = JITTER * bf_random_uniform(r),
          mean[BF_TEMPORAL_WIDTH] = {0};
    size_t t, k;

    for (t = 0; t < BF_TEMPORAL_FRAMES; t++)
        for (k = 0; k < BF_TEMPORAL_WIDTH; k++)
            mean[k] += block[t * BF_TEMPORAL_WIDTH + k] / BF_TEMPORAL_FRAMES;
    for (t = 0; t < BF_TEMPORAL_FRAMES; t++) {
        const float *from =
            block + (back ? BF_TEMPORAL_FRAMES - 1 - t : t) * (size_t)BF_TEMPORAL_WIDTH;

        for (k = 0; k < BF_TEMPORAL_WIDTH; k++)
            points[t * BF_TEMPORAL_WIDTH + k] =
                k < BF_TEMPORAL_PLACES
                    ? mean[k] + gain * (from[k] - mean[k]) + shake * bf_random_normal(r)
                : k < BF_TEMPORAL_PLACES + BF_SLIP_SHIFTS ? gain * from[k] /* shakes themselves */
                                                          : from[k];
    }
}

static void step(struct learning *l, uint64_t seed, uint64_t steps)
{
    struct bf_random r = {bf_random_mix(seed ^ bf_random_mix(l->optim->step + 1))};
    float *grad = bf_net_grad(l->net.net, l->net.logits), frames[FLOATS];
    const size_t n = l->batch * BF_TEMPORAL_MEMBERS;
    size_t i, k;

    for (i = 0; i < l->batch; i += 2) {
        size_t fake = l->fake[bf_random_below(&r, l->n_fake)],
               real = draw_real(l, l->set.block[fake].person, &r);

        change(frames, l->set.block[real].points, &r);
        bf_temporal_show(&l->net, i, frames);
        change(frames, l->set.block[fake].points, &r);
        bf_temporal_show(&l->net, i + 1, frames);
        for (k = 0; k < BF_TEMPORAL_MEMBERS; k++) {
            l->label[i * BF_TEMPORAL_MEMBERS + k] = 0.05f;
            l->label[(i + 1) * BF_TEMPORAL_MEMBERS + k] = 0.95f;
        }
    }
    bf_params_zero_grads(l->params);
    bf_net_seed(l->net.net, l->optim->step);
    bf_net_forward(l->net.net);
    memset(grad, 0, n * sizeof *grad);
    bf_loss_bce(grad, bf_net_value(l->net.net, l->net.logits), l->label, NULL, n, 1,
                BF_TEMPORAL_MEMBERS);
    bf_net_backward(l->net.net);
    bf_optim_clip(l->optim, MOST_GRADIENT, NULL);
    bf_optim_step(l->optim, bf_schedule_cosine(l->optim->step, WARM_UP, steps, RATE, RATE_LAST),
                  NULL);
}

/* Of each block of a set what the weights say. Free *logit. */
static enum bf_err judge(double **logit, struct bf_block_set *set, const char *weights,
                         const char *path, struct bf_error *err)
{
    struct learning l = {0};
    size_t i;
    enum bf_err rc = bf_block_set_read(set, path, err);

    *logit = malloc((set->n + 1) * sizeof **logit);
    if (rc == BF_OK && *logit == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        rc = open_net(&l, 1, false, 1, err);
    if (rc == BF_OK)
        rc = bf_weights_load(l.params, weights, &bf_temporal_kind, err);
    for (i = 0; i < set->n && rc == BF_OK; i++) {
        bf_temporal_show(&l.net, 0, set->block[i].points);
        bf_net_forward(l.net.net);
        (*logit)[i] = (double)bf_temporal_logit(&l.net, 0);
    }
    close_learning(&l);
    return rc;
}

/* Of one family's fakes against all reals; of all fakes where it is NULL. */
static enum bf_err auc_of(double *auc, size_t *n_fakes, const struct bf_block_set *set,
                          const double *logit, const char *family, struct bf_error *err)
{
    double *score = malloc((set->n + 1) * sizeof *score);
    uint8_t *fake = malloc(set->n + 1);
    size_t n = 0, i;
    enum bf_err rc;

    *n_fakes = 0;
    for (i = 0; i < set->n && score != NULL && fake != NULL; i++) {
        const struct bf_block *b = &set->block[i];

        if (b->fake && family != NULL && strcmp(b->family, family) != 0)
            continue;
        score[n] = logit[i];
        fake[n++] = b->fake != 0;
        *n_fakes += b->fake != 0;
    }
    rc = score != NULL && fake != NULL ? bf_metric_auc(auc, score, fake, n, err)
                                       : bf_error_nomem(err);
    free(score);
    free(fake);
    return rc;
}

static const char *weights_in(char path[PATH_CAP], const char *dir)
{
    snprintf(path, PATH_CAP, "%s/temporal.safetensors", dir);
    return path;
}

enum bf_err bf_temporal_validate(struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX],
                                 size_t *n, const char *dir, const char *blocks,
                                 struct bf_error *err)
{
    struct bf_block_set set = {0};
    double *logit = NULL;
    char path[PATH_CAP];
    size_t i, k, n_fakes;
    enum bf_err rc = judge(&logit, &set, weights_in(path, dir), blocks, err);

    *n = 0;
    for (i = 0; i < set.n && rc == BF_OK; i++) {
        struct bf_artifact_family *f = &family[*n];

        if (!set.block[i].fake || *n == BF_ARTIFACT_FAMILIES_MAX)
            continue;
        for (k = 0; k < *n && strcmp(family[k].name, set.block[i].family) != 0; k++)
            ;
        if (k < *n)
            continue;
        memcpy(f->name, set.block[i].family, sizeof f->name);
        rc = auc_of(&f->auc, &n_fakes, &set, logit, f->name, err);
        f->n = n_fakes;
        f->iou = (double)NAN;
        ++*n;
    }
    free(logit);
    bf_block_set_release(&set);
    return rc;
}

static enum bf_err validate_all(double *auc, const char *weights, const char *blocks,
                                struct bf_error *err)
{
    struct bf_block_set set = {0};
    double *logit = NULL;
    size_t n;
    enum bf_err rc = judge(&logit, &set, weights, blocks, err);

    if (rc == BF_OK)
        rc = auc_of(auc, &n, &set, logit, NULL, err);
    free(logit);
    bf_block_set_release(&set);
    return rc;
}

enum bf_err bf_temporal_train(double *auc, const char *dir, const char *blocks,
                              const struct bf_temporal_train_options *options, struct bf_error *err)
{
    static const struct bf_optim_config adam = {BF_OPTIM_ADAMW, 0.9f, 0.999f, 1e-8f, DECAY};
    struct learning l = {.batch = options->batch > 0 ? options->batch / 2 * 2 : BATCH};
    char path[PATH_CAP];
    enum bf_err rc;

    *auc = (double)NAN;
    if (l.batch < 2 || l.batch > BATCH_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "a batch is of 2 to %d blocks", BATCH_MAX);
    rc = bf_block_set_read(&l.set, blocks, err);
    if (rc == BF_OK)
        rc = sort_out(&l, blocks, options->left_out, err);
    if (rc == BF_OK && mkdir(dir, 0777) != 0 && errno != EEXIST)
        rc = bf_error_errno(err, "cannot make the folder '%s'", dir);
    if (rc == BF_OK)
        rc = open_net(&l, l.batch, true, options->seed, err);
    if (rc == BF_OK)
        rc = bf_optim_create(&l.optim, l.params, &adam, err);
    while (rc == BF_OK && l.optim->step < options->steps &&
           !(options->stop != NULL && options->stop(options->ctx)))
        step(&l, options->seed, options->steps);
    if (rc == BF_OK)
        rc = bf_weights_save_half(weights_in(path, dir), BF_OUTPUT_FORCE, l.params,
                                  &bf_temporal_kind, err);
    if (rc == BF_OK && options->validation != NULL)
        rc = validate_all(auc, path, options->validation, err);
    close_learning(&l);
    return rc;
}
