#include "lib/media/limits.h"

#include <assert.h>
#include <stdatomic.h>

#include "lib/media/video.h"

/* clang-format off: a line each */
static const struct {
    uint64_t least, most;
} range[BF_LIMIT_COUNT] = {
    [BF_LIMIT_SIDE] = {16, BF_VIDEO_DIM_MAX},
    [BF_LIMIT_FRAMES] = {1, 100000000},
    [BF_LIMIT_SECONDS] = {1, 720000},
    [BF_LIMIT_STREAMS] = {1, 1000},
    [BF_LIMIT_MEMORY] = {BF_LIMIT_MEMORY_LEAST, 32768},
    [BF_LIMIT_FACES] = {1, 256},
};
/* clang-format on */

/* 0: at its most */
static _Atomic uint64_t lowered[BF_LIMIT_COUNT];

uint64_t bf_limit_least(enum bf_limit what)
{
    return range[what].least;
}

uint64_t bf_limit_most(enum bf_limit what)
{
    return range[what].most;
}

uint64_t bf_limit(enum bf_limit what)
{
    uint64_t value = atomic_load(&lowered[what]);

    assert(what < BF_LIMIT_COUNT);
    return value != 0 ? value : range[what].most;
}

bool bf_limit_set(enum bf_limit what, uint64_t value)
{
    if (value < range[what].least || value > range[what].most)
        return false;
    atomic_store(&lowered[what], value);
    return true;
}
