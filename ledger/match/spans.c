#include "ledger/match/spans.h"

#include <math.h>
#include <stdlib.h>

enum { GRAIN_US = BF_DIGEST_PERIOD_US }; /* edges that are nearer than this are one */

enum bf_err bf_spans_add(struct bf_match *m, const struct bf_span *s, struct bf_error *err)
{
    struct bf_span *more;

    if (s->suspect_end_us <= s->suspect_start_us)
        return BF_OK;
    more = realloc(m->span, (m->n_spans + 1) * sizeof *more);
    if (more == NULL)
        return bf_error_nomem(err);
    m->span = more;
    m->span[m->n_spans++] = *s;
    return BF_OK;
}

enum bf_err bf_spans_add_foreign(struct bf_match *m, int64_t from_us, int64_t to_us,
                                 int64_t missing_us, struct bf_error *err)
{
    struct bf_span s = {.state = BF_SPAN_FOREIGN,
                        .change = missing_us < 0                     ? BF_CHANGE_NONE
                                  : missing_us * 2 < to_us - from_us ? BF_CHANGE_INSERTED
                                                                     : BF_CHANGE_REPLACED,
                        .suspect_start_us = from_us,
                        .suspect_end_us = to_us,
                        .source_start_us = -1};

    return bf_spans_add(m, &s, err);
}

int64_t bf_spans_source_us(const struct bf_run *run, int64_t suspect_us)
{
    int64_t us = bf_run_source_us(run, suspect_us);

    return us > 0 ? us : 0;
}

void bf_spans_place(struct bf_changed *out, const struct bf_alteration *a,
                    const struct bf_geometry *g)
{
    double x0, y0, x1, y1;

    bf_geometry_to_suspect(g, &x0, &y0, a->left, a->top);
    bf_geometry_to_suspect(g, &x1, &y1, a->right, a->bottom);
    *out = (struct bf_changed){.left = fmax(0, fmin(x0, x1)),
                               .right = fmin(1, fmax(x0, x1)),
                               .top = fmax(0, fmin(y0, y1)),
                               .bottom = fmin(1, fmax(y0, y1)),
                               .change = a->change,
                               .strength = a->strength,
                               .false_alarm = a->false_alarm};
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The times at which one alteration or another begins or ends, with the run's own ends; edge takes
 * up to 2 a->n + 2. */
static size_t find_edges(int64_t *edge, const struct bf_run *run, const struct bf_alterations *a)
{
    size_t n = 0, kept = 1, i;

    edge[n++] = run->start_us;
    for (i = 0; i < a->n; i++) {
        edge[n++] = a->item[i].start_us;
        edge[n++] = a->item[i].end_us;
    }
    qsort(edge + 1, n - 1, sizeof *edge, by_time);
    for (i = 1; i < n; i++)
        if (edge[i] >= edge[kept - 1] + GRAIN_US && edge[i] + GRAIN_US <= run->end_us)
            edge[kept++] = edge[i];
    edge[kept++] = run->end_us;
    return kept;
}

/* Adds the region to the span's, the strongest first; of more than fit, the weakest goes. */
static void add_region(struct bf_span *s, const struct bf_changed *c)
{
    unsigned at = s->n_regions < BF_SPAN_REGIONS ? s->n_regions++ : BF_SPAN_REGIONS - 1, k;

    for (k = at; k > 0 && s->region[k - 1].strength < c->strength; k--)
        s->region[k] = s->region[k - 1];
    if (k < at || s->region[k].strength < c->strength)
        s->region[k] = *c;
}

/* What holds from one edge to the next. */
static struct bf_span between(const struct bf_match *m, const struct bf_run *run,
                              const struct bf_alterations *a, int64_t from, int64_t to)
{
    struct bf_span s = {.state = BF_SPAN_SAME,
                        .suspect_start_us = from,
                        .suspect_end_us = to,
                        .source_start_us = bf_spans_source_us(run, from),
                        .rate = run->rate};
    int64_t middle = from + (to - from) / 2;
    struct bf_changed c;
    size_t i;

    for (i = 0; i < a->n; i++) {
        if (middle < a->item[i].start_us || middle >= a->item[i].end_us)
            continue;
        bf_spans_place(&c, &a->item[i], &m->geometry);
        add_region(&s, &c);
    }
    if (s.n_regions > 0) {
        s.state = BF_SPAN_ALTERED;
        s.change = s.region[0].change;
    }
    return s;
}

static bool same_regions(const struct bf_span *a, const struct bf_span *b)
{
    unsigned i;

    for (i = 0; i < a->n_regions && i < b->n_regions; i++) {
        const struct bf_changed *x = &a->region[i], *y = &b->region[i];

        if (x->left != y->left || x->top != y->top || x->right != y->right ||
            x->bottom != y->bottom || x->strength != y->strength)
            return false;
    }
    return a->n_regions == b->n_regions;
}

enum bf_err bf_spans_add_run(struct bf_match *m, const struct bf_run *run,
                             const struct bf_alterations *a, struct bf_error *err)
{
    int64_t *edge = calloc(2 * a->n + 2, sizeof *edge);
    size_t n, i, first = m->n_spans;
    enum bf_err rc = BF_OK;

    if (edge == NULL)
        return bf_error_nomem(err);
    n = find_edges(edge, run, a);
    for (i = 0; i + 1 < n && rc == BF_OK; i++) {
        struct bf_span s = between(m, run, a, edge[i], edge[i + 1]);

        if (m->n_spans > first && same_regions(&m->span[m->n_spans - 1], &s))
            m->span[m->n_spans - 1].suspect_end_us = s.suspect_end_us;
        else
            rc = bf_spans_add(m, &s, err);
    }
    free(edge);
    return rc;
}
