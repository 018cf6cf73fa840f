#include "lib/media/cells.h"

#include <math.h>

struct bf_cells {
    uint32_t
        *column; /* of one band of rows: weighted sum of each pixel column, weights in 1/256 row */
    uint16_t *sum; /* of whole rows, 8-bit luma: at most 257 rows before it is flushed to column */
    size_t cap;
    uint16_t turned[BF_CELLS_DIM_MAX *
                    BF_CELLS_DIM_MAX]; /* the grid before its orientation is applied */
};

struct bf_cells *bf_cells_create(void)
{
    return calloc(1, sizeof(struct bf_cells));
}

void bf_cells_free(struct bf_cells **c)
{
    if (*c == NULL)
        return;
    free((*c)->column);
    free((*c)->sum);
    free(*c);
    *c = NULL;
}

static enum bf_err reserve(struct bf_cells *c, size_t width, struct bf_error *err)
{
    if (c->cap >= width)
        return BF_OK;
    free(c->column);
    free(c->sum);
    c->column = malloc(width * sizeof *c->column);
    c->sum = malloc(width * sizeof *c->sum);
    c->cap = width;
    if (c->column == NULL || c->sum == NULL) {
        c->cap = 0;
        return bf_error_nomem(err);
    }
    return BF_OK;
}

/* One source for the plain and the AVX2 version; the loader takes the one that the processor has.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

VECTOR_CLONES
static void add_rows8(uint16_t *restrict sum, const uint8_t *restrict row, ptrdiff_t stride,
                      unsigned n_rows, size_t n)
{
    unsigned r = 0;
    size_t x;

    for (; r + 4 <= n_rows; r += 4) {
        const uint8_t *a = row, *b = row + stride, *c = row + 2 * stride, *d = row + 3 * stride;

        for (x = 0; x < n; x++)
            sum[x] = (uint16_t)(sum[x] + a[x] + b[x] + c[x] + d[x]);
        row += 4 * stride;
    }
    for (; r < n_rows; r++) {
        for (x = 0; x < n; x++)
            sum[x] = (uint16_t)(sum[x] + row[x]);
        row += stride;
    }
}

VECTOR_CLONES
static void add_weighted8(uint32_t *restrict column, const uint8_t *restrict row, uint32_t weight,
                          size_t n)
{
    size_t x;

    for (x = 0; x < n; x++)
        column[x] += row[x] * weight;
}

VECTOR_CLONES
static void flush_sum(uint32_t *restrict column, uint16_t *restrict sum, size_t n)
{
    size_t x;

    for (x = 0; x < n; x++) {
        column[x] += (uint32_t)sum[x] << 8;
        sum[x] = 0;
    }
}

static void add_weighted16(uint32_t *restrict column, const uint8_t *row, unsigned shift,
                           uint32_t weight, size_t n)
{
    size_t x;

    for (x = 0; x < n; x++) {
        uint32_t v = (uint32_t)row[2 * x] | (uint32_t)row[2 * x + 1] << 8;

        column[x] += (v >> shift) * weight;
    }
}

/* Adds rows [y, y + n_rows) with weight/256 each. Rows of 16-bit luma at full weight: sums stay
 * under 2^32 for bands of 256. */
static void add_band(struct bf_cells *c, const struct bf_frame *f, uint32_t y, uint32_t n_rows,
                     uint32_t weight)
{
    const uint8_t *row = f->luma + (ptrdiff_t)y * f->luma_stride;
    uint32_t i;

    if (f->luma_bytes == 1 && weight == 256) {
        for (i = 0; i < n_rows; i += 256) {
            uint32_t k = n_rows - i < 256 ? n_rows - i : 256;

            add_rows8(c->sum, row + (ptrdiff_t)i * f->luma_stride, f->luma_stride, k, f->width);
            flush_sum(c->column, c->sum, f->width);
        }
        return;
    }
    for (i = 0; i < n_rows; i++, row += f->luma_stride) {
        if (f->luma_bytes == 1)
            add_weighted8(c->column, row, weight, f->width);
        else
            add_weighted16(c->column, row, f->luma_shift, weight, f->width);
    }
}

/* The part of the decoded picture that the grid covers, in 1/256 pixel; may reach outside. */
struct part {
    int64_t x0, x1, y0, y1;
};

/*
 * Edges of cell i of n between from and to along a length of pixels, in 1/256 pixel. False where
 * the cell does not lie inside; an edge that sticks out by no more than a tenth of a cell is drawn
 * in.
 */
static bool cell_edges(uint64_t *lo, uint64_t *hi, int64_t from, int64_t to, unsigned i, unsigned n,
                       uint32_t length)
{
    int64_t a = from + (to - from) * (int64_t)i / (int64_t)n,
            b = from + (to - from) * (int64_t)(i + 1) / (int64_t)n, end = (int64_t)length * 256,
            slack = (to - from) / (int64_t)n / 10;

    if (a < -slack || b > end + slack)
        return false;
    *lo = (uint64_t)(a < 0 ? 0 : a);
    *hi = (uint64_t)(b > end ? end : b);
    return *hi > *lo;
}

