#include "cli/commands.h"
#include "cli/common.h"
#include "cli/dataset_labels.h"
#include "cli/interrupt.h"
#include "cli/subject.h"
#include "generator/fake_video.h"
#include "generator/swap_convert.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define SCHEMA "bonafide.swap-dataset/1"

struct dataset_opts {
    const char *out, *key, *ledger, *passphrase_file, *models;
    bool dry, json;
    int sound, progress;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "DIR", offsetof(struct dataset_opts, out),
     "the folder of the set; one that is there is gone on with (required)"},
    {'k', "key", BF_OPT_TEXT, "FILE", offsetof(struct dataset_opts, key),
     "the key that the fakes are registered with (required)"},
    {'l', "ledger", BF_OPT_TEXT, "DIR", offsetof(struct dataset_opts, ledger),
     "the ledger's folder; made where there is none"},
    {0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct dataset_opts, passphrase_file),
     "read the key's passphrase from FILE's first line"},
    {0, "models", BF_OPT_TEXT, "DIR", offsetof(struct dataset_opts, models),
     "the folder of the face networks"},
    {0, "sound", BF_OPT_SWITCH, NULL, offsetof(struct dataset_opts, sound),
     "keep the sound, or leave it out (the default)"},
    {'n', "dry-run", BF_OPT_FLAG, NULL, offsetof(struct dataset_opts, dry),
     "list what would be made, and make nothing"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct dataset_opts, json), "print one JSON object"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct dataset_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

struct set {
    const struct dataset_opts *o;
    struct bf_plan plan;
    struct bf_plan_items items;
    struct bf_labels *labels;
    struct bf_face_reader *reader;
    struct bf_convert *converter[BF_PLAN_METHODS_MAX]; /* of the plan's rows with a trained model */
    struct bf_fake_desk desk;
    char models[BF_PATH_MAX];
    uint8_t (*subject32)[32]; /* (n_videos) */
    uint64_t n_made, n_kept, n_failed, n_no_face;
};

/* --- the ways of making an item ------------------------------------------------------------------
 */

/* One item on its way. */
struct making {
    struct set *set;
    const struct bf_plan_item *item;
    struct bf_fake_video *video; /* of a method of the generator's own */
};

/* Of an item of a trained model. */
static struct bf_convert *converter_of(const struct set *s, const struct bf_plan_item *item)
{
    return s->converter[item->method - s->plan.method];
}

static enum bf_err blend_begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    struct making *m = ctx;
    const struct bf_plan_item *item = m->item;
    const struct bf_plan_video *v = &m->set->plan.video[item->video],
                               *donor = item->donor != SIZE_MAX ? &m->set->plan.video[item->donor]
                                                                : NULL;
    struct bf_fake_video_options how = {.method = item->method->method,
                                        .path = v->path,
                                        .track = v->track,
                                        .donor = donor != NULL ? donor->path : NULL,
                                        .donor_track = donor != NULL ? donor->track : 0,
                                        .seed = item->seed,
                                        .strength = item->strength,
                                        .seamless = item->seamless,
                                        .colour = item->colour};

    return bf_fake_video_create(&m->video, m->set->reader, info, &how, NULL, err);
}

static enum bf_err blend_frame(void *ctx, struct bf_canvas *canvas, uint8_t *truth,
                               const struct bf_frame *frame, struct bf_error *err)
{
    struct making *m = ctx;

    return bf_fake_video_frame(m->video, canvas, truth, frame, err);
}

static enum bf_err swap_begin(void *ctx, const struct bf_video_info *info, struct bf_error *err)
{
    const struct making *m = ctx;
    const struct bf_plan_item *item = m->item;
    struct bf_convert *c = converter_of(m->set, item);

    (void)err;
    bf_convert_vary(c, m->set->plan.video[item->video].track, item->colour, item->seamless,
                    bf_convert_usual().sharpen);
    bf_convert_restart(c, info);
    return BF_OK;
}

static enum bf_err swap_frame(void *ctx, struct bf_canvas *canvas, uint8_t *truth,
                              const struct bf_frame *frame, struct bf_error *err)
{
    struct making *m = ctx;

    return bf_convert_frame(converter_of(m->set, m->item), canvas, truth, frame, err);
}

