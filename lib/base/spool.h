/*
 * spool.h - rows of one size kept in a nameless temporary file, so that memory stays flat however
 * many there are
 *
 * The caller names the folder; the file vanishes with the process.
 */
#ifndef BF_SPOOL_H
#define BF_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct bf_spool;

/* dir: where the file lies, e.g. "/tmp". row_size: bytes a row. */
enum bf_err bf_spool_open(struct bf_spool **s, const char *dir, size_t row_size,
                          struct bf_error *err);
void bf_spool_close(struct bf_spool **s);
enum bf_err bf_spool_append(struct bf_spool *s, const void *row, struct bf_error *err);
uint64_t bf_spool_rows(const struct bf_spool *s);
/* Make the rows readable; to be called after the last append and before the first bf_spool_row. */
enum bf_err bf_spool_seal(struct bf_spool *s, struct bf_error *err);
const void *bf_spool_row(const struct bf_spool *s, uint64_t i);

#endif
