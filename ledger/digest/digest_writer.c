#include "ledger/digest/digest_format.h"
#include "ledger/digest/grid_code.h"
#include "lib/base/hash.h"
#include "lib/base/merkle.h"

#include <inttypes.h>

struct bf_digest_writer {
    struct bf_digest_info info;
    bf_digest_sink *sink;
    void *ctx;
    struct bf_merkle frames, lookup, grids;

    /* the frame that is being shown; its end is known when the next one comes */
    bool has_frame;
    int64_t shown_us;
    uint16_t shown[BF_GRID_CELLS];

    /* the sample that is being filled: time-weighted sums of cells */
    uint64_t sum[BF_GRID_CELLS];
    int64_t at_us; /* up to where time has been filled */

    /* the open segment */
    uint32_t seg_frames, seg_samples;
    struct bf_buf exact, times, codes, grid;
    struct bf_range_encoder code_enc, grid_enc;
    struct bf_code_state code_state;
    struct bf_grid_state grid_state;
    int64_t seg_pts, seg_step; /* for the differences of times */
};

static void open_segment(struct bf_digest_writer *w)
{
    w->seg_frames = w->seg_samples = 0;
    w->exact.len = w->times.len = w->codes.len = w->grid.len = 0;
    bf_range_encoder_init(&w->code_enc, &w->codes);
    bf_range_encoder_init(&w->grid_enc, &w->grid);
    bf_code_state_init(&w->code_state);
    bf_grid_state_init(&w->grid_state, w->info.cols, w->info.rows);
    w->seg_pts = (int64_t)w->info.n_segments * BF_DIGEST_SEGMENT_SAMPLES * BF_DIGEST_PERIOD_US;
    w->seg_step = 0;
}

enum bf_err bf_digest_writer_create(struct bf_digest_writer **out, unsigned cols, unsigned rows,
                                    uint32_t width, uint32_t height, bf_digest_sink *sink,
                                    void *ctx, struct bf_error *err)
{
    struct bf_digest_writer *w = calloc(1, sizeof *w);

    *out = w;
    if (w == NULL)
        return bf_error_nomem(err);
    w->info.cols = cols;
    w->info.rows = rows;
    w->info.width = width;
    w->info.height = height;
    w->sink = sink;
    w->ctx = ctx;
    open_segment(w);
    return BF_OK;
}

void bf_digest_writer_free(struct bf_digest_writer **out)
{
    struct bf_digest_writer *w = *out;

    if (w == NULL)
        return;
    bf_buf_release(&w->exact);
    bf_buf_release(&w->times);
    bf_buf_release(&w->codes);
    bf_buf_release(&w->grid);
    free(w);
    *out = NULL;
}

static void tree_add(struct bf_merkle *m, const void *p, size_t n)
{
    uint8_t leaf32[32];

    bf_merkle_leaf(leaf32, p, n);
    bf_merkle_append(m, leaf32, NULL, NULL);
}

static enum bf_err close_segment(struct bf_digest_writer *w, struct bf_error *err)
{
    struct bf_buf head = {0};
    enum bf_err rc;

    bf_range_encoder_finish(&w->code_enc);
    bf_range_encoder_finish(&w->grid_enc);
    /* Times and codes are one part: a code without its time finds nothing. */
    bf_buf_append(&w->times, w->codes.data, w->codes.len);
    bf_buf_put_be32(&head, w->seg_frames);
    bf_buf_put_be32(&head, w->seg_samples);
    bf_buf_put_be32(&head, (uint32_t)w->times.len);
    bf_buf_put_be32(&head, (uint32_t)w->grid.len);
    rc = w->exact.failed || w->times.failed || w->codes.failed || w->grid.failed || head.failed
             ? bf_error_nomem(err)
             : BF_OK;
    if (rc == BF_OK)
        rc = w->sink(w->ctx, head.data, head.len, err);
    if (rc == BF_OK)
        rc = w->sink(w->ctx, w->exact.data, w->exact.len, err);
    if (rc == BF_OK)
        rc = w->sink(w->ctx, w->times.data, w->times.len, err);
    if (rc == BF_OK)
        rc = w->sink(w->ctx, w->grid.data, w->grid.len, err);
    bf_buf_release(&head);
    if (rc != BF_OK)
        return rc;
    tree_add(&w->lookup, w->times.data, w->times.len);
    tree_add(&w->grids, w->grid.data, w->grid.len);
    w->info.n_segments++;
    open_segment(w);
    return BF_OK;
}

static enum bf_err emit_sample(struct bf_digest_writer *w, int64_t covered_us, struct bf_error *err)
{
    uint16_t cells[BF_GRID_CELLS];
    unsigned i, n = w->info.cols * w->info.rows;

