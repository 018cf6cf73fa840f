#include "cli/commands.h"
#include "cli/common.h"
#include "cli/fake_run.h"
#include "cli/interrupt.h"
#include "cli/subject.h"
#include "cli/swap_args.h"
#include "generator/fake_video.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-blend/1"

struct blend_opts {
    const char *out, *method, *donor, *mask, *key, *ledger, *title, *passphrase_file, *models;
    const char *seed, *strength, *track, *donor_track, *colour, *crf;
    struct bf_opt_list subjects;
    bool seamless, half, force, json;
    int sound, progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "OUT.mp4", offsetof(struct blend_opts, out),
     "the fake to write (required)"},
    {'m', "method", BF_OPT_TEXT, "NAME", offsetof(struct blend_opts, method),
     "self (the default), paste, mesh, mouth, eyes or warp"},
    {'d', "donor", BF_OPT_TEXT, "FACES|VIDEO", offsetof(struct blend_opts, donor),
     "of paste and mesh: whose face, as a face set, a video or a photograph"},
    {'s', "subject", BF_OPT_LIST, "FILE", offsetof(struct blend_opts, subjects),
     "a person's consent, or the data set's terms; for each one shown (required)"},
    {0, "mask", BF_OPT_TEXT, "OUT.mask.mp4", offsetof(struct blend_opts, mask),
     "write what was changed, as a grey video"},
    {0, "track", BF_OPT_TEXT, "N", offsetof(struct blend_opts, track),
     "change the face with this number in 'bonafide faces', not the largest"},
    {0, "donor-track", BF_OPT_TEXT, "N", offsetof(struct blend_opts, donor_track),
     "the same of the donor's video"},
    {0, "strength", BF_OPT_TEXT, "X", offsetof(struct blend_opts, strength),
     "how far the change goes, 0.05 to 1 (1)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct blend_opts, seed),
     "what chance decides follows from it (1)"},
    {0, "colour", BF_OPT_TEXT, "MODE", offsetof(struct blend_opts, colour),
     "of pastes: reinhard (the default), histogram or none"},
    {0, "seamless", BF_OPT_FLAG, NULL, offsetof(struct blend_opts, seamless),
     "of pastes: Poisson blending"},
    {0, "crf", BF_OPT_TEXT, "N", offsetof(struct blend_opts, crf),
     "quality of the coding, 1 to 51; less is better (20)"},
    {0, "half", BF_OPT_FLAG, NULL, offsetof(struct blend_opts, half), "write at half the size"},
    {0, "sound", BF_OPT_SWITCH, NULL, offsetof(struct blend_opts, sound),
     "keep the sound (the default), or leave it out"},
    {'k', "key", BF_OPT_TEXT, "FILE", offsetof(struct blend_opts, key),
     "the key that the fake is registered with (required)"},
    {'l', "ledger", BF_OPT_TEXT, "DIR", offsetof(struct blend_opts, ledger),
     "the ledger's folder; made where there is none"},
    {'t', "title", BF_OPT_TEXT, "TEXT", offsetof(struct blend_opts, title),
     "title in the record; default: the file's name"},
    {0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct blend_opts, passphrase_file),
     "read the key's passphrase from FILE's first line"},
    {0, "models", BF_OPT_TEXT, "DIR", offsetof(struct blend_opts, models),
     "the folder of the face networks"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct blend_opts, force), "replace what is there"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct blend_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct blend_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

/* What the options say, read. */
struct blend {
    const struct blend_opts *o;
    struct bf_fake_video_options how;
    uint8_t subjects32[BF_OPT_LIST_MAX][32];
    uint64_t crf;
    bool begun; /* what is not found from now on is a face */
    struct bf_fake_desk desk;
    struct bf_face_reader *reader;
    struct bf_fake_video *video;
};

static enum bf_err begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    struct blend *b = ctx;

    return bf_fake_video_create(&b->video, b->reader, info, &b->how, NULL, err);
}

static enum bf_err change(void *ctx, struct bf_canvas *canvas, uint8_t *truth,
                          const struct bf_frame *frame, struct bf_error *err)
{
    struct blend *b = ctx;

    return bf_fake_video_frame(b->video, canvas, truth, frame, err);
}

