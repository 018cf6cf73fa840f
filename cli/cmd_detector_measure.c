#include "cli/commands.h"
#include "cli/common.h"
#include "cli/cue_table.h"
#include "cli/detector_list.h"
#include "cli/fake_stream.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "detector/block_set.h"
#include "lib/base/file.h"
#include "lib/media/photo.h"
#include "lib/nn/random.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 50,
    METHODS_MAX = 16,
    SECONDS = 5,
    CODINGS = 4,
    JOBS_MAX = CODINGS + METHODS_MAX + 1
};

/* Fakes as in a set to train on, where some let what was there shine through. */
#define FAINTEST 0.5f

/* Every real is measured under each, every fake under one of them by lot. */
static const struct {
    unsigned crf;
    bool half;
} codings[CODINGS] = {{23, false}, {32, false}, {40, false}, {28, true}};

struct measure_opts {
    const char *out, *weights, *models, *split, *seed, *seconds, *threads, *blocks, *strength,
        *only;
    bool force;
    int progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct measure_opts, out),
     "the table of cues to be written (required)"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct measure_opts, force), "replace FILE"},
    {'w', "weights", BF_OPT_TEXT, "DIR", offsetof(struct measure_opts, weights),
     "the folder of the detector's weights (required)"},
    {0, "blocks", BF_OPT_TEXT, "FILE", offsetof(struct measure_opts, blocks),
     "write the landmarks over time too, for training the temporal network"},
    {0, "split", BF_OPT_TEXT, "NAME", offsetof(struct measure_opts, split),
     "whose: calibration (the default), train or test"},
    {0, "only", BF_OPT_TEXT, "FAMILIES", offsetof(struct measure_opts, only),
     "with commas: measure these alone, of real and the methods of fakes"},
    {0, "seconds", BF_OPT_TEXT, "N", offsetof(struct measure_opts, seconds),
     "so much of each video (5)"},
    {0, "strength", BF_OPT_TEXT, "X", offsetof(struct measure_opts, strength),
     "of the faintest fakes, 0.05 to 1: each is drawn from there to 1 (0.5)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct measure_opts, seed), "of all that is drawn (1)"},
    {0, "threads", BF_OPT_TEXT, "N", offsetof(struct measure_opts, threads), "how many (2)"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct measure_opts, models),
     "the folder of the face networks"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct measure_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

struct job {
    const struct bf_detector_item *item;
    const struct bf_fake_method *method; /* NULL: real, or a trained swap */
    bool swap;
    unsigned coding;
};

struct worker {
    struct bf_face_reader *reader; /* of the fakes' making */
    struct bf_scorer *scorer;
    struct bf_convert *convert;
    const char *convert_model;
};

struct measure {
    const struct measure_opts *o;
    struct bf_detector_list list;
    struct job *job;
    size_t n_jobs, n_done;
    struct worker *worker;
    struct bf_pool *pool;
    size_t n_threads;
    enum bf_split split;
    uint64_t seed, seconds;
    float faintest;                      /* strength of a fake, at least */
    const char *family[BF_FAMILIES_MAX]; /* (n_families): their names, the real one's first */
    bool wanted[BF_FAMILIES_MAX];
    unsigned n_families;
    char models[BF_PATH_MAX];
    struct bf_cue_row *row; /* (n_jobs); file NULL where nothing came of it */
    struct bf_block_set blocks;
    pthread_mutex_t lock; /* of blocks, warnings and the count */
    struct bf_cli_progress progress;
};

/* One job on its way. */
struct showing {
    struct measure *m;
    struct worker *w;
    const struct job *job;
    struct bf_block_gather gather;
    int64_t duration_us;
};

static enum bf_err begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    struct showing *s = ctx;
    int64_t most = (int64_t)s->m->seconds * 1000000, is = info->duration_us;

    return bf_scorer_start(s->w->scorer, info, is > 0 && is < most ? is : most, err);
}

