#include "ledger/match/sketch.h"

#include <string.h>

#include "lib/base/bytes.h"

/* One body, built twice: popcount is an instruction on any x86 since 2008, but not in the base set
 * that we build for. */
static inline __attribute__((always_inline)) size_t
scan(uint32_t *frame, const uint8_t *p, size_t n, const uint8_t *sketch4, unsigned key_bits)
{
    uint16_t want[2], have[2];
    unsigned one, two;
    size_t i, n_near = 0;

    memcpy(want, sketch4, sizeof want);
    for (i = 0; i < n; i++, p += BF_POSTING_SIZE) {
        memcpy(have, p + 4, sizeof have);
        one = key_bits + (unsigned)__builtin_popcount(have[0] ^ want[0]);
        two = one + (unsigned)__builtin_popcount(have[1] ^ want[1]);
        frame[n_near] = bf_get_be32(p);
        n_near += (one <= 3) & (two <= 5);
    }
    return n_near;
}

size_t bf_sketch_scan_plain(uint32_t *frame, const uint8_t *postings, size_t n,
                            const uint8_t sketch4[BF_SKETCH_SIZE], unsigned key_bits)
{
    return scan(frame, postings, n, sketch4, key_bits);
}

#if defined(__x86_64__)
static __attribute__((target("popcnt"))) size_t
scan_popcnt(uint32_t *frame, const uint8_t *p, size_t n, const uint8_t *sketch4, unsigned key_bits)
{
    return scan(frame, p, n, sketch4, key_bits);
}
#endif

size_t bf_sketch_scan(uint32_t *frame, const uint8_t *postings, size_t n,
                      const uint8_t sketch4[BF_SKETCH_SIZE], unsigned key_bits)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt"))
        return scan_popcnt(frame, postings, n, sketch4, key_bits);
#endif
    return bf_sketch_scan_plain(frame, postings, n, sketch4, key_bits);
}
