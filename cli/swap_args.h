/*
 * swap_args.h - how the commands of 'swap' read what their options say
 */
#ifndef BF_SWAP_ARGS_H
#define BF_SWAP_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "generator/swap_model.h"

/* "a" or "b"; text NULL leaves *out as it is. false: neither. */
bool bf_swap_arg_who(enum bf_swap_who *out, const char *text);
/* A whole number from least to most; text NULL leaves *out as it is. */
bool bf_swap_arg_number(uint64_t *out, const char *text, uint64_t least, uint64_t most);

#endif
