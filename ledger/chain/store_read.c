/*
 * Values of many keys, read past LMDB's map.
 *
 * A lookup wants some three hundred pages that lie all over a large file. Through the map each is a
 * fault that maps its neighbours too, all of which stay resident; through pread it is a copy into a
 * cache of our own, of one size whatever the ledger's. Pages that turn out to come from the disk
 * are asked for together, not one after the other. A reader's slot keeps the snapshot's pages as
 * they are (store_check.h); those of a write transaction are LMDB's own.
 */
#include "ledger/chain/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <lmdb.h>

#include "ledger/chain/store_form.h"
#include "ledger/chain/store_impl.h"

#define CACHE_BYTES ((size_t)32 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define AT_ONCE 512    /* keys; also pages of one key */
#define BOUND_MAX 16   /* bytes of a key */
#define SLOW_NS 40000L /* a page that took longer came from the disk */

struct bf_page_cache {
    size_t page_size, n_slots; /* a power of two */
    uint64_t last_page;
    int fd;
    uint64_t *number; /* (n_slots), 0: nothing */
    uint8_t *bytes;   /* (n_slots, page_size) */
    struct tree root[BF_TABLE_COUNT];
    bool known[BF_TABLE_COUNT];
};

/* Where a key's values are looked for next; page 0: nowhere. */
struct place {
    uint64_t page;
    uint16_t depth; /* of a tree of values */
    uint32_t size;  /* of a value in it */
};

/* A key that is behind all of a page. */
struct bound {
    bool known;
    uint8_t key[BOUND_MAX];
};

struct reading {
    struct bf_page_cache *cache;
    const uint8_t *keys;
    size_t key_len;
    bf_dups_visit *fn;
    void *ctx;
    bool more;
    uint64_t leaf, branch; /* found last, and the branch above it */
    struct bound leaf_end, branch_end;
};

void bf_page_cache_free(struct bf_page_cache **c)
{
    if (*c == NULL)
        return;
    free((*c)->number);
    free((*c)->bytes);
    free(*c);
    *c = NULL;
}

static struct bf_page_cache *cache_create(const struct bf_txn *t)
{
    struct bf_page_cache *c = calloc(1, sizeof *c);
    MDB_envinfo info;
    MDB_stat st;

    if (c == NULL || mdb_env_info(t->store->env, &info) != 0 ||
        mdb_env_stat(t->store->env, &st) != 0)
        goto failed;
    c->fd = t->store->data_fd;
    c->page_size = st.ms_psize;
    c->last_page = info.me_last_pgno;
    c->n_slots = CACHE_BYTES / c->page_size;
    c->number = calloc(c->n_slots, sizeof *c->number);
    c->bytes = aligned_alloc(HUGE_PAGE, CACHE_BYTES);
    if (c->bytes != NULL)
        madvise(c->bytes, CACHE_BYTES, MADV_HUGEPAGE);
    if (c->number != NULL && c->bytes != NULL)
        return c;
failed:
    bf_page_cache_free(&c);
    return NULL;
}

/* A table's tree stands as a value in the main one. */
static bool find_root(struct tree *root, const struct bf_txn *t, enum bf_table table)
{
    union {
        const void *in;
        void *out;
    } name = {bf_table_names[table]};
    MDB_val k = {strlen(bf_table_names[table]), name.out}, v;
    MDB_dbi main_table;

    if (mdb_dbi_open(t->txn, NULL, 0, &main_table) != 0 ||
        mdb_get(t->txn, main_table, &k, &v) != 0 || v.mv_size != TREE_SIZE)
        return false;
    *root = tree_at(v.mv_data);
    return true;
}

static long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

/*
 * A page, in its own bounds; the pointer lives until the next call. *slow says that it had to be
 * waited for. NULL where it is damaged.
 */
static const uint8_t *page_at(struct bf_page_cache *c, uint64_t number, bool *slow)
{
    size_t slot = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (c->n_slots - 1);
    uint8_t *page = c->bytes + slot * c->page_size;
    long start;

    if (c->number[slot] == number)
        return page;
    if (number < 2 || number > c->last_page)
        return NULL;
    c->number[slot] = 0;
    start = now_ns();
    if (!read_at(c->fd, page, c->page_size, number * c->page_size) || u64_at(page) != number ||
        !check_bounds(page, c->page_size))
        return NULL;
    *slow = now_ns() - start > SLOW_NS;
    c->number[slot] = number;
    return page;
}

static void ask_for(const struct bf_page_cache *c, uint64_t number)
{
    posix_fadvise(c->fd, (off_t)(number * c->page_size), (off_t)c->page_size, POSIX_FADV_WILLNEED);
}

static unsigned flags_of(const uint8_t *page)
{
    return u16_at(page + 10);
}

