/*
 * place.h - where a record's picture lies in the suspect: registered on stills beside the moments
 * of the record that they show
 */
#ifndef BF_PLACE_H
#define BF_PLACE_H

#include "ledger/digest/digest.h"
#include "ledger/match/align.h"
#include "ledger/match/still.h"

/* From this a geometry is another one: of the box's size, for an edge. */
#define BF_PLACE_MOVED 0.005
#define BF_PLACE_LINES 4 /* of time, that a still's moment is looked for on */

/*
 * A hypothesis' geometry, registered at the moments that look most like its stills near the lines;
 * the stills are those of from_us to to_us; of
 * the lines the first BF_PLACE_LINES count. *holds: it leaves little enough over, and shows enough
 * of the record. source is read. BF_ERR_FORMAT where its grid is damaged.
 */
enum bf_err bf_place_near(bool *holds, struct bf_geometry *g, const struct bf_stills *stills,
                          struct bf_digest *source, const struct bf_time_line *line, size_t n_lines,
                          int64_t from_us, int64_t to_us, struct bf_error *err);

/*
 * The geometry that a run was aligned under once more, on stills of the run. Where the camera
 * moves, a wrong time and a box that lies aside make up for one another, and each keeps the other
 * where it is: both are moved, by up to 1.2 s. *again where the picture lies elsewhere and fits
 * clearly better there: g is then where, and the run has to be aligned again under it.
 */
enum bf_err bf_place_run(bool *again, struct bf_geometry *g, const struct bf_stills *stills,
                         struct bf_digest *source, const struct bf_run *run, struct bf_error *err);

#endif
