/*
 * face_mesh.h - landmarks of one face: the mesh of 468 points, then the eyes' lids and irises
 *
 * The networks are MediaPipe's face mesh (Kartynnik et al., 2019) and iris (Ablavatski et al.,
 * 2020). Each looks at an upright square, so the face's turn in the picture is taken out first and
 * put back after.
 */
#ifndef BF_FACE_MESH_H
#define BF_FACE_MESH_H

#include "lib/face/face_detect.h"

/* The square in which a face is looked for. */
struct bf_face_crop {
    float x, y, side; /* middle, side, in the view's coordinates */
    float angle;      /* clockwise, radians */
};

struct bf_face_landmarks {
    struct bf_point3 point[BF_FACE_POINTS];
    struct bf_face_eye eye[BF_EYES]; /* of the mesh until bf_face_mesh_eyes makes them finer */
    float presence;
};

struct bf_face_mesh;

/* Reads facemesh.json and iris.json and their weights from the folder models. */
enum bf_err bf_face_mesh_open(struct bf_face_mesh **m, const char *models, struct bf_pool *pool,
                              struct bf_error *err);
void bf_face_mesh_close(struct bf_face_mesh **m);

struct bf_face_crop bf_face_crop_of_found(const struct bf_face_found *f);
struct bf_face_crop bf_face_crop_of_mesh(const struct bf_point3 *mesh);

/* The mesh of the face in crop. Where presence is low it is none, and the points mean nothing. */
enum bf_err bf_face_mesh_run(struct bf_face_landmarks *out, struct bf_face_mesh *m,
                             struct bf_face_view *v, const struct bf_face_crop *crop,
                             struct bf_error *err);
/* The eyes of a face whose mesh is known, looked at closely. */
enum bf_err bf_face_mesh_eyes(struct bf_face_landmarks *inout, struct bf_face_mesh *m,
                              struct bf_face_view *v, struct bf_error *err);

/* Box round the mesh. */
struct bf_face_box bf_face_mesh_box(const struct bf_point3 *mesh);
/* Whether the points stand as a face's do: inside the crop, of a face's size there, with the eyes
 * above the nose and the nose above the mouth. */
bool bf_face_mesh_plausible(const struct bf_point3 *mesh, const struct bf_face_crop *crop);

#endif
