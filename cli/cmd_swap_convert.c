#include "cli/commands.h"
#include "cli/common.h"
#include "cli/fake_run.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "generator/swap_convert.h"
#include "lib/base/text.h"

#include <inttypes.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-convert/1"

struct convert_opts {
    const char *out, *model, *to, *key, *passphrase_file, *ledger, *title, *models;
    const char *track, *colour, *mask, *blend, *sharpen, *crf, *truth;
    bool force, json;
    int progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "OUT.mp4", offsetof(struct convert_opts, out),
     "the video to write, labelled as synthetic (required)"},
    {'m', "model", BF_OPT_TEXT, "DIR", offsetof(struct convert_opts, model),
     "the model's folder (required)"},
    {0, "to", BF_OPT_TEXT, "a|b", offsetof(struct convert_opts, to),
     "whose face is put into the video (b)"},
    {'k', "key", BF_OPT_TEXT, "FILE", offsetof(struct convert_opts, key),
     "the key that signs the record of the fake (required)"},
    {'l', "ledger", BF_OPT_TEXT, "DIR", offsetof(struct convert_opts, ledger),
     "the ledger on which it is recorded as synthetic; made where there is none"},
    {'t', "title", BF_OPT_TEXT, "TEXT", offsetof(struct convert_opts, title),
     "title in the record; default: from the file's name"},
    {0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct convert_opts, passphrase_file),
     "read the key's passphrase from FILE's first line"},
    {0, "track", BF_OPT_TEXT, "N", offsetof(struct convert_opts, track),
     "the face to replace, by its number in 'bonafide faces'; default: the largest"},
    {0, "colour", BF_OPT_TEXT, "MODE", offsetof(struct convert_opts, colour),
     "reinhard (the default), histogram or none"},
    {0, "mask", BF_OPT_TEXT, "KIND", offsetof(struct convert_opts, mask),
     "hull, learned or both (the default)"},
    {0, "blend", BF_OPT_TEXT, "KIND", offsetof(struct convert_opts, blend),
     "feather (the default) or seamless"},
    {0, "sharpen", BF_OPT_TEXT, "PERCENT", offsetof(struct convert_opts, sharpen),
     "of the face, 0 to 200 (40)"},
    {0, "crf", BF_OPT_TEXT, "N", offsetof(struct convert_opts, crf),
     "quality of the video, 1 best to 51 (18)"},
    {0, "truth", BF_OPT_TEXT, "TRUTH.mp4", offsetof(struct convert_opts, truth),
     "write how much of each pixel was replaced, as a grey video"},
    {0, "models", BF_OPT_TEXT, "DIR", offsetof(struct convert_opts, models),
     "the folder of the face networks"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct convert_opts, force),
     "replace OUT.mp4, its proof and its digest"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct convert_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct convert_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

static enum bf_err begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    (void)err;
    bf_convert_restart(ctx, info);
    return BF_OK;
}

static enum bf_err change(void *ctx, struct bf_canvas *canvas, uint8_t *truth,
                          const struct bf_frame *frame, struct bf_error *err)
{
    return bf_convert_frame(ctx, canvas, truth, frame, err);
}

static void print_answer(const struct convert_opts *o, const char *in,
                         const struct bf_fake_job_done *done)
{
    char name[1024];

    if (o->json) {
        bf_cli_print_json(json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "schema", SCHEMA, "file",
                                    bf_cli_json_text(in), "output", bf_cli_json_text(o->out),
                                    "frames", (json_int_t)done->n_frames, "frames_changed",
                                    (json_int_t)done->n_changed, "record",
                                    bf_cli_json_record(&done->record, done->record_hash32)));
        return;
    }
    bf_text_escape(name, sizeof name, o->out, strlen(o->out));
    printf("wrote %s, a fake: marked, labelled and registered as synthetic\n", name);
    printf("  frames     %" PRIu64 ", the face replaced in %" PRIu64 " of them\n", done->n_frames,
           done->n_changed);
}

