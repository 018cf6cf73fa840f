/*
 * record.h - one registered video: COSE_Sign1 (RFC 9052) with ES256K (RFC 8812) over deterministic
 * CBOR (RFC 8949 4.2)
 *
 * A record's hash is the RFC 6962 leaf hash of its bytes, SHA-256(0x00 || record); the next record
 * names it.
 */
#ifndef BF_RECORD_H
#define BF_RECORD_H

#include "ledger/chain/key.h"

#define BF_RECORD_VERSION 1
#define BF_RECORD_MAX 2048 /* bytes of one record */
#define BF_TITLE_MAX 256   /* bytes of UTF-8, no control characters; may be empty */
#define BF_METHOD_MAX 64   /* the same, but never empty */
#define BF_SUBJECTS_MAX 16

enum bf_record_kind {
    BF_RECORD_AUTHENTIC = 1, /* the issuer vouches for it */
    BF_RECORD_SYNTHETIC = 2, /* made by a generator */
};

struct bf_record {
    uint64_t index;     /* position on the ledger, from 0 */
    uint8_t prev32[32]; /* hash of record index-1; zeros for record 0 */
    enum bf_record_kind kind;
    uint8_t file32[32];   /* SHA-256 of the file */
    uint8_t stream32[32]; /* SHA-256 over the video stream's coded packets */
    uint8_t frames32[32]; /* root of the tree of decoded frames */
    uint8_t digest32[32]; /* root of the digest blob */
    uint64_t file_size;
    uint32_t time_base_num, time_base_den; /* of the video stream, seconds a tick */
    uint64_t n_frames;
    uint64_t duration_us;
    uint32_t width, height; /* of the picture as shown, after rotation */
    char title[BF_TITLE_MAX + 1];
    uint8_t issuer33[33];
    char issuer[BF_NAME_MAX + 1]; /* the issuer's own name for itself */
    int64_t claimed_unix_s;       /* the issuer's clock; nobody else vouches for it */
    /* Of synthetic records alone; nothing in authentic ones: */
    char method[BF_METHOD_MAX + 1]; /* how it was made: "swap", "blend" */
    size_t n_subjects;              /* at least 1 */
    /* SHA-256 of what was said of the people shown: consent, or the terms of a data set; in
     * strictly ascending order */
    uint8_t subjects32[BF_SUBJECTS_MAX][32];
};

/*
 * Sign r with key and append the bytes to out. issuer33 and issuer are taken from key; r receives
 * them.
 */
enum bf_err bf_record_encode(struct bf_buf *out, struct bf_record *r, const struct bf_key *key,
                             struct bf_error *err);
/*
 * Read a record of exactly n bytes. Anything but the one encoding that bf_record_encode would give
 * for these values (order, shortest heads, no trailing bytes) is BF_ERR_FORMAT. The signature is
 * not checked.
 */
enum bf_err bf_record_decode(struct bf_record *r, const void *p, size_t n, struct bf_error *err);
/* A verdict: the bytes are a record and its signature verifies under its own issuer33. */
bool bf_record_check(const void *p, size_t n);
/* SHA-256(0x00 || record) */
void bf_record_hash(uint8_t hash32[32], const void *p, size_t n);

#endif
