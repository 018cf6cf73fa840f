/*
 * mark_pattern.h - what the writer and the reader of the mark share: its grid and its signs
 */
#ifndef BF_MARK_PATTERN_H
#define BF_MARK_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BF_MARK_LONG = 64, /* cells along the longer side of the picture as shown */
    BF_MARK_SHORT = 36,
    BF_MARK_CELLS = BF_MARK_LONG * BF_MARK_SHORT,
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t bf_mark_random(uint64_t *state);
/* Whether the grid lies on its long side. A picture about as high as wide counts as wide, so that
 * the rounding of its sides does not turn the grid. */
bool bf_mark_is_wide(uint32_t width, uint32_t height);
/* sign is (rows, cols), each +1 or -1: SHORT x LONG where wide, else its transpose. */
void bf_mark_draw(int8_t sign[BF_MARK_CELLS], bool wide);

#endif
