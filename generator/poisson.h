/*
 * poisson.h - seamless cloning: the source's gradients with the target's colours at the seam
 *
 * Perez, Gangnet and Blake, 2003. What is solved for is the smooth difference between the two,
 * which is harmonic inside and known at the seam, by conjugate gradients with a multigrid cycle
 * before them (McAdams, Sifakis and Teran, 2010).
 */
#ifndef BF_POISSON_H
#define BF_POISSON_H

#include <stddef.h>

#include "lib/base/error.h"

/* A mask below that counts as outside. */
#define BF_POISSON_OUTSIDE (1.0f / 256)

/*
 * All pictures are (h, w, 3) in 0..1, mask is (h, w); out may be target, not source. Where the mask
 * is 0 out is the target. Inside it is the source plus the solution, cut off at 0 and 1, and where
 * the mask is between 0 and 1 that mixed with the target. The picture's own edge is no seam: a face
 * that it cuts keeps its colours there. A mask without any outside gives the source. Within a
 * quarter of a grey level of 256 of the exact solution. BF_ERR_NOMEM alone.
 */
enum bf_err bf_poisson_blend(float *out, const float *source, const float *target,
                             const float *mask, size_t h, size_t w, struct bf_error *err);

#endif
