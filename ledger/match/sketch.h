/*
 * sketch.h - which postings of the lookup index are worth a look: part of each code stands in them
 */
#ifndef BF_SKETCH_H
#define BF_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define BF_SKETCH_SIZE 4
#define BF_POSTING_SIZE (4 + BF_SKETCH_SIZE) /* frame u32, the two slots after the key's */

/*
 * The frames of those of the n postings that can be within 31 bits of the code whose two slots are
 * sketch4, where the key's slot differs in key_bits (0 or 1); into frame (n), in their order.
 * Returns how many.
 *
 * Of sixteen numbers in a ring whose sum is at most 31, one is such that the first l from it on sum
 * to at most 31 l / 16, for every l (the cycle lemma; Qin and Xiao 2018, pigeonring): 1, 3, 5. A
 * near code may be left out under one of its slots, but never under all. The plain one is the
 * other's reference.
 */
size_t bf_sketch_scan(uint32_t *frame, const uint8_t *postings, size_t n,
                      const uint8_t sketch4[BF_SKETCH_SIZE], unsigned key_bits);
size_t bf_sketch_scan_plain(uint32_t *frame, const uint8_t *postings, size_t n,
                            const uint8_t sketch4[BF_SKETCH_SIZE], unsigned key_bits);

#endif
