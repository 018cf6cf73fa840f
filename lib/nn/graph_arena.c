#include "lib/nn/graph_nodes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 }; /* floats: a value starts on a cache line */

uint64_t bf_graph_work(const struct bf_graph_step *s)
{
    uint64_t n = (uint64_t)s->to[0] * s->to[1] * s->to[2] * s->to[3];

    if (s->kind == BF_STEP_CONV)
        return n * s->window[0] * s->window[1] * s->from[3];
    if (s->kind == BF_STEP_DEPTHWISE || s->kind == BF_STEP_MAX_POOL || s->kind == BF_STEP_AVG_POOL)
        return n * s->window[0] * s->window[1];
    return n;
}

/*
 * A depthwise convolution whose only user is a convolution of 1x1 behind it is run on that one's
 * way: a few rows at a time, which then are still in the cache.
 */
static enum bf_err join_separable(struct bf_graph *g, const int *out, int n_out,
                                  struct bf_error *err)
{
    int *users = calloc((size_t)g->n_values + 1, sizeof *users), i, k;

    if (users == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < g->n_steps; i++) {
        for (k = 0; k < g->step[i].n_in; k++)
            if (g->step[i].in[k] >= 0)
                users[g->step[i].in[k]]++;
        if (g->step[i].add >= 0)
            users[g->step[i].add]++;
    }
    for (i = 0; i < n_out; i++)
        users[out[i]]++;
    for (i = 0; i + 1 < g->n_steps; i++) {
        struct bf_graph_step *d = &g->step[i], *s = d + 1;

        if (d->kind != BF_STEP_DEPTHWISE || s->kind != BF_STEP_CONV || s->in[0] != d->out ||
            users[d->out] != 1 || s->window[0] != 1 || s->window[1] != 1 || s->stride[0] != 1 ||
            s->stride[1] != 1 || s->pad[0] != 0 || s->pad[1] != 0 || s->pad[2] != 0 ||
            s->pad[3] != 0 || memcmp(d->to, s->from, sizeof d->to) != 0 ||
            d->act == BF_ACT_SIGMOID || d->add >= 0)
            continue;
        s->depthwise = i;
        s->in[0] = d->in[0];
        d->absorbed = true;
        g->value[d->out].len = 0;
    }
    free(users);
    return BF_OK;
}

static void live_until(struct bf_graph_value *v, int step)
{
    if (step > v->last)
        v->last = step;
}

/* From which step to which each value is wanted, and what a run costs. */
static enum bf_err find_lives(struct bf_graph *g, const char *name, const int *out, int n_out,
                              struct bf_error *err)
{
    int i, k;

    for (i = 0; i < g->n_steps; i++) {
        const struct bf_graph_step *s = &g->step[i];
        uint64_t work = bf_graph_work(s);

        for (k = 0; k < s->n_in; k++)
            if (s->in[k] >= 0)
                live_until(&g->value[s->in[k]], i);
        if (s->add >= 0)
            live_until(&g->value[s->add], i);
        if (work > BF_GRAPH_MACS_MAX - g->n_macs)
            return bf_error_set(err, BF_ERR_LIMIT, "'%s' takes too many operations for one run",
                                name);
        g->n_macs += work;
    }
    for (i = 0; i < n_out; i++)
        g->value[out[i]].last = INT_MAX;
    return BF_OK;
}

static bool overlap(const struct bf_graph_value *a, const struct bf_graph_value *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* A value on a list that is sorted. */
struct slot {
    struct bf_graph_value *v;
};

static int by_len(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;

    if (x->v->len != y->v->len)
        return x->v->len > y->v->len ? -1 : 1;
    return x->v < y->v ? -1 : x->v > y->v;
}

static int by_offset(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;

    return x->v->offset < y->v->offset ? -1 : x->v->offset > y->v->offset;
}

static size_t to_line(size_t floats)
{
    return (floats + ALIGN - 1) / ALIGN * ALIGN;
}

/*
 * Each value its place: the large ones first, each at the lowest place that is free as long as it
 * lives ("greedy by size", Pisarchyk and Lee 2020).
 */
static enum bf_err place_values(struct bf_graph *g, const char *name, struct bf_error *err)
{
    size_t n = (size_t)g->n_values, i, k, m;
    struct slot *by_size = calloc(n + 1, sizeof *by_size), *near = calloc(n + 1, sizeof *near);
    enum bf_err rc = BF_OK;

    if (by_size == NULL || near == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < n; i++)
        by_size[i].v = &g->value[i];
    qsort(by_size, n, sizeof *by_size, by_len);
    for (i = 0; i < n; i++) {
        struct bf_graph_value *v = by_size[i].v;
        size_t len = to_line(v->len);

        for (m = k = 0; k < i; k++)
            if (overlap(v, by_size[k].v))
                near[m++] = by_size[k];
        qsort(near, m, sizeof *near, by_offset);
        v->offset = 0;
        for (k = 0; k < m && near[k].v->offset < v->offset + len; k++) {
            size_t end = near[k].v->offset + to_line(near[k].v->len);

            if (end > v->offset)
                v->offset = end;
        }
        if (v->offset + len > BF_GRAPH_ARENA_MAX) {
            rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' needs too much memory for one run", name);
            goto out;
        }
        if (v->offset + len > g->arena_len)
            g->arena_len = v->offset + len;
    }
    g->arena = aligned_alloc(ALIGN * sizeof(float), (g->arena_len + ALIGN) * sizeof(float));
    if (g->arena == NULL)
        rc = bf_error_nomem(err);
    else
        memset(g->arena, 0, g->arena_len * sizeof(float));
out:
    free(by_size);
    free(near);
    return rc;
}

enum bf_err bf_graph_place(struct bf_graph *g, const char *name, const int *out, int n_out,
                           struct bf_error *err)
{
    enum bf_err rc = join_separable(g, out, n_out, err);

    if (rc == BF_OK)
        rc = find_lives(g, name, out, n_out, err);
    if (rc == BF_OK)
        rc = place_values(g, name, err);
    return rc;
}
