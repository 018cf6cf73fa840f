#include "ledger/match/code_index.h"

#include <stdlib.h>

#include "ledger/match/sketch.h"
#include "lib/base/bytes.h"

enum {
    SLOTS = 16,
    SLOT_BITS = 16,
    SLOT_VALUES = 1 << SLOT_BITS,
    SLOT_PROBES = 1 + SLOT_BITS, /* the value, and each value one bit from it */
    KEY_SIZE = 3,
    FRAME_KEY_SIZE = 4,
    ANCHOR_SIZE = 4 + 8 + 32,
    ANCHOR_GAP_US = 500000,
    FOLD_DISTANCE = 8, /* an anchor no further from the last one is left out ... */
    FOLD_US = 5000000, /* ... for so long */
    PROBES_MAX = 400,
    PROBE_GAP_US = 200000,
    SEEN_START = 256, /* a power of two */
    FILED_AT_ONCE = 4096,
};

#define FRAMES_MAX (UINT64_C(1) << 32)
#define MAPPED_MAX ((size_t)64 << 20) /* bytes of files that a lookup finds in memory at most */

_Static_assert(2 * SLOTS - 1 == BF_CODE_INDEX_DISTANCE,
               "a near code has a slot with 1 bit at most");

static enum bf_err damaged(struct bf_error *err, const char *what)
{
    return bf_error_set(err, BF_ERR_FORMAT, "the ledger's lookup index is damaged: %s", what);
}

/* The slots from first on, around the end. */
static void take_sketch(uint8_t sketch4[BF_SKETCH_SIZE], const uint8_t code32[32], unsigned first)
{
    unsigned i;

    for (i = 0; i < BF_SKETCH_SIZE; i++)
        sketch4[i] = code32[(2 * first + i) % 32];
}

static bool is_blank(const uint8_t code32[32])
{
    static const uint8_t none[32];

    return memcmp(code32, none, sizeof none) == 0;
}

static enum bf_err check_record(uint64_t record, struct bf_error *err)
{
    if (record > UINT32_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the lookup index holds no more than 2^32 records");
    return BF_OK;
}

static enum bf_err next_frame(uint64_t *frame, struct bf_txn *t, struct bf_error *err)
{
    const void *key, *p;
    size_t key_len, n;
    enum bf_err rc = bf_txn_last(t, BF_TABLE_ANCHORS, &key, &key_len, &p, &n, err);

    *frame = 0;
    if (rc == BF_ERR_NOT_FOUND)
        return BF_OK;
    if (rc == BF_OK && key_len != FRAME_KEY_SIZE)
        return damaged(err, "a frame's number has a wrong size");
    if (rc == BF_OK)
        *frame = (uint64_t)bf_get_be32(key) + 1;
    return rc;
}

static enum bf_err put_anchor(struct bf_txn *t, uint32_t frame, const struct bf_code_entry *e,
                              struct bf_error *err)
{
    uint8_t key[FRAME_KEY_SIZE], anchor[ANCHOR_SIZE];

    bf_put_be32(key, frame);
    bf_put_be32(anchor, (uint32_t)e->record);
    bf_put_be64(anchor + 4, (uint64_t)e->pts_us);
    memcpy(anchor + 12, e->code32, 32);
    return bf_txn_put(t, BF_TABLE_ANCHORS, key, sizeof key, anchor, sizeof anchor, err);
}

static unsigned slot_value(const uint8_t code32[32], unsigned slot)
{
    return (unsigned)(code32[2 * slot] << 8 | code32[2 * slot + 1]);
}

static void slot_key(uint8_t key[KEY_SIZE], unsigned slot, unsigned value)
{
    key[0] = (uint8_t)slot;
    key[1] = (uint8_t)(value >> 8);
    key[2] = (uint8_t)value;
}

/* The n entries by their value in the slot, those of one value in their order; end has room for
 * every value. */
static void sort_by_slot(uint32_t *order, uint32_t *end, const struct bf_code_entry *e, size_t n,
                         unsigned slot)
{
    size_t i;

    memset(end, 0, SLOT_VALUES * sizeof *end);
    for (i = 0; i < n; i++)
        end[slot_value(e[i].code32, slot)]++;
    for (i = 1; i < SLOT_VALUES; i++)
        end[i] += end[i - 1];
    for (i = n; i-- > 0;)
        order[--end[slot_value(e[i].code32, slot)]] = (uint32_t)i;
}

static enum bf_err put_slot(struct bf_txn *t, uint32_t frame, const struct bf_code_entry *e,
                            const uint32_t *order, size_t n, unsigned slot, struct bf_error *err)
{
    uint8_t key[KEY_SIZE], posting[BF_POSTING_SIZE];
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++) {
        const uint8_t *code32 = e[order[i]].code32;

        slot_key(key, slot, slot_value(code32, slot));
        bf_put_be32(posting, frame + order[i]);
        take_sketch(posting + 4, code32, slot + 1);
        rc = bf_txn_put(t, BF_TABLE_CODES, key, sizeof key, posting, sizeof posting, err);
    }
    return rc;
}

