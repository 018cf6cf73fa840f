/*
 * landmark_filter.h - takes the jitter out of landmarks without making them late
 *
 * The one-euro filter (Casiez, Roussel and Vogel, 2012): a low pass whose cut-off rises with the
 * point's own speed, so that what rests is still and what moves is followed.
 */
#ifndef BF_LANDMARK_FILTER_H
#define BF_LANDMARK_FILTER_H

#include <stddef.h>

#include "lib/face/face.h"

#define BF_FILTER_VALUES \
    (3 * BF_FACE_POINTS + 2 * BF_EYES * (BF_FACE_LID_POINTS + BF_FACE_IRIS_POINTS))

struct bf_landmark_filter {
    bool started;
    int64_t pts_us;
    float value[BF_FILTER_VALUES], speed[BF_FILTER_VALUES]; /* speed: a second */
};

/*
 * Filters the face's points and eyes in place. size is the face's, in the points' unit. After a gap
 * of a fifth of a second the filter starts anew, as it does where it is zeroed.
 */
void bf_landmark_filter_apply(struct bf_landmark_filter *f, struct bf_point3 *mesh,
                              struct bf_face_eye *eyes, float size, int64_t pts_us);

#endif
