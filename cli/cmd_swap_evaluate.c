#include "cli/commands.h"
#include "cli/common.h"
#include "cli/swap_args.h"
#include "generator/swap_evaluate.h"

#include <inttypes.h>
#include <math.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-evaluate/1"

struct evaluate_opts {
    const char *model, *source, *fake, *to, *track, *models;
    bool json;
    int progress;
};

static const struct bf_opt options[] = {
    {'m', "model", BF_OPT_TEXT, "DIR", offsetof(struct evaluate_opts, model),
     "the model's folder (required)"},
    {0, "source", BF_OPT_TEXT, "IN.mp4", offsetof(struct evaluate_opts, source),
     "a video that was converted, and"},
    {0, "fake", BF_OPT_TEXT, "OUT.mp4", offsetof(struct evaluate_opts, fake),
     "what 'swap convert' made of it: measured beside each other"},
    {0, "to", BF_OPT_TEXT, "a|b", offsetof(struct evaluate_opts, to),
     "whose face the fake shows (b)"},
    {0, "track", BF_OPT_TEXT, "N", offsetof(struct evaluate_opts, track),
     "the face that was replaced, as 'swap convert' has it"},
    {0, "models", BF_OPT_TEXT, "DIR", offsetof(struct evaluate_opts, models),
     "the folder of the face networks"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct evaluate_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct evaluate_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

static json_t *number(double v)
{
    return isfinite(v) ? json_real(round(v * 10000) / 10000) : json_null();
}

static json_t *self_json(const struct bf_swap_self *s)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "faces", (json_int_t)s->n, "ssim",
                     number(s->ssim), "psnr_db", number(s->psnr), "ssim_square",
                     number(s->ssim_all), "psnr_square_db", number(s->psnr_all));
}

static void print_json(const struct evaluate_opts *o, const struct bf_swap_self *self,
                       const struct bf_swap_video *v)
{
    json_t *video = json_null();

    if (v != NULL)
        video = json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
                          bf_cli_json_text(o->source), "fake", bf_cli_json_text(o->fake), "frames",
                          (json_int_t)v->n_frames, "frames_compared", (json_int_t)v->n_both,
                          "identity_transfer", number(v->identity), "identity_transfer_of_source",
                          number(v->identity_source), "pose_error_deg", number(v->pose_deg),
                          "pose_following_deg", number(v->following_deg), "eye_correlation",
                          number(v->eyes), "flicker_ratio", number(v->flicker));
    bf_cli_print_json(json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "model",
                                bf_cli_json_text(o->model), "a", self_json(&self[BF_SWAP_A]), "b",
                                self_json(&self[BF_SWAP_B]), "video", video));
}

static void print_text(const struct bf_swap_self *self, const struct bf_swap_video *v)
{
    int who;

    printf("held-out faces decoded as themselves, within the face (the whole square):\n");
    for (who = BF_SWAP_A; who <= BF_SWAP_B; who++)
        printf("  %c  %4zu faces   SSIM %.3f (%.3f)   PSNR %.1f dB (%.1f)\n", who ? 'B' : 'A',
               self[who].n, self[who].ssim, self[who].ssim_all, self[who].psnr, self[who].psnr_all);
    if (v == NULL)
        return;
    printf("the fake beside its source, %" PRIu64 " of %" PRIu64 " frames with the face in both:\n",
           v->n_both, v->n_frames);
    printf("  identity   %.1f %% of frames nearer to the new person (of the source %.1f %%)\n",
           100 * v->identity, 100 * v->identity_source);
    printf("  pose       %.1f degrees apart, %.1f without the constant offset of the two faces\n",
           v->pose_deg, v->following_deg);
    if (isfinite(v->eyes))
        printf("  eyes       open and shut with the source's: correlation %.2f\n", v->eyes);
    else
        printf("  eyes       never move\n");
    printf("  flicker    %.2f times the source's\n", v->flicker);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct evaluate_opts *o = opts;
    struct bf_swap_self self[2] = {{0}};
    struct bf_swap_video video = {0};
    struct bf_cli_progress progress;
    char models[BF_PATH_MAX];
    struct bf_error err = {0};
    enum bf_swap_who to = BF_SWAP_B;
    uint64_t track = 0;
    enum bf_err rc;

    (void)n_args;
    if (o->model == NULL)
        return bf_cli_usage(cmd, "'swap evaluate' needs --model DIR");
    if ((o->source == NULL) != (o->fake == NULL))
        return bf_cli_usage(cmd, "--source and --fake go together");
    if (!bf_swap_arg_who(&to, o->to))
        return bf_cli_usage(cmd, "--to is a or b");
    if (!bf_swap_arg_number(&track, o->track, 1, 1000000))
        return bf_cli_usage(cmd, "--track is a number from 1");
    rc = bf_swap_evaluate_self(self, o->model, args[0], args[1], &err);
    if (rc == BF_OK && o->fake != NULL) {
        rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
        if (rc == BF_OK) {
            bf_cli_progress_start(&progress, o->fake, "s", 1e6, o->progress);
            rc = bf_swap_evaluate_video(&video, o->source, o->fake, args[0], args[1], to,
                                        (uint32_t)track, models, &progress.sink, &err);
            bf_cli_progress_end(&progress);
        }
    }
    if (rc != BF_OK)
        return bf_cli_fail_json(o->json, SCHEMA, o->model, &err);
    if (o->json)
        print_json(o, self, o->fake != NULL ? &video : NULL);
    else
        print_text(self, o->fake != NULL ? &video : NULL);
    return BF_EXIT_YES;
}

const struct bf_command bf_cmd_swap_evaluate = {
    .name = "swap evaluate",
    .args = "FACES_A FACES_B",
    .summary = "measure a face-swap model, and a video made with it beside its source",
    .opts = options,
    .opts_size = sizeof(struct evaluate_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
