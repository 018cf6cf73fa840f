#include "ledger/match/trace.h"
#include "ledger/match/summed.h"
#include "lib/base/spool.h"
#include "lib/media/cells.h"

#include <math.h>

_Static_assert(BF_COARSE_COLS *BF_COARSE_BLOCK == BF_GRID_LONG &&
                   BF_COARSE_ROWS * BF_COARSE_BLOCK == BF_GRID_SHORT,
               "blocks fill the grid");

struct bf_trace {
    unsigned cols, rows;
    struct bf_spool *spool;
    int64_t end_us;
    uint8_t visible[BF_GRID_CELLS];
    uint8_t comparable[BF_GRID_CELLS]; /* visible, and out of reach of what a bar bleeds */
    uint8_t counted[BF_GRID_CELLS];    /* in block means: visible, and not right beside a bar */
    unsigned n_hidden;
    /* within a geometry: */
    struct bf_geometry geometry;
    struct bf_cells *cells;
    struct bf_frame_digest *digest;
    uint16_t *lying; /* cells as they lie in the suspect's picture, before they are turned back */
    uint16_t lies[BF_GRID_CELLS];    /* where in them each cell of the record is */
    unsigned bleed_cols, bleed_rows; /* of them: so far reaches what lies beside the picture */
    int64_t next_code_us;
};

/* An edge of the picture that lies further inside than this may have a bar beside it. */
#define MAY_INSET 0.004
/* Pixels of the suspect over which transforms and filters of a coder carry what lies beside the
 * picture into it. */
#define BLEED 6.0
#define SLACK 0.1 /* of a cell, that may lie outside the suspect's picture */

/* Codes tell little where more than 1 cell in so many is hidden. */
enum { CODES_HIDDEN = 50 };

enum bf_err bf_trace_create(struct bf_trace **out, unsigned cols, unsigned rows,
                            const char *tmp_dir, struct bf_error *err)
{
    struct bf_trace *t = calloc(1, sizeof *t);
    enum bf_err rc;

    *out = NULL;
    if (t == NULL)
        return bf_error_nomem(err);
    t->cols = cols;
    t->rows = rows;
    t->geometry = BF_GEOMETRY_SAME;
    t->bleed_cols = t->bleed_rows = 1;
    memset(t->visible, 1, sizeof t->visible);
    memset(t->comparable, 1, (size_t)cols * rows);
    memset(t->counted, 1, sizeof t->counted);
    rc = bf_spool_open(&t->spool, tmp_dir, sizeof(struct bf_trace_frame), err);
    if (rc != BF_OK) {
        bf_trace_free(&t);
        return rc;
    }
    *out = t;
    return BF_OK;
}

void bf_trace_free(struct bf_trace **t)
{
    if (*t == NULL)
        return;
    bf_spool_close(&(*t)->spool);
    bf_cells_free(&(*t)->cells);
    free((*t)->digest);
    free((*t)->lying);
    free(*t);
    *t = NULL;
}

enum bf_err bf_trace_add(struct bf_trace *t, const struct bf_frame_digest *f, struct bf_error *err)
{
    struct bf_trace_frame row = {.pts_us = f->pts_us, .contrast = f->contrast};
    uint32_t sum[BF_COARSE_CELLS] = {0}, n[BF_COARSE_CELLS] = {0};
    unsigned x, y, i, block, coarse_cols = t->cols / BF_COARSE_BLOCK;

    memcpy(row.exact32, f->exact32, sizeof row.exact32);
    memcpy(row.code32, f->code32, sizeof row.code32);
    for (y = 0; y < t->rows; y++) {
        for (x = 0; x < t->cols; x++) {
            i = y * t->cols + x;
            block = y / BF_COARSE_BLOCK * coarse_cols + x / BF_COARSE_BLOCK;
            row.cells[i] = (uint8_t)((f->cells[i] + BF_CELLS_ONE / 2) / BF_CELLS_ONE);
            sum[block] += t->counted[i] ? f->cells[i] : 0u;
            n[block] += t->counted[i];
        }
    }
    for (i = 0; i < BF_COARSE_CELLS; i++)
        row.coarse[i] = (uint16_t)(n[i] > 0 ? sum[i] / n[i] : 0);
    return bf_spool_append(t->spool, &row, err);
}

