#include "cli/grid_paint.h"
#include "lib/base/spool.h"

#include <math.h>
#include <stdlib.h>

enum {
    ONE = 256,             /* the weight of a whole cell */
    HEAT_STALE_US = 500000 /* a sample of a copy played at a fifth of the speed lasts as long */
};

/* Safe for the colour-blind: blue follows the record, red and orange do not. */
const struct bf_rgb bf_colour_altered = {215, 25, 40}, bf_colour_foreign = {245, 150, 0},
                    bf_colour_follows = {60, 140, 205};

/* Between the middles of which two cells a pixel lies, on one axis. */
struct place {
    int16_t a, b;    /* cells; -1 where the record does not reach */
    uint16_t weight; /* of b, of ONE */
};

struct bf_grid_paint {
    uint32_t width, height;
    unsigned cols;
    bool swapped; /* columns of the grid lie along the picture's height */
    struct place *across, *down;
};

static struct place place_of(double at, unsigned n)
{
    double c = at * n - 0.5;
    int a = (int)floor(c);

    if (at < 0 || at > 1)
        return (struct place){-1, -1, 0};
    if (a < 0)
        return (struct place){0, 0, 0};
    if (a + 1 >= (int)n)
        return (struct place){(int16_t)(n - 1), (int16_t)(n - 1), 0};
    return (struct place){(int16_t)a, (int16_t)(a + 1), (uint16_t)((c - a) * ONE)};
}

enum bf_err bf_grid_paint_create(struct bf_grid_paint **out, const struct bf_match *m,
                                 uint32_t width, uint32_t height, struct bf_error *err)
{
    struct bf_geometry geometry = m->geometry;
    struct bf_grid_paint *g = calloc(1, sizeof *g);
    uint32_t i;

    *out = NULL;
    if (g != NULL) {
        g->across = calloc(width, sizeof *g->across);
        g->down = calloc(height, sizeof *g->down);
    }
    if (g == NULL || g->across == NULL || g->down == NULL) {
        bf_grid_paint_free(&g);
        return bf_error_nomem(err);
    }
    /* A match that compared no pictures leaves it empty. */
    if (!(geometry.right > geometry.left) || !(geometry.bottom > geometry.top))
        geometry = BF_GEOMETRY_SAME;
    g->width = width;
    g->height = height;
    g->cols = m->cols;
    g->swapped = geometry.quarter_turns % 2 != 0;
    for (i = 0; i < width; i++) {
        double u, v;

        bf_geometry_to_record(&geometry, &u, &v, (i + 0.5) / width, 0.5);
        g->across[i] = g->swapped ? place_of(v, m->rows) : place_of(u, m->cols);
    }
    for (i = 0; i < height; i++) {
        double u, v;

        bf_geometry_to_record(&geometry, &u, &v, 0.5, (i + 0.5) / height);
        g->down[i] = g->swapped ? place_of(u, m->cols) : place_of(v, m->rows);
    }
    *out = g;
    return BF_OK;
}

void bf_grid_paint_free(struct bf_grid_paint **g)
{
    if (*g == NULL)
        return;
    free((*g)->across);
    free((*g)->down);
    free(*g);
    *g = NULL;
}

/* The grid's value at a pixel, between the cells' middles; -1 outside. */
static int value_at(const struct bf_grid_paint *g, const uint8_t *cells, uint32_t x, uint32_t y)
{
    const struct place *c = g->swapped ? &g->down[y] : &g->across[x],
                       *r = g->swapped ? &g->across[x] : &g->down[y];
    const uint8_t *above, *below;
    int up, low;

    if (c->a < 0 || r->a < 0)
        return -1;
    above = cells + (size_t)r->a * g->cols;
    below = cells + (size_t)r->b * g->cols;
    up = above[c->a] * (ONE - c->weight) + above[c->b] * c->weight;
    low = below[c->a] * (ONE - c->weight) + below[c->b] * c->weight;
    return (up * (ONE - r->weight) + low * r->weight) / (ONE * ONE);
}

