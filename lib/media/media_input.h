/*
 * media_input.h - a container open for reading as a descriptor of ours: what lib/media's readers
 * share
 *
 * FFmpeg never opens anything itself, so a playlist that names other files or hosts gets nothing.
 */
#ifndef BF_MEDIA_INPUT_H
#define BF_MEDIA_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"

struct AVFormatContext;

struct bf_media_input {
    char *path;
    int fd;
    bool own; /* fd */
    int64_t at, size;
    struct AVFormatContext *fmt;
};

/*
 * Open path and probe its streams. in is the caller's and must stay where it is until
 * bf_media_input_close, which takes a half-opened one too, and one that is all zeros but for fd -1.
 */
enum bf_err bf_media_input_open(struct bf_media_input *in, const char *path, struct bf_error *err);
/* The same of an open file of size bytes, which stays the caller's; path is what it is called. */
enum bf_err bf_media_input_attach(struct bf_media_input *in, int fd, int64_t size, const char *path,
                                  struct bf_error *err);
/* From its start, as if nothing had been read. */
enum bf_err bf_media_input_reopen(struct bf_media_input *in, struct bf_error *err);
void bf_media_input_close(struct bf_media_input *in);

/* FFmpeg prints nothing from here on. */
void bf_media_silence(void);

#endif
