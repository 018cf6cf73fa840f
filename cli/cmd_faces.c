#include "cli/commands.h"
#include "cli/common.h"
#include "cli/face_json.h"
#include "cli/face_overlay.h"
#include "lib/base/text.h"
#include "lib/face/face_reader.h"
#include "lib/media/video_writer.h"

#include <inttypes.h>
#include <unistd.h>

#include <jansson.h>

struct faces_opts {
    const char *models, *overlay, *smallest;
    bool force;
    int landmarks, smooth, progress;
};

static const struct bf_opt options[] = {
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct faces_opts, models),
     "the folder of the face networks"},
    {'o', "overlay", BF_OPT_TEXT, "OUT.mp4", offsetof(struct faces_opts, overlay),
     "write the video with all that was seen drawn on it"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct faces_opts, force), "replace OUT.mp4"},
    {0, "landmarks", BF_OPT_SWITCH, NULL, offsetof(struct faces_opts, landmarks),
     "print the points of mesh and eyes (the default), or leave them out"},
    {0, "smooth", BF_OPT_SWITCH, NULL, offsetof(struct faces_opts, smooth),
     "take the jitter out of the points (the default), or leave it"},
    {0, "smallest", BF_OPT_TEXT, "PIXELS", offsetof(struct faces_opts, smallest),
     "look for faces from this size (24)"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct faces_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

/* One run over one video. */
struct run {
    const struct faces_opts *opts;
    const char *path;
    char *name; /* path as JSON text */
    struct bf_video *video;
    const struct bf_video_info *info;
    struct bf_face_reader *reader;
    struct bf_buf line;
    struct bf_track_sum *track; /* grows; by number */
    size_t n_tracks, cap;
    uint64_t n_frames, n_with_face, n_blinks;
    int64_t end_us;
    /* of the overlay: */
    struct bf_output *out;
    struct bf_video_writer *writer;
    struct bf_picture picture;
    struct bf_picture_scaler *scaler;
};

static enum bf_err open_overlay(struct run *r, struct bf_error *err)
{
    const struct bf_video_writer_size size = {.width = (r->info->width + 1) & ~1u,
                                              .height = (r->info->height + 1) & ~1u,
                                              .sar_num = r->info->sar_num,
                                              .sar_den = r->info->sar_den,
                                              .frames_per_second = 25};
    const char *path = r->opts->overlay;
    enum bf_err rc = bf_output_open(&r->out, path, r->opts->force ? BF_OUTPUT_FORCE : 0, err);

    if (rc == BF_OK)
        rc = bf_picture_create(&r->picture, size.width, size.height, err);
    r->scaler = bf_picture_scaler_create();
    if (rc == BF_OK && r->scaler == NULL)
        rc = bf_error_nomem(err);
    return rc == BF_OK ? bf_video_writer_open(&r->writer, bf_output_fd(r->out), path, &size, err)
                       : rc;
}

static enum bf_err draw(struct run *r, const struct bf_frame *frame, const struct bf_face *faces,
                        size_t n, struct bf_error *err)
{
    enum bf_err rc = bf_picture_scale(&r->picture, r->scaler, frame, err);
    size_t i;

    if (rc != BF_OK)
        return rc;
    for (i = 0; i < n; i++)
        bf_face_overlay_draw(&r->picture, &faces[i]);
    return bf_video_writer_add(r->writer, &r->picture, frame->pts_us, err);
}

static enum bf_err finish_overlay(struct run *r, struct bf_error *err)
{
    enum bf_err rc = bf_video_writer_finish(r->writer, r->end_us, err);

    return rc == BF_OK ? bf_output_commit(r->out, err) : rc;
}

static struct bf_track_sum *sum_of(struct run *r, uint32_t track, struct bf_error *err)
{
    struct bf_track_sum *t;
    size_t i;

    for (i = r->n_tracks; i-- > 0;)
        if (r->track[i].track == track)
            return &r->track[i];
    if (r->n_tracks == r->cap) {
        size_t cap = r->cap > 0 ? 2 * r->cap : 16;

        t = realloc(r->track, cap * sizeof *t);
        if (t == NULL) {
            bf_error_nomem(err);
            return NULL;
        }
        r->track = t;
        r->cap = cap;
    }
    t = &r->track[r->n_tracks++];
    *t = (struct bf_track_sum){.track = track, .first_us = -1};
    return t;
}

static enum bf_err print_lines(struct run *r, struct bf_error *err)
{
    if (r->line.failed)
        return bf_error_nomem(err);
    fwrite(r->line.data, 1, r->line.len, stdout);
    r->line.len = 0;
    /* A reader that has gone away is noticed now, not after an hour. */
    if (ferror(stdout))
        return bf_error_set(err, BF_ERR_IO, "cannot write the answer to standard output");
    return BF_OK;
}

static enum bf_err tell(struct run *r, const struct bf_frame *frame, const struct bf_face *faces,
                        size_t n, struct bf_error *err)
{
    const struct bf_blink *blink;
    struct bf_track_sum *t;
    size_t n_blinks, i;

    for (i = 0; i < n; i++) {
        t = sum_of(r, faces[i].track, err);
        if (t == NULL)
            return BF_ERR_NOMEM;
        if (t->first_us < 0)
            t->first_us = frame->pts_us;
        t->last_us = frame->pts_us;
        t->n_frames++;
        t->quality += (double)faces[i].quality;
        bf_face_json_face(&r->line, r->name, frame->index, frame->pts_us, &faces[i],
                          r->opts->landmarks != 0);
    }
    blink = bf_face_reader_blinks(r->reader, &n_blinks);
    for (i = 0; i < n_blinks; i++) {
        t = sum_of(r, blink[i].track, err);
        if (t == NULL)
            return BF_ERR_NOMEM;
        t->n_blinks++;
        bf_face_json_blink(&r->line, r->name, &blink[i]);
    }
    r->n_frames++;
    r->n_with_face += n > 0;
    r->n_blinks += n_blinks;
    return print_lines(r, err);
}

static enum bf_err look_at_all(struct run *r, struct bf_error *err)
{
    struct bf_cli_progress progress;
    const struct bf_frame *frame;
    const struct bf_face *faces;
    enum bf_err rc;
    size_t n, i;

    bf_face_reader_restart(r->reader, r->info);
    bf_cli_progress_start(&progress, r->path, "s", 1e6, r->opts->progress);
    while ((rc = bf_video_next(r->video, &frame, err)) == BF_OK && frame != NULL) {
        rc = bf_face_reader_next(r->reader, &faces, &n, frame, err);
        if (rc == BF_OK && r->writer != NULL)
            rc = draw(r, frame, faces, n, err);
        if (rc == BF_OK)
            rc = tell(r, frame, faces, n, err);
        if (rc != BF_OK)
            break;
        bf_progress_step(&progress.sink, (uint64_t)frame->pts_us,
                         r->info->duration_us > 0 ? (uint64_t)r->info->duration_us : 0);
    }
    bf_cli_progress_end(&progress);
    if (rc != BF_OK)
        return rc;
    r->end_us = bf_video_end_us(r->video);
    for (i = 0; i < r->n_tracks; i++)
        bf_face_json_track(&r->line, r->name, &r->track[i]);
    bf_face_json_end(&r->line, r->name, r->n_frames, r->n_with_face, r->n_tracks, r->n_blinks,
                     r->end_us);
    return print_lines(r, err);
}

static char *json_text(const char *text)
{
    json_t *j = bf_cli_json_text(text);
    char *out = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_decref(j);
    return out;
}

static enum bf_exit look_at_file(struct bf_face_reader *reader, const struct faces_opts *o,
                                 const char *path)
{
    struct run r = {.opts = o, .path = path, .reader = reader, .name = json_text(path)};
    struct bf_error err = {0};
    enum bf_exit answer;
    enum bf_err rc = r.name != NULL ? bf_video_open(&r.video, path, &err) : bf_error_nomem(&err);

    if (rc == BF_OK) {
        r.info = bf_video_info(r.video);
        if (o->overlay != NULL)
            rc = open_overlay(&r, &err);
    }
    if (rc == BF_OK)
        rc = look_at_all(&r, &err);
    if (rc == BF_OK && r.writer != NULL)
        rc = finish_overlay(&r, &err);
    if (rc != BF_OK)
        answer = bf_cli_fail_json(true, BF_FACES_SCHEMA, path, &err);
    else
        answer = r.n_with_face > 0 ? BF_EXIT_YES : BF_EXIT_NO;
    fflush(stdout);
    bf_video_close(&r.video);
    bf_video_writer_close(&r.writer);
    bf_picture_scaler_free(&r.scaler);
    bf_picture_release(&r.picture);
    bf_output_close(&r.out);
    bf_buf_release(&r.line);
    free(r.track);
    free(r.name);
    return answer;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct faces_opts *o = opts;
    struct bf_face_reader_options how = {.raw = o->smooth == 0};
    struct bf_face_reader *reader = NULL;
    char models[BF_PATH_MAX];
    struct bf_error err = {0};
    enum bf_exit worst = BF_EXIT_YES;
    uint64_t smallest = 24;
    enum bf_err rc;
    int i;

    if (o->overlay != NULL && n_args != 1)
        return bf_cli_usage(cmd, "--overlay takes one FILE");
    if (bf_cli_is_one_of(o->overlay, n_args, args))
        return bf_cli_usage(cmd, "--overlay does not replace a FILE");
    if (o->smallest != NULL &&
        (!bf_u64_parse(&smallest, 4096, o->smallest, strlen(o->smallest)) || smallest < 16))
        return bf_cli_usage(cmd, "--smallest is a number of pixels from 16 to 4096");
    how.smallest = (float)smallest;
    rc = bf_cli_models_dir(models, sizeof models, o->models, &err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&reader, models, &how, &err);
    if (rc != BF_OK)
        worst = bf_cli_fail_json(true, BF_FACES_SCHEMA, NULL, &err);
    for (i = 0; rc == BF_OK && i < n_args; i++)
        worst = bf_exit_worse(worst, look_at_file(reader, o, args[i]));
    bf_face_reader_free(&reader);
    return worst;
}

const struct bf_command bf_cmd_faces = {
    .name = "faces",
    .args = "FILE...",
    .summary = "find the faces in videos: landmarks, pose, eyes, who is who",
    .opts = options,
    .opts_size = sizeof(struct faces_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
