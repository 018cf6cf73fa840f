/*
 * score.h - how likely the faces of a video are fakes, with the evidence
 *
 * A score is opened on the detector's weights, is handed the frames of one video, and says at the
 * end what it found. It looks at pictures alone: no name, container, sound or metadata reaches it.
 */
#ifndef BF_SCORE_H
#define BF_SCORE_H

#include "detector/calibration.h"
#include "lib/face/face_reader.h"
#include "lib/media/mark.h"
#include "lib/nn/pool.h"

#define BF_SCORE_MAP 32        /* rows and columns of a heat map */
#define BF_SCORE_TRACKS_MAX 64 /* of one video; further faces are counted, not scored */
#define BF_SCORE_REASONS_MAX 12
#define BF_SCORE_SHOWN_MAX 4        /* most suspicious frames of a track whose pictures are kept */
#define BF_SCORE_PICTURE 192        /* rows and columns of such a picture */
#define BF_SCORE_FRAMES_MAX 1024    /* that the artifact network may be shown of a track */
#define BF_SCORE_STRETCH_US 3500000 /* of a long video so much is looked at in one place */

enum bf_score_verdict {
    BF_SCORE_INCONCLUSIVE,
    BF_SCORE_LIKELY_REAL,
    BF_SCORE_LIKELY_FAKE,
};
extern const char
    *const bf_score_verdict_names[]; /* "inconclusive", "likely-real", "likely-fake" */

/* Why a verdict is what it is, and what it rests on. */
enum bf_score_reason_kind {
    BF_REASON_NO_FACE,    /* inconclusive: */
    BF_REASON_SMALL_FACE, /* under 64 pixels */
    BF_REASON_SHORT,      /* too few frames with a face */
    BF_REASON_COMPRESSED, /* too little detail is left */
    BF_REASON_STRANGE,    /* unlike anything in training */
    BF_REASON_BETWEEN,    /* the evidence points neither way */
    BF_REASON_CUE,        /* a cue that bears on the likelihood: .cue */
    BF_REASON_USUAL,      /* no cue moves it much */
};
struct bf_score_reason {
    enum bf_score_reason_kind kind;
    enum bf_cue cue; /* of BF_REASON_CUE */
    bool for_fake;   /* of BF_REASON_CUE: which way it points */
    char text[160];  /* one sentence for a person, without names from outside */
};

/* One frame of a track that the artifact network saw. */
struct bf_score_frame {
    int64_t pts_us;
    float logit;     /* of that frame alone; above 0 rather fake */
    float certainty; /* what it weighs, 0 to 1 */
};

/* A frame worth looking at. */
struct bf_score_picture {
    int64_t pts_us;
    float logit;
    uint8_t *rgb; /* (BF_SCORE_PICTURE, BF_SCORE_PICTURE, 3): the face, upright; NULL: not kept */
    float map[BF_SCORE_MAP * BF_SCORE_MAP]; /* chance that each place was blended in, over rgb */
};

struct bf_score_track {
    uint32_t track;
    int64_t from_us, to_us;
    uint64_t n_frames; /* with this face that were analysed */
    float size;        /* median side of its box, pixels */
    float sharpness;   /* median, 0 blurred to 1 sharp */
    double baseline;   /* mean logit of Meso-4; NAN where it was not asked for */
    enum bf_score_verdict verdict;
    double likelihood, low, high; /* NAN where the track cannot be scored */
    double cue[BF_CUES], percentile[BF_CUES];
    struct bf_score_frame *frame; /* (n_scored), by time */
    size_t n_scored;
    struct bf_score_picture picture[BF_SCORE_SHOWN_MAX]; /* most suspicious first */
    size_t n_pictures;
    struct bf_score_reason reason[BF_SCORE_REASONS_MAX];
    size_t n_reasons;
};

/* Times of blinks and measurements over time, for the report's timeline. */
struct bf_score_sample {
    int64_t pts_us;
    uint32_t track;
    float openness; /* -1 unknown */
    float pose_gap; /* degrees; NAN unknown */
};

struct bf_score {
    enum bf_score_verdict verdict;
    double likelihood, low, high; /* of the most suspicious track that could be scored; else NAN */
    struct bf_score_reason reason[BF_SCORE_REASONS_MAX];
    size_t n_reasons;
    struct bf_score_track *track; /* (n_tracks), most suspicious first */
    size_t n_tracks;
    size_t n_tracks_left_out;
    struct bf_score_sample *sample; /* (n_samples), by time */
    size_t n_samples;
    struct bf_mark_result mark;    /* the generator's own mark: a finding of its own */
    uint64_t n_frames, n_analysed; /* seen; looked at for faces */
    size_t n_stretches;            /* of BF_SCORE_STRETCH_US that were; 0: all of it was */
    int64_t from_us, to_us;        /* of what was seen */
    uint32_t width, height;
};

struct bf_scorer;

struct bf_scorer_options {
    const char *weights; /* folder of the detector's weights */
    const char *models;  /* folder of the face networks */
    unsigned n_threads;  /* 0: two */
    unsigned n_frames;   /* that the artifact network sees of a track, BF_SCORE_FRAMES_MAX at most;
                          * 0: 32 */
    bool uncalibrated;   /* cues alone, for fitting a calibration: every verdict is inconclusive */
    bool baseline;       /* run Meso-4 beside, where the folder has its weights */
    bool no_pictures;    /* of the most suspicious frames, whose times are told all the same */
};

/* Reads networks and calibration; BF_ERR_IO or BF_ERR_FORMAT where they are missing or damaged. */
enum bf_err bf_scorer_create(struct bf_scorer **s, const struct bf_scorer_options *options,
                             struct bf_error *err);
void bf_scorer_free(struct bf_scorer **s);
/* Another video begins. duration_us: of what is going to be shown, as the container says; 0
 * unknown. */
enum bf_err bf_scorer_start(struct bf_scorer *s, const struct bf_video_info *info,
                            int64_t duration_us, struct bf_error *err);
enum bf_err bf_scorer_frame(struct bf_scorer *s, const struct bf_frame *frame,
                            struct bf_error *err);
/* After the frame at pts_us: where the scorer wants to go on, pts_us itself where the next frame
 * will do. Of a long video only parts are looked at, and who can seek need not decode the rest. */
int64_t bf_scorer_next_us(const struct bf_scorer *s, int64_t pts_us);
/* All that was found; release with bf_score_release. */
enum bf_err bf_scorer_finish(struct bf_score *score, struct bf_scorer *s, struct bf_error *err);
void bf_score_release(struct bf_score *score);

/* Blocks of landmarks of the frames to come are copied to gather, the caller's, until the next
 * call; NULL ends it. For training. */
struct bf_block_gather;
void bf_scorer_watch_blocks(struct bf_scorer *s, struct bf_block_gather *gather);

/*
 * The verdict on cues that were measured before, of a face of that size and sharpness that was seen
 * for long enough: what a scorer would have said. weights is the folder with the calibration.
 */
enum bf_err bf_score_calibration(struct bf_calibration *c, const char *weights,
                                 struct bf_error *err);
enum bf_score_verdict bf_score_of_cues(double *likelihood, const struct bf_calibration *c,
                                       const double cue[BF_CUES], float size, float sharpness);

/* What the weights were trained on and how they did: the model card's figures, as JSON text; the
 * scorer's, until it is freed. */
const char *bf_scorer_card(const struct bf_scorer *s);

#endif
