#include "generator/swap_train.h"
#include "generator/swap_preview.h"
#include "generator/swap_sample.h"
#include "lib/base/file.h"
#include "lib/nn/loss.h"
#include "lib/nn/optim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BATCH = 16,
    BATCH_MAX = 256,
    PATH_CAP = 4096,
    PREVIEW_ROWS = 8,
    LOG_EVERY = 100,
    LOG_BYTES_MAX = 1 << 26,
    WARM_UP = 100,
    RESTART_WARM_UP = 500,
};

#define PREVIEW_S 180
#define SAVE_S 120
#define REPORT_S 0.2
#define RATE 5e-4f
#define RATE_LAST 2e-5f
#define DSSIM_PART 0.5f
#define MASK_PART 1.f
/* Of the running means that are shown. */
#define MEAN_KEEP 0.98

static const struct bf_optim_config adam = {BF_OPTIM_ADAM, 0.5f, 0.999f, 1e-8f, 0};

struct trainer {
    const struct bf_swap_train_options *how;
    const char *dir;
    int lock;
    struct bf_swap_model model;
    struct bf_swap_faces faces[2];
    struct bf_optim *optim;
    struct bf_pool *pool;
    uint64_t iterations;
    uint64_t schedule[BF_SCHEDULE_N];
    unsigned batch;
    /* the samples of one step, of A and then of B */
    float *block;
    struct bf_swap_sample sample[2];
    void *scratch;
    double loss[2];
    struct bf_buf log;
    uint64_t log_first; /* iteration from which the log is this run's */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const char *in_dir(char path[PATH_CAP], const struct trainer *t, const char *name)
{
    snprintf(path, PATH_CAP, "%s/%s", t->dir, name);
    return path;
}

/* --- opening
 * ------------------------------------------------------------------------------------------ */

/* One trainer at a time: two would replace each other's weights. */
static enum bf_err lock_dir(struct trainer *t, struct bf_error *err)
{
    if (mkdir(t->dir, 0777) != 0 && errno != EEXIST)
        return bf_error_errno(err, "cannot make the folder '%s'", t->dir);
    t->lock = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->lock < 0)
        return bf_error_errno(err, "cannot open the folder '%s'", t->dir);
    if (flock(t->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? bf_error_set(err, BF_ERR_EXISTS, "'%s' is being trained by another program",
                                  t->dir)
                   : bf_error_errno(err, "cannot lock '%s'", t->dir);
    return BF_OK;
}

static void fill_about(struct bf_swap_about *about, const struct trainer *t)
{
    int who;

    *about =
        (struct bf_swap_about){.preset = t->how->preset, .seed = t->how->seed, .batch = t->batch};
    for (who = BF_SWAP_A; who <= BF_SWAP_B; who++) {
        const struct bf_face_set *set = &t->faces[who].set;

        snprintf(about->subject[who], BF_SWAP_NAME_MAX, "%s", set->subject);
        memcpy(about->subject32[who], set->subject32, 32);
    }
}

/* model.json says what the model is from its first moment on. */
static enum bf_err check_about(struct trainer *t, const struct bf_swap_about *mine,
                               struct bf_error *err)
{
    struct bf_swap_about there;
    enum bf_err rc = bf_swap_about_load(&there, t->dir, err);

    if (rc == BF_ERR_NOT_FOUND)
        return bf_swap_about_save(mine, t->dir, err);
    if (rc != BF_OK)
        return rc;
    if (there.preset != mine->preset)
        return bf_error_set(err, BF_ERR_USAGE, "the model in '%s' is of the preset %s", t->dir,
                            bf_swap_shapes[there.preset].name);
    if (there.batch != mine->batch || there.seed != mine->seed)
        return bf_error_set(err, BF_ERR_USAGE,
                            "the model in '%s' was begun with batch %u and seed %" PRIu64, t->dir,
                            there.batch, there.seed);
    if (memcmp(there.subject32, mine->subject32, sizeof mine->subject32) != 0)
        return bf_error_set(err, BF_ERR_USAGE,
                            "the model in '%s' is of other people: of '%s' and '%s'", t->dir,
                            there.subject[BF_SWAP_A], there.subject[BF_SWAP_B]);
    return BF_OK;
}

static enum bf_err open_samples(struct trainer *t, struct bf_error *err)
{
    size_t size = t->model.shape->size, n = (size_t)t->batch * size * size;
    size_t bytes = bf_loss_dssim_scratch_size(t->batch, size, size, 3, bf_pool_threads(t->pool));
    int who;

    t->block = malloc(2 * n * 8 * sizeof *t->block);
    t->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (t->block == NULL || t->scratch == NULL)
        return bf_error_nomem(err);
    for (who = BF_SWAP_A; who <= BF_SWAP_B; who++) {
        float *p = t->block + (size_t)who * n * 8;

        t->sample[who] = (struct bf_swap_sample){p, p + 3 * n, p + 6 * n, p + 7 * n};
    }
    return BF_OK;
}

/* What the log says up to the iteration that the weights are of. */
static enum bf_err load_log(struct trainer *t, struct bf_error *err)
{
    struct bf_buf text = {0};
    char path[PATH_CAP];
    size_t at = 0;
    enum bf_err rc;

    bf_buf_printf(&t->log, "iteration\tloss_a\tloss_b\n");
    if (access(in_dir(path, t, "losses.tsv"), F_OK) != 0)
        return BF_OK;
    rc = bf_file_read(&text, path, LOG_BYTES_MAX, err);
    while (rc == BF_OK && at < text.len) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t n = end != NULL ? (size_t)(end - text.data) - at + 1 : text.len - at;
        uint64_t iteration = 0;
        size_t k;

        for (k = 0; k < n && text.data[at + k] >= '0' && text.data[at + k] <= '9'; k++)
            iteration = 10 * iteration + (uint64_t)(text.data[at + k] - '0');
        if (k > 0 && iteration <= t->optim->step)
            bf_buf_append(&t->log, text.data + at, n);
        at += n;
    }
    bf_buf_release(&text);
    return rc;
}

static enum bf_err open_trainer(struct trainer *t, const char *faces_a, const char *faces_b,
                                struct bf_error *err)
{
    const struct bf_swap_shape *shape = &bf_swap_shapes[t->how->preset];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = t->how->n_threads != 0 ? t->how->n_threads : cores > 0 ? (size_t)cores : 1;
    struct bf_swap_about about;
    char path[PATH_CAP];
    enum bf_err rc;
    int who;

