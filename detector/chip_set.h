/*
 * chip_set.h - a file of chips to train on: each real one with the fakes made of it
 *
 * The file is one machine's working material, in that machine's byte order: eight bytes of name,
 * then records of one size. A real chip comes before its fakes, which have its group; all of a
 * group went through the same coder at the same rate and size.
 */
#ifndef BF_CHIP_SET_H
#define BF_CHIP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/chip.h"
#include "lib/base/error.h"
#include "lib/base/file.h"

#define BF_CHIP_FAMILY_MAX 16 /* with its NUL */

struct bf_chip_record {
    uint32_t group;            /* number of the real chip's record */
    uint32_t person;           /* any number that is the person's own */
    uint16_t crf;              /* of the coder; 0: none */
    uint8_t fake, half, still; /* 0 or 1; still: of a photograph */
    uint8_t spare[3];
    char family[BF_CHIP_FAMILY_MAX]; /* of a fake: "paste", ...; of a real one "real" */
    uint8_t chip[BF_CHIP_SIZE * BF_CHIP_SIZE * 3];
    uint8_t mask[BF_CHIP_MASK * BF_CHIP_MASK]; /* 255 where the fake was blended in */
};

/* Begins the file; records follow by bf_output_write, as they lie in memory. */
enum bf_err bf_chip_set_begin(struct bf_output *out, struct bf_error *err);

struct bf_chip_set {
    const struct bf_chip_record *record; /* (n), mapped */
    size_t n;
    uint32_t *real; /* (n_real): records of the real ones that have a fake */
    size_t n_real;
    void *map;
    size_t map_size;
};

/*
 * left_out is a family whose fakes are passed over, as are reals without another; NULL: none.
 * BF_ERR_FORMAT for a file that is no set of chips. The file is mapped, not read, for it may be
 * larger than memory: whoever cuts it short while it is open ends the program with SIGBUS. It is to
 * be replaced, as bf_output_commit does, not written over.
 */
enum bf_err bf_chip_set_open(struct bf_chip_set *s, const char *path, const char *left_out,
                             struct bf_error *err);
void bf_chip_set_close(struct bf_chip_set *s);
/* How many fakes the real chip at record r has, left_out not among them. */
size_t bf_chip_set_fakes(const struct bf_chip_set *s, size_t r, const char *left_out);

#endif
