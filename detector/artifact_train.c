#include "detector/artifact_train.h"
#include "detector/artifact_judge.h"
#include "detector/chip_augment.h"
#include "detector/metrics.h"
#include "lib/nn/loss.h"
#include "lib/nn/optim.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 16, /* pairs */
    BATCH_MAX = 2048,
    WARM_UP = 200,
    RESTART_WARM_UP = 400,
    REPORT_EVERY = 20,
    VALIDATE_GROUPS = 400, /* while training */
    PATH_CAP = 4096,
    CELLS = BF_ARTIFACT_MAP * BF_ARTIFACT_MAP,
};

#define RATE 1e-3f
#define RATE_LAST 5e-6f
#define MESO_RATE 1e-3f
#define DECAY 1e-3f
#define MAP_PART 1.5f /* of the loss */
#define RANK_PART 1.f
/* How far a pair is changed: each was coded at its own rate and size before, and what goes all the
 * way leaves little to learn from. */
#define STRONG 0.5f
#define MOST_WEIGHT 4.f
#define SMOOTH 0.02f    /* a label is that much less than sure */
#define STILL_PART 0.5f /* of the pairs are of photographs, where there are both */
#define KEEP 0.99
#define MOST_GRADIENT 5.f

/* The reals of the set by person, so that each has a turn as often as the other. */
struct people {
    uint32_t *at;    /* (n_real): into the set's reals, person by person */
    uint32_t *first; /* (n + 1): where each person's begin */
    size_t n;
};

