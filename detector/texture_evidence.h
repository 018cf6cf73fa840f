/*
 * texture_evidence.h - detail, noise, colour and spectrum of the inner face against what is round
 * it, and change over time that no motion explains
 *
 * All are differences within one frame, so that size, camera and compression, which touch both
 * sides, fall out of them.
 */
#ifndef BF_TEXTURE_EVIDENCE_H
#define BF_TEXTURE_EVIDENCE_H

#include "detector/cue.h"
#include "lib/base/error.h"
#include "lib/face/face_view.h"

struct bf_texture_evidence;

struct bf_texture_evidence *bf_texture_evidence_create(void); /* NULL where memory ran out */
void bf_texture_evidence_free(struct bf_texture_evidence **t);
/* One frame of one track, in rising time; the frames of a run of neighbours in the video follow one
 * another. mesh is (BF_FACE_POINTS), in the view's coordinates. */
enum bf_err bf_texture_evidence_add(struct bf_texture_evidence *t, struct bf_face_view *view,
                                    const struct bf_point3 *mesh, int64_t pts_us,
                                    struct bf_error *err);
/* Fills in the texture cues and the flicker; NAN where fewer than eight frames were seen. */
void bf_texture_evidence_finish(double cue[BF_CUES], const struct bf_texture_evidence *t);

#endif
