/*
 * intake.h - one file in, decoded once, each frame's digest handed on
 */
#ifndef BF_INTAKE_H
#define BF_INTAKE_H

#include "detector/score.h"
#include "ledger/match/trace.h"
#include "lib/base/progress.h"
#include "lib/media/mark.h"

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
    struct bf_stills *stills;    /* the caller's: takes stills of what is decoded; may be NULL */
    struct bf_mark_reader *mark; /* the caller's: reads the mark in what is decoded; may be NULL */
    struct bf_scorer *scorer;    /* the caller's: is shown what is decoded; may be NULL */
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

/*
 * The video at path once more, for its pictures alone: a trace of what lies within the geometry,
 * sealed. BF_ERR_IO where it is no longer the video that in was.
 */
enum bf_err bf_intake_retrace(struct bf_trace **trace, const struct bf_intake *in, const char *path,
                              const struct bf_geometry *g, unsigned cols, unsigned rows,
                              const char *tmp_dir, const struct bf_progress *progress,
                              struct bf_error *err);

#endif
