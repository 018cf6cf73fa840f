#include "ledger/match/still.h"
#include "ledger/match/summed.h"
#include "lib/media/cells.h"

#include <math.h>
#include <stdlib.h>

#define GAP_US 125000
#define LUMA_ONE 16 /* a step of luma in the sums */

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
    struct still *to;
    unsigned i;
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
    to->sum = calloc(BF_SUMMED_SIZE(s->w, s->h), sizeof *to->sum);
    if (to->sum == NULL)
        return bf_error_nomem(err);
    s->n++;
    for (i = 0; i < s->w * s->h; i++)
        s->luma[i] /= BF_CELLS_ONE / LUMA_ONE;
    bf_summed_fill(to->sum, s->luma, s->w, s->h);
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
                                 LUMA_ONE;
}

void bf_still_cells(const struct bf_stills *s, size_t i, float *cells, const struct bf_geometry *g,
                    unsigned cols, unsigned rows)
{
    unsigned k;

    bf_summed_cells(cells, s->item[i].sum, s->w, s->h, g, cols, rows, 0);
    for (k = 0; k < cols * rows; k++)
        cells[k] /= LUMA_ONE;
}
