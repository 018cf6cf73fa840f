/* The loops in AVX-512F, 16 channels at a time. */
#include "lib/nn/graph_loops.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANE 16
#define TARGET __attribute__((target("avx512f")))
#define V(name) _mm512_##name

typedef __m512 vec;

TARGET static inline __mmask16 first(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

TARGET static inline vec load_part(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(first(n), p);
}

TARGET static inline void store_part(float *p, size_t n, vec v)
{
    _mm512_mask_storeu_ps(p, first(n), v);
}

TARGET static inline vec negative_times(vec v, vec s)
{
    return _mm512_mask_mul_ps(v, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), v, s);
}

#include "lib/nn/graph_vector.h"

const struct bf_graph_loops bf_graph_loops_avx512 = {
    .finish = finish,
    .max_pool = max_pool,
};

#endif
