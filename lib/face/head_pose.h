/*
 * head_pose.h - how a head is turned, from where its landmarks fall in the picture
 *
 * The camera looks along z into the scene, x to the picture's right, y down. The head's rotation is
 * Rz(roll) Ry(-yaw) Rx(-pitch), roll outermost, so that turning the picture changes roll alone:
 *
 *   yaw    positive where the nose points to the picture's right
 *   pitch  positive where it points up
 *   roll   positive where the head leans clockwise as one sees it
 *
 * All are 0 where the face looks straight along the camera's axis.
 */
#ifndef BF_HEAD_POSE_H
#define BF_HEAD_POSE_H

#include <stddef.h>

#include "lib/face/face.h"

/*
 * Solve the perspective-n-point problem for the canonical face: at is (n, 2), the places in the
 * picture of its points index (n). The camera has its principal point at centre and focal pixels of
 * focal length. The start is POSIT (DeMenthon and Davis, 1995), refined by Levenberg and
 * Marquardt's method on the squared distances in the picture. false where fewer than six points are
 * given, or they lie in one place, or no pose with the face before the camera fits.
 */
bool bf_head_pose_solve(struct bf_head_pose *out, const struct bf_point2 *at, const uint16_t *index,
                        size_t n, struct bf_point2 centre, float focal);

/* The same from the rigid points of a whole mesh (BF_FACE_POINTS) in a picture of that size; the
 * focal length is the picture's width. */
bool bf_head_pose_of_mesh(struct bf_head_pose *out, const struct bf_point3 *mesh, float width,
                          float height);

/* Where the pose puts point k of the canonical face. */
struct bf_point2 bf_head_pose_project(const struct bf_head_pose *pose, unsigned k,
                                      struct bf_point2 centre, float focal);

/* The three angles' rotation, as struct bf_head_pose has it. */
void bf_head_pose_rotation(float rotation[9], float yaw_deg, float pitch_deg, float roll_deg);

#endif
