/*
 * decode_link.h - the program's end of a sandboxed decoder
 *
 * What the other end says is checked as decode_talk.h has it.
 */
#ifndef BF_DECODE_LINK_H
#define BF_DECODE_LINK_H

#include "lib/media/video.h"

struct bf_decode_link;

enum bf_decode_what { BF_DECODE_VIDEO, BF_DECODE_PHOTO };

/* The file fd of size bytes stays the caller's and open until the link is closed; path is what
 * errors call it. A photograph is a video of one frame without info or luma. */
enum bf_err bf_decode_link_open(struct bf_decode_link **l, enum bf_decode_what what, int fd,
                                int64_t size, const char *path, struct bf_error *err);
void bf_decode_link_close(struct bf_decode_link **l);
/* As their namesakes of video.h. */
const struct bf_video_info *bf_decode_link_info(const struct bf_decode_link *l);
enum bf_err bf_decode_link_next(struct bf_decode_link *l, const struct bf_frame **frame,
                                struct bf_error *err);
enum bf_err bf_decode_link_seek(struct bf_decode_link *l, int64_t pts_us, struct bf_error *err);
int64_t bf_decode_link_start_us(const struct bf_decode_link *l);
int64_t bf_decode_link_end_us(const struct bf_decode_link *l);
void bf_decode_link_stream_hash(const struct bf_decode_link *l, uint8_t hash32[32]);

/* For tests: as if a decoder were at the other end of the socket wire, which is the link's from
 * here on, also where this fails. */
enum bf_err bf_decode_link_attach(struct bf_decode_link **l, int wire, struct bf_error *err);
#endif
