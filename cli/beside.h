/*
 * beside.h - a file that is finished by going back to its start, written where it will lie in the
 * end
 *
 * bf_output takes bytes in order alone. What needs to go back grows in a file without a name in the
 * same folder, and is copied to the output when it is done.
 */
#ifndef BF_BESIDE_H
#define BF_BESIDE_H

#include "lib/base/file.h"

/* *fd is open for reading and writing, has no name, and is the caller's to close. */
enum bf_err bf_beside_open(int *fd, const char *path, struct bf_error *err);
/* Write all of fd to out. path is out's own, for errors. */
enum bf_err bf_beside_copy(struct bf_output *out, int fd, const char *path, struct bf_error *err);

#endif