    t->batch = t->how->batch != 0 ? t->how->batch : BATCH;
    t->iterations = t->how->iterations != 0 ? t->how->iterations : shape->iterations;
    if (t->batch > BATCH_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "a batch is of at most %d faces", BATCH_MAX);
    rc = bf_swap_faces_load(&t->faces[BF_SWAP_A], faces_a, shape->size, err);
    if (rc == BF_OK)
        rc = bf_swap_faces_load(&t->faces[BF_SWAP_B], faces_b, shape->size, err);
    if (rc == BF_OK)
        rc = lock_dir(t, err);
    if (rc != BF_OK)
        return rc;
    fill_about(&about, t);
    rc = check_about(t, &about, err);
    if (rc == BF_OK)
        rc = bf_pool_create(&t->pool, threads, err);
    if (rc == BF_OK)
        rc = bf_swap_model_create(&t->model, &about, true, err);
    for (who = BF_SWAP_A; who <= BF_SWAP_B && rc == BF_OK; who++)
        rc = bf_net_plan(t->model.net[who].net, t->batch, BF_NET_TRAINING, t->pool, err);
    if (rc == BF_OK)
        rc = bf_optim_create(&t->optim, t->model.params, &adam, err);
    if (rc == BF_OK)
        rc = open_samples(t, err);
    if (rc == BF_OK && access(in_dir(path, t, "model.safetensors"), F_OK) == 0)
        rc = bf_weights_load_training(t->optim, t->schedule, BF_SCHEDULE_N, path, &t->model.kind,
                                      err);
    if (rc == BF_OK)
        bf_schedule_begin(t->schedule, t->optim->step, t->iterations, WARM_UP);
    return rc == BF_OK ? load_log(t, err) : rc;
}

static void close_trainer(struct trainer *t)
{
    bf_swap_model_release(&t->model);
    bf_optim_free(&t->optim);
    bf_swap_faces_release(&t->faces[BF_SWAP_A]);
    bf_swap_faces_release(&t->faces[BF_SWAP_B]);
    bf_pool_free(&t->pool);
    bf_buf_release(&t->log);
    free(t->block);
    free(t->scratch);
    if (t->lock >= 0)
        close(t->lock);
}

/* --- a step
 * ------------------------------------------------------------------------------------------- */

/* Sample i of the step, A's first: which face, and how it is changed, follows from the seed, the
 * step and i alone. */
static void make_sample(void *arg, size_t i, size_t thread)
{
    struct trainer *t = arg;
    size_t who = i / t->batch, slot = i % t->batch, size = t->model.shape->size;
    size_t one = size * size;
    const struct bf_swap_sample *all = &t->sample[who];
    const struct bf_swap_sample s = {all->in + 3 * slot * one, all->target + 3 * slot * one,
                                     all->mask + slot * one, all->weight + slot * one};
    const struct bf_swap_faces *f = &t->faces[who];
    struct bf_random r = {bf_random_mix(bf_random_mix(t->how->seed + 1) ^
                                        (t->optim->step * 2 * BATCH_MAX + who * BATCH_MAX + slot))};

    (void)thread;
    bf_swap_sample_make(&s, f, bf_random_below(&r, f->n_trained), &t->faces[1 - who], &r);
}

static double learn(struct trainer *t, enum bf_swap_who who)
{
    struct bf_swap_net *n = &t->model.net[who];
    const struct bf_swap_sample *s = &t->sample[who];
    size_t size = t->model.shape->size, rows = (size_t)t->batch * size * size;
    float *rgb = bf_net_value(n->net, n->rgb), *mask = bf_net_value(n->net, n->mask);
    float *rgb_grad = bf_net_grad(n->net, n->rgb), *mask_grad = bf_net_grad(n->net, n->mask);
    double loss;

    memcpy(bf_net_value(n->net, n->in), s->in, 3 * rows * sizeof(float));
    bf_net_forward(n->net);
    memset(rgb_grad, 0, 3 * rows * sizeof(float));
    memset(mask_grad, 0, rows * sizeof(float));
    loss = (double)bf_loss_l1(rgb_grad, rgb, s->target, s->weight, rows, 3, 1);
    loss += (double)bf_loss_dssim(rgb_grad, rgb, s->target, s->weight, t->batch, size, size, 3,
                                  DSSIM_PART, t->scratch, t->pool);
    loss += (double)bf_loss_mse(mask_grad, mask, s->mask, NULL, rows, 1, MASK_PART);
    bf_net_backward(n->net);
    return loss;
}

static void step(struct trainer *t)
{
    float rate = bf_schedule_cosine(t->optim->step, WARM_UP, t->iterations, RATE, RATE_LAST) *
                 bf_schedule_lead(t->schedule, t->optim->step, RESTART_WARM_UP);
    int who;

    bf_pool_run(t->pool, make_sample, t, (size_t)2 * t->batch);
    bf_params_zero_grads(t->model.params);
    for (who = BF_SWAP_A; who <= BF_SWAP_B; who++) {
        double loss = learn(t, (enum bf_swap_who)who);

        t->loss[who] = t->loss[who] > 0 ? MEAN_KEEP * t->loss[who] + (1 - MEAN_KEEP) * loss : loss;
    }
    bf_optim_step(t->optim, rate, t->pool);
    if (t->optim->step % LOG_EVERY == 0)
        bf_buf_printf(&t->log, "%" PRIu64 "\t%.6f\t%.6f\n", t->optim->step, t->loss[BF_SWAP_A],
                      t->loss[BF_SWAP_B]);
}

/* --- what is kept
 * --------------------------------------------------------------------------------------- */

static enum bf_err save(const struct trainer *t, struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc =
        bf_weights_save_training(in_dir(path, t, "model.safetensors"), BF_OUTPUT_FORCE, t->optim,
                                 t->schedule, BF_SCHEDULE_N, &t->model.kind, err);

    return rc == BF_OK ? bf_file_write(in_dir(path, t, "losses.tsv"), BF_OUTPUT_FORCE, &t->log, err)
                       : rc;
}

static enum bf_err preview(struct bf_swap_report *r, struct trainer *t, struct bf_error *err)
{
    struct bf_swap_preview p;
    struct bf_buf png = {0};
    char path[PATH_CAP];
    enum bf_err rc = bf_swap_preview_make(&p, &png, &t->model, &t->faces[BF_SWAP_A],
                                          &t->faces[BF_SWAP_B], t->batch, PREVIEW_ROWS, err);