/* Where cell (x, y) of the record lies in the grid over the suspect's part. */
static unsigned lies_at(const struct bf_trace *t, unsigned x, unsigned y)
{
    struct bf_geometry g = t->geometry;
    bool odd = g.quarter_turns % 2 == 1;
    unsigned cols = odd ? t->rows : t->cols, rows = odd ? t->cols : t->rows, i, j;
    double u, v;

    g.left = g.top = 0;
    g.right = g.bottom = 1;
    bf_geometry_to_suspect(&g, &u, &v, (x + 0.5) / t->cols, (y + 0.5) / t->rows);
    i = (unsigned)(u * cols);
    j = (unsigned)(v * rows);
    return (j < rows ? j : rows - 1) * cols + (i < cols ? i : cols - 1);
}

static void set_geometry(struct bf_trace *t, const struct bf_geometry *g)
{
    unsigned x, y;

    t->geometry = *g;
    for (y = 0; y < t->rows; y++)
        for (x = 0; x < t->cols; x++)
            t->lies[y * t->cols + x] = (uint16_t)lies_at(t, x, y);
}

enum bf_err bf_trace_create_within(struct bf_trace **out, const struct bf_geometry *g,
                                   unsigned cols, unsigned rows, const char *tmp_dir,
                                   struct bf_error *err)
{
    enum bf_err rc = bf_trace_create(out, cols, rows, tmp_dir, err);
    struct bf_trace *t = *out;

    if (rc != BF_OK || t == NULL)
        return rc;
    set_geometry(t, g);
    t->cells = bf_cells_create();
    t->digest = calloc(1, sizeof *t->digest);
    t->lying = calloc(BF_GRID_CELLS, sizeof *t->lying);
    if (t->cells == NULL || t->digest == NULL || t->lying == NULL) {
        bf_trace_free(out);
        return bf_error_nomem(err);
    }
    return BF_OK;
}

/*
 * Is the cell that lies there among the first so many beside a bar or another picture, which bleeds
 * into it? There is one beside edges that lie further inside than inset.
 */
static bool is_beside_bar(const struct bf_trace *t, unsigned lies, double inset, unsigned by_cols,
                          unsigned by_rows)
{
    const struct bf_geometry *g = &t->geometry;
    bool odd = g->quarter_turns % 2 == 1;
    unsigned cols = odd ? t->rows : t->cols, rows = odd ? t->cols : t->rows;
    unsigned i = lies % cols, j = lies / cols;

    return (i < by_cols && g->left > inset) || (i + by_cols >= cols && g->right < 1 - inset) ||
           (j < by_rows && g->top > inset) || (j + by_rows >= rows && g->bottom < 1 - inset);
}

static unsigned bleed_over(double share, unsigned pixels, unsigned cells)
{
    double n = BLEED * cells / (share * pixels);

    return n < 1 ? 1 : n > cells ? cells : (unsigned)ceil(n);
}

/* The smaller a picture lies in another, the more of its cells the coder's blocks reach over. */
static void set_bleed(struct bf_trace *t, const struct bf_frame *f)
{
    const struct bf_geometry *g = &t->geometry;
    bool odd = g->quarter_turns % 2 == 1, lying = f->orientation.xx == 0;

    t->bleed_cols =
        bleed_over(g->right - g->left, lying ? f->height : f->width, odd ? t->rows : t->cols);
    t->bleed_rows =
        bleed_over(g->bottom - g->top, lying ? f->width : f->height, odd ? t->cols : t->rows);
}

/* Adds the digest's cells, those outside the suspect's picture BF_CELLS_HIDDEN. */
static enum bf_err add_cells_within(struct bf_trace *t, int64_t pts_us, struct bf_error *err)
{
    struct bf_frame_digest *d = t->digest;
    bool first = bf_spool_rows(t->spool) == 0;
    unsigned i;

