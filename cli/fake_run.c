#include "cli/fake_run.h"
#include "lib/media/canvas_shrink.h"
#include "lib/media/video_writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MASK_CRF = 8 };

/* An MP4 file that is there whole or not at all. */
struct file_out {
    struct bf_output *out;
    struct bf_video_writer *writer;
};

struct run {
    const struct bf_fake_job *job;
    struct bf_fake_job_done *done;
    struct bf_video *video;
    struct bf_video_info info; /* of what is written */
    struct bf_canvas *canvas, *small, *grey;
    uint8_t *truth; /* (canvas height, width) */
    struct bf_fake_out *fake;
    struct file_out copy, mask;
    double changed; /* sum */
};

static enum bf_err open_file(struct file_out *f, const char *path, const struct run *r, double crf,
                             const char *sound, struct bf_error *err)
{
    struct bf_video_writer_options options = {.crf = crf, .sound_path = sound};
    enum bf_err rc;

    rc = bf_output_open(&f->out, path, r->job->force ? BF_OUTPUT_FORCE : 0, err);
    return rc == BF_OK ? bf_video_writer_open_canvas(&f->writer, bf_output_fd(f->out), path,
                                                     &r->info, &options, err)
                       : rc;
}

static enum bf_err finish_file(struct file_out *f, int64_t end_us, struct bf_error *err)
{
    enum bf_err rc = bf_video_writer_finish(f->writer, end_us, err);

    return rc == BF_OK ? bf_output_commit(f->out, err) : rc;
}

static void close_file(struct file_out *f)
{
    bf_video_writer_close(&f->writer);
    bf_output_close(&f->out);
}

/* The truth as a grey picture. */
static void paint_truth(const struct run *r)
{
    struct bf_canvas *g = r->grey;
    uint32_t x, y;

    bf_plane_shrink(g->plane[0], g->stride[0], g->height, g->width, r->truth,
                    (ptrdiff_t)r->canvas->width, r->canvas->height, r->canvas->width,
                    r->job->half ? 2 : 1);
    if (g->full_range)
        return;
    for (y = 0; y < g->height; y++) {
        uint8_t *row = g->plane[0] + (ptrdiff_t)y * g->stride[0];

        for (x = 0; x < g->width; x++)
            row[x] = (uint8_t)(16 + (row[x] * 219 + 127) / 255);
    }
}

static enum bf_err open_all(struct run *r, struct bf_error *err)
{
    const struct bf_fake_job *job = r->job;
    const struct bf_video_info *info;
    enum bf_err rc = bf_video_open(&r->video, job->path, err);

    if (rc != BF_OK)
        return rc;
    if (job->mask != NULL && bf_cli_same_name(job->mask, job->out))
        return bf_error_set(err, BF_ERR_USAGE, "the mask and the fake are to be one file, '%s'",
                            job->out);
    info = bf_video_info(r->video);
    r->info = *info;
    if (job->half) {
        r->info.width = info->width / 4 * 2;
        r->info.height = info->height / 4 * 2;
        if (r->info.width == 0 || r->info.height == 0)
            return bf_error_set(err, BF_ERR_FORMAT, "'%s' is too small to be halved", job->path);
    }
    rc = bf_canvas_create(&r->canvas, info, err);
    /* A file that says nothing of its colours is taken by its size, which is another now. */
    if (rc == BF_OK && job->half && r->info.matrix == BF_VIDEO_MATRIX_UNKNOWN)
        r->info.matrix = r->canvas->bt709 ? BF_VIDEO_MATRIX_BT709 : BF_VIDEO_MATRIX_BT601;
    if (rc == BF_OK && job->half)
        rc = bf_canvas_create(&r->small, &r->info, err);
    if (rc == BF_OK && job->mask != NULL)
        rc = bf_canvas_create(&r->grey, &r->info, err);
    r->truth = calloc((size_t)info->width * info->height, 1);
    if (rc == BF_OK && r->truth == NULL)
        rc = bf_error_nomem(err);
    /* The outputs are tried before the work is done. */
    if (rc == BF_OK && job->mask != NULL)
        rc = open_file(&r->mask, job->mask, r, MASK_CRF, NULL, err);
    if (rc == BF_OK && job->how != NULL)
        rc = bf_fake_out_open(&r->fake, job->out, &r->info, job->how, err);
    else if (rc == BF_OK)
        rc = open_file(&r->copy, job->out, r, job->crf, job->sound, err);
    if (rc == BF_OK && job->begin != NULL)
        rc = job->begin(job->ctx, info, err);
    r->done->width = r->info.width;
    r->done->height = r->info.height;
    return rc;
}

