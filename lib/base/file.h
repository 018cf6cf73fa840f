/*
 * file.h - whole files in, and files out that are there complete or not at all
 */
#ifndef BF_FILE_H
#define BF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

/* Append all of the regular file at path to out; more than max bytes is BF_ERR_LIMIT, a folder or
 * device BF_ERR_FORMAT. */
enum bf_err bf_file_read(struct bf_buf *out, const char *path, size_t max, struct bf_error *err);

/* All of b as the file at path, there complete or not at all; flags are those of bf_output_open.
 * BF_ERR_NOMEM where b has failed. */
enum bf_err bf_file_write(const char *path, unsigned flags, const struct bf_buf *b,
                          struct bf_error *err);

/*
 * Open a regular file for reading. A folder, a device, or an empty file is refused with a sentence
 * that says so.
 */
enum bf_err bf_file_open(int *fd, const char *path, struct bf_error *err);

/*
 * Have the folder that path lies in on the disk, without which a new name does not outlast a power
 * cut. 0, or -1 with errno where the disk fails.
 */
int bf_folder_sync(const char *path);

/*
 * A file being written: bytes go to a file in path's folder that has no name yet (or, where the
 * file system has no such thing, a temporary one), and bf_output_commit gives it its name after
 * fsync. Without a commit nothing stays, even where the process is killed; but where a file
 * replaces another, a kill between two calls of the commit may leave it whole under a name like
 * .NAME.123456, which nobody reads.
 */
struct bf_output;
#define BF_OUTPUT_FORCE 1u   /* replace an existing file */
#define BF_OUTPUT_PRIVATE 2u /* mode 0600 */
/* BF_ERR_EXISTS where path is there and BF_OUTPUT_FORCE is not given. */
enum bf_err bf_output_open(struct bf_output **out, const char *path, unsigned flags,
                           struct bf_error *err);
enum bf_err bf_output_write(struct bf_output *out, const void *p, size_t n, struct bf_error *err);
/* The descriptor beneath, open for reading and writing and still bf_output's own: for those who go
 * back to the file's start. Between this and bf_output_write they take turns at their peril. */
int bf_output_fd(const struct bf_output *out);
/* What has been written so far, mapped for reading; the mapping lives until bf_output_close. At
 * least one byte. */
enum bf_err bf_output_map(struct bf_output *out, const void **p, size_t *n, struct bf_error *err);
/* Flush to the disk; after it has answered, only the naming can fail. */
enum bf_err bf_output_sync(struct bf_output *out, struct bf_error *err);
/* Sync, give the name, and sync the folder: what this has answered outlasts a power cut. Without
 * BF_OUTPUT_FORCE a file that appeared at path meanwhile is left alone: BF_ERR_EXISTS. On failure
 * there is no new file at path, unless it has replaced one already. */
enum bf_err bf_output_commit(struct bf_output *out, struct bf_error *err);
void bf_output_close(struct bf_output **out);

#endif
