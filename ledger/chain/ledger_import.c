/*
 * bf_ledger_import: an export read twice. The first reading verifies all of it and writes nothing;
 * the second writes. SPEC.md "Ledger export".
 */
#include "ledger/chain/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/chain/ledger_impl.h"
#include "ledger/chain/ledger_transfer.h"
#include "ledger/chain/ledger_verify.h"
#include "lib/base/hash.h"

#define BATCH_BYTES \
    (1 << 20) /* a transaction ends at the first checkpoint behind so many bytes of records */

/* The file, read in order through one buffer and hashed on the way. */
struct source {
    int fd;
    const char *name;
    struct bf_sha256 *hash;
    uint8_t buf[1 << 16];
    size_t at, n;
    uint64_t size, done; /* bytes of the file, bytes handed out */
    struct bf_error *err;
};

/* One file's record, by its hash's first half: two that agree are found by sorting. */
struct file_id {
    uint8_t id[16];
    uint64_t index;
};

struct import {
    const char *dir;
    struct source src;
    struct bf_ledger *l; /* NULL: not made yet */
    const struct bf_import_hooks *hooks;
    const struct bf_export_sink *sink; /* of a reading that imports nothing; else NULL */
    const struct bf_progress *progress;
    struct bf_error *err;
    bool writing; /* the second reading */
    char origin[BF_ORIGIN_MAX + 1];
    struct bf_verifier v;
    struct bf_txn *t;   /* first reading: what is on the ledger already */
    uint64_t n_present; /* records there */
    struct bf_buf blob;
    uint8_t blob32[32]; /* digest of the last blob */
    bool has_blob;
    struct file_id *file;
    size_t n_files, files_cap;
    struct bf_buf batch; /* records and checkpoints of one transaction to come, as in the file */
    uint64_t n_new;
};

static enum bf_err malformed(struct import *m, const char *what)
{
    return bf_error_set(m->err, BF_ERR_FORMAT, "'%s' is not a whole ledger export: %s", m->src.name,
                        what);
}

static enum bf_err source_read(struct source *s, void *p, size_t n)
{
    uint8_t *out = p;
    size_t k;

    if (n > s->size - s->done)
        return bf_error_set(s->err, BF_ERR_FORMAT,
                            "'%s' is not a whole ledger export: it ends too early", s->name);
    for (; n > 0; n -= k) {
        if (s->at == s->n) {
            ssize_t got = read(s->fd, s->buf, sizeof s->buf);

            if (got < 0 && errno == EINTR) {
                k = 0;
                continue;
            }
            if (got < 0)
                return bf_error_errno(s->err, "cannot read '%s'", s->name);
            if (got == 0)
                return bf_error_set(s->err, BF_ERR_FORMAT, "'%s' became shorter while it was read",
                                    s->name);
            s->at = 0;
            s->n = (size_t)got;
        }
        k = s->n - s->at < n ? s->n - s->at : n;
        memcpy(out, s->buf + s->at, k);
        bf_sha256_update(s->hash, out, k);
        s->at += k;
        s->done += k;
        out += k;
    }
    return BF_OK;
}

static enum bf_err source_rewind(struct source *s)
{
    uint8_t unused[32];
    struct stat st;

    if (fstat(s->fd, &st) != 0 || lseek(s->fd, 0, SEEK_SET) != 0)
        return bf_error_errno(s->err, "cannot read '%s'", s->name);
    bf_sha256_finish(s->hash, unused);
    s->size = (uint64_t)st.st_size;
    s->at = s->n = 0;
    s->done = 0;
    return BF_OK;
}

static enum bf_err read_head(struct import *m)
{
    char magic[sizeof BF_EXPORT_MAGIC] = {0}, origin[BF_ORIGIN_MAX + 1] = {0};
    size_t n;
    enum bf_err rc = source_read(&m->src, magic, sizeof BF_EXPORT_MAGIC - 1);

    if (rc != BF_OK)
        return rc;
    if (memcmp(magic, BF_EXPORT_MAGIC, sizeof BF_EXPORT_MAGIC - 1) != 0)
        return malformed(m, "its first line is not 'bonafide-export/1'");
    for (n = 0; n < sizeof origin; n++) {
        rc = source_read(&m->src, &origin[n], 1);
        if (rc != BF_OK)
            return rc;
        if (origin[n] == '\n')
            break;
    }
    if (n == sizeof origin || !bf_origin_is_valid(origin, n))
        return malformed(m, "it names no origin");
    origin[n] = '\0';
    if (m->writing && strcmp(origin, m->origin) != 0)
        return malformed(m, "it changed while it was read");
    memcpy(m->origin, origin, n + 1);
    if (m->l != NULL && strcmp(m->origin, m->l->origin) != 0)
        return bf_error_set(m->err, BF_ERR_FORMAT,
                            "'%s' is of the ledger '%s'; the ledger '%s' is '%s'", m->src.name,
                            m->origin, m->dir, m->l->origin);
    return BF_OK;
}

