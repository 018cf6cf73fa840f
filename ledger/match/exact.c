#include "ledger/match/exact.h"

#include <stdlib.h>

/* One frame of the record: enough of its hash to find it, and where it is. */
struct key {
    uint8_t hash16[16];
    int64_t pts_us;
    uint64_t frame;
};

struct keys {
    struct key *item;
    uint64_t n;
};

void bf_exact_runs_release(struct bf_exact_runs *r)
{
    free(r->item);
    *r = (struct bf_exact_runs){0};
}

static bool take(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    struct keys *k = ctx;

    memcpy(k->item[k->n].hash16, f->exact32, sizeof k->item[k->n].hash16);
    k->item[k->n].pts_us = f->pts_us;
    k->item[k->n].frame = i;
    k->n++;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int c = memcmp(x->hash16, y->hash16, sizeof x->hash16);

    return c != 0 ? c : (x->frame > y->frame) - (x->frame < y->frame);
}

/* The record's frame with this hash that is number want if there is one, else the first after want,
 * else the first. */
static const struct key *find(const struct keys *k, const uint8_t exact32[32], uint64_t want)
{
    struct key probe = {.frame = want};
    uint64_t lo = 0, hi = k->n;

    memcpy(probe.hash16, exact32, sizeof probe.hash16);
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (compare(&k->item[mid], &probe) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < k->n && memcmp(k->item[lo].hash16, probe.hash16, sizeof probe.hash16) == 0)
        return &k->item[lo];
    probe.frame = 0;
    while (lo > 0 && memcmp(k->item[lo - 1].hash16, probe.hash16, sizeof probe.hash16) == 0)
        lo--;
    return lo < k->n && memcmp(k->item[lo].hash16, probe.hash16, sizeof probe.hash16) == 0
               ? &k->item[lo]
               : NULL;
}

static enum bf_err add_run(struct bf_exact_runs *r, const struct bf_exact_run *run,
                           struct bf_error *err)
{
    struct bf_exact_run *more = realloc(r->item, (r->n + 1) * sizeof *more);

    if (more == NULL)
        return bf_error_nomem(err);
    r->item = more;
    r->item[r->n++] = *run;
    return BF_OK;
}

enum bf_err bf_exact_find(struct bf_exact_runs *runs, const struct bf_trace *suspect,
                          struct bf_digest *source, struct bf_error *err)
{
    struct keys k = {0};
    struct bf_exact_run run = {0};
    uint64_t i, n = bf_trace_frames(suspect);
    enum bf_err rc;

    *runs = (struct bf_exact_runs){0};
    k.item = calloc(bf_digest_info(source)->n_frames, sizeof *k.item);
    if (k.item == NULL)
        return bf_error_nomem(err);
    rc = bf_digest_frames(source, 0, take, &k, err);
    if (rc != BF_OK)
        goto out;
    qsort(k.item, k.n, sizeof *k.item, compare);
    for (i = 0; i < n && rc == BF_OK; i++) {
        uint64_t want = run.n_frames > 0 ? run.source_frame + run.n_frames : 0;
        const struct key *at = find(&k, bf_trace_frame(suspect, i)->exact32, want);

        if (run.n_frames > 0 && at != NULL && at->frame == want) {
            run.n_frames++;
            run.source_last_us = at->pts_us;
            continue;
        }
        if (run.n_frames > 0)
            rc = add_run(runs, &run, err);
        run = (struct bf_exact_run){0};
        if (at != NULL)
            run = (struct bf_exact_run){i, at->frame, 1, at->pts_us, at->pts_us};
    }
    if (rc == BF_OK && run.n_frames > 0)
        rc = add_run(runs, &run, err);
out:
    free(k.item);
    if (rc != BF_OK)
        bf_exact_runs_release(runs);
    return rc;
}
