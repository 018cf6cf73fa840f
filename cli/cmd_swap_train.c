#include "cli/commands.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "generator/swap_train.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <unistd.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-train/1"

struct train_opts {
    const char *model, *preset, *iterations, *batch, *seed, *threads, *save_every;
    bool json;
    int progress;
};

static const struct bf_opt options[] = {
    {'m', "model", BF_OPT_TEXT, "DIR", offsetof(struct train_opts, model),
     "the model's folder, made where there is none, gone on with where there is (required)"},
    {'p', "preset", BF_OPT_TEXT, "NAME", offsetof(struct train_opts, preset),
     "quick (64 pixels), standard (96, the default) or fine (128)"},
    {'n', "iterations", BF_OPT_TEXT, "N", offsetof(struct train_opts, iterations),
     "in all, with those of earlier runs (20000, 30000 or 60000 by preset)"},
    {0, "batch", BF_OPT_TEXT, "N", offsetof(struct train_opts, batch),
     "faces of each person an iteration (16)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct train_opts, seed),
     "of the first weights and of all that is drawn (1)"},
    {0, "threads", BF_OPT_TEXT, "N", offsetof(struct train_opts, threads),
     "how many; the model does not depend on it"},
    {0, "save-every", BF_OPT_TEXT, "SECONDS", offsetof(struct train_opts, save_every),
     "write the model so often (120), and the preview at one and a half times that"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct train_opts, json),
     "print one JSON object at the end"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct train_opts, progress),
     "show progress, or never"},
    BF_OPT_DECODING,
    {0},
};

/* What was last said of the run. */
struct teller {
    int progress;
    bool live; /* a line that is written over */
    bool open; /* it stands without its end */
    struct bf_swap_report last, measured;
};

static void tell(void *ctx, const struct bf_swap_report *r)
{
    struct teller *t = ctx;
    char left[32];

    t->last = *r;
    if (r->previewed)
        t->measured = *r;
    if (t->progress == 0 || (!t->live && !r->previewed))
        return;
    bf_duration_format(left, (int64_t)(r->left_s * 1e6));
    left[strcspn(left, ".")] = '\0';
    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 "  loss %.4f %.4f  %.0f faces/s  %s left",
            t->live ? "\r\033[K" : "", r->iteration, r->iterations, r->loss[0], r->loss[1],
            r->faces_a_second, left);
    if (r->previewed)
        fprintf(stderr, "  held out: SSIM %.3f, PSNR %.1f dB\n", r->ssim, r->psnr);
    t->open = t->live && !r->previewed;
    fflush(stderr);
}

static void print_answer(const struct train_opts *o, uint64_t done, const struct teller *t)
{
    bool finished = done >= t->last.iterations && t->last.iterations > 0;
    char name[1024];

    if (o->json) {
        bf_cli_print_json(
            json_pack("{s:s, s:o, s:I, s:b, s:f, s:f, s:f, s:o, s:o}", "schema", SCHEMA, "model",
                      bf_cli_json_text(o->model), "iterations", (json_int_t)done, "finished",
                      finished, "loss_a", t->last.loss[0], "loss_b", t->last.loss[1], "faces_per_s",
                      t->last.faces_a_second, "ssim",
                      t->measured.previewed ? json_real(t->measured.ssim) : json_null(), "psnr_db",
                      t->measured.previewed ? json_real(t->measured.psnr) : json_null()));
        return;
    }
    bf_text_escape(name, sizeof name, o->model, strlen(o->model));
    printf("%s after %" PRIu64 " iterations in %s\n", finished ? "finished" : "stopped", done,
           name);
    if (t->measured.previewed)
        printf("  held out   SSIM %.3f, PSNR %.1f dB within the face\n", t->measured.ssim,
               t->measured.psnr);
    printf("  look at    %s/preview.png\n", name);
    if (!finished)
        printf("  go on      with the same command\n");
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct train_opts *o = opts;
    struct teller teller = {.progress = o->progress, .live = isatty(STDERR_FILENO) != 0};
    uint64_t iterations = 0, batch = 0, seed = 1, threads = 0, save_every = 0, done = 0;
    struct bf_swap_train_options how = {
        .preset = BF_SWAP_STANDARD, .stop = bf_interrupted, .report = tell, .ctx = &teller};
    struct bf_error err = {0};

    (void)n_args;
    if (o->model == NULL)
        return bf_cli_usage(cmd, "'swap train' needs --model DIR");
    if (o->preset != NULL && !bf_swap_preset_parse(&how.preset, o->preset))
        return bf_cli_usage(cmd, "--preset is quick, standard or fine");
    if (!bf_swap_arg_number(&iterations, o->iterations, 1, 100000000))
        return bf_cli_usage(cmd, "--iterations is a number from 1 to 100000000");
    if (!bf_swap_arg_number(&batch, o->batch, 1, 256))
        return bf_cli_usage(cmd, "--batch is a number of faces from 1 to 256");
    if (!bf_swap_arg_number(&seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&threads, o->threads, 1, BF_POOL_THREADS_MAX))
        return bf_cli_usage(cmd, "--threads is a number from 1 to %d", BF_POOL_THREADS_MAX);
    if (!bf_swap_arg_number(&save_every, o->save_every, 1, 86400))
        return bf_cli_usage(cmd, "--save-every is a number of seconds from 1 to 86400");
    how.save_s = (double)save_every;
    how.preview_s = 1.5 * (double)save_every;
    how.iterations = iterations;
    how.batch = (unsigned)batch;
    how.seed = seed;
    how.n_threads = (unsigned)threads;
    bf_interrupt_catch();
    if (bf_swap_train(&done, o->model, args[0], args[1], &how, &err) != BF_OK) {
        if (teller.open)
            fputc('\n', stderr);
        return bf_cli_fail_json(o->json, SCHEMA, o->model, &err);
    }
    if (teller.last.iterations == 0)
        teller.last.iterations = done; /* it was finished before */
    if (teller.open)
        fputc('\n', stderr);
    print_answer(o, done, &teller);
    return BF_EXIT_YES;
}

const struct bf_command bf_cmd_swap_train = {
    .name = "swap train",
    .args = "FACES_A FACES_B",
    .summary = "train a face-swap model on two people's faces",
    .opts = options,
    .opts_size = sizeof(struct train_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