struct trainer {
    const char *dir, *name;
    const struct bf_artifact_train_options *how;
    struct bf_chip_set set;
    struct people people[2]; /* of video, of photographs */
    struct bf_params *params;
    struct bf_artifact_net net;
    struct bf_weights_kind kind;
    struct bf_optim *optim;
    struct bf_pool *pool;
    size_t batch, threads;
    float *target; /* (2 batch, CELLS), and what each cell counts, the same */
    double loss, map_loss, right;
    uint64_t schedule[BF_SCHEDULE_N];
    uint64_t n_seen; /* steps of this run, which these are of */
    enum bf_err rc;  /* of a thread */
    struct bf_error err;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- opening
 * ------------------------------------------------------------------------------------------------
 */

struct owner {
    uint32_t person, at;
};

static int by_person(const void *a, const void *b)
{
    const struct owner *x = a, *y = b;

    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static enum bf_err list_people(struct people *p, const struct bf_chip_set *s, bool still,
                               struct bf_error *err)
{
    struct owner *o = malloc((s->n_real + 1) * sizeof *o);
    size_t n = 0, i;

    p->at = malloc((s->n_real + 1) * sizeof *p->at);
    p->first = malloc((s->n_real + 2) * sizeof *p->first);
    if (o == NULL || p->at == NULL || p->first == NULL) {
        free(o);
        return bf_error_nomem(err);
    }
    for (i = 0; i < s->n_real; i++)
        if (s->record[s->real[i]].still == still)
            o[n++] = (struct owner){s->record[s->real[i]].person, s->real[i]};
    qsort(o, n, sizeof *o, by_person);
    p->n = 0;
    for (i = 0; i < n; i++) {
        if (i == 0 || o[i].person != o[i - 1].person)
            p->first[p->n++] = (uint32_t)i;
        p->at[i] = o[i].at;
    }
    p->first[p->n] = (uint32_t)n;
    free(o);
    return BF_OK;
}

static void release_people(struct people *p)
{
    free(p->at);
    free(p->first);
}

static const char *in_dir(char path[PATH_CAP], const char *dir, const char *name, const char *end)
{
    snprintf(path, PATH_CAP, "%s/%s%s", dir, name, end);
    return path;
}

static enum bf_err open_trainer(struct trainer *t, const char *chips, struct bf_error *err)
{
    static const struct bf_optim_config adam = {BF_OPTIM_ADAMW, 0.9f, 0.999f, 1e-8f, DECAY};
    char path[PATH_CAP];
    enum bf_err rc = bf_chip_set_open(&t->set, chips, t->how->left_out, err);

    if (rc == BF_OK)
        rc = list_people(&t->people[0], &t->set, false, err);
    if (rc == BF_OK)
        rc = list_people(&t->people[1], &t->set, true, err);
    if (rc == BF_OK && t->people[0].n + t->people[1].n == 0)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND, "'%s' has no pair of a real and a fake", chips);
    if (rc == BF_OK && mkdir(t->dir, 0777) != 0 && errno != EEXIST)
        rc = bf_error_errno(err, "cannot make the folder '%s'", t->dir);
    if (rc == BF_OK)
        rc = bf_pool_create(&t->pool, t->threads, err);
    if (rc == BF_OK)
        rc = bf_artifact_open_net(&t->net, &t->params, t->how->meso, true, 2 * t->batch,
                                  t->how->seed, t->pool, err);
    if (rc == BF_OK && !t->how->meso)
        rc = bf_artifact_net_begin(t->params, err);
    if (rc == BF_OK)
        rc = bf_optim_create(&t->optim, t->params, &adam, err);
    if (rc == BF_OK && !t->how->meso)
        rc = bf_optim_keep_mean(t->optim, err);
    t->target = malloc(4 * t->batch * CELLS * sizeof *t->target);
    if (rc == BF_OK && t->target == NULL)
        rc = bf_error_nomem(err);
    in_dir(path, t->dir, t->name, ".training.safetensors");
    if (rc == BF_OK && access(path, F_OK) == 0)
        rc = bf_weights_load_training(t->optim, t->schedule, BF_SCHEDULE_N, path, &t->kind, err);
    if (rc == BF_OK)
        bf_schedule_begin(t->schedule, t->optim->step, t->how->steps, WARM_UP);
    return rc;
}

static void close_trainer(struct trainer *t)
{
    bf_optim_free(&t->optim);
    bf_artifact_net_free(&t->net);
    bf_params_free(&t->params);
    bf_pool_free(&t->pool);
    release_people(&t->people[0]);
    release_people(&t->people[1]);
    bf_chip_set_close(&t->set);
    free(t->target);
}

/* --- a step
 * ------------------------------------------------------------------------------------------------
 */

/* A real chip by lot: a person first. */
static size_t draw_real(const struct trainer *t, struct bf_random *r)
{
    bool still = bf_random_uniform(r) < STILL_PART;
    const struct people *p = &t->people[still];
    size_t who;

    if (p->n == 0)
        p = &t->people[!still];
    who = bf_random_below(r, p->n);
    return p->at[p->first[who] + bf_random_below(r, p->first[who + 1] - p->first[who])];
}

static size_t draw_fake(const struct trainer *t, size_t real, struct bf_random *r)
{
    const char *out = t->how->left_out;
    size_t k = bf_random_below(r, bf_chip_set_fakes(&t->set, real, out)), i;

    for (i = real + 1;; i++) {
        if (out != NULL && strncmp(t->set.record[i].family, out, BF_CHIP_FAMILY_MAX) == 0)
            continue;
        if (k-- == 0)
            return i;
    }
}

/* Cells where a fake was blended in count so much more that those of a mouth weigh as a face's. */
static void weigh(float *weight, const float *target)
{
    float sum = 0, more;
    size_t i;

    for (i = 0; i < CELLS; i++)
        sum += target[i];
    more = fminf(fmaxf(CELLS / 4.f / fmaxf(sum, 1), 1), MOST_WEIGHT);
    for (i = 0; i < CELLS; i++)
        weight[i] = 1 + (more - 1) * target[i];
}

/* Pair i of the step: chips 2 i, real, and 2 i + 1, fake. */
static void make_pair(void *arg, size_t i, size_t thread)
{
    struct trainer *t = arg;
    struct bf_random r = {
        bf_random_mix(bf_random_mix(t->how->seed + 77) ^ (t->optim->step * 65536 + i))};
    size_t real = draw_real(t, &r), fake = draw_fake(t, real, &r), k;
    struct bf_chip_change change;
    struct bf_error err = {0};

    (void)thread;
    bf_chip_change_draw(&change, &r, STRONG);
    for (k = 0; k < 2; k++) {
        const struct bf_chip_record *c = &t->set.record[k == 0 ? real : fake];
        float *window = bf_artifact_net_window(&t->net, 2 * i + k);
        enum bf_err rc = bf_chip_change_apply(window, c->chip, &change, &r, &err);

        bf_artifact_net_show(&t->net, 2 * i + k);
        bf_chip_change_mask(t->target + (2 * i + k) * CELLS, c->mask, &change);
        weigh(t->target + (2 * (t->batch + i) + k) * CELLS, t->target + (2 * i + k) * CELLS);
        if (rc != BF_OK) {
            t->rc = rc;
            t->err = err;
        }
    }
}

/*
 * Adds to the logits' gradient that of the mean over pairs of log(1 + exp(real - fake)) (Burges et
 * al., 2005). What makes one video look more like a fake than another is the same for both of a
 * pair and falls out, so that the trace is learned sooner; the level is left to the cross-entropy.
 */
static void rank(float *grad, const float *logit, size_t n_pairs)
{
    size_t i;

    for (i = 0; i < n_pairs; i++) {
        float g = RANK_PART / (float)n_pairs / (1 + expf(logit[2 * i + 1] - logit[2 * i]));

        grad[2 * i] += g;
        grad[2 * i + 1] -= g;
    }
}

/* n: how many went before. */
static void running(double *mean, double v, uint64_t n)
{
    double keep = n < 100 ? (double)n / (double)(n + 1) : KEEP;

    *mean = keep * *mean + (1 - keep) * v;
}

static enum bf_err step(struct trainer *t, struct bf_error *err)
{
    const size_t n = 2 * t->batch;
    struct bf_net *net = t->net.net;
    float rate, *logit, *grad, label[2 * BATCH_MAX];
    double loss, map_loss = 0, right = 0;
    size_t i;

