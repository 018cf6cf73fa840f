/*
 * score_track.h - what is gathered of one face while a video is scored
 *
 * Internal to the detector.
 */
#ifndef BF_SCORE_TRACK_H
#define BF_SCORE_TRACK_H

#include "detector/artifact_net.h"
#include "detector/motion_evidence.h"
#include "detector/score.h"
#include "detector/slip_evidence.h"
#include "detector/temporal_net.h"
#include "detector/texture_evidence.h"

/* A chip's turn with the artifact network. */
struct bf_track_look {
    struct bf_score_frame frame;
    float baseline;                         /* logit of Meso-4 */
    float area;                             /* of the map that is called blended */
    float map[BF_SCORE_MAP * BF_SCORE_MAP]; /* logits */
};

struct bf_score_gather {
    uint32_t track;        /* in the reader's count, when first seen */
    uint32_t reader_track; /* the same now: another one after a gap */
    int64_t from_us, to_us;
    uint64_t n_frames;
    bool known; /* identity is there */
    float identity[BF_IDENTITY_DIM];
    float *size; /* (n_frames, cap_frames): sides of its boxes */
    float *sharp;
    size_t cap_frames;
    struct bf_motion_evidence *motion;
    struct bf_texture_evidence *texture;
    struct bf_slip_evidence *slip;
    /* looks of the artifact network: at most 2 n_wanted, then every other one is dropped */
    struct bf_track_look *look;
    size_t n_looks;
    int64_t step_us, next_us;
    struct bf_score_picture picture[BF_SCORE_SHOWN_MAX];
    size_t n_pictures;
    /* the block of landmarks that is being filled, and what became of those before */
    float *points; /* (BF_TEMPORAL_FRAMES, BF_TEMPORAL_WIDTH) */
    size_t n_points;
    int64_t points_us;
    double temporal_sum;
    size_t n_blocks;
};

enum bf_err bf_score_gather_init(struct bf_score_gather *g, uint32_t track, size_t n_wanted,
                                 int64_t step_us, int64_t pts_us, struct bf_error *err);
void bf_score_gather_release(struct bf_score_gather *g);

/* A frame with the face: counts, motion, texture and slip. */
enum bf_err bf_score_gather_frame(struct bf_score_gather *g, const struct bf_face *face,
                                  const struct bf_point3 *mesh, struct bf_face_view *view,
                                  int64_t pts_us, struct bf_error *err);
/* Whether the artifact network should see this frame of the face. */
bool bf_score_gather_wants(const struct bf_score_gather *g, int64_t pts_us);
/* What it saw; picture, where not NULL, is taken over if it is among the most suspicious, and else
 * freed. */
void bf_score_gather_look(struct bf_score_gather *g, size_t n_wanted,
                          const struct bf_track_look *look, struct bf_score_picture *picture);

/* young is the same face, seen again: its looks and pictures go to g, and it is released. Motion,
 * texture and slip of its frames are lost. */
enum bf_err bf_score_gather_join(struct bf_score_gather *g, struct bf_score_gather *young,
                                 size_t n_wanted, struct bf_error *err);

/* The cues of looks, blocks, motion, texture and slip. BF_ERR_NOMEM alone. */
enum bf_err bf_score_gather_cues(double cue[BF_CUES], const struct bf_score_gather *g,
                                 struct bf_error *err);
/* Mean logit of the baseline; NAN where it saw nothing. */
double bf_score_gather_baseline(const struct bf_score_gather *g);
float bf_score_gather_size(const struct bf_score_gather *g);
float bf_score_gather_sharpness(const struct bf_score_gather *g);
/* All of it, judged by c; NULL: cues alone. The pictures go over to t. BF_ERR_NOMEM alone. */
enum bf_err bf_score_gather_finish(struct bf_score_track *t, struct bf_score_gather *g,
                                   const struct bf_calibration *c, struct bf_error *err);

#endif
