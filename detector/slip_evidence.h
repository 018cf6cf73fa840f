/*
 * slip_evidence.h - how the texture of the face slips against the head from frame to frame
 *
 * What is laid over a face is laid by landmarks, and landmarks tremble: from frame to frame it
 * moves by a fraction of a pixel otherwise than the head does that it lies on. A face's own skin
 * moves with its head, save for speech and expression, which are slower, and for its depth when it
 * turns, which is slower as well. So points of the face are followed from frame to frame
 * (point_flow.h), an affine motion is fitted to those of its rim, and what the points within move
 * besides is held against what the landmarks themselves tremble against the rim.
 */
#ifndef BF_SLIP_EVIDENCE_H
#define BF_SLIP_EVIDENCE_H

#include "detector/cue.h"
#include "lib/base/error.h"
#include "lib/face/face_view.h"

#define BF_SLIP_REGIONS 5
#define BF_SLIP_STILL 3e-4f /* of the face's width: tremble of which hardly anything can follow */
#define BF_SLIP_SHIFTS (2 * (BF_SLIP_REGIONS + 1))
#define BF_SLIP_WIDTH (BF_SLIP_SHIFTS + 2 * (BF_SLIP_REGIONS + 1))

struct bf_slip_evidence;

struct bf_slip_evidence *bf_slip_evidence_create(void); /* NULL where memory ran out */
void bf_slip_evidence_free(struct bf_slip_evidence **s);
/*
 * One frame of one track, in rising time. mesh is (BF_FACE_POINTS), in the view's coordinates. Of
 * frames nearer to one another than 28 ms one is left out; a gap of more than 0.1 s begins anew.
 * BF_ERR_NOMEM alone.
 */
enum bf_err bf_slip_evidence_add(struct bf_slip_evidence *s, struct bf_face_view *view,
                                 const struct bf_point3 *mesh, int64_t pts_us,
                                 struct bf_error *err);
/* Whether the frame that was added last is one of those that were left out. */
bool bf_slip_evidence_passed_over(const struct bf_slip_evidence *s);
/* Of the frame that was added last: slips of the five regions (inner face, edge, lips and chin,
 * lower half, eyes) and the landmarks' tremble, x and y of each, in widths of the face; then of
 * each region the log of its detail, and of what following it left over, against the skin that it
 * is measured by, and both of the skin round the face as they are. 0 where they were not seen, or
 * the frame was passed over. */
void bf_slip_evidence_last(float out[BF_SLIP_WIDTH], const struct bf_slip_evidence *s);
/* Fills in the slip cues; NAN where fewer than ten frames had two neighbours. What is kept grows
 * with the frames that were added, by some 120 bytes each. BF_ERR_NOMEM alone. */
enum bf_err bf_slip_evidence_finish(double cue[BF_CUES], const struct bf_slip_evidence *s,
                                    struct bf_error *err);

#endif
