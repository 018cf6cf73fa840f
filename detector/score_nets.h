/*
 * score_nets.h - the networks that a scorer runs, and the windows that wait for them
 *
 * Internal to the detector.
 */
#ifndef BF_SCORE_NETS_H
#define BF_SCORE_NETS_H

#include "detector/score_track.h"
#include "lib/nn/pool.h"

#define BF_SCORE_SWEEP 8 /* windows that the artifact network sees at a time */

struct bf_score_nets {
    struct bf_params *artifact_params, *temporal_params, *baseline_params;
    struct bf_artifact_net artifact, baseline; /* baseline.net NULL: not asked for, or not there */
    struct bf_temporal_net temporal;           /* net NULL: there are no weights of it */
    float *window; /* (BF_SCORE_SWEEP, BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3): RGB, 0 to 255 */
};

/* The weights in dir. pool is used by every run and outlives n, which begins zeroed. */
enum bf_err bf_score_nets_open(struct bf_score_nets *n, const char *dir, bool baseline,
                               struct bf_pool *pool, struct bf_error *err);
void bf_score_nets_close(struct bf_score_nets *n);

/*
 * Logits, map and baseline of the first n_windows, each the mean of the window and its mirror
 * image, into look (BF_SCORE_SWEEP), whose frames the caller has filled in.
 */
void bf_score_nets_look(struct bf_track_look *look, struct bf_score_nets *n, size_t n_windows);
/* The temporal network's logit of a block (BF_TEMPORAL_FRAMES, BF_TEMPORAL_WIDTH). */
float bf_score_nets_block(struct bf_score_nets *n, const float *points);

#endif
