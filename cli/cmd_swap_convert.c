#include "cli/commands.h"
#include "cli/common.h"
#include "cli/fake_out.h"
#include "cli/interrupt.h"
#include "cli/swap_args.h"
#include "generator/swap_convert.h"
#include "lib/base/text.h"

#include <inttypes.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-convert/1"

struct convert_opts {
    const char *out, *model, *to, *key, *passphrase_file, *ledger, *title, *models;
    const char *track, *colour, *mask, *blend, *sharpen, *crf;
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
    {0, "models", BF_OPT_TEXT, "DIR", offsetof(struct convert_opts, models),
     "the folder of the face networks"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct convert_opts, force),
     "replace OUT.mp4, its proof and its digest"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct convert_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct convert_opts, progress),
     "show progress, or never"},
    {0},
};

/* The place of text among names; text NULL is the first. -1 where it is none of them. */
static int one_of(const char *text, const char *const *names, int n)
{
    int i;

    for (i = 0; i < n; i++)
        if (text == NULL || strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

struct job {
    const struct convert_opts *opts;
    const char *in;
    struct bf_convert *convert;
    struct bf_video *video;
    struct bf_canvas *canvas;
    struct bf_fake_out *out;
};

static enum bf_err run_frames(struct job *j, struct bf_error *err)
{
    const struct bf_video_info *info = bf_video_info(j->video);
    const struct bf_frame *frame = NULL;
    struct bf_cli_progress progress;
    enum bf_err rc = BF_OK;

    bf_convert_restart(j->convert, info);
    bf_cli_progress_start(&progress, j->in, "s", 1e6, j->opts->progress);
    while (rc == BF_OK) {
        rc = bf_video_next(j->video, &frame, err);
        if (rc != BF_OK || frame == NULL)
            break;
        if (bf_interrupted(NULL))
            rc = bf_error_set(err, BF_ERR_IO, "stopped; nothing was written");
        if (rc == BF_OK)
            rc = bf_canvas_take(j->canvas, frame, err);
        if (rc == BF_OK)
            rc = bf_convert_frame(j->convert, j->canvas, NULL, frame, err);
        if (rc == BF_OK)
            rc = bf_fake_out_add(j->out, j->canvas, frame->pts_us, err);
        bf_progress_step(&progress.sink, (uint64_t)frame->pts_us, (uint64_t)info->duration_us);
    }
    bf_cli_progress_end(&progress);
    return rc;
}

static enum bf_err run_job(struct job *j, const struct bf_convert_options *how,
                           struct bf_fake_how *fake, struct bf_error *err)
{
    enum bf_err rc = bf_convert_create(&j->convert, j->opts->model, how, err);

    if (rc == BF_OK)
        rc = bf_video_open(&j->video, j->in, err);
    if (rc == BF_OK)
        rc = bf_canvas_create(&j->canvas, bf_video_info(j->video), err);
    if (rc == BF_OK) {
        fake->subjects = bf_convert_about(j->convert)->subject32;
        fake->n_subjects = 2;
        rc = bf_fake_out_open(&j->out, j->opts->out, bf_video_info(j->video), fake, err);
    }
    if (rc == BF_OK)
        rc = run_frames(j, err);
    if (rc == BF_OK && bf_convert_counts(j->convert).n_changed == 0)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND,
                          j->opts->track != NULL ? "'%s' has no face of that track"
                                                 : "there is no face in '%s'",
                          j->in);
    if (rc == BF_OK)
        rc = bf_fake_out_commit(j->out, bf_video_end_us(j->video), err);
    return rc;
}

static void release_job(struct job *j)
{
    bf_fake_out_close(&j->out);
    bf_canvas_free(&j->canvas);
    bf_video_close(&j->video);
    bf_convert_free(&j->convert);
}

static void print_answer(const struct job *j, bool json)
{
    struct bf_convert_counts c = bf_convert_counts(j->convert);
    char name[1024];

    if (json) {
        bf_cli_print_json(
            json_pack("{s:s, s:o, s:o, s:I, s:I}", "schema", SCHEMA, "file",
                      bf_cli_json_text(j->in), "output", bf_cli_json_text(j->opts->out), "frames",
                      (json_int_t)c.n_frames, "frames_changed", (json_int_t)c.n_changed));
        return;
    }
    bf_text_escape(name, sizeof name, j->opts->out, strlen(j->opts->out));
    printf("wrote %s, a fake: marked, labelled and registered as synthetic\n", name);
    printf("  frames     %" PRIu64 ", the face replaced in %" PRIu64 " of them\n", c.n_frames,
           c.n_changed);
}

static bool read_how(struct bf_convert_options *how, const struct convert_opts *o,
                     const struct bf_command *cmd)
{
    static const char *const colours[] = {"reinhard", "histogram", "none"};
    static const char *const masks[] = {"both", "hull", "learned"};
    static const char *const blends[] = {"feather", "seamless"};
    static const enum bf_colour_mode colour_of[] = {BF_COLOUR_REINHARD, BF_COLOUR_HISTOGRAM,
                                                    BF_COLOUR_NONE};
    static const enum bf_convert_mask mask_of[] = {BF_CONVERT_BOTH, BF_CONVERT_HULL,
                                                   BF_CONVERT_LEARNED};
    int colour = one_of(o->colour, colours, 3), mask = one_of(o->mask, masks, 3);
    int blend = one_of(o->blend, blends, 2);
    uint64_t track = 0, sharpen = 40;

    *how = bf_convert_usual();
    if (!bf_swap_arg_who(&how->to, o->to))
        bf_cli_usage(cmd, "--to is a or b");
    else if (!bf_swap_arg_number(&track, o->track, 1, 1000000))
        bf_cli_usage(cmd, "--track is a number from 1");
    else if (colour < 0)
        bf_cli_usage(cmd, "--colour is reinhard, histogram or none");
    else if (mask < 0)
        bf_cli_usage(cmd, "--mask is both, hull or learned");
    else if (blend < 0)
        bf_cli_usage(cmd, "--blend is feather or seamless");
    else if (!bf_swap_arg_number(&sharpen, o->sharpen, 0, 200))
        bf_cli_usage(cmd, "--sharpen is a number from 0 to 200");
    else {
        how->track = (uint32_t)track;
        how->colour = colour_of[colour];
        how->mask = mask_of[mask];
        how->seamless = blend == 1;
        how->sharpen = (float)sharpen / 100;
        return true;
    }
    return false;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct convert_opts *o = opts;
    struct job j = {.opts = o, .in = args[0]};
    struct bf_convert_options how;
    struct bf_fake_how fake = {.ledger = o->ledger,
                               .key = o->key,
                               .passphrase_file = o->passphrase_file,
                               .title = o->title,
                               .method = "swap",
                               .composite = true,
                               .sound_path = args[0],
                               .force = o->force,
                               .progress = o->progress};
    char models[BF_PATH_MAX];
    struct bf_error err = {0};
    enum bf_exit answer = BF_EXIT_YES;
    uint64_t crf = 18;
    enum bf_err rc;

    if (o->model == NULL || o->out == NULL || o->key == NULL)
        return bf_cli_usage(cmd,
                            "'swap convert' needs --model DIR, --output OUT.mp4 and --key FILE");
    if (bf_cli_is_one_of(o->out, n_args, args))
        return bf_cli_usage(cmd, "--output does not replace the input");
    if (!read_how(&how, o, cmd))
        return BF_EXIT_FAILED;
    if (!bf_swap_arg_number(&crf, o->crf, 1, 51))
        return bf_cli_usage(cmd, "--crf is a number from 1 to 51");
    fake.crf = (double)crf;
    rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
    how.models = models;
    bf_interrupt_catch();
    if (rc == BF_OK)
        rc = run_job(&j, &how, &fake, &err);
    if (rc != BF_OK) {
        answer = bf_cli_fail_json(o->json, SCHEMA, args[0], &err);
        if (j.convert != NULL && rc == BF_ERR_NOT_FOUND)
            answer = BF_EXIT_NO; /* looked, and there is no such face */
    } else {
        print_answer(&j, o->json);
    }
    release_job(&j);
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
