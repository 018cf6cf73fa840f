#include "ledger/chain/store_check.h"

#include "ledger/chain/store_form.h"

struct walk {
    int fd;
    uint64_t page_size, last_page;
    uint64_t left;   /* pages still to be looked at */
    uint64_t budget; /* pages that a sound file can have: more is a loop */
    bool is_free;    /* in the tree of free pages */
};

static bool walk_tree(struct walk *w, const struct tree *t, unsigned nested);

/* An overflow run that has room for size bytes. */
static bool check_run(struct walk *w, uint64_t pgno, uint64_t size)
{
    uint8_t head[PAGE_HEAD];
    uint64_t pages;

    if (pgno < 2 || pgno > w->last_page || !read_at(w->fd, head, sizeof head, pgno * w->page_size))
        return false;
    pages = u32_at(head + 12);
    return u64_at(head) == pgno && (u16_at(head + 10) & PAGE_OVERFLOW) &&
           pages <= w->last_page - pgno + 1 && PAGE_HEAD + size <= pages * w->page_size;
}

/* A free list: a count and so many page numbers. */
static bool check_free(const struct walk *w, const uint8_t *p, uint64_t n)
{
    uint64_t count = n >= 8 ? u64_at(p) : UINT64_MAX, i;

    if (count > (n - 8) / 8)
        return false;
    for (i = 1; i <= count; i++)
        if (u64_at(p + 8 * i) < 2 || u64_at(p + 8 * i) > w->last_page)
            return false;
    return true;
}

static bool check_leaf_node(struct walk *w, const uint8_t *node, uint64_t room, unsigned nested)
{
    uint64_t size = u32_at(node), key = u16_at(node + 6);
    unsigned flags = u16_at(node + 4);
    const uint8_t *data = node + NODE_HEAD + key;

    room -= NODE_HEAD + key;
    if (flags & NODE_BIG)
        return flags == NODE_BIG && room >= 8 && check_run(w, u64_at(data), size);
    if (size > room)
        return false;
    if (flags & NODE_TREE) {
        struct tree t;

        if (size != TREE_SIZE || nested + 1 >= NESTED_MAX)
            return false;
        t = tree_at(data);
        return walk_tree(w, &t, nested + 1);
    }
    if (flags & NODE_DUPS)
        return check_sub_page(data, size);
    return !w->is_free || (key == 8 && check_free(w, data, size));
}

/* One page and what is below it. */
static bool walk_page(struct walk *w, uint64_t pgno, unsigned level, const struct tree *t,
                      unsigned nested)
{
    uint8_t *page;
    uint64_t i, count;
    unsigned flags;
    bool ok = false;

    if (w->left == 0)
        return true;
    w->left--;
    if (w->budget == 0 || pgno < 2 || pgno > w->last_page || level > t->depth)
        return false;
    w->budget--;
    page = malloc((size_t)w->page_size);
    if (page == NULL)
        return true; /* no memory is no damage */
    if (!read_at(w->fd, page, (size_t)w->page_size, pgno * w->page_size) || u64_at(page) != pgno ||
        !check_bounds(page, w->page_size))
        goto out;
    flags = u16_at(page + 10);
    count = (uint64_t)(u16_at(page + 12) - PAGE_HEAD) / 2;
    if (flags == (PAGE_LEAF | PAGE_FIXED)) {
        ok = level == t->depth && check_fixed(page, w->page_size) && u16_at(page + 8) == t->pad;
        goto out;
    }
    /* LMDB keeps at least one entry on a leaf and two on a branch. */
    if ((flags == PAGE_LEAF) != (level == t->depth) ||
        (flags != PAGE_LEAF && flags != PAGE_BRANCH) || count < (flags == PAGE_LEAF ? 1 : 2))
        goto out;
    for (i = 0; i < count; i++) {
        uint64_t at = node_at(page, i, w->page_size);

        if (at == 0)
            goto out;
        if (flags == PAGE_LEAF
                ? !check_leaf_node(w, page + at, w->page_size - at, nested)
                : !walk_page(w, u32_at(page + at) | (uint64_t)u16_at(page + at + 4) << 32,
                             level + 1, t, nested))
            goto out;
    }
    ok = true;
out:
    free(page);
    return ok;
}

