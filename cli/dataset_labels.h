/*
 * dataset_labels.h - labels.tsv of a set, and the journal by which a run that was cut off goes on
 *
 * A line is added to DIR/.journal when its files are whole. What the line says before its results
 * is all that the item is made from: an item whose line is there and alike, and whose files are, is
 * done.
 */
#ifndef BF_DATASET_LABELS_H
#define BF_DATASET_LABELS_H

#include "cli/fake_run.h"
#include "generator/fake_plan.h"

struct bf_labels;

/* Reads the journal in dir, where there is one; a last line without its end is forgotten. */
enum bf_err bf_labels_open(struct bf_labels **l, const char *dir, struct bf_error *err);
void bf_labels_close(struct bf_labels **l);
/* Whether the item is done, its files in their places. */
bool bf_labels_has(const struct bf_labels *l, const struct bf_plan *p,
                   const struct bf_plan_item *item);
/* The item's files are there: say so on the disk. */
enum bf_err bf_labels_add(struct bf_labels *l, const struct bf_plan *p,
                          const struct bf_plan_item *item, const struct bf_fake_job_done *done,
                          struct bf_error *err);
/* DIR/labels.tsv, replaced whole: the items (n) that are done, in their order. */
enum bf_err bf_labels_write(const struct bf_labels *l, const struct bf_plan *p,
                            const struct bf_plan_item *item, size_t n, struct bf_error *err);

#endif
