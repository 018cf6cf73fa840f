/*
 * texture_blocks.h - an upright face in blocks: which belong to the inner face and which to the
 * ring round it, and how their texture differs
 *
 * The inner face is the mesh's outline shrunk to brows, cheeks and chin's crease; the ring a band
 * along the outline, half inside of it and half outside. Eyes and mouth, which move of themselves,
 * are no skin. Pictures here are luma, (BF_TEXTURE_SIDE, BF_TEXTURE_SIDE), 0 to 255.
 */
#ifndef BF_TEXTURE_BLOCKS_H
#define BF_TEXTURE_BLOCKS_H

#include <stdint.h>

#include "lib/face/face_align.h"

#define BF_TEXTURE_SIDE 224
#define BF_TEXTURE_BLOCK 8
#define BF_TEXTURE_GRID (BF_TEXTURE_SIDE / BF_TEXTURE_BLOCK)
#define BF_TEXTURE_BLOCKS (BF_TEXTURE_GRID * BF_TEXTURE_GRID)
#define BF_TEXTURE_EYES 0.25f /* distance of the eyes' middles over the side, as bf_face_align */
#define BF_TEXTURE_SMALL 56   /* side of the picture that colours are taken from */

enum bf_texture_region { BF_TEXTURE_NONE, BF_TEXTURE_INNER, BF_TEXTURE_RING, BF_TEXTURE_REGIONS };

struct bf_texture_block {
    uint8_t region; /* enum bf_texture_region */
    bool skin;
};

/* out is (BF_TEXTURE_GRID, BF_TEXTURE_GRID); to_picture is bf_face_align's for mesh
 * (BF_FACE_POINTS) in a picture width x height, outside of which no block has a region. false where
 * one of the regions has too little skin in the picture. */
bool bf_texture_blocks_set(struct bf_texture_block *out, const struct bf_point3 *mesh,
                           const struct bf_affine *to_picture, float width, float height);

/* Each is that of the inner face less that of the ring. */
struct bf_texture_difference {
    double sharpness; /* log of the finest detail's energy over that of edges */
    double noise;     /* log of Immerkaer's estimate (1996) in the flattest quarter of the skin */
    double spectrum;  /* rise of log2 power an octave, over four octaves: less where blurred */
};
/* work is three pictures more, whose values do not matter. */
void bf_texture_compare(struct bf_texture_difference *out, const float *luma, float *work,
                        const struct bf_texture_block *block);

/*
 * How much more the skin changed in the inner face than in the ring between two pictures, as a log:
 * the root mean square of what is left in a block when the best shift and brightening, which motion
 * and light explain, are taken off (Lucas and Kanade, 1981), the median of the blocks that had one
 * region in both. NAN where there are too few.
 */
double bf_texture_flicker(const float *before, const struct bf_texture_block *block_before,
                          const float *now, const struct bf_texture_block *block_now);

/* Distance of the mean Cb and Cr, in 255ths, of the inner skin and the ring's, from rgb
 * (BF_TEXTURE_SMALL, BF_TEXTURE_SMALL, 3), 0 to 255. What is too dark or too far in colour from the
 * inner face to be skin, as hair, does not count. NAN where nothing of the ring is like skin, or
 * there is no colour. */
double bf_texture_chroma(const float *rgb, const struct bf_texture_block *block);

#endif
