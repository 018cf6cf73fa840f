#include "detector/chip_set.h"
#include "lib/base/text.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "BFCHIPS1";

enum { HEAD = sizeof magic };

/* A mapping begins at a page: records behind the head lie as their fields want it, without gaps. */
static_assert(HEAD % _Alignof(struct bf_chip_record) == 0, "records are aligned");
static_assert(sizeof(struct bf_chip_record) ==
                  offsetof(struct bf_chip_record, mask) + BF_CHIP_MASK * BF_CHIP_MASK,
              "records have no padding");

enum bf_err bf_chip_set_begin(struct bf_output *out, struct bf_error *err)
{
    return bf_output_write(out, magic, HEAD, err);
}

static bool is_left_out(const struct bf_chip_record *r, const char *left_out)
{
    return left_out != NULL && strncmp(r->family, left_out, sizeof r->family) == 0;
}

size_t bf_chip_set_fakes(const struct bf_chip_set *s, size_t r, const char *left_out)
{
    size_t n = 0, i;

    for (i = r + 1; i < s->n && s->record[i].fake; i++)
        n += !is_left_out(&s->record[i], left_out);
    return n;
}

static bool in_words(const struct bf_chip_record *r)
{
    const char *end = memchr(r->family, 0, sizeof r->family);

    return end != NULL && !bf_text_has_control(r->family, (size_t)(end - r->family));
}

/* A real chip's group is its own number, and each fake has that of the real one before it. */
static bool in_order(const struct bf_chip_set *s)
{
    uint32_t group = 0;
    size_t i;

    for (i = 0; i < s->n; i++) {
        const struct bf_chip_record *r = &s->record[i];

        if (!r->fake)
            group = (uint32_t)i;
        if (r->group != group || (i == 0 && r->fake) || r->fake > 1 || r->still > 1 || !in_words(r))
            return false;
    }
    return true;
}

static enum bf_err list_reals(struct bf_chip_set *s, const char *left_out, struct bf_error *err)
{
    size_t i;

    s->real = malloc((s->n + 1) * sizeof *s->real);
    if (s->real == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < s->n; i++)
        if (!s->record[i].fake && bf_chip_set_fakes(s, i, left_out) > 0)
            s->real[s->n_real++] = (uint32_t)i;
    return BF_OK;
}

enum bf_err bf_chip_set_open(struct bf_chip_set *s, const char *path, const char *left_out,
                             struct bf_error *err)
{
    struct stat st;
    int fd = -1;
    enum bf_err rc;

    memset(s, 0, sizeof *s);
    rc = bf_file_open(&fd, path, err);
    if (rc != BF_OK)
        return rc;
    if (fstat(fd, &st) != 0) {
        rc = bf_error_errno(err, "cannot read '%s'", path);
        goto out;
    }
    s->map_size = (size_t)st.st_size;
    if (s->map_size < HEAD + sizeof *s->record || (s->map_size - HEAD) % sizeof *s->record != 0 ||
        (s->map_size - HEAD) / sizeof *s->record > UINT32_MAX)
        goto format;
    s->map = mmap(NULL, s->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        rc = bf_error_errno(err, "cannot map '%s'", path);
        goto out;
    }
    s->record = (const struct bf_chip_record *)((const char *)s->map + HEAD);
    s->n = (s->map_size - HEAD) / sizeof *s->record;
    if (memcmp(s->map, magic, HEAD) != 0 || !in_order(s))
        goto format;
    rc = list_reals(s, left_out, err);
    goto out;
format:
    rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is no set of chips", path);
out:
    close(fd);
    if (rc != BF_OK)
        bf_chip_set_close(s);
    return rc;
}

void bf_chip_set_close(struct bf_chip_set *s)
{
    if (s->map != NULL)
        munmap(s->map, s->map_size);
    free(s->real);
    memset(s, 0, sizeof *s);
}
