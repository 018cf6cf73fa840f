/*
 * kernel_loops.h - the text of the vector kernels, for a source that has said what a vector is
 *
 * Before it is included: vec, LANE, ROWS, LANES, TARGET, V(name) for the intrinsic of that name,
 * load_part(p, n) for the first n floats at p and zeros behind, store_part(p, n, v) for the first n
 * of v, sum_of(v) for the sum of a vector.
 *
 * Internal to lib/nn.
 */
#ifndef BF_KERNEL_LOOPS_H
#define BF_KERNEL_LOOPS_H

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE vec finish(vec v, struct bf_rectifier end)
{
    v = V(max_ps)(v, V(mul_ps)(V(set1_ps)(end.slope), v));
    return V(min_ps)(v, V(set1_ps)(end.cap));
}

/* lanes is a constant wherever this is inlined, so that acc lives in registers. */
INLINE void tile_of(int lanes, float *const *c, const float *const *a, const struct bf_segment *seg,
                    size_t n_seg, const float *b, const float *init, struct bf_rectifier end)
{
    vec acc[ROWS][LANES], w[LANES];
    const float *p[ROWS];
    size_t s, k;
    int i, j;

    UNROLL for (i = 0; i < ROWS; i++)
    {
        const float *from = init != NULL ? init : c[i];

        UNROLL for (j = 0; j < lanes; j++) acc[i][j] = V(loadu_ps)(from + j * LANE);
    }
    for (s = 0; s < n_seg; s++) {
        UNROLL for (i = 0; i < ROWS; i++) p[i] = a[i] + seg[s].offset;
        for (k = 0; k < seg[s].n; k++, b += lanes * LANE) {
            UNROLL for (j = 0; j < lanes; j++) w[j] = V(loadu_ps)(b + j * LANE);
            UNROLL for (i = 0; i < ROWS; i++)
            {
                vec x = V(set1_ps)(p[i][k]);

                UNROLL for (j = 0; j < lanes; j++) acc[i][j] = V(fmadd_ps)(x, w[j], acc[i][j]);
            }
        }
    }
    UNROLL for (i = 0; i < ROWS; i++) UNROLL for (j = 0; j < lanes; j++)
        V(storeu_ps)(c[i] + j * LANE, finish(acc[i][j], end));
}

/* lanes is a constant wherever this is inlined, so that acc lives in registers. */
INLINE void dot_of(int n, float *const *c, const float *const *a, const struct bf_segment *seg,
                   size_t n_seg, const float *b, size_t ldb, const float *init,
                   struct bf_rectifier end)
{
    vec acc[BF_KERNEL_DOT_ROWS][BF_KERNEL_DOT_MAX], w[BF_KERNEL_DOT_MAX];
    const float *p[BF_KERNEL_DOT_ROWS];
    size_t s, k;
    int i, j;

    UNROLL for (i = 0; i < BF_KERNEL_DOT_ROWS; i++) UNROLL for (j = 0; j < n; j++) acc[i][j] =
        V(setzero_ps)();
    for (s = 0; s < n_seg; s++) {
        UNROLL for (i = 0; i < BF_KERNEL_DOT_ROWS; i++) p[i] = a[i] + seg[s].offset;
        for (k = 0; k + LANE <= seg[s].n; k += LANE, b += LANE) {
            UNROLL for (j = 0; j < n; j++) w[j] = V(loadu_ps)(b + (size_t)j * ldb);
            UNROLL for (i = 0; i < BF_KERNEL_DOT_ROWS; i++)
            {
                vec x = V(loadu_ps)(p[i] + k);

                UNROLL for (j = 0; j < n; j++) acc[i][j] = V(fmadd_ps)(x, w[j], acc[i][j]);
            }
        }
        if (k < seg[s].n) {
            size_t left = seg[s].n - k;

            UNROLL for (j = 0; j < n; j++) w[j] = load_part(b + (size_t)j * ldb, left);
            b += left;
            UNROLL for (i = 0; i < BF_KERNEL_DOT_ROWS; i++)
            {
                vec x = load_part(p[i] + k, left);

                UNROLL for (j = 0; j < n; j++) acc[i][j] = V(fmadd_ps)(x, w[j], acc[i][j]);
            }
        }
    }
    UNROLL for (i = 0; i < BF_KERNEL_DOT_ROWS; i++) UNROLL for (j = 0; j < n; j++)
    {
        float v = sum_of(acc[i][j]) + init[j], low = end.slope * v;

        v = v > low ? v : low;
        c[i][j] = v < end.cap ? v : end.cap;
    }
}

