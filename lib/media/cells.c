#include "lib/media/cells.h"

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

/* Edge i of n along a length of pixels, in 1/256 pixel. */
static uint64_t edge(uint32_t length, unsigned i, unsigned n)
{
    return (uint64_t)length * 256 * i / n;
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

/* cols and rows of the picture as decoded. */
static void compute_decoded(uint16_t *out, struct bf_cells *c, const struct bf_frame *f,
                            unsigned cols, unsigned rows)
{
    unsigned i, j;

    memset(c->sum, 0, f->width * sizeof *c->sum);
    for (j = 0; j < rows; j++) {
        uint64_t y0 = edge(f->height, j, rows), y1 = edge(f->height, j + 1, rows);
        uint32_t top = (uint32_t)(y0 >> 8), bottom = (uint32_t)(y1 >> 8);

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
            uint64_t x0 = edge(f->width, i, cols), x1 = edge(f->width, i + 1, cols);
            uint64_t area = (x1 - x0) * (y1 - y0) << (f->luma_bits - 8);
            uint64_t v =
                area ? (sum_columns(c->column, x0, x1) * BF_CELLS_ONE + area / 2) / area : 0;

            out[j * cols + i] = (uint16_t)(v < 255 * BF_CELLS_ONE ? v : 255 * BF_CELLS_ONE);
        }
    }
}

enum bf_err bf_cells_compute(uint16_t *out, struct bf_cells *c, const struct bf_frame *frame,
                             unsigned cols, unsigned rows, struct bf_error *err)
{
    const struct bf_orientation o = frame->orientation;
    bool upright = o.xx == 1 && o.yy == 1;
    unsigned dec_cols = o.xx == 0 ? rows : cols, dec_rows = o.xx == 0 ? cols : rows, x, y;
    enum bf_err rc;

    if (cols == 0 || rows == 0 || cols > BF_CELLS_DIM_MAX || rows > BF_CELLS_DIM_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "a grid of %ux%u cells", cols, rows);
    rc = reserve(c, frame->width, err);
    if (rc != BF_OK)
        return rc;
    compute_decoded(upright ? out : c->turned, c, frame, dec_cols, dec_rows);
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
