/* The loops in plain C: the reference for the others, and what runs where they cannot. */
#include "lib/nn/graph_loops.h"

#include <float.h>

#include "lib/nn/simd.h"

static float act(float v, size_t j, const struct bf_graph_finish *f)
{
    if (f->slope != NULL && v < 0)
        v *= f->slope[j];
    v = v > f->lo ? v : f->lo;
    return v < f->hi ? v : f->hi;
}

static void finish(float *y, size_t rows, size_t c, const struct bf_graph_finish *f)
{
    size_t i, j;

    for (i = 0; i < rows; i++)
        for (j = 0; j < c; j++) {
            float v = y[i * c + j];

            if (f->bias != NULL)
                v += f->bias[j];
            if (f->add != NULL && j < f->add_c)
                v += f->add[i * f->add_c + j];
            y[i * c + j] = act(v, j, f);
        }
}

static void max_pool(float *y, const float *const *row, const struct bf_graph_window *d)
{
    size_t x, i, k, j;

    for (x = 0; x < d->out_w; x++)
        for (j = 0; j < d->c; j++) {
            float v = -FLT_MAX;

            for (i = 0; i < d->taps_y; i++)
                for (k = 0; row[i] != NULL && k < d->taps_x; k++) {
                    size_t at = x * d->stride + k * d->dilation;

                    if (at >= d->pad_left && at - d->pad_left < d->w &&
                        row[i][(at - d->pad_left) * d->c + j] > v)
                        v = row[i][(at - d->pad_left) * d->c + j];
                }
            y[x * d->c + j] = v;
        }
}

const struct bf_graph_loops bf_graph_loops_plain = {
    .finish = finish,
    .max_pool = max_pool,
};

const struct bf_graph_loops *bf_graph_loops_get(void)
{
#if defined(__x86_64__)
    switch (bf_simd_level()) {
    case BF_SIMD_AVX512:
        return &bf_graph_loops_avx512;
    case BF_SIMD_AVX2:
        return &bf_graph_loops_avx2;
    default:
        break;
    }
#endif
    return &bf_graph_loops_plain;
}
