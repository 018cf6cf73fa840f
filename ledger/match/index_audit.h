/*
 * index_audit.h - whether the lookup tables hold what the records' digests give, no more and no
 * less
 */
#ifndef BF_INDEX_AUDIT_H
#define BF_INDEX_AUDIT_H

#include "ledger/chain/ledger.h"

/*
 * Makes the entries of every record that has any again from its digest, and compares all of them
 * with the tables: by sums over all entries, which do not depend on their order. They tell damage,
 * not somebody who set out to find two sets of one sum. The digests must be sound
 * (bf_ledger_audit). *sound is false, and why has a sentence, where the tables differ.
 */
enum bf_err bf_index_audit(bool *sound, struct bf_error *why, struct bf_ledger *l,
                           const struct bf_progress *progress, struct bf_error *err);

#endif
