/*
 * retime.h - the rate at which a suspect's motion runs against a record's, where lookup codes
 * cannot tell: in one long shot every moment looks like every other
 */
#ifndef BF_RETIME_H
#define BF_RETIME_H

#include "ledger/match/coarse.h"
#include "ledger/match/votes.h"

/*
 * The up to cap lines, of any rate from half to twice, forwards and backwards, along which the
 * suspect's pictures, less their mean, look most like the record's, less theirs. visible: the
 * coarse blocks that count, (BF_COARSE_CELLS). Looks at the record's time from from_us to to_us.
 */
enum bf_err bf_retime_find(struct bf_time_line *line, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_coarse *source,
                           const uint8_t *visible, int64_t from_us, int64_t to_us,
                           struct bf_error *err);

#endif