static enum bf_err read_blob(struct import *m)
{
    uint8_t head[40];
    uint64_t left;
    enum bf_err rc = source_read(&m->src, head, sizeof head);

    if (rc != BF_OK)
        return rc;
    if (m->v.tree.n > 0)
        return malformed(m, "a digest stands behind the records");
    if (m->has_blob && memcmp(head, m->blob32, 32) <= 0)
        return malformed(m, "its digests are not in their order");
    memcpy(m->blob32, head, 32);
    m->has_blob = true;
    left = bf_get_be64(head + 32);
    /* No more is taken than the file can fill. */
    if (left == 0 || left > BF_BLOB_MAX || left > m->src.size - m->src.done)
        return malformed(m, "a digest has an impossible length");
    m->blob.len = 0;
    if (!bf_buf_reserve(&m->blob, (size_t)left))
        return bf_error_nomem(m->err);
    m->blob.len = (size_t)left;
    rc = source_read(&m->src, m->blob.data, m->blob.len);
    if (rc != BF_OK)
        return rc;
    if (m->hooks->check_blob != NULL && !m->hooks->check_blob(m->blob32, m->blob.data, m->blob.len))
        return malformed(m, "a digest's bytes do not belong to it");
    return m->writing
               ? bf_ledger_store_blob(m->l->store, m->blob32, m->blob.data, m->blob.len, m->err)
               : BF_OK;
}

/* What the ledger has at this place must be the same. */
static enum bf_err compare_present(struct import *m, struct bf_txn *t, uint64_t index,
                                   const void *p, size_t n)
{
    const void *old;
    size_t old_len;
    enum bf_err rc = bf_ledger_record(t, index, &old, &old_len, m->err);

    if (rc == BF_OK && (old_len != n || memcmp(old, p, n) != 0))
        return bf_error_set(m->err, BF_ERR_EXISTS,
                            "record %" PRIu64 " of '%s' differs from the one on the ledger '%s'",
                            index, m->src.name, m->dir);
    return rc;
}

static enum bf_err note_file(struct import *m, const struct bf_record *r)
{
    if (m->n_files == m->files_cap) {
        size_t cap = m->files_cap ? 2 * m->files_cap : 1024;
        struct file_id *p = realloc(m->file, cap * sizeof *p);

        if (p == NULL)
            return bf_error_nomem(m->err);
        m->file = p;
        m->files_cap = cap;
    }
    memcpy(m->file[m->n_files].id, r->file32, sizeof m->file->id);
    m->file[m->n_files++].index = r->index;
    return BF_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const struct file_id *x = a, *y = b;
    int d = memcmp(x->id, y->id, sizeof x->id);

    return d != 0 ? d : (x->index > y->index) - (x->index < y->index);
}

static enum bf_err check_files(struct import *m)
{
    size_t i;

    if (m->n_files > 0)
        qsort(m->file, m->n_files, sizeof *m->file, compare_ids);
    for (i = 1; i < m->n_files; i++)
        if (memcmp(m->file[i - 1].id, m->file[i].id, sizeof m->file->id) == 0)
            return bf_error_set(m->err, BF_ERR_FORMAT,
                                "'%s' is not a ledger: its records %" PRIu64 " and %" PRIu64
                                " are of the same file",
                                m->src.name, m->file[i - 1].index, m->file[i].index);
    return BF_OK;
}

/* One record or checkpoint of the batch into t, where the ledger does not have it. */
static enum bf_err write_entry(struct import *m, struct bf_txn *t, struct bf_merkle *tree,
                               uint8_t tag, uint64_t *size, const uint8_t *p, size_t n,
                               uint64_t *n_new)
{
    struct bf_record r;
    uint8_t hash[32], key[8];
    const void *old;
    size_t old_len;
    enum bf_err rc;

    if (tag == BF_EXPORT_CHECKPOINT) {
        bf_put_be64(key, *size);
        rc = bf_txn_get(t, BF_TABLE_CHECKPOINTS, key, sizeof key, &old, &old_len, m->err);
        /* Of two over the same tree the one with more signatures is kept. */
        if (rc == BF_OK && old_len >= n)
            return BF_OK;
        if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
            return rc;
        return bf_txn_put(t, BF_TABLE_CHECKPOINTS, key, sizeof key, p, n, m->err);
    }
    rc = bf_record_decode(&r, p, n, m->err);
    if (rc != BF_OK)
        return rc;
    *size = r.index + 1;
    if (r.index < tree->n)
        return compare_present(m, t, r.index, p, n);
    rc = bf_ledger_put_record(t, tree, &r, p, n, hash, m->err);
    if (rc == BF_OK && m->hooks->after_record != NULL)
        rc = m->hooks->after_record(m->hooks->ctx, t, r.index, &r, m->err);
    if (rc == BF_OK)
        ++*n_new;
    return rc;
}

