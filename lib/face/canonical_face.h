/*
 * canonical_face.h - where the mesh's 468 points are on a face without expression
 *
 * The figures are those of MediaPipe's canonical_face_model.obj (The MediaPipe Authors,
 * Apache-2.0), rounded to a hundredth of a millimetre.
 */
#ifndef BF_CANONICAL_FACE_H
#define BF_CANONICAL_FACE_H

#include "lib/face/face.h"

/* Thousandths of a centimetre: x to the picture's right, y up, z towards the viewer. */
extern const int16_t bf_canonical_face[BF_FACE_POINTS][3];

/*
 * Points that sit on bone or gristle and hardly move with expression: forehead, bridge and wings of
 * the nose, corners of the eyes, cheekbones, temples.
 */
#define BF_RIGID_POINTS 48
extern const uint16_t bf_rigid_points[BF_RIGID_POINTS];

/* The mesh's edge, from the top of the forehead on over the left temple. */
#define BF_OUTLINE_POINTS 36
extern const uint16_t bf_outline_points[BF_OUTLINE_POINTS];

#endif
