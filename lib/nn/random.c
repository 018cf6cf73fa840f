#include "lib/nn/random.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

uint64_t bf_random_mix(uint64_t v)
{
    v += GOLDEN;
    v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
    return v ^ (v >> 31);
}

uint64_t bf_random_u64(struct bf_random *r)
{
    uint64_t v = bf_random_mix(r->state);

    r->state += GOLDEN;
    return v;
}

float bf_random_uniform(struct bf_random *r)
{
    return (float)(bf_random_u64(r) >> 40) * 0x1p-24f;
}

float bf_random_normal(struct bf_random *r)
{
    /* Box and Muller; the second of the pair is thrown away, so that there is no state to keep. */
    double u = ((double)(bf_random_u64(r) >> 11) + 1) * 0x1p-53;
    double v = (double)(bf_random_u64(r) >> 11) * 0x1p-53;

    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

uint64_t bf_random_below(struct bf_random *r, uint64_t n)
{
    uint64_t least = (UINT64_MAX - n + 1) % n, v;

    /* What is left of 2^64 beyond a multiple of n would make the first numbers likelier. */
    do
        v = bf_random_u64(r);
    while (v < least);
    return v % n;
}
