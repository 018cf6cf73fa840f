#include "ledger/match/votes.h"

enum {
    BIN_US = 100000,
    APART_BINS = 4,
    PROBES_MAX = 600, /* suspect frames that are asked */
    HITS_MAX = 1024,  /* kept a probe: a fair sample of them where there are more (a still shot) */
};

struct probe {
    int64_t pts_us;
    uint8_t code32[32];
    uint32_t n_hits; /* all, kept or not */
};

struct counting {
    struct probe *probe;
    size_t n_probes;
    int32_t *bin; /* (n_probes, HITS_MAX): offsets of the kept hits */
    uint32_t random;
};

static void choose_probes(struct counting *c, const struct bf_trace *t)
{
    uint64_t n = bf_trace_frames(t), i;
    int64_t gap = bf_trace_end_us(t) / PROBES_MAX, next = 0;

    if (gap < 200000)
        gap = 200000;
    for (i = 0; i < n && c->n_probes < PROBES_MAX; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(t, i);

        if (f->pts_us < next || f->contrast <= BF_CODE_FLAT_MAX)
            continue;
        c->probe[c->n_probes].pts_us = f->pts_us;
        memcpy(c->probe[c->n_probes].code32, f->code32, 32);
        c->n_probes++;
        next = f->pts_us + gap;
    }
}

static uint32_t next_random(struct counting *c)
{
    c->random = c->random * 1664525 + 1013904223;
    return c->random >> 8;
}

static bool visit(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct counting *c = ctx;
    size_t k;

    (void)i;
    for (k = 0; k < c->n_probes; k++) {
        struct probe *p = &c->probe[k];
        int64_t offset = f->pts_us - p->pts_us;
        uint32_t at = p->n_hits;

        if (bf_code_distance(p->code32, f->code32) > BF_VOTES_DISTANCE)
            continue;
        p->n_hits++;
        if (at >= HITS_MAX)
            at = next_random(c) % p->n_hits;
        if (at < HITS_MAX)
            c->bin[k * HITS_MAX + at] =
                (int32_t)((offset < 0 ? offset - BIN_US + 1 : offset) / BIN_US);
    }
    return true;
}

static size_t kept_hits(const struct probe *p)
{
    return p->n_hits < HITS_MAX ? p->n_hits : HITS_MAX;
}

/* A probe that fits everywhere (a still shot) says little about the offset: its one vote is shared
 * out. */
static enum bf_err find_peaks(int64_t *offset_us, size_t cap, size_t *n, const struct counting *c,
                              struct bf_error *err)
{
    int32_t lo = INT32_MAX, hi = INT32_MIN, b;
    float *weight, *smooth;
    size_t i, k, n_bins;

    for (k = 0; k < c->n_probes; k++) {
        for (i = 0; i < kept_hits(&c->probe[k]); i++) {
            b = c->bin[k * HITS_MAX + i];
            lo = b < lo ? b : lo;
            hi = b > hi ? b : hi;
        }
    }
    if (hi < lo)
        return BF_OK;
    n_bins = (size_t)((int64_t)hi - lo) + 3;
    weight = calloc(n_bins, sizeof *weight);
    smooth = calloc(n_bins, sizeof *smooth);
    if (weight == NULL || smooth == NULL) {
        free(weight);
        free(smooth);
        return bf_error_nomem(err);
    }
    for (k = 0; k < c->n_probes; k++)
        for (i = 0; i < kept_hits(&c->probe[k]); i++)
            weight[c->bin[k * HITS_MAX + i] - lo + 1] += 1.0f / (float)kept_hits(&c->probe[k]);
    for (i = 1; i + 1 < n_bins; i++)
        smooth[i] = weight[i] + (weight[i - 1] + weight[i + 1]) / 2;
    while (*n < cap) {
        size_t best = 0, from, to;

        for (i = 1; i + 1 < n_bins; i++)
            if (smooth[i] > smooth[best])
                best = i;
        if (smooth[best] <= 0)
            break;
        b = (int32_t)best - 1 + lo;
        offset_us[(*n)++] = (int64_t)b * BIN_US + BIN_US / 2;
        from = best > APART_BINS ? best - APART_BINS : 0;
        to = best + APART_BINS < n_bins ? best + APART_BINS : n_bins - 1;
        for (i = from; i <= to; i++)
            smooth[i] = 0;
    }
    free(weight);
    free(smooth);
    return BF_OK;
}

enum bf_err bf_votes_count(int64_t *offset_us, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_digest *source,
                           struct bf_error *err)
{
    struct counting c = {0};
    enum bf_err rc;

    *n = 0;
    c.probe = calloc(PROBES_MAX, sizeof *c.probe);
    c.bin = calloc((size_t)PROBES_MAX * HITS_MAX, sizeof *c.bin);
    if (c.probe == NULL || c.bin == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    choose_probes(&c, suspect);
    rc = bf_digest_frames(source, 0, visit, &c, err);
    if (rc == BF_OK)
        rc = find_peaks(offset_us, cap, n, &c, err);
out:
    free(c.probe);
    free(c.bin);
    return rc;
}
