/*
 * swap_args.h - how the commands of 'swap' and 'detector' read what their options say
 */
#ifndef BF_SWAP_ARGS_H
#define BF_SWAP_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "generator/colour_transfer.h"
#include "generator/swap_model.h"

/* "a" or "b"; text NULL leaves *out as it is. false: neither. */
bool bf_swap_arg_who(enum bf_swap_who *out, const char *text);
/* "reinhard", "histogram" or "none", in the same way. */
bool bf_swap_arg_colour(enum bf_colour_mode *out, const char *text);
/* The place of text among names (n); text NULL leaves *out as it is. false: it is none of them. */
bool bf_swap_arg_choice(unsigned *out, const char *text, const char *const *names, unsigned n);
/* on[i]: whether names[i] (n) is among text's, which have commas between them. false where one is
 * none of names, or nothing. */
bool bf_swap_arg_names(bool *on, const char *text, const char *const *names, unsigned n);

#define BF_FAMILIES_MAX 16
/* Names of what a detector's video may be: "real", then BF_PLAN_SWAP, then each way to make a fake.
 * Returns how many there are. */
unsigned bf_swap_families(const char *name[BF_FAMILIES_MAX]);
/* A whole number from least to most; text NULL leaves *out as it is. */
bool bf_swap_arg_number(uint64_t *out, const char *text, uint64_t least, uint64_t most);
/* How far a change goes, 0.05 to 1; text NULL leaves *out as it is. */
bool bf_swap_arg_strength(float *out, const char *text);

#endif