static enum bf_err one_frame(struct run *r, const struct bf_frame *frame, struct bf_error *err)
{
    size_t n = (size_t)r->canvas->width * r->canvas->height, i;
    struct bf_canvas *out = r->job->half ? r->small : r->canvas;
    uint64_t sum = 0;
    enum bf_err rc = bf_canvas_take(r->canvas, frame, err);

    if (rc == BF_OK && r->job->frame != NULL)
        rc = r->job->frame(r->job->ctx, r->canvas, r->truth, frame, err);
    if (rc != BF_OK)
        return rc;
    for (i = 0; i < n; i++)
        sum += r->truth[i];
    r->done->n_frames++;
    r->done->n_changed += sum > 0;
    r->changed += (double)sum / 255 / (double)n;
    if (r->job->half)
        bf_canvas_halve(r->small, r->canvas);
    if (r->grey != NULL) {
        paint_truth(r);
        rc = bf_video_writer_add_canvas(r->mask.writer, r->grey, frame->pts_us, err);
    }
    if (rc != BF_OK)
        return rc;
    return r->fake != NULL ? bf_fake_out_add(r->fake, out, frame->pts_us, err)
                           : bf_video_writer_add_canvas(r->copy.writer, out, frame->pts_us, err);
}

static enum bf_err all_frames(struct run *r, const struct bf_progress *progress,
                              struct bf_error *err)
{
    const struct bf_video_info *info = bf_video_info(r->video);
    const struct bf_frame *frame;
    enum bf_err rc;

    while ((rc = bf_video_next(r->video, &frame, err)) == BF_OK && frame != NULL) {
        rc = one_frame(r, frame, err);
        if (rc == BF_OK && r->job->stop != NULL && r->job->stop(NULL))
            rc = bf_error_set(err, BF_ERR_USAGE, "stopped; '%s' is not written", r->job->out);
        if (rc != BF_OK)
            return rc;
        bf_progress_step(progress, (uint64_t)frame->pts_us,
                         info->duration_us > 0 ? (uint64_t)info->duration_us : 0);
    }
    r->done->no_face = rc == BF_OK && r->job->frame != NULL && r->done->n_changed == 0;
    if (r->done->no_face)
        return bf_error_set(err, BF_ERR_NOT_FOUND, "there is no face to change in '%s'",
                            r->job->path);
    r->done->changed = r->done->n_frames > 0 ? r->changed / (double)r->done->n_frames : 0;
    return rc;
}

static enum bf_err finish_all(struct run *r, struct bf_error *err)
{
    int64_t end_us = bf_video_end_us(r->video);
    enum bf_err rc = BF_OK;

    if (r->job->mask != NULL)
        rc = finish_file(&r->mask, end_us, err);
    if (rc != BF_OK)
        return rc;
    if (r->fake == NULL)
        return finish_file(&r->copy, end_us, err);
    rc = bf_fake_out_commit(r->fake, end_us, err);
    if (rc == BF_OK) {
        r->done->record = bf_fake_out_enrolled(r->fake)->record;
        memcpy(r->done->record_hash32, bf_fake_out_enrolled(r->fake)->record_hash32, 32);
    }
    /* A mask of nothing. */
    if (rc != BF_OK && r->job->mask != NULL && !r->job->force)
        unlink(r->job->mask);
    return rc;
}

enum bf_err bf_fake_run(struct bf_fake_job_done *done, const struct bf_fake_job *job,
                        const struct bf_progress *progress, struct bf_error *err)
{
    struct run r = {.job = job, .done = done};
    enum bf_err rc;

    memset(done, 0, sizeof *done);
    rc = open_all(&r, err);
    if (rc == BF_OK)
        rc = all_frames(&r, progress, err);
    if (rc == BF_OK)
        rc = finish_all(&r, err);
    bf_fake_out_close(&r.fake);
    close_file(&r.copy);
    close_file(&r.mask);
    bf_canvas_free(&r.canvas);
    bf_canvas_free(&r.small);
    bf_canvas_free(&r.grey);
    bf_video_close(&r.video);
    free(r.truth);
    return rc;
}
