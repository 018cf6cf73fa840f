#include "lib/base/bytes.h"

#include <stdarg.h>

void bf_buf_release(struct bf_buf *b)
{
    free(b->data);
    *b = (struct bf_buf){0};
}

bool bf_buf_reserve(struct bf_buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 256;
    uint8_t *p;

    if (b->failed || n > SIZE_MAX / 2 - b->len) {
        b->failed = true;
        return false;
    }
    if (b->len + n <= b->cap)
        return true;
    while (cap < b->len + n)
        cap *= 2;
    p = realloc(b->data, cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->data = p;
    b->cap = cap;
    return true;
}

bool bf_buf_append(struct bf_buf *b, const void *p, size_t n)
{
    if (!bf_buf_reserve(b, n))
        return false;
    if (n > 0)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    return true;
}

bool bf_buf_put_u8(struct bf_buf *b, uint8_t v)
{
    return bf_buf_append(b, &v, 1);
}

bool bf_buf_put_be16(struct bf_buf *b, uint16_t v)
{
    uint8_t p[2] = {(uint8_t)(v >> 8), (uint8_t)v};

    return bf_buf_append(b, p, sizeof p);
}

bool bf_buf_put_be32(struct bf_buf *b, uint32_t v)
{
    uint8_t p[4];

    bf_put_be32(p, v);
    return bf_buf_append(b, p, sizeof p);
}

bool bf_buf_put_be64(struct bf_buf *b, uint64_t v)
{
    uint8_t p[8];

    bf_put_be64(p, v);
    return bf_buf_append(b, p, sizeof p);
}

bool bf_buf_put_varint(struct bf_buf *b, uint64_t v)
{
    uint8_t p[10];
    size_t n = 0;

    while (v >= 0x80) {
        p[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    p[n++] = (uint8_t)v;
    return bf_buf_append(b, p, n);
}

bool bf_buf_put_svarint(struct bf_buf *b, int64_t v)
{
    return bf_buf_put_varint(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

bool bf_buf_printf(struct bf_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !bf_buf_reserve(b, (size_t)n + 1))
        return false;
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return true;
}

void bf_reader_init(struct bf_reader *r, const void *p, size_t n)
{
    r->p = p;
    r->left = n;
    r->failed = false;
}

const uint8_t *bf_read_bytes(struct bf_reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (r->failed || n > r->left) {
        r->failed = true;
        return NULL;
    }
    r->p += n;
    r->left -= n;
    return p;
}

uint8_t bf_read_u8(struct bf_reader *r)
{
    const uint8_t *p = bf_read_bytes(r, 1);

    return p ? p[0] : 0;
}

uint16_t bf_read_be16(struct bf_reader *r)
{
    const uint8_t *p = bf_read_bytes(r, 2);

    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t bf_read_be32(struct bf_reader *r)
{
    const uint8_t *p = bf_read_bytes(r, 4);

    return p ? bf_get_be32(p) : 0;
}

uint64_t bf_read_be64(struct bf_reader *r)
{
    const uint8_t *p = bf_read_bytes(r, 8);

    return p ? bf_get_be64(p) : 0;
}

uint64_t bf_read_varint(struct bf_reader *r)
{
    uint64_t v = 0;
    unsigned shift;

    for (shift = 0; shift < 64; shift += 7) {
        uint8_t c = bf_read_u8(r);

        if (r->failed)
            return 0;
        if ((shift == 63 && c > 1) || (shift > 0 && c == 0)) {
            r->failed = true;
            return 0;
        }
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return v;
    }
    r->failed = true;
    return 0;
}

int64_t bf_read_svarint(struct bf_reader *r)
{
    uint64_t u = bf_read_varint(r);

    return (int64_t)((u >> 1) ^ (u & 1 ? UINT64_MAX : 0));
}

bool bf_reader_done(const struct bf_reader *r)
{
    return !r->failed && r->left == 0;
}

void bf_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void bf_put_be64(uint8_t *p, uint64_t v)
{
    bf_put_be32(p, (uint32_t)(v >> 32));
    bf_put_be32(p + 4, (uint32_t)v);
}

uint32_t bf_get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t bf_get_be64(const uint8_t *p)
{
    return (uint64_t)bf_get_be32(p) << 32 | bf_get_be32(p + 4);
}
