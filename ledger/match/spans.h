/*
 * spans.h - a match's spans, put together run by run in the suspect's order
 */
#ifndef BF_SPANS_H
#define BF_SPANS_H

#include "ledger/match/compare.h"

/* Appends a span; one that lasts no time is left out. */
enum bf_err bf_spans_add(struct bf_match *m, const struct bf_span *s, struct bf_error *err);
/*
 * Appends time that is not of the record. missing_us: how much of the record's time is left out
 * beside it; below 0 where that is unknown.
 */
enum bf_err bf_spans_add_foreign(struct bf_match *m, int64_t from_us, int64_t to_us,
                                 int64_t missing_us, struct bf_error *err);
/*
 * Appends what one run is: same, and altered where the comparison says so. Where alterations
 * overlap in time there is a span for each set of them; what is left between two edges nearer than
 * a sample goes to its neighbour.
 */
enum bf_err bf_spans_add_run(struct bf_match *m, const struct bf_run *run,
                             const struct bf_alterations *a, struct bf_error *err);
/* An alteration's region in the suspect's picture, cut to what is shown. */
void bf_spans_place(struct bf_changed *out, const struct bf_alteration *a,
                    const struct bf_geometry *g);
/* A time of the suspect as one of the record, not before its beginning. */
int64_t bf_spans_source_us(const struct bf_run *run, int64_t suspect_us);

#endif
