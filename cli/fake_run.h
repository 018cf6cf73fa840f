/*
 * fake_run.h - a video in, and out of it a labelled fake with its mask, or a plain copy coded the
 * same way
 */
#ifndef BF_FAKE_RUN_H
#define BF_FAKE_RUN_H

#include "cli/fake_out.h"
#include "lib/base/progress.h"
#include "lib/media/canvas.h"

struct bf_fake_job {
    const char *path;     /* the video */
    const char *out;      /* what is made of it, an MP4 */
    const char *mask;     /* grey video of what was changed; NULL: none */
    const char *sound;    /* of a copy: a file whose sound is kept; or NULL */
    unsigned crf;         /* of a copy; 0: as fakes usually have it */
    bool half;            /* half the size, both sides even */
    bool force;           /* replace what is at out and mask */
    bool (*stop)(void *); /* true: give up; may be NULL */
    /*
     * What is done to each frame: begin is told of the video, frame is given the canvas that has
     * taken it and truth (canvas height, width), which it fills with how much of each pixel it
     * replaced.
     */
    enum bf_err (*begin)(void *ctx, const struct bf_video_info *info, struct bf_error *err);
    enum bf_err (*frame)(void *ctx, struct bf_canvas *canvas, uint8_t *truth,
                         const struct bf_frame *frame, struct bf_error *err);
    void *ctx;
    /* How the fake is marked, labelled and registered; NULL: nothing is changed, and what comes out
     * is a copy without mark or record. */
    const struct bf_fake_how *how;
};

struct bf_fake_job_done {
    uint32_t width, height; /* of what was written */
    uint64_t n_frames, n_changed;
    bool no_face;            /* the whole video was looked at, and nothing was there to change */
    double changed;          /* of the picture, mean over the frames */
    struct bf_record record; /* of a fake */
    uint8_t record_hash32[32];
};

/*
 * BF_ERR_NOT_FOUND where no frame was changed, BF_ERR_EXISTS where a file is there, BF_ERR_USAGE
 * where stop said so; then nothing is written and nothing registered. The mask gets its name before
 * the fake does, so that a fake that is there has its mask.
 */
enum bf_err bf_fake_run(struct bf_fake_job_done *done, const struct bf_fake_job *job,
                        const struct bf_progress *progress, struct bf_error *err);

#endif
