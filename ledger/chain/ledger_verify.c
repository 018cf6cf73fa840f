#include "ledger/chain/ledger_verify.h"

#include <inttypes.h>

void bf_verifier_init(struct bf_verifier *v, const char *origin)
{
    *v = (struct bf_verifier){.origin = origin};
}

void bf_verifier_release(struct bf_verifier *v)
{
    free(v->issuers.slot);
    *v = (struct bf_verifier){0};
}

/* The slot of a key, or the free one where it would go. Key IDs are hashes already. */
static struct bf_issuer_slot *probe(const struct bf_issuers *s, const uint8_t id4[4],
                                    const uint8_t public33[33])
{
    size_t at = bf_get_be32(id4) & (s->cap - 1);

    while (s->slot[at].used && memcmp(s->slot[at].public33, public33, BF_PUBLIC33_SIZE) != 0)
        at = (at + 1) & (s->cap - 1);
    return &s->slot[at];
}

static enum bf_err grow(struct bf_issuers *s, struct bf_error *err)
{
    struct bf_issuers larger = {.cap = s->cap ? 2 * s->cap : 16, .n = s->n};
    size_t i;

    if (s->n == BF_LEDGER_ISSUERS_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d issuers", BF_LEDGER_ISSUERS_MAX);
    larger.slot = calloc(larger.cap, sizeof *larger.slot);
    if (larger.slot == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < s->cap; i++)
        if (s->slot[i].used)
            *probe(&larger, s->slot[i].key_id, s->slot[i].public33) = s->slot[i];
    free(s->slot);
    s->slot = larger.slot;
    s->cap = larger.cap;
    return BF_OK;
}

enum bf_err bf_verifier_add_issuer(struct bf_verifier *v, const uint8_t public33[33],
                                   struct bf_error *err)
{
    struct bf_issuers *s = &v->issuers;
    struct bf_issuer_slot *slot;
    uint8_t id[4];
    enum bf_err rc;

    if (s->n > 0 && memcmp(s->last33, public33, sizeof s->last33) == 0)
        return BF_OK;
    if (s->n >= s->cap / 2) {
        rc = grow(s, err);
        if (rc != BF_OK)
            return rc;
    }
    bf_checkpoint_key_id(id, v->origin, public33);
    slot = probe(s, id, public33);
    if (!slot->used) {
        slot->used = true;
        memcpy(slot->key_id, id, sizeof id);
        memcpy(slot->public33, public33, BF_PUBLIC33_SIZE);
        s->n++;
    }
    memcpy(s->last33, public33, sizeof s->last33);
    return BF_OK;
}

const uint8_t *bf_issuers_signer(const struct bf_issuers *s, const struct bf_checkpoint *c,
                                 size_t i, const void *note, bool *known)
{
    size_t at;

    if (!c->sig[i].ours || s->cap == 0)
        return NULL;
    for (at = bf_get_be32(c->sig[i].key_id) & (s->cap - 1); s->slot[at].used;
         at = (at + 1) & (s->cap - 1)) {
        if (memcmp(s->slot[at].key_id, c->sig[i].key_id, 4) != 0)
            continue;
        if (known != NULL)
            *known = true;
        if (bf_sign_check(c->sig[i].sig64, s->slot[at].public33, note, c->text_len))
            return s->slot[at].public33;
    }
    return NULL;
}

enum bf_err bf_verifier_record(struct bf_verifier *v, struct bf_record *r, const void *p, size_t n,
                               enum bf_err (*on_node)(void *ctx, unsigned level, uint64_t i,
                                                      const uint8_t hash32[32]),
                               void *ctx, struct bf_error *err)
{
    enum bf_err rc = bf_record_decode(r, p, n, err);

    if (rc != BF_OK)
        return rc;
    if (r->index != v->tree.n)
        return bf_error_set(err, BF_ERR_FORMAT, "it says that it is number %" PRIu64, r->index);
    if (memcmp(r->prev32, v->last32, 32) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "it does not name the record before it");
    if (!bf_record_check(p, n))
        return bf_error_set(err, BF_ERR_FORMAT, "its signature does not verify");
    rc = bf_verifier_add_issuer(v, r->issuer33, err);
    if (rc != BF_OK)
        return rc;
    bf_record_hash(v->last32, p, n);
    return bf_merkle_append(&v->tree, v->last32, on_node, ctx);
}

enum bf_err bf_verifier_checkpoint(struct bf_verifier *v, const void *note, size_t n,
                                   struct bf_error *err)
{
    struct bf_checkpoint c;
    uint8_t root[32];
    size_t i;
    enum bf_err rc = bf_checkpoint_parse(&c, note, n, err);

    if (rc != BF_OK)
        return rc;
    if (strcmp(c.origin, v->origin) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "the checkpoint is of another ledger, '%s'",
                            c.origin);
    if (c.size != v->tree.n)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the checkpoint says size %" PRIu64 " where there are %" PRIu64
                            " records",
                            c.size, v->tree.n);
    bf_merkle_root(root, &v->tree);
    if (memcmp(root, c.root32, 32) != 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the checkpoint's root is not that of the first %" PRIu64 " records",
                            c.size);
    for (i = 0; i < c.n_sigs; i++) {
        const uint8_t *signer = bf_issuers_signer(&v->issuers, &c, i, note, NULL);

        if (signer == NULL)
            return bf_error_set(
                err, BF_ERR_FORMAT,
                "signature %zu of the checkpoint does not verify under any issuer's key", i + 1);
        memcpy(v->signer33[i], signer, BF_PUBLIC33_SIZE);
    }
    v->n_signers = c.n_sigs;
    v->covered = c.size;
    return BF_OK;
}
