#include "ledger/match/summed.h"
#include "ledger/digest/digest.h"

#include <assert.h>
#include <math.h>

void bf_summed_fill(uint32_t *sum, const uint16_t *luma, unsigned w, unsigned h)
{
    unsigned x, y, pitch = w + 1;

    for (x = 0; x <= w; x++)
        sum[x] = 0;
    for (y = 0; y < h; y++) {
        uint32_t row = 0;

        sum[(y + 1) * pitch] = 0;
        for (x = 0; x < w; x++) {
            row += luma[y * w + x];
            sum[(y + 1) * pitch + x + 1] = sum[y * pitch + x + 1] + row;
        }
    }
}

/* The sum above and to the left of a point between pixels. */
static double sum_at(const uint32_t *sum, unsigned w, unsigned h, double x, double y)
{
    unsigned ix = (unsigned)x, iy = (unsigned)y, pitch = w + 1;
    double fx, fy;
    const uint32_t *p;

    ix = ix >= w ? w - 1 : ix;
    iy = iy >= h ? h - 1 : iy;
    fx = x - ix;
    fy = y - iy;
    p = sum + (size_t)iy * pitch + ix;
    return (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) +
           (p[pitch] * (1 - fx) + p[pitch + 1] * fx) * fy;
}

/* Where the edges of a grid's columns or rows lie, in pixels, and which of them lie inside. */
struct edges {
    double at[BF_GRID_LONG + 1];
    bool in[BF_GRID_LONG + 1];
};

static void set_edges(struct edges *e, unsigned n, bool across, unsigned length,
                      const struct bf_geometry *g, double slack)
{
    bool lies_across = across == (g->quarter_turns % 2 == 0);
    unsigned k;

    slack *= fabs(lies_across ? g->right - g->left : g->bottom - g->top) / n;
    for (k = 0; k <= n; k++) {
        double x, y, v;

        bf_geometry_to_suspect(g, &x, &y, across ? (double)k / n : 0, across ? 0 : (double)k / n);
        v = lies_across ? x : y;
        e->in[k] = v >= -slack && v <= 1 + slack;
        e->at[k] = (v < 0 ? 0 : v > 1 ? 1 : v) * length;
    }
}

void bf_summed_cells(float *cells, const uint32_t *sum, unsigned w, unsigned h,
                     const struct bf_geometry *g, unsigned cols, unsigned rows, double slack)
{
    bool odd = g->quarter_turns % 2 == 1;
    struct edges u, v;
    double corner[2][BF_GRID_LONG + 1];
    unsigned x, y;

    assert(cols <= BF_GRID_LONG && rows <= BF_GRID_LONG);
    set_edges(&u, cols, true, odd ? h : w, g, slack);
    set_edges(&v, rows, false, odd ? w : h, g, slack);
    /* Neighbours share corners. Where the box is flipped, sum and area change sign together. */
    for (y = 0; y <= rows; y++) {
        double *now = corner[y % 2], *above = corner[(y + 1) % 2];

        for (x = 0; x <= cols; x++)
            now[x] =
                odd ? sum_at(sum, w, h, v.at[y], u.at[x]) : sum_at(sum, w, h, u.at[x], v.at[y]);
        for (x = 0; y > 0 && x < cols; x++) {
            bool in = u.in[x] && u.in[x + 1] && v.in[y - 1] && v.in[y];
            double area = (u.at[x + 1] - u.at[x]) * (v.at[y] - v.at[y - 1]);

            cells[(y - 1) * cols + x] =
                in && area != 0 ? (float)((now[x + 1] + above[x] - above[x + 1] - now[x]) / area)
                                : -1;
        }
    }
}
