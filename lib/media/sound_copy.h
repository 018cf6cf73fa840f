/*
 * sound_copy.h - the sound of a file, packet by packet as it is coded, into a video that is being
 * written; for video_writer alone
 */
#ifndef BF_SOUND_COPY_H
#define BF_SOUND_COPY_H

#include <stdint.h>

#include "lib/base/error.h"

struct AVFormatContext;
struct bf_sound_copy;

/*
 * Open path and give out a stream for each of its audio streams. Times are told from path's first
 * video frame, as bf_frame.pts_us is; where it has no video, from its own 0. A file without sound
 * is BF_OK and copies nothing. BF_ERR_FORMAT where out's container cannot hold its kind; out_name
 * is what the sentence calls it. Call it before out's header is written.
 */
enum bf_err bf_sound_copy_open(struct bf_sound_copy **s, const char *path,
                               struct AVFormatContext *out, const char *out_name,
                               struct bf_error *err);
void bf_sound_copy_close(struct bf_sound_copy **s);
/*
 * Write what starts before until_us and has not been written. *rc is FFmpeg's where the writing
 * failed, which is BF_ERR_LIBRARY without a sentence.
 */
enum bf_err bf_sound_copy_run(struct bf_sound_copy *s, int64_t until_us, int *rc,
                              struct bf_error *err);

#endif
