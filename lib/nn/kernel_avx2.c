/* The kernels in AVX2 and FMA: tiles of 6 pixels by up to 2 vectors of 8 channels. */
#include "lib/nn/kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define ROWS 6
#define LANE 8
#define LANES 2
#define TARGET __attribute__((target("avx2,fma")))
#define V(name) _mm256_##name

typedef __m256 vec;

TARGET static inline __m256i first(size_t n)
{
    __m256i at = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), at);
}

TARGET static inline vec load_part(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, first(n));
}

TARGET static inline void store_part(float *p, size_t n, vec v)
{
    _mm256_maskstore_ps(p, first(n), v);
}

TARGET static inline float sum_of(vec v)
{
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

#include "lib/nn/kernel_loops.h"

const struct bf_kernel bf_kernel_avx2 = {
    .rows = ROWS,
    .lane = LANE,
    .max_lanes = LANES,
    .tile = tile,
    .dot = dot,
    .depthwise = depthwise,
    .outer = outer,
};

#endif
