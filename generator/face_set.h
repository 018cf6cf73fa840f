/*
 * face_set.h - the faces of one person, or of a crowd, in a folder: aligned pictures, and beside
 * them what is known
 *
 * DIR/000001.png ... are squares in which the mean face's eyes lie at the same place
 * (BF_SET_EYE_DISTANCE). DIR/faces.jsonl has one JSON object a line: the first says whose faces
 * they are and by what statement, each other one describes a picture: source, frame, landmarks,
 * pose, eyes, sharpness, quality, identity. A picture that somebody deletes is no longer in the
 * set.
 */
#ifndef BF_FACE_SET_H
#define BF_FACE_SET_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/face/face.h"
#include "lib/face/face_track.h"

#define BF_SET_SCHEMA "bonafide.face-set/1"
#define BF_SET_SIZE 256            /* pixels of a picture's side, unless asked otherwise */
#define BF_SET_EYE_DISTANCE 0.224f /* between the eyes' middles, of a picture's side */
#define BF_SET_FACES_MAX 100000
#define BF_SET_FILE_MAX 32

struct bf_set_face {
    char file[BF_SET_FILE_MAX]; /* "000001.png" */
    unsigned source;            /* index into the set's sources */
    uint64_t frame;
    int64_t pts_us;
    uint32_t track;
    struct bf_point2 point[BF_FACE_POINTS]; /* in pixels of the picture */
    float yaw_deg, pitch_deg, roll_deg;
    float gap[BF_EYES]; /* between the lids, over the eye's width */
    float sharpness, quality;
    float size; /* of the face's box where it was found, pixels */
    float identity[BF_IDENTITY_DIM];
};

struct bf_face_set {
    char *dir;
    unsigned size;         /* side of a picture */
    uint8_t subject32[32]; /* SHA-256 of the consent or data-set statement */
    char *subject;         /* the statement's file name */
    bool crowd;            /* faces of many people, and not of one */
    char **source;         /* (n_sources) files that the faces are from */
    size_t n_sources;
    struct bf_set_face *face; /* (n), in the order of the file */
    size_t n;
};

/*
 * Read the set in dir. BF_ERR_FORMAT where dir holds no faces.jsonl or that is damaged. Lines whose
 * picture is gone are left out; the pictures are not read.
 */
enum bf_err bf_face_set_load(struct bf_face_set *set, const char *dir, struct bf_error *err);
void bf_face_set_release(struct bf_face_set *set);

/* Write dir/faces.jsonl, replacing it: all of set but dir and the pictures. */
enum bf_err bf_face_set_save(const struct bf_face_set *set, const char *dir, struct bf_error *err);

/* *index is that of the source of this name, added where it is new. */
enum bf_err bf_face_set_source(unsigned *index, struct bf_face_set *set, const char *name,
                               struct bf_error *err);
/* A zeroed face at the end; NULL where memory ran out or the set is full. */
struct bf_set_face *bf_face_set_add(struct bf_face_set *set);

/*
 * Which of the faces belong to one person: each face's person (n), from 0, the one with most faces
 * first. Faces of one track of one source are one person's. Returns how many persons.
 */
size_t bf_face_set_people(unsigned *person, const struct bf_face_set *set);

#endif
