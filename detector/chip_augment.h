/*
 * chip_augment.h - a chip as the network may meet it: shifted, turned, recoloured, blurred, noisy,
 * coded again
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

struct bf_chip_change {
    struct bf_affine window; /* to the chip */
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
