/*
 * swap_evaluate.h - how good a model and a video made with it are, in numbers
 */
#ifndef BF_SWAP_EVALUATE_H
#define BF_SWAP_EVALUATE_H

#include "generator/swap_model.h"
#include "lib/base/progress.h"

/* Of faces that training has not seen, decoded as themselves. */
struct bf_swap_self {
    size_t n;
    double ssim, psnr;         /* mean, within the face */
    double ssim_all, psnr_all; /* of the whole square */
};

/* Of a converted video beside its source, frame by frame where a face is seen in both. */
struct bf_swap_video {
    uint64_t n_frames, n_both; /* in all; with the face in both */
    double identity; /* share of frames whose face is nearer to the new person than to the old */
    double identity_source; /* the same of the source: how often the descriptor errs */
    double pose_deg;        /* mean angle between the two heads' rotations */
    double following_deg; /* what is left of it, root mean square, when the constant offset between
                             the two faces is taken out: yaw, pitch and roll together */
    double eyes;          /* correlation of how far the eyes are open; NAN where they never move */
    double
        flicker; /* what changes from frame to frame and back within the face, over the source's */
};

/* The model in dir on the held-out faces of the two sets; out is (2), A's and B's. */
enum bf_err bf_swap_evaluate_self(struct bf_swap_self *out, const char *model, const char *faces_a,
                                  const char *faces_b, struct bf_error *err);

/*
 * fake, which shows person to, beside source, from which it was made: frames are paired in order.
 * models is the folder of the face networks; the people's descriptors are the means of their sets.
 * track as in struct bf_convert_options. BF_ERR_FORMAT where one has more frames than the other.
 */
enum bf_err bf_swap_evaluate_video(struct bf_swap_video *out, const char *source, const char *fake,
                                   const char *faces_a, const char *faces_b, enum bf_swap_who to,
                                   uint32_t track, const char *models,
                                   const struct bf_progress *progress, struct bf_error *err);

#endif
