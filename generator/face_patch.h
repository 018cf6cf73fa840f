/*
 * face_patch.h - the rectangle of a frame in which a face is changed
 *
 * Its corner lies on a grid of 16 pixels, so that what is done in blocks of the frame stays where
 * it is while the face moves.
 */
#ifndef BF_FACE_PATCH_H
#define BF_FACE_PATCH_H

#include "lib/face/face_align.h"
#include "lib/media/canvas.h"

struct bf_face_patch {
    uint32_t x, y;
    size_t w, h;   /* 0: nothing is changed */
    float *target; /* (h, w, 3): what the frame has */
    float *rgb;    /* (h, w, 3): what comes over it */
    float *alpha;  /* (h, w): how far */
    float *more;   /* (h, w, 3): room to work in */
    float *mask;   /* (h, w): the same */
    size_t room;   /* pixels there is memory for */
};

/* The part of the canvas that box covers, a little more, or nothing: target receives the frame's
 * colours, and the others are the caller's to fill. p is zeroed before its first use. BF_ERR_NOMEM
 * alone. */
enum bf_err bf_face_patch_set(struct bf_face_patch *p, const struct bf_canvas *canvas,
                              const struct bf_face_box *box, struct bf_error *err);
/* Put it on the canvas it was taken from. */
void bf_face_patch_put(const struct bf_face_patch *p, struct bf_canvas *canvas);
/* truth (h, w), of a whole frame, receives how much of each pixel it replaces, 0 to 255. */
void bf_face_patch_truth(uint8_t *truth, size_t h, size_t w, const struct bf_face_patch *p);
void bf_face_patch_release(struct bf_face_patch *p);

/* points (n) of the frame become points of the patch. */
void bf_face_patch_points(struct bf_point2 *points, size_t n, const struct bf_face_patch *p);

/* The box round points (n), larger by more on every side. */
struct bf_face_box bf_points_box(const struct bf_point2 *points, size_t n, float more);

/* out (3) is what in (h, w, 3) shows at (x, y), between the four nearest pixels; the first one's
 * middle is at 0.5, and beyond the edge it is as at the edge. */
void bf_rgb_at(float *out, const float *in, size_t h, size_t w, float x, float y);
/*
 * out is (p->h, p->w, 3): each pixel is taken from in (in_h, in_w, 3) where to_in puts its place in
 * the frame, between the four nearest; beyond the edge as at the edge.
 */
void bf_face_patch_sample(float *out, const struct bf_face_patch *p, const float *in, size_t in_h,
                          size_t in_w, const struct bf_affine *to_in);

#endif
