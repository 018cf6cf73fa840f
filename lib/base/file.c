#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
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
            rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %zu bytes", path,
                              max);
            break;
        }
    }
    close(fd);
    return rc;
}

struct bf_output {
    char *path;
    char *tmp; /* the temporary name, or one to pass through on the way to replacing path */
    int fd;
    unsigned flags;
    bool named; /* tmp exists */
    void *map;
    size_t map_len;
};

static mode_t file_mode(unsigned flags)
{
    mode_t mask;

    if (flags & BF_OUTPUT_PRIVATE)
        return 0600;
    mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* path's folder as text, with its slash; "./" where there is none. */
static void folder_of(char *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 2;

    memcpy(out, slash ? path : "./", n);
    out[n] = '\0';
}

int bf_folder_sync(const char *path)
{
    char *folder = malloc(strlen(path) + 3);
    int fd, rc = 0;

    if (folder == NULL)
        return -1;
    folder_of(folder, path);
    /* Not every folder that may be written may be read, and not every file system can be asked:
     * only a disk that fails is an error. */
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fsync(fd) != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT))
        rc = -1;
    if (fd >= 0) {
        int saved = errno;

        close(fd);
        errno = saved;
    }
    free(folder);
    return rc;
}

enum bf_err bf_output_open(struct bf_output **out, const char *path, unsigned flags,
                           struct bf_error *err)
{
    struct bf_output *o = calloc(1, sizeof *o);
    size_t cap = strlen(path) + 24, n;
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
    folder_of(o->tmp, path);
    o->fd = open(o->tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, file_mode(flags));
    n = strlen(o->tmp);
    snprintf(o->tmp + n, cap - n, ".%s.XXXXXX", path + (strrchr(path, '/') ? n : 0));
    if (o->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        o->fd = mkstemp(o->tmp);
        o->named = o->fd >= 0;
        if (o->named) {
            fcntl(o->fd, F_SETFD, FD_CLOEXEC);
            fchmod(o->fd, file_mode(flags));
        }
    }
    if (o->fd < 0) {
        rc = bf_error_errno(err, "cannot write '%s'", path);
        goto out;
    }
    *out = o;
    o = NULL;
out:
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

int bf_output_fd(const struct bf_output *out)
{
    return out->fd;
}

enum bf_err bf_output_map(struct bf_output *out, const void **p, size_t *n, struct bf_error *err)
{
    struct stat st;
    void *map = MAP_FAILED;

    if (fstat(out->fd, &st) == 0)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, out->fd, 0);
    if (map == MAP_FAILED)
        return bf_error_errno(err, "cannot read back '%s'", out->path);
    if (out->map != NULL)
        munmap(out->map, out->map_len);
    *p = out->map = map;
    *n = out->map_len = (size_t)st.st_size;
    return BF_OK;
}

enum bf_err bf_output_sync(struct bf_output *out, struct bf_error *err)
{
    if (fsync(out->fd) != 0)
        return bf_error_errno(err, "cannot write '%s'", out->path);
    return BF_OK;
}

/* Gives the open file the name to, which must not exist. */
static int name_file(struct bf_output *out, const char *to)
{
    char self[32];

    if (out->named)
        return link(out->tmp, to);
    snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

static enum bf_err exists(const struct bf_output *out, struct bf_error *err)
{
    return bf_error_set(err, BF_ERR_EXISTS, "'%s' exists; use --force to replace it", out->path);
}

/* The temporary name becomes path. What is there is replaced with BF_OUTPUT_FORCE alone: the kernel
 * sees to it, or, on a file system where it cannot, a look before. */
static int rename_file(const struct bf_output *out)
{
    struct stat st;

    if (out->flags & BF_OUTPUT_FORCE)
        return rename(out->tmp, out->path);
    if (renameat2(AT_FDCWD, out->tmp, AT_FDCWD, out->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (lstat(out->path, &st) != 0)
        return rename(out->tmp, out->path);
    errno = EEXIST;
    return -1;
}

/* Gives the file its name; sets *replaced where another had it. */
static enum bf_err name_it(struct bf_output *out, bool *replaced, struct bf_error *err)
{
    *replaced = false;
    /* link() never replaces, so nothing that appeared at path since the file was opened is lost. */
    if (name_file(out, out->path) == 0) {
        if (out->named)
            unlink(out->tmp);
        out->named = false;
        return BF_OK;
    }
    if (errno == EEXIST && !(out->flags & BF_OUTPUT_FORCE))
        return exists(out, err);
    /* To replace, or on a file system without hard links: a temporary name, and rename. */
    if (!out->named) {
        int tries;

        for (tries = 0; tries < 100; tries++) {
            snprintf(out->tmp + strlen(out->tmp) - 6, 7, "%06u",
                     (unsigned)(getpid() + tries * 7919) % 1000000);
            if (name_file(out, out->tmp) == 0) {
                out->named = true;
                break;
            }
            if (errno != EEXIST)
                break;
        }
        if (!out->named)
            return bf_error_errno(err, "cannot write '%s'", out->path);
    }
    if (rename_file(out) != 0)
        return errno == EEXIST ? exists(out, err)
                               : bf_error_errno(err, "cannot write '%s'", out->path);
    out->named = false;
    *replaced = true;
    return BF_OK;
}

enum bf_err bf_output_commit(struct bf_output *out, struct bf_error *err)
{
    bool replaced;
    enum bf_err rc = bf_output_sync(out, err);

    if (rc == BF_OK)
        rc = name_it(out, &replaced, err);
    if (rc == BF_OK && bf_folder_sync(out->path) != 0) {
        rc = bf_error_errno(err, "cannot write '%s'", out->path);
        if (!replaced)
            unlink(out->path);
    }
    return rc;
}

void bf_output_close(struct bf_output **out)
{
    struct bf_output *o = *out;

    if (o == NULL)
        return;
    if (o->map != NULL)
        munmap(o->map, o->map_len);
    if (o->fd >= 0)
        close(o->fd);
    if (o->named)
        unlink(o->tmp);
    free(o->tmp);
    free(o->path);
    free(o);
    *out = NULL;
}

enum bf_err bf_file_write(const char *path, unsigned flags, const struct bf_buf *b,
                          struct bf_error *err)
{
    struct bf_output *out = NULL;
    enum bf_err rc = b->failed ? bf_error_nomem(err) : bf_output_open(&out, path, flags, err);

    if (rc == BF_OK)
        rc = bf_output_write(out, b->data, b->len, err);
    if (rc == BF_OK)
        rc = bf_output_commit(out, err);
    bf_output_close(&out);
    return rc;
}