static uint8_t between(int from, int to, int share)
{
    return (uint8_t)(from + (to - from) * share / 255);
}

void bf_grid_paint_heat(struct bf_picture *p, const struct bf_grid_paint *g, const uint8_t *cells)
{
    uint32_t x, y;

    for (y = 0; y < g->height; y++) {
        for (x = 0; x < g->width; x++) {
            int v = value_at(g, cells, x, y), hot, alpha;
            uint8_t *q = p->rgb + ((size_t)y * p->width + x) * 3;

            if (v < BF_HEAT_SHOWN)
                continue;
            hot = (v - BF_HEAT_SHOWN) * 255 / (BF_HEAT_FULL - BF_HEAT_SHOWN);
            hot = hot < 255 ? hot : 255;
            alpha = 70 + hot * 2 / 5;
            q[0] = between(q[0], hot < 128 ? 255 : between(255, 170, 2 * hot - 255), alpha);
            q[1] = between(
                q[1], hot < 128 ? between(225, 90, 2 * hot) : between(90, 0, 2 * hot - 255), alpha);
            q[2] = between(q[2], hot < 128 ? 0 : between(0, 60, 2 * hot - 255), alpha);
        }
    }
}

void bf_grid_paint_luma(struct bf_picture *p, const struct bf_grid_paint *g, const uint8_t *grid)
{
    uint32_t x, y;

    for (y = 0; y < g->height; y++) {
        for (x = 0; x < g->width; x++) {
            int v = value_at(g, grid, x, y);
            uint8_t *q = p->rgb + ((size_t)y * p->width + x) * 3;

            q[0] = q[1] = q[2] = (uint8_t)(v >= 0 ? v : (x + y) / 6 % 2 ? 96 : 72);
        }
    }
}

const struct bf_heat_row *bf_heat_at(const struct bf_match *m, int64_t suspect_us)
{
    uint64_t low = 0, high = m->heat != NULL ? bf_spool_rows(m->heat) : 0;
    const struct bf_heat_row *row;

    while (low < high) {
        uint64_t mid = low + (high - low) / 2;

        row = bf_spool_row(m->heat, mid);
        if (row->suspect_us <= suspect_us)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return NULL;
    row = bf_spool_row(m->heat, low - 1);
    return suspect_us - row->suspect_us < HEAT_STALE_US ? row : NULL;
}

const struct bf_span *bf_span_at(const struct bf_match *m, int64_t suspect_us)
{
    size_t low = 0, high = m->n_spans;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (m->span[mid].suspect_start_us <= suspect_us)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && suspect_us < m->span[low - 1].suspect_end_us ? &m->span[low - 1] : NULL;
}

static void outline(struct bf_picture *p, const struct bf_changed *c)
{
    static const struct bf_rgb white = {255, 255, 255};
    int w = (int)p->width, h = (int)p->height, thick = (w > h ? w : h) / 240 + 1, around = thick;
    struct bf_rect box = {
        (int)lround(c->left * w) - 2 * around, (int)lround(c->top * h) - 2 * around,
        (int)lround(c->right * w) + 2 * around, (int)lround(c->bottom * h) + 2 * around};

    box.left = box.left > 0 ? box.left : 0;
    box.top = box.top > 0 ? box.top : 0;
    box.right = box.right < w ? box.right : w;
    box.bottom = box.bottom < h ? box.bottom : h;
    bf_picture_outline(p, &box, thick, white);
    box =
        (struct bf_rect){box.left + thick, box.top + thick, box.right - thick, box.bottom - thick};
    bf_picture_outline(p, &box, thick, bf_colour_altered);
}

void bf_span_outline(struct bf_picture *p, const struct bf_span *s)
{
    unsigned i;

    for (i = 0; i < s->n_regions; i++)
        outline(p, &s->region[i]);
}
