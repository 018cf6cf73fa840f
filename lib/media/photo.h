/*
 * photo.h - a still picture out of a file: JPEG, PNG, WebP or BMP
 */
#ifndef BF_PHOTO_H
#define BF_PHOTO_H

#include "lib/media/picture.h"

#define BF_PHOTO_BYTES_MAX (256u << 20)

/*
 * Whether the file begins as one of the four kinds; a file that cannot be read begins as none. A
 * picture in another container (HEIF, AVIF) is none either.
 */
bool bf_photo_is_one(const char *path);

/*
 * Read the picture at path, upright: what a camera's EXIF says of its turn is applied. *out is to
 * be released. BF_ERR_FORMAT where it is no picture of these kinds or is damaged, BF_ERR_LIMIT
 * where it is too large.
 */
enum bf_err bf_photo_read(struct bf_picture *out, const char *path, struct bf_error *err);

/* The picture as a frame, for those who read frames; its pixels are the picture's. luma is NULL. */
void bf_photo_frame(struct bf_frame *frame, const struct bf_picture *p);

#endif