static size_t count_of(const uint8_t *page)
{
    return (size_t)(u16_at(page + 12) - PAGE_HEAD) / 2;
}

static int u24_at(const uint8_t *p)
{
    return p[0] << 16 | p[1] << 8 | p[2];
}

/* As LMDB orders them: by bytes, then by length. */
static int compare(const struct reading *r, const uint8_t *key, const uint8_t *node)
{
    size_t n = u16_at(node + 6);
    int d;

    if (n == 3 && r->key_len == 3) /* the lookup index's */
        return u24_at(key) - u24_at(node + NODE_HEAD);
    d = memcmp(key, node + NODE_HEAD, n < r->key_len ? n : r->key_len);

    return d != 0 ? d : (r->key_len > n) - (r->key_len < n);
}

/* The last node whose key is not greater; the first where there is none. NULL: damaged. */
static const uint8_t *search(const struct reading *r, const uint8_t *page, const uint8_t *key,
                             size_t *found)
{
    size_t from = 0, to = count_of(page), at;

    if (to == 0)
        return NULL;
    while (to - from > 1) {
        size_t mid = from + (to - from) / 2;

        at = node_at(page, mid, r->cache->page_size);
        if (at == 0)
            return NULL;
        if (compare(r, key, page + at) < 0)
            to = mid;
        else
            from = mid;
    }
    at = node_at(page, from, r->cache->page_size);
    *found = from;
    return at == 0 ? NULL : page + at;
}

static uint64_t child_of(const uint8_t *node)
{
    return u32_at(node) | (uint64_t)u16_at(node + 4) << 32;
}

/* Whether a key that is not before the last one is surely before the bound. */
static bool is_within(const struct reading *r, const struct bound *b, const uint8_t *key)
{
    return b->known && memcmp(key, b->key, r->key_len) < 0;
}

/*
 * Down to the leaf that would have the key; 0: damaged. A key that is not before the last one is
 * often on its leaf, or below the same branch.
 */
static uint64_t find_leaf(struct reading *r, const struct tree *root, const uint8_t *key,
                          bool in_order)
{
    uint64_t number = root->root;
    unsigned level = 1;
    bool slow;

    if (in_order && is_within(r, &r->leaf_end, key))
        return r->leaf;
    if (in_order && is_within(r, &r->branch_end, key)) {
        number = r->branch;
        level = root->depth - 1u;
        r->leaf_end = r->branch_end;
    } else {
        r->leaf_end.known = r->branch_end.known = false;
    }
    for (; level < root->depth; level++) {
        const uint8_t *page = page_at(r->cache, number, &slow), *node;
        size_t i, next;

        if (page == NULL || flags_of(page) != PAGE_BRANCH)
            return 0;
        if (level + 1u == root->depth) {
            r->branch = number;
            r->branch_end = r->leaf_end;
        }
        node = search(r, page, key, &i);
        if (node == NULL)
            return 0;
        number = child_of(node);
        if (i + 1 == count_of(page))
            continue;
        next = node_at(page, i + 1, r->cache->page_size);
        if (next == 0)
            return 0;
        r->leaf_end.known = u16_at(page + next + 6) == r->key_len && r->key_len <= BOUND_MAX;
        if (r->leaf_end.known)
            memcpy(r->leaf_end.key, page + next + NODE_HEAD, r->key_len);
    }
    r->leaf = number;
    return number;
}

/* All of a page with fixed-size values. */
static bool visit_fixed(struct reading *r, size_t i, const uint8_t *page, size_t room)
{
    if (!check_fixed(page, room))
        return false;
    if (count_of(page) > 0)
        r->more = r->fn(r->ctx, i, page + PAGE_HEAD, u16_at(page + 8), count_of(page));
    return true;
}

/* A key on its leaf: its values, where they are there, or where their tree is. */
static bool visit_leaf(struct reading *r, size_t i, struct place *p, bool *slow)
{
    const uint8_t *page = page_at(r->cache, p->page, slow), *key = r->keys + i * r->key_len, *node,
                  *data;
    size_t at, room, size;
    unsigned flags;

    p->page = 0;
    if (page == NULL || flags_of(page) != PAGE_LEAF)
        return false;
    node = search(r, page, key, &at);
    if (node == NULL)
        return false;
    if (compare(r, key, node) != 0)
        return true;
    flags = u16_at(node + 4);
    size = u32_at(node);
    data = node + NODE_HEAD + r->key_len;
    room = r->cache->page_size - (size_t)(data - page);
    if (size > room || (flags & NODE_BIG))
        return false;
    if (flags & NODE_TREE) {
        struct tree t;

        if (size != TREE_SIZE)
            return false;
        t = tree_at(data);
        *p = (struct place){t.root, t.depth, t.pad};
        return t.depth >= 1 && t.depth <= DEPTH_MAX && t.root >= 2;
    }
    if (flags & NODE_DUPS)
        return check_sub_page(data, size) && (flags_of(data) & PAGE_FIXED) &&
               visit_fixed(r, i, data, size);
    r->more = r->fn(r->ctx, i, data, size, 1);
    return true;
}

