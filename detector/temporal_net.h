/*
 * temporal_net.h - the temporal network: how a face's landmarks move, real or not
 *
 * Two bidirectional recurrent units over a block of frames, each on its own mixture of where the
 * points are and how they go from frame to frame, and a third on how the face slips on the head
 * (slip_evidence.h), each with its own logit; the logits are added. After LRNet (Sun et al., CVPR
 * 2021), whose units see places and steps apart and are averaged. The points are laid upright on
 * the mean face first, and each is taken from its own mean over the block: whose face it is, and
 * where it is, must not count. There are several such networks, alike but for their weights, and
 * their mean is what counts: the people to learn from are few, and each, beginning elsewhere,
 * learns other accidents of theirs (Hansen and Salamon, 1990).
 */
#ifndef BF_TEMPORAL_NET_H
#define BF_TEMPORAL_NET_H

#include <stdbool.h>

#include "detector/slip_evidence.h"
#include "lib/face/face.h"
#include "lib/nn/net.h"
#include "lib/nn/weights.h"

#define BF_TEMPORAL_MEMBERS 4
#define BF_TEMPORAL_FRAMES 48 /* of a block: two seconds of most video */
#define BF_TEMPORAL_POINTS 64
#define BF_TEMPORAL_PLACES (2 * BF_TEMPORAL_POINTS)
#define BF_TEMPORAL_WIDTH                                                             \
    (BF_TEMPORAL_PLACES + BF_SLIP_WIDTH)            /* of a frame: points, then slips \
                                                     */
#define BF_TEMPORAL_SLIPS (5 * BF_SLIP_REGIONS + 3) /* what the network sees of slips */
#define BF_TEMPORAL_GAP_US 120000                   /* frames further apart are not neighbours */

extern const struct bf_weights_kind bf_temporal_kind;

struct bf_temporal_net {
    struct bf_net *net;
    int in;     /* (BF_TEMPORAL_FRAMES, 1, 2 BF_TEMPORAL_PLACES): places, then steps */
    int slip;   /* (BF_TEMPORAL_FRAMES, 1, BF_TEMPORAL_SLIPS) */
    int logits; /* (1, 1, BF_TEMPORAL_MEMBERS) */
};

enum bf_err bf_temporal_net_create(struct bf_temporal_net *n, struct bf_params *params,
                                   struct bf_error *err);
void bf_temporal_net_free(struct bf_temporal_net *n);

/* out (BF_TEMPORAL_PLACES): a mesh (BF_FACE_POINTS) in square pixels as the network's points,
 * upright and at one size. false where the points are all one. */
bool bf_temporal_points(float *out, const struct bf_point3 *mesh);
/*
 * Item i of the network's batch of a block's frames (BF_TEMPORAL_FRAMES, BF_TEMPORAL_WIDTH): points
 * as bf_temporal_points has them, then bf_slip_evidence_last's numbers. Of the slips the network
 * sees, for each region, what a frame adds to the share of the landmarks' tremble that the region
 * follows, of the sudden part and of all, and the log of the sudden slip; of the tremble that log
 * too; and of each region, and of the skin round the face, the detail, and what following left
 * over.
 */
void bf_temporal_show(const struct bf_temporal_net *n, size_t i, const float *frames);
/* After a forward pass: the mean of the members' logits for item i, above 0 rather fake. */
float bf_temporal_logit(const struct bf_temporal_net *n, size_t i);

#endif