    bf_pool_run(t->pool, make_pair, t, t->batch);
    if (t->rc != BF_OK) {
        *err = t->err;
        return t->rc;
    }
    bf_params_zero_grads(t->params);
    bf_net_seed(net, t->optim->step);
    bf_net_forward(net);
    logit = bf_net_value(net, t->net.logit);
    grad = bf_net_grad(net, t->net.logit);
    memset(grad, 0, n * sizeof *grad);
    for (i = 0; i < n; i++)
        label[i] = i % 2 == 0 ? SMOOTH : 1 - SMOOTH;
    for (i = 0; i < n; i += 2)
        right += logit[i + 1] > logit[i] ? 1.0 : 0.0;
    loss = (double)bf_loss_bce(grad, logit, label, NULL, n, 1, 1);
    if (!t->how->meso)
        rank(grad, logit, t->batch);
    if (t->net.map >= 0) {
        float *map_grad = bf_net_grad(net, t->net.map);

        memset(map_grad, 0, n * CELLS * sizeof *map_grad);
        map_loss = (double)bf_loss_bce(map_grad, bf_net_value(net, t->net.map), t->target,
                                       t->target + n * CELLS, n * CELLS, 1, MAP_PART);
    }
    bf_net_backward(net);
    bf_optim_clip(t->optim, MOST_GRADIENT, t->pool);
    rate = bf_schedule_cosine(t->optim->step, WARM_UP, t->how->steps,
                              t->how->meso ? MESO_RATE : RATE, RATE_LAST) *
           bf_schedule_lead(t->schedule, t->optim->step, RESTART_WARM_UP);
    running(&t->loss, loss, t->n_seen);
    running(&t->map_loss, map_loss, t->n_seen);
    running(&t->right, right / (double)t->batch, t->n_seen++);
    bf_optim_step(t->optim, rate, t->pool);
    return BF_OK;
}

/* --- the run
 * ------------------------------------------------------------------------------------------------
 */

/* The weights that are used are the running mean, where there is one. */
static enum bf_err save(struct trainer *t, struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc = bf_weights_save_training(
        in_dir(path, t->dir, t->name, ".training.safetensors"), BF_OUTPUT_FORCE, t->optim,
        t->schedule, BF_SCHEDULE_N, &t->kind, err);

    if (rc != BF_OK)
        return rc;
    if (t->optim->mean != NULL)
        bf_optim_swap_mean(t->optim);
    rc = bf_weights_save_half(in_dir(path, t->dir, t->name, ".safetensors"), BF_OUTPUT_FORCE,
                              t->params, &t->kind, err);
    if (t->optim->mean != NULL)
        bf_optim_swap_mean(t->optim);
    return rc;
}

/* The AUC over the first groups of the validation set. */
static enum bf_err validate(double *auc, struct trainer *t, struct bf_error *err)
{
    struct bf_chip_set set = {0};
    struct bf_artifact_judge judge = {0};
    double *logit = NULL;
    uint32_t *pick = NULL;
    uint8_t *fake = NULL;
    size_t n = 0, step_by, i, k;
    enum bf_err rc;

