/* The kernels in AVX-512F: tiles of 8 pixels by up to 3 vectors of 16 channels. */
#include "lib/nn/kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define ROWS 8
#define LANE 16
#define LANES 3
#define TARGET __attribute__((target("avx512f")))
#define V(name) _mm512_##name

typedef __m512 vec;

TARGET static inline vec load_part(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

TARGET static inline void store_part(float *p, size_t n, vec v)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

TARGET static inline float sum_of(vec v)
{
    return _mm512_reduce_add_ps(v);
}

#include "lib/nn/kernel_loops.h"

const struct bf_kernel bf_kernel_avx512 = {
    .rows = ROWS,
    .lane = LANE,
    .max_lanes = LANES,
    .tile = tile,
    .dot = dot,
    .depthwise = depthwise,
    .outer = outer,
};

#endif
