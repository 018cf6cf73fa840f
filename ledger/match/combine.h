/*
 * combine.h - a suspect that is put together from several records
 */
#ifndef BF_COMBINE_H
#define BF_COMBINE_H

#include "ledger/match/search.h"

#define BF_PARTS_MAX 16

/*
 * Where the first find says that time is not of its record, and another find has it, the first
 * one's spans become that one's: part k + 1 is of f->item[part[k]]. *n_parts receives how many
 * other records there are; the first match's reason is told anew where there are any.
 */
enum bf_err bf_finds_combine(struct bf_finds *f, size_t part[BF_PARTS_MAX], size_t *n_parts,
                             struct bf_error *err);

#endif