static enum bf_err write_batch(struct import *m)
{
    enum bf_err rc;

    do {
        struct bf_merkle tree = {0};
        struct bf_txn *t = NULL;
        struct bf_reader in;
        uint64_t n_new = 0, size = 0;

        rc = bf_store_begin_write(&t, m->l->store, m->err);
        if (rc != BF_OK)
            break;
        rc = bf_ledger_peaks(t, &tree, m->err);
        bf_reader_init(&in, m->batch.data, m->batch.len);
        while (rc == BF_OK && in.left > 0) {
            uint8_t tag = bf_read_u8(&in);
            uint32_t n = bf_read_be32(&in);
            const uint8_t *p = bf_read_bytes(&in, n);

            rc = write_entry(m, t, &tree, tag, &size, p, n, &n_new);
        }
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, m->err);
        bf_txn_abort(&t);
        if (rc == BF_OK)
            m->n_new += n_new;
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(m->l->store));
    m->batch.len = 0;
    return rc;
}

static enum bf_err read_record(struct import *m, const uint8_t *p, size_t n)
{
    struct bf_error why = {0};
    struct bf_record r;
    uint64_t index = m->v.tree.n;
    enum bf_err rc;

    if (index - m->v.covered >= BF_LEDGER_BATCH_MAX)
        return malformed(m, "too many records follow one another without a checkpoint");
    rc = bf_verifier_record(&m->v, &r, p, n, NULL, NULL, &why);
    if (rc == BF_ERR_FORMAT)
        return bf_error_set(m->err, rc, "'%s' is not a ledger: record %" PRIu64 ": %s", m->src.name,
                            index, why.text);
    if (rc != BF_OK)
        return bf_error_set(m->err, rc, "%s", why.text);
    if (m->writing)
        return BF_OK;
    if (index < m->n_present)
        rc = compare_present(m, m->t, index, p, n);
    if (rc == BF_OK && m->sink != NULL)
        rc = m->sink->record(m->sink->ctx, &m->v, m->err);
    return rc == BF_OK ? note_file(m, &r) : rc;
}

static enum bf_err read_checkpoint(struct import *m, const uint8_t *p, size_t n)
{
    struct bf_error why = {0};
    enum bf_err rc = BF_OK;

    if (m->v.tree.n == 0 || m->v.covered == m->v.tree.n)
        return malformed(m, "a checkpoint stands at no new record");
    rc = bf_verifier_checkpoint(&m->v, p, n, &why);
    if (rc != BF_OK)
        return bf_error_set(m->err, rc, "'%s' is not a ledger: checkpoint of size %" PRIu64 ": %s",
                            m->src.name, m->v.tree.n, why.text);
    return m->sink != NULL ? m->sink->checkpoint(m->sink->ctx, &m->v, p, n, m->err) : BF_OK;
}

static enum bf_err read_entry(struct import *m, uint8_t tag)
{
    uint8_t head[4], bytes[BF_CHECKPOINT_MAX];
    size_t n;
    enum bf_err rc = source_read(&m->src, head, sizeof head);

    if (rc != BF_OK)
        return rc;
    n = bf_get_be32(head);
    if (n > (tag == BF_EXPORT_RECORD ? BF_RECORD_MAX : BF_CHECKPOINT_MAX))
        return malformed(m, "an entry is too long");
    rc = source_read(&m->src, bytes, n);
    if (rc == BF_OK)
        rc = tag == BF_EXPORT_RECORD ? read_record(m, bytes, n) : read_checkpoint(m, bytes, n);
    if (rc != BF_OK || !m->writing)
        return rc;
    bf_buf_put_u8(&m->batch, tag);
    bf_buf_append(&m->batch, head, sizeof head);
    if (!bf_buf_append(&m->batch, bytes, n))
        return bf_error_nomem(m->err);
    if (tag == BF_EXPORT_CHECKPOINT && m->batch.len >= BATCH_BYTES)
        rc = write_batch(m);
    return rc;
}