    *auc = (double)NAN;
    if (t->how->validation == NULL)
        return BF_OK;
    rc = bf_chip_set_open(&set, t->how->validation, NULL, err);
    if (rc == BF_OK)
        rc = bf_artifact_judge_open(&judge, t->dir, &set, t->how->meso, t->pool, err);
    logit = malloc((set.n + 1) * sizeof *logit);
    pick = malloc((set.n + 1) * sizeof *pick);
    fake = malloc(set.n + 1);
    if (rc == BF_OK && (logit == NULL || pick == NULL || fake == NULL))
        rc = bf_error_nomem(err);
    step_by = set.n_real / VALIDATE_GROUPS + 1;
    for (i = 0; rc == BF_OK && i < set.n_real; i += step_by)
        for (k = set.real[i]; k < set.n && set.record[k].group == set.real[i]; k++) {
            pick[n] = (uint32_t)k;
            fake[n++] = set.record[k].fake;
        }
    if (rc == BF_OK)
        rc = bf_artifact_judge_run(logit, NULL, &judge, pick, n, t->pool);
    if (rc == BF_OK)
        rc = bf_metric_auc(auc, logit, fake, n, err);
    free(logit);
    free(pick);
    free(fake);
    bf_artifact_judge_close(&judge);
    bf_chip_set_close(&set);
    return rc;
}

static void tell(struct trainer *t, struct bf_artifact_report *r, uint64_t first, double start)
{
    double took = now() - start;
    uint64_t made = t->optim->step - first;

    r->step = t->optim->step;
    r->steps = t->how->steps;
    r->loss = t->loss;
    r->map_loss = t->map_loss;
    r->right = t->right;
    r->chips_a_second = took > 0 ? (double)(made * 2 * t->batch) / took : 0;
    r->left_s = made > 0 ? took / (double)made * (double)(t->how->steps - t->optim->step) : 0;
    if (t->how->report != NULL)
        t->how->report(t->how->ctx, r);
}

static enum bf_err go_on(struct trainer *t, struct bf_error *err)
{
    double start = now(), saved = start, every = t->how->save_s > 0 ? t->how->save_s : 120;
    struct bf_artifact_report r = {.auc = (double)NAN};
    uint64_t first = t->optim->step;
    enum bf_err rc = BF_OK;

    while (rc == BF_OK && t->optim->step < t->how->steps &&
           !(t->how->stop != NULL && t->how->stop(t->how->ctx))) {
        rc = step(t, err);
        if (rc == BF_OK && now() - saved > every) {
            rc = save(t, err);
            if (rc == BF_OK)
                rc = validate(&r.auc, t, err);
            saved = now();
            tell(t, &r, first, start);
        } else if (t->optim->step % REPORT_EVERY == 0) {
            tell(t, &r, first, start);
        }
    }
    if (rc == BF_OK)
        rc = save(t, err);
    if (rc == BF_OK)
        rc = validate(&r.auc, t, err);
    if (rc == BF_OK)
        tell(t, &r, first, start);
    return rc;
}

enum bf_err bf_artifact_train(uint64_t *done, const char *dir, const char *chips,
                              const struct bf_artifact_train_options *options, struct bf_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct trainer t = {.dir = dir,
                        .name = options->meso ? "meso4" : "artifact",
                        .how = options,
                        .kind = options->meso ? bf_meso_kind : bf_artifact_kind,
                        .batch = options->batch > 0 ? options->batch : BATCH,
                        .threads = options->n_threads > 0 ? options->n_threads
                                   : cores > 0            ? (size_t)cores
                                                          : 1};
    enum bf_err rc;

    *done = 0;
    if (t.batch > BATCH_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "a batch is of at most %d pairs", BATCH_MAX);
    rc = open_trainer(&t, chips, err);
    if (rc == BF_OK)
        rc = go_on(&t, err);
    if (t.optim != NULL)
        *done = t.optim->step;
    close_trainer(&t);
    return rc;
}
