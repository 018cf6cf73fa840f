/*
 * face_overlay.h - what was seen of a face, drawn on the picture it was seen in
 */
#ifndef BF_FACE_OVERLAY_H
#define BF_FACE_OVERLAY_H

#include "lib/face/face.h"
#include "lib/media/picture.h"

/*
 * p is the frame as shown at its own size, or a larger one by less than a pixel. Drawn are the box
 * with the track's number, the mesh's points, lids and irises, the head's three axes at the nose
 * (red to its left, green down, blue ahead), and at the box's left how far the eyes are open, at
 * its right the quality.
 */
void bf_face_overlay_draw(struct bf_picture *p, const struct bf_face *f);

#endif
