/*
 * photo_decode.h - FFmpeg's side of reading a still picture, of a file that is open already
 *
 * Runs in the sandboxed child (decode_child), or in the caller's own process where the sandbox is
 * off.
 */
#ifndef BF_PHOTO_DECODE_H
#define BF_PHOTO_DECODE_H

#include "lib/media/photo.h"

enum bf_photo_kind { BF_PHOTO_NONE, BF_PHOTO_JPEG, BF_PHOTO_PNG, BF_PHOTO_WEBP, BF_PHOTO_BMP };

/* By the first bytes of a file, of which n are given. */
enum bf_photo_kind bf_photo_kind_of(const uint8_t *p, size_t n);
/* The picture in the file fd of size bytes, which stays the caller's, as bf_photo_read gives it;
 * path is what errors call it. */
enum bf_err bf_photo_decode(struct bf_picture *out, int fd, int64_t size, const char *path,
                            struct bf_error *err);

#endif