enum bf_err bf_code_index_put(struct bf_txn *t, const struct bf_code_entry *e, size_t n,
                              struct bf_error *err)
{
    uint32_t *order = NULL, *end = NULL;
    uint64_t frame = 0;
    enum bf_err rc = BF_OK;
    unsigned s;
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++)
        rc = check_record(e[i].record, err);
    if (rc == BF_OK)
        rc = next_frame(&frame, t, err);
    if (rc != BF_OK)
        return rc;
    if (n > FRAMES_MAX - frame)
        return bf_error_set(err, BF_ERR_LIMIT, "the lookup index holds no more than 2^32 frames");
    order = malloc((n + 1) * sizeof *order);
    end = malloc(SLOT_VALUES * sizeof *end);
    if (order == NULL || end == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < n && rc == BF_OK; i++)
        rc = put_anchor(t, (uint32_t)(frame + i), &e[i], err);
    /* A slot at a time, in the order of the keys, so that a page is written to once. */
    for (s = 0; s < SLOTS && rc == BF_OK; s++) {
        sort_by_slot(order, end, e, n, s);
        rc = put_slot(t, (uint32_t)frame, e, order, n, s, err);
    }
out:
    free(order);
    free(end);
    return rc;
}

struct filing {
    struct bf_txn *t;
    uint64_t record;
    struct bf_code_entry *entry; /* (FILED_AT_ONCE), n of them waiting */
    size_t n;
    bool any;
    struct bf_code_entry last;
    enum bf_err rc;
    struct bf_error *err;
};

static bool file_waiting(struct filing *c)
{
    c->rc = bf_code_index_put(c->t, c->entry, c->n, c->err);
    c->n = 0;
    return c->rc == BF_OK;
}

static bool file_frame(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct filing *c = ctx;

    (void)i;
    if (is_blank(f->code32) || (c->any && f->pts_us - c->last.pts_us < ANCHOR_GAP_US))
        return true;
    if (c->any && f->pts_us - c->last.pts_us < FOLD_US &&
        bf_code_distance(f->code32, c->last.code32) <= FOLD_DISTANCE)
        return true;
    c->any = true;
    c->last = (struct bf_code_entry){.record = c->record, .pts_us = f->pts_us};
    memcpy(c->last.code32, f->code32, 32);
    c->entry[c->n++] = c->last;
    return c->n < FILED_AT_ONCE || file_waiting(c);
}

enum bf_err bf_code_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                              struct bf_error *err)
{
    struct filing c = {.t = t, .record = record, .err = err};
    struct bf_digest *d = NULL;
    enum bf_err rc = check_record(record, err);

