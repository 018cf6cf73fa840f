#include "cli/commands.h"
#include "cli/common.h"
#include "cli/eval_set.h"
#include "cli/eval_report.h"
#include "cli/interrupt.h"
#include "cli/score_run.h"
#include "cli/swap_args.h"
#include "lib/base/file.h"
#include "lib/nn/pool.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define SCHEMA "bonafide.detector-evaluation/1"

struct evaluate_opts {
    const char *weights, *models, *table, *plots, *split, *seed, *threads;
    bool json, force, baseline;
    int progress;
};

static const struct bf_opt options[] = {
    {'w', "weights", BF_OPT_TEXT, "DIR", offsetof(struct evaluate_opts, weights),
     "the folder of the detector's weights"},
    {0, "baseline", BF_OPT_FLAG, NULL, offsetof(struct evaluate_opts, baseline),
     "run Meso-4 beside, whose weights are in the same folder"},
    {0, "split", BF_OPT_TEXT, "NAME", offsetof(struct evaluate_opts, split),
     "of a set with labels.tsv, these alone: train, calibration or test"},
    {0, "table", BF_OPT_TEXT, "FILE", offsetof(struct evaluate_opts, table),
     "write what was measured of each video"},
    {0, "plots", BF_OPT_TEXT, "DIR", offsetof(struct evaluate_opts, plots),
     "write roc.svg and reliability.svg there"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct evaluate_opts, force), "replace FILE"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct evaluate_opts, json), "print one JSON object"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct evaluate_opts, seed), "of the draws (1)"},
    {0, "threads", BF_OPT_TEXT, "N", offsetof(struct evaluate_opts, threads), "how many (2)"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct evaluate_opts, models),
     "the folder of the face networks"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct evaluate_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

struct evaluate {
    const struct evaluate_opts *o;
    struct bf_eval_set set;
    struct bf_cue_table table; /* of the set's videos in their order, or read */
    struct bf_cue_row *row;    /* (n) */
    struct bf_eval_row *rows;  /* (n) */
    bool *done;
    size_t n, n_done;
    struct bf_scorer **scorer; /* (n_threads) */
    size_t n_threads;
    struct bf_pool *pool;
    pthread_mutex_t lock;
    struct bf_cli_progress progress;
};

/* One video, as 'score' would look at it. */
static enum bf_err score_file(struct bf_score *score, struct bf_scorer *scorer, const char *path,
                              struct bf_error *err)
{
    struct bf_score_answer answer = {.file = path, .every = 1};
    struct bf_video *video = NULL;
    enum bf_err rc = bf_video_open(&video, path, err);

    if (rc == BF_OK)
        rc = bf_score_run(score, &answer, scorer, video, 0, err);
    bf_video_close(&video);
    return rc;
}

static void run_one(void *arg, size_t i, size_t thread)
{
    struct evaluate *e = arg;
    const struct bf_eval_item *item = &e->set.item[i];
    struct bf_score score = {0};
    struct bf_error err = {0};
    enum bf_err rc;

    if (bf_interrupted(NULL))
        return;
    rc = score_file(&score, e->scorer[thread], item->path, &err);
    pthread_mutex_lock(&e->lock);
    if (rc == BF_OK) {
        struct bf_cue_row *row = &e->row[i];
        int k;

        for (k = 0; k < BF_CUES; k++)
            row->cue[k] = (double)NAN;
        row->baseline = (double)NAN;
        bf_cue_row_of_score(row, &score);
        row->file = item->path;
        row->person = item->person;
        row->fake = item->fake;
        row->half = item->half;
        row->crf = item->crf;
        snprintf(row->method, sizeof row->method, "%s", item->method);
        e->rows[i] = (struct bf_eval_row){row, score.likelihood, score.verdict};
        e->done[i] = true;
    } else {
        bf_cli_warn("left out: %s", err.text);
    }
    bf_progress_step(&e->progress.sink, ++e->n_done, e->n);
    pthread_mutex_unlock(&e->lock);
    bf_score_release(&score);
}

static enum bf_err open_all(struct evaluate *e, struct bf_error *err)
{
    const struct evaluate_opts *o = e->o;
    struct bf_scorer_options how = {.n_threads = 1, .baseline = o->baseline, .no_pictures = true};
    char weights[BF_PATH_MAX], models[BF_PATH_MAX];
    enum bf_err rc = bf_cli_models_dir(models, sizeof models, o->models, err);
    size_t i;

    if (rc == BF_OK)
        rc = bf_cli_detector_dir(weights, sizeof weights, o->weights, err);
    if (rc == BF_OK)
        rc = bf_pool_create(&e->pool, e->n_threads, err);
    how.weights = weights;
    how.models = models;
    e->n = e->set.n;
    e->scorer = calloc(e->n_threads, sizeof(struct bf_scorer *));
    e->row = calloc(e->n + 1, sizeof *e->row);
    e->rows = calloc(e->n + 1, sizeof *e->rows);
    e->done = calloc(e->n + 1, sizeof *e->done);
    if (rc == BF_OK && (e->scorer == NULL || e->row == NULL || e->rows == NULL || e->done == NULL))
        rc = bf_error_nomem(err);
    for (i = 0; i < e->n_threads && rc == BF_OK; i++)
        rc = bf_scorer_create(&e->scorer[i], &how, err);
    return rc;
}

