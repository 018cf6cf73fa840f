/*
 * eval_set.h - videos of known kind: a folder with real/ and fake/METHOD/, or a table of labels
 *
 * A folder in which labels.tsv stands (SPEC.md, "Labels") is read by that; else the videos are all
 * files in real/ and fake/, and below them, and their method is the name of the folder under fake/.
 * A file ending in .tsv is a table of labels itself, with at least the columns file and label.
 */
#ifndef BF_EVAL_SET_H
#define BF_EVAL_SET_H

#include "cli/cue_table.h"

#define BF_EVAL_FILES_MAX 1000000

struct bf_eval_item {
    char *path;
    uint32_t person; /* a number of its name, or of the file's where nobody says */
    char method[BF_CUE_METHOD_MAX];
    bool fake, half;
    unsigned crf; /* 0: not known */
};

struct bf_eval_set {
    struct bf_eval_item *item; /* (n) */
    size_t n, cap;
};

/* split: of labels with a column of that name these alone; NULL: all. BF_ERR_NOT_FOUND where there
 * is no video, BF_ERR_FORMAT for a table that says too little. */
enum bf_err bf_eval_set_add(struct bf_eval_set *s, const char *path, const char *split,
                            struct bf_error *err);
void bf_eval_set_release(struct bf_eval_set *s);

#endif
