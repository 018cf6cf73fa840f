#include "ledger/digest/frame_digest.h"
#include "lib/base/bytes.h"
#include "lib/base/hash.h"
#include "lib/media/cells.h"

#include <math.h>

#include "ledger/digest/code_table.h"

enum { STRIP_BYTES = 16384 };

struct bf_frame_digester {
    unsigned cols, rows;
    struct bf_cells *cells;
    struct bf_hasher *hasher;
    uint8_t *packed; /* planes whose rows do not lie end to end */
    size_t packed_cap;
    const uint8_t **strip; /* (n), as are the next two */
    size_t *strip_len;
    uint8_t (*strip_hash)[32];
    size_t strip_cap;
};

struct bf_frame_digester *bf_frame_digester_create(const struct bf_video_info *info)
{
    struct bf_frame_digester *d = calloc(1, sizeof *d);
    bool portrait = (uint64_t)info->height * info->sar_den > (uint64_t)info->width * info->sar_num;

    if (d == NULL)
        return NULL;
    d->cols = portrait ? BF_GRID_SHORT : BF_GRID_LONG;
    d->rows = portrait ? BF_GRID_LONG : BF_GRID_SHORT;
    d->cells = bf_cells_create();
    d->hasher = bf_hasher_create();
    if (d->cells == NULL || d->hasher == NULL)
        bf_frame_digester_free(&d);
    return d;
}

void bf_frame_digester_free(struct bf_frame_digester **out)
{
    struct bf_frame_digester *d = *out;

    if (d == NULL)
        return;
    bf_cells_free(&d->cells);
    bf_hasher_free(&d->hasher);
    free(d->packed);
    free(d->strip);
    free(d->strip_len);
    free(d->strip_hash);
    free(d);
    *out = NULL;
}

unsigned bf_frame_digester_cols(const struct bf_frame_digester *d)
{
    return d->cols;
}

unsigned bf_frame_digester_rows(const struct bf_frame_digester *d)
{
    return d->rows;
}

static uint32_t rows_a_strip(const struct bf_plane *p)
{
    size_t n = STRIP_BYTES / p->row_bytes;

    return n < 1 ? 1 : (uint32_t)n;
}

static enum bf_err reserve(struct bf_frame_digester *d, size_t n_strips, size_t n_bytes,
                           struct bf_error *err)
{
    if (n_strips > d->strip_cap) {
        free(d->strip);
        free(d->strip_len);
        free(d->strip_hash);
        d->strip_cap = 0;
        d->strip = calloc(n_strips, sizeof *d->strip);
        d->strip_len = calloc(n_strips, sizeof *d->strip_len);
        d->strip_hash = calloc(n_strips, sizeof *d->strip_hash);
        if (d->strip == NULL || d->strip_len == NULL || d->strip_hash == NULL)
            return bf_error_nomem(err);
        d->strip_cap = n_strips;
    }
    if (n_bytes > d->packed_cap) {
        free(d->packed);
        d->packed_cap = 0;
        d->packed = malloc(n_bytes);
        if (d->packed == NULL)
            return bf_error_nomem(err);
        d->packed_cap = n_bytes;
    }
    return BF_OK;
}

/*
 * The planes are cut into strips of whole rows, about 16 KiB each, so that many can be hashed side
 * by side; the frame's hash is over the strips' hashes.
 */
static enum bf_err hash_frame(uint8_t hash32[32], struct bf_frame_digester *d,
                              const struct bf_frame *f, struct bf_error *err)
{
    struct bf_buf head = {0};
    size_t n_strips = 0, n_bytes = 0, k = 0, at = 0;
    unsigned i;
    enum bf_err rc;

    for (i = 0; i < f->n_planes; i++) {
        const struct bf_plane *p = &f->plane[i];
        uint32_t step = rows_a_strip(p);

        n_strips += (p->rows + step - 1) / step;
        if (p->stride != (ptrdiff_t)p->row_bytes)
            n_bytes += p->row_bytes * p->rows;
    }
    rc = reserve(d, n_strips, n_bytes, err);
    if (rc != BF_OK)
        return rc;
    for (i = 0; i < f->n_planes; i++) {
        const struct bf_plane *p = &f->plane[i];
        uint32_t step = rows_a_strip(p), y, r;

        for (y = 0; y < p->rows; y += step, k++) {
            uint32_t n = p->rows - y < step ? p->rows - y : step;
            const uint8_t *row = p->data + (ptrdiff_t)y * p->stride;

            d->strip_len[k] = n * p->row_bytes;
            d->strip[k] = row;
            if (p->stride == (ptrdiff_t)p->row_bytes)
                continue;
            d->strip[k] = d->packed + at;
            for (r = 0; r < n; r++, row += p->stride, at += p->row_bytes)
                memcpy(d->packed + at, row, p->row_bytes);
        }
    }
    bf_hasher_many(d->hasher, d->strip_hash, d->strip, d->strip_len, n_strips);
    bf_buf_printf(&head, "bonafide-frame/1\n%s\n", f->pixel_format);
    bf_buf_put_be32(&head, f->width);
    bf_buf_put_be32(&head, f->height);
    bf_buf_append(&head, d->strip_hash, n_strips * sizeof *d->strip_hash);
    rc = head.failed ? bf_error_nomem(err) : BF_OK;
    if (rc == BF_OK)
        bf_sha256(hash32, head.data, head.len);
    bf_buf_release(&head);
    return rc;
}