    for (i = 0; i < t->cols * t->rows; i++) {
        bool hidden = d->cells[i] == BF_CELLS_HIDDEN;

        if (first && hidden) {
            t->visible[i] = 0;
            t->n_hidden++;
        }
        if (first &&
            (hidden || is_beside_bar(t, t->lies[i], MAY_INSET, t->bleed_cols, t->bleed_rows)))
            t->comparable[i] = 0;
        if (first && (hidden || is_beside_bar(t, t->lies[i], BF_GEOMETRY_INSET, 1, 1)))
            t->counted[i] = 0;
        if (hidden)
            d->cells[i] = 0;
    }
    d->pts_us = pts_us;
    d->contrast = 0;
    /* Of codes no more are asked for. */
    if (bf_trace_has_codes(t) && pts_us >= t->next_code_us) {
        bf_code_compute(d->code32, &d->contrast, d->cells, t->cols, t->rows);
        if (d->contrast > BF_CODE_FLAT_MAX)
            t->next_code_us = pts_us + BF_TRACE_CODES_US;
    }
    return bf_trace_add(t, d, err);
}

enum bf_err bf_trace_add_within(struct bf_trace *t, const struct bf_frame *frame,
                                struct bf_error *err)
{
    const struct bf_geometry *g = &t->geometry;
    const struct bf_cells_box box = {g->left, g->top, g->right, g->bottom};
    bool odd = g->quarter_turns % 2 == 1;
    unsigned i;
    enum bf_err rc = bf_cells_compute_box(t->lying, t->cells, frame, &box, odd ? t->rows : t->cols,
                                          odd ? t->cols : t->rows, err);

    if (rc != BF_OK)
        return rc;
    if (bf_spool_rows(t->spool) == 0)
        set_bleed(t, frame);
    for (i = 0; i < t->cols * t->rows; i++)
        t->digest->cells[i] = t->lying[t->lies[i]];
    return add_cells_within(t, frame->pts_us, err);
}

enum bf_err bf_trace_within(struct bf_trace **out, const struct bf_trace *whole,
                            const struct bf_geometry *g, unsigned cols, unsigned rows,
                            const char *tmp_dir, struct bf_error *err)
{
    uint32_t sum[BF_SUMMED_SIZE(BF_GRID_LONG, BF_GRID_SHORT)];
    float mean[BF_GRID_CELLS];
    uint16_t luma[BF_GRID_CELLS];
    uint64_t n = bf_trace_frames(whole), i;
    unsigned k;
    enum bf_err rc = bf_trace_create_within(out, g, cols, rows, tmp_dir, err);

    for (i = 0; i < n && rc == BF_OK; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(whole, i);

        for (k = 0; k < whole->cols * whole->rows; k++)
            luma[k] = f->cells[k];
        bf_summed_fill(sum, luma, whole->cols, whole->rows);
        bf_summed_cells(mean, sum, whole->cols, whole->rows, g, cols, rows, SLACK);
        for (k = 0; k < cols * rows; k++)
            (*out)->digest->cells[k] =
                mean[k] < 0 ? BF_CELLS_HIDDEN : (uint16_t)(mean[k] * BF_CELLS_ONE + 0.5f);
        rc = add_cells_within(*out, f->pts_us, err);
    }
    if (rc == BF_OK)
        rc = bf_trace_seal(*out, whole->end_us, err);
    if (rc != BF_OK)
        bf_trace_free(out);
    return rc;
}

bool bf_trace_has_codes(const struct bf_trace *t)
{
    return t->n_hidden * CODES_HIDDEN < t->cols * t->rows;
}

unsigned bf_trace_visible_coarse(const struct bf_trace *t, uint8_t *visible)
{
    unsigned x, y, coarse_cols = t->cols / BF_COARSE_BLOCK, n = 0;

    /* A block is more cells each way than lie right beside a bar: some are counted. */
    memset(visible, 1, BF_COARSE_CELLS);
    for (y = 0; y < t->rows; y++)
        for (x = 0; x < t->cols; x++)
            if (!t->visible[y * t->cols + x])
                visible[y / BF_COARSE_BLOCK * coarse_cols + x / BF_COARSE_BLOCK] = 0;
    for (x = 0; x < BF_COARSE_CELLS; x++)
        n += visible[x];
    return n;
}

enum bf_err bf_trace_seal(struct bf_trace *t, int64_t end_us, struct bf_error *err)
{
    enum bf_err rc = bf_spool_seal(t->spool, err);

    if (rc != BF_OK)
        return rc;
    if (bf_spool_rows(t->spool) == 0)
        return bf_error_set(err, BF_ERR_FORMAT, "there is no frame to compare");
    t->end_us = end_us > bf_trace_frame(t, bf_trace_frames(t) - 1)->pts_us
                    ? end_us
                    : bf_trace_frame(t, bf_trace_frames(t) - 1)->pts_us + 1;
    return BF_OK;
}

