/*
 * swap_convert.h - the face in each frame of a video replaced by a trained model's
 */
#ifndef BF_SWAP_CONVERT_H
#define BF_SWAP_CONVERT_H

#include "generator/colour_transfer.h"
#include "generator/swap_model.h"
#include "lib/media/canvas.h"

enum bf_convert_mask {
    BF_CONVERT_HULL,    /* all that the landmarks enclose */
    BF_CONVERT_LEARNED, /* what the model's mask head calls face */
    BF_CONVERT_BOTH,    /* what both do: a hand before the face stays */
};

struct bf_convert_options {
    const char *models; /* folder of the face networks */
    enum bf_swap_who to;
    uint32_t track; /* the face to replace; 0: the largest at first, and that person from then on */
    enum bf_colour_mode colour;
    enum bf_convert_mask mask;
    bool seamless;        /* Poisson blending instead of a soft edge alone */
    float erode, feather; /* of the face's square; inwards, and the deviation of the edge */
    float sharpen;        /* 0: not; 0.5 is usual */
    unsigned n_threads;   /* 0: as many as there are processors */
};

/* The usual: colours by Reinhard, both masks, sharpened by 0.4. */
struct bf_convert_options bf_convert_usual(void);

struct bf_convert;

/* model is the folder of a trained model. */
enum bf_err bf_convert_create(struct bf_convert **c, const char *model,
                              const struct bf_convert_options *options, struct bf_error *err);
void bf_convert_free(struct bf_convert **c);
/* Of whom and how the model was made. */
const struct bf_swap_about *bf_convert_about(const struct bf_convert *c);

/* What may differ from video to video, otherwise than when it was made; before a restart. sharpen
 * as in bf_convert_options. */
void bf_convert_vary(struct bf_convert *c, uint32_t track, enum bf_colour_mode colour,
                     bool seamless, float sharpen);
/* The frames to come are those of info's video. */
void bf_convert_restart(struct bf_convert *c, const struct bf_video_info *info);
/*
 * canvas has taken frame, and receives the other face. Frames come in order, all of them: faces are
 * followed, and colours held steady, from one to the next. Where truth is not NULL, it receives
 * (canvas height, width) how much of each pixel was replaced, 0 to 255.
 */
enum bf_err bf_convert_frame(struct bf_convert *c, struct bf_canvas *canvas, uint8_t *truth,
                             const struct bf_frame *frame, struct bf_error *err);

#endif