/* Cues that were measured before, judged by the calibration that is there now. */
static enum bf_err judge_table(struct evaluate *e, struct bf_error *err)
{
    char weights[BF_PATH_MAX];
    struct bf_calibration *c = malloc(sizeof *c);
    enum bf_err rc = c != NULL ? BF_OK : bf_error_nomem(err);
    size_t i;

    if (rc == BF_OK)
        rc = bf_cli_detector_dir(weights, sizeof weights, e->o->weights, err);
    if (rc == BF_OK)
        rc = bf_score_calibration(c, weights, err);
    e->n = e->table.n;
    e->rows = calloc(e->n + 1, sizeof *e->rows);
    if (rc == BF_OK && e->rows == NULL)
        rc = bf_error_nomem(err);
    for (i = 0; rc == BF_OK && i < e->n; i++) {
        const struct bf_cue_row *r = &e->table.row[i];

        e->rows[i].cues = r;
        e->rows[i].verdict =
            bf_score_of_cues(&e->rows[i].likelihood, c, r->cue, r->size, r->sharpness);
    }
    free(c);
    return rc;
}

/* What was done, without gaps; and as a table. */
static enum bf_err gather(struct evaluate *e, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t n = 0, i;

    for (i = 0; i < e->n && rc == BF_OK; i++)
        if (e->done[i]) {
            e->rows[n++] = e->rows[i];
            rc = bf_cue_table_add(&e->table, &e->row[i], err);
        }
    e->n = n;
    if (rc == BF_OK && e->o->table != NULL)
        rc = bf_cue_table_write(&e->table, e->o->table, e->o->force ? BF_OUTPUT_FORCE : 0, err);
    return rc;
}

static enum bf_err say(const struct evaluate *e, uint64_t seed, struct bf_error *err)
{
    struct bf_eval eval;
    enum bf_err rc = bf_eval_make(&eval, e->rows, e->n, seed, err);

    if (rc == BF_OK && e->o->plots != NULL)
        rc = bf_eval_plot(e->o->plots, e->rows, e->n, err);
    if (rc != BF_OK)
        return rc;
    if (eval.n == 0)
        return bf_error_set(err, BF_ERR_NOT_FOUND,
                            "there are not both real videos and fakes among what was given");
    if (!e->o->json)
        bf_eval_print(&eval);
    else if (!bf_cli_print_json(
                 json_pack("{s:s, s:o}", "schema", SCHEMA, "evaluation", bf_eval_json(&eval))))
        return bf_error_nomem(err);
    return BF_OK;
}

static void release(struct evaluate *e)
{
    size_t i;

    for (i = 0; e->scorer != NULL && i < e->n_threads; i++)
        bf_scorer_free(&e->scorer[i]);
    bf_pool_free(&e->pool);
    bf_eval_set_release(&e->set);
    bf_cue_table_release(&e->table);
    free(e->scorer);
    free(e->row);
    free(e->rows);
    free(e->done);
    pthread_mutex_destroy(&e->lock);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct evaluate_opts *o = opts;
    struct evaluate e = {.o = o, .lock = PTHREAD_MUTEX_INITIALIZER};
    uint64_t seed = 1, threads = 2;
    struct bf_error err = {0};
    enum bf_err rc = BF_OK;
    int i;

    if (!bf_swap_arg_number(&seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&threads, o->threads, 1, BF_POOL_THREADS_MAX))
        return bf_cli_usage(cmd, "--threads is a number from 1 to %d", BF_POOL_THREADS_MAX);
    if (bf_cli_is_one_of(o->table, n_args, args))
        return bf_cli_usage(cmd, "--table does not replace a table of labels");
    e.n_threads = threads;
    bf_interrupt_catch();
    for (i = 0; i < n_args && rc == BF_OK; i++)
        rc = bf_cue_table_is_one(args[i]) ? bf_cue_table_read(&e.table, args[i], &err)
                                          : bf_eval_set_add(&e.set, args[i], o->split, &err);
    if (rc == BF_OK && e.table.n > 0 && e.set.n > 0)
        rc = bf_error_set(&err, BF_ERR_USAGE, "tables of cues and videos are evaluated apart");
    if (rc == BF_OK)
        rc = bf_cli_check_output(o->table, o->force, &err);
    if (rc == BF_OK && e.table.n > 0) {
        rc = judge_table(&e, &err);
    } else if (rc == BF_OK) {
        rc = open_all(&e, &err);
    }
    if (rc == BF_OK && e.set.n > 0) {
        bf_cli_progress_start(&e.progress, "videos", "videos", 1, o->progress);
        bf_pool_run(e.pool, run_one, &e, e.n);
        bf_cli_progress_end(&e.progress);
        rc = bf_interrupted(NULL) ? bf_error_set(&err, BF_ERR_IO, "stopped") : gather(&e, &err);
    }
    if (rc == BF_OK)
        rc = say(&e, seed, &err);
    release(&e);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

const struct bf_command bf_cmd_detector_evaluate = {
    .name = "detector evaluate",
    .args = "DIR|LABELS|CUES...",
    .summary = "score videos of known kind, and tell how often the detector errs",
    .opts = options,
    .opts_size = sizeof(struct evaluate_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
