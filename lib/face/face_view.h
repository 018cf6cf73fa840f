/*
 * face_view.h - a frame made ready for cutting parts out of it, under any turn and size
 *
 * Planar 8-bit frames are read where they lie, colours are converted for the pixels that are cut
 * alone, and a part that is to shrink is taken from a copy shrunk by halves, made when it is first
 * wanted. Any other kind of frame is converted whole, once.
 *
 * Coordinates are those of the picture as shown with its pixels made square: see
 * bf_face_view_size. The middle of the first pixel is at 0.5. Set with a pixel aspect of 1:1 a view
 * has the coordinates of struct bf_face: bf_face_align on a face's points then says where to cut.
 */
#ifndef BF_FACE_VIEW_H
#define BF_FACE_VIEW_H

#include "lib/face/face_align.h"
#include "lib/media/video.h"

struct bf_face_view;

struct bf_face_view *bf_face_view_create(void); /* NULL where memory ran out */
void bf_face_view_free(struct bf_face_view **v);
/*
 * Look at frame, whose pixels are read until the next set: a pixel as shown is sar_num:sar_den
 * wide. BF_ERR_FORMAT where the pixels are of a kind that cannot be shown.
 */
enum bf_err bf_face_view_set(struct bf_face_view *v, const struct bf_frame *frame, uint32_t sar_num,
                             uint32_t sar_den, struct bf_error *err);
/* Of the picture as shown, pixels made square by widening. */
void bf_face_view_size(const struct bf_face_view *v, float *width, float *height);
/* How many square pixels a pixel as shown is wide, and high. */
void bf_face_view_aspect(const struct bf_face_view *v, float *wide, float *high);
/* A face's mesh (BF_FACE_POINTS), in pixels of the picture as shown, in the view's coordinates. */
void bf_face_view_mesh(struct bf_point3 *mesh, const struct bf_face_view *v,
                       const struct bf_face *face);

/* What lies outside the picture. */
enum bf_face_edge {
    BF_FACE_EDGE_REPEAT, /* as the nearest pixel of its edge */
    BF_FACE_EDGE_BLACK,
};

/*
 * out is (size, size, 3), red first: each value of 0 to 255 times gain plus bias. to_picture takes
 * a place in out to the picture. BF_ERR_NOMEM alone.
 */
enum bf_err bf_face_view_cut(float *out, struct bf_face_view *v, unsigned size,
                             const struct bf_affine *to_picture, enum bf_face_edge edge, float gain,
                             float bias, struct bf_error *err);
/* The luma alone, (size, size), 0 to 255. */
enum bf_err bf_face_view_cut_luma(float *out, struct bf_face_view *v, unsigned size,
                                  const struct bf_affine *to_picture, struct bf_error *err);

#endif
