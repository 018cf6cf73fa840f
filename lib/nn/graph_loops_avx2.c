/* The loops in AVX2 and FMA, 8 channels at a time. */
#include "lib/nn/graph_loops.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANE 8
#define TARGET __attribute__((target("avx2,fma")))
#define V(name) _mm256_##name

typedef __m256 vec;

TARGET static inline __m256i first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

TARGET static inline vec load_part(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, first(n));
}

TARGET static inline void store_part(float *p, size_t n, vec v)
{
    _mm256_maskstore_ps(p, first(n), v);
}

TARGET static inline vec negative_times(vec v, vec s)
{
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, s), v);
}

#include "lib/nn/graph_vector.h"

const struct bf_graph_loops bf_graph_loops_avx2 = {
    .finish = finish,
    .max_pool = max_pool,
};

#endif
