#include "ledger/digest/digest_format.h"
#include "ledger/digest/grid_code.h"
#include "lib/base/hash.h"
#include "lib/base/merkle.h"

enum { CACHE = 8 };

struct segment {
    uint64_t first_frame;
    uint32_t n_frames, n_samples;
    const uint8_t *exact, *lookup, *grid;
    uint32_t lookup_len, grid_len;
};

struct bf_digest {
    struct bf_digest_info info;
    uint8_t root32[32];
    char *name;
    struct segment *seg; /* (info.n_segments) */
    struct {
        uint8_t *grids; /* (BF_DIGEST_SEGMENT_SAMPLES, cells) */
        uint32_t seg;
        uint64_t used; /* clock of the last use; 0: empty */
    } cache[CACHE];
    uint64_t clock;
};

static enum bf_err damaged(struct bf_error *err, const char *name)
{
    return bf_error_set(err, BF_ERR_FORMAT,
                        "the digest '%s' is damaged, or is not a digest of version 1", name);
}

static bool read_segments(struct bf_digest *d, const uint8_t *p, size_t n)
{
    struct bf_reader r;
    uint64_t frames = 0;
    uint32_t i;

    bf_reader_init(&r, p, n);
    for (i = 0; i < d->info.n_segments; i++) {
        struct segment *s = &d->seg[i];
        uint64_t left = d->info.n_samples - (uint64_t)i * BF_DIGEST_SEGMENT_SAMPLES;

        s->first_frame = frames;
        s->n_frames = bf_read_be32(&r);
        s->n_samples = bf_read_be32(&r);
        s->lookup_len = bf_read_be32(&r);
        s->grid_len = bf_read_be32(&r);
        if (r.failed || s->n_frames > BF_DIGEST_SEGMENT_FRAMES ||
            s->n_samples != (left < BF_DIGEST_SEGMENT_SAMPLES ? left : BF_DIGEST_SEGMENT_SAMPLES))
            return false;
        s->exact = bf_read_bytes(&r, (size_t)s->n_frames * 32);
        s->lookup = bf_read_bytes(&r, s->lookup_len);
        s->grid = bf_read_bytes(&r, s->grid_len);
        frames += s->n_frames;
    }
    return bf_reader_done(&r) && frames == d->info.n_frames;
}

enum bf_err bf_digest_open(struct bf_digest **out, const void *p, size_t n, const char *name,
                           struct bf_error *err)
{
    struct bf_digest *d = calloc(1, sizeof *d);
    const uint8_t *trailer;
    enum bf_err rc = BF_OK;

