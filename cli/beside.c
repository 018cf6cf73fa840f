#include "cli/beside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY = 1 << 16 };

enum bf_err bf_beside_open(int *fd, const char *path, struct bf_error *err)
{
    const char *slash = strrchr(path, '/');
    int n = slash != NULL ? (int)(slash - path) + 1 : 0;
    char *name = malloc((size_t)n + 32);

    if (name == NULL)
        return bf_error_nomem(err);
    snprintf(name, (size_t)n + 32, "%.*s.bonafide-part.XXXXXX", n, path);
    *fd = mkstemp(name);
    if (*fd >= 0)
        unlink(name);
    free(name);
    return *fd >= 0 ? BF_OK : bf_error_errno(err, "cannot write '%s'", path);
}

enum bf_err bf_beside_copy(struct bf_output *out, int fd, const char *path, struct bf_error *err)
{
    uint8_t *buf = malloc(COPY);
    enum bf_err rc = BF_OK;
    off_t at = 0;
    ssize_t n = 0;

    if (buf == NULL)
        return bf_error_nomem(err);
    while (rc == BF_OK && (n = pread(fd, buf, COPY, at)) > 0) {
        rc = bf_output_write(out, buf, (size_t)n, err);
        at += n;
    }
    free(buf);
    return n < 0 ? bf_error_errno(err, "cannot read back '%s'", path) : rc;
}
