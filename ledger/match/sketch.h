/*
 * sketch.h - which postings of the lookup index are worth a look: part of each code stands in them
 */
#ifndef BF_SKETCH_H
#define BF_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define BF_SKETCH_SIZE 12
#define BF_POSTING_SIZE (4 + BF_SKETCH_SIZE) /* frame u32, sketch */

/*
 * The frames of those of the n postings whose sketch differs from sketch12 by reach bits or fewer,
 * into frame (n), in their order; returns how many. The plain one is the other's reference.
 */
size_t bf_sketch_scan(uint32_t *frame, const uint8_t *postings, size_t n,
                      const uint8_t sketch12[BF_SKETCH_SIZE], unsigned reach);
size_t bf_sketch_scan_plain(uint32_t *frame, const uint8_t *postings, size_t n,
                            const uint8_t sketch12[BF_SKETCH_SIZE], unsigned reach);

#endif