    *out = NULL;
    if (d == NULL)
        return bf_error_nomem(err);
    d->name = strdup(name);
    if (d->name == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    if (n < BF_DIGEST_TRAILER_SIZE) {
        rc = damaged(err, name);
        goto out;
    }
    n -= BF_DIGEST_TRAILER_SIZE;
    trailer = (const uint8_t *)p + n;
    /* Every segment has a head, which bounds their number before memory is taken for them. */
    if (!bf_digest_trailer_decode(&d->info, trailer) ||
        d->info.n_segments > n / BF_DIGEST_SEGMENT_HEAD) {
        rc = damaged(err, name);
        goto out;
    }
    bf_sha256(d->root32, trailer, BF_DIGEST_TRAILER_SIZE);
    d->seg = calloc(d->info.n_segments, sizeof *d->seg);
    if (d->seg == NULL)
        rc = bf_error_nomem(err);
    else if (!read_segments(d, p, n))
        rc = damaged(err, name);
    if (rc == BF_OK) {
        *out = d;
        d = NULL;
    }
out:
    bf_digest_close(&d);
    return rc;
}

void bf_digest_close(struct bf_digest **out)
{
    struct bf_digest *d = *out;
    int i;

    if (d == NULL)
        return;
    for (i = 0; i < CACHE; i++)
        free(d->cache[i].grids);
    free(d->seg);
    free(d->name);
    free(d);
    *out = NULL;
}

const struct bf_digest_info *bf_digest_info(const struct bf_digest *d)
{
    return &d->info;
}

void bf_digest_root(const struct bf_digest *d, uint8_t digest32[32])
{
    memcpy(digest32, d->root32, 32);
}

bool bf_digest_check(const uint8_t digest32[32], const void *p, size_t n)
{
    struct bf_merkle frames = {0}, lookup = {0}, grids = {0};
    struct bf_digest *d = NULL;
    uint8_t leaf32[32], root32[32];
    bool ok = false;
    uint32_t i, k;

    if (bf_digest_open(&d, p, n, "", NULL) != BF_OK || d == NULL)
        return false;
    for (i = 0; i < d->info.n_segments; i++) {
        const struct segment *s = &d->seg[i];

        for (k = 0; k < s->n_frames; k++) {
            bf_merkle_leaf(leaf32, s->exact + (size_t)k * 32, 32);
            bf_merkle_append(&frames, leaf32, NULL, NULL);
        }
        bf_merkle_leaf(leaf32, s->lookup, s->lookup_len);
        bf_merkle_append(&lookup, leaf32, NULL, NULL);
        bf_merkle_leaf(leaf32, s->grid, s->grid_len);
        bf_merkle_append(&grids, leaf32, NULL, NULL);
    }
    ok = memcmp(d->root32, digest32, 32) == 0;
    bf_merkle_root(root32, &frames);
    ok = ok && memcmp(root32, d->info.frames32, 32) == 0;
    bf_merkle_root(root32, &lookup);
    ok = ok && memcmp(root32, d->info.lookup32, 32) == 0;
    bf_merkle_root(root32, &grids);
    ok = ok && memcmp(root32, d->info.grid32, 32) == 0;
    bf_digest_close(&d);
    return ok;
}

/* Calls fn for the segment's frames from index first on. *go_on is false where fn wanted no more.
 */
static bool visit_segment(struct bf_digest *d, uint32_t i, uint64_t first, bool *go_on,
                          bool (*fn)(void *ctx, uint64_t i, const struct bf_digest_frame *f),
                          void *ctx)
{
    const struct segment *s = &d->seg[i];
    struct bf_reader times, codes;
    struct bf_range_decoder dec;
    struct bf_code_state state;
    struct bf_digest_frame f = {0};
    int64_t step = 0, pts = (int64_t)i * BF_DIGEST_SEGMENT_SAMPLES * BF_DIGEST_PERIOD_US;
    uint32_t k;

    bf_reader_init(&times, s->lookup, s->lookup_len);
    codes = times;
    for (k = 0; k < s->n_frames; k++)
        bf_read_varint(&codes);
    bf_range_decoder_init(&dec, &codes);
    bf_code_state_init(&state);
    for (k = 0; k < s->n_frames && *go_on; k++) {
        step = (int64_t)((uint64_t)step + (uint64_t)bf_read_svarint(&times));
        pts = (int64_t)((uint64_t)pts + (uint64_t)step);
        bf_code_decode(&dec, &state);
        if (times.failed || codes.failed || pts < 0 || pts >= (int64_t)d->info.duration_us)
            return false;
        if (s->first_frame + k < first)
            continue;
        f.pts_us = pts;
        f.exact32 = s->exact + (size_t)k * 32;
        memcpy(f.code32, state.code32, sizeof f.code32);
        *go_on = fn(ctx, s->first_frame + k, &f);
    }
    return true;
}

enum bf_err bf_digest_frames(struct bf_digest *d, uint64_t first,
                             bool (*fn)(void *ctx, uint64_t i, const struct bf_digest_frame *f),
                             void *ctx, struct bf_error *err)
{
    bool go_on = true;
    uint32_t i;

    for (i = 0; i < d->info.n_segments && go_on; i++) {
        if (d->seg[i].first_frame + d->seg[i].n_frames <= first)
            continue;
        if (!visit_segment(d, i, first, &go_on, fn, ctx))
            return damaged(err, d->name);
    }
    return BF_OK;
}

/* Decodes a segment's grids into the least recently used place of the cache. */
static enum bf_err load_segment(struct bf_digest *d, uint32_t seg, int *place, struct bf_error *err)
{
    size_t cells = (size_t)d->info.cols * d->info.rows;
    const struct segment *s = &d->seg[seg];
    struct bf_range_decoder dec;
    struct bf_grid_state *state;
    struct bf_reader r;
    int i, at = 0;
    uint32_t k;

    for (i = 1; i < CACHE; i++)
        if (d->cache[i].used < d->cache[at].used)
            at = i;
    d->cache[at].used = 0;
    if (d->cache[at].grids == NULL)
        d->cache[at].grids = malloc(BF_DIGEST_SEGMENT_SAMPLES * cells);
    state = malloc(sizeof *state);
    if (d->cache[at].grids == NULL || state == NULL) {
        free(state);
        return bf_error_nomem(err);
    }
    bf_grid_state_init(state, d->info.cols, d->info.rows);
    bf_reader_init(&r, s->grid, s->grid_len);
    bf_range_decoder_init(&dec, &r);
    for (k = 0; k < s->n_samples && !r.failed; k++) {
        bf_grid_decode(&dec, state);
        memcpy(d->cache[at].grids + k * cells, state->grid, cells);
    }
    free(state);
    if (r.failed)
        return damaged(err, d->name);
    d->cache[at].seg = seg;
    d->cache[at].used = ++d->clock;
    *place = at;
    return BF_OK;
}

const uint8_t *bf_digest_grid(struct bf_digest *d, uint64_t i, struct bf_error *err)
{
    size_t cells = (size_t)d->info.cols * d->info.rows;
    uint32_t seg = (uint32_t)(i / BF_DIGEST_SEGMENT_SAMPLES);
    int k;

    if (i >= d->info.n_samples) {
        bf_error_set(err, BF_ERR_USAGE, "the digest '%s' has no sample %llu", d->name,
                     (unsigned long long)i);
        return NULL;
    }
    for (k = 0; k < CACHE; k++)
        if (d->cache[k].used != 0 && d->cache[k].seg == seg)
            break;
    if (k == CACHE && load_segment(d, seg, &k, err) != BF_OK)
        return NULL;
    d->cache[k].used = ++d->clock;
    return d->cache[k].grids + (i % BF_DIGEST_SEGMENT_SAMPLES) * cells;
}
