/*
 * random.h - random numbers whose whole state is one integer
 *
 * SplitMix64 (Steele, Lea, Flood 2014): good enough for initial weights, dropout and augmentation,
 * and a checkpoint holds its state in eight bytes. Not for secrets.
 */
#ifndef BF_RANDOM_H
#define BF_RANDOM_H

#include <stdint.h>

struct bf_random {
    uint64_t state; /* any value is a seed */
};

/* The number that belongs to v: the same for the same v, as good as random otherwise. */
uint64_t bf_random_mix(uint64_t v);

uint64_t bf_random_u64(struct bf_random *r);
/* In [0, 1), a multiple of 2^-24 */
float bf_random_uniform(struct bf_random *r);
/* Mean 0, deviation 1 */
float bf_random_normal(struct bf_random *r);
/* Below n, which is not 0; each as likely as the other */
uint64_t bf_random_below(struct bf_random *r, uint64_t n);

#endif
