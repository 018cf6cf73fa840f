#include "ledger/chain/checkpoint.h"

#include <inttypes.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"

#define SIG_IDENTIFIER "secp256k1-ecdsa-sha256"
#define EM_DASH "\xe2\x80\x94"
#define ROOT_TEXT_SIZE 44            /* base64 of 32 bytes */
#define SIG_SIZE (4 + BF_SIG64_SIZE) /* key ID and signature */

bool bf_origin_is_valid(const char *origin, size_t n)
{
    size_t i;

    if (n == 0 || n > BF_ORIGIN_MAX)
        return false;
    for (i = 0; i < n; i++)
        if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+')
            return false;
    return true;
}

void bf_checkpoint_key_id(uint8_t id4[4], const char *origin, const uint8_t public33[33])
{
    uint8_t buf[BF_ORIGIN_MAX + 2 + sizeof SIG_IDENTIFIER + BF_PUBLIC33_SIZE], hash[32];
    size_t n = strlen(origin);

    memcpy(buf, origin, n);
    buf[n++] = '\n';
    buf[n++] = 0xff;
    memcpy(buf + n, SIG_IDENTIFIER, sizeof SIG_IDENTIFIER - 1);
    n += sizeof SIG_IDENTIFIER - 1;
    memcpy(buf + n, public33, BF_PUBLIC33_SIZE);
    n += BF_PUBLIC33_SIZE;
    bf_sha256(hash, buf, n);
    memcpy(id4, hash, 4);
}

enum bf_err bf_checkpoint_encode(struct bf_buf *out, const char *origin, uint64_t size,
                                 const uint8_t root32[32], const struct bf_key *key,
                                 struct bf_error *err)
{
    char root[ROOT_TEXT_SIZE + 1], line[96], text[BF_ORIGIN_MAX + 80];
    uint8_t sig[SIG_SIZE];
    enum bf_err rc;
    int n;

    if (!bf_origin_is_valid(origin, strlen(origin)))
        return bf_error_set(err, BF_ERR_USAGE,
                            "'%s' cannot be a ledger's origin: 1 to %d printable ASCII characters, "
                            "no space, no '+'",
                            origin, BF_ORIGIN_MAX);
    bf_base64_format(root, root32, 32);
    n = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", origin, size, root);
    bf_checkpoint_key_id(sig, origin, key->public33);
    rc = bf_sign(sig + 4, key, text, (size_t)n, err);
    if (rc != BF_OK)
        return rc;
    bf_base64_format(line, sig, sizeof sig);
    if (!bf_buf_printf(out, "%s\n" EM_DASH " %s %s\n", text, origin, line))
        return bf_error_nomem(err);
    return BF_OK;
}

/* The next line without its newline; NULL where no newline is left. */
static const char *next_line(struct bf_reader *r, size_t *len)
{
    const uint8_t *nl = r->left > 0 ? memchr(r->p, '\n', r->left) : NULL;
    const char *line = (const char *)r->p;

    if (nl == NULL) {
        r->failed = true;
        return NULL;
    }
    *len = (size_t)(nl - r->p);
    bf_read_bytes(r, *len + 1);
    return line;
}

/* "— <name> <base64>" */
static bool parse_signature(struct bf_checkpoint *c, const char *line, size_t len)
{
    static const size_t dash = sizeof EM_DASH; /* and the space in the NUL's place */
    uint8_t sig[BF_CHECKPOINT_MAX];
    const char *name, *space;
    size_t name_len, n;

    if (c->n_sigs == BF_CHECKPOINT_SIGS_MAX || len < dash || memcmp(line, EM_DASH " ", dash) != 0)
        return false;
    name = line + dash;
    space = memchr(name, ' ', len - dash);
    if (space == NULL)
        return false;
    name_len = (size_t)(space - name);
    if (!bf_origin_is_valid(name, name_len) ||
        !bf_base64_parse(sig, sizeof sig, &n, space + 1, len - dash - name_len - 1) || n <= 4)
        return false;
    memcpy(c->sig[c->n_sigs].key_id, sig, 4);
    if (n == SIG_SIZE && name_len == strlen(c->origin) && memcmp(name, c->origin, name_len) == 0) {
        c->sig[c->n_sigs].ours = true;
        memcpy(c->sig[c->n_sigs].sig64, sig + 4, BF_SIG64_SIZE);
    }
    c->n_sigs++;
    return true;
}

static const char *parse(struct bf_checkpoint *c, const char *text, size_t n)
{
    struct bf_reader r;
    const char *line;
    size_t len = 0, root_len = 0;

    if (n > BF_CHECKPOINT_MAX)
        return "too long";
    bf_reader_init(&r, text, n);
    line = next_line(&r, &len);
    if (line == NULL || !bf_origin_is_valid(line, len))
        return "no origin";
    memcpy(c->origin, line, len);
    line = next_line(&r, &len);
    if (line == NULL || !bf_u64_parse(&c->size, INT64_MAX, line, len))
        return "no tree size";
    line = next_line(&r, &len);
    if (line == NULL || len != ROOT_TEXT_SIZE ||
        !bf_base64_parse(c->root32, 32, &root_len, line, len) || root_len != 32)
        return "no root hash";
    c->text_len = (size_t)(line + len + 1 - text);
    line = next_line(&r, &len);
    if (line == NULL || len != 0)
        return "no empty line before the signatures";
    do {
        line = next_line(&r, &len);
        if (line == NULL || !parse_signature(c, line, len))
            return "a signature line cannot be read";
    } while (r.left > 0);
    return NULL;
}

enum bf_err bf_checkpoint_parse(struct bf_checkpoint *c, const void *text, size_t n,
                                struct bf_error *err)
{
    const char *fault;

    *c = (struct bf_checkpoint){0};
    fault = parse(c, text, n);
    if (fault != NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "not a checkpoint: %s", fault);
    return BF_OK;
}

bool bf_checkpoint_check(const struct bf_checkpoint *c, const void *text,
                         const uint8_t public33[33])
{
    bool found = false;
    uint8_t id[4];
    size_t i;

    bf_checkpoint_key_id(id, c->origin, public33);
    for (i = 0; i < c->n_sigs; i++) {
        if (!c->sig[i].ours || memcmp(c->sig[i].key_id, id, 4) != 0)
            continue;
        if (!bf_sign_check(c->sig[i].sig64, public33, text, c->text_len))
            return false;
        found = true;
    }
    return found;
}
