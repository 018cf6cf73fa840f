#include "lib/media/canvas_shrink.h"

void bf_plane_shrink(uint8_t *out, ptrdiff_t out_stride, size_t out_h, size_t out_w,
                     const uint8_t *in, ptrdiff_t in_stride, size_t in_h, size_t in_w, size_t size)
{
    size_t y, x, i, k;

    for (y = 0; y < out_h; y++)
        for (x = 0; x < out_w; x++) {
            unsigned sum = 0, n = 0;

            for (i = y * size; i < (y + 1) * size && i < in_h; i++)
                for (k = x * size; k < (x + 1) * size && k < in_w; k++) {
                    sum += in[(ptrdiff_t)i * in_stride + (ptrdiff_t)k];
                    n++;
                }
            out[(ptrdiff_t)y * out_stride + (ptrdiff_t)x] =
                (uint8_t)(n > 0 ? (sum + n / 2) / n : 128);
        }
}

static size_t side(uint32_t n, unsigned shift)
{
    return (n + shift) >> shift;
}

void bf_canvas_halve(struct bf_canvas *out, const struct bf_canvas *in)
{
    int i;

    for (i = 0; i < 3; i++) {
        unsigned a = i > 0 ? in->chroma_shift : 0, b = i > 0 ? out->chroma_shift : 0;

        bf_plane_shrink(out->plane[i], out->stride[i], side(out->height, b), side(out->width, b),
                        in->plane[i], in->stride[i], side(in->height, a), side(in->width, a),
                        (size_t)(2u << b) >> a);
    }
}
