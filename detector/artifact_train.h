/*
 * artifact_train.h - trains the artifact network, or the baseline, on a set of chips
 *
 * Every batch is of pairs: a real chip and a fake of the same moment, coded alike and changed
 * alike. The people of video have their turn one as often as the other. The same seed, chips and
 * steps give the same weights; what a run had reached is kept in the folder, and a later run goes
 * on from there. What comes out of the artifact network's is the running mean of its weights.
 */
#ifndef BF_ARTIFACT_TRAIN_H
#define BF_ARTIFACT_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct bf_artifact_report {
    uint64_t step, steps;
    double loss, map_loss; /* running means */
    double right;          /* share of pairs of late whose fake has the higher logit */
    double chips_a_second, left_s;
    double auc; /* over the chips of validation; NAN where there are none */
};

struct bf_artifact_train_options {
    bool meso;              /* the baseline instead */
    const char *left_out;   /* a family of fakes that is not shown; NULL: none */
    const char *validation; /* chips of other people; NULL: none */
    uint64_t seed, steps;
    unsigned batch;     /* pairs; 0: 16 */
    unsigned n_threads; /* 0: as many as there are processors */
    double save_s;      /* seconds between saves; 0: 120 */
    bool (*stop)(void *ctx);
    void (*report)(void *ctx, const struct bf_artifact_report *r);
    void *ctx;
};

/*
 * In folder dir: NAME.training.safetensors, from which a later run goes on, and NAME.safetensors as
 * far as it has come, where NAME is "artifact" or "meso4". *done receives the steps that the
 * weights have had.
 */
enum bf_err bf_artifact_train(uint64_t *done, const char *dir, const char *chips,
                              const struct bf_artifact_train_options *options,
                              struct bf_error *err);

/* Logits of every chip of the set at path, each family's AUC against the reals of the same groups:
 * what the weights in dir make of people they have not seen. */
struct bf_artifact_family {
    char name[16];
    double auc;
    double iou; /* of the map with the mask, mean over chips; NAN for the baseline */
    uint64_t n;
};
#define BF_ARTIFACT_FAMILIES_MAX 16
enum bf_err bf_artifact_validate(struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX],
                                 size_t *n, const char *dir, const char *chips, bool meso,
                                 unsigned n_threads, struct bf_error *err);

#endif
