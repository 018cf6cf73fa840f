/*
 * artifact_net.h - the artifact network: one face in, whether it was tampered with, and where
 *
 * It looks at the window's full size, and at the same at half the side, at colours and at their
 * fine detail (chip_detail.h), and its shallow layers take out of every channel what is alike all
 * over the window (instance norm, as in IBN-Net; Pan et al., 2018): how a camera and a coder treat
 * a whole picture differs more from video to video than a fake from its original, and says nothing.
 * The features of three depths are brought together again upwards (Lin et al., 2017) into a map of
 * 32 x 32; the logit is drawn from the deepest features, from the map's, and from where the map's
 * are strongest.
 */
#ifndef BF_ARTIFACT_NET_H
#define BF_ARTIFACT_NET_H

#include "detector/chip.h"
#include "lib/nn/net.h"
#include "lib/nn/weights.h"

#define BF_ARTIFACT_MAP 32 /* rows and columns of the map */

extern const struct bf_weights_kind bf_artifact_kind, bf_meso_kind;

struct bf_artifact_net {
    struct bf_net *net;
    int in;     /* (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3): see bf_artifact_net_show */
    int detail; /* (BF_CHIP_WINDOW, BF_CHIP_WINDOW, BF_CHIP_DETAIL); -1: none */
    int coarse; /* the same of the window at half its side; -1: none */
    int logit;  /* (1, 1, 1): above 0 rather fake */
    int map; /* (BF_ARTIFACT_MAP, BF_ARTIFACT_MAP, 1): logits of having been blended in; -1: none */
};

/* Builds the network on params; to be planned by the caller. */
enum bf_err bf_artifact_net_create(struct bf_artifact_net *n, struct bf_params *params,
                                   struct bf_error *err);
/* Meso-4 (Afchar, Nozick, Yamagishi, Echizen, 2018), the baseline: at this window's size, with one
 * logit instead of a sigmoid. */
enum bf_err bf_meso_net_create(struct bf_artifact_net *n, struct bf_params *params,
                               struct bf_error *err);
void bf_artifact_net_free(struct bf_artifact_net *n);

/* Where window i of the batch is to be written, (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3), RGB of 0 to
 * 255; and once it is, what makes of it what the network wants. Windows may be shown from several
 * threads. */
float *bf_artifact_net_window(const struct bf_artifact_net *n, size_t i);
void bf_artifact_net_show(const struct bf_artifact_net *n, size_t i);

/* Before training: kernels of the first layers that see no flat colour, but what stands out from
 * it, in the size of the detail that they see besides. params has its memory, and random weights.
 */
enum bf_err bf_artifact_net_begin(struct bf_params *params, struct bf_error *err);

#endif
