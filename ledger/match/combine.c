#include "ledger/match/combine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_MIN_US = 300000 }; /* a shorter overlap is the grain of two paths */

struct spans {
    struct bf_span *item;
    size_t n, cap;
};

static enum bf_err push(struct spans *to, const struct bf_span *s, struct bf_error *err)
{
    if (s->suspect_end_us <= s->suspect_start_us)
        return BF_OK;
    if (to->n == to->cap) {
        size_t cap = to->cap > 0 ? 2 * to->cap : 16;
        struct bf_span *more = realloc(to->item, cap * sizeof *more);

        if (more == NULL)
            return bf_error_nomem(err);
        to->item = more;
        to->cap = cap;
    }
    to->item[to->n++] = *s;
    return BF_OK;
}

/* The part of a span that lies between two times. */
static struct bf_span clip(struct bf_span s, int64_t from, int64_t to)
{
    if (s.suspect_start_us < from) {
        if (s.source_start_us >= 0)
            s.source_start_us += (int64_t)(s.rate * (double)(from - s.suspect_start_us));
        s.suspect_start_us = from;
    }
    if (s.suspect_end_us > to)
        s.suspect_end_us = to;
    return s;
}

static bool says_something(const struct bf_match *m)
{
    return m->verdict == BF_VERDICT_SAME_CONTENT || m->verdict == BF_VERDICT_ALTERED;
}

/* Lays the other's spans into the foreign ones; *used where any went in. */
static enum bf_err lay_in(struct spans *out, bool *used, const struct bf_span *span, size_t n,
                          const struct bf_match *other, unsigned part, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i, k;

    *used = false;
    for (i = 0; i < n && rc == BF_OK; i++) {
        struct bf_span rest = span[i];

        for (k = 0; rest.state == BF_SPAN_FOREIGN && k < other->n_spans && rc == BF_OK; k++) {
            struct bf_span s = other->span[k];

            if (s.state == BF_SPAN_FOREIGN)
                continue;
            s = clip(s, rest.suspect_start_us, rest.suspect_end_us);
            if (s.suspect_end_us - s.suspect_start_us < PIECE_MIN_US)
                continue;
            s.part = part;
            rc = push(out,
                      &(struct bf_span){.state = BF_SPAN_FOREIGN,
                                        .suspect_start_us = rest.suspect_start_us,
                                        .suspect_end_us = s.suspect_start_us,
                                        .source_start_us = -1},
                      err);
            if (rc == BF_OK)
                rc = push(out, &s, err);
            rest.suspect_start_us = s.suspect_end_us;
            *used = true;
        }
        if (rc == BF_OK)
            rc = push(out, &rest, err);
    }
    return rc;
}

static void tell(struct bf_match *m, size_t n_parts)
{
    int64_t foreign = 0;
    size_t i;
    char before[BF_REASON_MAX];

    for (i = 0; i < m->n_spans; i++)
        if (m->span[i].state == BF_SPAN_FOREIGN)
            foreign += m->span[i].suspect_end_us - m->span[i].suspect_start_us;
    snprintf(before, sizeof before, "%s", m->reason);
    snprintf(m->reason, sizeof m->reason, "it is put together from %zu records", n_parts + 1);
    if (foreign > PIECE_MIN_US) {
        size_t n = strlen(m->reason);

        snprintf(m->reason + n, sizeof m->reason - n, "; %.1f s are of none of them",
                 (double)foreign / 1e6);
    }
    if (strstr(before, "a region") != NULL) {
        size_t n = strlen(m->reason);

        snprintf(m->reason + n, sizeof m->reason - n, "; a region shows something else");
    }
}

enum bf_err bf_finds_combine(struct bf_finds *f, size_t part[BF_PARTS_MAX], size_t *n_parts,
                             struct bf_error *err)
{
    struct bf_match *m;
    size_t i, k;
    double covered = 0;
    enum bf_err rc = BF_OK;

    *n_parts = 0;
    if (f->n < 2 || f->item[0].match.verdict != BF_VERDICT_ALTERED)
        return BF_OK;
    m = &f->item[0].match;
    for (i = 1; i < f->n && *n_parts < BF_PARTS_MAX && rc == BF_OK; i++) {
        struct spans out = {0};
        bool used;

        if (!says_something(&f->item[i].match))
            continue;
        rc = lay_in(&out, &used, m->span, m->n_spans, &f->item[i].match, (unsigned)*n_parts + 1,
                    err);
        if (rc == BF_OK && used) {
            free(m->span);
            m->span = out.item;
            m->n_spans = out.n;
            part[(*n_parts)++] = i;
        } else {
            free(out.item);
        }
    }
    if (rc != BF_OK || *n_parts == 0)
        return rc;
    tell(m, *n_parts);
    for (k = 0; k < m->n_spans; k++)
        if (m->span[k].state != BF_SPAN_FOREIGN)
            covered += (double)(m->span[k].suspect_end_us - m->span[k].suspect_start_us);
    if (m->n_spans > 0)
        m->coverage = covered / (double)(m->span[m->n_spans - 1].suspect_end_us);
    return BF_OK;
}
