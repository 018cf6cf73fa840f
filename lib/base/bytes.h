/*
 * bytes.h - growing byte buffers, bounded readers, fixed-order integers
 *
 * Everything that comes from outside is read through struct bf_reader: it never reads past its end,
 * and once it has failed every further read fails too, so that a parser checks once, at the end.
 */
#ifndef BF_BYTES_H
#define BF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer. Zero-initialise; release with bf_buf_release. */
struct bf_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed; /* memory ran out; further appends do nothing */
};

void bf_buf_release(struct bf_buf *b);
/* Make room for n more bytes; false where memory ran out. */
bool bf_buf_reserve(struct bf_buf *b, size_t n);
bool bf_buf_append(struct bf_buf *b, const void *p, size_t n);
bool bf_buf_put_u8(struct bf_buf *b, uint8_t v);
bool bf_buf_put_be16(struct bf_buf *b, uint16_t v);
bool bf_buf_put_be32(struct bf_buf *b, uint32_t v);
bool bf_buf_put_be64(struct bf_buf *b, uint64_t v);
/* LEB128, unsigned; and signed by zigzag. */
bool bf_buf_put_varint(struct bf_buf *b, uint64_t v);
bool bf_buf_put_svarint(struct bf_buf *b, int64_t v);
/* Appends formatted text without a terminating NUL. */
bool bf_buf_printf(struct bf_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A window on memory that somebody else owns. */
struct bf_reader {
    const uint8_t *p;
    size_t left;
    bool failed;
};

void bf_reader_init(struct bf_reader *r, const void *p, size_t n);
/* Returns a pointer to the next n bytes and steps over them; NULL where fewer are left. */
const uint8_t *bf_read_bytes(struct bf_reader *r, size_t n);
uint8_t bf_read_u8(struct bf_reader *r);
uint16_t bf_read_be16(struct bf_reader *r);
uint32_t bf_read_be32(struct bf_reader *r);
uint64_t bf_read_be64(struct bf_reader *r);
/* Fails on more than 10 bytes, on overflow and on a padded form. */
uint64_t bf_read_varint(struct bf_reader *r);
int64_t bf_read_svarint(struct bf_reader *r);
/* True where nothing failed and nothing is left. */
bool bf_reader_done(const struct bf_reader *r);

void bf_put_be32(uint8_t *p, uint32_t v);
void bf_put_be64(uint8_t *p, uint64_t v);
uint32_t bf_get_be32(const uint8_t *p);
uint64_t bf_get_be64(const uint8_t *p);

#endif
