#include "ledger/match/pooling.h"
#include "lib/base/spool.h"

#include <math.h>

enum {
    LONG_SAMPLES = 15, /* over which motion is compared, 1.5 s */
    BLANK = 1,         /* level of a window in which nothing differs */
    SQUARE_ONE = 64,   /* squares are summed as integers, so that sums do not drift */
    BAR_ABOVE = 23,    /* levels, a factor of e: how far from the median the bar may lie */
    SEEN_MIN = BF_POOL_COLS * BF_POOL_ROWS / 2 + 1, /* cells of a window that must be shown */
};

#define OUT_OF_STEP_MIN 0.05f /* weight where the motion is all the record's */

/* Sums over a stretch of rows, for each cell. */
struct sums {
    uint64_t square_from, square_end, long_from, long_end; /* rows that are in */
    int32_t square[BF_GRID_CELLS];                         /* of the residual, in units of noise */
    /* over the longer stretch, of the residual and of what was expected; products of both */
    int32_t r[BF_GRID_CELLS], rr[BF_GRID_CELLS], e[BF_GRID_CELLS], ee[BF_GRID_CELLS],
        er[BF_GRID_CELLS];
    uint32_t seen[(BF_GRID_LONG + 1) * (BF_GRID_LONG + 1)];
    float value[3][BF_GRID_CELLS];
    float column[3][BF_GRID_LONG + 1];
    struct bf_pooled_row out;
};

static void square_add(struct sums *s, const struct bf_residual_row *row,
                       const struct bf_noise *noise, unsigned cells, int sign)
{
    unsigned i;

    for (i = 0; i < cells; i++)
        s->square[i] += sign * (int)(bf_noise_square(noise, row, i, BF_SQUARE_CAP) * SQUARE_ONE);
}

static void long_add(struct sums *s, const struct bf_residual_row *row, unsigned cells, int sign)
{
    unsigned i;

    for (i = 0; i < cells; i++) {
        int r = row->residual[i], e = row->expected[i];

        s->r[i] += sign * r;
        s->rr[i] += sign * r * r;
        s->e[i] += sign * e;
        s->ee[i] += sign * e * e;
        s->er[i] += sign * e * r;
    }
}

/* Start of a window of size about k that lies within n rows. */
static uint64_t window_from(uint64_t k, uint64_t size, uint64_t n)
{
    uint64_t from = k > size / 2 ? k - size / 2 : 0;

    return n <= size ? 0 : from + size > n ? n - size : from;
}

/* Takes rows in and out until the sums are those around row k. */
static void move_to(struct sums *s, const struct bf_spool *rows, const struct bf_noise *noise,
                    uint64_t k, unsigned cells)
{
    uint64_t n = bf_spool_rows(rows), from = window_from(k, BF_POOL_SAMPLES, n);

    while (s->square_end < n && s->square_end < from + BF_POOL_SAMPLES)
        square_add(s, bf_spool_row(rows, s->square_end++), noise, cells, 1);
    while (s->square_from < from)
        square_add(s, bf_spool_row(rows, s->square_from++), noise, cells, -1);
    from = window_from(k, LONG_SAMPLES, n);
    while (s->long_end < n && s->long_end < from + LONG_SAMPLES)
        long_add(s, bf_spool_row(rows, s->long_end++), cells, 1);
    while (s->long_from < from)
        long_add(s, bf_spool_row(rows, s->long_from++), cells, -1);
}

/* For each cell: mean square, and variance of the residual against that of both motions. */
static void set_values(struct sums *s, const struct bf_residual_row *row,
                       const struct bf_noise *noise, const uint8_t *visible, unsigned cells)
{
    float n_square = (float)(s->square_end - s->square_from) * SQUARE_ONE,
          n = (float)(s->long_end - s->long_from), q = BF_RESIDUAL_ONE;
    unsigned i;

    for (i = 0; i < cells; i++) {
        float r = (float)s->r[i], e = (float)s->e[i];
        float rr = ((float)s->rr[i] - r * r / n) / (q * q), ee = (float)s->ee[i] - e * e / n,
              er = ((float)s->er[i] - e * r / n) / q;

        s->value[0][i] = visible[i] ? (float)s->square[i] / n_square : 0;
        s->value[1][i] = visible[i] ? rr : 0;
        s->value[2][i] =
            visible[i] ? 2 * ee + 2 * er + rr + n * bf_noise_variance(noise, row, i) : 0;
    }
}

