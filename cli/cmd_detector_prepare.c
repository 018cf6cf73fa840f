#include "cli/chip_maker.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/detector_list.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "lib/base/file.h"
#include "lib/nn/pool.h"
#include "lib/nn/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOMENTS = 24, /* of a video */
    VARIANTS = 3, /* of a moment of a video: other methods, rates, sizes */
    FAKES = 3,    /* of each */
    ROUND = 64,   /* jobs between two writes */
    TRIES = 50,   /* for somebody else's faces */
};

struct prepare_opts {
    const char *out, *models, *seed, *threads, *moments, *variants, *split;
    bool force;
    int progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct prepare_opts, out),
     "the chips to be written (required)"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct prepare_opts, force), "replace FILE"},
    {0, "split", BF_OPT_TEXT, "NAME", offsetof(struct prepare_opts, split),
     "whose chips: train (the default), calibration or test"},
    {0, "moments", BF_OPT_TEXT, "N", offsetof(struct prepare_opts, moments),
     "so many of each video (24)"},
    {0, "variants", BF_OPT_TEXT, "N", offsetof(struct prepare_opts, variants),
     "of each moment: other fakes, rates and sizes (3; of photographs half as many)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct prepare_opts, seed), "of all that is drawn (1)"},
    {0, "threads", BF_OPT_TEXT, "N", offsetof(struct prepare_opts, threads), "how many (2)"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct prepare_opts, models),
     "the folder of the face networks"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct prepare_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

/* What a thread of its own has. */
struct worker {
    struct bf_face_reader *reader;
    struct bf_chip_maker *maker;
};

struct source {
    const struct bf_detector_item *item;
    struct bf_moments moments;
    struct bf_error err; /* why it could not be read */
    bool failed;
};

struct job {
    size_t source, moment;
    unsigned variant;
};

struct prepare {
    const struct prepare_opts *o;
    struct bf_detector_list list;
    struct source *source; /* (n_sources) */
    size_t n_sources, n_read;
    struct job *job;      /* (n_jobs) */
    size_t n_jobs, first; /* of the round */
    struct worker *worker;
    struct bf_pool *pool;
    size_t n_threads, n_moments, n_variants;
    uint64_t seed;
    struct bf_chip_record *record; /* (ROUND, BF_CHIP_GROUP_MAX) */
    size_t n_records[ROUND];
    struct bf_error err;
    enum bf_err rc; /* of any thread */
    struct bf_cli_progress progress;
};

static void read_source(void *arg, size_t i, size_t thread)
{
    struct prepare *p = arg;
    struct source *s = &p->source[i];

    if (bf_interrupted(NULL))
        return;
    s->failed = bf_moments_read(&s->moments, s->item->path, p->n_moments, p->worker[thread].reader,
                                &s->err) != BF_OK;
    if (thread == 0)
        bf_progress_step(&p->progress.sink, i, p->n_sources);
}

/* Somebody else of the split, with more than one face where this one has. */
static const struct bf_donor *other_person(const struct prepare *p, const struct job *j,
                                           struct bf_random *r)
{
    const struct source *mine = &p->source[j->source];
    int i;

    for (i = 0; i < TRIES; i++) {
        const struct source *s = &p->source[bf_random_below(r, p->n_sources)];
        bool still = mine->moments.moment[0].n_frames == 1;

        if (s->moments.donor.n > (still || i > TRIES / 2 ? 0u : 1u) &&
            s->item->person != mine->item->person)
            return &s->moments.donor;
    }
    return NULL;
}

static void make_group(void *arg, size_t i, size_t thread)
{
    struct prepare *p = arg;
    const struct job *j = &p->job[p->first + i];
    const struct source *s = &p->source[j->source];
    struct bf_random r = {bf_random_mix(p->seed ^ bf_random_mix(p->first + i + 1))};
    struct bf_chip_job what = {.moment = &s->moments.moment[j->moment],
                               .own = &s->moments.donor,
                               .swap_model = s->item->model,
                               .swap_to = s->item->to,
                               .person = s->item->person,
                               .n_fakes = FAKES};
    struct bf_error err = {0};
    enum bf_err rc;

    what.other = other_person(p, j, &r);
    what.seed = bf_random_u64(&r);
    rc = bf_chip_maker_run(p->record + i * BF_CHIP_GROUP_MAX, &p->n_records[i],
                           p->worker[thread].maker, &what, &err);
    if (rc != BF_OK) {
        p->n_records[i] = 0;
        p->rc = rc; /* any of them will do */
        p->err = err;
    }
}

static enum bf_err write_round(struct bf_output *out, struct prepare *p, size_t n, size_t *written,
                               struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i, k;

    for (i = 0; i < n && rc == BF_OK; i++) {
        struct bf_chip_record *r = p->record + i * BF_CHIP_GROUP_MAX;

        if (p->n_records[i] < 2)
            continue;
        for (k = 0; k < p->n_records[i]; k++)
            r[k].group = (uint32_t)*written;
        rc = bf_output_write(out, r, p->n_records[i] * sizeof *r, err);
        *written += p->n_records[i];
    }
    return rc;
}

static enum bf_err open_workers(struct prepare *p, const char *models, struct bf_error *err)
{
    const struct bf_face_reader_options how = {.n_threads = 1};
    enum bf_err rc = bf_pool_create(&p->pool, p->n_threads, err);
    size_t i;

    p->worker = calloc(p->n_threads, sizeof *p->worker);
    p->record = malloc((size_t)ROUND * BF_CHIP_GROUP_MAX * sizeof *p->record);
    p->source = calloc(p->list.n + 1, sizeof *p->source);
    if (p->worker == NULL || p->record == NULL || p->source == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < p->n_threads && rc == BF_OK; i++) {
        rc = bf_face_reader_create(&p->worker[i].reader, models, &how, err);
        if (rc == BF_OK)
            rc = bf_chip_maker_create(&p->worker[i].maker, models, err);
    }
    return rc;
}

static enum bf_err list_jobs(struct prepare *p, struct bf_error *err)
{
    size_t n = 0, i, k;
    unsigned v;

    for (i = 0; i < p->n_sources; i++)
        n += p->source[i].moments.n * p->n_variants;
    p->job = malloc((n + 1) * sizeof *p->job);
    if (p->job == NULL)
        return bf_error_nomem(err);
    for (v = 0; v < p->n_variants; v++)
        for (i = 0; i < p->n_sources; i++)
            for (k = 0; k < p->source[i].moments.n; k++) {
                bool still = p->source[i].moments.moment[k].n_frames == 1;

                if (!still || 2 * v < p->n_variants)
                    p->job[p->n_jobs++] = (struct job){i, k, v};
            }
    return BF_OK;
}

static enum bf_err make_all(struct prepare *p, size_t *written, struct bf_error *err)
{
    struct bf_output *out = NULL;
    enum bf_err rc = bf_output_open(&out, p->o->out, p->o->force ? BF_OUTPUT_FORCE : 0, err);

    if (rc == BF_OK)
        rc = bf_chip_set_begin(out, err);
    bf_cli_progress_start(&p->progress, "chips", "groups", 1, p->o->progress);
    for (p->first = 0; p->first < p->n_jobs && rc == BF_OK; p->first += ROUND) {
        size_t n = p->n_jobs - p->first < ROUND ? p->n_jobs - p->first : ROUND;

        bf_pool_run(p->pool, make_group, p, n);
        if (p->rc != BF_OK) {
            *err = p->err;
            rc = p->rc;
        } else if (bf_interrupted(NULL)) {
            rc = bf_error_set(err, BF_ERR_IO, "stopped");
        } else {
            rc = write_round(out, p, n, written, err);
        }
        bf_progress_step(&p->progress.sink, p->first + n, p->n_jobs);
    }
    bf_cli_progress_end(&p->progress);
    if (rc == BF_OK)
        rc = bf_output_commit(out, err);
    bf_output_close(&out);
    return rc;
}

/* People whose faces are one to the identity network, but who have different names: worth a look,
 * for they may be in two splits. */
static void warn_of_twins(const struct prepare *p)
{
    size_t i, k;

    for (i = 0; i < p->n_sources; i++)
        for (k = 0; k < i; k++) {
            const struct source *a = &p->source[i], *b = &p->source[k];

            if (a->moments.known && b->moments.known && a->item->person != b->item->person &&
                a->moments.moment[0].n_frames > 1 && b->moments.moment[0].n_frames > 1 &&
                bf_identity_likeness(a->moments.identity, b->moments.identity) > 0.8f)
                bf_cli_warn("'%s' and '%s' look like one person and are listed as two",
                            a->item->path, b->item->path);
        }
}

static enum bf_err prepare(struct prepare *p, enum bf_split split, const char *models,
                           size_t *written, struct bf_error *err)
{
    enum bf_err rc = open_workers(p, models, err);
    size_t i;

    for (i = 0; i < p->list.n && rc == BF_OK; i++)
        if (p->list.item[i].split == split)
            p->source[p->n_sources++].item = &p->list.item[i];
    if (rc == BF_OK && p->n_sources == 0)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND, "the list has no file in that split");
    if (rc != BF_OK)
        return rc;
    bf_cli_progress_start(&p->progress, "faces", "files", 1, p->o->progress);
    bf_pool_run(p->pool, read_source, p, p->n_sources);
    bf_cli_progress_end(&p->progress);
    for (i = 0; i < p->n_sources; i++)
        if (p->source[i].failed)
            bf_cli_warn("left out: %s", p->source[i].err.text);
        else if (p->source[i].moments.n > 0)
            p->n_read++;
    warn_of_twins(p);
    if (bf_interrupted(NULL))
        return bf_error_set(err, BF_ERR_IO, "stopped");
    rc = list_jobs(p, err);
    return rc == BF_OK ? make_all(p, written, err) : rc;
}

