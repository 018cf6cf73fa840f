#include "ledger/match/code_index.h"

#include <stdlib.h>

#include "lib/base/bytes.h"

enum {
    SLOTS = 16,
    KEY_SIZE = 3,     /* slot, value */
    POSTING_SIZE = 8, /* record, time in milliseconds */
    ANCHOR_GAP_US = 500000,
    FOLD_DISTANCE = 8,   /* an anchor no further from the last one is left out ... */
    FOLD_US = 5000000,   /* ... for so long */
    POSTINGS_MAX = 2048, /* read of one key: codes that so many frames share tell nothing apart */
    PROBES_MAX = 400,
    PROBE_GAP_US = 200000,
    RECORDS_MAX = 4096, /* records counted for one suspect */
};

static void slot_key(uint8_t key[KEY_SIZE], const uint8_t code32[32], unsigned slot)
{
    key[0] = (uint8_t)slot;
    key[1] = code32[2 * slot];
    key[2] = code32[2 * slot + 1];
}

static void posting(uint8_t p[POSTING_SIZE], uint64_t record, int64_t pts_us)
{
    bf_put_be32(p, (uint32_t)record);
    bf_put_be32(p + 4, (uint32_t)(pts_us / 1000));
}

static bool is_blank(const uint8_t code32[32])
{
    static const uint8_t none[32];

    return memcmp(code32, none, sizeof none) == 0;
}

struct filing {
    struct bf_txn *t;
    uint64_t record;
    bool any;
    int64_t last_us;
    uint8_t last32[32];
    enum bf_err rc;
    struct bf_error *err;
};

static bool file_frame(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct filing *c = ctx;
    uint8_t key[KEY_SIZE], p[POSTING_SIZE];
    unsigned s;

    (void)i;
    if (is_blank(f->code32) || (c->any && f->pts_us - c->last_us < ANCHOR_GAP_US))
        return true;
    if (c->any && f->pts_us - c->last_us < FOLD_US &&
        bf_code_distance(f->code32, c->last32) <= FOLD_DISTANCE)
        return true;
    posting(p, c->record, f->pts_us);
    c->rc = bf_txn_put(c->t, BF_TABLE_ANCHORS, p, sizeof p, f->code32, 32, c->err);
    for (s = 0; s < SLOTS && c->rc == BF_OK; s++) {
        slot_key(key, f->code32, s);
        c->rc = bf_txn_put(c->t, BF_TABLE_CODES, key, sizeof key, p, sizeof p, c->err);
    }
    c->any = true;
    c->last_us = f->pts_us;
    memcpy(c->last32, f->code32, 32);
    return c->rc == BF_OK;
}

enum bf_err bf_code_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                              struct bf_error *err)
{
    struct filing c = {.t = t, .record = record, .err = err};
    struct bf_digest *d = NULL;
    enum bf_err rc;

    if (record > UINT32_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the lookup index holds no more than 2^32 records");
    rc = bf_digest_open(&d, blob, n, "of the record", err);
    if (rc == BF_OK)
        rc = bf_digest_frames(d, 0, file_frame, &c, err);
    bf_digest_close(&d);
    return rc == BF_OK ? c.rc : rc;
}

struct finding {
    struct bf_txn *t;
    const uint8_t *code32;
    struct bf_error *err;
    enum bf_err rc;
    uint32_t probe;
    size_t n_read;
    struct {
        uint64_t record;
        uint32_t n_probes, last_probe;
    } * record; /* (RECORDS_MAX) */
    size_t n_records;
};

static void count(struct finding *c, uint64_t record)
{
    size_t i;

    for (i = 0; i < c->n_records && c->record[i].record != record; i++)
        ;
    if (i == c->n_records) {
        if (i == RECORDS_MAX)
            return;
        c->n_records++;
        c->record[i].record = record;
        c->record[i].n_probes = 0;
        c->record[i].last_probe = UINT32_MAX;
    }
    if (c->record[i].last_probe != c->probe) {
        c->record[i].last_probe = c->probe;
        c->record[i].n_probes++;
    }
}

static bool read_postings(void *ctx, const void *values, size_t size, size_t n)
{
    struct finding *c = ctx;
    size_t i;

    for (i = 0; i < n && c->n_read < POSTINGS_MAX; i++, c->n_read++) {
        const uint8_t *p = (const uint8_t *)values + i * size;
        const void *code;
        size_t code_len;

        if (size != POSTING_SIZE)
            return false;
        c->rc = bf_txn_get(c->t, BF_TABLE_ANCHORS, p, POSTING_SIZE, &code, &code_len, c->err);
        if (c->rc == BF_ERR_NOT_FOUND || (c->rc == BF_OK && code_len != 32)) {
            c->rc = BF_OK;
            continue;
        }
        if (c->rc != BF_OK)
            return false;
        if (bf_code_distance(code, c->code32) <= BF_CODE_INDEX_DISTANCE)
            count(c, bf_get_be32(p));
    }
    return c->n_read < POSTINGS_MAX;
}

static enum bf_err find_frame(struct finding *c, const uint8_t code32[32], struct bf_error *err)
{
    uint8_t key[KEY_SIZE];
    unsigned s;
    enum bf_err rc;

    c->code32 = code32;
    c->probe++;
    for (s = 0; s < SLOTS; s++) {
        slot_key(key, code32, s);
        c->n_read = 0;
        rc = bf_txn_dups(c->t, BF_TABLE_CODES, key, sizeof key, read_postings, c, err);
        if (rc == BF_OK)
            rc = c->rc;
        if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
            return rc;
    }
    return BF_OK;
}

static void take_best(struct bf_code_hit *hit, size_t cap, size_t *n, const struct finding *c)
{
    size_t i, j;

    *n = 0;
    for (i = 0; i < c->n_records; i++) {
        struct bf_code_hit h = {c->record[i].record, c->record[i].n_probes};

        for (j = *n; j > 0 && hit[j - 1].n_probes < h.n_probes; j--)
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
    struct finding c = {.t = t, .err = err};
    uint64_t n_frames = bf_trace_frames(suspect), i;
    int64_t gap = bf_trace_end_us(suspect) / PROBES_MAX, next = 0;
    enum bf_err rc = BF_OK;

    *n = 0;
    c.record = calloc(RECORDS_MAX, sizeof *c.record);
    if (c.record == NULL)
        return bf_error_nomem(err);
    if (gap < PROBE_GAP_US)
        gap = PROBE_GAP_US;
    for (i = 0; i < n_frames && rc == BF_OK; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(suspect, i);

        if (f->pts_us < next || f->contrast <= BF_CODE_FLAT_MAX)
            continue;
        rc = find_frame(&c, f->code32, err);
        next = f->pts_us + gap;
    }
    if (rc == BF_OK)
        take_best(hit, cap, n, &c);
    free(c.record);
    return rc;
}
