/*
 * safetensors.h - tensors in a file that every tool of the field opens
 *
 * Eight bytes with the header's length, little-endian; a JSON object that gives each tensor's type,
 * shape and place, and "__metadata__" with strings; then the tensors' bytes. A file is taken for
 * hostile: what is read has been checked against the file's length, nothing overlaps, no byte
 * belongs to nobody.
 */
#ifndef BF_SAFETENSORS_H
#define BF_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_SAFETENSORS_FILE_MAX ((size_t)4 << 30)
#define BF_SAFETENSORS_HEADER_MAX ((size_t)4 << 20)
#define BF_SAFETENSORS_TENSORS_MAX 16384
#define BF_SAFETENSORS_METADATA_MAX 256
#define BF_SAFETENSORS_NAME_MAX 256  /* bytes of a name or a key, with its NUL */
#define BF_SAFETENSORS_TEXT_MAX 4096 /* of a metadata value, with its NUL */
#define BF_SAFETENSORS_DIMS_MAX 8

enum bf_safetensors_type {
    BF_SAFETENSORS_F32,
    BF_SAFETENSORS_F16,
    BF_SAFETENSORS_BF16,
    BF_SAFETENSORS_OTHER, /* known, but not read here: integers, doubles */
};

struct bf_safetensors_tensor {
    const char *name;
    enum bf_safetensors_type type;
    size_t shape[BF_SAFETENSORS_DIMS_MAX];
    int n_dims;
    size_t n; /* numbers */
    const uint8_t *data;
    size_t size; /* bytes */
};

struct bf_safetensors;

/* The file at path; BF_ERR_FORMAT or BF_ERR_LIMIT for one that is not as it should be. Close with
 * bf_safetensors_close. */
enum bf_err bf_safetensors_open(struct bf_safetensors **s, const char *path, struct bf_error *err);
/* The same from memory, which must outlive *s. name stands in errors. */
enum bf_err bf_safetensors_parse(struct bf_safetensors **s, const void *data, size_t n,
                                 const char *name, struct bf_error *err);
void bf_safetensors_close(struct bf_safetensors **s);

size_t bf_safetensors_count(const struct bf_safetensors *s);
/* In the order of their bytes. */
const struct bf_safetensors_tensor *bf_safetensors_at(const struct bf_safetensors *s, size_t i);
/* NULL where there is none. */
const struct bf_safetensors_tensor *bf_safetensors_find(const struct bf_safetensors *s,
                                                        const char *name);
const char *bf_safetensors_metadata(const struct bf_safetensors *s, const char *key);
/* All numbers of t, which is not BF_SAFETENSORS_OTHER, to out (t->n). */
void bf_safetensors_read(float *out, const struct bf_safetensors_tensor *t);

/* One tensor to be written; name in UTF-8, without a control character. */
struct bf_safetensors_item {
    const char *name;
    const size_t *shape;
    int n_dims;
    const float *data;
    bool half; /* written as F16, each number rounded to the nearest */
};

struct bf_safetensors_text {
    const char *key, *value;
};

/* Writes F32 or F16 tensors in this order, complete or not at all; flags are those of
 * bf_output_open. */
enum bf_err bf_safetensors_write(const char *path, unsigned flags,
                                 const struct bf_safetensors_item *items, size_t n_items,
                                 const struct bf_safetensors_text *texts, size_t n_texts,
                                 struct bf_error *err);

#endif