static void release(struct prepare *p)
{
    size_t i;

    for (i = 0; i < p->n_sources; i++)
        bf_moments_release(&p->source[i].moments);
    for (i = 0; p->worker != NULL && i < p->n_threads; i++) {
        bf_face_reader_free(&p->worker[i].reader);
        bf_chip_maker_free(&p->worker[i].maker);
    }
    bf_pool_free(&p->pool);
    bf_detector_list_release(&p->list);
    free(p->source);
    free(p->worker);
    free(p->record);
    free(p->job);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct prepare_opts *o = opts;
    struct prepare p = {.o = o};
    char models[BF_PATH_MAX];
    uint64_t threads = 2, moments = MOMENTS, variants = VARIANTS;
    unsigned split = BF_SPLIT_TRAIN;
    struct bf_error err = {0};
    size_t written = 0;
    enum bf_err rc;

    p.seed = 1;
    if (o->out == NULL)
        return bf_cli_usage(cmd, "'detector prepare' needs --output FILE");
    if (!bf_swap_arg_number(&p.seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&threads, o->threads, 1, BF_POOL_THREADS_MAX))
        return bf_cli_usage(cmd, "--threads is a number from 1 to %d", BF_POOL_THREADS_MAX);
    if (!bf_swap_arg_number(&moments, o->moments, 1, 10000))
        return bf_cli_usage(cmd, "--moments is a number from 1 to 10000");
    if (!bf_swap_arg_number(&variants, o->variants, 1, 100))
        return bf_cli_usage(cmd, "--variants is a number from 1 to 100");
    if (!bf_swap_arg_choice(&split, o->split, bf_split_names, BF_SPLITS))
        return bf_cli_usage(cmd, "--split is train, calibration or test");
    if (bf_cli_is_one_of(o->out, n_args, args))
        return bf_cli_usage(cmd, "the list is not replaced by the chips");
    p.n_threads = threads;
    p.n_moments = moments;
    p.n_variants = variants;
    bf_interrupt_catch();
    rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
    if (rc == BF_OK)
        rc = bf_detector_list_read(&p.list, args[0], &err);
    if (rc == BF_OK)
        rc = bf_cli_check_output(o->out, o->force, &err);
    if (rc == BF_OK)
        rc = prepare(&p, (enum bf_split)split, models, &written, &err);
    if (rc == BF_OK)
        printf("%zu chips of %zu files\n", written, p.n_read);
    release(&p);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

const struct bf_command bf_cmd_detector_prepare = {
    .name = "detector prepare",
    .args = "LIST",
    .summary = "make chips of real faces and of fakes of them, for training the detector",
    .opts = options,
    .opts_size = sizeof(struct prepare_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