static enum bf_err read_end(struct import *m)
{
    uint8_t computed[32], stored[32];
    enum bf_err rc;

    if (m->v.covered != m->v.tree.n)
        return malformed(m, "no checkpoint covers its last record");
    bf_sha256_finish(m->src.hash, computed);
    rc = source_read(&m->src, stored, sizeof stored);
    if (rc != BF_OK)
        return rc;
    if (memcmp(computed, stored, sizeof stored) != 0)
        return malformed(m, "its SHA-256 is not the one at its end");
    if (m->src.done != m->src.size)
        return malformed(m, "something follows its end");
    return m->writing && m->batch.len > 0 ? write_batch(m) : BF_OK;
}

/* One reading of the file. */
static enum bf_err read_all(struct import *m)
{
    uint8_t tag = 0;
    enum bf_err rc = source_rewind(&m->src);

    bf_verifier_release(&m->v);
    bf_verifier_init(&m->v, m->origin);
    m->has_blob = false;
    if (rc == BF_OK)
        rc = read_head(m);
    while (rc == BF_OK) {
        rc = source_read(&m->src, &tag, 1);
        if (rc != BF_OK || tag == BF_EXPORT_END)
            break;
        if (tag == BF_EXPORT_BLOB)
            rc = read_blob(m);
        else if (tag == BF_EXPORT_RECORD || tag == BF_EXPORT_CHECKPOINT)
            rc = read_entry(m, tag);
        else
            rc = malformed(m, "an entry is of no known kind");
        bf_progress_step(m->progress, m->src.done / 2 + (m->writing ? m->src.size / 2 : 0),
                         m->src.size);
    }
    return rc == BF_OK ? read_end(m) : rc;
}

static enum bf_err verify(struct import *m)
{
    enum bf_err rc = BF_OK;

    if (m->l != NULL) {
        rc = bf_store_begin_read(&m->t, m->l->store, m->err);
        if (rc == BF_OK)
            rc = bf_txn_count(m->t, BF_TABLE_RECORDS, &m->n_present, m->err);
    }
    if (rc == BF_OK)
        rc = read_all(m);
    if (rc == BF_OK)
        rc = check_files(m);
    bf_txn_abort(&m->t);
    return rc;
}

static enum bf_err import_create(struct import **out, int fd, const char *name,
                                 struct bf_error *err)
{
    static const struct bf_import_hooks none;
    struct import *m = calloc(1, sizeof *m);

    *out = m;
    if (m == NULL)
        return bf_error_nomem(err);
    m->err = err;
    m->hooks = &none;
    m->src.fd = fd;
    m->src.name = name;
    m->src.err = err;
    m->src.hash = bf_sha256_create();
    return m->src.hash != NULL ? BF_OK : bf_error_nomem(err);
}

static void import_free(struct import *m)
{
    if (m == NULL)
        return;
    bf_ledger_close(&m->l);
    bf_verifier_release(&m->v);
    bf_sha256_free(&m->src.hash);
    bf_buf_release(&m->blob);
    bf_buf_release(&m->batch);
    free(m->file);
    free(m);
}

enum bf_err bf_export_read(char origin[BF_ORIGIN_MAX + 1], int fd, const char *name,
                           const struct bf_export_sink *sink, struct bf_error *err)
{
    struct import *m = NULL;
    enum bf_err rc = import_create(&m, fd, name, err);

    if (rc == BF_OK) {
        m->sink = sink;
        rc = verify(m);
    }
    if (rc == BF_OK) {
        memcpy(origin, m->origin, sizeof m->origin);
        sink->end(sink->ctx, &m->v);
    }
    import_free(m);
    return rc;
}

enum bf_err bf_ledger_import(const char *dir, int fd, const char *name, uint64_t *n_new,
                             const struct bf_import_hooks *hooks,
                             const struct bf_progress *progress, struct bf_error *err)
{
    struct import *m = NULL;
    enum bf_err rc = import_create(&m, fd, name, err);

    *n_new = 0;
    if (rc != BF_OK)
        goto out;
    m->dir = dir;
    m->hooks = hooks ? hooks : m->hooks;
    m->progress = progress;
    rc = bf_ledger_open(&m->l, dir, false, err);
    if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
        goto out;
    rc = verify(m);
    if (rc != BF_OK)
        goto out;
    if (m->l == NULL) {
        rc = bf_ledger_init(dir, m->origin, err);
        if (rc == BF_OK)
            rc = bf_ledger_open(&m->l, dir, false, err);
    }
    m->writing = true;
    if (rc == BF_OK)
        rc = read_all(m);
    *n_new = m->n_new;
out:
    import_free(m);
    return rc;
}
