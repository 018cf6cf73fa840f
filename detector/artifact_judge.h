/*
 * artifact_judge.h - what a trained network makes of chips that it has not seen
 *
 * Internal to the detector.
 */
#ifndef BF_ARTIFACT_JUDGE_H
#define BF_ARTIFACT_JUDGE_H

#include "detector/artifact_net.h"
#include "detector/artifact_train.h"
#include "detector/chip_set.h"

/* A network on params of its own, planned for batches of n. */
enum bf_err bf_artifact_open_net(struct bf_artifact_net *net, struct bf_params **params, bool meso,
                                 bool training, size_t n, uint64_t seed, struct bf_pool *pool,
                                 struct bf_error *err);

/* A network that looks at chips one after the other. */
struct bf_artifact_judge {
    struct bf_params *params;
    struct bf_artifact_net net;
    const struct bf_chip_set *set;
    const uint32_t *record; /* of the chips at hand */
};

/* The weights in dir; set and pool outlive j. */
enum bf_err bf_artifact_judge_open(struct bf_artifact_judge *j, const char *dir,
                                   const struct bf_chip_set *set, bool meso, struct bf_pool *pool,
                                   struct bf_error *err);
void bf_artifact_judge_close(struct bf_artifact_judge *j);
/* logit (n) of records (n) of the set; iou (n), where not NULL, of the map of each fake with its
 * mask, NAN of what has none. */
enum bf_err bf_artifact_judge_run(double *logit, double *iou, struct bf_artifact_judge *j,
                                  const uint32_t *record, size_t n, struct bf_pool *pool);

#endif
