/*
 * The tables of store.h: one entry, or many in their order.
 */
#include "ledger/chain/store.h"

#include <lmdb.h>

#include "ledger/chain/store_impl.h"

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

enum bf_err bf_txn_get(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void **p, size_t *n, struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = {0};
    int rc = mdb_get(t->txn, t->store->dbi[table], &k, &v);

    *p = v.mv_data;
    *n = v.mv_size;
    return fail(t, rc, "read", err);
}

enum bf_err bf_txn_put(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void *p, size_t n, struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = val(p, n);
    unsigned flags = table == BF_TABLE_RECORDS ? MDB_APPEND : 0;
    int rc = mdb_put(t->txn, t->store->dbi[table], &k, &v, flags);

    /* Records come in their order and then fill their pages; one that does not (a test, a repair)
     * goes the long way. */
    if (rc == MDB_KEYEXIST && flags != 0)
        rc = mdb_put(t->txn, t->store->dbi[table], &k, &v, 0);
    return fail(t, rc, "write", err);
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

enum bf_err bf_txn_dups(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                        bool (*fn)(void *ctx, const void *values, size_t size, size_t n), void *ctx,
                        struct bf_error *err)
{
    MDB_val k = val(key, key_len), v = {0};
    MDB_cursor *cursor;
    size_t count = 0, size;
    bool more;
    int rc = mdb_cursor_open(t->txn, t->store->dbi[table], &cursor);

    if (rc != 0)
        return fail(t, rc, "read", err);
    rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_KEY);
    size = v.mv_size;
    if (rc == 0)
        rc = mdb_cursor_count(cursor, &count);
    if (rc == 0 && count == 1) {
        fn(ctx, v.mv_data, size, 1);
    } else if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_GET_MULTIPLE);
        for (more = true; rc == 0 && more && size > 0;) {
            more = fn(ctx, v.mv_data, size, v.mv_size / size);
            if (more)
                rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT_MULTIPLE);
        }
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? BF_OK : fail(t, rc, "read", err);
}
