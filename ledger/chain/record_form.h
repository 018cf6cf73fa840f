/*
 * record_form.h - what the writer and the reader of a record's bytes share
 *
 *   d2                      tag 18, COSE_Sign1
 *   84                      array of 4
 *     44 a1 01 38 2e        protected header: { 1: -47 }, ES256K
 *     a0                    unprotected header: empty
 *     bstr                  payload: map of the keys below, in this order
 *     58 40 <64 bytes>      signature
 */
#ifndef BF_RECORD_FORM_H
#define BF_RECORD_FORM_H

#include "ledger/chain/record.h"

#define BF_RECORD_HEAD "\xd2\x84\x44\xa1\x01\x38\x2e\xa0"
#define BF_RECORD_HEAD_SIZE 8
#define BF_RECORD_TAIL_SIZE 66 /* head of the signature and the signature */

/* What is signed is this and the payload with its head (RFC 9052 4.4: "Signature1", protected, no
 * external data). */
#define BF_RECORD_SIGNED "\x84\x6aSignature1\x44\xa1\x01\x38\x2e\x40"
#define BF_RECORD_SIGNED_SIZE 18

enum bf_record_field {
    BF_FIELD_VERSION = 1,
    BF_FIELD_INDEX,
    BF_FIELD_PREV,
    BF_FIELD_KIND,
    BF_FIELD_FILE,
    BF_FIELD_STREAM,
    BF_FIELD_FRAMES,
    BF_FIELD_DIGEST,
    BF_FIELD_FILE_SIZE,
    BF_FIELD_TIME_BASE,
    BF_FIELD_N_FRAMES,
    BF_FIELD_DURATION,
    BF_FIELD_WIDTH,
    BF_FIELD_HEIGHT,
    BF_FIELD_TITLE,
    BF_FIELD_ISSUER_KEY,
    BF_FIELD_ISSUER,
    BF_FIELD_CLAIMED,
    BF_FIELD_END,                   /* of authentic records */
    BF_FIELD_METHOD = BF_FIELD_END, /* of synthetic ones */
    BF_FIELD_SUBJECTS,
    BF_FIELD_SYNTHETIC_END,
};

/* NULL where the values may stand in a record, else what is wrong with them. */
const char *bf_record_fault(const struct bf_record *r);

#endif
