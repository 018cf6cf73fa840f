#include "lib/nn/simd.h"

#include <stdatomic.h>

static atomic_int limit = BF_SIMD_AVX512;

static enum bf_simd ask(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma"))
        return BF_SIMD_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return BF_SIMD_AVX2;
#endif
    return BF_SIMD_PLAIN;
}

enum bf_simd bf_simd_level(void)
{
    enum bf_simd level = ask();
    enum bf_simd at_most = (enum bf_simd)atomic_load(&limit);

    return level < at_most ? level : at_most;
}

void bf_simd_limit(enum bf_simd level)
{
    atomic_store(&limit, (int)level);
}