/* A tree of values, page after page. */
static bool visit_tree(struct reading *r, size_t i, const struct place *p, bool *slow)
{
    const uint8_t *page = page_at(r->cache, p->page, slow);
    struct place *child;
    size_t n, k;
    bool ok = true, late = false;

    if (page == NULL)
        return false;
    if (p->depth == 1)
        return flags_of(page) == (PAGE_LEAF | PAGE_FIXED) && u16_at(page + 8) == p->size &&
               visit_fixed(r, i, page, r->cache->page_size);
    n = count_of(page);
    if (flags_of(page) != PAGE_BRANCH || n < 2)
        return false;
    child = calloc(n, sizeof *child);
    if (child == NULL)
        return false;
    /* The page may leave the cache below. */
    for (k = 0; k < n && ok; k++) {
        size_t at = node_at(page, k, r->cache->page_size);

        ok = at != 0;
        if (ok)
            child[k] = (struct place){child_of(page + at), (uint16_t)(p->depth - 1), p->size};
    }
    for (k = 0; k < n && ok && r->more; k++) {
        bool was_late = late;
        size_t j;

        ok = visit_tree(r, i, &child[k], &late);
        for (j = k + 1; late && !was_late && j < n; j++)
            ask_for(r->cache, child[j].page);
    }
    *slow = *slow || late;
    free(child);
    return ok;
}

/* Step all keys on by one page each; once one had to be waited for, ask for the others' at once. */
static bool visit_places(struct reading *r, size_t first, struct place *place, size_t n,
                         bool (*step)(struct reading *r, size_t i, struct place *p, bool *slow))
{
    bool asked = false;
    size_t i, k;

    for (i = 0; i < n && r->more; i++) {
        bool slow = false;

        if (place[i].page == 0)
            continue;
        if (!step(r, first + i, &place[i], &slow))
            return false;
        if (slow && !asked) {
            uint64_t last = 0;

            for (k = i + 1; k < n; k++) {
                if (place[k].page != 0 && place[k].page != last)
                    ask_for(r->cache, place[k].page);
                last = place[k].page;
            }
            asked = true;
        }
    }
    return true;
}

static bool step_tree(struct reading *r, size_t i, struct place *p, bool *slow)
{
    return visit_tree(r, i, p, slow);
}

static bool visit_keys(struct reading *r, const struct tree *root, size_t first, size_t n)
{
    struct place place[AT_ONCE];
    size_t i;

    for (i = 0; i < n; i++) {
        const uint8_t *key = r->keys + (first + i) * r->key_len;
        bool in_order = i > 0 && memcmp(key, key - r->key_len, r->key_len) >= 0;

        place[i] = (struct place){.page = find_leaf(r, root, key, in_order)};
        if (place[i].page == 0)
            return false;
    }
    return visit_places(r, first, place, n, visit_leaf) &&
           visit_places(r, first, place, n, step_tree);
}

enum bf_err bf_store_read_dups(bool *done, struct bf_txn *t, enum bf_table table, const void *keys,
                               size_t key_len, size_t n_keys, bf_dups_visit *fn, void *ctx,
                               struct bf_error *err)
{
    struct reading r = {.keys = keys, .key_len = key_len, .fn = fn, .ctx = ctx, .more = true};
    const struct tree *root;
    size_t i;

    *done = false;
    if (!known_platform() || t->write)
        return BF_OK;
    if (t->pages == NULL)
        t->pages = cache_create(t);
    if (t->pages == NULL)
        return bf_error_nomem(err);
    r.cache = t->pages;
    if (!r.cache->known[table]) {
        if (!find_root(&r.cache->root[table], t, table))
            return bf_store_error(t->store, MDB_CORRUPTED, "read", err);
        r.cache->known[table] = true;
    }
    *done = true;
    root = &r.cache->root[table];
    if (root->root == NO_PAGE)
        return BF_OK;
    if (root->depth < 1 || root->depth > DEPTH_MAX)
        return bf_store_error(t->store, MDB_CORRUPTED, "read", err);
    for (i = 0; i < n_keys && r.more; i += AT_ONCE)
        if (!visit_keys(&r, root, i, n_keys - i < AT_ONCE ? n_keys - i : AT_ONCE))
            return bf_store_error(t->store, MDB_CORRUPTED, "read", err);
    return BF_OK;
}
