#include "ledger/chain/ledger_compare.h"

#include <inttypes.h>

void bf_comparison_release(struct bf_comparison *c)
{
    bf_history_release(&c->side[0]);
    bf_history_release(&c->side[1]);
    *c = (struct bf_comparison){0};
}

/* Both have records: the first that differs, or a beginning. */
static enum bf_relation compare_records(struct bf_comparison *c)
{
    const struct bf_history *a = &c->side[c->shorter], *b = &c->side[!c->shorter];
    uint64_t i;

    for (i = 0; i < a->size; i++) {
        if (memcmp(a->leaf[i], b->leaf[i], 32) == 0)
            continue;
        c->has_record = true;
        c->record = i;
        return BF_RELATION_FORKED;
    }
    return c->n_more == 0 ? BF_RELATION_SAME : BF_RELATION_PREFIX;
}

/* One has records, the other a size and a root. */
static enum bf_relation compare_root(const struct bf_comparison *c)
{
    const struct bf_history *a = &c->side[c->shorter], *b = &c->side[!c->shorter];
    const struct bf_history *whole = bf_history_has_records(a) ? a : b;
    const struct bf_history *note = whole == a ? b : a;
    uint8_t root[32];

    if (note->size > whole->size)
        return BF_RELATION_ROLLED_BACK;
    bf_history_root_at(root, whole, note->size);
    if (memcmp(root, note->root32, sizeof root) != 0)
        return BF_RELATION_FORKED;
    return c->n_more == 0 ? BF_RELATION_SAME : BF_RELATION_PREFIX;
}

static enum bf_err relate(struct bf_comparison *c, struct bf_error *err)
{
    const struct bf_history *a = &c->side[0], *b = &c->side[1];

    if (strcmp(a->origin, b->origin) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is of the ledger '%s', '%s' of '%s'", a->path,
                            a->origin, b->path, b->origin);
    c->shorter = b->size < a->size;
    c->n_more = c->side[!c->shorter].size - c->side[c->shorter].size;
    if (bf_history_has_records(a) && bf_history_has_records(b))
        c->relation = compare_records(c);
    else if (bf_history_has_records(a) || bf_history_has_records(b))
        c->relation = compare_root(c);
    else if (c->n_more != 0)
        return bf_error_set(err, BF_ERR_USAGE,
                            "'%s' is of size %" PRIu64 " and '%s' of size %" PRIu64
                            ": only the ledger or an export tells whether they are of one history",
                            a->path, a->size, b->path, b->size);
    else
        c->relation = memcmp(a->root32, b->root32, 32) == 0 ? BF_RELATION_SAME : BF_RELATION_FORKED;
    return BF_OK;
}

/* The first record that a checkpoint must cover so that it contradicts the other side's. */
static uint64_t first_in_dispute(const struct bf_comparison *c)
{
    uint64_t n;

    if (c->has_record)
        return c->record;
    n = bf_history_has_records(&c->side[0]) ? c->side[1].size : c->side[0].size;
    return n > 0 ? n - 1 : 0;
}

/* Two checkpoints by one key, or else by two that the reader trusts. */
static bool find_proof(struct bf_comparison *c, const struct bf_trust *trust)
{
    struct bf_history *a = &c->side[0], *b = &c->side[1];
    size_t i, k;

    for (i = 0; i < a->n_signers; i++)
        for (k = 0; k < b->n_signers; k++)
            if (memcmp(a->signer[i].public33, b->signer[k].public33, BF_PUBLIC33_SIZE) == 0) {
                c->proof[0] = &a->signer[i];
                c->proof[1] = &b->signer[k];
                return true;
            }
    for (i = 0; i < a->n_signers && bf_trust_find(trust, a->signer[i].public33) == NULL; i++)
        ;
    for (k = 0; k < b->n_signers && bf_trust_find(trust, b->signer[k].public33) == NULL; k++)
        ;
    if (i == a->n_signers || k == b->n_signers)
        return false;
    c->proof[0] = &a->signer[i];
    c->proof[1] = &b->signer[k];
    return true;
}

/* The sides that have records are read once more: only now is it known which of their checkpoints
 * count. */
static enum bf_err prove_fork(struct bf_comparison *c, const struct bf_trust *trust,
                              const struct bf_progress *progress, struct bf_error *err)
{
    uint64_t from = first_in_dispute(c);
    size_t i;
    enum bf_err rc = BF_OK;

    for (i = 0; rc == BF_OK && i < 2; i++)
        if (bf_history_has_records(&c->side[i]))
            rc = bf_history_read(&c->side[i], c->side[i].path, from, progress, err);
    if (rc != BF_OK || find_proof(c, trust))
        return rc;
    return bf_error_set(err, BF_ERR_NOT_FOUND,
                        "'%s' and '%s' differ, but no key signed both, and you do not trust those "
                        "that did: anybody can make a ledger of this name; name the keys that may "
                        "sign with --trust",
                        c->side[0].path, c->side[1].path);
}

enum bf_err bf_ledger_compare(struct bf_comparison *c, const char *const path[2],
                              const struct bf_trust *trust, const struct bf_progress *progress,
                              struct bf_error *err)
{
    size_t i;
    enum bf_err rc = BF_OK;

    for (i = 0; rc == BF_OK && i < 2; i++)
        rc = bf_history_read(&c->side[i], path[i], UINT64_MAX, progress, err);
    if (rc == BF_OK)
        rc = relate(c, err);
    for (i = 0; rc == BF_OK && i < 2; i++)
        if (!bf_history_has_records(&c->side[i]))
            rc = bf_history_find_signers(&c->side[i], &c->side[!i], trust, err);
    if (rc == BF_OK && c->relation == BF_RELATION_FORKED)
        rc = prove_fork(c, trust, progress, err);
    if (rc == BF_OK && c->relation == BF_RELATION_ROLLED_BACK)
        c->proof[!c->shorter] = &c->side[!c->shorter].signer[0];
    return rc;
}
