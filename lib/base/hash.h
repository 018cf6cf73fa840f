/*
 * hash.h - SHA-256 (FIPS 180-4), one message or many at a time
 */
#ifndef BF_HASH_H
#define BF_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_HASH32_SIZE 32

/* One message. */
void bf_sha256(uint8_t hash32[32], const void *p, size_t n);

/* A message that arrives in parts. Create, update any number of times, finish once (which starts it
 * anew), free. */
struct bf_sha256;
struct bf_sha256 *bf_sha256_create(void); /* NULL where memory ran out */
void bf_sha256_free(struct bf_sha256 **h);
void bf_sha256_update(struct bf_sha256 *h, const void *p, size_t n);
void bf_sha256_finish(struct bf_sha256 *h, uint8_t hash32[32]);

/*
 * Many independent messages side by side: on amd64 libipsec-mb runs up to 16 in the lanes of one
 * vector register, elsewhere this is a loop over bf_sha256. The digests are the same. msg[i] is
 * len[i] bytes; out is (n, 32).
 */
struct bf_hasher;
struct bf_hasher *bf_hasher_create(void);
void bf_hasher_free(struct bf_hasher **h);
void bf_hasher_many(struct bf_hasher *h, uint8_t (*out)[32], const uint8_t *const *msg,
                    const size_t *len, size_t n);

/* SHA-256 of everything in descriptor fd, from its start, without moving its position. size
 * receives the length. */
enum bf_err bf_hash_fd(uint8_t hash32[32], uint64_t *size, int fd, const char *name,
                       struct bf_error *err);

#endif
