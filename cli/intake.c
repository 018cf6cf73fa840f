#include "cli/intake.h"
#include "ledger/match/still.h"
#include "lib/base/merkle.h"

enum bf_err bf_intake_open(struct bf_intake *in, const char *path, struct bf_error *err)
{
    enum bf_err rc;

    *in = (struct bf_intake){0};
    rc = bf_video_open(&in->video, path, err);
    if (rc == BF_OK)
        rc = bf_video_file_hash(in->video, in->file32, &in->file_size, err);
    if (rc != BF_OK) {
        bf_intake_close(in);
        return rc;
    }
    in->info = bf_video_info(in->video);
    in->digester = bf_frame_digester_create(in->info);
    if (in->digester == NULL) {
        bf_intake_close(in);
        return bf_error_nomem(err);
    }
    in->cols = bf_frame_digester_cols(in->digester);
    in->rows = bf_frame_digester_rows(in->digester);
    return BF_OK;
}

void bf_intake_close(struct bf_intake *in)
{
    bf_frame_digester_free(&in->digester);
    bf_video_close(&in->video);
    in->info = NULL;
}

enum bf_err bf_intake_run(struct bf_intake *in,
                          enum bf_err (*fn)(void *ctx, const struct bf_frame_digest *f,
                                            struct bf_error *err),
                          void *ctx, const struct bf_progress *progress, struct bf_error *err)
{
    struct bf_frame_digest *digest = calloc(1, sizeof *digest);
    const struct bf_frame *frame = NULL;
    struct bf_merkle tree = {0};
    uint8_t leaf32[32];
    enum bf_err rc;

    if (digest == NULL)
        return bf_error_nomem(err);
    rc = in->scorer != NULL ? bf_scorer_start(in->scorer, in->info, in->info->duration_us, err)
                            : BF_OK;
    while (rc == BF_OK && (rc = bf_video_next(in->video, &frame, err)) == BF_OK && frame != NULL) {
        rc = bf_frame_digester_run(digest, in->digester, frame, err);
        if (rc == BF_OK)
            rc = fn(ctx, digest, err);
        if (rc == BF_OK && in->stills != NULL)
            rc = bf_stills_add(in->stills, frame, err);
        if (rc == BF_OK && in->mark != NULL)
            rc = bf_mark_reader_add(in->mark, frame, err);
        if (rc == BF_OK && in->scorer != NULL)
            rc = bf_scorer_frame(in->scorer, frame, err);
        if (rc != BF_OK)
            break;
        bf_merkle_leaf(leaf32, digest->exact32, 32);
        bf_merkle_append(&tree, leaf32, NULL, NULL);
        in->n_frames++;
        in->n_damaged += frame->damaged;
        bf_progress_step(progress, (uint64_t)frame->pts_us, (uint64_t)in->info->duration_us);
    }
    free(digest);
    if (rc != BF_OK)
        return rc;
    bf_merkle_root(in->frames32, &tree);
    bf_video_stream_hash(in->video, in->stream32);
    in->end_us = bf_video_end_us(in->video);
    return BF_OK;
}

enum bf_err bf_intake_retrace(struct bf_trace **trace, const struct bf_intake *in, const char *path,
                              const struct bf_geometry *g, unsigned cols, unsigned rows,
                              const char *tmp_dir, const struct bf_progress *progress,
                              struct bf_error *err)
{
    struct bf_video *v = NULL;
    const struct bf_frame *frame = NULL;
    enum bf_err rc = bf_trace_create_within(trace, g, cols, rows, tmp_dir, err);

    if (rc == BF_OK)
        rc = bf_video_open(&v, path, err);
    while (rc == BF_OK && (rc = bf_video_next(v, &frame, err)) == BF_OK && frame != NULL) {
        rc = bf_trace_add_within(*trace, frame, err);
        bf_progress_step(progress, (uint64_t)frame->pts_us, (uint64_t)in->end_us);
    }
    if (rc == BF_OK)
        rc = bf_trace_seal(*trace, bf_video_end_us(v), err);
    if (rc == BF_OK && bf_trace_frames(*trace) != in->n_frames)
        rc = bf_error_set(err, BF_ERR_IO, "'%s' was changed while it was being read", path);
    bf_video_close(&v);
    if (rc != BF_OK)
        bf_trace_free(trace);
    return rc;
}
