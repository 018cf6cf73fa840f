/* The reference: what the vector kernels must agree with. */
#include "lib/nn/kernel.h"
#include "lib/nn/simd.h"

#define ROWS 4
#define LANE 8
#define LANES 2

static float finish(float v, struct bf_rectifier end)
{
    float low = end.slope * v;

    v = v > low ? v : low;
    return v < end.cap ? v : end.cap;
}

static void tile(int lanes, float *const *c, const float *const *a, const struct bf_segment *seg,
                 size_t n_seg, const float *b, const float *init, struct bf_rectifier end)
{
    float acc[ROWS][LANES * LANE];
    int width = lanes * LANE, i, j;
    size_t s, k;

    for (i = 0; i < ROWS; i++)
        for (j = 0; j < width; j++)
            acc[i][j] = init != NULL ? init[j] : c[i][j];
    for (s = 0; s < n_seg; s++)
        for (k = 0; k < seg[s].n; k++, b += width)
            for (i = 0; i < ROWS; i++) {
                float x = a[i][seg[s].offset + (ptrdiff_t)k];

                for (j = 0; j < width; j++)
                    acc[i][j] += x * b[j];
            }
    for (i = 0; i < ROWS; i++)
        for (j = 0; j < width; j++)
            c[i][j] = finish(acc[i][j], end);
}

static void dot(int n, float *const *c, const float *const *a, const struct bf_segment *seg,
                size_t n_seg, const float *b, size_t ldb, const float *init,
                struct bf_rectifier end)
{
    size_t s, k;
    int i, j;

    for (i = 0; i < BF_KERNEL_DOT_ROWS; i++)
        for (j = 0; j < n; j++) {
            const float *w = b + (size_t)j * ldb;
            float sum = 0;

            for (s = 0; s < n_seg; s++)
                for (k = 0; k < seg[s].n; k++)
                    sum += a[i][seg[s].offset + (ptrdiff_t)k] * *w++;
            c[i][j] = finish(sum + init[j], end);
        }
}

static void depthwise(int n, float *y, const float *x, const float *w, const float *bias,
                      const struct bf_taps *t, struct bf_rectifier end)
{
    size_t j, ty, tx;
    int i;

    for (i = 0; i < n; i++, y += t->c, x += t->step) {
        for (j = 0; j < t->c; j++)
            y[j] = bias != NULL ? bias[j] : 0;
        for (ty = 0; ty < t->n_y; ty++)
            for (tx = 0; tx < t->n_x; tx++) {
                const float *p = x + ty * t->x_row + tx * t->x_pixel;
                const float *q = w + ty * t->w_row + tx * t->c;

                for (j = 0; j < t->c; j++)
                    y[j] += p[j] * q[j];
            }
        for (j = 0; j < t->c; j++)
            y[j] = finish(y[j], end);
    }
}

static void outer(int n_rows, size_t n_cols, float *c, size_t ldc, const float *a, const float *b,
                  const struct bf_area *t)
{
    float acc[ROWS][LANES * LANE] = {0};
    size_t y, x, j;
    int i;

    for (y = 0; y < t->n_y; y++)
        for (x = 0; x < t->n_x; x++) {
            const float *p = a + y * t->a_row + x * t->a_step;
            const float *q = b + y * t->b_row + x * t->b_step;

            for (i = 0; i < n_rows; i++)
                for (j = 0; j < n_cols; j++)
                    acc[i][j] += p[i] * q[j];
        }
    for (i = 0; i < n_rows; i++)
        for (j = 0; j < n_cols; j++)
            c[(size_t)i * ldc + j] += acc[i][j];
}

const struct bf_kernel bf_kernel_plain = {
    .rows = ROWS,
    .lane = LANE,
    .max_lanes = LANES,
    .tile = tile,
    .dot = dot,
    .depthwise = depthwise,
    .outer = outer,
};

const struct bf_kernel *bf_kernel_get(void)
{
#if defined(__x86_64__)
    switch (bf_simd_level()) {
    case BF_SIMD_AVX512:
        return &bf_kernel_avx512;
    case BF_SIMD_AVX2:
        return &bf_kernel_avx2;
    case BF_SIMD_PLAIN:
        break;
    }
#endif
    return &bf_kernel_plain;
}
