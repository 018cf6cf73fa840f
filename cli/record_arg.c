#include "cli/record_arg.h"

#include "lib/base/text.h"

enum bf_err bf_cli_find_record(uint64_t *index, struct bf_txn *t, const char *arg,
                               struct bf_error *err)
{
    size_t n = strlen(arg);
    uint8_t hash[32];
    enum bf_err rc;

    if (bf_u64_parse(index, UINT64_MAX, arg, n))
        return BF_OK;
    if (!bf_hex_parse(hash, sizeof hash, arg, n))
        return bf_error_set(
            err, BF_ERR_USAGE,
            "'%s' names no record: give its index, or the 64 hex digits of its hash", arg);
    rc = bf_ledger_find_hash(t, hash, index, err);
    if (rc == BF_ERR_NOT_FOUND)
        bf_error_set(err, rc, "there is no record with the hash %s", arg);
    return rc;
}
