/*
 * decode_talk.h - the program's end of the conversation with a sandboxed child, for decode_link and
 * sound_link
 *
 * Nothing that the other end says is believed unchecked, and it may at any moment stop, crash or
 * fall silent: each is BF_ERR_FORMAT or BF_ERR_LIMIT with "refused 'name': ...", and every further
 * call says the same.
 */
#ifndef BF_DECODE_TALK_H
#define BF_DECODE_TALK_H

#include "lib/media/decode_wire.h"

struct bf_decode_talk {
    char *path;
    int wire, memory_fd;
    int64_t size;
    uint64_t pixels; /* of a frame: large ones are waited for longer */
    uint32_t seeks;
    struct bf_buf out;
    uint8_t in[BF_WIRE_BYTES_MAX];
    struct bf_wire_said said; /* the last message that answers; points into in */
    struct bf_error lost;     /* why there is no child any more */
};

/*
 * A child for the open file fd of size bytes, called path in errors; or, where wire is not -1, what
 * is at the other end of that socket. talk is the caller's, and bf_decode_talk_close takes it after
 * an error too.
 */
enum bf_err bf_decode_talk_open(struct bf_decode_talk *talk, int fd, int wire, int64_t size,
                                const char *path, struct bf_error *err);
void bf_decode_talk_close(struct bf_decode_talk *talk);
enum bf_err bf_decode_talk_ask(struct bf_decode_talk *talk, const struct bf_wire_asked *m,
                               struct bf_error *err);
/* The next message that answers what was asked last, into said. */
enum bf_err bf_decode_talk_hear(struct bf_decode_talk *talk, struct bf_error *err);
/* n bytes that come in parts. */
enum bf_err bf_decode_talk_hear_bytes(struct bf_decode_talk *talk, uint8_t *out, size_t n,
                                      struct bf_error *err);
/* What said is a BF_WIRE_FAILED about. */
enum bf_err bf_decode_talk_failed(struct bf_decode_talk *talk, struct bf_error *err);
/* No word of this child is heard again, and it ends. */
enum bf_err bf_decode_talk_lose(struct bf_decode_talk *talk, enum bf_err code, const char *why,
                                struct bf_error *err);
enum bf_err bf_decode_talk_nonsense(struct bf_decode_talk *talk, struct bf_error *err);
/* Whether the user has lowered the limit on memory, and the child's end where it went beyond. */
bool bf_decode_talk_memory_limited(void);
enum bf_err bf_decode_talk_too_much_memory(struct bf_decode_talk *talk, struct bf_error *err);

/* For tests: how long a silent child is waited for, beside what the file's size adds; 30 s at
 * first. */
void bf_decode_talk_set_patience(unsigned seconds);

#endif
