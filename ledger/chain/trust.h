/*
 * trust.h - the issuers that a reader believes: a text file of public keys with names
 *
 * One issuer a line: `secp256k1 <66 hex digits> <name>`. Empty lines and lines that start with #
 * are skipped. The name in the trust file is the reader's own word for the key; the name in a
 * record is the issuer's claim.
 */
#ifndef BF_TRUST_H
#define BF_TRUST_H

#include "ledger/chain/key.h"

#define BF_TRUST_MAX 4096 /* issuers in one list */
#define BF_TRUST_FILE_MAX (1 << 20)

struct bf_issuer {
    uint8_t public33[33];
    char name[BF_NAME_MAX + 1];
};

/* Zero-initialise; release with bf_trust_release. */
struct bf_trust {
    struct bf_issuer *item;
    size_t n;
};

void bf_trust_release(struct bf_trust *t);
/* Append the issuers of one file's text. file is for the sentence, which names the line. */
enum bf_err bf_trust_parse(struct bf_trust *t, const void *text, size_t n, const char *file,
                           struct bf_error *err);
enum bf_err bf_trust_add(struct bf_trust *t, const uint8_t public33[33], const char *name,
                         struct bf_error *err);
/* NULL where the key is not in the list. */
const struct bf_issuer *bf_trust_find(const struct bf_trust *t, const uint8_t public33[33]);
/* Append the issuer's line, with its newline, to out. */
bool bf_trust_format(struct bf_buf *out, const uint8_t public33[33], const char *name);

#endif