/* Whose statements the record holds: the person in the video, and who lends a face. Returns how
 * many. */
static size_t statements(uint8_t (*out)[32], const struct set *s, const struct bf_plan_item *item)
{
    size_t n = 1;

    memcpy(out[0], s->subject32[item->video], 32);
    if (item->donor != SIZE_MAX)
        memcpy(out[n++], s->subject32[item->donor], 32);
    if (item->method->method == NULL)
        memcpy(out[n++],
               bf_convert_about(converter_of(s, item))
                   ->subject32[item->method->to_a ? BF_SWAP_A : BF_SWAP_B],
               32);
    return n;
}

/* --- the set
 * --------------------------------------------------------------------------------------- */

static enum bf_err make_folder(const char *path, struct bf_error *err)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST
               ? BF_OK
               : bf_error_errno(err, "cannot make the folder '%s'", path);
}

/* DIR/fake/self/... : the folders of a file below dir, which is there. */
static enum bf_err make_folders(const char *dir, const char *file, struct bf_error *err)
{
    char path[BF_PATH_MAX + BF_PLAN_NAME_MAX];
    const char *slash = file;
    enum bf_err rc = BF_OK;

    while (rc == BF_OK && (slash = strchr(slash, '/')) != NULL) {
        snprintf(path, sizeof path, "%s/%.*s", dir, (int)(slash - file), file);
        rc = make_folder(path, err);
        slash++;
    }
    return rc;
}

static enum bf_err make_item(struct bf_fake_job_done *done, struct set *s,
                             const struct bf_plan_item *item, struct bf_error *err)
{
    const struct bf_plan_video *v = &s->plan.video[item->video];
    struct making m = {.set = s, .item = item};
    char out[BF_PATH_MAX + BF_PLAN_NAME_MAX], mask[BF_PATH_MAX + BF_PLAN_NAME_MAX],
        method[BF_METHOD_MAX + 1];
    const char *sound = s->o->sound == 1 ? v->path : NULL;
    uint8_t subjects[3][32];
    struct bf_fake_how how = {.desk = &s->desk,
                              .method = method,
                              .subjects = (const uint8_t(*)[32])subjects,
                              .sound_path = sound,
                              .force = true,
                              .crf = item->crf};
    struct bf_fake_job job = {.path = v->path,
                              .out = out,
                              .sound = sound,
                              .crf = item->crf,
                              .half = item->half,
                              .force = true,
                              .stop = bf_interrupted};
    enum bf_err rc = make_folders(s->o->out, item->file, err);

    snprintf(out, sizeof out, "%s/%s", s->o->out, item->file);
    snprintf(mask, sizeof mask, "%s/%s", s->o->out, item->mask);
    if (item->method != NULL) {
        bool own = item->method->method != NULL;

        snprintf(method, sizeof method, "%s%s", own ? "blend " : "", item->method->name);
        job.mask = mask;
        job.begin = own ? blend_begin : swap_begin;
        job.frame = own ? blend_frame : swap_frame;
        job.ctx = &m;
        job.how = &how;
        if (rc == BF_OK)
            rc = make_folders(s->o->out, item->mask, err);
        how.n_subjects = statements(subjects, s, item);
    }
    if (rc == BF_OK)
        rc = bf_fake_run(done, &job, NULL, err);
    if (rc == BF_OK)
        rc = bf_labels_add(s->labels, &s->plan, item, done, err);
    bf_fake_video_free(&m.video);
    return rc;
}

static enum bf_err make_all(struct set *s, struct bf_error *err)
{
    struct bf_cli_progress progress;
    struct bf_fake_job_done done;
    enum bf_err rc = BF_OK;
    size_t i;

