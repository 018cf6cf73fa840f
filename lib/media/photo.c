#include "lib/media/photo.h"
#include "lib/base/file.h"
#include "lib/media/decode_link.h"
#include "lib/media/limits.h"
#include "lib/media/photo_decode.h"
#include "lib/media/sandbox.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 12 };

bool bf_photo_is_one(const char *path)
{
    uint8_t head[HEAD];
    ssize_t n;
    int fd;

    /* Only of a regular file: a pipe would be waited for. */
    if (bf_file_open(&fd, path, NULL) != BF_OK)
        return false;
    n = read(fd, head, sizeof head);
    close(fd);
    return n > 0 && bf_photo_kind_of(head, (size_t)n) != BF_PHOTO_NONE;
}

/* Rows of f, which is in RGB, as a picture of its own. */
static enum bf_err to_picture(struct bf_picture *out, const struct bf_frame *f, const char *path,
                              struct bf_error *err)
{
    enum bf_err rc;
    uint32_t y;

    if (f == NULL || strcmp(f->pixel_format, "rgb24") != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "the picture '%s' is damaged or cut off", path);
    rc = bf_picture_create(out, f->width, f->height, err);
    for (y = 0; rc == BF_OK && y < f->height; y++)
        memcpy(out->rgb + (size_t)y * f->width * 3, f->plane[0].data + y * f->plane[0].stride,
               (size_t)f->width * 3);
    return rc;
}

/* In a process of its own, which ends with the call. */
static enum bf_err read_sandboxed(struct bf_picture *out, int fd, int64_t size, const char *path,
                                  struct bf_error *err)
{
    const struct bf_frame *f = NULL;
    struct bf_decode_link *l = NULL;
    enum bf_err rc = bf_decode_link_open(&l, BF_DECODE_PHOTO, fd, size, path, err);

    if (rc == BF_OK)
        rc = bf_decode_link_next(l, &f, err);
    if (rc == BF_OK)
        rc = to_picture(out, f, path, err);
    bf_decode_link_close(&l);
    return rc;
}

enum bf_err bf_photo_read(struct bf_picture *out, const char *path, struct bf_error *err)
{
    struct stat st;
    int fd = -1;
    enum bf_err rc = bf_file_open(&fd, path, err);

    *out = (struct bf_picture){0};
    if (rc != BF_OK)
        return rc;
    if (fstat(fd, &st) != 0)
        rc = bf_error_errno(err, "cannot stat '%s'", path);
    else if (st.st_size > BF_PHOTO_BYTES_MAX)
        rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %u bytes", path,
                          BF_PHOTO_BYTES_MAX);
    else if (bf_sandbox_used())
        rc = read_sandboxed(out, fd, st.st_size, path, err);
    else
        rc = bf_photo_decode(out, fd, st.st_size, path, err);
    close(fd);
    if (rc == BF_OK &&
        (out->width > bf_limit(BF_LIMIT_SIDE) || out->height > bf_limit(BF_LIMIT_SIDE)))
        rc = bf_error_set(
            err, BF_ERR_LIMIT,
            "'%s' has %" PRIu32 "x%" PRIu32 " pixels; the limit is %" PRIu64 "x%" PRIu64, path,
            out->width, out->height, bf_limit(BF_LIMIT_SIDE), bf_limit(BF_LIMIT_SIDE));
    if (rc != BF_OK)
        bf_picture_release(out);
    return rc;
}

void bf_photo_frame(struct bf_frame *frame, const struct bf_picture *p)
{
    *frame = (struct bf_frame){.width = p->width,
                               .height = p->height,
                               .pixel_format = "rgb24",
                               .n_planes = 1,
                               .orientation = {1, 0, 0, 1}};
    frame->plane[0] =
        (struct bf_plane){p->rgb, (ptrdiff_t)p->width * 3, (size_t)p->width * 3, p->height};
}
