/*
 * coarse.h - a record's block means at any time, decoded on demand
 */
#ifndef BF_COARSE_H
#define BF_COARSE_H

#include "ledger/match/trace.h"

struct bf_coarse;

/* Of the source's cells those that are counted, as bf_trace_counted has them; both stay the
 * caller's, and must last. */
enum bf_err bf_coarse_create(struct bf_coarse **c, struct bf_digest *source, const uint8_t *counted,
                             struct bf_error *err);
void bf_coarse_free(struct bf_coarse **c);
/* Block means around time us, between the two nearest samples; false outside the record, or with
 * the error kept. */
bool bf_coarse_at(struct bf_coarse *c, float *out, int64_t us);
/* BF_OK, or why an earlier bf_coarse_at could not decode. */
enum bf_err bf_coarse_status(const struct bf_coarse *c, struct bf_error *err);

#endif
