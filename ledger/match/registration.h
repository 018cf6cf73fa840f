/*
 * registration.h - the geometry to a fraction of a cell, from stills and the record's grid
 */
#ifndef BF_REGISTRATION_H
#define BF_REGISTRATION_H

#include "ledger/match/still.h"

/* A still beside the record's sample of the same moment. */
struct bf_still_pair {
    size_t still;
    const uint8_t *grid; /* (rows, cols) */
};

/*
 * Moves the box until the stills fit the samples best: Gauss-Newton on the box's four edges, one
 * gain and one bias (Lucas and Kanade 1981; Baker and Matthews 2004), from coarse to fine, with
 * weights that fall off where something else is shown. Returns the mean absolute difference that
 * is left, luma steps, of the better nine tenths of the cells; HUGE_VAL where nothing overlaps.
 * Where the coarse cells leave more than hopeless, that is the answer.
 */
enum bf_err bf_register(double *left_over, struct bf_geometry *g, const struct bf_stills *stills,
                        const struct bf_still_pair *pair, size_t n_pairs, unsigned cols,
                        unsigned rows, double hopeless, struct bf_error *err);

/* The same on cells three times as large alone: a tenth of the work, to compare moments by. */
enum bf_err bf_register_coarse(double *left_over, struct bf_geometry *g,
                               const struct bf_stills *stills, const struct bf_still_pair *pair,
                               size_t n_pairs, unsigned cols, unsigned rows, struct bf_error *err);

/* What is left over under the geometry as it is. */
enum bf_err bf_register_left(double *left_over, const struct bf_geometry *g,
                             const struct bf_stills *stills, const struct bf_still_pair *pair,
                             size_t n_pairs, unsigned cols, unsigned rows, struct bf_error *err);

#endif
