/*
 * features.h - blobs in a picture and what they look like: the local features that find a record in
 * a cropped, mirrored, turned or inset copy
 *
 * Extrema of differences of Gaussians (Lowe 2004), upright; each is described by the signs of the
 * low DCT frequencies of the patch round it. A mirrored or turned picture permutes the frequencies
 * and flips some signs, so all eight ways of looking come from one description.
 */
#ifndef BF_FEATURES_H
#define BF_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BF_FEATURE_FREQUENCIES 8
#define BF_FEATURE_COEFS (BF_FEATURE_FREQUENCIES * BF_FEATURE_FREQUENCIES)

struct bf_feature {
    float x, y;  /* of the picture's width and height, 0 to 1 */
    float scale; /* the blob's deviation, of the longer side */
    float strength;
    bool bright;
    float coef[BF_FEATURE_COEFS]; /* (v, u): v down, u across */
};

/* How a patch is looked at: first mirrored, then turned clockwise by quarter turns. */
struct bf_look {
    bool mirrored;
    unsigned quarter_turns;
};

struct bf_feature_code {
    uint32_t key;    /* 24 bits: signs of the lowest frequencies, five each way */
    uint64_t sketch; /* 40 bits: signs of the others, and whether it is bright */
};

struct bf_feature_finder;

/* For pictures of at most w x h. NULL where memory ran out. */
struct bf_feature_finder *bf_feature_finder_create(unsigned w, unsigned h);
void bf_feature_finder_free(struct bf_feature_finder **f);
/* The up to cap strongest features of luma (h, w), square pixels; returns how many. */
size_t bf_features_find(struct bf_feature *out, size_t cap, struct bf_feature_finder *f,
                        const float *luma, unsigned w, unsigned h);
/*
 * What the feature's patch would be coded as if it were looked at so. codes receives up to cap
 * codes, the likeliest first: the further ones have the least certain bits of the key flipped.
 * Returns how many.
 */
size_t bf_feature_codes(struct bf_feature_code *codes, size_t cap, const struct bf_feature *f,
                        struct bf_look look);
/* Bits that differ between two sketches. */
unsigned bf_sketch_distance(uint64_t a, uint64_t b);

#endif