enum bf_err bf_frame_digester_run(struct bf_frame_digest *out, struct bf_frame_digester *d,
                                  const struct bf_frame *frame, struct bf_error *err)
{
    enum bf_err rc = hash_frame(out->exact32, d, frame, err);

    if (rc == BF_OK)
        rc = bf_cells_compute(out->cells, d->cells, frame, d->cols, d->rows, err);
    if (rc != BF_OK)
        return rc;
    out->pts_us = frame->pts_us;
    bf_code_compute(out->code32, &out->contrast, out->cells, d->cols, d->rows);
    return BF_OK;
}

/* The 128 lowest of 256 values are 0 bits, ties by position: the median as a rank, found by a
 * histogram of bits. */
static int64_t median_of(const int64_t *v, size_t n)
{
    int64_t lo = v[0], hi = v[0];
    size_t i;

    for (i = 1; i < n; i++) {
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
    }
    /* The largest m with fewer than n/2 values below it. */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo + 1) / 2;
        size_t below = 0;

        for (i = 0; i < n; i++)
            below += v[i] < mid;
        if (below <= n / 2)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

void bf_code_compute(uint8_t code32[32], uint8_t *contrast, const uint16_t *cells, unsigned cols,
                     unsigned rows)
{
    const int16_t(*cos_x)[BF_GRID_LONG] = bf_code_table(cols),
          (*cos_y)[BF_GRID_LONG] = bf_code_table(rows);
    static const unsigned n_freq = BF_CODE_FREQUENCIES;
    int32_t first[BF_CODE_FREQUENCIES][BF_GRID_LONG];
    int16_t centred[BF_GRID_CELLS] = {0};
    int64_t dct[BF_CODE_FREQUENCIES * BF_CODE_FREQUENCIES], sum = 0, squares = 0, median;
    unsigned n = cols * rows, u, w, x, y;

    for (x = 0; x < n; x++)
        sum += cells[x];
    for (x = 0; x < n; x++) {
        centred[x] = (int16_t)(((int32_t)cells[x] - (int32_t)(sum / n)) / 16);
        squares += (int64_t)centred[x] * centred[x];
    }
    *contrast = (uint8_t)(sqrt((double)squares / n) / 16);
    /* |centred| < 4096, |cos| <= 4096: 96 products stay under 2^31. Sums of products of 16 bits are
     * what vector units do best. */
    for (y = 0; y < rows; y++) {
        for (u = 0; u < n_freq; u++) {
            const int16_t *row = centred + (size_t)y * cols, *wave = cos_x[u];
            int32_t s = 0;

            for (x = 0; x < cols; x++)
                s += row[x] * wave[x];
            first[u][y] = s;
        }
    }
    for (w = 0; w < n_freq; w++) {
        for (u = 0; u < n_freq; u++) {
            int64_t s = 0;

            for (y = 0; y < rows; y++)
                s += (int64_t)first[u][y] * cos_y[w][y];
            dct[w * n_freq + u] = s;
        }
    }
    median = median_of(dct, n_freq * n_freq);
    memset(code32, 0, 32);
    for (x = 0; x < n_freq * n_freq; x++)
        if (dct[x] > median)
            code32[x / 8] |= (uint8_t)(1u << (x % 8));
}

unsigned bf_code_distance(const uint8_t a32[32], const uint8_t b32[32])
{
    uint64_t a[4], b[4];

    memcpy(a, a32, sizeof a);
    memcpy(b, b32, sizeof b);
    return (unsigned)(__builtin_popcountll(a[0] ^ b[0]) + __builtin_popcountll(a[1] ^ b[1]) +
                      __builtin_popcountll(a[2] ^ b[2]) + __builtin_popcountll(a[3] ^ b[3]));
}
