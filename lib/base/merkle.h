/*
 * merkle.h - the Merkle tree of RFC 6962 section 2.1 (RFC 9162 2.1): roots, inclusion and
 * consistency proofs
 *
 * Stored nodes are the roots of complete subtrees: node (level, i) covers leaves [i << level, (i +
 * 1) << level).
 */
#ifndef BF_MERKLE_H
#define BF_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_MERKLE_PATH_MAX 64

/* SHA-256(""), the root of no leaves */
void bf_merkle_empty(uint8_t hash32[32]);
/* SHA-256(0x00 || data) */
void bf_merkle_leaf(uint8_t hash32[32], const void *data, size_t n);
/* SHA-256(0x01 || left || right) */
void bf_merkle_node(uint8_t hash32[32], const uint8_t left32[32], const uint8_t right32[32]);

/* A tree that is only ever appended to, held as the roots of its complete subtrees.
 * Zero-initialise. */
struct bf_merkle {
    uint64_t n;           /* leaves */
    uint8_t peak[64][32]; /* peak[l] is in use where bit l of n is set */
};

/*
 * Append one leaf hash. Where on_node is not NULL it is called for each subtree this completes,
 * leaf included (level 0); what it returns other than BF_OK stops the append and is returned.
 */
enum bf_err bf_merkle_append(struct bf_merkle *m, const uint8_t leaf32[32],
                             enum bf_err (*on_node)(void *ctx, unsigned level, uint64_t i,
                                                    const uint8_t hash32[32]),
                             void *ctx);
void bf_merkle_root(uint8_t hash32[32], const struct bf_merkle *m);

/* Gives a stored node; what it returns other than BF_OK stops the walk and is returned. */
struct bf_merkle_source {
    enum bf_err (*node)(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                        struct bf_error *err);
    void *ctx;
};

/* Root of the first n leaves. */
enum bf_err bf_merkle_root_at(uint8_t hash32[32], uint64_t n, const struct bf_merkle_source *src,
                              struct bf_error *err);
/* path is (BF_MERKLE_PATH_MAX, 32), leaf's sibling first; index < n. */
enum bf_err bf_merkle_prove(uint8_t (*path)[32], size_t *n_path, uint64_t index, uint64_t n,
                            const struct bf_merkle_source *src, struct bf_error *err);
/* RFC 9162 2.1.3.2. A verdict. */
bool bf_merkle_check(const uint8_t root32[32], uint64_t n, uint64_t index, const uint8_t leaf32[32],
                     const uint8_t (*path)[32], size_t n_path);
/* Consistency of the first m leaves with the first n (RFC 9162 2.1.4); 0 < m <= n. */
enum bf_err bf_merkle_prove_consistency(uint8_t (*path)[32], size_t *n_path, uint64_t m, uint64_t n,
                                        const struct bf_merkle_source *src, struct bf_error *err);
bool bf_merkle_check_consistency(uint64_t m, const uint8_t root_m32[32], uint64_t n,
                                 const uint8_t root_n32[32], const uint8_t (*path)[32],
                                 size_t n_path);

#endif
