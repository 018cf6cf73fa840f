/*
 * record_arg.h - a record as it is named on the command line: its index, or the 64 hex digits of
 * its hash
 */
#ifndef BF_RECORD_ARG_H
#define BF_RECORD_ARG_H

#include "ledger/chain/ledger.h"

/* BF_ERR_USAGE where arg is neither, BF_ERR_NOT_FOUND where the ledger has no such record. */
enum bf_err bf_cli_find_record(uint64_t *index, struct bf_txn *t, const char *arg,
                               struct bf_error *err);

#endif
