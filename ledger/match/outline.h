/*
 * outline.h - does what moves in a few seconds lie, cell by cell, where the record has it
 *
 * In a few seconds two takes of one speaker on one set may share a nod, and a strong encoder's
 * noise may be as large as the motion of a calm copy's blocks. The grid's cells tell more than
 * their means: in another take head and shoulders lie elsewhere and their edges move by other
 * steps. Two of the three measures leave out a quarter of the cells, those that fit worst: there
 * may be a caption, or another face.
 */
#ifndef BF_OUTLINE_H
#define BF_OUTLINE_H

#include "ledger/match/align.h"

#define BF_OUTLINE_RUN_US 5000000 /* longer runs are judged by their blocks */

/*
 * Fills in what the outlines of a run shorter than BF_OUTLINE_RUN_US measure, unless too few cells
 * with an edge in them move. At the record's own rate the run is first moved by up to 0.4 s to
 * where its cells fit best; *moved: what else was measured is of another line then.
 */
enum bf_err bf_outline_measure(bool *moved, struct bf_run *run, const struct bf_trace *suspect,
                               struct bf_digest *source, struct bf_error *err);

#endif
