/*
 * votes.h - offsets between a suspect's clock and a record's, as their lookup codes suggest
 */
#ifndef BF_VOTES_H
#define BF_VOTES_H

#include "ledger/match/trace.h"

#define BF_VOTES_DISTANCE 40 /* bits up to which two codes may be of one picture */

/*
 * The up to cap offsets (source - suspect, microseconds) that most of the suspect's frames agree
 * on, best first, at least 0.4 s apart. *n receives how many.
 */
enum bf_err bf_votes_count(int64_t *offset_us, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_digest *source,
                           struct bf_error *err);

#endif
