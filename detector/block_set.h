/*
 * block_set.h - landmarks over time, to train the temporal network on
 *
 * The file is one machine's working material, in that machine's byte order.
 */
#ifndef BF_BLOCK_SET_H
#define BF_BLOCK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/chip_set.h"
#include "detector/temporal_net.h"

/* The blocks of one video. Zero-initialise. */
struct bf_block_gather {
    float *points; /* (n, BF_TEMPORAL_FRAMES, BF_TEMPORAL_WIDTH) */
    size_t n, cap;
    bool failed; /* memory ran out */
};
void bf_block_gather_add(struct bf_block_gather *g, const float *points);
void bf_block_gather_release(struct bf_block_gather *g);

struct bf_block_set {
    struct bf_block {
        uint32_t person;
        uint32_t fake;
        char family[BF_CHIP_FAMILY_MAX]; /* of a fake: "paste", ...; of a real one "real" */
        float points[BF_TEMPORAL_FRAMES * BF_TEMPORAL_WIDTH];
    } * block; /* (n) */
    size_t n, cap;
};
/* family NULL: they are of a real one. */
enum bf_err bf_block_set_add(struct bf_block_set *s, const struct bf_block_gather *g,
                             uint32_t person, const char *family, struct bf_error *err);
enum bf_err bf_block_set_write(const struct bf_block_set *s, const char *path, unsigned flags,
                               struct bf_error *err);
/* BF_ERR_FORMAT for a file that is no set of blocks. */
enum bf_err bf_block_set_read(struct bf_block_set *s, const char *path, struct bf_error *err);
void bf_block_set_release(struct bf_block_set *s);

#endif
