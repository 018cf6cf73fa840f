#include "cli/commands.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "detector/artifact_train.h"
#include "detector/temporal_train.h"
#include "lib/nn/pool.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { STEPS = 6000, NETWORKS = 3 };
enum { ARTIFACT, MESO, TEMPORAL };

static const char *const networks[NETWORKS] = {"artifact", "meso4", "temporal"};

struct train_opts {
    const char *weights, *network, *leave_out, *validation, *steps, *batch, *seed, *threads;
    int progress;
};

static const struct bf_opt options[] = {
    {'w', "weights", BF_OPT_TEXT, "DIR", offsetof(struct train_opts, weights),
     "the folder of the weights; a run that was stopped is gone on with (required)"},
    {0, "network", BF_OPT_TEXT, "NAME", offsetof(struct train_opts, network),
     "artifact (the default), temporal, or meso4, the baseline"},
    {0, "leave-out", BF_OPT_TEXT, "FAMILY", offsetof(struct train_opts, leave_out),
     "show no fakes of this family"},
    {0, "validation", BF_OPT_TEXT, "CHIPS", offsetof(struct train_opts, validation),
     "the same of other people, to be judged at the end, and now and then"},
    {'n', "steps", BF_OPT_TEXT, "N", offsetof(struct train_opts, steps),
     "in all, with those of earlier runs (6000)"},
    {0, "batch", BF_OPT_TEXT, "N", offsetof(struct train_opts, batch), "pairs a step (16)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct train_opts, seed), "of all that is drawn (1)"},
    {0, "threads", BF_OPT_TEXT, "N", offsetof(struct train_opts, threads),
     "how many; the weights do not depend on it"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct train_opts, progress),
     "show progress, or never"},
    {0},
};

struct teller {
    bool live;
    int progress;
    double auc; /* last printed */
};

/* One line that is written over on a terminal, and one for every validation in a log. */
static void tell(void *ctx, const struct bf_artifact_report *r)
{
    struct teller *t = ctx;
    bool news = !isnan(r->auc) && fabs(r->auc - t->auc) > 0;

    if (t->progress == 0 || (!t->live && !news))
        return;
    t->auc = r->auc;
    fprintf(stderr,
            "%s%" PRIu64 " of %" PRIu64 "  loss %.4f  map %.4f  pairs %.3f  validation %.4f  "
            "%.0f chips/s  %.0f min left%s",
            t->live ? "\r" : "", r->step, r->steps, r->loss, r->map_loss, r->right, r->auc,
            r->chips_a_second, r->left_s / 60, t->live && r->step < r->steps ? "" : "\n");
}

static enum bf_err print_families(const struct train_opts *o, unsigned network, unsigned threads,
                                  struct bf_error *err)
{
    struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX];
    size_t n, i;
    enum bf_err rc = network == TEMPORAL
                         ? bf_temporal_validate(family, &n, o->weights, o->validation, err)
                         : bf_artifact_validate(family, &n, o->weights, o->validation,
                                                network == MESO, threads, err);

    for (i = 0; rc == BF_OK && i < n; i++) {
        printf("  %-8s %6" PRIu64 " %s  AUC %.4f", family[i].name, family[i].n,
               network == TEMPORAL ? "blocks" : "chips", family[i].auc);
        if (isnan(family[i].iou))
            printf("\n");
        else
            printf("  map IoU %.3f\n", family[i].iou);
    }
    return rc;
}

static enum bf_exit train_temporal(const struct train_opts *o, const char *blocks,
                                   const struct bf_artifact_train_options *how)
{
    const struct bf_temporal_train_options temporal = {.seed = how->seed,
                                                       .steps = how->steps,
                                                       .batch = 2 * how->batch,
                                                       .left_out = how->left_out,
                                                       .validation = how->validation,
                                                       .stop = how->stop,
                                                       .ctx = how->ctx};
    struct bf_error err = {0};
    double auc;

    if (bf_temporal_train(&auc, o->weights, blocks, &temporal, &err) != BF_OK)
        return bf_cli_fail(&err);
    printf("%s\n", bf_interrupted(NULL) ? "stopped" : "finished");
    if (!isnan(auc))
        printf("  blocks of other people  AUC %.4f\n", auc);
    if (o->validation != NULL && print_families(o, TEMPORAL, 1, &err) != BF_OK)
        return bf_cli_fail(&err);
    return BF_EXIT_YES;
}

/* "real" is no family of fakes. */
static bool is_family(const char *name)
{
    const char *family[BF_FAMILIES_MAX];
    unsigned n = bf_swap_families(family), at = 0;

    return bf_swap_arg_choice(&at, name, family + 1, n - 1);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct train_opts *o = opts;
    struct teller teller = {isatty(STDERR_FILENO) != 0, o->progress, 0};
    struct bf_artifact_train_options how = {
        .stop = bf_interrupted, .report = tell, .ctx = &teller, .steps = STEPS, .seed = 1};
    uint64_t batch = 0, threads = 0, done = 0;
    unsigned network = 0;
    struct bf_error err = {0};
    enum bf_err rc;

    (void)n_args;
    if (o->weights == NULL)
        return bf_cli_usage(cmd, "'detector train' needs --weights DIR");
    if (!bf_swap_arg_choice(&network, o->network, networks, NETWORKS))
        return bf_cli_usage(cmd, "--network is artifact, temporal or meso4");
    if (!bf_swap_arg_number(&how.steps, o->steps, 1, 100000000))
        return bf_cli_usage(cmd, "--steps is a number from 1 to 100000000");
    if (!bf_swap_arg_number(&batch, o->batch, 1, 2048))
        return bf_cli_usage(cmd, "--batch is a number of pairs from 1 to 2048");
    if (!bf_swap_arg_number(&how.seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&threads, o->threads, 1, BF_POOL_THREADS_MAX))
        return bf_cli_usage(cmd, "--threads is a number from 1 to %d", BF_POOL_THREADS_MAX);
    if (!is_family(o->leave_out))
        return bf_cli_usage(cmd, "--leave-out is swap or a method of 'swap blend'");
    how.meso = network == MESO;
    how.left_out = o->leave_out;
    how.validation = o->validation;
    how.batch = (unsigned)batch;
    how.n_threads = (unsigned)threads;
    bf_interrupt_catch();
    if (network == TEMPORAL)
        return train_temporal(o, args[0], &how);
    rc = bf_artifact_train(&done, o->weights, args[0], &how, &err);
    if (rc == BF_OK)
        printf("%s after %" PRIu64 " steps\n", done < how.steps ? "stopped" : "finished", done);
    if (rc == BF_OK && o->validation != NULL)
        rc = print_families(o, network, (unsigned)threads, &err);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

const struct bf_command bf_cmd_detector_train = {
    .name = "detector train",
    .args = "CHIPS|BLOCKS",
    .summary = "train one of the detector's networks",
    .opts = options,
    .opts_size = sizeof(struct train_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
