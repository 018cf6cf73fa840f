#include "lib/media/cells.h"
#include "lib/media/mark.h"
#include "lib/media/mark_pattern.h"

#include <math.h>
#include <stdlib.h>

enum { EVERY_US = 250000 }; /* of the video's time, a frame is read */

/* Where an edge runs through two opposite neighbours they foretell the middle the worse the more
 * they differ; this many luma steps halve their word. */
#define PAIR_STEPS 1.0f
#define FLOOR 0.3f  /* luma steps that noise alone may leave of a cell */
#define CLIP 2.0f   /* deviations; what is stranger counts as this */
#define FOUND_Z 6.2 /* the normal tail of two tests is 10^-9 from 6.1 on */

struct bf_mark_reader {
    struct bf_cells *cells;
    uint16_t cell[BF_MARK_CELLS];
    float value[BF_MARK_CELLS], rest[BF_MARK_CELLS];
    double sum[BF_MARK_CELLS];
    uint64_t n_frames;
    int64_t next_us;
    bool wide;
};

struct bf_mark_reader *bf_mark_reader_create(void)
{
    struct bf_mark_reader *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->cells = bf_cells_create();
    if (r->cells == NULL)
        bf_mark_reader_free(&r);
    return r;
}

void bf_mark_reader_free(struct bf_mark_reader **r)
{
    if (*r == NULL)
        return;
    bf_cells_free(&(*r)->cells);
    free(*r);
    *r = NULL;
}

/* What a cell is beside what the four pairs of neighbours opposite each other foretell of it. */
static float surprise(const float *v, int cols, int rows, int x, int y)
{
    static const struct {
        int x, y;
    } way[4] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
    float weights = 0, sum = 0;
    int k;

    for (k = 0; k < 4; k++) {
        int x0 = x - way[k].x, x1 = x + way[k].x, y0 = y - way[k].y, y1 = y + way[k].y;
        float p, q, w;

        if (x0 < 0 || x1 >= cols || y0 < 0 || y1 < 0 || y0 >= rows || y1 >= rows)
            continue;
        p = v[y0 * cols + x0];
        q = v[y1 * cols + x1];
        w = 1 / (PAIR_STEPS * PAIR_STEPS + (p - q) * (p - q));
        weights += w;
        sum += w * (p + q) / 2;
    }
    return weights > 0 ? v[y * cols + x] - sum / weights : 0;
}

/* The usual size of a surprise hereabouts. */
static float deviation(const float *rest, int cols, int rows, int x, int y)
{
    float squares = 0;
    int i, j, n = 0;

    for (j = y > 0 ? y - 1 : 0; j <= y + 1 && j < rows; j++)
        for (i = x > 0 ? x - 1 : 0; i <= x + 1 && i < cols; i++, n++)
            squares += rest[j * cols + i] * rest[j * cols + i];
    return sqrtf(squares / (float)n + FLOOR * FLOOR);
}

enum bf_err bf_mark_reader_add(struct bf_mark_reader *r, const struct bf_frame *f,
                               struct bf_error *err)
{
    bool swapped = f->orientation.xx == 0;
    int cols, rows, x, y, i;
    enum bf_err rc;

    if (r->n_frames > 0 && f->pts_us < r->next_us)
        return BF_OK;
    if (r->n_frames == 0)
        r->wide = bf_mark_is_wide(swapped ? f->height : f->width, swapped ? f->width : f->height);
    cols = r->wide ? BF_MARK_LONG : BF_MARK_SHORT;
    rows = BF_MARK_CELLS / cols;
    rc = bf_cells_compute(r->cell, r->cells, f, (unsigned)cols, (unsigned)rows, err);
    if (rc != BF_OK)
        return rc;
    r->next_us = f->pts_us + EVERY_US;
    r->n_frames++;
    for (i = 0; i < BF_MARK_CELLS; i++)
        r->value[i] = (float)r->cell[i] / BF_CELLS_ONE;
    for (y = 0; y < rows; y++)
        for (x = 0; x < cols; x++)
            r->rest[y * cols + x] = surprise(r->value, cols, rows, x, y);
    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            float s = deviation(r->rest, cols, rows, x, y), v = r->rest[y * cols + x] / s;

            v = v > CLIP ? CLIP : v < -CLIP ? -CLIP : v;
            /* Calm cells tell more, but a strong coder flattens them first: half way between
             * equal votes and votes by certainty. */
            r->sum[y * cols + x] += (double)(v / sqrtf(s));
        }
    }
    return BF_OK;
}

/*
 * Signs that know nothing of the video make a sum of +-v of mean 0 and variance v squared, whatever
 * v is: z is in deviations of that, and no table of real videos is needed to say how rare it is.
 */
void bf_mark_reader_finish(struct bf_mark_result *out, const struct bf_mark_reader *r)
{
    int cols = r->wide ? BF_MARK_LONG : BF_MARK_SHORT, i;
    double squares = 0, upright = 0, mirrored = 0;
    int8_t sign[BF_MARK_CELLS];

    bf_mark_draw(sign, r->wide);
    for (i = 0; i < BF_MARK_CELLS; i++) {
        squares += r->sum[i] * r->sum[i];
        upright += r->sum[i] * sign[i];
        mirrored += r->sum[i] * sign[i - i % cols + cols - 1 - i % cols];
    }
    *out = (struct bf_mark_result){.n_frames = r->n_frames};
    if (!(squares > 0))
        return;
    out->mirrored = mirrored > upright;
    out->z = (out->mirrored ? mirrored : upright) / sqrt(squares);
    out->found = out->z >= FOUND_Z;
}