    if (rc == BF_OK)
        rc = bf_file_write(in_dir(path, t, "preview.png"), BF_OUTPUT_FORCE, &png, err);
    bf_buf_release(&png);
    r->previewed = true;
    r->ssim = p.ssim;
    r->psnr = p.psnr;
    return rc;
}

static void tell(struct trainer *t, struct bf_swap_report *r, uint64_t first, double start)
{
    double took = now() - start;
    uint64_t made = t->optim->step - first;

    r->iteration = t->optim->step;
    r->iterations = t->iterations;
    r->loss[BF_SWAP_A] = t->loss[BF_SWAP_A];
    r->loss[BF_SWAP_B] = t->loss[BF_SWAP_B];
    r->faces_a_second = took > 0 ? (double)(made * 2 * t->batch) / took : 0;
    r->left_s = made > 0 ? took / (double)made * (double)(t->iterations - t->optim->step) : 0;
    if (t->how->report != NULL)
        t->how->report(t->how->ctx, r);
}

static enum bf_err run(struct trainer *t, struct bf_error *err)
{
    double preview_s = t->how->preview_s > 0 ? t->how->preview_s : PREVIEW_S;
    double save_s = t->how->save_s > 0 ? t->how->save_s : SAVE_S;
    double start = now(), saved = start, previewed = start, told = 0;
    uint64_t first = t->optim->step;
    bool stop = false;
    enum bf_err rc = BF_OK;

