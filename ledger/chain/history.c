#include "ledger/chain/history.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/chain/ledger_impl.h"
#include "ledger/chain/ledger_transfer.h"

#define PROOF_MAGIC "c2sp.org/tlog-proof@"

bool bf_history_has_records(const struct bf_history *h)
{
    return h->kind == BF_HISTORY_LEDGER || h->kind == BF_HISTORY_EXPORT;
}

void bf_history_release(struct bf_history *h)
{
    size_t i;

    for (i = 0; i < h->n_signers; i++)
        bf_buf_release(&h->signer[i].note);
    free(h->leaf);
    free(h->issuers.slot);
    bf_buf_release(&h->note);
    *h = (struct bf_history){0};
}

static enum bf_err add_signer(struct bf_history *h, const uint8_t public33[33], uint64_t size,
                              const void *note, size_t n, struct bf_error *err)
{
    struct bf_signer *s;
    size_t i;

    for (i = 0; i < h->n_signers; i++)
        if (memcmp(h->signer[i].public33, public33, BF_PUBLIC33_SIZE) == 0)
            return BF_OK;
    if (h->n_signers == BF_HISTORY_SIGNERS_MAX)
        return BF_OK;
    s = &h->signer[h->n_signers++];
    memcpy(s->public33, public33, BF_PUBLIC33_SIZE);
    s->size = size;
    return bf_buf_append(&s->note, note, n) ? BF_OK : bf_error_nomem(err);
}

static enum bf_err take_record(void *ctx, const struct bf_verifier *v, struct bf_error *err)
{
    struct bf_history *h = ctx;

    if (h->size == h->leaf_cap) {
        size_t cap = h->leaf_cap ? 2 * h->leaf_cap : 1024;
        uint8_t(*p)[32] = realloc(h->leaf, cap * sizeof *p);

        if (p == NULL)
            return bf_error_nomem(err);
        h->leaf = p;
        h->leaf_cap = cap;
    }
    memcpy(h->leaf[h->size++], v->last32, sizeof v->last32);
    return BF_OK;
}

static enum bf_err take_checkpoint(void *ctx, const struct bf_verifier *v, const void *note,
                                   size_t n, struct bf_error *err)
{
    struct bf_history *h = ctx;
    size_t i;
    enum bf_err rc = BF_OK;

    for (i = 0; rc == BF_OK && i < v->n_signers && v->covered > h->from; i++)
        rc = add_signer(h, v->signer33[i], v->covered, note, n, err);
    return rc;
}

static void take_end(void *ctx, struct bf_verifier *v)
{
    struct bf_history *h = ctx;

    bf_merkle_root(h->root32, &v->tree);
    h->issuers = v->issuers;
    v->issuers = (struct bf_issuers){0};
}

/* The checkpoint over the records so far, where the folder has one. */
static enum bf_err read_checkpoint(struct bf_history *h, struct bf_verifier *v, struct bf_txn *t,
                                   struct bf_error *err)
{
    struct bf_error why = {0};
    uint8_t key[8];
    const void *p;
    size_t n;
    enum bf_err rc;

    bf_put_be64(key, v->tree.n);
    rc = bf_txn_get(t, BF_TABLE_CHECKPOINTS, key, sizeof key, &p, &n, err);
    if (rc == BF_ERR_NOT_FOUND)
        return BF_OK;
    if (rc != BF_OK)
        return rc;
    rc = bf_verifier_checkpoint(v, p, n, &why);
    if (rc != BF_OK)
        return bf_error_set(err, rc, "'%s' is not a ledger: checkpoint of size %" PRIu64 ": %s",
                            h->path, v->tree.n, why.text);
    return take_checkpoint(h, v, p, n, err);
}

