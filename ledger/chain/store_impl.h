/*
 * store_impl.h - the inside of the store, for its own files alone
 */
#ifndef BF_STORE_IMPL_H
#define BF_STORE_IMPL_H

#include "ledger/chain/store.h"

struct MDB_env;
struct MDB_txn;

struct bf_store {
    struct MDB_env *env;
    char *dir;
    int data_fd;        /* LMDB's own descriptor of data.mdb; not to be closed */
    size_t whole_txnid; /* a short file that was found whole: at this state ... */
    off_t whole_size;   /* ... and of this size; 0: none */
    unsigned dbi[BF_TABLE_COUNT];
    unsigned n_txns; /* open in this process: the map may move only where there are none */
    bool read_only;
    bool grow;
};

struct bf_page_cache;

struct bf_txn {
    struct bf_store *store;
    struct MDB_txn *txn;
    struct bf_page_cache *pages; /* made when it is first wanted */
    bool write;
    /* where puts go, if not into the tables */
    enum bf_err (*divert)(void *ctx, enum bf_table table, const void *key, size_t key_len,
                          const void *p, size_t n, struct bf_error *err);
    void *divert_ctx;
};

/* Turns what LMDB said into an error; verb is "read" or "write". */
enum bf_err bf_store_error(struct bf_store *s, int code, const char *verb, struct bf_error *err);

extern const char *const bf_table_names[BF_TABLE_COUNT];

typedef bool bf_dups_visit(void *ctx, size_t i, const void *values, size_t size, size_t n);

/*
 * bf_txn_dups_of past the map, for a read transaction. *done is false where this is not the machine
 * for it, and nothing has been visited.
 */
enum bf_err bf_store_read_dups(bool *done, struct bf_txn *t, enum bf_table table, const void *keys,
                               size_t key_len, size_t n_keys, bf_dups_visit *fn, void *ctx,
                               struct bf_error *err);
void bf_page_cache_free(struct bf_page_cache **c);

#endif
