/*
 * noise.h - how much this copy differs from the record where nothing was changed
 *
 * The scale comes from the copy itself: the median residual in each kind of place, so a strong
 * recompression raises the bar for itself and a clean copy lowers it. A change that covers less
 * than half of the places of a kind does not move a median.
 */
#ifndef BF_NOISE_H
#define BF_NOISE_H

#include "ledger/match/residual.h"

struct bf_noise {
    float place[BF_PLACE_KINDS]; /* standard deviation a kind of place, luma steps */
    float level[BF_TONE_LEVELS]; /* factor a level of what is expected: clipped highlights and
                                    crushed blacks are noisier */
    float motion; /* more for each step of motion, where the suspect shows frames for long */
};

/* rows is sealed. */
enum bf_err bf_noise_fit(struct bf_noise *noise, const struct bf_spool *rows,
                         const struct bf_run *run, const struct bf_trace *suspect,

                         struct bf_digest *source, struct bf_error *err);
/* The noise of calm places of middling steepness, luma steps: the copy's quality in one number. */
float bf_noise_calm(const struct bf_noise *noise);
/* The variance that cell i of the row has where nothing was changed, squared luma steps. */
float bf_noise_variance(const struct bf_noise *noise, const struct bf_residual_row *row,
                        unsigned i);
/* The squared residual of cell i in units of its variance, at most cap. */
float bf_noise_square(const struct bf_noise *noise, const struct bf_residual_row *row, unsigned i,
                      float cap);

#endif
