/*
 * blink.h - how far a person's eyes are open, and their blinks
 *
 * The gap between the lids over the eye's width, as the eye aspect ratio of Soukupova and Cech
 * (2016), says little of itself: it differs between people, cameras and networks. So the gap is
 * held against what this person's eyes usually are, a high quantile of the last half minute, and a
 * blink is a quick fall below half of that and the way back.
 */
#ifndef BF_BLINK_H
#define BF_BLINK_H

#include <stddef.h>

#include "lib/face/face.h"

struct bf_blink {
    uint32_t track;
    int64_t onset_us;    /* when the lids begin to fall */
    int64_t duration_us; /* until they are open again */
    int64_t closed_us;   /* of that, with the lids at their lowest fifth of the way */
    float completeness;  /* 1: shut; 0.5: half way */
};

#define BF_BLINK_BINS 64
#define BF_BLINK_RECENT 64

/* What is known of one person's eyes; zero it with bf_blink_watch_init. */
struct bf_blink_watch {
    float usual[BF_BLINK_BINS]; /* decaying histogram of the gap */
    int64_t last_us;
    unsigned n_recent, at; /* ring of the last frames */
    struct {
        int64_t pts_us;
        float openness;
    } recent[BF_BLINK_RECENT];
    bool shut;  /* below half open since onset */
    bool quick; /* and it came there as quickly as a blink does */
    int64_t onset_us;
    float level, lowest; /* before it, and since */
};

/* The gap between the lids over the eye's width. lid is (BF_FACE_LID_POINTS). */
float bf_eye_gap(const struct bf_point2 *lid);

void bf_blink_watch_init(struct bf_blink_watch *w);
/*
 * The eyes' gap at pts_us, which rises; a negative gap says that they could not be seen. openness
 * receives 1 for eyes as open as usual, 0 for shut ones, at most 1.5; -1 where they were not seen.
 * true where a blink has just ended: then blink is filled in but for its track.
 */
bool bf_blink_watch_add(struct bf_blink *blink, float *openness, struct bf_blink_watch *w,
                        int64_t pts_us, float gap);
/* The gap that counts as open now. */
float bf_blink_watch_usual(const struct bf_blink_watch *w);

#endif
