/*
 * limits.h - what a file may cost: limits that a user can lower
 *
 * They hold for the whole program, like the sandbox, and are set when it starts. Each is at its
 * most at first. Limits that nobody has a reason to change are macros where they are used; SPEC.md
 * "Limits" lists both.
 */
#ifndef BF_LIMITS_H
#define BF_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum bf_limit {
    BF_LIMIT_SIDE,    /* pixels of a frame's longer side */
    BF_LIMIT_FRAMES,  /* frames of one file */
    BF_LIMIT_SECONDS, /* duration of one file */
    BF_LIMIT_STREAMS, /* streams in one file */
    BF_LIMIT_MEMORY,  /* MiB of the process that decodes one file; where there is a sandbox */
    BF_LIMIT_FACES,   /* faces in one frame */
    BF_LIMIT_COUNT,
};

#define BF_LIMIT_MEMORY_LEAST 512 /* below that no decoder starts */

uint64_t bf_limit(enum bf_limit what);
/* False, and nothing set, where value is not from bf_limit_least to bf_limit_most. */
bool bf_limit_set(enum bf_limit what, uint64_t value);
uint64_t bf_limit_least(enum bf_limit what);
uint64_t bf_limit_most(enum bf_limit what);

#endif