static enum bf_err read_records(struct bf_history *h, struct bf_verifier *v, struct bf_txn *t,
                                const struct bf_progress *progress, struct bf_error *err)
{
    struct bf_error why = {0};
    struct bf_record r;
    uint64_t n_records = 0;
    const void *p;
    size_t n;
    enum bf_err rc = bf_txn_count(t, BF_TABLE_RECORDS, &n_records, err);

    while (rc == BF_OK && v->tree.n < n_records) {
        rc = bf_ledger_record(t, v->tree.n, &p, &n, err);
        if (rc != BF_OK)
            break;
        rc = bf_verifier_record(v, &r, p, n, NULL, NULL, &why);
        if (rc != BF_OK)
            return bf_error_set(err, rc, "'%s' is not a ledger: record %" PRIu64 ": %s", h->path,
                                v->tree.n, why.text);
        rc = take_record(h, v, err);
        if (rc == BF_OK)
            rc = read_checkpoint(h, v, t, err);
        bf_progress_step(progress, v->tree.n, n_records);
    }
    if (rc == BF_OK && v->covered != n_records)
        rc = bf_error_set(err, BF_ERR_FORMAT,
                          "'%s' is not a ledger: no checkpoint covers its last record", h->path);
    return rc;
}

static enum bf_err read_folder(struct bf_history *h, const struct bf_progress *progress,
                               struct bf_error *err)
{
    struct bf_ledger *l = NULL;
    struct bf_txn *t = NULL;
    struct bf_verifier v = {0};
    enum bf_err rc = bf_ledger_open(&l, h->path, true, err);

    if (rc == BF_ERR_NOT_FOUND)
        bf_error_set(err, rc, "there is no ledger at '%s'", h->path);
    if (rc == BF_OK)
        rc = bf_store_begin_read(&t, l->store, err);
    if (rc == BF_OK) {
        memcpy(h->origin, l->origin, sizeof h->origin);
        bf_verifier_init(&v, h->origin);
        rc = read_records(h, &v, t, progress, err);
    }
    if (rc == BF_OK)
        take_end(h, &v);
    bf_verifier_release(&v);
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    return rc;
}

static enum bf_err read_export(struct bf_history *h, int fd, struct bf_error *err)
{
    const struct bf_export_sink sink = {take_record, take_checkpoint, take_end, h};

    return bf_export_read(h->origin, fd, h->path, &sink, err);
}

/* The checkpoint's figures; text is what h->note will be. */
static enum bf_err read_note(struct bf_history *h, const void *text, size_t n, struct bf_error *err)
{
    struct bf_error why = {0};
    struct bf_checkpoint c;
    uint8_t empty[32];
    enum bf_err rc = bf_checkpoint_parse(&c, text, n, &why);

    bf_merkle_empty(empty);
    if (rc != BF_OK)
        return bf_error_set(err, rc,
                            "'%s' is no ledger, export, proof or checkpoint that can be "
                            "read: %s",
                            h->path, why.text);
    if (c.size == 0 && memcmp(c.root32, empty, sizeof empty) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' gives no records a root", h->path);
    memcpy(h->origin, c.origin, sizeof h->origin);
    memcpy(h->root32, c.root32, sizeof h->root32);
    h->size = c.size;
    return bf_buf_append(&h->note, text, n) ? BF_OK : bf_error_nomem(err);
}

/* Its checkpoint, and its record's issuer, who may have signed that. */
static enum bf_err read_proof(struct bf_history *h, const struct bf_buf *text, struct bf_error *err)
{
    static const struct bf_trust nobody;
    struct bf_error why = {0};
    struct bf_verifier v;
    struct bf_record r;
    struct bf_proof p;
    enum bf_proof_verdict verdict;
    enum bf_err rc = bf_proof_parse(&p, text->data, text->len, &why);

    if (rc != BF_OK)
        return bf_error_set(err, rc, "'%s' is %s", h->path, why.text);
    verdict = bf_proof_check(&r, NULL, text->data, text->len, &nobody, &why);
    /* That somebody else signed its checkpoint is seen when that one's keys are looked for. */
    if (verdict != BF_PROOF_VALID && verdict != BF_PROOF_UNTRUSTED &&
        verdict != BF_PROOF_BAD_CHECKPOINT)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' does not hold: %s", h->path, why.text);
    h->kind = BF_HISTORY_PROOF;
    rc = read_note(h, p.checkpoint_text, p.checkpoint_len, err);
    bf_verifier_init(&v, h->origin);
    if (rc == BF_OK && verdict != BF_PROOF_BAD_CHECKPOINT)
        rc = bf_verifier_add_issuer(&v, r.issuer33, err);
    h->issuers = v.issuers;
    return rc;
}

static enum bf_err read_file(struct bf_history *h, struct bf_error *err)
{
    char head[32] = {0};
    struct bf_buf text = {0};
    int fd = -1;
    enum bf_err rc = bf_file_open(&fd, h->path, err);