static void count_seen(struct sums *s, const uint8_t *visible, unsigned cols, unsigned rows)
{
    unsigned x, y, w = cols + 1;

    for (y = 0; y < rows; y++)
        for (x = 0; x < cols; x++)
            s->seen[(y + 1) * w + x + 1] = visible[y * cols + x] + s->seen[y * w + x + 1] +
                                           s->seen[(y + 1) * w + x] - s->seen[y * w + x];
}

static uint8_t level_of(float v)
{
    float l = v > 0 ? BF_POOLED_ONE + BF_POOLED_OCTAVE * log2f(v) : BLANK;

    return (uint8_t)(l < BLANK ? BLANK : l > 255 ? 255 : lrintf(l));
}

/* The row's level for each cell, over windows that are moved inwards at the picture's edges. */
static void pool_windows(struct sums *s, const uint8_t *visible, unsigned cols, unsigned rows)
{
    unsigned w = cols + 1, x, y, j, c;

    for (y = 0; y < rows; y++) {
        unsigned y0 = (unsigned)window_from(y, BF_POOL_ROWS, rows), y1 = y0 + BF_POOL_ROWS;

        /* Sums down the window's height, then running sums along it. */
        for (c = 0; c < 3; c++) {
            s->column[c][0] = 0;
            for (x = 0; x < cols; x++) {
                float sum = 0;

                for (j = y0; j < y1; j++)
                    sum += s->value[c][j * cols + x];
                s->column[c][x + 1] = s->column[c][x] + sum;
            }
        }
        for (x = 0; x < cols; x++) {
            unsigned x0 = (unsigned)window_from(x, BF_POOL_COLS, cols), x1 = x0 + BF_POOL_COLS;
            uint32_t seen = s->seen[y1 * w + x1] - s->seen[y0 * w + x1] - s->seen[y1 * w + x0] +
                            s->seen[y0 * w + x0];
            float square = s->column[0][x1] - s->column[0][x0],
                  own = s->column[1][x1] - s->column[1][x0],
                  all = s->column[2][x1] - s->column[2][x0];

            s->out.cell[y * cols + x] =
                seen < SEEN_MIN || !visible[y * cols + x]
                    ? 0
                    : level_of(square / (float)seen * (own / all + OUT_OF_STEP_MIN));
        }
    }
}

enum bf_err bf_pool(struct bf_spool *out, const struct bf_spool *rows, const struct bf_noise *noise,
                    const uint8_t *visible, unsigned cols, unsigned n_rows, struct bf_error *err)
{
    struct sums *s = calloc(1, sizeof *s);
    uint64_t n = bf_spool_rows(rows), k;
    enum bf_err rc = BF_OK;

    if (s == NULL)
        return bf_error_nomem(err);
    count_seen(s, visible, cols, n_rows);
    for (k = 0; k < n && rc == BF_OK; k++) {
        move_to(s, rows, noise, k, cols * n_rows);
        set_values(s, bf_spool_row(rows, k), noise, visible, cols * n_rows);
        pool_windows(s, visible, cols, n_rows);
        rc = bf_spool_append(out, &s->out, err);
    }
    free(s);
    return rc;
}

unsigned bf_pooled_bar(const struct bf_spool *pooled, const struct bf_spool *rows, unsigned cells)
{
    uint64_t count[256] = {0}, n = 0, below = 0, blank = 0, k;
    unsigned i, median = 0, high = 0;

    for (k = 0; k < bf_spool_rows(pooled); k++) {
        const struct bf_pooled_row *row = bf_spool_row(pooled, k);
        const struct bf_residual_row *from = bf_spool_row(rows, k);

        for (i = 0; i < cells; i++) {
            if (bf_residual_is_cut_off(from, i))
                continue;
            count[row->cell[i]]++;
            blank += row->cell[i] == BLANK && from->place[i] == 0;
        }
    }
    for (i = BLANK; i < 256; i++)
        n += count[i];
    /* What shows nothing and does not differ at all, a blank border, has no noise to tell of. But
     * where that is most of the picture, an exact copy of a slide, what differs may all be an
     * alteration. */
    if (2 * blank <= n) {
        count[BLANK] -= blank;
        n -= blank;
    }
    for (i = BLANK; i < 256; i++) {
        if (below * 2 < n)
            median = i;
        if (below * 10 < n * 9)
            high = i;
        below += count[i];
    }
    return high < median + BAR_ABOVE ? high : median + BAR_ABOVE;
}
