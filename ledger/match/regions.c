#include "ledger/match/regions.h"
#include "lib/base/spool.h"

enum {
    GROW = 32,     /* levels above the bar from which a cell is part of a region: a factor of 4 */
    PAUSE_MAX = 5, /* samples that a region may be gone for */
    JOIN_MAX = 15, /* and that may lie between two strong regions at one place that are one */
    OPEN_MAX = 64, /* regions that are followed at once; the weakest goes */
    NONE = 0xff,
};

struct finder {
    struct bf_region *open[OPEN_MAX];
    uint8_t owner[BF_GRID_CELLS];  /* the region a cell was last part of; NONE */
    uint16_t patch[BF_GRID_CELLS]; /* cells of the patch that is looked at */
    uint8_t taken[BF_GRID_CELLS];  /* cells of this row that are in a patch */
    unsigned bar, peak_min, cols, rows;
    struct bf_regions *out;
};

void bf_regions_release(struct bf_regions *r)
{
    size_t i;

    for (i = 0; i < r->n; i++)
        free(r->item[i]);
    free(r->item);
    *r = (struct bf_regions){0};
}

static void disown(struct finder *f, unsigned id, unsigned heir)
{
    unsigned i;

    for (i = 0; i < f->cols * f->rows; i++)
        if (f->owner[i] == id)
            f->owner[i] = (uint8_t)heir;
}

static void add_counts(struct bf_region *to, const struct bf_region *from)
{
    unsigned i;

    to->first = from->first < to->first ? from->first : to->first;
    to->last = from->last > to->last ? from->last : to->last;
    to->peak = from->peak > to->peak ? from->peak : to->peak;
    to->n_rows += from->n_rows;
    for (i = 0; i < BF_GRID_CELLS; i++)
        to->count[i] += from->count[i];
}

/* Keeps an open region if it is strong enough; its place is free afterwards. */
static enum bf_err close_region(struct finder *f, unsigned id, struct bf_error *err)
{
    struct bf_region *r = f->open[id];
    void *more;

    f->open[id] = NULL;
    disown(f, id, NONE);
    if (r->peak < f->peak_min) {
        free(r);
        return BF_OK;
    }
    more = realloc(f->out->item, (f->out->n + 1) * sizeof(struct bf_region *));
    if (more == NULL) {
        free(r);
        return bf_error_nomem(err);
    }
    f->out->item = more;
    f->out->item[f->out->n++] = r;
    return BF_OK;
}

/* A free place; where there is none, the weakest region's. */
static enum bf_err open_region(unsigned *id, struct finder *f, uint64_t k, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    unsigned i;

    *id = 0;
    for (i = 0; i < OPEN_MAX; i++) {
        if (f->open[i] == NULL || (f->open[*id] != NULL && f->open[i]->peak < f->open[*id]->peak))
            *id = i;
        if (f->open[i] == NULL)
            break;
    }
    if (f->open[*id] != NULL)
        rc = close_region(f, *id, err);
    if (rc != BF_OK)
        return rc;
    f->open[*id] = calloc(1, sizeof **f->open);
    if (f->open[*id] == NULL)
        return bf_error_nomem(err);
    f->open[*id]->first = k;
    return BF_OK;
}

/* The cells connected with i that stand out, in f->patch; returns how many. */
static unsigned flood(struct finder *f, const struct bf_pooled_row *row, unsigned i)
{
    unsigned n = 0, at;

    f->taken[i] = 1;
    f->patch[n++] = (uint16_t)i;
    for (at = 0; at < n; at++) {
        unsigned c = f->patch[at], x = c % f->cols, y = c / f->cols;
        unsigned next[4], m = 0, k;

        if (x > 0)
            next[m++] = c - 1;
        if (x + 1 < f->cols)
            next[m++] = c + 1;
        if (y > 0)
            next[m++] = c - f->cols;
        if (y + 1 < f->rows)
            next[m++] = c + f->cols;
        for (k = 0; k < m; k++) {
            if (f->taken[next[k]] || row->cell[next[k]] < f->bar + GROW)
                continue;
            f->taken[next[k]] = 1;
            f->patch[n++] = (uint16_t)next[k];
        }
    }
    return n;
}

