/*
 * intake.h - one file in, decoded once, each frame's digest handed on
 */
#ifndef BF_INTAKE_H
#define BF_INTAKE_H

#include "ledger/digest/digest.h"
#include "lib/base/progress.h"

struct bf_intake {
    struct bf_video *video;
    const struct bf_video_info *info;
    unsigned cols, rows; /* of the grid */
    uint8_t file32[32];
    uint64_t file_size;
    /* after bf_intake_run: */
    uint8_t stream32[32], frames32[32];
    uint64_t n_frames, n_damaged;
    int64_t end_us;
    struct bf_frame_digester *digester;
};

/* Opens the file and hashes its bytes; nothing is decoded yet. */
enum bf_err bf_intake_open(struct bf_intake *in, const char *path, struct bf_error *err);
void bf_intake_close(struct bf_intake *in);
/* Decodes everything. fn gets every frame's digest in display order; progress counts microseconds
 * of video. */
enum bf_err bf_intake_run(struct bf_intake *in,
                          enum bf_err (*fn)(void *ctx, const struct bf_frame_digest *f,
                                            struct bf_error *err),
                          void *ctx, const struct bf_progress *progress, struct bf_error *err);

#endif
