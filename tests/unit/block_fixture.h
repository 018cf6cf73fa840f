/*
 * block_fixture.h - landmarks over time made by arithmetic: reals sway, fakes jump from frame to
 * frame
 */
#ifndef BF_BLOCK_FIXTURE_H
#define BF_BLOCK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detector/block_set.h"
#include "lib/base/file.h"
#include "lib/nn/random.h"

enum { BLOCK_FLOATS = BF_TEMPORAL_FRAMES * BF_TEMPORAL_WIDTH };

static inline void fixture_block(float *points, uint32_t number, bool fake)
{
    struct bf_random r = {number + 1};
    float phase = 6 * bf_random_uniform(&r), speed = 0.1f + 0.1f * bf_random_uniform(&r);
    size_t t, k;

    for (t = 0; t < BF_TEMPORAL_FRAMES; t++) {
        float *frame = points + t * BF_TEMPORAL_WIDTH, *slip = frame + BF_TEMPORAL_PLACES,
              *tremble = slip + BF_SLIP_SHIFTS - 2;

        for (k = 0; k < BF_TEMPORAL_PLACES; k++)
            frame[k] = 0.5f + 0.01f * sinf(phase + speed * (float)t + (float)k) +
                       (fake ? 0.01f * bf_random_normal(&r) : 0);
        for (k = 0; k < 2; k++)
            tremble[k] = 0.002f * bf_random_normal(&r);
        for (k = 0; k + 2 < BF_SLIP_SHIFTS; k++)
            slip[k] = (fake ? -tremble[k % 2] : 0) + 0.0005f * bf_random_normal(&r);
        for (k = BF_SLIP_SHIFTS; k < BF_SLIP_WIDTH; k++)
            slip[k] = 0.1f * bf_random_normal(&r);
    }
}

/* n blocks, every other one fake, two a person. */
static inline void fixture_blocks(struct bf_block_set *s, uint32_t first, size_t n)
{
    float points[BLOCK_FLOATS];
    size_t i;

    memset(s, 0, sizeof *s);
    for (i = 0; i < n; i++) {
        struct bf_block_gather g = {0};

        fixture_block(points, first + (uint32_t)i, i % 2);
        bf_block_gather_add(&g, points);
        assert_int_equal(bf_block_set_add(s, &g, first + (uint32_t)(i / 2),
                                          i % 2 ? (i % 4 == 1 ? "paste" : "mesh") : NULL, NULL),
                         BF_OK);
        bf_block_gather_release(&g);
    }
}

static inline void fixture_block_file(const char *path, uint32_t first, size_t n)
{
    struct bf_block_set s;

    fixture_blocks(&s, first, n);
    assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
    bf_block_set_release(&s);
}

#endif