/* Gives the patch to the open region it lies on, or to a new one; regions it connects are one. */
static enum bf_err take_patch(struct finder *f, const struct bf_pooled_row *row, unsigned n,
                              uint64_t k, struct bf_error *err)
{
    unsigned id = NONE, i;
    struct bf_region *r;

    for (i = 0; i < n; i++) {
        unsigned other = f->owner[f->patch[i]];

        if (other == NONE || other == id)
            continue;
        if (id == NONE) {
            id = other;
            continue;
        }
        add_counts(f->open[id], f->open[other]);
        free(f->open[other]);
        f->open[other] = NULL;
        disown(f, other, id);
    }
    if (id == NONE) {
        enum bf_err rc = open_region(&id, f, k, err);

        if (rc != BF_OK)
            return rc;
    }
    r = f->open[id];
    r->n_rows += r->n_rows == 0 || r->last != k;
    r->last = k;
    for (i = 0; i < n; i++) {
        unsigned c = f->patch[i], above = row->cell[c] - f->bar;

        r->peak = above > r->peak ? above : r->peak;
        r->count[c]++;
        f->owner[c] = (uint8_t)id;
    }
    return BF_OK;
}

static enum bf_err take_row(struct finder *f, const struct bf_pooled_row *row, uint64_t k,
                            struct bf_error *err)
{
    unsigned i, n = f->cols * f->rows;
    enum bf_err rc = BF_OK;

    for (i = 0; i < OPEN_MAX && rc == BF_OK; i++)
        if (f->open[i] != NULL && k - f->open[i]->last > PAUSE_MAX)
            rc = close_region(f, i, err);
    memset(f->taken, 0, sizeof f->taken);
    for (i = 0; i < n && rc == BF_OK; i++)
        if (!f->taken[i] && row->cell[i] >= f->bar + GROW)
            rc = take_patch(f, row, flood(f, row, i), k, err);
    return rc;
}

/* At least half of the smaller one lies in the other. */
static bool same_place(const struct bf_region *a, const struct bf_region *b)
{
    unsigned n_a = 0, n_b = 0, both = 0, i;

    for (i = 0; i < BF_GRID_CELLS; i++) {
        n_a += a->count[i] > 0;
        n_b += b->count[i] > 0;
        both += a->count[i] > 0 && b->count[i] > 0;
    }
    return both * 2 >= (n_a < n_b ? n_a : n_b);
}

/* What is altered may rest for a moment: a mouth that is closed in both. */
static void join(struct bf_regions *r)
{
    size_t i = 0, j;

    while (i < r->n) {
        for (j = i + 1; j < r->n; j++) {
            struct bf_region *a = r->item[i], *b = r->item[j];

            if (a->first <= b->last + JOIN_MAX && b->first <= a->last + JOIN_MAX &&
                same_place(a, b))
                break;
        }
        if (j == r->n) {
            i++;
            continue;
        }
        add_counts(r->item[i], r->item[j]);
        free(r->item[j]);
        r->item[j] = r->item[--r->n];
    }
}

enum bf_err bf_regions_find(struct bf_regions *out, const struct bf_spool *pooled, unsigned bar,
                            unsigned peak_min, unsigned cols, unsigned rows, struct bf_error *err)
{
    struct finder *f = calloc(1, sizeof *f);
    enum bf_err rc = BF_OK;
    uint64_t k;
    unsigned i;

    *out = (struct bf_regions){0};
    if (f == NULL)
        return bf_error_nomem(err);
    memset(f->owner, NONE, sizeof f->owner);
    f->bar = bar;
    f->peak_min = peak_min;
    f->cols = cols;
    f->rows = rows;
    f->out = out;
    for (k = 0; k < bf_spool_rows(pooled) && rc == BF_OK; k++)
        rc = take_row(f, bf_spool_row(pooled, k), k, err);
    for (i = 0; i < OPEN_MAX; i++) {
        if (f->open[i] != NULL && rc == BF_OK)
            rc = close_region(f, i, err);
        free(f->open[i]);
    }
    free(f);
    if (rc == BF_OK)
        join(out);
    else
        bf_regions_release(out);
    return rc;
}
