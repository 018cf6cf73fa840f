/*
 * ledger_impl.h - the inside of a ledger, for its own files alone
 */
#ifndef BF_LEDGER_IMPL_H
#define BF_LEDGER_IMPL_H

#include "ledger/chain/ledger.h"

#define BF_META_FORMAT "format"
#define BF_META_ORIGIN "origin"
#define BF_NODE_KEY_SIZE 9
#define BF_CHUNK_KEY_SIZE 36

struct bf_ledger {
    struct bf_store *store;
    char *dir;
    char origin[BF_ORIGIN_MAX + 1];
};

void bf_node_key(uint8_t key9[BF_NODE_KEY_SIZE], unsigned level, uint64_t i);
void bf_chunk_key(uint8_t key36[BF_CHUNK_KEY_SIZE], const uint8_t digest32[32], uint32_t chunk);
/* A source of the tree nodes that t sees. */
struct bf_merkle_source bf_ledger_nodes(struct bf_txn *t);
/* The state of an appending writer: the peaks of the tree. */
enum bf_err bf_ledger_peaks(struct bf_txn *t, struct bf_merkle *m, struct bf_error *err);
/* Put one record's bytes, its tree nodes and its index entries, and step m on. */
enum bf_err bf_ledger_put_record(struct bf_txn *t, struct bf_merkle *m, const struct bf_record *r,
                                 const void *p, size_t n, uint8_t hash32[32], struct bf_error *err);
/* BF_OK where key has signed a record, BF_ERR_NOT_FOUND (err untouched) where not. */
enum bf_err bf_ledger_find_issuer(struct bf_txn *t, const uint8_t public33[33],
                                  struct bf_error *err);
/* Write a blob's chunks in several transactions, its size last. */
enum bf_err bf_ledger_store_blob(struct bf_store *s, const uint8_t digest32[32], const void *p,
                                 size_t n, struct bf_error *err);

#endif