static enum bf_err show(void *ctx, const struct bf_frame *frame, struct bf_error *err)
{
    struct showing *s = ctx;

    return bf_scorer_frame(s->w->scorer, frame, err);
}

/* Somebody else of the split. */
static const char *donor_of(const struct measure *m, const struct bf_detector_item *item,
                            struct bf_random *r)
{
    int i;

    for (i = 0; i < TRIES; i++) {
        const struct job *j = &m->job[bf_random_below(r, m->n_jobs)];

        if (j->item->person != item->person)
            return j->item->path;
    }
    return NULL;
}

static enum bf_err open_convert(struct worker *w, const struct measure *m,
                                const struct bf_detector_item *item, struct bf_error *err)
{
    struct bf_convert_options how = bf_convert_usual();

    if (w->convert != NULL && w->convert_model == item->model)
        return BF_OK;
    bf_convert_free(&w->convert);
    how.models = m->models;
    how.to = item->to;
    how.n_threads = 1;
    w->convert_model = item->model;
    return bf_convert_create(&w->convert, item->model, &how, err);
}

/* NULL: a real one. */
static const char *family_of(const struct job *j)
{
    return j->method != NULL ? j->method->name : j->swap ? BF_PLAN_SWAP : NULL;
}

static enum bf_err measure_one(struct bf_cue_row *row, struct showing *s, uint64_t seed,
                               struct bf_error *err)
{
    struct bf_random r = {bf_random_mix(seed)};
    const struct job *j = s->job;
    struct bf_fake_stream_options how = {.path = j->item->path,
                                         .method = j->method,
                                         .crf = codings[j->coding].crf,
                                         .half = codings[j->coding].half,
                                         .most_us = (int64_t)s->m->seconds * 1000000};
    struct bf_score score = {0};
    enum bf_err rc = BF_OK;

    how.seed = bf_random_u64(&r);
    how.strength = s->m->faintest + (1 - s->m->faintest) * bf_random_uniform(&r);
    how.seamless = bf_random_uniform(&r) < 0.3f;
    how.colour = BF_COLOUR_REINHARD;
    how.donor = donor_of(s->m, j->item, &r);
    if (j->swap) {
        rc = open_convert(s->w, s->m, j->item, err);
        how.convert = s->w->convert;
    }
    if (rc == BF_OK)
        rc = bf_fake_stream_run(&how, s->w->reader, begin, show, s, err);
    if (rc == BF_OK)
        rc = bf_scorer_finish(&score, s->w->scorer, err);
    if (rc != BF_OK)
        return rc;
    memset(row, 0, sizeof *row);
    if (bf_cue_row_of_score(row, &score)) {
        row->file = j->item->path;
        row->person = j->item->person;
        row->fake = family_of(j) != NULL;
        snprintf(row->method, sizeof row->method, "%s", row->fake ? family_of(j) : "real");
        row->crf = how.crf;
        row->half = how.half;
    }
    bf_score_release(&score);
    return BF_OK;
}

/* What is not wanted keeps its number, so that the draws of the others are the same. */
static bool is_wanted(const struct measure *m, const struct job *j)
{
    const char *family = family_of(j) != NULL ? family_of(j) : m->family[0];
    unsigned i;

    if (m->o->only == NULL)
        return true;
    for (i = 0; i < m->n_families; i++)
        if (strcmp(m->family[i], family) == 0)
            return m->wanted[i];
    return false;
}