    bf_cli_progress_start(&progress, s->o->out, "videos", 1, s->o->progress);
    for (i = 0; i < s->items.n && !bf_interrupted(NULL); i++) {
        bf_progress_step(&progress.sink, i, s->items.n);
        if (bf_labels_has(s->labels, &s->plan, &s->items.item[i])) {
            s->n_kept++;
            continue;
        }
        rc = make_item(&done, s, &s->items.item[i], err);
        if (rc == BF_OK) {
            s->n_made++;
            continue;
        }
        if (bf_interrupted(NULL) || (rc != BF_ERR_NOT_FOUND && rc != BF_ERR_FORMAT))
            break;
        /* One video without a face, or damaged, is no reason to lose the others. */
        bf_cli_progress_end(&progress);
        bf_cli_warn("left out '%s': %s", s->items.item[i].file, err->text);
        s->n_no_face += rc == BF_ERR_NOT_FOUND;
        s->n_failed += rc != BF_ERR_NOT_FOUND;
        rc = BF_OK;
    }
    bf_cli_progress_end(&progress);
    if (rc == BF_OK && bf_interrupted(NULL))
        rc = bf_error_set(err, BF_ERR_USAGE, "stopped; the same command goes on");
    return rc;
}

static enum bf_err read_plan(struct set *s, const char *path, struct bf_error *err)
{
    char folder[BF_PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct bf_buf text = {0};
    enum bf_err rc = bf_file_read(&text, path, BF_PLAN_BYTES_MAX, err);

    if (rc == BF_OK && (size_t)snprintf(folder, sizeof folder, "%.*s",
                                        slash != NULL ? (int)(slash - path + (slash == path)) : 0,
                                        path) >= sizeof folder)
        rc = bf_error_set(err, BF_ERR_LIMIT, "the plan's path is too long");
    if (rc == BF_OK)
        rc = bf_plan_parse(&s->plan, text.data, text.len, folder, path, err);
    if (rc == BF_OK)
        rc = bf_plan_expand(&s->items, &s->plan, err);
    bf_buf_release(&text);
    return rc;
}

/* All statements are read before anything is made. */
static enum bf_err read_statements(struct set *s, struct bf_error *err)
{
    char name[256];
    enum bf_err rc = BF_OK;
    size_t i;

    s->subject32 = calloc(s->plan.n_videos, sizeof *s->subject32);
    if (s->subject32 == NULL)
        return bf_error_nomem(err);
    for (i = 0; rc == BF_OK && i < s->plan.n_videos; i++)
        rc = bf_subject_read(s->subject32[i], name, sizeof name, s->plan.video[i].subject, err);
    return rc;
}

static void list(const struct set *s)
{
    json_t *items = json_array();
    char person[1024];
    size_t i;

    for (i = 0; i < s->items.n; i++) {
        const struct bf_plan_item *item = &s->items.item[i];
        const struct bf_plan_video *v = &s->plan.video[item->video];

        bf_text_escape(person, sizeof person, v->person, strlen(v->person));
        if (s->o->json)
            json_array_append_new(items, json_pack("{s:s, s:s, s:o}", "file", item->file, "split",
                                                   bf_split_names[v->split], "person",
                                                   bf_cli_json_text(v->person)));
        else
            printf("%s\t%s\t%s\n", item->file, bf_split_names[v->split], person);
    }
    if (s->o->json)
        bf_cli_print_json(json_pack("{s:s, s:O}", "schema", SCHEMA, "items", items));
    json_decref(items);
}

static void print_answer(const struct set *s)
{
    size_t split[BF_SPLITS][2] = {{0}}, i;
    char dir[1024];

    for (i = 0; i < s->items.n; i++)
        if (bf_labels_has(s->labels, &s->plan, &s->items.item[i]))
            split[s->plan.video[s->items.item[i].video].split][s->items.item[i].method != NULL]++;
    if (s->o->json) {
        json_t *splits = json_object();

        for (i = 0; i < BF_SPLITS; i++)
            json_object_set_new(splits, bf_split_names[i],
                                json_pack("{s:I, s:I}", "real", (json_int_t)split[i][0], "fake",
                                          (json_int_t)split[i][1]));
        bf_cli_print_json(json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "schema", SCHEMA,
                                    "output", bf_cli_json_text(s->o->out), "made",
                                    (json_int_t)s->n_made, "kept", (json_int_t)s->n_kept,
                                    "without_face", (json_int_t)s->n_no_face, "without_donor",
                                    (json_int_t)s->items.n_without_donor, "failed",
                                    (json_int_t)s->n_failed, "splits", splits));
        return;
    }
    bf_text_escape(dir, sizeof dir, s->o->out, strlen(s->o->out));
    printf("%s: %" PRIu64 " videos made, %" PRIu64 " were there\n", dir, s->n_made, s->n_kept);
    for (i = 0; i < BF_SPLITS; i++)
        printf("  %-11s %zu real, %zu fake\n", bf_split_names[i], split[i][0], split[i][1]);
    if (s->n_no_face > 0)
        printf("  left out    %" PRIu64 " without a face\n", s->n_no_face);
    if (s->items.n_without_donor > 0)
        printf("  left out    %zu for which nobody else in the split lends a face\n",
               s->items.n_without_donor);
    if (s->n_failed > 0)
        printf("  left out    %" PRIu64 " that could not be read\n", s->n_failed);
}

