/*
 * chip_augment.h - a chip as the network may meet it: shifted, turned, bent, otherwise lit,
 * recoloured, sharpened, smoothed, blurred, noisy, coded again
 *
 * Bends and light make other faces of the few that there are: what a network learned of who is real
 * would be lost on anybody else.
 *
 * The two chips of a pair are changed alike, so that nothing of this can tell them apart; only the
 * noise, where there is some, is drawn for each.
 */
#ifndef BF_CHIP_AUGMENT_H
#define BF_CHIP_AUGMENT_H

#include "detector/artifact_net.h"
#include "detector/chip_set.h"
#include "lib/media/degrade.h"
#include "lib/nn/random.h"

#define BF_CHIP_NODES 5 /* rows and columns */

/* Numbers over the window, smooth between nodes that reach from edge to edge. */
struct bf_chip_field {
    float node[BF_CHIP_NODES * BF_CHIP_NODES];
};

struct bf_chip_change {
    struct bf_affine window;     /* to the chip */
    struct bf_chip_field dx, dy; /* besides, in parts of the window; 0: not bent */
    struct bf_chip_field light;  /* logarithm of how much brighter; 0: as it is */
    bool bent, lit;              /* otherwise these count for nothing */
    float sharpen, smooth;       /* 0: none; 1: all fine detail twice, or all weak detail gone */
    struct bf_colour_shift shift;
    float gamma, grey;  /* 1: as it is; 0 coloured, 1 grey */
    float blur, shrink; /* deviation, pixels; factor, 1 none */
    float noise;        /* deviation, of 255 */
    int jpeg;           /* quality; 0: none */
};

/* strong, 0 to 1: how far it all may go. */
void bf_chip_change_draw(struct bf_chip_change *c, struct bf_random *r, float strong);
/* None of it: the window in the middle. */
void bf_chip_change_none(struct bf_chip_change *c);

/* window (BF_CHIP_WINDOW, BF_CHIP_WINDOW, 3), 0 to 255. BF_ERR_NOMEM alone. */
enum bf_err bf_chip_change_apply(float *window, const uint8_t *chip, const struct bf_chip_change *c,
                                 struct bf_random *r, struct bf_error *err);
/* map (BF_ARTIFACT_MAP, BF_ARTIFACT_MAP), 0 to 1, of a record's mask. */
void bf_chip_change_mask(float *map, const uint8_t *mask, const struct bf_chip_change *c);

#endif
