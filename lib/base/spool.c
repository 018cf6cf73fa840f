#include "lib/base/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BUFFER = 1 << 18,
    RESIDENT = 1 << 26, /* of the mapping, about as much stays in the process */
};

struct bf_spool {
    int fd;
    size_t row_size;
    uint64_t n_rows;
    uint8_t *buf;
    size_t buf_len, buf_cap;
    uint8_t *map;
    size_t *touched; /* bytes handed out since the mapping was last let go */
};

enum bf_err bf_spool_open(struct bf_spool **out, const char *dir, size_t row_size,
                          struct bf_error *err)
{
    struct bf_spool *s = calloc(1, sizeof *s);
    char *name = NULL;
    size_t cap = strlen(dir) + 24;
    enum bf_err rc = BF_OK;

    *out = NULL;
    if (s == NULL)
        return bf_error_nomem(err);
    s->fd = -1;
    s->row_size = row_size;
    s->buf_cap = row_size > BUFFER ? row_size : BUFFER / row_size * row_size;
    s->buf = malloc(s->buf_cap);
    s->touched = calloc(1, sizeof *s->touched);
    name = malloc(cap);
    if (s->buf == NULL || s->touched == NULL || name == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    snprintf(name, cap, "%s/bonafide.XXXXXX", dir);
    s->fd = mkstemp(name);
    if (s->fd < 0) {
        rc = bf_error_errno(err, "cannot make a temporary file in '%s'", dir);
        goto out;
    }
    unlink(name);
    fcntl(s->fd, F_SETFD, FD_CLOEXEC);
    *out = s;
    s = NULL;
out:
    free(name);
    bf_spool_close(&s);
    return rc;
}

void bf_spool_close(struct bf_spool **out)
{
    struct bf_spool *s = *out;

    if (s == NULL)
        return;
    if (s->map != NULL)
        munmap(s->map, s->n_rows * s->row_size);
    if (s->fd >= 0)
        close(s->fd);
    free(s->buf);
    free(s->touched);
    free(s);
    *out = NULL;
}

static enum bf_err flush(struct bf_spool *s, struct bf_error *err)
{
    size_t at = 0;

    while (at < s->buf_len) {
        ssize_t n = write(s->fd, s->buf + at, s->buf_len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return bf_error_errno(err, "cannot write a temporary file");
        at += (size_t)n;
    }
    s->buf_len = 0;
    return BF_OK;
}

enum bf_err bf_spool_append(struct bf_spool *s, const void *row, struct bf_error *err)
{
    assert(s->map == NULL);
    if (s->buf_len + s->row_size > s->buf_cap) {
        enum bf_err rc = flush(s, err);

        if (rc != BF_OK)
            return rc;
    }
    memcpy(s->buf + s->buf_len, row, s->row_size);
    s->buf_len += s->row_size;
    s->n_rows++;
    return BF_OK;
}

uint64_t bf_spool_rows(const struct bf_spool *s)
{
    return s->n_rows;
}

enum bf_err bf_spool_seal(struct bf_spool *s, struct bf_error *err)
{
    enum bf_err rc = flush(s, err);
    void *map;

    if (rc != BF_OK || s->n_rows == 0)
        return rc;
    map = mmap(NULL, s->n_rows * s->row_size, PROT_READ, MAP_SHARED, s->fd, 0);
    if (map == MAP_FAILED)
        return bf_error_errno(err, "cannot read back a temporary file");
    s->map = map;
    return BF_OK;
}

const void *bf_spool_row(const struct bf_spool *s, uint64_t i)
{
    assert(s->map != NULL && i < s->n_rows);
    *s->touched += s->row_size;
    if (*s->touched > RESIDENT) {
        /* The rows are in the file; what is still needed comes back by itself. */
        madvise(s->map, s->n_rows * s->row_size, MADV_DONTNEED);
        *s->touched = 0;
    }
    return s->map + i * s->row_size;
}
