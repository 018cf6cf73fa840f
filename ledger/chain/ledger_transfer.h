/*
 * ledger_transfer.h - the form of an export file, for its writer and its reader
 *
 *   "bonafide-export/1" LF, the origin, LF, and entries:
 *     'B' digest32, length u64, bytes     digest blobs, digests rising
 *     'R' length u32, bytes               records in their order
 *     'C' length u32, bytes               a checkpoint, behind the last record that it covers
 *     'E' SHA-256 of everything before the hash
 *   Numbers are big-endian. Nothing follows.
 */
#ifndef BF_LEDGER_TRANSFER_H
#define BF_LEDGER_TRANSFER_H

#include "ledger/chain/ledger_verify.h"

#define BF_EXPORT_MAGIC "bonafide-export/1\n"
#define BF_EXPORT_BLOB 'B'
#define BF_EXPORT_RECORD 'R'
#define BF_EXPORT_CHECKPOINT 'C'
#define BF_EXPORT_END 'E'

/* Who wants to know what an export holds. All three are called. */
struct bf_export_sink {
    /* v has just taken in a record; its hash is v->last32. */
    enum bf_err (*record)(void *ctx, const struct bf_verifier *v, struct bf_error *err);
    /* v has just verified this checkpoint. */
    enum bf_err (*checkpoint)(void *ctx, const struct bf_verifier *v, const void *note, size_t n,
                              struct bf_error *err);
    /* Everything holds; v->issuers may be taken away. */
    void (*end)(void *ctx, struct bf_verifier *v);
    void *ctx;
};

/* Verify an export as an import does, and write nothing. origin receives its origin. */
enum bf_err bf_export_read(char origin[BF_ORIGIN_MAX + 1], int fd, const char *name,
                           const struct bf_export_sink *sink, struct bf_error *err);

#endif
