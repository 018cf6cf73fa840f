/*
 * image_fixture.h - a ledger as register fills it, and its data file as bytes that can be put back
 * damaged
 */
#ifndef BF_IMAGE_FIXTURE_H
#define BF_IMAGE_FIXTURE_H

#include "tests/unit/copy_fixture.h"

#include "tests/unit/chain_fixture.h"

#include <fcntl.h>

#include "ledger/match/record_index.h"

#define SCENES 4 /* drawn ones; records take them in turn */

struct filer {
    struct bf_key key;
    struct record scene[SCENES];
};

static inline void filer_open(struct filer *f)
{
    uint32_t i;

    fixture_key(&f->key, 1, "Example Newsroom");
    for (i = 0; i < SCENES; i++)
        record_open(&f->scene[i], 700 + i, 0.5, 4);
}

static inline void filer_close(struct filer *f)
{
    int i;

    for (i = 0; i < SCENES; i++)
        record_close(&f->scene[i]);
    bf_key_release(&f->key);
}

static inline enum bf_err index_it(void *ctx, struct bf_txn *t, const struct bf_appended *done,
                                   size_t n, struct bf_error *err)
{
    const struct record *r = ctx;

    (void)n;
    return bf_record_index_add(t, done->index, r->blob.data, r->blob.len, err);
}

/* What register writes to the ledger in dir of video i, from opening it to closing it. */
static inline enum bf_err file_record(struct filer *f, const char *dir, uint64_t i,
                                      struct bf_appended *done, struct bf_error *err)
{
    struct record *scene = &f->scene[i % SCENES];
    struct bf_ledger *l = NULL;
    struct bf_record r;
    enum bf_err rc = bf_ledger_open(&l, dir, false, err);

    fixture_record(&r, i);
    bf_digest_root(scene->digest, r.digest32);
    if (rc == BF_OK)
        rc = bf_ledger_put_blob(l, r.digest32, scene->blob.data, scene->blob.len, err);
    if (rc == BF_OK)
        rc = bf_ledger_append(l, done, &r, 1, &f->key, index_it, scene, err);
    bf_ledger_close(&l);
    return rc;
}

/* In memory where there is such a folder: thousands of states are put there. */
static inline void image_dir(char out[64])
{
    snprintf(out, 64, "/dev/shm/bonafide-test-XXXXXX");
    if (mkdtemp(out) == NULL)
        fixture_dir(out);
}

/* The ledger in dir becomes the data file p, and what is beside it that of a ledger at rest. */
static inline void image_put(const char *dir, const void *p, size_t n)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s/lock.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_true(write(fd, p, n) == (ssize_t)n);
    close(fd);
}

#endif