    if (rc != BF_OK)
        return rc;
    if (pread(fd, head, sizeof head, 0) < 0) {
        rc = bf_error_errno(err, "cannot read '%s'", h->path);
    } else if (memcmp(head, BF_EXPORT_MAGIC, sizeof BF_EXPORT_MAGIC - 1) == 0) {
        h->kind = BF_HISTORY_EXPORT;
        rc = read_export(h, fd, err);
    } else {
        rc = bf_file_read(&text, h->path, BF_PROOF_MAX, err);
        h->kind = BF_HISTORY_CHECKPOINT;
        if (rc == BF_OK && memcmp(head, PROOF_MAGIC, sizeof PROOF_MAGIC - 1) == 0)
            rc = read_proof(h, &text, err);
        else if (rc == BF_OK)
            rc = read_note(h, text.data, text.len, err);
    }
    bf_buf_release(&text);
    close(fd);
    return rc;
}

enum bf_err bf_history_read(struct bf_history *h, const char *path, uint64_t from,
                            const struct bf_progress *progress, struct bf_error *err)
{
    struct stat st;

    bf_history_release(h);
    h->path = path;
    h->from = from;
    if (stat(path, &st) != 0)
        return bf_error_errno(err, "cannot open '%s'", path);
    if (!S_ISDIR(st.st_mode))
        return read_file(h, err);
    h->kind = BF_HISTORY_LEDGER;
    return read_folder(h, progress, err);
}

void bf_history_root_at(uint8_t root32[32], const struct bf_history *h, uint64_t n)
{
    struct bf_merkle tree = {0};
    uint64_t i;

    for (i = 0; i < n; i++)
        bf_merkle_append(&tree, h->leaf[i], NULL, NULL);
    bf_merkle_root(root32, &tree);
}

/* The trusted key under which line i verifies, or NULL; as bf_issuers_signer. */
static const uint8_t *trusted_signer(const struct bf_trust *trust, const struct bf_checkpoint *c,
                                     size_t i, const void *note, bool *known)
{
    uint8_t id[4];
    size_t k;

    for (k = 0; c->sig[i].ours && k < trust->n; k++) {
        bf_checkpoint_key_id(id, c->origin, trust->item[k].public33);
        if (memcmp(id, c->sig[i].key_id, sizeof id) != 0)
            continue;
        *known = true;
        if (bf_sign_check(c->sig[i].sig64, trust->item[k].public33, note, c->text_len))
            return trust->item[k].public33;
    }
    return NULL;
}

enum bf_err bf_history_find_signers(struct bf_history *h, const struct bf_history *other,
                                    const struct bf_trust *trust, struct bf_error *err)
{
    struct bf_checkpoint c;
    size_t i;
    enum bf_err rc = bf_checkpoint_parse(&c, h->note.data, h->note.len, err);

    for (i = 0; rc == BF_OK && i < c.n_sigs; i++) {
        bool known = false;
        const uint8_t *key = bf_issuers_signer(&h->issuers, &c, i, h->note.data, &known);

        if (key == NULL)
            key = bf_issuers_signer(&other->issuers, &c, i, h->note.data, &known);
        if (key == NULL)
            key = trusted_signer(trust, &c, i, h->note.data, &known);
        if (key == NULL && known)
            return bf_error_set(err, BF_ERR_FORMAT,
                                "signature %zu of the checkpoint '%s' does not verify", i + 1,
                                h->path);
        if (key != NULL)
            rc = add_signer(h, key, h->size, h->note.data, h->note.len, err);
    }
    if (rc == BF_OK && h->n_signers == 0)
        return bf_error_set(err, BF_ERR_NOT_FOUND,
                            "nobody here is known to have signed the checkpoint '%s'; name the "
                            "issuer's key with --trust",
                            h->path);
    return rc;
}
