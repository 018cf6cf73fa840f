/*
 * donor.h - a person's faces, aligned, for laying over another's: out of a video, a photograph or a
 * face set
 */
#ifndef BF_DONOR_H
#define BF_DONOR_H

#include "lib/base/progress.h"
#include "lib/face/face_reader.h"

#define BF_DONOR_SIZE 320 /* side of a face's square */
#define BF_DONOR_FACES_MAX                                                \
    600 /* 180 MB; of a longer video its first so many frames with a face \
         */

struct bf_donor_face {
    int64_t pts_us;
    float yaw_deg, pitch_deg;
    float mouth;                            /* gap between the lips over the mouth's width */
    struct bf_point2 point[BF_FACE_POINTS]; /* in pixels of the square */
    uint8_t *rgb;                           /* (BF_DONOR_SIZE, BF_DONOR_SIZE, 3) */
    bool follows;                           /* on the one before, as frames of one shot do */
};

struct bf_donor {
    struct bf_donor_face *face; /* (n) */
    size_t n;
};

/*
 * The faces of one person in the video, photograph or face set at path: of track where that is not
 * 0, else of who has the largest face where one is first seen. reader's networks are used and
 * its faces forgotten. BF_ERR_NOT_FOUND where there is no face. Release with bf_donor_release.
 */
enum bf_err bf_donor_load(struct bf_donor *d, const char *path, uint32_t track, size_t most,
                          struct bf_face_reader *reader, const struct bf_progress *progress,
                          struct bf_error *err);
/* One more face, of the frame that view shows; d begins zeroed. follows: it is of the frame after
 * the last one's. A face whose points are all one is passed over. BF_ERR_LIMIT where
 * BF_DONOR_FACES_MAX are there. */
enum bf_err bf_donor_add(struct bf_donor *d, struct bf_face_view *view, const struct bf_face *face,
                         int64_t pts_us, bool follows, struct bf_error *err);
void bf_donor_release(struct bf_donor *d);

/* Gap between the lips over the mouth's width. */
float bf_mouth_gap(const struct bf_point2 *point);

#endif
