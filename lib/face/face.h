/*
 * face.h - one face in one frame: where it is, its landmarks, its pose, its eyes, whose it is
 *
 * Everything is in pixels of the picture as shown, before pixel aspect: 0 is the left or top edge
 * of the picture, so that the first pixel's middle is at 0.5. Right and left of a face are the
 * person's own: the right eye is the one on the left of an unmirrored picture.
 */
#ifndef BF_FACE_H
#define BF_FACE_H

#include <stdbool.h>
#include <stdint.h>

#define BF_FACE_POINTS 468 /* of the mesh; the order is that of MediaPipe's face mesh */
#define BF_FACE_LID_POINTS 16
#define BF_FACE_IRIS_POINTS 5
#define BF_FACES_MAX 256 /* in one frame */

struct bf_point2 {
    float x, y;
};

struct bf_point3 {
    float x, y, z; /* z in the unit of x, from the head's middle, smaller where nearer */
};

struct bf_face_box {
    float left, top, right, bottom;
};

/* The head's rotation and place before a camera; head_pose.h says what is positive. */
struct bf_head_pose {
    float yaw_deg, pitch_deg, roll_deg;
    float rotation[9];    /* (3, 3), row by row: from the canonical face to the camera's axes */
    float translation[3]; /* of the canonical face's origin, in its centimetres */
    float error_px; /* root mean square distance of the points from where the pose puts them */
};

enum { BF_EYE_RIGHT, BF_EYE_LEFT, BF_EYES };

struct bf_face_eye {
    /* 0 to 8: the lower lid from the outer corner to the inner; 9 to 15: the upper lid between */
    struct bf_point2 lid[BF_FACE_LID_POINTS];
    struct bf_point2 iris[BF_FACE_IRIS_POINTS]; /* the middle, then four points of its rim */
    float gap;                                  /* height between the lids over the eye's width */
};

struct bf_face {
    uint32_t track;         /* whose it is; from 1, never used again in one video */
    struct bf_face_box box; /* round the mesh */
    float score;            /* of the detector when it last saw it, 0 to 1 */
    float presence;         /* of the mesh network, 0 to 1: that this is a face */
    struct bf_point3 point[BF_FACE_POINTS];
    struct bf_face_eye eye[BF_EYES];
    struct bf_head_pose pose;
    float openness;  /* of the eyes: 1 as this person's usually are, 0 closed; -1 not known yet */
    float sharpness; /* 0 blurred to 1 sharp */
    float quality;   /* 0 to 1: how far size, sharpness, pose and presence allow conclusions */
};

#endif
