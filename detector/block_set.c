#include "detector/block_set.h"
#include "lib/base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "BFBLOCK3";

enum { HEAD = sizeof magic, FLOATS = BF_TEMPORAL_FRAMES * BF_TEMPORAL_WIDTH };
#define FILE_MAX ((size_t)4 << 30)

void bf_block_gather_add(struct bf_block_gather *g, const float *points)
{
    float *more;

    if (g->n == g->cap && !g->failed) {
        more = realloc(g->points, (2 * g->cap + 4) * FLOATS * sizeof *more);
        g->failed = more == NULL;
        if (g->failed)
            return;
        g->points = more;
        g->cap = 2 * g->cap + 4;
    }
    if (!g->failed)
        memcpy(g->points + g->n++ * FLOATS, points, FLOATS * sizeof *points);
}

void bf_block_gather_release(struct bf_block_gather *g)
{
    free(g->points);
    memset(g, 0, sizeof *g);
}

enum bf_err bf_block_set_add(struct bf_block_set *s, const struct bf_block_gather *g,
                             uint32_t person, const char *family, struct bf_error *err)
{
    struct bf_block *more;
    size_t i;

    if (g->failed)
        return bf_error_nomem(err);
    if (s->n + g->n > s->cap) {
        more = realloc(s->block, (2 * s->cap + g->n) * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        s->block = more;
        s->cap = 2 * s->cap + g->n;
    }
    for (i = 0; i < g->n; i++) {
        struct bf_block *b = &s->block[s->n++];

        b->person = person;
        b->fake = family != NULL;
        memset(b->family, 0, sizeof b->family);
        snprintf(b->family, sizeof b->family, "%s", family != NULL ? family : "real");
        memcpy(b->points, g->points + i * FLOATS, sizeof b->points);
    }
    return BF_OK;
}

enum bf_err bf_block_set_write(const struct bf_block_set *s, const char *path, unsigned flags,
                               struct bf_error *err)
{
    struct bf_output *out = NULL;
    enum bf_err rc = bf_output_open(&out, path, flags, err);

    if (rc == BF_OK)
        rc = bf_output_write(out, magic, HEAD, err);
    if (rc == BF_OK && s->n > 0)
        rc = bf_output_write(out, s->block, s->n * sizeof *s->block, err);
    if (rc == BF_OK)
        rc = bf_output_commit(out, err);
    bf_output_close(&out);
    return rc;
}

enum bf_err bf_block_set_read(struct bf_block_set *s, const char *path, struct bf_error *err)
{
    struct bf_buf b = {0};
    size_t i, k;
    enum bf_err rc = bf_file_read(&b, path, FILE_MAX, err);

    memset(s, 0, sizeof *s);
    if (rc != BF_OK)
        goto out;
    if (b.len < HEAD || memcmp(b.data, magic, HEAD) != 0 || (b.len - HEAD) % sizeof *s->block != 0)
        goto format;
    s->n = s->cap = (b.len - HEAD) / sizeof *s->block;
    s->block = malloc((s->n + 1) * sizeof *s->block);
    if (s->block == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    memcpy(s->block, b.data + HEAD, s->n * sizeof *s->block);
    for (i = 0; i < s->n; i++)
        for (k = 0; k < FLOATS; k++)
            if (!isfinite(s->block[i].points[k]) || s->block[i].fake > 1 ||
                memchr(s->block[i].family, 0, sizeof s->block[i].family) == NULL)
                goto format;
    goto out;
format:
    rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is no set of landmarks over time", path);
out:
    bf_buf_release(&b);
    if (rc != BF_OK)
        bf_block_set_release(s);
    return rc;
}

void bf_block_set_release(struct bf_block_set *s)
{
    free(s->block);
    memset(s, 0, sizeof *s);
}
