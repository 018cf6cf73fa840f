#include "ledger/match/still.h"
#include "lib/media/cells.h"

#include <math.h>
#include <stdlib.h>

#define GAP_US 500000

_Static_assert(BF_STILL_LONG <= BF_CELLS_DIM_MAX, "a still is a grid of cells");

struct still {
    int64_t pts_us;
    uint32_t *sum; /* (h + 1, w + 1): luma x 16 of all pixels above and to the left */
};

struct bf_stills {
    unsigned w, h;
    struct bf_cells *cells;
    uint16_t *luma; /* (h, w) */
    struct still item[BF_STILLS_MAX];
    size_t n;
    int64_t gap_us, next_us;
};

struct bf_stills *bf_stills_create(const struct bf_video_info *info)
{
    struct bf_stills *s = calloc(1, sizeof *s);
    double w = (double)info->width * info->sar_num / info->sar_den, h = info->height;
    double longer = w > h ? w : h;

    if (s == NULL)
        return NULL;
    s->w = (unsigned)lrint(BF_STILL_LONG * w / longer);
    s->h = (unsigned)lrint(BF_STILL_LONG * h / longer);
    s->w = s->w < 16 ? 16 : s->w;
    s->h = s->h < 16 ? 16 : s->h;
    s->gap_us = GAP_US;
    s->cells = bf_cells_create();
    s->luma = calloc((size_t)s->w * s->h, sizeof *s->luma);
    if (s->cells == NULL || s->luma == NULL)
        bf_stills_free(&s);
    return s;
}

void bf_stills_free(struct bf_stills **out)
{
    struct bf_stills *s = *out;
    size_t i;

    if (s == NULL)
        return;
    for (i = 0; i < s->n; i++)
        free(s->item[i].sum);
    bf_cells_free(&s->cells);
    free(s->luma);
    free(s);
    *out = NULL;
}

/* Every other one goes, and from now on they are twice as far apart. */
static void thin_out(struct bf_stills *s)
{
    size_t i, kept = 0;

    for (i = 0; i < s->n; i++) {
        if (i % 2 == 0)
            s->item[kept++] = s->item[i];
        else
            free(s->item[i].sum);
    }
    s->n = kept;
    s->gap_us *= 2;
    s->next_us = s->item[kept - 1].pts_us + s->gap_us;
}

enum bf_err bf_stills_add(struct bf_stills *s, const struct bf_frame *frame, struct bf_error *err)
{
    unsigned x, y, pitch = s->w + 1;
    struct still *to;
    enum bf_err rc;

    if (frame->pts_us < s->next_us)
        return BF_OK;
    if (s->n == BF_STILLS_MAX)
        thin_out(s);
    if (frame->pts_us < s->next_us)
        return BF_OK;
    rc = bf_cells_compute(s->luma, s->cells, frame, s->w, s->h, err);
    if (rc != BF_OK)
        return rc;
    to = &s->item[s->n];
    to->pts_us = frame->pts_us;
    to->sum = calloc((size_t)pitch * (s->h + 1), sizeof *to->sum);
    if (to->sum == NULL)
        return bf_error_nomem(err);
    s->n++;
    for (y = 0; y < s->h; y++) {
        uint32_t row = 0;

        for (x = 0; x < s->w; x++) {
            row += (uint32_t)(s->luma[y * s->w + x] / (BF_CELLS_ONE / 16));
            to->sum[(y + 1) * pitch + x + 1] = to->sum[y * pitch + x + 1] + row;
        }
    }
    s->next_us = frame->pts_us + s->gap_us;
    return BF_OK;
}

size_t bf_stills_count(const struct bf_stills *s)
{
    return s->n;
}

unsigned bf_stills_width(const struct bf_stills *s)
{
    return s->w;
}

unsigned bf_stills_height(const struct bf_stills *s)
{
    return s->h;
}

int64_t bf_still_us(const struct bf_stills *s, size_t i)
{
    return s->item[i].pts_us;
}

void bf_still_luma(const struct bf_stills *s, size_t i, float *luma)
{
    const uint32_t *sum = s->item[i].sum;
    unsigned x, y, pitch = s->w + 1;

    for (y = 0; y < s->h; y++)
        for (x = 0; x < s->w; x++)
            luma[y * s->w + x] = (float)(sum[(y + 1) * pitch + x + 1] + sum[y * pitch + x] -
                                         sum[y * pitch + x + 1] - sum[(y + 1) * pitch + x]) /
                                 16;
}

/* The sum above and to the left of a point between pixels. */
static double sum_at(const struct bf_stills *s, const uint32_t *sum, double x, double y)
{
    unsigned ix = (unsigned)x, iy = (unsigned)y, pitch = s->w + 1;
    double fx, fy;
    const uint32_t *p;

    ix = ix >= s->w ? s->w - 1 : ix;
    iy = iy >= s->h ? s->h - 1 : iy;
    fx = x - ix;
    fy = y - iy;
    p = sum + (size_t)iy * pitch + ix;
    return (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) +
           (p[pitch] * (1 - fx) + p[pitch + 1] * fx) * fy;
}

void bf_still_cells(const struct bf_stills *s, size_t i, float *cells, const struct bf_geometry *g,
                    unsigned cols, unsigned rows)
{
    const uint32_t *sum = s->item[i].sum;
    unsigned x, y;

    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            double x0, y0, x1, y1, t, area;
            float *out = &cells[y * cols + x];

            bf_geometry_to_suspect(g, &x0, &y0, (double)x / cols, (double)y / rows);
            bf_geometry_to_suspect(g, &x1, &y1, (double)(x + 1) / cols, (double)(y + 1) / rows);
            if (x0 > x1) {
                t = x0;
                x0 = x1;
                x1 = t;
            }
            if (y0 > y1) {
                t = y0;
                y0 = y1;
                y1 = t;
            }
            *out = -1;
            if (x0 < 0 || y0 < 0 || x1 > 1 || y1 > 1)
                continue;
            x0 *= s->w;
            x1 *= s->w;
            y0 *= s->h;
            y1 *= s->h;
            area = (x1 - x0) * (y1 - y0) * 16;
            *out = (float)((sum_at(s, sum, x1, y1) + sum_at(s, sum, x0, y0) -
                            sum_at(s, sum, x0, y1) - sum_at(s, sum, x1, y0)) /
                           area);
        }
    }
}
