/*
 * code_table.h - cosines of the lookup code's transform
 */
#ifndef BF_CODE_TABLE_H
#define BF_CODE_TABLE_H

#include <stdint.h>

#include "ledger/digest/frame_digest.h"

#define BF_CODE_FREQUENCIES 16

/* Row u-1, column x: round(4096 cos(pi (2x + 1) u / (2 n))), u from 1 to 16; n is BF_GRID_LONG or
 * BF_GRID_SHORT. */
const int16_t (*bf_code_table(unsigned n))[BF_GRID_LONG];

#endif