static bool walk_tree(struct walk *w, const struct tree *t, unsigned nested)
{
    if (t->root == NO_PAGE)
        return t->depth == 0;
    return t->depth >= 1 && t->depth <= DEPTH_MAX && walk_page(w, t->root, 1, t, nested);
}

struct head {
    uint64_t page_size, map_size, last_page, txnid;
    struct tree free, main;
};

/* Header page i (0 or 1); false where it is not one. */
static bool read_head(struct head *h, int fd, unsigned i, uint64_t page_size)
{
    uint8_t p[PAGE_HEAD + 24 + 2 * TREE_SIZE + 16];

    if (!read_at(fd, p, sizeof p, i * page_size) || u32_at(p + 16) != MAGIC ||
        u32_at(p + 20) != VERSION)
        return false;
    h->map_size = u64_at(p + 32);
    h->free = tree_at(p + 40);
    h->main = tree_at(p + 40 + TREE_SIZE);
    h->page_size = h->free.pad;
    h->last_page = u64_at(p + 40 + 2 * TREE_SIZE);
    h->txnid = u64_at(p + 48 + 2 * TREE_SIZE);
    return true;
}

static bool is_page_size(uint64_t n)
{
    return n >= 512 && n <= 65536 && (n & (n - 1)) == 0;
}

enum bf_store_head bf_store_check_head(int fd)
{
    uint64_t page_size, txnid[2];
    struct head h;
    unsigned i;

    if (!known_platform())
        return BF_STORE_HEAD_SOUND; /* LMDB has its say */
    if (!read_head(&h, fd, 0, 0))
        return BF_STORE_HEAD_UNKNOWN;
    page_size = h.page_size;
    if (!is_page_size(page_size))
        return BF_STORE_HEAD_WRONG;
    for (i = 0; i < 2; i++) {
        if (!read_head(&h, fd, i, page_size) || h.page_size != page_size ||
            h.last_page >= UINT64_C(1) << 47 || h.map_size > UINT64_C(1) << 46 ||
            h.map_size / page_size < 2)
            return BF_STORE_HEAD_WRONG;
        txnid[i] = h.txnid;
    }
    if (txnid[0] == 0 && txnid[1] == 0)
        return BF_STORE_HEAD_NEW;
    /* A transaction's header is on the page of its number's last bit: LMDB looks for it there, and
     * each commit writes over the older one. So they never lie further apart, and a header that
     * does would bring back what has been superseded. */
    if ((txnid[0] & 1) != 0 || (txnid[1] & 1) != 1 ||
        (txnid[0] + 1 != txnid[1] && txnid[1] + 1 != txnid[0]))
        return BF_STORE_HEAD_WRONG;
    return BF_STORE_HEAD_SOUND;
}

bool bf_store_check_pages(bool *found, int fd, uint64_t txnid, uint64_t max_pages)
{
    struct head first, h;
    struct walk w = {.fd = fd, .left = max_pages};
    unsigned i;

    *found = !known_platform();
    if (*found || !read_head(&first, fd, 0, 0) || !is_page_size(first.page_size))
        return true;
    for (i = 0; i < 2 && !*found; i++)
        *found = read_head(&h, fd, i, first.page_size) && h.txnid == txnid;
    if (!*found)
        return true;
    w.page_size = first.page_size;
    w.last_page = h.last_page;
    w.budget = h.last_page;
    w.is_free = true;
    if (!walk_tree(&w, &h.free, NESTED_MAX))
        return false;
    w.is_free = false;
    return walk_tree(&w, &h.main, 0);
}
