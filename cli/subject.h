/*
 * subject.h - the statement by which a person's face may be used: consent, or the data set's terms
 */
#ifndef BF_SUBJECT_H
#define BF_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_SUBJECT_BYTES_MAX (16u << 20)

/* SHA-256 of the file at path, which must not be empty, and its name without the folders (name has
 * room for cap bytes). */
enum bf_err bf_subject_read(uint8_t hash32[32], char *name, size_t cap, const char *path,
                            struct bf_error *err);

#endif
