/*
 * checkpoint.h - a signed statement of the ledger's size and root: C2SP tlog-checkpoint in a C2SP
 * signed-note
 *
 * Note keys are named after the origin. Signature type 0xff with the identifier
 * "secp256k1-ecdsa-sha256", so key ID = SHA-256(origin || 0x0a || 0xff || identifier ||
 * public33)[:4]; signature = r || s over the note text, low-S.
 */
#ifndef BF_CHECKPOINT_H
#define BF_CHECKPOINT_H

#include "ledger/chain/trust.h"

#define BF_ORIGIN_MAX 128 /* printable ASCII without space or plus */
#define BF_CHECKPOINT_MAX 4096
#define BF_CHECKPOINT_SIGS_MAX 16

struct bf_checkpoint {
    char origin[BF_ORIGIN_MAX + 1];
    uint64_t size;
    uint8_t root32[32];
    /* signature lines in their order; name must equal origin for those that are ours, others are
     * kept unread */
    struct {
        uint8_t key_id[4];
        uint8_t sig64[64];
        bool ours; /* name equals origin and the length is that of our signature type */
    } sig[BF_CHECKPOINT_SIGS_MAX];
    size_t n_sigs;
    size_t text_len; /* bytes of the note text that the signatures cover */
};

bool bf_origin_is_valid(const char *origin, size_t n);
/* SHA-256(origin || 0x0a || 0xff || identifier || public33)[:4]; origin is valid */
void bf_checkpoint_key_id(uint8_t id4[4], const char *origin, const uint8_t public33[33]);
/* Append the signed note. */
enum bf_err bf_checkpoint_encode(struct bf_buf *out, const char *origin, uint64_t size,
                                 const uint8_t root32[32], const struct bf_key *key,
                                 struct bf_error *err);
/* Strict: one text for one checkpoint, canonical base64 and decimals, nothing after the last
 * newline. */
enum bf_err bf_checkpoint_parse(struct bf_checkpoint *c, const void *text, size_t n,
                                struct bf_error *err);
/*
 * A verdict: one of the note's signatures verifies under public33, and none that names public33's
 * key ID fails. text is what c was parsed from.
 */
bool bf_checkpoint_check(const struct bf_checkpoint *c, const void *text,
                         const uint8_t public33[33]);

#endif
