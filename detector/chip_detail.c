#include "detector/chip_detail.h"

#include <math.h>
#include <string.h>

enum {
    SIDE_MAX = BF_CHIP_WINDOW,
    PIXELS_MAX = SIDE_MAX * SIDE_MAX,
    REACH = 2, /* of the 5 x 5, to either side */
    TAPS = 2 * REACH + 1,
};

#define LEAST 1e-5f /* variance: a tenth of a grey level's is nothing that a coder leaves */
#define LEVEL 4.f   /* brings the logarithm of common detail near zero */

static int inside(int i, int side)
{
    return i < 0 ? 0 : i < side ? i : side - 1;
}

/* Means over the square round each pixel of a plane; work is another. out may be in. */
static void means(float *out, const float *in, float *work, int side)
{
    float row[SIDE_MAX + 2 * REACH];
    int x, y, i;

    for (y = 0; y < side; y++) {
        for (i = 0; i < REACH; i++) {
            row[i] = in[y * side];
            row[REACH + side + i] = in[y * side + side - 1];
        }
        memcpy(row + REACH, in + y * side, (size_t)side * sizeof *row);
        for (x = 0; x < side; x++)
            work[y * side + x] = row[x] + row[x + 1] + row[x + 2] + row[x + 3] + row[x + 4];
    }
    for (y = 0; y < side; y++) {
        const float *r[TAPS];

        for (i = 0; i < TAPS; i++)
            r[i] = work + inside(y + i - REACH, side) * side;
        for (x = 0; x < side; x++)
            out[y * side + x] =
                (r[0][x] + r[1][x] + r[2][x] + r[3][x] + r[4][x]) * (1.f / (TAPS * TAPS));
    }
}

void bf_chip_detail(float *detail, const float *in, size_t side)
{
    float plane[PIXELS_MAX], mean[PIXELS_MAX], work[PIXELS_MAX], all[PIXELS_MAX];
    const int n = (int)(side * side);
    int c, i;

    memset(all, 0, (size_t)n * sizeof *all);
    for (c = 0; c < 3; c++) {
        for (i = 0; i < n; i++)
            plane[i] = in[3 * i + c];
        means(mean, plane, work, (int)side);
        for (i = 0; i < n; i++) {
            plane[i] -= mean[i];
            mean[i] = plane[i] * plane[i];
        }
        means(mean, mean, work, (int)side);
        for (i = 0; i < n; i++) {
            detail[BF_CHIP_DETAIL * i + c] = plane[i] / sqrtf(mean[i] + LEAST);
            all[i] += mean[i];
        }
    }
    for (i = 0; i < n; i++)
        detail[BF_CHIP_DETAIL * i + 3] = 0.5f * logf(all[i] + LEAST) + LEVEL;
}
