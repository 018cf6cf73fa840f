/*
 * fake_stream.h - a video, or a fake of it, coded again, frame by frame and in memory: what the
 * detector is calibrated on
 *
 * Nothing of it leaves the program, so that it carries no mark: neither the real nor the fake.
 */
#ifndef BF_FAKE_STREAM_H
#define BF_FAKE_STREAM_H

#include "generator/fake_video.h"
#include "generator/swap_convert.h"

struct bf_fake_stream_options {
    const char *path;
    const struct bf_fake_method *method; /* NULL: none, or convert */
    struct bf_convert *convert;          /* a trained swap instead; NULL: none */
    const char *donor;                   /* file, of methods that need one */
    uint64_t seed;
    float strength;
    bool seamless;
    enum bf_colour_mode colour;
    unsigned crf; /* of H.264 at the end; 0: none */
    bool half;
    int64_t most_us; /* so much of the video's start; 0: all */
};

/* frame is the stream's own until the next. */
typedef enum bf_err bf_fake_stream_fn(void *ctx, const struct bf_frame *frame,
                                      struct bf_error *err);

/*
 * begin is told how large the frames will be, before the first. reader's networks are used and its
 * faces forgotten. A method that needs a donor is BF_ERR_USAGE without one, and BF_ERR_NOT_FOUND
 * where it has no face.
 */
enum bf_err bf_fake_stream_run(const struct bf_fake_stream_options *options,
                               struct bf_face_reader *reader,
                               enum bf_err (*begin)(void *ctx, const struct bf_video_info *info,
                                                    struct bf_error *err),
                               bf_fake_stream_fn *fn, void *ctx, struct bf_error *err);

#endif