/* Channels from j on, part of a vector where part is below LANE. */
INLINE void depthwise_taps(int n, size_t n_y, size_t n_x, int whole, size_t part, float *y,
                           const float *x, const float *w, const float *bias,
                           const struct bf_taps *t, struct bf_rectifier end)
{
    vec acc[BF_KERNEL_RUN], k;
    size_t ty, tx;
    int i;

    k = bias == NULL ? V(setzero_ps)() : whole ? V(loadu_ps)(bias) : load_part(bias, part);
    UNROLL for (i = 0; i < n; i++) acc[i] = k;
    for (ty = 0; ty < n_y; ty++)
        for (tx = 0; tx < n_x; tx++) {
            const float *p = x + ty * t->x_row + tx * t->x_pixel,
                        *q = w + ty * t->w_row + tx * t->c;

            k = whole ? V(loadu_ps)(q) : load_part(q, part);
            UNROLL for (i = 0; i < n; i++)
            {
                const float *at = p + (size_t)i * t->step;

                acc[i] = V(fmadd_ps)(whole ? V(loadu_ps)(at) : load_part(at, part), k, acc[i]);
            }
        }
    UNROLL for (i = 0; i < n; i++)
    {
        if (whole)
            V(storeu_ps)(y + (size_t)i * t->c, finish(acc[i], end));
        else
            store_part(y + (size_t)i * t->c, part, finish(acc[i], end));
    }
}

/* Where the compiler knows that there are nine taps, it does without the loops over them. */
INLINE void depthwise_of(int n, int whole, size_t part, float *y, const float *x, const float *w,
                         const float *bias, const struct bf_taps *t, struct bf_rectifier end)
{
    if (t->n_y == 3 && t->n_x == 3)
        depthwise_taps(n, 3, 3, whole, part, y, x, w, bias, t, end);
    else
        depthwise_taps(n, t->n_y, t->n_x, whole, part, y, x, w, bias, t, end);
}

INLINE void depthwise_run(int n, float *y, const float *x, const float *w, const float *bias,
                          const struct bf_taps *t, struct bf_rectifier end)
{
    size_t j;

    for (j = 0; j + LANE <= t->c; j += LANE)
        depthwise_of(n, 1, LANE, y + j, x + j, w + j, bias != NULL ? bias + j : NULL, t, end);
    if (j < t->c)
        depthwise_of(n, 0, t->c - j, y + j, x + j, w + j, bias != NULL ? bias + j : NULL, t, end);
}

TARGET static void depthwise(int n, float *y, const float *x, const float *w, const float *bias,
                             const struct bf_taps *t, struct bf_rectifier end)
{
    if (n == 1)
        depthwise_run(1, y, x, w, bias, t, end);
    else
        depthwise_run(BF_KERNEL_RUN, y, x, w, bias, t, end);
}

TARGET static void tile(int lanes, float *const *c, const float *const *a,
                        const struct bf_segment *seg, size_t n_seg, const float *b,
                        const float *init, struct bf_rectifier end)
{
    if (lanes == 1)
        tile_of(1, c, a, seg, n_seg, b, init, end);
    else if (lanes == 2)
        tile_of(2, c, a, seg, n_seg, b, init, end);
    else
        tile_of(LANES, c, a, seg, n_seg, b, init, end);
}

