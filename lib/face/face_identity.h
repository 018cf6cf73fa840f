/*
 * face_identity.h - a descriptor of whose face it is
 *
 * The network looks at the head upright in a square; what is taken is the mean of its last feature
 * maps, at unit length, so that two descriptors' product says how alike they are.
 */
#ifndef BF_FACE_IDENTITY_H
#define BF_FACE_IDENTITY_H

#include "lib/face/face_mesh.h"
#include "lib/face/face_track.h"

struct bf_face_identity;

/* Reads faceres.json and its weights from the folder models. */
enum bf_err bf_face_identity_open(struct bf_face_identity **f, const char *models,
                                  struct bf_pool *pool, struct bf_error *err);
void bf_face_identity_close(struct bf_face_identity **f);
/* out is (BF_IDENTITY_DIM). mesh is the face's, in the view's coordinates. */
enum bf_err bf_face_identity_run(float *out, struct bf_face_identity *f, struct bf_face_view *v,
                                 const struct bf_point3 *mesh, struct bf_error *err);

#endif
