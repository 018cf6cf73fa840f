/*
 * video_writer.h - pictures out as an H.264 video in an MP4 file, each at its own time, with
 * another file's sound where that is wanted
 *
 * Memory does not grow with the pictures, but for some twenty bytes each of the container's index.
 */
#ifndef BF_VIDEO_WRITER_H
#define BF_VIDEO_WRITER_H

#include "lib/media/canvas.h"
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

/* What may be left out is 0 or NULL; the strings are read while opening alone. */
struct bf_video_writer_options {
    double crf;                  /* of libx264; 0: 20 */
    const char *title, *comment; /* the container's metadata */
    const char *xmp;             /* a packet for the file's end (see xmp.h) */
    const char *sound_path;      /* a file whose sound is copied as it is coded */
};

/*
 * A writer of canvases of info's video, and of nothing else: size, pixel aspect and colour are its
 * own. A name that ends in .mov makes it a QuickTime file, which takes sound that MP4 does not. The
 * sound's times are told from sound_path's first video frame, as pts_us is, and it ends where the
 * video ends. BF_ERR_FORMAT where the container cannot hold the sound, BF_ERR_LIBRARY where there
 * is no such coder. The same canvases, times and options give the same bytes.
 */
enum bf_err bf_video_writer_open_canvas(struct bf_video_writer **w, int fd, const char *name,
                                        const struct bf_video_info *info,
                                        const struct bf_video_writer_options *options,
                                        struct bf_error *err);
/* canvas is of info's size and stays the caller's; pts_us rises. */
enum bf_err bf_video_writer_add_canvas(struct bf_video_writer *w, const struct bf_canvas *canvas,
                                       int64_t pts_us, struct bf_error *err);
void bf_video_writer_close(struct bf_video_writer **w);
/* p is of the writer's size; pts_us rises. */
enum bf_err bf_video_writer_add(struct bf_video_writer *w, const struct bf_picture *p,
                                int64_t pts_us, struct bf_error *err);
/* Writes what is pending and the container's index. end_us: when the last picture goes. */
enum bf_err bf_video_writer_finish(struct bf_video_writer *w, int64_t end_us, struct bf_error *err);

#endif
