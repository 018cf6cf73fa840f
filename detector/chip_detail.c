#include "detector/chip_detail.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = BF_CHIP_WINDOW,
    PIXELS = SIDE * SIDE,
    REACH = 2, /* of the 5 x 5, to either side */
    TAPS = 2 * REACH + 1,
};

#define LEAST 1e-5f /* variance: a tenth of a grey level's is nothing that a coder leaves */
#define LEVEL 4.f   /* brings the logarithm of common detail near zero */

static int inside(int i)
{
    return i < 0 ? 0 : i < SIDE ? i : SIDE - 1;
}

/* Means over the square round each pixel of a plane; work is another. out may be in. */
static void means(float *out, const float *in, float *work)
{
    float row[SIDE + 2 * REACH];
    int x, y, i;

    for (y = 0; y < SIDE; y++) {
        for (i = 0; i < REACH; i++) {
            row[i] = in[y * SIDE];
            row[REACH + SIDE + i] = in[y * SIDE + SIDE - 1];
        }
        memcpy(row + REACH, in + y * SIDE, SIDE * sizeof *row);
        for (x = 0; x < SIDE; x++)
            work[y * SIDE + x] = row[x] + row[x + 1] + row[x + 2] + row[x + 3] + row[x + 4];
    }
    for (y = 0; y < SIDE; y++) {
        const float *r[TAPS];

        for (i = 0; i < TAPS; i++)
            r[i] = work + inside(y + i - REACH) * SIDE;
        for (x = 0; x < SIDE; x++)
            out[y * SIDE + x] =
                (r[0][x] + r[1][x] + r[2][x] + r[3][x] + r[4][x]) * (1.f / (TAPS * TAPS));
    }
}

void bf_chip_detail(float *detail, const float *in)
{
    float plane[PIXELS], mean[PIXELS], work[PIXELS], all[PIXELS];
    int c, i;

    memset(all, 0, sizeof all);
    for (c = 0; c < 3; c++) {
        for (i = 0; i < PIXELS; i++)
            plane[i] = in[3 * i + c];
        means(mean, plane, work);
        for (i = 0; i < PIXELS; i++) {
            plane[i] -= mean[i];
            mean[i] = plane[i] * plane[i];
        }
        means(mean, mean, work);
        for (i = 0; i < PIXELS; i++) {
            detail[BF_CHIP_DETAIL * i + c] = plane[i] / sqrtf(mean[i] + LEAST);
            all[i] += mean[i];
        }
    }
    for (i = 0; i < PIXELS; i++)
        detail[BF_CHIP_DETAIL * i + 3] = 0.5f * logf(all[i] + LEAST) + LEVEL;
}
