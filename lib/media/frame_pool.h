/*
 * frame_pool.h - the child's side of the memory that frames are shared in
 *
 * The decoder draws its pictures into it, each slot's at another place of a page, so that a frame
 * reaches the program without having been copied; a slot is taken again when neither the decoder
 * nor the program looks at it any more. What cannot be drawn there (formats without luma of their
 * own, decoders with buffers of their own, no slot left) is copied into a slot when it is given.
 */
#ifndef BF_FRAME_POOL_H
#define BF_FRAME_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct AVCodecContext;
struct AVFrame;
struct bf_frame_pool;

struct bf_frame_pool *bf_frame_pool_create(void); /* NULL where memory ran out */
/*
 * n slots of slot_bytes from offset of the file fd on, instead of those before, in which pictures
 * that the decoder refers to stay. The pool lives as long as the process. False where they cannot
 * be mapped.
 */
bool bf_frame_pool_map(struct bf_frame_pool *p, int fd, uint64_t offset, unsigned n,
                       size_t slot_bytes);
size_t bf_frame_pool_slot_bytes(const struct bf_frame_pool *p);
/* A free slot to copy a frame to: its number, -1 where there is none; *at receives where it is. */
int bf_frame_pool_take(struct bf_frame_pool *p, uint8_t **at);
void bf_frame_pool_put(struct bf_frame_pool *p, int slot);
/* The slot that data lies in; -1: in none. */
int bf_frame_pool_find(const struct bf_frame_pool *p, const uint8_t *data, uint8_t **at);
/* For AVCodecContext.get_buffer2, with the pool as the context's opaque. From any thread. */
int bf_frame_pool_get_buffer(struct AVCodecContext *dec, struct AVFrame *av, int flags);

#endif
