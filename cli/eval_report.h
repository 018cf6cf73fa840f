/*
 * eval_report.h - how well the detector tells fakes from reals, over a table of scored videos
 */
#ifndef BF_EVAL_REPORT_H
#define BF_EVAL_REPORT_H

#include "cli/cue_table.h"

struct bf_eval_row {
    const struct bf_cue_row *cues;
    double likelihood; /* NAN where it could not be scored */
    enum bf_score_verdict verdict;
};

/* One group of videos: all, or those of a method, a rate, a size; fakes against all reals alike. */
struct bf_eval_group {
    char name[48];
    size_t n_real, n_fake;
    double auc, low, high, eer, tpr_at_1, log_loss, ece;
    double alarms, misses,
        open;        /* reals called likely fake; fakes called likely real; no verdict */
    double baseline; /* AUC of Meso-4; NAN where it did not run */
};

#define BF_EVAL_GROUPS_MAX 48

struct bf_eval {
    struct bf_eval_group group[BF_EVAL_GROUPS_MAX];
    size_t n;
};

/* All groups of the rows (n). A video that could not be scored counts as open, and in the measures
 * as a likelihood of one half. */
enum bf_err bf_eval_make(struct bf_eval *e, const struct bf_eval_row *rows, size_t n, uint64_t seed,
                         struct bf_error *err);
void bf_eval_print(const struct bf_eval *e);

struct json_t;
/* A new reference; NULL where memory ran out. */
struct json_t *bf_eval_json(const struct bf_eval *e);
/* DIR/roc.svg and DIR/reliability.svg, replaced where they are there. */
enum bf_err bf_eval_plot(const char *dir, const struct bf_eval_row *rows, size_t n,
                         struct bf_error *err);

#endif