/* Sums columns between two edges; the parts of cut columns count with their share. */
static uint64_t sum_columns(const uint32_t *column, uint64_t x0, uint64_t x1)
{
    uint64_t first = x0 >> 8, last = x1 >> 8, total = 0, x;

    if (first == last)
        return column[first] * (x1 - x0);
    total = column[first] * (256 - (x0 & 255));
    for (x = first + 1; x < last; x++)
        total += (uint64_t)column[x] << 8;
    if (x1 & 255)
        total += column[last] * (x1 & 255);
    return total;
}

/* cols and rows of the part as decoded. Cells outside are BF_CELLS_HIDDEN. */
static void compute_decoded(uint16_t *out, struct bf_cells *c, const struct bf_frame *f,
                            const struct part *part, unsigned cols, unsigned rows)
{
    unsigned i, j;

    memset(c->sum, 0, f->width * sizeof *c->sum);
    for (j = 0; j < rows; j++) {
        uint64_t y0, y1;
        uint32_t top, bottom;

        if (!cell_edges(&y0, &y1, part->y0, part->y1, j, rows, f->height)) {
            for (i = 0; i < cols; i++)
                out[j * cols + i] = BF_CELLS_HIDDEN;
            continue;
        }
        top = (uint32_t)(y0 >> 8);
        bottom = (uint32_t)(y1 >> 8);
        memset(c->column, 0, f->width * sizeof *c->column);
        if (top == bottom) {
            add_band(c, f, top, 1, (uint32_t)(y1 - y0));
        } else {
            if (y0 & 255)
                add_band(c, f, top++, 1, 256 - (uint32_t)(y0 & 255));
            if (bottom > top)
                add_band(c, f, top, bottom - top, 256);
            if (y1 & 255)
                add_band(c, f, bottom, 1, (uint32_t)(y1 & 255));
        }
        for (i = 0; i < cols; i++) {
            uint64_t x0, x1, area, v;

            if (!cell_edges(&x0, &x1, part->x0, part->x1, i, cols, f->width)) {
                out[j * cols + i] = BF_CELLS_HIDDEN;
                continue;
            }
            area = (x1 - x0) * (y1 - y0) << (f->luma_bits - 8);
            v = area ? (sum_columns(c->column, x0, x1) * BF_CELLS_ONE + area / 2) / area : 0;
            out[j * cols + i] = (uint16_t)(v < 255 * BF_CELLS_ONE ? v : 255 * BF_CELLS_ONE);
        }
    }
}

/* The box of the picture as shown in the picture as decoded. */
static struct part decoded_part(const struct bf_frame *f, const struct bf_cells_box *box)
{
    const struct bf_orientation o = f->orientation;
    double x0 = o.xx * box->left + o.xy * box->top, x1 = o.xx * box->right + o.xy * box->bottom,
           y0 = o.yx * box->left + o.yy * box->top, y1 = o.yx * box->right + o.yy * box->bottom,
           w = 256.0 * f->width, h = 256.0 * f->height;

    if (o.xx + o.xy < 0) {
        x0 += 1;
        x1 += 1;
    }
    if (o.yx + o.yy < 0) {
        y0 += 1;
        y1 += 1;
    }
    return (struct part){llrint((x0 < x1 ? x0 : x1) * w), llrint((x0 < x1 ? x1 : x0) * w),
                         llrint((y0 < y1 ? y0 : y1) * h), llrint((y0 < y1 ? y1 : y0) * h)};
}

enum bf_err bf_cells_compute(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                             unsigned cols, unsigned rows, struct bf_error *err)
{
    static const struct bf_cells_box whole = {0, 0, 1, 1};

    return bf_cells_compute_box(out, c, frame, &whole, cols, rows, err);
}

enum bf_err bf_cells_compute_box(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                                 const struct bf_cells_box *box, unsigned cols, unsigned rows,
                                 struct bf_error *err)
{
    const struct bf_orientation o = frame->orientation;
    bool upright = o.xx == 1 && o.yy == 1;
    unsigned dec_cols = o.xx == 0 ? rows : cols, dec_rows = o.xx == 0 ? cols : rows, x, y;
    struct part part;
    enum bf_err rc;

    if (cols == 0 || rows == 0 || cols > BF_CELLS_DIM_MAX || rows > BF_CELLS_DIM_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "a grid of %ux%u cells", cols, rows);
    /* A box that is far larger than the picture shows next to nothing of itself. */
    if (!(box->right - box->left > 0.01) || !(box->bottom - box->top > 0.01) ||
        !(fabs(box->left) < 16) || !(fabs(box->right) < 16) || !(fabs(box->top) < 16) ||
        !(fabs(box->bottom) < 16))
        return bf_error_set(err, BF_ERR_USAGE, "a grid over no part of the picture");
    rc = reserve(c, frame->width, err);
    if (rc != BF_OK)
        return rc;
    part = decoded_part(frame, box);
    compute_decoded(upright ? out : c->turned, c, frame, &part, dec_cols, dec_rows);
    if (upright)
        return BF_OK;
    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            int dx = o.xx * (int)x + o.xy * (int)y, dy = o.yx * (int)x + o.yy * (int)y;

            if (o.xx < 0 || o.xy < 0)
                dx += (int)dec_cols - 1;
            if (o.yx < 0 || o.yy < 0)
                dy += (int)dec_rows - 1;
            out[y * cols + x] = c->turned[(unsigned)dy * dec_cols + (unsigned)dx];
        }
    }
    return BF_OK;
}
