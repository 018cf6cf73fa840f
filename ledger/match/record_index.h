/*
 * record_index.h - all that is filed of a record so that copies of it are found
 */
#ifndef BF_RECORD_INDEX_H
#define BF_RECORD_INDEX_H

#include "ledger/chain/store.h"

/*
 * File a record's lookup codes and local features under its number, inside the caller's write
 * transaction. BF_ERR_FORMAT where the blob is damaged.
 */
enum bf_err bf_record_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                                struct bf_error *err);

#endif