/* Whether path is the video, the donor or a statement: whatever --force allows, these stay. */
static bool is_input(const struct blend_opts *o, const char *path, char **args)
{
    size_t i;

    if (bf_cli_is_one_of(path, 1, args) || (o->donor != NULL && bf_cli_same_file(path, o->donor)))
        return true;
    for (i = 0; i < o->subjects.n; i++)
        if (bf_cli_same_file(path, o->subjects.item[i]))
            return true;
    return false;
}

static enum bf_exit read_options(const struct bf_command *cmd, struct blend *b, char **args)
{
    const struct blend_opts *o = b->o;
    uint64_t track = 0, donor_track = 0;

    b->how.method = bf_fake_method_find(o->method != NULL ? o->method : "self");
    b->how.path = args[0];
    b->how.donor = o->donor;
    b->how.seamless = o->seamless;
    b->how.seed = 1;
    b->how.colour = BF_COLOUR_REINHARD;
    if (o->out == NULL)
        return bf_cli_usage(cmd, "'swap blend' needs --output OUT.mp4");
    if (b->how.method == NULL)
        return bf_cli_usage(cmd, "--method is self, paste, mesh, mouth, eyes or warp");
    if ((b->how.method->need == BF_FAKE_DONOR) != (o->donor != NULL))
        return bf_cli_usage(cmd,
                            o->donor != NULL ? "--method %s takes no --donor"
                                             : "--method %s needs --donor FACES|VIDEO",
                            b->how.method->name);
    if (o->key == NULL)
        return bf_cli_usage(cmd, "'swap blend' needs --key FILE: what it writes is registered");
    if (o->subjects.n == 0)
        return bf_cli_usage(cmd, "'swap blend' needs --subject FILE: the person's consent, or the "
                                 "terms of the data set");
    if (o->donor != NULL && o->subjects.n < 2)
        return bf_cli_usage(cmd, "with --donor there are two people: give --subject for each");
    if (is_input(o, o->out, args) || is_input(o, o->mask, args))
        return bf_cli_usage(cmd, "the fake does not replace what it is made of");
    if (o->mask != NULL && bf_cli_same_name(o->mask, o->out))
        return bf_cli_usage(cmd, "--mask and --output are one file");
    b->how.strength = 1;
    if (!bf_swap_arg_strength(&b->how.strength, o->strength))
        return bf_cli_usage(cmd, "--strength is a number from 0.05 to 1");
    if (!bf_swap_arg_number(&b->how.seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a whole number");
    if (!bf_swap_arg_number(&track, o->track, 1, 1000000))
        return bf_cli_usage(cmd, "--track is a number from 1");
    if (!bf_swap_arg_number(&donor_track, o->donor_track, 1, 1000000))
        return bf_cli_usage(cmd, "--donor-track is a number from 1");
    if (!bf_swap_arg_colour(&b->how.colour, o->colour))
        return bf_cli_usage(cmd, "--colour is reinhard, histogram or none");
    if (!bf_swap_arg_number(&b->crf, o->crf, 1, 51))
        return bf_cli_usage(cmd, "--crf is a number from 1 to 51");
    b->how.track = (uint32_t)track;
    b->how.donor_track = (uint32_t)donor_track;
    return BF_EXIT_YES;
}

static void print_json(const struct blend *b, const struct bf_fake_job_done *d)
{
    bf_cli_print_json(json_pack(
        "{s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:f, s:I, s:I, s:I, s:f, s:i, s:i, s:o}", "schema",
        SCHEMA, "file", bf_cli_json_text(b->how.path), "output", bf_cli_json_text(b->o->out),
        "mask", b->o->mask != NULL ? bf_cli_json_text(b->o->mask) : json_null(), "method",
        b->how.method->name, "family", b->how.method->family, "seed", (json_int_t)b->how.seed,
        "strength", (double)(int)(b->how.strength * 100 + 0.5f) / 100, "frames",
        (json_int_t)d->n_frames, "frames_changed", (json_int_t)d->n_changed, "frames_passed",
        (json_int_t)(d->n_frames - d->n_changed), "changed",
        (double)(int)(d->changed * 100000 + 0.5) / 100000, "width", (int)d->width, "height",
        (int)d->height, "record", bf_cli_json_record(&d->record, d->record_hash32)));
}

static void print_text(const struct blend *b, const struct bf_fake_job_done *d)
{
    char out[1024], in[1024], mask[1024];

    bf_text_escape(out, sizeof out, b->o->out, strlen(b->o->out));
    bf_text_escape(in, sizeof in, b->how.path, strlen(b->how.path));
    printf("%s: a synthetic video, made of %s\n", out, in);
    printf("  method     %s: %s\n", b->how.method->name, b->how.method->summary);
    printf("  frames     %" PRIu64 " changed, %" PRIu64
           " passed as they were, the face not there\n",
           d->n_changed, d->n_frames - d->n_changed);
    printf("  changed    %.1f %% of the picture\n", 100 * d->changed);
    if (b->o->mask != NULL) {
        bf_text_escape(mask, sizeof mask, b->o->mask, strlen(b->o->mask));
        printf("  mask       %s\n", mask);
    }
    bf_cli_print_record(&d->record, d->record_hash32);
}

static enum bf_err blend(struct blend *b, struct bf_fake_job_done *done, struct bf_error *err)
{
    const struct blend_opts *o = b->o;
    struct bf_fake_how how = {.desk = &b->desk,
                              .title = o->title,
                              .subjects = (const uint8_t(*)[32])b->subjects32,
                              .n_subjects = o->subjects.n,
                              .sound_path = o->sound != 0 ? b->how.path : NULL,
                              .force = o->force,
                              .crf = (double)b->crf,
                              .progress = o->progress};
    struct bf_fake_job job = {.path = b->how.path,
                              .out = o->out,
                              .mask = o->mask,
                              .half = o->half,
                              .force = o->force,
                              .stop = bf_interrupted,
                              .begin = begin,
                              .frame = change,
                              .ctx = b,
                              .how = &how};
    struct bf_cli_progress progress;
    char models[BF_PATH_MAX], name[256], method[BF_METHOD_MAX + 1];
    enum bf_err rc = bf_cli_models_dir(models, sizeof models, o->models, err);
    size_t i;

    snprintf(method, sizeof method, "blend %s", b->how.method->name);
    how.method = method;
    for (i = 0; rc == BF_OK && i < o->subjects.n; i++)
        rc = bf_subject_read(b->subjects32[i], name, sizeof name, o->subjects.item[i], err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&b->reader, models, NULL, err);
    if (rc == BF_OK)
        rc = bf_fake_desk_open(&b->desk, o->ledger, o->key, o->passphrase_file, err);
    if (rc != BF_OK)
        return rc;
    b->begun = true;
    bf_cli_progress_start(&progress, b->how.path, "s", 1e6, o->progress);
    rc = bf_fake_run(done, &job, &progress.sink, err);
    bf_cli_progress_end(&progress);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    struct bf_fake_job_done done = {0};
    struct blend b = {.o = opts};
    struct bf_error err = {0};
    enum bf_exit answer = read_options(cmd, &b, args);
    enum bf_err rc;

    (void)n_args;
    if (answer != BF_EXIT_YES)
        return answer;
    bf_interrupt_catch();
    rc = blend(&b, &done, &err);
    if (rc != BF_OK) {
        answer = bf_cli_fail_json(b.o->json, SCHEMA, args[0], &err);
        /* That there is no face is an answer. */
        if (rc == BF_ERR_NOT_FOUND && b.begun)
            answer = BF_EXIT_NO;
    } else if (b.o->json) {
        print_json(&b, &done);
    } else {
        print_text(&b, &done);
    }
    bf_fake_desk_close(&b.desk);
    bf_fake_video_free(&b.video);
    bf_face_reader_free(&b.reader);
    return answer;
}

const struct bf_command bf_cmd_swap_blend = {
    .name = "swap blend",
    .args = "IN.mp4",
    .summary = "make a labelled fake without a trained model, with the mask of what it changed",
    .opts = options,
    .opts_size = sizeof(struct blend_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
