/*
 * artifact_net.h - the artifact network: one face in, whether it was tampered with, and where
 *
 * A residual network of dense 3x3 convolutions, shaped so that it can begin as the recognition
 * network of face-api (a ResNet of 29 layers without batch norm; King, 2017) whose first 25 it has:
 * what tells people apart is a better start than random numbers. The features of three depths are
 * brought together again upwards (Lin et al., 2017) into a map of 32 x 32; the logit is drawn from
 * the deepest features and from the map's.
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
    int in;    /* (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3): see bf_artifact_input */
    int logit; /* (1, 1, 1): above 0 rather fake */
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

/* What the networks want: in place, RGB of 0 to 255 less its mean, over 256; n floats. */
void bf_artifact_input(float *rgb, size_t n);

/*
 * Take the recognition network's weights from folder (face_recognition_model-weights_manifest.json
 * and .bin) for all layers that both have; each scale is multiplied into its convolution. params
 * has its memory. BF_ERR_FORMAT for files that are not as they should be.
 */
enum bf_err bf_artifact_net_begin(struct bf_params *params, const char *folder,
                                  struct bf_error *err);

#endif
