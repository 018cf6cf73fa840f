#include "ledger/chain/proof.h"

#include <inttypes.h>

#include "lib/base/text.h"

#define MAGIC "c2sp.org/tlog-proof@v1\n"
#define HASH_TEXT_SIZE 44

enum bf_err bf_proof_encode(struct bf_buf *out, const void *record, size_t record_len,
                            uint64_t index, const uint8_t (*path)[32], size_t n_path,
                            const void *checkpoint, size_t checkpoint_len, struct bf_error *err)
{
    char line[HASH_TEXT_SIZE + 1];
    size_t i;

    if (record_len > BF_RECORD_MAX || n_path > BF_MERKLE_PATH_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a proof would be longer than its format allows");
    bf_buf_printf(out, MAGIC "extra ");
    if (!bf_buf_reserve(out, bf_base64_size(record_len)))
        return bf_error_nomem(err);
    bf_base64_format((char *)out->data + out->len, record, record_len);
    out->len += bf_base64_size(record_len) - 1;
    bf_buf_printf(out, "\nindex %" PRIu64 "\n", index);
    for (i = 0; i < n_path; i++) {
        bf_base64_format(line, path[i], 32);
        bf_buf_printf(out, "%s\n", line);
    }
    bf_buf_put_u8(out, '\n');
    if (!bf_buf_append(out, checkpoint, checkpoint_len))
        return bf_error_nomem(err);
    return BF_OK;
}

/* The rest of the next line behind prefix, without its newline; NULL where the line is not like
 * that. */
static const char *line_after(struct bf_reader *r, const char *prefix, size_t *len)
{
    const uint8_t *nl = r->failed || r->left == 0 ? NULL : memchr(r->p, '\n', r->left);
    size_t skip = strlen(prefix), n = nl ? (size_t)(nl - r->p) : 0;
    const char *line = (const char *)r->p;

    if (nl == NULL || n < skip || memcmp(line, prefix, skip) != 0) {
        r->failed = true;
        return NULL;
    }
    bf_read_bytes(r, n + 1);
    *len = n - skip;
    return line + skip;
}

static const char *parse(struct bf_proof *p, const void *text, size_t n)
{
    const uint8_t *magic;
    struct bf_reader r;
    const char *line;
    size_t len = 0, hash_len = 0;

    if (n > BF_PROOF_MAX)
        return "too long";
    bf_reader_init(&r, text, n);
    magic = bf_read_bytes(&r, sizeof MAGIC - 1);
    if (magic == NULL || memcmp(magic, MAGIC, sizeof MAGIC - 1) != 0)
        return "its first line is not 'c2sp.org/tlog-proof@v1'";
    line = line_after(&r, "extra ", &len);
    if (line == NULL || !bf_base64_parse(p->record, sizeof p->record, &p->record_len, line, len))
        return "no record in its 'extra' line";
    line = line_after(&r, "index ", &len);
    if (line == NULL || !bf_u64_parse(&p->index, INT64_MAX, line, len))
        return "no index";
    for (;; p->n_path++) {
        line = line_after(&r, "", &len);
        if (line == NULL)
            return "it ends inside the path";
        if (len == 0)
            break;
        if (p->n_path == BF_MERKLE_PATH_MAX)
            return "its path is too long";
        if (len != HASH_TEXT_SIZE ||
            !bf_base64_parse(p->path[p->n_path], 32, &hash_len, line, len) || hash_len != 32)
            return "a hash of the path cannot be read";
    }
    p->checkpoint_text = (const char *)r.p;
    p->checkpoint_len = r.left;
    if (bf_checkpoint_parse(&p->checkpoint, r.p, r.left, NULL) != BF_OK)
        return "its checkpoint cannot be read";
    /* A line that nobody can check could be changed without anybody's notice. */
    if (p->checkpoint.n_sigs != 1 || !p->checkpoint.sig[0].ours)
        return "its checkpoint is not signed once, under the ledger's own name";
    return NULL;
}

enum bf_err bf_proof_parse(struct bf_proof *p, const void *text, size_t n, struct bf_error *err)
{
    const char *fault;

    *p = (struct bf_proof){0};
    fault = parse(p, text, n);
    if (fault != NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "not a proof: %s", fault);
    return BF_OK;
}

static bool checkpoint_holds(const struct bf_proof *p, const uint8_t issuer33[33],
                             const struct bf_trust *trust)
{
    size_t i;

    if (bf_checkpoint_check(&p->checkpoint, p->checkpoint_text, issuer33))
        return true;
    for (i = 0; i < trust->n; i++)
        if (bf_checkpoint_check(&p->checkpoint, p->checkpoint_text, trust->item[i].public33))
            return true;
    return false;
}

static enum bf_proof_verdict check(const struct bf_proof *p, struct bf_record *r,
                                   const struct bf_trust *trust, struct bf_error *why)
{
    uint8_t leaf[32];

    if (bf_record_decode(r, p->record, p->record_len, why) != BF_OK)
        return BF_PROOF_MALFORMED;
    if (!bf_record_check(p->record, p->record_len)) {
        bf_error_set(why, BF_ERR_FORMAT, "the record's signature does not verify");
        return BF_PROOF_BAD_RECORD;
    }
    if (r->index != p->index) {
        bf_error_set(why, BF_ERR_FORMAT,
                     "the record says that it is number %" PRIu64 ", the proof that it is %" PRIu64,
                     r->index, p->index);
        return BF_PROOF_BAD_INCLUSION;
    }
    bf_record_hash(leaf, p->record, p->record_len);
    if (!bf_merkle_check(p->checkpoint.root32, p->checkpoint.size, p->index, leaf, p->path,
                         p->n_path)) {
        bf_error_set(why, BF_ERR_FORMAT,
                     "the path does not lead from the record to the checkpoint's root");
        return BF_PROOF_BAD_INCLUSION;
    }
    if (!checkpoint_holds(p, r->issuer33, trust)) {
        bf_error_set(
            why, BF_ERR_FORMAT,
            "the checkpoint's signature does not verify under the issuer's key or a trusted one");
        return BF_PROOF_BAD_CHECKPOINT;
    }
    if (bf_trust_find(trust, r->issuer33) == NULL) {
        bf_error_set(why, BF_ERR_NOT_FOUND,
                     "the issuer, who goes by the name '%s', is not in the trust list", r->issuer);
        return BF_PROOF_UNTRUSTED;
    }
    return BF_PROOF_VALID;
}

enum bf_proof_verdict bf_proof_check(struct bf_record *r, struct bf_checkpoint *c, const void *text,
                                     size_t n, const struct bf_trust *trust, struct bf_error *why)
{
    enum bf_proof_verdict verdict;
    struct bf_record record;
    struct bf_proof p;

    if (bf_proof_parse(&p, text, n, why) != BF_OK)
        return BF_PROOF_MALFORMED;
    verdict = check(&p, &record, trust, why);
    if (verdict == BF_PROOF_VALID || verdict == BF_PROOF_UNTRUSTED) {
        *r = record;
        if (c != NULL)
            *c = p.checkpoint;
    }
    return verdict;
}

const char *bf_proof_verdict_name(enum bf_proof_verdict v)
{
    switch (v) {
    case BF_PROOF_VALID:
        return "valid";
    case BF_PROOF_UNTRUSTED:
        return "untrusted";
    case BF_PROOF_MALFORMED:
        return "malformed";
    case BF_PROOF_BAD_RECORD:
        return "bad-record";
    case BF_PROOF_BAD_INCLUSION:
        return "bad-inclusion";
    case BF_PROOF_BAD_CHECKPOINT:
        return "bad-checkpoint";
    }
    return "unknown";
}
