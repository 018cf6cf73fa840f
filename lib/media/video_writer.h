/*
 * video_writer.h - pictures out as an H.264 video in an MP4 file, each at its own time, without
 * sound
 *
 * Memory does not grow with the pictures, but for some twenty bytes each of the container's index.
 */
#ifndef BF_VIDEO_WRITER_H
#define BF_VIDEO_WRITER_H

#include "lib/media/picture.h"

struct bf_video_writer_size {
    uint32_t width, height;    /* even */
    uint32_t sar_num, sar_den; /* pixel aspect */
    double frames_per_second;  /* about; the times of the pictures count */
};

struct bf_video_writer;

/*
 * Write to fd, an empty file open for reading and writing that stays the caller's; name is what
 * errors call it. The coder is libx264 where FFmpeg has it, else another for H.264, else MPEG-4's;
 * BF_ERR_LIBRARY where there is none.
 */
enum bf_err bf_video_writer_open(struct bf_video_writer **w, int fd, const char *name,
                                 const struct bf_video_writer_size *size, struct bf_error *err);
void bf_video_writer_close(struct bf_video_writer **w);
/* p is of the writer's size; pts_us rises. */
enum bf_err bf_video_writer_add(struct bf_video_writer *w, const struct bf_picture *p,
                                int64_t pts_us, struct bf_error *err);
/* Writes what is pending and the container's index. end_us: when the last picture goes. */
enum bf_err bf_video_writer_finish(struct bf_video_writer *w, int64_t end_us, struct bf_error *err);

#endif
