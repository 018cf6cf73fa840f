/*
 * The tables of store.h: one entry, or many in their order.
 */
#include "ledger/chain/store.h"

#include <sys/mman.h>
#include <unistd.h>

#include <lmdb.h>

#include "ledger/chain/store_impl.h"

#define READ_AHEAD_MIN ((size_t)64 << 10)

/* LMDB's values are not const; it writes through none of those it is only given to look at. */
static MDB_val val(const void *p, size_t n)
{
    union {
        const void *in;
        void *out;
    } u = {p};

    return (MDB_val){n, u.out};
}

static enum bf_err fail(struct bf_txn *t, int code, const char *verb, struct bf_error *err)
{
    return bf_store_error(t->store, code, verb, err);
}

/* A large value is read from end to end: the one thing here that wants reading ahead. */
static void read_ahead(const MDB_val *v)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)v->mv_data;

    if (v->mv_size >= READ_AHEAD_MIN)
        posix_madvise((uint8_t *)v->mv_data - at % page, v->mv_size + at % page,
                      POSIX_MADV_WILLNEED);
}

enum bf_err bf_txn_get(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void **p, size_t *n, struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = {0};
    int rc = mdb_get(t->txn, t->store->dbi[table], &k, &v);

    if (rc == 0)
        read_ahead(&v);
    *p = v.mv_data;
    *n = v.mv_size;
    return fail(t, rc, "read", err);
}

/* What comes in its order fills its pages. */
static unsigned order_of(enum bf_table table)
{
    switch (table) {
    case BF_TABLE_RECORDS:
    case BF_TABLE_ANCHORS:
        return MDB_APPEND;
    case BF_TABLE_CODES:
    case BF_TABLE_FEATURES:
        return MDB_APPENDDUP;
    default:
        return 0;
    }
}

enum bf_err bf_txn_put(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void *p, size_t n, struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = val(p, n);
    unsigned flags = order_of(table);
    int rc;

    if (t->divert != NULL)
        return t->divert(t->divert_ctx, table, key, key_len, p, n, err);
    rc = mdb_put(t->txn, t->store->dbi[table], &k, &v, flags);
    /* One that is out of its order (a test, a repair) goes the long way. */
    if (rc == MDB_KEYEXIST && flags != 0)
        rc = mdb_put(t->txn, t->store->dbi[table], &k, &v, 0);
    return fail(t, rc, "write", err);
}

void bf_txn_divert(struct bf_txn *t,
                   enum bf_err (*fn)(void *ctx, enum bf_table table, const void *key,
                                     size_t key_len, const void *p, size_t n, struct bf_error *err),
                   void *ctx)
{
    t->divert = fn;
    t->divert_ctx = ctx;
}

enum bf_err bf_txn_del(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       struct bf_error *err)
{
    MDB_val k = val(key, key_len);

    return fail(t, mdb_del(t->txn, t->store->dbi[table], &k, NULL), "write", err);
}

enum bf_err bf_txn_count(struct bf_txn *t, enum bf_table table, uint64_t *n, struct bf_error *err)
{
    MDB_stat st = {0};
    int rc = mdb_stat(t->txn, t->store->dbi[table], &st);

    *n = st.ms_entries;
    return fail(t, rc, "read", err);
}

enum bf_err bf_txn_last(struct bf_txn *t, enum bf_table table, const void **key, size_t *key_len,
                        const void **p, size_t *n, struct bf_error *err)
{
    MDB_val k = {0}, v = {0};
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(t->txn, t->store->dbi[table], &cursor);

    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_LAST);
        mdb_cursor_close(cursor);
    }
    *key = k.mv_data;
    *key_len = k.mv_size;
    *p = v.mv_data;
    *n = v.mv_size;
    return fail(t, rc, "read", err);
}

enum bf_err bf_txn_each(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                        bool (*fn)(void *ctx, const void *key, size_t key_len, const void *p,
                                   size_t n),
                        void *ctx, struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = {0};
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(t->txn, t->store->dbi[table], &cursor);

    if (rc != 0)
        return fail(t, rc, "read", err);
    rc = mdb_cursor_get(cursor, &k, &v, key_len > 0 ? MDB_SET_RANGE : MDB_FIRST);
    while (rc == 0 && fn(ctx, k.mv_data, k.mv_size, v.mv_data, v.mv_size))
        rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? BF_OK : fail(t, rc, "read", err);
}

/* The values of the key that the cursor is put on. */
static int visit_key(MDB_cursor *cursor, MDB_val *k, size_t i, bool *more,
                     bool (*fn)(void *ctx, size_t i, const void *values, size_t size, size_t n),
                     void *ctx)
{
    MDB_val v = {0};
    size_t count = 0, size;
    int rc = mdb_cursor_get(cursor, k, &v, MDB_SET);

    size = v.mv_size;
    if (rc == 0)
        rc = mdb_cursor_count(cursor, &count);
    if (rc != 0)
        return rc;
    if (count == 1) {
        *more = fn(ctx, i, v.mv_data, size, 1);
        return 0;
    }
    rc = mdb_cursor_get(cursor, k, &v, MDB_GET_MULTIPLE);
    while (rc == 0 && size > 0) {
        *more = fn(ctx, i, v.mv_data, size, v.mv_size / size);
        if (!*more)
            return 0;
        rc = mdb_cursor_get(cursor, k, &v, MDB_NEXT_MULTIPLE);
    }
    return rc;
}

enum bf_err bf_txn_dups_of(struct bf_txn *t, enum bf_table table, const void *keys, size_t key_len,
                           size_t n_keys,
                           bool (*fn)(void *ctx, size_t i, const void *values, size_t size,
                                      size_t n),
                           void *ctx, struct bf_error *err)
{
    const uint8_t *key = keys;
    MDB_cursor *cursor;
    bool more = true, done = false;
    size_t i;
    int rc;

    if (!t->write) {
        enum bf_err e = bf_store_read_dups(&done, t, table, keys, key_len, n_keys, fn, ctx, err);

        if (e != BF_OK || done)
            return e;
    }
    rc = mdb_cursor_open(t->txn, t->store->dbi[table], &cursor);
    if (rc != 0)
        return fail(t, rc, "read", err);
    for (i = 0; i < n_keys && more && (rc == 0 || rc == MDB_NOTFOUND); i++) {
        MDB_val k = val(key + i * key_len, key_len);

        rc = visit_key(cursor, &k, i, &more, fn, ctx);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? BF_OK : fail(t, rc, "read", err);
}

struct dups {
    bool (*fn)(void *ctx, const void *values, size_t size, size_t n);
    void *ctx;
};

static bool visit_dups(void *ctx, size_t i, const void *values, size_t size, size_t n)
{
    const struct dups *d = ctx;

    (void)i;
    return d->fn(d->ctx, values, size, n);
}

enum bf_err bf_txn_dups(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                        bool (*fn)(void *ctx, const void *values, size_t size, size_t n), void *ctx,
                        struct bf_error *err)
{
    struct dups d = {fn, ctx};

    return bf_txn_dups_of(t, table, key, key_len, 1, visit_dups, &d, err);
}
