/*
 * picture.h - a decoded frame as a picture to look at: RGB, as shown, at any size; drawn on, and
 * written as JPEG or PNG
 */
#ifndef BF_PICTURE_H
#define BF_PICTURE_H

#include "lib/base/bytes.h"
#include "lib/media/video.h"

struct bf_picture {
    uint32_t width, height;
    uint8_t *rgb; /* (height, width, 3), rows without gaps */
};

struct bf_rgb {
    uint8_t r, g, b;
};

/* Pixels, right and bottom not inside; drawing keeps to the picture. */
struct bf_rect {
    int left, top, right, bottom;
};

/* Black, width x height pixels; both at least 1 and at most BF_VIDEO_DIM_MAX. */
enum bf_err bf_picture_create(struct bf_picture *p, uint32_t width, uint32_t height,
                              struct bf_error *err);
void bf_picture_release(struct bf_picture *p);

/* The size of info's picture as one sees it, pixel aspect applied, made to fit longest x longest;
 * never larger than it is. */
void bf_picture_fit(uint32_t *width, uint32_t *height, const struct bf_video_info *info,
                    uint32_t longest);

/*
 * Turns frames into pictures. Keeps its tables between frames of one size. Colours follow BT.601
 * below 720 lines and BT.709 from there on, as players do where a file says nothing.
 */
struct bf_picture_scaler;
struct bf_picture_scaler *bf_picture_scaler_create(void); /* NULL where memory ran out */
void bf_picture_scaler_free(struct bf_picture_scaler **s);
/* out, which has been created, receives frame as shown, scaled to out's size. */
enum bf_err bf_picture_scale(struct bf_picture *out, struct bf_picture_scaler *s,
                             const struct bf_frame *frame, struct bf_error *err);

/* alpha: 0 leaves the picture as it is, 255 covers it. */
void bf_picture_fill(struct bf_picture *p, const struct bf_rect *box, struct bf_rgb colour,
                     uint8_t alpha);
/* A frame of thick pixels inside the box's edge. */
void bf_picture_outline(struct bf_picture *p, const struct bf_rect *box, int thick,
                        struct bf_rgb colour);

enum bf_picture_kind {
    BF_PICTURE_JPEG, /* for what a camera saw */
    BF_PICTURE_PNG,  /* without loss */
};

/* Appends the picture to out as a file. BF_ERR_LIBRARY where this FFmpeg cannot write the kind. */
enum bf_err bf_picture_encode(struct bf_buf *out, const struct bf_picture *p,
                              enum bf_picture_kind kind, struct bf_error *err);

#endif
