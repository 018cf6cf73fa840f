#include "ledger/match/record_index.h"
#include "ledger/match/code_index.h"
#include "ledger/match/record_features.h"

struct filing {
    struct bf_txn *t;
    uint64_t record;
};

static enum bf_err file_feature(void *ctx, const struct bf_feature_entry *e, struct bf_error *err)
{
    const struct filing *f = ctx;

    return bf_feature_index_put(f->t, f->record, e, err);
}

enum bf_err bf_record_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                                struct bf_error *err)
{
    struct filing f = {t, record};
    struct bf_digest *d = NULL;
    enum bf_err rc = bf_code_index_add(t, record, blob, n, err);

    if (rc == BF_OK)
        rc = bf_digest_open(&d, blob, n, "of the record", err);
    if (rc == BF_OK)
        rc = bf_record_features(d, file_feature, &f, err);
    bf_digest_close(&d);
    return rc;
}
