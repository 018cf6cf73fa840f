#include "ledger/chain/trust.h"

#include "lib/base/text.h"

#define KIND "secp256k1"

void bf_trust_release(struct bf_trust *t)
{
    free(t->item);
    *t = (struct bf_trust){0};
}

const struct bf_issuer *bf_trust_find(const struct bf_trust *t, const uint8_t public33[33])
{
    size_t i;

    for (i = 0; i < t->n; i++)
        if (memcmp(t->item[i].public33, public33, BF_PUBLIC33_SIZE) == 0)
            return &t->item[i];
    return NULL;
}

enum bf_err bf_trust_add(struct bf_trust *t, const uint8_t public33[33], const char *name,
                         struct bf_error *err)
{
    struct bf_issuer *item;

    if (!bf_name_is_valid(name, strlen(name)))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' cannot be an issuer's name", name);
    if (!bf_public_is_valid(public33))
        return bf_error_set(err, BF_ERR_FORMAT, "the key of '%s' is not a point on secp256k1",
                            name);
    /* The first name a reader gave to a key stands. */
    if (bf_trust_find(t, public33) != NULL)
        return BF_OK;
    if (t->n == BF_TRUST_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d trusted issuers", BF_TRUST_MAX);
    /* n is a power of two, or nothing: the array is full and doubles. */
    if ((t->n & (t->n - 1)) == 0) {
        item = realloc(t->item, (t->n ? 2 * t->n : 1) * sizeof *item);
        if (item == NULL)
            return bf_error_nomem(err);
        t->item = item;
    }
    item = &t->item[t->n++];
    *item = (struct bf_issuer){0};
    memcpy(item->public33, public33, sizeof item->public33);
    snprintf(item->name, sizeof item->name, "%s", name);
    return BF_OK;
}

static enum bf_err parse_line(struct bf_trust *t, const char *line, size_t n, const char *file,
                              size_t number, struct bf_error *err)
{
    static const size_t hex_at = sizeof KIND, name_at = sizeof KIND + 67;
    uint8_t public33[BF_PUBLIC33_SIZE];
    char name[BF_NAME_MAX + 1];

    if (n < name_at || n - name_at > BF_NAME_MAX || memcmp(line, KIND " ", hex_at) != 0 ||
        line[name_at - 1] != ' ' || !bf_hex_parse(public33, sizeof public33, line + hex_at, 66) ||
        !bf_public_is_valid(public33) || !bf_name_is_valid(line + name_at, n - name_at))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "line %zu of '%s' is not an issuer: expected 'secp256k1', 66 hex "
                            "digits of a public key, "
                            "and a name",
                            number, file);
    memcpy(name, line + name_at, n - name_at);
    name[n - name_at] = '\0';
    return bf_trust_add(t, public33, name, err);
}

enum bf_err bf_trust_parse(struct bf_trust *t, const void *text, size_t n, const char *file,
                           struct bf_error *err)
{
    const char *p = text, *end;
    size_t number;

    if (n == 0)
        return BF_OK;
    end = p + n;
    if (n > BF_TRUST_FILE_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %d bytes", file,
                            BF_TRUST_FILE_MAX);
    for (number = 1; p < end; number++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl ? nl : end) - p);
        size_t next = nl ? len + 1 : len;
        enum bf_err rc;

        if (len > 0 && p[len - 1] == '\r')
            len--;
        if (len > 0 && p[0] != '#') {
            rc = parse_line(t, p, len, file, number, err);
            if (rc != BF_OK)
                return rc;
        }
        p += next;
    }
    return BF_OK;
}

bool bf_trust_format(struct bf_buf *out, const uint8_t public33[33], const char *name)
{
    char hex[2 * BF_PUBLIC33_SIZE + 1];

    bf_hex_format(hex, public33, BF_PUBLIC33_SIZE);
    return bf_buf_printf(out, KIND " %s %s\n", hex, name);
}