static void run_job(void *arg, size_t i, size_t thread)
{
    struct measure *m = arg;
    struct showing s = {.m = m, .w = &m->worker[thread], .job = &m->job[i]};
    struct bf_error err = {0};
    enum bf_err rc;

    if (bf_interrupted(NULL) || !is_wanted(m, s.job))
        return;
    if (m->o->blocks != NULL)
        bf_scorer_watch_blocks(s.w->scorer, &s.gather);
    rc = measure_one(&m->row[i], &s, bf_random_mix(m->seed) ^ i, &err);
    pthread_mutex_lock(&m->lock);
    if (rc == BF_OK && m->o->blocks != NULL)
        rc = bf_block_set_add(&m->blocks, &s.gather, s.job->item->person, family_of(s.job), &err);
    if (rc != BF_OK) {
        m->row[i].file = NULL;
        bf_cli_warn("left out: %s", err.text);
    }
    bf_progress_step(&m->progress.sink, ++m->n_done, m->n_jobs);
    pthread_mutex_unlock(&m->lock);
    bf_block_gather_release(&s.gather);
}

static enum bf_err list_jobs(struct measure *m, struct bf_error *err)
{
    const struct bf_fake_method *method;
    size_t i;
    unsigned c;

    m->job = calloc(m->list.n * JOBS_MAX + 1, sizeof *m->job);
    m->row = calloc(m->list.n * JOBS_MAX + 1, sizeof *m->row);
    if (m->job == NULL || m->row == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < m->list.n; i++) {
        const struct bf_detector_item *item = &m->list.item[i];
        struct bf_random r = {bf_random_mix(m->seed ^ bf_random_mix(i))};

        if (item->split != m->split || bf_photo_is_one(item->path))
            continue;
        for (c = 0; c < CODINGS; c++)
            m->job[m->n_jobs++] = (struct job){item, NULL, false, c};
        for (method = bf_fake_methods;
             method->name != NULL && method < bf_fake_methods + METHODS_MAX; method++)
            m->job[m->n_jobs++] =
                (struct job){item, method, false, (unsigned)bf_random_below(&r, CODINGS)};
    }
    /* Last, so that seeds of the others do not depend on who has a model; whose face is lent does,
     * a little, as donors are drawn among the jobs. */
    for (i = 0; i < m->list.n; i++) {
        const struct bf_detector_item *item = &m->list.item[i];
        struct bf_random r = {bf_random_mix(m->seed ^ ~bf_random_mix(i))};

        if (item->split == m->split && item->model != NULL && !bf_photo_is_one(item->path))
            m->job[m->n_jobs++] =
                (struct job){item, NULL, true, (unsigned)bf_random_below(&r, CODINGS)};
    }
    return m->n_jobs > 0
               ? BF_OK
               : bf_error_set(err, BF_ERR_NOT_FOUND, "the list has no video in that split");
}

static enum bf_err open_workers(struct measure *m, struct bf_error *err)
{
    const struct bf_face_reader_options how = {.n_threads = 1};
    const struct bf_scorer_options score = {.weights = m->o->weights,
                                            .models = m->models,
                                            .n_threads = 1,
                                            .uncalibrated = true,
                                            .baseline = true,
                                            .no_pictures = true};
    enum bf_err rc = bf_pool_create(&m->pool, m->n_threads, err);
    size_t i;

    m->worker = calloc(m->n_threads, sizeof *m->worker);
    if (rc == BF_OK && m->worker == NULL)
        rc = bf_error_nomem(err);
    for (i = 0; i < m->n_threads && rc == BF_OK; i++) {
        rc = bf_face_reader_create(&m->worker[i].reader, m->models, &how, err);
        if (rc == BF_OK)
            rc = bf_scorer_create(&m->worker[i].scorer, &score, err);
    }
    return rc;
}

static enum bf_err write_all(struct measure *m, size_t *n, struct bf_error *err)
{
    struct bf_cue_table table = {0};
    unsigned flags = m->o->force ? BF_OUTPUT_FORCE : 0;
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; i < m->n_jobs && rc == BF_OK; i++)
        if (m->row[i].file != NULL)
            rc = bf_cue_table_add(&table, &m->row[i], err);
    *n = table.n;
    if (rc == BF_OK)
        rc = bf_cue_table_write(&table, m->o->out, flags, err);
    if (rc == BF_OK && m->o->blocks != NULL)
        rc = bf_block_set_write(&m->blocks, m->o->blocks, flags, err);
    bf_cue_table_release(&table);
    return rc;
}

