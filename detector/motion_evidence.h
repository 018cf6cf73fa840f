/*
 * motion_evidence.h - blinks, and the pose of the inner face against that of the whole, over a
 * track
 *
 * Blinks after Li, Chang and Lyu (2018), with the person's own openness as the measure; poses after
 * Yang, Li and Lyu (2019), as differences over time rather than one number.
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
 * picture width x height; face gives eyes and openness. A gap of more than half a second between
 * frames begins another stretch.
 */
enum bf_err bf_motion_evidence_add(struct bf_motion_evidence *m, const struct bf_face *face,
                                   const struct bf_point3 *mesh, float width, float height,
                                   int64_t pts_us, struct bf_error *err);
enum bf_err bf_motion_evidence_blink(struct bf_motion_evidence *m, const struct bf_blink *blink,
                                     struct bf_error *err);
/* Fills in the pose and blink cues. Rate and longest interval want four seconds of one stretch,
 * the other blink cues a blink or a second of eyes that move; NAN where there was not so much. */
void bf_motion_evidence_finish(double cue[BF_CUES], const struct bf_motion_evidence *m);

#endif
