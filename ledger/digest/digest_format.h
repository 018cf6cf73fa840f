/*
 * digest_format.h - the bytes of a digest blob, shared by its writer and its reader
 */
#ifndef BF_DIGEST_FORMAT_H
#define BF_DIGEST_FORMAT_H

#include "ledger/digest/digest.h"
#include "lib/base/bytes.h"

#define BF_DIGEST_MAGIC "bonafide-digest/1\n" /* ends the blob's trailer head; 18 bytes */
#define BF_DIGEST_MAGIC_SIZE 18
#define BF_DIGEST_SEGMENT_HEAD 16
#define BF_DIGEST_TRAILER_SIZE \
    (BF_DIGEST_MAGIC_SIZE + 2 + 2 + 4 + 1 + 4 + 4 + 8 + 8 + 8 + 4 + 3 * 32)

void bf_digest_trailer_encode(struct bf_buf *out, const struct bf_digest_info *info);
/* p is BF_DIGEST_TRAILER_SIZE bytes. */
bool bf_digest_trailer_decode(struct bf_digest_info *info, const uint8_t *p);

#endif
