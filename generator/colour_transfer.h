/*
 * colour_transfer.h - give one face the colours of another: mean and deviation, or whole histogram
 *
 * In CIELAB, each channel for itself. A map is measured on one pair of pictures, may be held steady
 * over the frames of a video, and is applied to any picture.
 */
#ifndef BF_COLOUR_TRANSFER_H
#define BF_COLOUR_TRANSFER_H

#include <stddef.h>

enum bf_colour_mode {
    BF_COLOUR_NONE,
    BF_COLOUR_REINHARD,  /* mean and deviation: Reinhard, Ashikhmin, Gooch and Shirley, 2001 */
    BF_COLOUR_HISTOGRAM, /* the whole distribution of each channel */
    BF_COLOUR_MODES
};
extern const char *const bf_colour_names[BF_COLOUR_MODES]; /* "none", ... */

#define BF_COLOUR_BINS 256

struct bf_colour_map {
    enum bf_colour_mode mode;
    /* of L, a and b */
    float mean_from[3], dev_from[3], mean_to[3], dev_to[3];
    /* where the middle of each bin goes, in the channel's unit; of BF_COLOUR_HISTOGRAM alone */
    float curve[3][BF_COLOUR_BINS];
};

/*
 * What brings from's colours to to's: both are (h, w, 3) RGB in 0..1, mask is (h, w) and weighs
 * each pixel in both; NULL weighs them alike. Where the mask is empty everywhere, or mode is
 * BF_COLOUR_NONE, the map leaves every colour as it is.
 */
void bf_colour_map_measure(struct bf_colour_map *m, enum bf_colour_mode mode, const float *from,
                           const float *to, const float *mask, size_t h, size_t w);
/* Steady over time: m = keep previous + (1 - keep) m. Where previous is of another mode, or all
 * zero, m stays. */
void bf_colour_map_smooth(struct bf_colour_map *m, const struct bf_colour_map *previous,
                          float keep);

/* rgb is (h, w, 3) in 0..1, and stays there. */
void bf_colour_map_apply(float *rgb, const struct bf_colour_map *m, size_t h, size_t w);

#endif
