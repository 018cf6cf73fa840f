/*
 * simd.h - which vector instructions the inner loops use
 *
 * The processor is asked once. Every loop has a plain-C twin, which is the reference and runs
 * wherever nothing better is there.
 */
#ifndef BF_SIMD_H
#define BF_SIMD_H

enum bf_simd {
    BF_SIMD_PLAIN,
    BF_SIMD_AVX2,   /* AVX2 and FMA, 8 floats at a time */
    BF_SIMD_AVX512, /* AVX-512F, 16 floats at a time */
};

/* The best that this processor has, or the limit where one is set. */
enum bf_simd bf_simd_level(void);

/*
 * Use nothing above level from here on, so that a test can hold one twin against the other.
 * Weights that were packed before must be packed again. Not to be called while work is running.
 */
void bf_simd_limit(enum bf_simd level);

#endif