    while (rc == BF_OK && !stop && t->optim->step < t->iterations) {
        struct bf_swap_report r = {0};
        double at;

        step(t);
        if (!isfinite(t->loss[BF_SWAP_A]) || !isfinite(t->loss[BF_SWAP_B]))
            return bf_error_set(err, BF_ERR_FORMAT,
                                "training went astray at iteration %" PRIu64
                                "; what was saved before is kept",
                                t->optim->step);
        at = now();
        stop = t->how->stop != NULL && t->how->stop(t->how->ctx);
        if (at - saved >= save_s || stop || t->optim->step == t->iterations) {
            rc = save(t, err);
            saved = now();
        }
        if (rc == BF_OK && (at - previewed >= preview_s || t->optim->step == t->iterations)) {
            rc = preview(&r, t, err);
            previewed = now();
        }
        if (rc == BF_OK && (at - told >= REPORT_S || r.previewed)) {
            tell(t, &r, first, start);
            told = at;
        }
    }
    return rc;
}

enum bf_err bf_swap_train(uint64_t *done, const char *dir, const char *faces_a, const char *faces_b,
                          const struct bf_swap_train_options *options, struct bf_error *err)
{
    struct trainer t = {.how = options, .dir = dir, .lock = -1};
    enum bf_err rc = open_trainer(&t, faces_a, faces_b, err);

    if (rc == BF_OK)
        rc = run(&t, err);
    *done = t.optim != NULL ? t.optim->step : 0;
    close_trainer(&t);
    return rc;
}
