/*
 * store.h - tables of bytes over LMDB, in one folder
 *
 * Bytes in, bytes out: knows nothing of signatures or of what a record means. One writer; readers
 * never block it. Default sync: what has been committed is on the disk. The map grows by itself.
 */
#ifndef BF_STORE_H
#define BF_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum bf_table {
    BF_TABLE_META,        /* text key -> value: format, origin */
    BF_TABLE_RECORDS,     /* index u64 -> record bytes */
    BF_TABLE_NODES,       /* level u8, i u64 -> hash32 */
    BF_TABLE_CHECKPOINTS, /* size u64 -> signed note */
    BF_TABLE_BY_HASH,     /* record hash32 -> index u64 */
    BF_TABLE_BY_FILE,     /* file32 -> index u64 */
    BF_TABLE_BY_FRAMES,   /* frames32 -> index u64, many a key */
    BF_TABLE_BLOBS,    /* digest32, chunk u32 -> bytes; digest32 alone -> size u64, written last */
    BF_TABLE_CODES,    /* lookup index: written by ledger/match, many fixed-size values a key */
    BF_TABLE_ANCHORS,  /* lookup index: written by ledger/match */
    BF_TABLE_FEATURES, /* lookup index of local features: as CODES */
    BF_TABLE_OWN,      /* public33 -> name: keys that have signed on this machine; never exported */
    BF_TABLE_COUNT,
};

#define BF_STORE_CHECK_PAGES 4096

struct bf_store;
struct bf_txn;

/*
 * Open the folder's store. create: make the folder (mode 0700, parents too) and the tables;
 * BF_ERR_EXISTS where there is one. Else BF_ERR_NOT_FOUND where there is none. read_only opens no
 * write transaction ever, and works on a read-only disk.
 */
enum bf_err bf_store_open(struct bf_store **s, const char *dir, bool create, bool read_only,
                          struct bf_error *err);
/*
 * Note beside the data file that a store has been made here. From then on a data file that is
 * missing or empty is a damaged one, not one that is yet to be filled.
 */
enum bf_err bf_store_mark(struct bf_store *s, struct bf_error *err);
void bf_store_close(struct bf_store **s);
/*
 * Walk every page, with every bound checked, as opening does for the first BF_STORE_CHECK_PAGES:
 * BF_ERR_FORMAT where the file was written over.
 */
enum bf_err bf_store_check(struct bf_store *s, struct bf_error *err);

enum bf_err bf_store_begin_read(struct bf_txn **t, struct bf_store *s, struct bf_error *err);
/* Waits for another writer to finish. */
enum bf_err bf_store_begin_write(struct bf_txn **t, struct bf_store *s, struct bf_error *err);
/*
 * After BF_OK everything written is durable. Any failure leaves nothing written. Frees t either
 * way. A put that fails because the map is full returns BF_ERR_LIMIT with grow set in the store:
 * abort, and the next bf_store_begin_write has a map twice as large; bf_store_wants_retry says so.
 */
enum bf_err bf_txn_commit(struct bf_txn **t, struct bf_error *err);
void bf_txn_abort(struct bf_txn **t);
bool bf_store_wants_retry(const struct bf_store *s);
/*
 * Let go of the map's pages where this process holds more than max_bytes of mapped files in memory.
 * What was read stays valid: it is mapped again, from the system's cache, when it is looked at. A
 * hint, for those who read all over a large store.
 */
void bf_store_trim(struct bf_store *s, size_t max_bytes);
struct bf_store *bf_txn_store(struct bf_txn *t);

/* *p points into the map, valid until the transaction ends. BF_ERR_NOT_FOUND (without touching err)
 * where there is none. */
enum bf_err bf_txn_get(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void **p, size_t *n, struct bf_error *err);
enum bf_err bf_txn_put(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       const void *p, size_t n, struct bf_error *err);
/* From here on what is put in t, a read transaction, goes to fn and not into the tables: to see
 * what would be written. */
void bf_txn_divert(struct bf_txn *t,
                   enum bf_err (*fn)(void *ctx, enum bf_table table, const void *key,
                                     size_t key_len, const void *p, size_t n, struct bf_error *err),
                   void *ctx);
enum bf_err bf_txn_del(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                       struct bf_error *err);
/* The entry with the greatest key; as bf_txn_get. */
enum bf_err bf_txn_last(struct bf_txn *t, enum bf_table table, const void **key, size_t *key_len,
                        const void **p, size_t *n, struct bf_error *err);
/* Number of entries in a table. */
enum bf_err bf_txn_count(struct bf_txn *t, enum bf_table table, uint64_t *n, struct bf_error *err);

/*
 * Visit every entry whose key is >= key, in key order (for a table with many values a key: all
 * values). Stops where fn returns false.
 */
enum bf_err bf_txn_each(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                        bool (*fn)(void *ctx, const void *key, size_t key_len, const void *p,
                                   size_t n),
                        void *ctx, struct bf_error *err);
/*
 * All values of one key in a table with fixed-size values (CODES, FEATURES), a page of them at a
 * time; fn gets n values of size bytes each, and stops the walk by returning false.
 */
enum bf_err bf_txn_dups(struct bf_txn *t, enum bf_table table, const void *key, size_t key_len,
                        bool (*fn)(void *ctx, const void *values, size_t size, size_t n), void *ctx,
                        struct bf_error *err);
/*
 * The same for n_keys keys of key_len bytes each, one behind the other; fn gets the key's number
 * too. In ascending order the keys are found fastest: the next is often on the page of the last.
 */
enum bf_err bf_txn_dups_of(struct bf_txn *t, enum bf_table table, const void *keys, size_t key_len,
                           size_t n_keys,
                           bool (*fn)(void *ctx, size_t i, const void *values, size_t size,
                                      size_t n),
                           void *ctx, struct bf_error *err);

#endif
