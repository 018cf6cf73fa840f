/*
 * video.h - frames out of a file: any container and codec that FFmpeg reads, decoded once, in
 * display order
 *
 * The file is opened here and decoded in a sandboxed process (sandbox.h) that has its descriptor
 * and can open nothing, so a playlist that names other files or hosts gets nothing. A decoder that
 * crashes, does what it must not, or takes too long is BF_ERR_FORMAT or BF_ERR_LIMIT: "refused
 * 'name': ...". Any number may be open, in any threads, each used by one. Memory does not grow with
 * the length of the video. BF_ERR_LIMIT where a file goes past what limits.h sets.
 */
#ifndef BF_VIDEO_H
#define BF_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_VIDEO_DIM_MAX 16384
#define BF_VIDEO_PIXELS_MAX (16384 * 8704)
#define BF_VIDEO_HD_LINES 720 /* from here on colours are BT.709 where the file says nothing */

/*
 * How the decoded picture is turned for showing: shown (x, y) comes from decoded (xx x + xy y, yx x
 * + yy y), counted from the far edge where the sum is negative. The identity is {1, 0, 0, 1}.
 */
struct bf_orientation {
    int8_t xx, xy, yx, yy;
};

/* Of H.273's numbers of matrices those that this code asks for. */
enum { BF_VIDEO_MATRIX_BT709 = 1, BF_VIDEO_MATRIX_UNKNOWN = 2, BF_VIDEO_MATRIX_BT601 = 6 };

struct bf_video_info {
    const char *container, *codec; /* FFmpeg's short names */
    uint32_t width, height;        /* as shown: after rotation, before pixel aspect */
    uint32_t sar_num, sar_den;     /* pixel aspect as shown; 1:1 where unknown */
    uint32_t time_base_num, time_base_den;
    double frames_per_second; /* about; the times of the frames count */
    int64_t duration_us;      /* what the container says; 0 where it does not */
    /* H.273's numbers, 2 where the file says nothing; of RGB the matrix by which it becomes YUV */
    uint8_t matrix, primaries, transfer;
    bool full_range;
    bool has_alpha; /* as the container says: others may show what lies beneath */
    struct bf_orientation orientation;
    unsigned n_video, n_audio, n_other; /* streams; attached pictures count as other */
};

#define BF_FRAME_PLANES 4

/* One decoded frame. All pointers belong to the video and live until the next call on it. */
struct bf_frame {
    uint64_t index;
    int64_t pts_us;         /* from the first frame's, strictly rising */
    uint32_t width, height; /* as decoded */
    const char
        *pixel_format; /* FFmpeg's name; full-range twins (yuvj420p) under their plain name */
    unsigned n_planes;
    struct bf_plane {
        const uint8_t *data;
        ptrdiff_t stride; /* bytes; may be negative */
        size_t row_bytes;
        uint32_t rows;
    } plane[BF_FRAME_PLANES];
    struct bf_orientation orientation;
    /* Luma as decoded: luma_bytes a sample (1, or 2 little-endian); value = (sample >> luma_shift),
     * luma_bits wide */
    const uint8_t *luma;
    ptrdiff_t luma_stride;
    unsigned luma_bytes, luma_bits, luma_shift;
    bool damaged; /* the decoder had to conceal something */
};

struct bf_video;

/*
 * Open path and its main video stream. BF_ERR_FORMAT with a plain word for a folder, an empty file,
 * something that is not a video, a still image, a file without a video stream.
 */
enum bf_err bf_video_open(struct bf_video **v, const char *path, struct bf_error *err);
void bf_video_close(struct bf_video **v);
const struct bf_video_info *bf_video_info(const struct bf_video *v);
/*
 * The next frame; *frame is NULL after the last one. BF_ERR_FORMAT where the file is cut off or
 * cannot be decoded at all; a frame that decodes with errors is given and marked.
 */
enum bf_err bf_video_next(struct bf_video *v, const struct bf_frame **frame, struct bf_error *err);
/*
 * Makes the first frame at or after pts_us the next one; a time past the last frame's, none. What
 * cannot be sought is decoded from the start. From then on a frame's index counts from there, and
 * the stream hash cannot be had; the times stay those from the first frame of the file. Errors are
 * those of bf_video_next.
 */
enum bf_err bf_video_seek(struct bf_video *v, int64_t pts_us, struct bf_error *err);
/* After the first frame: its time in the container's clock, which the sound's times are told by. */
int64_t bf_video_start_us(const struct bf_video *v);
/* After the last frame: its end, in the clock of pts_us. */
int64_t bf_video_end_us(const struct bf_video *v);
/* After the last frame of a video that was not sought in: SHA-256 over (be32 length, bytes) of each
 * coded packet of the stream in file order. */
void bf_video_stream_hash(struct bf_video *v, uint8_t hash32[32]);
/* SHA-256 of the open file's bytes, and their number. BF_ERR_IO where it is being written to
 * meanwhile. */
enum bf_err bf_video_file_hash(struct bf_video *v, uint8_t hash32[32], uint64_t *size,
                               struct bf_error *err);

/* "libavformat 59.27.100, libavcodec ..." as found at run time; static storage. */
const char *bf_video_libraries(void);

#endif