/* The trained models, so that one that is not there is known before anything is made. */
static enum bf_err load_models(struct set *s, struct bf_error *err)
{
    struct bf_convert_options how = bf_convert_usual();
    enum bf_err rc = BF_OK;
    size_t i;

    how.models = s->models;
    for (i = 0; i < s->plan.n_methods && rc == BF_OK; i++) {
        how.to = s->plan.method[i].to_a ? BF_SWAP_A : BF_SWAP_B;
        if (s->plan.method[i].method == NULL)
            rc = bf_convert_create(&s->converter[i], s->plan.method[i].model, &how, err);
    }
    return rc;
}

static enum bf_err fill(struct set *s, struct bf_error *err)
{
    struct bf_error later;
    enum bf_err rc = bf_cli_models_dir(s->models, sizeof s->models, s->o->models, err);

    if (rc == BF_OK)
        rc = read_statements(s, err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&s->reader, s->models, NULL, err);
    if (rc == BF_OK)
        rc = load_models(s, err);
    if (rc == BF_OK)
        rc = bf_fake_desk_open(&s->desk, s->o->ledger, s->o->key, s->o->passphrase_file, err);
    if (rc == BF_OK)
        rc = make_folder(s->o->out, err);
    if (rc == BF_OK)
        rc = bf_labels_open(&s->labels, s->o->out, err);
    if (rc != BF_OK)
        return rc;
    bf_interrupt_catch();
    rc = make_all(s, err);
    /* What there is has its labels, also where the run was cut off. */
    if (rc == BF_OK)
        return bf_labels_write(s->labels, &s->plan, s->items.item, s->items.n, err);
    bf_labels_write(s->labels, &s->plan, s->items.item, s->items.n, &later);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    struct set s = {.o = opts};
    struct bf_error err = {0};
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;
    size_t i;

    (void)n_args;
    if (s.o->out == NULL)
        return bf_cli_usage(cmd, "'swap dataset' needs --output DIR");
    if (s.o->key == NULL && !s.o->dry)
        return bf_cli_usage(cmd, "'swap dataset' needs --key FILE: what it fakes is registered");
    rc = read_plan(&s, args[0], &err);
    if (rc == BF_OK && s.o->dry)
        list(&s);
    else if (rc == BF_OK)
        rc = fill(&s, &err);
    if (rc != BF_OK)
        answer = bf_cli_fail_json(s.o->json, SCHEMA, args[0], &err);
    else if (!s.o->dry)
        print_answer(&s);
    if (rc == BF_OK && s.n_failed > 0)
        answer = BF_EXIT_FAILED;
    bf_labels_close(&s.labels);
    for (i = 0; i < BF_PLAN_METHODS_MAX; i++)
        bf_convert_free(&s.converter[i]);
    bf_fake_desk_close(&s.desk);
    bf_face_reader_free(&s.reader);
    free(s.items.item);
    free(s.subject32);
    bf_plan_release(&s.plan);
    return answer;
}

const struct bf_command bf_cmd_swap_dataset = {
    .name = "swap dataset",
    .args = "PLAN",
    .summary = "make many labelled real and fake videos from a plan, split by person",
    .opts = options,
    .opts_size = sizeof(struct dataset_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
