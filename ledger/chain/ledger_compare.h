/*
 * ledger_compare.h - whether two pasts of a ledger can be of one: SPEC.md "Comparing"
 */
#ifndef BF_LEDGER_COMPARE_H
#define BF_LEDGER_COMPARE_H

#include "ledger/chain/history.h"

enum bf_relation {
    BF_RELATION_SAME = 1,    /* the same records */
    BF_RELATION_PREFIX,      /* the shorter is the beginning of the longer */
    BF_RELATION_ROLLED_BACK, /* the shorter's records are fewer than the longer, a checkpoint, says
                              */
    BF_RELATION_FORKED,      /* no ledger that only grows can have had both */
};

/* Zero-initialise; release with bf_comparison_release. */
struct bf_comparison {
    enum bf_relation relation;
    struct bf_history side[2]; /* as the paths were given */
    size_t shorter;            /* which of them; 0 where they are the same */
    uint64_t n_more;           /* records of the longer beyond the shorter's */
    bool has_record;           /* of a fork where both sides have records */
    uint64_t record;           /* the first that differs */
    /* What proves it, in side: of a fork one of each, of ROLLED_BACK that of the longer; or NULL */
    const struct bf_signer *proof[2];
};

/*
 * Read and compare what is at the two paths. A fork is a verdict where one key signed a checkpoint
 * of each side that covers the difference, or keys in trust did: anybody can make a ledger of
 * somebody else's name. BF_ERR_FORMAT, BF_ERR_NOT_FOUND and BF_ERR_USAGE say why it cannot be told.
 */
enum bf_err bf_ledger_compare(struct bf_comparison *c, const char *const path[2],
                              const struct bf_trust *trust, const struct bf_progress *progress,
                              struct bf_error *err);
void bf_comparison_release(struct bf_comparison *c);

#endif
