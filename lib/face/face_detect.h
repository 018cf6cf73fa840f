/*
 * face_detect.h - where there are faces in a picture: BlazeFace over the whole of it and over tiles
 *
 * BlazeFace (Bazarevsky et al., 2019) looks at a square of 256 pixels and finds faces from about a
 * twelfth of its side. So a large picture is looked at whole for large faces, and in overlapping
 * tiles for those down to 24 pixels.
 */
#ifndef BF_FACE_DETECT_H
#define BF_FACE_DETECT_H

#include <stddef.h>

#include "lib/face/face_view.h"

struct bf_pool;

enum { BF_FOUND_RIGHT_EYE, BF_FOUND_LEFT_EYE, BF_FOUND_NOSE, BF_FOUND_MOUTH, BF_FOUND_POINTS = 6 };

struct bf_face_found {
    struct bf_face_box box;                  /* eyebrows to chin */
    float score;                             /* 0 to 1 */
    struct bf_point2 point[BF_FOUND_POINTS]; /* then right and left ear */
};

#define BF_FOUND_MAX 2048

/* The network's raw answer: scores (512) and (384) before the sigmoid, boxes (512, 16), (384, 16).
 */
struct bf_blazeface_answer {
    const float *score16, *score8, *box16, *box8;
};

/* Faces of at least that score, in pixels of the 256 x 256 input, not yet merged. Returns how many
 * were written to out, at most max. */
size_t bf_blazeface_decode(struct bf_face_found *out, size_t max,
                           const struct bf_blazeface_answer *answer, float score);
/* Those that overlap by more than 0.3 of their union, or of which one lies within the other, become
 * one, the mean weighted by score; sorted by score. Returns how many are left. */
size_t bf_face_found_merge(struct bf_face_found *found, size_t n);

/* A square of the picture to look at. */
struct bf_face_tile {
    float x, y, side; /* middle, side */
};

#define BF_TILES_MAX 192

/*
 * The squares that show each face of smallest pixels or more large enough in one of them: the first
 * is the whole picture. Returns how many; where they would be more than BF_TILES_MAX, smallest
 * grows.
 */
size_t bf_face_tiles_plan(struct bf_face_tile tile[BF_TILES_MAX], float width, float height,
                          float smallest);

struct bf_face_detector;

/* Reads blazeface.json and its weights from the folder models. */
enum bf_err bf_face_detector_open(struct bf_face_detector **d, const char *models,
                                  struct bf_pool *pool, struct bf_error *err);
void bf_face_detector_close(struct bf_face_detector **d);
/*
 * Faces of at least that score in one tile, appended to found, which holds *n of BF_FOUND_MAX; in
 * the view's coordinates, not merged. Faces that the tile's edge cuts, where the picture goes on,
 * are left to the next tile.
 */
enum bf_err bf_face_detector_run(struct bf_face_found *found, size_t *n, struct bf_face_detector *d,
                                 struct bf_face_view *v, const struct bf_face_tile *tile,
                                 float score, struct bf_error *err);

#endif
