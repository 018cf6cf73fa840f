/*
 * decoder.h - FFmpeg's side of reading a video: what video.h promises, of a file that is open
 * already
 *
 * Runs in the sandboxed child (decode_child), or in the caller's own process where the sandbox is
 * off. It opens nothing, and asks the system for nothing but memory, threads and pread.
 */
#ifndef BF_DECODER_H
#define BF_DECODER_H

#include "lib/media/video.h"

struct AVCodecContext;
struct AVFrame;
struct bf_decoder;

/* Where pictures are drawn: FFmpeg's AVCodecContext.get_buffer2 and opaque. From any thread. */
struct bf_decoder_buffers {
    int (*get)(struct AVCodecContext *dec, struct AVFrame *av, int flags);
    void *opaque;
};

/*
 * The main video stream of the file fd of size bytes, which stays the caller's; path is what errors
 * call it, and its ending helps to tell raw streams apart. buffers, which is copied, may be NULL:
 * FFmpeg's own.
 */
enum bf_err bf_decoder_open(struct bf_decoder **d, int fd, int64_t size, const char *path,
                            const struct bf_decoder_buffers *buffers, struct bf_error *err);
void bf_decoder_close(struct bf_decoder **d);
/* As their namesakes of video.h. */
const struct bf_video_info *bf_decoder_info(const struct bf_decoder *d);
enum bf_err bf_decoder_next(struct bf_decoder *d, const struct bf_frame **frame,
                            struct bf_error *err);
enum bf_err bf_decoder_seek(struct bf_decoder *d, int64_t pts_us, struct bf_error *err);
int64_t bf_decoder_start_us(const struct bf_decoder *d);
int64_t bf_decoder_end_us(const struct bf_decoder *d);
void bf_decoder_stream_hash(struct bf_decoder *d, uint8_t hash32[32]);
/* Whether a seek has left the stream hash without meaning. */
bool bf_decoder_sought(const struct bf_decoder *d);
/* The format and size of frames as the container has them: most will be so. */
void bf_decoder_expects(uint32_t *format, uint32_t *width, uint32_t *height,
                        const struct bf_decoder *d);
/* The memory of the last frame that was given, to be kept beyond the next call: av_frame_free ends
 * that. NULL where memory ran out. */
struct AVFrame *bf_decoder_keep(const struct bf_decoder *d);
/* fn is called for each frame that a seek decodes on its way. */
void bf_decoder_on_skip(struct bf_decoder *d, void (*fn)(void *ctx), void *ctx);

#endif