static void release(struct measure *m)
{
    size_t i;

    for (i = 0; m->worker != NULL && i < m->n_threads; i++) {
        bf_face_reader_free(&m->worker[i].reader);
        bf_scorer_free(&m->worker[i].scorer);
        bf_convert_free(&m->worker[i].convert);
    }
    bf_pool_free(&m->pool);
    bf_block_set_release(&m->blocks);
    bf_detector_list_release(&m->list);
    free(m->worker);
    free(m->job);
    free(m->row);
    pthread_mutex_destroy(&m->lock);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct measure_opts *o = opts;
    struct measure m = {.o = o,
                        .seed = 1,
                        .seconds = SECONDS,
                        .faintest = FAINTEST,
                        .lock = PTHREAD_MUTEX_INITIALIZER};
    uint64_t threads = 2;
    unsigned split = BF_SPLIT_CALIBRATION;
    struct bf_error err = {0};
    size_t n = 0;
    enum bf_err rc;

    if (o->out == NULL || o->weights == NULL)
        return bf_cli_usage(cmd, "'detector measure' needs --output FILE and --weights DIR");
    if (!bf_swap_arg_number(&m.seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&m.seconds, o->seconds, 1, 100000))
        return bf_cli_usage(cmd, "--seconds is a number from 1 to 100000");
    if (!bf_swap_arg_strength(&m.faintest, o->strength))
        return bf_cli_usage(cmd, "--strength is a number from 0.05 to 1");
    if (!bf_swap_arg_number(&threads, o->threads, 1, BF_POOL_THREADS_MAX))
        return bf_cli_usage(cmd, "--threads is a number from 1 to %d", BF_POOL_THREADS_MAX);
    m.n_families = bf_swap_families(m.family);
    if (o->only != NULL && !bf_swap_arg_names(m.wanted, o->only, m.family, m.n_families))
        return bf_cli_usage(cmd, "--only takes real, swap and the methods of 'swap blend', with "
                                 "commas between them");
    if (!bf_swap_arg_choice(&split, o->split, bf_split_names, BF_SPLITS))
        return bf_cli_usage(cmd, "--split is calibration, train or test");
    if (bf_cli_is_one_of(o->out, n_args, args) || bf_cli_is_one_of(o->blocks, n_args, args))
        return bf_cli_usage(cmd, "the list is not replaced by what is measured");
    m.split = (enum bf_split)split;
    m.n_threads = threads;
    bf_interrupt_catch();
    rc = bf_cli_models_dir(m.models, sizeof m.models, o->models, &err);
    if (rc == BF_OK)
        rc = bf_detector_list_read(&m.list, args[0], &err);
    if (rc == BF_OK)
        rc = bf_cli_check_output(o->out, o->force, &err);
    if (rc == BF_OK)
        rc = bf_cli_check_output(o->blocks, o->force, &err);
    if (rc == BF_OK)
        rc = list_jobs(&m, &err);
    if (rc == BF_OK)
        rc = open_workers(&m, &err);
    if (rc == BF_OK) {
        bf_cli_progress_start(&m.progress, "videos", "videos", 1, o->progress);
        bf_pool_run(m.pool, run_job, &m, m.n_jobs);
        bf_cli_progress_end(&m.progress);
        rc = bf_interrupted(NULL) ? bf_error_set(&err, BF_ERR_IO, "stopped")
                                  : write_all(&m, &n, &err);
    }
    if (rc == BF_OK)
        printf("%zu videos measured, of %zu\n", n, m.n_jobs);
    release(&m);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

const struct bf_command bf_cmd_detector_measure = {
    .name = "detector measure",
    .args = "LIST",
    .summary = "measure the cues of real videos and of fakes made of them, for calibrating",
    .opts = options,
    .opts_size = sizeof(struct measure_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
