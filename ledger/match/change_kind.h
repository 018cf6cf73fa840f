/*
 * change_kind.h - what an altered region looks like: other content, something laid over the
 * picture, or a grade
 */
#ifndef BF_CHANGE_KIND_H
#define BF_CHANGE_KIND_H

#include "ledger/match/match.h"
#include "ledger/match/noise.h"

/* mask: the region's cells, of cells in all, in the rows first to last. area: their share of what
 * is shown. */
enum bf_change bf_change_kind(const struct bf_spool *rows, const struct bf_noise *noise,
                              const uint8_t *mask, unsigned cells, uint64_t first, uint64_t last,
                              double area);

#endif