TARGET static void dot(int n, float *const *c, const float *const *a, const struct bf_segment *seg,
                       size_t n_seg, const float *b, size_t ldb, const float *init,
                       struct bf_rectifier end)
{
    if (n == 1)
        dot_of(1, c, a, seg, n_seg, b, ldb, init, end);
    else if (n == 2)
        dot_of(2, c, a, seg, n_seg, b, ldb, init, end);
    else if (n == 3)
        dot_of(3, c, a, seg, n_seg, b, ldb, init, end);
    else
        dot_of(4, c, a, seg, n_seg, b, ldb, init, end);
}

/* The last vector is part of one, where part is below LANE. */
INLINE void outer_of(int rows, int lanes, int whole, size_t part, float *c, size_t ldc,
                     const float *a, const float *b, const struct bf_area *t)
{
    vec acc[ROWS][LANES], w[LANES];
    size_t y, x;
    int i, j;

    UNROLL for (i = 0; i < rows; i++) UNROLL for (j = 0; j < lanes; j++) acc[i][j] =
        V(setzero_ps)();
    for (y = 0; y < t->n_y; y++) {
        const float *p = a + y * t->a_row, *q = b + y * t->b_row;

        for (x = 0; x < t->n_x; x++, p += t->a_step, q += t->b_step) {
            UNROLL for (j = 0; j < lanes; j++) w[j] =
                whole || j + 1 < lanes ? V(loadu_ps)(q + j * LANE) : load_part(q + j * LANE, part);
            UNROLL for (i = 0; i < rows; i++)
            {
                vec v = V(set1_ps)(p[i]);

                UNROLL for (j = 0; j < lanes; j++) acc[i][j] = V(fmadd_ps)(v, w[j], acc[i][j]);
            }
        }
    }
    UNROLL for (i = 0; i < rows; i++) UNROLL for (j = 0; j < lanes; j++)
    {
        float *at = c + (size_t)i * ldc + j * LANE;

        if (whole || j + 1 < lanes)
            V(storeu_ps)(at, V(add_ps)(V(loadu_ps)(at), acc[i][j]));
        else
            store_part(at, part, V(add_ps)(load_part(at, part), acc[i][j]));
    }
}

INLINE void outer_rows(int rows, int lanes, size_t part, float *c, size_t ldc, const float *a,
                       const float *b, const struct bf_area *t)
{
    if (part == LANE && rows == ROWS)
        outer_of(ROWS, lanes, 1, LANE, c, ldc, a, b, t);
    else
        switch (rows) {
        case 1:
            outer_of(1, lanes, 0, part, c, ldc, a, b, t);
            break;
        case 2:
            outer_of(2, lanes, 0, part, c, ldc, a, b, t);
            break;
        case 3:
            outer_of(3, lanes, 0, part, c, ldc, a, b, t);
            break;
        case 4:
            outer_of(4, lanes, 0, part, c, ldc, a, b, t);
            break;
        case 5:
            outer_of(5, lanes, 0, part, c, ldc, a, b, t);
            break;
#if ROWS > 6
        case 6:
            outer_of(6, lanes, 0, part, c, ldc, a, b, t);
            break;
        case 7:
            outer_of(7, lanes, 0, part, c, ldc, a, b, t);
            break;
#endif
        default:
            outer_of(ROWS, lanes, 0, part, c, ldc, a, b, t);
            break;
        }
}

TARGET static void outer(int n_rows, size_t n_cols, float *c, size_t ldc, const float *a,
                         const float *b, const struct bf_area *t)
{
    size_t lanes = (n_cols + LANE - 1) / LANE, part = n_cols - (lanes - 1) * LANE;

    if (lanes == 1)
        outer_rows(n_rows, 1, part, c, ldc, a, b, t);
    else if (lanes == 2)
        outer_rows(n_rows, 2, part, c, ldc, a, b, t);
    else
        outer_rows(n_rows, LANES, part, c, ldc, a, b, t);
}

#endif
