#include "cli/commands.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/subject.h"
#include "cli/swap_args.h"
#include "generator/face_extract.h"
#include "lib/base/text.h"

#include <inttypes.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-extract/1"

struct extract_opts {
    const char *out, *subject, *models, *order, *every, *size, *smallest, *track;
    bool crowd, keep_alike, json;
    int progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "DIR", offsetof(struct extract_opts, out),
     "the folder to make (required)"},
    {'s', "subject", BF_OPT_TEXT, "FILE", offsetof(struct extract_opts, subject),
     "the person's consent, or the data set's terms (required)"},
    {0, "track", BF_OPT_TEXT, "N", offsetof(struct extract_opts, track),
     "of a video with several people, the one with this number in 'bonafide faces'"},
    {0, "every", BF_OPT_TEXT, "N", offsetof(struct extract_opts, every),
     "take each N-th frame of a video (1)"},
    {0, "size", BF_OPT_TEXT, "PIXELS", offsetof(struct extract_opts, size),
     "side of the pictures (256)"},
    {0, "smallest", BF_OPT_TEXT, "PIXELS", offsetof(struct extract_opts, smallest),
     "leave out smaller faces (48)"},
    {0, "sort", BF_OPT_TEXT, "ORDER", offsetof(struct extract_opts, order),
     "found (the default), sharpness, pose or similarity"},
    {0, "keep-alike", BF_OPT_FLAG, NULL, offsetof(struct extract_opts, keep_alike),
     "keep faces that hardly differ"},
    {0, "crowd", BF_OPT_FLAG, NULL, offsetof(struct extract_opts, crowd),
     "keep everybody: faces of many people, to train a model that takes anyone"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct extract_opts, models),
     "the folder of the face networks"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct extract_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct extract_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

static void warn(void *ctx, const struct bf_error *why)
{
    (void)ctx;
    bf_cli_warn("%s", why->text);
}

static void print_text(const struct bf_extract_counts *c, const char *dir)
{
    char name[1024];

    bf_text_escape(name, sizeof name, dir, strlen(dir));
    printf("%zu faces in %s\n", c->n_kept, name);
    printf("  seen       %zu, in %" PRIu64 " frames of %zu files\n", c->n_seen, c->n_frames,
           c->n_files - c->n_bad_files);
    printf("  left out   %zu too small or blurred, %zu that hardly differ, %zu of other people\n",
           c->n_poor, c->n_alike, c->n_others);
    if (c->n_empty_files > 0)
        printf("  no face    in %zu files\n", c->n_empty_files);
    if (c->n_bad_files > 0)
        printf("  damaged    %zu files\n", c->n_bad_files);
}

static void print_json(const struct bf_extract_counts *c, const char *dir, const uint8_t *subject32)
{
    bf_cli_print_json(json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                                "schema", SCHEMA, "output", bf_cli_json_text(dir), "subject_sha256",
                                bf_cli_json_hex(subject32, 32), "files", (json_int_t)c->n_files,
                                "files_damaged", (json_int_t)c->n_bad_files, "files_without_face",
                                (json_int_t)c->n_empty_files, "frames", (json_int_t)c->n_frames,
                                "seen", (json_int_t)c->n_seen, "poor", (json_int_t)c->n_poor,
                                "alike", (json_int_t)c->n_alike, "others", (json_int_t)c->n_others,
                                "people", (json_int_t)c->n_people, "kept", (json_int_t)c->n_kept));
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct extract_opts *o = opts;
    struct bf_extract_options how = {
        .keep_alike = o->keep_alike, .crowd = o->crowd, .stop = bf_interrupted};
    char models[BF_PATH_MAX], subject[256];
    struct bf_extract_counts counts = {0};
    struct bf_cli_progress progress;
    struct bf_extract *x = NULL;
    struct bf_error err = {0};
    static const char *const orders[] = {"found", "sharpness", "pose", "similarity"};
    unsigned order = BF_EXTRACT_AS_FOUND;
    uint64_t track = 0, every = 0, size = 0, smallest = 0;
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;
    int i;

    if (o->out == NULL)
        return bf_cli_usage(cmd, "'swap extract' needs --output DIR");
    if (o->subject == NULL)
        return bf_cli_usage(cmd,
                            "'swap extract' needs --subject FILE: the person's consent, or the "
                            "terms of the data set");
    if (!bf_swap_arg_number(&every, o->every, 1, 100000))
        return bf_cli_usage(cmd, "--every is a number of frames from 1 to 100000");
    if (!bf_swap_arg_number(&size, o->size, 64, 1024) || size % 2 != 0)
        return bf_cli_usage(cmd, "--size is an even number of pixels from 64 to 1024");
    if (!bf_swap_arg_number(&smallest, o->smallest, 24, 4096))
        return bf_cli_usage(cmd, "--smallest is a number of pixels from 24 to 4096");
    if (!bf_swap_arg_number(&track, o->track, 1, 1000000))
        return bf_cli_usage(cmd, "--track is a number from 1");
    if (!bf_swap_arg_choice(&order, o->order, orders, sizeof orders / sizeof *orders))
        return bf_cli_usage(cmd, "--sort is found, sharpness, pose or similarity");
    rc = bf_subject_read(how.subject32, subject, sizeof subject, o->subject, &err);
    if (rc == BF_OK)
        rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
    how.models = models;
    how.subject = subject;
    how.order = (enum bf_extract_order)order;
    how.track = (uint32_t)track;
    how.every = (unsigned)every;
    how.size = (unsigned)size;
    how.smallest = (unsigned)smallest;
    if (rc == BF_OK)
        rc = bf_extract_create(&x, o->out, &how, &err);
    bf_interrupt_catch();
    for (i = 0; i < n_args && rc == BF_OK; i++) {
        bf_cli_progress_start(&progress, args[i], "s", 1e6, o->progress);
        rc = bf_extract_add(x, args[i], warn, NULL, &progress.sink, &err);
        bf_cli_progress_end(&progress);
    }
    if (rc == BF_OK) {
        rc = bf_extract_finish(x, &counts, &err);
        if (rc == BF_ERR_NOT_FOUND)
            answer = BF_EXIT_NO;
    }
    if (rc != BF_OK) {
        enum bf_exit failed = bf_cli_fail_json(o->json, SCHEMA, NULL, &err);

        answer = answer == BF_EXIT_NO ? answer : failed;
    } else if (o->json) {
        print_json(&counts, o->out, how.subject32);
    } else {
        print_text(&counts, o->out);
    }
    bf_extract_free(&x);
    return answer;
}

const struct bf_command bf_cmd_swap_extract = {
    .name = "swap extract",
    .args = "FILE...",
    .summary = "find one person's faces in videos and photographs, for training",
    .opts = options,
    .opts_size = sizeof(struct extract_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
