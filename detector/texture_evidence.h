/*
 * texture_evidence.h - detail, noise, colour and spectrum of the inner face against what is round
 * it, and change over time that no motion explains
 *
 * All are differences within one frame, so that size, camera and compression, which touch both
 * sides, fall out of them: sharpness, noise and spectrum fall below 0 where the inner face was made
 * at a lower resolution, chroma rises where it was not matched, flicker rises where each frame was
 * made by itself.
 */
#ifndef BF_TEXTURE_EVIDENCE_H
#define BF_TEXTURE_EVIDENCE_H

#include "detector/cue.h"
#include "lib/base/error.h"
#include "lib/face/face_view.h"

struct bf_texture_evidence;

struct bf_texture_evidence *bf_texture_evidence_create(void); /* NULL where memory ran out */
void bf_texture_evidence_free(struct bf_texture_evidence **t);
/*
 * One frame of one track, in rising time; the frames of a run of neighbours in the video follow one
 * another. mesh is (BF_FACE_POINTS), in the view's coordinates. At most every 80 ms one is looked
 * at for itself, and the one after it, if not more than 0.1 s later, for the flicker; the others
 * cost nothing. A face of which too little is in the picture says nothing. BF_ERR_NOMEM alone.
 */
enum bf_err bf_texture_evidence_add(struct bf_texture_evidence *t, struct bf_face_view *view,
                                    const struct bf_point3 *mesh, int64_t pts_us,
                                    struct bf_error *err);
/* Fills in the texture cues and the flicker, medians over frames; NAN where fewer than eight were
 * seen, or pairs of them. */
void bf_texture_evidence_finish(double cue[BF_CUES], const struct bf_texture_evidence *t);

#endif
