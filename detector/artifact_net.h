/*
 * artifact_net.h - the networks that see one face and say whether it was tampered with, and where
 *
 * The artifact network looks at the window's full size, at colours and at their fine detail
 * (chip_detail.h), and its shallow layers take out of every channel what is alike all over the
 * window (instance norm, as in IBN-Net; Pan et al., 2018): how a camera and a coder treat a whole
 * picture differs more from video to video than a fake from its original, and says nothing. The
 * features of three depths are brought together again upwards (Lin et al., 2017) into a map of 32 x
 * 32; the logit is drawn from the deepest features, from the map's, and from where the map's are
 * strongest.
 *
 * The backbone network begins with what another one knew of photographs, the first layers of
 * Inception v3 (Szegedy et al., 2016), and has a map and a logit of the same kind behind them: what
 * it has seen of the world before makes up for how few people it is shown. The two err on different
 * faces, and their logits are averaged.
 *
 * Meso-4 (Afchar, Nozick, Yamagishi, Echizen, 2018) is the baseline: at this window's size, with
 * one logit instead of a sigmoid.
 */
#ifndef BF_ARTIFACT_NET_H
#define BF_ARTIFACT_NET_H

#include "detector/chip.h"
#include "lib/nn/net.h"
#include "lib/nn/weights.h"

#define BF_ARTIFACT_MAP 32 /* rows and columns of the map */

enum bf_face_net { BF_FACE_NET_ARTIFACT, BF_FACE_NET_BACKBONE, BF_FACE_NET_MESO, BF_FACE_NETS };

struct bf_face_net_kind {
    const char *name;               /* of the file of weights, before .safetensors */
    struct bf_weights_kind weights; /* what such a file says that it is */
    float mean[3], scale;           /* that bring a pixel's 0 to 255 to what the network wants */
};
extern const struct bf_face_net_kind bf_face_net_kinds[BF_FACE_NETS];

struct bf_artifact_net {
    enum bf_face_net kind;
    struct bf_net *net;
    int in;     /* (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3): see bf_artifact_net_show */
    int detail; /* (BF_CHIP_WINDOW, BF_CHIP_WINDOW, BF_CHIP_DETAIL); -1: none */
    int logit;  /* (1, 1, 1): above 0 rather fake */
    int map; /* (BF_ARTIFACT_MAP, BF_ARTIFACT_MAP, 1): logits of having been blended in; -1: none */
};

/* Builds the network on params; to be planned by the caller. */
enum bf_err bf_artifact_net_create(struct bf_artifact_net *n, enum bf_face_net kind,
                                   struct bf_params *params, struct bf_error *err);
void bf_artifact_net_free(struct bf_artifact_net *n);

/* Where window i of the batch is to be written, (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3), RGB of 0 to
 * 255; and once it is, what makes of it what the network wants. Windows may be shown from several
 * threads. */
float *bf_artifact_net_window(const struct bf_artifact_net *n, size_t i);
void bf_artifact_net_show(const struct bf_artifact_net *n, size_t i);

/*
 * Before training; params has its memory, and random weights. The artifact network's first layer
 * gets kernels that see no flat colour, but what stands out from it, in the size of the detail that
 * they see besides.
 */
enum bf_err bf_artifact_net_begin(enum bf_face_net kind, struct bf_params *params,
                                  struct bf_error *err);

#endif