    if (rc == BF_OK)
        rc = bf_digest_open(&d, blob, n, "of the record", err);
    if (rc != BF_OK)
        return rc;
    c.entry = calloc(FILED_AT_ONCE, sizeof *c.entry);
    if (c.entry == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        rc = bf_digest_frames(d, 0, file_frame, &c, err);
    if (rc == BF_OK && c.rc == BF_OK)
        file_waiting(&c);
    free(c.entry);
    bf_digest_close(&d);
    return rc == BF_OK ? c.rc : rc;
}

/* The frames whose anchor has been read for one code: each is met in many of its slots. */
struct seen {
    uint64_t *frame; /* (cap), frame + 1; 0: free */
    size_t cap, n;
};

static uint64_t *seen_place(const struct seen *s, uint64_t value)
{
    size_t i = (size_t)(value * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (s->cap - 1);

    while (s->frame[i] != 0 && s->frame[i] != value)
        i = (i + 1) & (s->cap - 1);
    return &s->frame[i];
}

static bool seen_grow(struct seen *s)
{
    struct seen more = {.cap = s->cap ? 2 * s->cap : SEEN_START, .n = s->n};
    size_t i;

    more.frame = calloc(more.cap, sizeof *more.frame);
    if (more.frame == NULL)
        return false;
    for (i = 0; i < s->cap; i++)
        if (s->frame[i] != 0)
            *seen_place(&more, s->frame[i]) = s->frame[i];
    free(s->frame);
    *s = more;
    return true;
}

/* A lookup of one code after another; zero-initialised but for what is given. */
struct lookup {
    struct bf_txn *t;
    struct bf_error *err;
    void (*visit)(void *ctx, uint32_t record, int64_t pts_us, unsigned distance);
    void *ctx;
    enum bf_err rc;
    const uint8_t *code32;
    uint8_t sketch4[SLOTS][BF_SKETCH_SIZE];
    uint8_t key[SLOTS * SLOT_PROBES][KEY_SIZE];
    uint8_t key_bits[SLOTS * SLOT_PROBES]; /* that the key differs by from the code's slot */
    struct seen seen;
};

static enum bf_err read_anchor(struct lookup *c, uint32_t frame)
{
    uint8_t key[FRAME_KEY_SIZE];
    uint64_t *place;
    const void *p;
    const uint8_t *anchor;
    size_t n;
    unsigned distance;
    enum bf_err rc;

    if (2 * c->seen.n >= c->seen.cap && !seen_grow(&c->seen))
        return bf_error_nomem(c->err);
    place = seen_place(&c->seen, (uint64_t)frame + 1);
    if (*place != 0)
        return BF_OK;
    *place = (uint64_t)frame + 1;
    c->seen.n++;
    bf_put_be32(key, frame);
    rc = bf_txn_get(c->t, BF_TABLE_ANCHORS, key, sizeof key, &p, &n, c->err);
    if (rc == BF_ERR_NOT_FOUND)
        return damaged(c->err, "a frame that is filed is not there");
    if (rc != BF_OK)
        return rc;
    if (n != ANCHOR_SIZE)
        return damaged(c->err, "a frame has a wrong size");
    anchor = p;
    distance = bf_code_distance(anchor + 12, c->code32);
    if (distance <= BF_CODE_INDEX_DISTANCE)
        c->visit(c->ctx, bf_get_be32(anchor), (int64_t)bf_get_be64(anchor + 4), distance);
    return BF_OK;
}

static bool read_postings(void *ctx, size_t i, const void *values, size_t size, size_t n)
{
    struct lookup *c = ctx;
    const uint8_t *p = values;
    uint32_t near[256];

    if (size != BF_POSTING_SIZE) {
        c->rc = damaged(c->err, "a posting has a wrong size");
        return false;
    }
    while (n > 0 && c->rc == BF_OK) {
        size_t take = n < 256 ? n : 256, k,
               n_near = bf_sketch_scan(near, p, take, c->sketch4[i / SLOT_PROBES], c->key_bits[i]);

        for (k = 0; k < n_near && c->rc == BF_OK; k++)
            c->rc = read_anchor(c, near[k]);
        p += take * BF_POSTING_SIZE;
        n -= take;
    }
    return c->rc == BF_OK;
}

/* The keys of one slot in ascending order: the fewer pages are turned. */
static void slot_probes(struct lookup *c, unsigned slot, unsigned value)
{
    uint16_t probe[SLOT_PROBES];
    unsigned i, k, at = slot * SLOT_PROBES;

    for (i = 0; i < SLOT_PROBES; i++) {
        unsigned v = i < SLOT_BITS ? value ^ 1u << i : value;

        for (k = i; k > 0 && probe[k - 1] > v; k--)
            probe[k] = probe[k - 1];
        probe[k] = (uint16_t)v;
    }
    for (i = 0; i < SLOT_PROBES; i++) {
        slot_key(c->key[at + i], slot, probe[i]);
        c->key_bits[at + i] = probe[i] != value;
    }
}

static enum bf_err look_up(struct lookup *c, const uint8_t code32[32])
{
    unsigned s;
    enum bf_err rc;

    bf_store_trim(bf_txn_store(c->t), MAPPED_MAX);
    c->code32 = code32;
    c->rc = BF_OK;
    if (c->seen.n > 0)
        memset(c->seen.frame, 0, c->seen.cap * sizeof *c->seen.frame);
    c->seen.n = 0;
    for (s = 0; s < SLOTS; s++) {
        slot_probes(c, s, slot_value(code32, s));
        take_sketch(c->sketch4[s], code32, s + 1);
    }
    rc = bf_txn_dups_of(c->t, BF_TABLE_CODES, c->key, KEY_SIZE, SLOTS * SLOT_PROBES, read_postings,
                        c, c->err);
    return rc == BF_OK ? c->rc : rc;
}

struct nearest {
    struct bf_code_found *found;
    size_t cap, n;
};

static bool is_before(const struct bf_code_found *a, const struct bf_code_found *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return a->record != b->record ? a->record < b->record : a->pts_us < b->pts_us;
}

static void keep_nearest(void *ctx, uint32_t record, int64_t pts_us, unsigned distance)
{
    struct nearest *c = ctx;
    struct bf_code_found f = {record, pts_us, distance};
    size_t j;

    if (c->n == c->cap) {
        if (c->cap == 0 || !is_before(&f, &c->found[c->n - 1]))
            return;
        c->n--;
    }
    for (j = c->n++; j > 0 && is_before(&f, &c->found[j - 1]); j--)
        c->found[j] = c->found[j - 1];
    c->found[j] = f;
}

enum bf_err bf_code_index_lookup(struct bf_code_found *found, size_t cap, size_t *n,
                                 struct bf_txn *t, const uint8_t code32[32], struct bf_error *err)
{
    struct nearest best = {found, cap, 0};
    struct lookup c = {.t = t, .err = err, .visit = keep_nearest, .ctx = &best};
    enum bf_err rc = look_up(&c, code32);

    free(c.seen.frame);
    *n = rc == BF_OK ? best.n : 0;
    return rc;
}

struct counted {
    uint32_t record, n_probes, last_probe;
};

/* Probes counted by record, in the order of an open table. */
struct tally {
    struct counted *slot; /* (cap), a power of two; n_probes 0: free */
    size_t cap, n;
    uint32_t probe;
    bool failed;
};

static struct counted *tally_place(const struct tally *c, uint32_t record)
{
    size_t i = (size_t)(record * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (c->cap - 1);

    while (c->slot[i].n_probes != 0 && c->slot[i].record != record)
        i = (i + 1) & (c->cap - 1);
    return &c->slot[i];
}

static bool tally_grow(struct tally *c)
{
    struct tally more = *c;
    size_t i;

    more.cap = c->cap ? 2 * c->cap : SEEN_START;
    more.slot = calloc(more.cap, sizeof *more.slot);
    if (more.slot == NULL)
        return false;
    for (i = 0; i < c->cap; i++)
        if (c->slot[i].n_probes != 0)
            *tally_place(&more, c->slot[i].record) = c->slot[i];
    free(c->slot);
    *c = more;
    return true;
}

static void count_record(void *ctx, uint32_t record, int64_t pts_us, unsigned distance)
{
    struct tally *c = ctx;
    struct counted *r;

    (void)pts_us, (void)distance;
    if (2 * c->n >= c->cap && !tally_grow(c)) {
        c->failed = true;
        return;
    }
    r = tally_place(c, record);
    if (r->n_probes == 0)
        c->n++;
    else if (r->last_probe == c->probe)
        return;
    r->record = record;
    r->last_probe = c->probe;
    r->n_probes++;
}

/* By probes, then the record that was first. */
static void take_best(struct bf_code_hit *hit, size_t cap, size_t *n, const struct tally *c)
{
    size_t i, j;

    *n = 0;
    for (i = 0; i < c->cap; i++) {
        struct bf_code_hit h = {c->slot[i].record, c->slot[i].n_probes};

        if (h.n_probes == 0)
            continue;
        for (j = *n; j > 0 && (hit[j - 1].n_probes < h.n_probes ||
                               (hit[j - 1].n_probes == h.n_probes && hit[j - 1].record > h.record));
             j--)
            if (j < cap)
                hit[j] = hit[j - 1];
        if (j < cap)
            hit[j] = h;
        if (*n < cap)
            (*n)++;
    }
}

enum bf_err bf_code_index_find(struct bf_code_hit *hit, size_t cap, size_t *n, struct bf_txn *t,
                               const struct bf_trace *suspect, struct bf_error *err)
{
    struct tally tally = {0};
    struct lookup c = {.t = t, .err = err, .visit = count_record, .ctx = &tally};
    uint64_t n_frames = bf_trace_frames(suspect), i;
    int64_t gap = bf_trace_end_us(suspect) / PROBES_MAX, next = 0;
    enum bf_err rc = BF_OK;

    *n = 0;
    if (gap < PROBE_GAP_US)
        gap = PROBE_GAP_US;
    for (i = 0; i < n_frames && rc == BF_OK; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(suspect, i);

        if (f->pts_us < next || f->contrast <= BF_CODE_FLAT_MAX)
            continue;
        tally.probe++;
        rc = look_up(&c, f->code32);
        if (rc == BF_OK && tally.failed)
            rc = bf_error_nomem(err);
        next = f->pts_us + gap;
    }
    if (rc == BF_OK)
        take_best(hit, cap, n, &tally);
    free(tally.slot);
    free(c.seen.frame);
    return rc;
}
