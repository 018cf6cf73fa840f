#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum bf_err bf_file_open(int *fd, const char *path, struct bf_error *err)
{
    struct stat st;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fd < 0)
        return bf_error_errno(err, "cannot open '%s'", path);
    if (fstat(*fd, &st) != 0) {
        enum bf_err rc = bf_error_errno(err, "cannot stat '%s'", path);

        close(*fd);
        *fd = -1;
        return rc;
    }
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        return BF_OK;
    close(*fd);
    *fd = -1;
    if (S_ISREG(st.st_mode))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is empty", path);
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' is %s", path,
                        S_ISDIR(st.st_mode) ? "a folder, not a file" : "not a regular file");
}

enum bf_err bf_file_read(struct bf_buf *out, const char *path, size_t max, struct bf_error *err)
{
    enum bf_err rc;
    int fd = -1;

    rc = bf_file_open(&fd, path, err);
    if (rc != BF_OK)
        return rc;
    for (size_t total = 0;;) {
        ssize_t n;

        if (!bf_buf_reserve(out, 4096)) {
            rc = bf_error_nomem(err);
            break;
        }
        n = read(fd, out->data + out->len, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = bf_error_errno(err, "cannot read '%s'", path);
        if (n <= 0)
            break;
        out->len += (size_t)n;
        total += (size_t)n;
        if (total > max) {
            rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %zu bytes", path, max);
            break;
        }
    }
    close(fd);
    return rc;
}

struct bf_output {
    char *path;
    char *tmp;
    int fd;
    unsigned flags;
    bool linked; /* the temporary file exists */
};

enum bf_err bf_output_open(struct bf_output **out, const char *path, unsigned flags, struct bf_error *err)
{
    struct bf_output *o = calloc(1, sizeof *o);
    const char *slash = strrchr(path, '/');
    int dir_len = slash ? (int)(slash - path + 1) : 0;
    size_t cap = strlen(path) + 16;
    enum bf_err rc = BF_OK;
    struct stat st;

    *out = NULL;
    if (o == NULL)
        return bf_error_nomem(err);
    o->fd = -1;
    o->flags = flags;
    o->path = strdup(path);
    o->tmp = malloc(cap);
    if (o->path == NULL || o->tmp == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    if (lstat(path, &st) == 0 && (!(flags & BF_OUTPUT_FORCE) || S_ISDIR(st.st_mode))) {
        rc = bf_error_set(err, BF_ERR_EXISTS, "'%s' exists%s", path,
                          S_ISDIR(st.st_mode) ? " and is a folder" : "; use --force to replace it");
        goto out;
    }
    snprintf(o->tmp, cap, "%.*s.%s.XXXXXX", dir_len, path, path + dir_len);
    o->fd = mkstemp(o->tmp);
    if (o->fd < 0) {
        rc = bf_error_errno(err, "cannot write '%s'", path);
        goto out;
    }
    o->linked = true;
    fcntl(o->fd, F_SETFD, FD_CLOEXEC);
    if (!(flags & BF_OUTPUT_PRIVATE)) {
        mode_t mask = umask(0);

        umask(mask);
        fchmod(o->fd, 0666 & ~mask);
    }
    *out = o;
out:
    if (rc != BF_OK)
        bf_output_close(&o);
    return rc;
}

enum bf_err bf_output_write(struct bf_output *out, const void *p, size_t n, struct bf_error *err)
{
    const char *q = p;

    while (n > 0) {
        ssize_t k = write(out->fd, q, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return bf_error_errno(err, "cannot write '%s'", out->path);
        q += k;
        n -= (size_t)k;
    }
    return BF_OK;
}

enum bf_err bf_output_sync(struct bf_output *out, struct bf_error *err)
{
    if (fsync(out->fd) != 0)
        return bf_error_errno(err, "cannot write '%s'", out->path);
    return BF_OK;
}

enum bf_err bf_output_commit(struct bf_output *out, struct bf_error *err)
{
    enum bf_err rc = bf_output_sync(out, err);

    if (rc != BF_OK)
        return rc;
    if (out->flags & BF_OUTPUT_FORCE) {
        if (rename(out->tmp, out->path) != 0)
            return bf_error_errno(err, "cannot write '%s'", out->path);
        out->linked = false;
        return BF_OK;
    }
    /* link() never replaces, so nothing that appeared at path since open is lost; file systems without hard links
     * fall back to a check and a rename. */
    if (link(out->tmp, out->path) == 0) {
        unlink(out->tmp);
        out->linked = false;
        return BF_OK;
    }
    if (errno == EEXIST)
        return bf_error_set(err, BF_ERR_EXISTS, "'%s' exists; use --force to replace it", out->path);
    if (access(out->path, F_OK) == 0)
        return bf_error_set(err, BF_ERR_EXISTS, "'%s' exists; use --force to replace it", out->path);
    if (rename(out->tmp, out->path) != 0)
        return bf_error_errno(err, "cannot write '%s'", out->path);
    out->linked = false;
    return BF_OK;
}

void bf_output_close(struct bf_output **out)
{
    struct bf_output *o = *out;

    if (o == NULL)
        return;
    if (o->fd >= 0)
        close(o->fd);
    if (o->linked)
        unlink(o->tmp);
    free(o->tmp);
    free(o->path);
    free(o);
    *out = NULL;
}
