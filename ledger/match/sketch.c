#include "ledger/match/sketch.h"

#include <string.h>

#include "lib/base/bytes.h"

/* One body, built twice: popcount is an instruction on any x86 since 2008, but not in the base set
 * that we build for. */
static inline __attribute__((always_inline)) size_t
scan(uint32_t *frame, const uint8_t *p, size_t n, const uint8_t *sketch12, unsigned reach)
{
    uint64_t want_a, a;
    uint32_t want_b, b;
    size_t i, n_near = 0;

    memcpy(&want_a, sketch12, 8);
    memcpy(&want_b, sketch12 + 8, 4);
    for (i = 0; i < n; i++, p += BF_POSTING_SIZE) {
        memcpy(&a, p + 4, 8);
        memcpy(&b, p + 12, 4);
        frame[n_near] = bf_get_be32(p);
        n_near +=
            (unsigned)(__builtin_popcountll(a ^ want_a) + __builtin_popcount(b ^ want_b)) <= reach;
    }
    return n_near;
}

size_t bf_sketch_scan_plain(uint32_t *frame, const uint8_t *postings, size_t n,
                            const uint8_t sketch12[BF_SKETCH_SIZE], unsigned reach)
{
    return scan(frame, postings, n, sketch12, reach);
}

#if defined(__x86_64__)
static __attribute__((target("popcnt"))) size_t
scan_popcnt(uint32_t *frame, const uint8_t *p, size_t n, const uint8_t *sketch12, unsigned reach)
{
    return scan(frame, p, n, sketch12, reach);
}
#endif

size_t bf_sketch_scan(uint32_t *frame, const uint8_t *postings, size_t n,
                      const uint8_t sketch12[BF_SKETCH_SIZE], unsigned reach)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt"))
        return scan_popcnt(frame, postings, n, sketch12, reach);
#endif
    return bf_sketch_scan_plain(frame, postings, n, sketch12, reach);
}
