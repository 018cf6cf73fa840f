/*
 * store_form.h - the form of LMDB's pages, for those who read them without LMDB
 *
 * The form of LMDB 0.9 files (data version 1) as 64-bit little-endian machines write them; on
 * others nobody reads them so.
 *
 * - page: pgno u64, pad u16, flags u16, lower u16, upper u16 (an overflow run: its pages u32)
 * - node: size u32 (in branches the low half of a page number), flags u16, key size u16, key, data
 * - tree: pad u32, flags u16, depth u16, page counts 3 u64, entries u64, root u64
 * - header: page header, magic u32, version u32, address u64, map size u64, free tree, main tree,
 *   last page u64, txn u64
 */
#ifndef BF_STORE_FORM_H
#define BF_STORE_FORM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define PAGE_HEAD 16
#define NODE_HEAD 8
#define TREE_SIZE 48
#define DEPTH_MAX 32
#define NESTED_MAX 3 /* main tree, table, values of one key */
#define MAGIC 0xBEEFC0DEu
#define VERSION 1
#define NO_PAGE UINT64_MAX

enum page_flags {
    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_OVERFLOW = 0x04,
    PAGE_FIXED = 0x20, /* keys of one size, without nodes */
    PAGE_SUB = 0x40,
};

enum node_flags {
    NODE_BIG = 1,  /* data is the number of an overflow run */
    NODE_TREE = 2, /* data is a tree */
    NODE_DUPS = 4, /* data is a sub-page or tree of values */
};

struct tree {
    uint32_t pad;
    uint16_t depth;
    uint64_t root;
};

static inline bool known_platform(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && sizeof(size_t) == 8;
}

static inline uint16_t u16_at(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | (uint32_t)u16_at(p + 2) << 16;
}

static inline uint64_t u64_at(const uint8_t *p)
{
    return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

static inline bool read_at(int fd, uint8_t *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t k = pread(fd, p, n, (off_t)at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return true;
}

static inline struct tree tree_at(const uint8_t *p)
{
    return (struct tree){.pad = u32_at(p), .depth = u16_at(p + 6), .root = u64_at(p + 40)};
}

/* Keys of a page with fixed-size keys, or a sub-page of them, of n bytes. */
static inline bool check_fixed(const uint8_t *page, uint64_t n)
{
    uint64_t size = u16_at(page + 8), count = (uint64_t)(u16_at(page + 12) - PAGE_HEAD) / 2;

    return size > 0 && PAGE_HEAD + size * count <= n;
}

/* Where node i of a page of n bytes starts; 0 where it does not lie in it. */
static inline uint64_t node_at(const uint8_t *page, uint64_t i, uint64_t n)
{
    uint64_t at = u16_at(page + PAGE_HEAD + 2 * i);

    if (at < u16_at(page + 12) || at + NODE_HEAD > n || at + NODE_HEAD + u16_at(page + at + 6) > n)
        return 0;
    return at;
}

/* lower and upper of a page, or sub-page, of n bytes */
static inline bool check_bounds(const uint8_t *page, uint64_t n)
{
    uint64_t lower = u16_at(page + 12), upper = u16_at(page + 14);

    return lower >= PAGE_HEAD && lower % 2 == 0 && lower <= n && upper <= n && lower <= upper;
}

/* The values of one key that live inside its node. */
static inline bool check_sub_page(const uint8_t *page, uint64_t n)
{
    uint64_t i, count;

    if (n < PAGE_HEAD || !(u16_at(page + 10) & PAGE_SUB) || !check_bounds(page, n))
        return false;
    if (u16_at(page + 10) & PAGE_FIXED)
        return check_fixed(page, n);
    count = (uint64_t)(u16_at(page + 12) - PAGE_HEAD) / 2;
    for (i = 0; i < count; i++) {
        uint64_t at = node_at(page, i, n);

        if (at == 0 || at + NODE_HEAD + u16_at(page + at + 6) + u32_at(page + at) > n)
            return false;
    }
    return count > 0;
}

#endif