    if (w->info.n_samples == BF_DIGEST_SAMPLES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the video is longer than the limit of %d hours",
                            BF_DIGEST_SAMPLES_MAX / 36000);
    for (i = 0; i < n; i++) {
        cells[i] = (uint16_t)((w->sum[i] + (uint64_t)covered_us / 2) / (uint64_t)covered_us);
        w->sum[i] = 0;
    }
    bf_grid_encode(&w->grid_enc, &w->grid_state, cells);
    w->info.n_samples++;
    w->seg_samples++;
    return w->seg_samples == BF_DIGEST_SEGMENT_SAMPLES ? close_segment(w, err) : BF_OK;
}

/* The shown frame stands until end_us. */
static enum bf_err fill_until(struct bf_digest_writer *w, int64_t end_us, struct bf_error *err)
{
    unsigned i, n = w->info.cols * w->info.rows;

    if (end_us - w->at_us > BF_DIGEST_STILL_US)
        return bf_error_set(
            err, BF_ERR_LIMIT, "frame %" PRIu64 " stands for %" PRId64 " s; the limit is %" PRId64,
            w->info.n_frames - 1, (end_us - w->at_us) / 1000000, BF_DIGEST_STILL_US / 1000000);
    while (w->at_us < end_us) {
        int64_t sample_end = (int64_t)(w->info.n_samples + 1) * BF_DIGEST_PERIOD_US;
        int64_t until = end_us < sample_end ? end_us : sample_end;
        uint64_t weight = (uint64_t)(until - w->at_us);
        enum bf_err rc;

        for (i = 0; i < n; i++)
            w->sum[i] += w->shown[i] * weight;
        w->at_us = until;
        if (until < sample_end)
            break;
        rc = emit_sample(w, BF_DIGEST_PERIOD_US, err);
        if (rc != BF_OK)
            return rc;
    }
    return BF_OK;
}

enum bf_err bf_digest_writer_add(struct bf_digest_writer *w, const struct bf_frame_digest *f,
                                 struct bf_error *err)
{
    int64_t step;
    enum bf_err rc = BF_OK;

    if (w->has_frame)
        rc = fill_until(w, f->pts_us, err);
    if (rc != BF_OK)
        return rc;
    if (w->seg_frames == BF_DIGEST_SEGMENT_FRAMES)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d frames in %d s",
                            BF_DIGEST_SEGMENT_FRAMES,
                            BF_DIGEST_SEGMENT_SAMPLES * BF_DIGEST_PERIOD_US / 1000000);
    memcpy(w->shown, f->cells, w->info.cols * w->info.rows * sizeof *w->shown);
    w->shown_us = f->pts_us;
    w->has_frame = true;
    bf_buf_append(&w->exact, f->exact32, 32);
    tree_add(&w->frames, f->exact32, 32);
    step = f->pts_us - w->seg_pts;
    bf_buf_put_svarint(&w->times, step - w->seg_step);
    w->seg_pts = f->pts_us;
    w->seg_step = step;
    bf_code_encode(&w->code_enc, &w->code_state, f->code32);
    w->seg_frames++;
    w->info.n_frames++;
    return BF_OK;
}

enum bf_err bf_digest_writer_finish(struct bf_digest_writer *w, uint8_t digest32[32],
                                    struct bf_digest_info *info, int64_t end_us,
                                    struct bf_error *err)
{
    struct bf_buf trailer = {0};
    int64_t covered;
    enum bf_err rc;

    if (!w->has_frame)
        return bf_error_set(err, BF_ERR_FORMAT, "there is no frame to digest");
    if (end_us <= w->shown_us)
        end_us = w->shown_us + 1;
    rc = fill_until(w, end_us, err);
    covered = w->at_us - (int64_t)w->info.n_samples * BF_DIGEST_PERIOD_US;
    if (rc == BF_OK && covered > 0)
        rc = emit_sample(w, covered, err);
    if (rc == BF_OK && w->seg_samples > 0)
        rc = close_segment(w, err);
    if (rc != BF_OK)
        return rc;
    w->info.duration_us = (uint64_t)end_us;
    bf_merkle_root(w->info.frames32, &w->frames);
    bf_merkle_root(w->info.lookup32, &w->lookup);
    bf_merkle_root(w->info.grid32, &w->grids);
    bf_digest_trailer_encode(&trailer, &w->info);
    rc = trailer.failed ? bf_error_nomem(err) : w->sink(w->ctx, trailer.data, trailer.len, err);
    if (rc == BF_OK) {
        bf_sha256(digest32, trailer.data, trailer.len);
        if (info != NULL)
            *info = w->info;
    }
    bf_buf_release(&trailer);
    return rc;
}
