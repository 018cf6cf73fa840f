/*
 * search.h - which records a suspect comes from, through mirrors, crops, turns, bars and insets
 *
 * Lookup codes find plain copies. Where they leave something unexplained, local features propose
 * records and geometries; each is registered on stills and looked at through the cells there are.
 * Where those are too coarse to compare by, the suspect is taken again under it, and the match is
 * judged like any other.
 */
#ifndef BF_SEARCH_H
#define BF_SEARCH_H

#include "ledger/match/match.h"
#include "ledger/match/sighting.h"
#include "lib/base/bytes.h"

/* The suspect's pictures again, this time of the record's picture under the geometry, sealed. */
typedef enum bf_err bf_retrace(void *ctx, struct bf_trace **t, const struct bf_geometry *g,
                               unsigned cols, unsigned rows, struct bf_error *err);
/* A record's digest blob, the caller's to release; BF_ERR_NOT_FOUND where it is not at hand. */
typedef enum bf_err bf_record_blob(void *ctx, struct bf_buf *blob, uint64_t record,
                                   struct bf_error *err);

struct bf_suspect {
    const struct bf_trace *trace;
    const struct bf_stills *stills;
    const char *tmp_dir;
    bf_retrace *retrace;
    void *retrace_ctx;
};

/* What was found of one record. */
struct bf_find {
    uint64_t record;
    struct bf_match match;
    struct bf_buf blob;
};

struct bf_finds {
    struct bf_find *item; /* the one that says most first */
    size_t n;
};

void bf_finds_release(struct bf_finds *f);
/*
 * Hold the suspect against the ledger's records, t a transaction on its store. Records that it has
 * nothing of are left out; n is 0 where there is none.
 */
enum bf_err bf_search_ledger(struct bf_finds *f, const struct bf_suspect *s, struct bf_txn *t,
                             bf_record_blob *blob, void *blob_ctx, struct bf_error *err);
/* The same against one record, whose blob stays the caller's: item[0].blob is empty. */
enum bf_err bf_search_record(struct bf_finds *f, const struct bf_suspect *s, const void *blob,
                             size_t n_blob, struct bf_error *err);

#endif