static bool read_how(struct bf_convert_options *how, const struct convert_opts *o,
                     const struct bf_command *cmd)
{
    static const char *const masks[] = {"hull", "learned", "both"};
    static const char *const blends[] = {"feather", "seamless"};
    unsigned mask = BF_CONVERT_BOTH, blend = 0;
    uint64_t track = 0, sharpen = 40;

    *how = bf_convert_usual();
    if (!bf_swap_arg_who(&how->to, o->to))
        bf_cli_usage(cmd, "--to is a or b");
    else if (!bf_swap_arg_number(&track, o->track, 1, 1000000))
        bf_cli_usage(cmd, "--track is a number from 1");
    else if (!bf_swap_arg_colour(&how->colour, o->colour))
        bf_cli_usage(cmd, "--colour is reinhard, histogram or none");
    else if (!bf_swap_arg_choice(&mask, o->mask, masks, 3))
        bf_cli_usage(cmd, "--mask is both, hull or learned");
    else if (!bf_swap_arg_choice(&blend, o->blend, blends, 2))
        bf_cli_usage(cmd, "--blend is feather or seamless");
    else if (!bf_swap_arg_number(&sharpen, o->sharpen, 0, 200))
        bf_cli_usage(cmd, "--sharpen is a number from 0 to 200");
    else {
        how->track = (uint32_t)track;
        how->mask = (enum bf_convert_mask)mask;
        how->seamless = blend == 1;
        how->sharpen = (float)sharpen / 100;
        return true;
    }
    return false;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct convert_opts *o = opts;
    struct bf_convert_options how;
    struct bf_fake_desk desk = {0};
    struct bf_fake_how fake = {.desk = &desk,
                               .title = o->title,
                               .method = "swap",
                               .sound_path = args[0],
                               .force = o->force,
                               .progress = o->progress};
    struct bf_fake_job job = {.path = args[0],
                              .out = o->out,
                              .mask = o->truth,
                              .force = o->force,
                              .stop = bf_interrupted,
                              .begin = begin,
                              .frame = change,
                              .how = &fake};
    struct bf_convert *convert = NULL;
    struct bf_cli_progress progress;
    struct bf_fake_job_done done;
    char models[BF_PATH_MAX];
    struct bf_error err = {0};
    enum bf_exit answer = BF_EXIT_YES;
    uint64_t crf = 18;
    enum bf_err rc;

    if (o->model == NULL || o->out == NULL || o->key == NULL)
        return bf_cli_usage(cmd,
                            "'swap convert' needs --model DIR, --output OUT.mp4 and --key FILE");
    if (bf_cli_is_one_of(o->out, n_args, args) || bf_cli_is_one_of(o->truth, n_args, args))
        return bf_cli_usage(cmd, "--output and --truth do not replace the input");
    if (!read_how(&how, o, cmd))
        return BF_EXIT_FAILED;
    if (!bf_swap_arg_number(&crf, o->crf, 1, 51))
        return bf_cli_usage(cmd, "--crf is a number from 1 to 51");
    fake.crf = (double)crf;
    rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
    how.models = models;
    bf_interrupt_catch();
    if (rc == BF_OK)
        rc = bf_convert_create(&convert, o->model, &how, &err);
    if (rc == BF_OK)
        rc = bf_fake_desk_open(&desk, o->ledger, o->key, o->passphrase_file, &err);
    if (rc != BF_OK) {
        bf_convert_free(&convert);
        return bf_cli_fail_json(o->json, SCHEMA, args[0], &err);
    }
    fake.subjects = bf_convert_about(convert)->subject32;
    fake.n_subjects = 2;
    job.ctx = convert;
    bf_cli_progress_start(&progress, args[0], "s", 1e6, o->progress);
    rc = bf_fake_run(&done, &job, &progress.sink, &err);
    bf_cli_progress_end(&progress);
    if (rc != BF_OK && done.no_face) {
        /* Looked, and there is no such face. */
        bf_error_set(&err, rc,
                     o->track != NULL ? "'%s' has no face of that track"
                                      : "there is no face in '%s'",
                     args[0]);
        bf_cli_fail_json(o->json, SCHEMA, args[0], &err);
        answer = BF_EXIT_NO;
    } else if (rc != BF_OK) {
        answer = bf_cli_fail_json(o->json, SCHEMA, args[0], &err);
    } else {
        print_answer(o, args[0], &done);
    }
    bf_fake_desk_close(&desk);
    bf_convert_free(&convert);
    return answer;
}

const struct bf_command bf_cmd_swap_convert = {
    .name = "swap convert",
    .args = "IN.mp4",
    .summary = "put a trained model's face into a video, labelled and registered as synthetic",
    .opts = options,
    .opts_size = sizeof(struct convert_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
