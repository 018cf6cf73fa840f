/*
 * motion_evidence.h - blinks, and the pose of the inner face against that of its rim, over a track
 *
 * Blinks after Li, Chang and Lyu (2018), with the person's own openness as the measure. Poses after
 * Yang, Li and Lyu (2019), also as differences over time. The inner face (eyes, nose, brows,
 * corners of the mouth) is held against its rim (forehead, temples, cheeks) alone, where they took
 * the whole face, so that an inner face turned by an angle gives that angle; the chin is left out
 * since speech moves it. The gap is what the two differ by in yaw and roll: a person whose face is
 * flatter or longer than the canonical one has a gap in pitch of up to 20 degrees, while faces are
 * symmetric. The drift, in which what is a person's own falls out, is of all three angles.
 */
#ifndef BF_MOTION_EVIDENCE_H
#define BF_MOTION_EVIDENCE_H

#include "detector/cue.h"
#include "lib/base/error.h"
#include "lib/face/blink.h"

struct bf_motion_evidence;

struct bf_motion_evidence *bf_motion_evidence_create(void); /* NULL where memory ran out */
void bf_motion_evidence_free(struct bf_motion_evidence **m);
/*
 * One frame of one track, in rising time. mesh is the face's (BF_FACE_POINTS) in square pixels of a
 * picture width x height; face gives eyes, openness and yaw. A gap of more than half a second
 * between frames begins another stretch. Never fails: what is kept does not grow.
 */
enum bf_err bf_motion_evidence_add(struct bf_motion_evidence *m, const struct bf_face *face,
                                   const struct bf_point3 *mesh, float width, float height,
                                   int64_t pts_us, struct bf_error *err);
/* A blink that ended in the last frame or since. */
enum bf_err bf_motion_evidence_blink(struct bf_motion_evidence *m, const struct bf_blink *blink,
                                     struct bf_error *err);
/* Of the last frame: degrees of yaw and roll between the inner face and its rim; NAN where
 * they could not be told, or the head is turned by more than 50 degrees. */
float bf_motion_evidence_pose_gap(const struct bf_motion_evidence *m);
/*
 * Fills in the pose and blink cues, NAN where there was not enough to see. The poses want eight
 * frames (for the drift, pairs of frames at most 0.1 s apart); rate and longest interval four
 * seconds of one stretch with eyes, the rate's time being that of all stretches; length and depth a
 * blink; the correlations a second of eyes that move by more than their landmarks jitter.
 */
void bf_motion_evidence_finish(double cue[BF_CUES], const struct bf_motion_evidence *m);

#endif
