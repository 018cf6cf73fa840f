/*
 * chip_fixture.h - sets of chips made by arithmetic: a smooth face-sized blob, and fakes with a
 * square in it
 */
#ifndef BF_CHIP_FIXTURE_H
#define BF_CHIP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detector/chip_set.h"

/* The oval of record i, in one colour a person; a fake has a bright square in its middle. */
static inline void fixture_chip(struct bf_chip_record *r, uint32_t i, uint32_t group,
                                uint32_t person, const char *family)
{
    int x, y, c;

    memset(r, 0, sizeof *r);
    r->group = group;
    r->person = person;
    r->fake = strcmp(family, "real") != 0;
    memcpy(r->family, family, strlen(family));
    for (y = 0; y < BF_CHIP_SIZE; y++)
        for (x = 0; x < BF_CHIP_SIZE; x++) {
            float u = ((float)x - 160) / 120, v = ((float)y - 160) / 140;
            bool inside = r->fake && abs(x - 160) < 48 && abs(y - 160) < 48;

            for (c = 0; c < 3; c++)
                r->chip[(y * BF_CHIP_SIZE + x) * 3 + c] =
                    (uint8_t)(inside && (x / 4 + y / 4) % 2 == 0 ? 250
                              : u * u + v * v < 1 ? 110 + 10 * c + (int)(person * 13 + i * 5) % 40
                                                  : 60 + (x + y) / 16);
        }
    for (y = 0; r->fake && y < BF_CHIP_MASK; y++)
        for (x = 0; x < BF_CHIP_MASK; x++)
            r->mask[y * BF_CHIP_MASK + x] = abs(x - 20) < 6 && abs(y - 20) < 6 ? 255 : 0;
}

/* families: one letter a record, 'r' real, 'p' "paste", 'b' "blend"; each real one begins a group
 * and is another person. */
static inline void fixture_chips(struct bf_chip_record *r, const char *families)
{
    uint32_t i, group = 0, person = 0;

    for (i = 0; families[i] != 0; i++) {
        if (families[i] == 'r') {
            group = i;
            person++;
        }
        fixture_chip(&r[i], i, group, person,
                     families[i] == 'r'   ? "real"
                     : families[i] == 'p' ? "paste"
                                          : "blend");
    }
}

static inline void fixture_chip_file(const char *path, const struct bf_chip_record *r, size_t n)
{
    struct bf_output *out = NULL;

    assert_int_equal(bf_output_open(&out, path, BF_OUTPUT_FORCE, NULL), BF_OK);
    assert_int_equal(bf_chip_set_begin(out, NULL), BF_OK);
    assert_int_equal(bf_output_write(out, r, n * sizeof *r, NULL), BF_OK);
    assert_int_equal(bf_output_commit(out, NULL), BF_OK);
    bf_output_close(&out);
}

/* The set that families tells of, as a file. */
static inline void fixture_chip_set(const char *path, const char *families)
{
    struct bf_chip_record *r = calloc(strlen(families) + 1, sizeof *r);

    assert_non_null(r);
    fixture_chips(r, families);
    fixture_chip_file(path, r, strlen(families));
    free(r);
}

#endif