const struct bf_geometry *bf_trace_geometry(const struct bf_trace *t)
{
    return &t->geometry;
}

unsigned bf_trace_cols(const struct bf_trace *t)
{
    return t->cols;
}

unsigned bf_trace_rows(const struct bf_trace *t)
{
    return t->rows;
}

const uint8_t *bf_trace_comparable(const struct bf_trace *t)
{
    return t->comparable;
}

uint64_t bf_trace_frames(const struct bf_trace *t)
{
    return bf_spool_rows(t->spool);
}

int64_t bf_trace_end_us(const struct bf_trace *t)
{
    return t->end_us;
}

const struct bf_trace_frame *bf_trace_frame(const struct bf_trace *t, uint64_t i)
{
    return bf_spool_row(t->spool, i);
}

uint64_t bf_trace_at(const struct bf_trace *t, int64_t us)
{
    uint64_t lo = 0, hi = bf_trace_frames(t) - 1;

    /* The last frame whose time is not after us. */
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo + 1) / 2;

        if (bf_trace_frame(t, mid)->pts_us <= us)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

/* Walks the frames shown in [from, to), giving fn each with its share of the covered time; returns
 * the covered time. */
static int64_t walk(const struct bf_trace *t, int64_t from, int64_t to,
                    void (*fn)(float *out, const struct bf_trace_frame *f, float share), float *out)
{
    uint64_t n = bf_trace_frames(t), i;
    int64_t covered;

    if (from < 0)
        from = 0;
    if (to > t->end_us)
        to = t->end_us;
    covered = to - from;
    if (covered <= 0)
        return 0;
    for (i = bf_trace_at(t, from); i < n; i++) {
        const struct bf_trace_frame *f = bf_trace_frame(t, i);
        int64_t begin = f->pts_us > from ? f->pts_us : from;
        int64_t end = i + 1 < n ? bf_trace_frame(t, i + 1)->pts_us : t->end_us;

        if (begin >= to)
            break;
        if (end > to)
            end = to;
        if (end > begin)
            fn(out, f, (float)(end - begin) / (float)covered);
    }
    return covered;
}

static void add_cells(float *out, const struct bf_trace_frame *f, float share)
{
    unsigned i;

    for (i = 0; i < BF_GRID_CELLS; i++)
        out[i] += share * (float)f->cells[i];
}

static void add_coarse(float *out, const struct bf_trace_frame *f, float share)
{
    unsigned i;

    for (i = 0; i < BF_COARSE_CELLS; i++)
        out[i] += share / BF_CELLS_ONE * (float)f->coarse[i];
}

int64_t bf_trace_mean(const struct bf_trace *t, float *cells, int64_t from_us, int64_t to_us)
{
    memset(cells, 0, BF_GRID_CELLS * sizeof *cells);
    return walk(t, from_us, to_us, add_cells, cells);
}

int64_t bf_trace_mean_coarse(const struct bf_trace *t, float *coarse, int64_t from_us,
                             int64_t to_us)
{
    memset(coarse, 0, BF_COARSE_CELLS * sizeof *coarse);
    return walk(t, from_us, to_us, add_coarse, coarse);
}

const uint8_t *bf_trace_counted(const struct bf_trace *t)
{
    return t->counted;
}

void bf_coarse_of_grid(float *coarse, const uint8_t *grid, unsigned cols, unsigned rows,
                       const uint8_t *counted)
{
    unsigned x, y, i, block, n[BF_COARSE_CELLS] = {0}, coarse_cols = cols / BF_COARSE_BLOCK;

    for (i = 0; i < BF_COARSE_CELLS; i++)
        coarse[i] = 0;
    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            i = y * cols + x;
            block = y / BF_COARSE_BLOCK * coarse_cols + x / BF_COARSE_BLOCK;
            coarse[block] += counted[i] ? (float)grid[i] : 0.0f;
            n[block] += counted[i];
        }
    }
    for (i = 0; i < BF_COARSE_CELLS; i++)
        coarse[i] /= n[i] > 0 ? (float)n[i] : 1.0f;
}
