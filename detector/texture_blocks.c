#include "detector/texture_blocks.h"
#include "lib/face/canonical_face.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = BF_TEXTURE_SIDE,
    BLOCK = BF_TEXTURE_BLOCK,
    GRID = BF_TEXTURE_GRID,
    BLOCKS = BF_TEXTURE_BLOCKS,
    LEAST = 24, /* blocks of skin of a region */
    BANDS = 4,
};

/* The outline's size about its middle up to which the inner face reaches, and where the ring is. */
#define INNER_MOST 0.68f
#define RING_FROM 0.88f
#define RING_TO 1.14f
/* Levels; what lies far below them is none. */
#define NOISE_FLOOR 0.05
#define CHANGE_FLOOR 0.1
#define ENERGY_FLOOR 0.01
/* Of skin beside the inner face's mean. */
#define SKIN_DARKEST 0.5f
#define SKIN_FARTHEST 20.0f

struct ellipse {
    float x, y, wide, high;
};

static bool in_ellipse(const struct ellipse *e, float x, float y)
{
    float u = (x - e->x) / e->wide, v = (y - e->y) / e->high;

    return u * u + v * v < 1;
}

static bool in_polygon(const struct bf_point2 *p, int n, float x, float y)
{
    bool in = false;
    int i, j;

    for (i = 0, j = n - 1; i < n; j = i++)
        if ((p[i].y > y) != (p[j].y > y) &&
            x < (p[j].x - p[i].x) * (y - p[i].y) / (p[j].y - p[i].y) + p[i].x)
            in = !in;
    return in;
}

/* Both eyes and the mouth, with what moves about them. */
static void features_of(struct ellipse out[3], const struct bf_point3 *mesh,
                        const struct bf_affine *to_cut)
{
    static const uint16_t corner[3][2] = {{33, 133}, {362, 263}, {61, 291}};
    struct bf_point2 upper, lower;
    int i;

    for (i = 0; i < 3; i++) {
        const struct bf_point3 *p = &mesh[corner[i][0]], *q = &mesh[corner[i][1]];
        struct bf_point2 a = bf_affine_apply(to_cut, p->x, p->y),
                         b = bf_affine_apply(to_cut, q->x, q->y);
        float wide = hypotf(a.x - b.x, a.y - b.y);

        out[i] =
            (struct ellipse){(a.x + b.x) / 2, (a.y + b.y) / 2, 0.7f * wide + 1, 0.55f * wide + 1};
    }
    upper = bf_affine_apply(to_cut, mesh[0].x, mesh[0].y);
    lower = bf_affine_apply(to_cut, mesh[17].x, mesh[17].y);
    out[2].y = (upper.y + lower.y) / 2;
    out[2].high = fabsf(lower.y - upper.y) / 2 + BLOCK;
}

/* Whether a block with its middle there, and what filters reach round it, is in the picture. */
static bool is_seen(const struct bf_affine *to_picture, float x, float y, float width, float height)
{
    int i;

    for (i = 0; i < 4; i++) {
        struct bf_point2 p =
            bf_affine_apply(to_picture, x + (i % 2 ? BLOCK : -BLOCK), y + (i / 2 ? BLOCK : -BLOCK));

        if (!(p.x >= 0 && p.x <= width && p.y >= 0 && p.y <= height))
            return false;
    }
    return true;
}

bool bf_texture_blocks_set(struct bf_texture_block *out, const struct bf_point3 *mesh,
                           const struct bf_affine *to_picture, float width, float height)
{
    struct bf_point2 edge[BF_OUTLINE_POINTS], middle = {0, 0};
    unsigned n[BF_TEXTURE_REGIONS] = {0};
    struct ellipse feature[3];
    struct bf_affine to_cut;
    int i, bx, by;

    memset(out, 0, BLOCKS * sizeof *out);
    if (!bf_affine_invert(&to_cut, to_picture))
        return false;
    for (i = 0; i < BF_OUTLINE_POINTS; i++) {
        edge[i] =
            bf_affine_apply(&to_cut, mesh[bf_outline_points[i]].x, mesh[bf_outline_points[i]].y);
        middle.x += edge[i].x / BF_OUTLINE_POINTS;
        middle.y += edge[i].y / BF_OUTLINE_POINTS;
    }
    features_of(feature, mesh, &to_cut);
    /* The outermost blocks are left out: filters reach beyond them. */
    for (by = 1; by < GRID - 1; by++)
        for (bx = 1; bx < GRID - 1; bx++) {
            struct bf_texture_block *b = &out[by * GRID + bx];
            float x = ((float)bx + 0.5f) * BLOCK, y = ((float)by + 0.5f) * BLOCK, dx = x - middle.x,
                  dy = y - middle.y;

            if (!in_polygon(edge, BF_OUTLINE_POINTS, middle.x + dx / RING_TO,
                            middle.y + dy / RING_TO) ||
                !is_seen(to_picture, x, y, width, height))
                continue;
            if (in_polygon(edge, BF_OUTLINE_POINTS, middle.x + dx / INNER_MOST,
                           middle.y + dy / INNER_MOST))
                b->region = BF_TEXTURE_INNER;
            else if (!in_polygon(edge, BF_OUTLINE_POINTS, middle.x + dx / RING_FROM,
                                 middle.y + dy / RING_FROM))
                b->region = BF_TEXTURE_RING;
            b->skin = b->region != BF_TEXTURE_NONE;
            for (i = 0; i < 3; i++)
                b->skin = b->skin && !in_ellipse(&feature[i], x, y);
            if (b->skin)
                n[b->region]++;
        }
    return n[BF_TEXTURE_INNER] >= LEAST && n[BF_TEXTURE_RING] >= LEAST;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Sorts v; n is at least 1. */
static double quantile(float *v, unsigned n, double q)
{
    qsort(v, n, sizeof *v, by_size);
    return (double)v[(unsigned)(q * (n - 1) + 0.5)];
}

static double square(double x)
{
    return x * x;
}

struct fine {
    double laplacian, gradient; /* energies' sums */
    float noise;                /* deviation */
};

static void fine_of(struct fine *f, const float *p)
{
    double laplacian = 0, gradient = 0, noise = 0;
    int x, y;

    for (y = 0; y < BLOCK; y++, p += SIDE)
        for (x = 0; x < BLOCK; x++) {
            const float *q = p + x;
            float cross = q[-1] + q[1] + q[-SIDE] + q[SIDE],
                  corners = q[-SIDE - 1] + q[-SIDE + 1] + q[SIDE - 1] + q[SIDE + 1],
                  l = 4 * q[0] - cross, gx = q[1] - q[-1], gy = q[SIDE] - q[-SIDE];

            laplacian += (double)(l * l);
            gradient += (double)(gx * gx + gy * gy);
            noise += (double)fabsf(4 * q[0] - 2 * cross + corners);
        }
    f->laplacian = laplacian;
    f->gradient = gradient;
    /* sqrt(pi / 2) of the mean size, and the mask's norm is 6 */
    f->noise = (float)(noise * 1.2533 / (6 * BLOCK * BLOCK));
}

/* 1-2-1 along both axes, with holes of step: the next octave of a picture. */
static void blur(float *restrict out, float *restrict rows, const float *restrict in, int step)
{
    int x, y;

    for (y = 0; y < SIDE; y++) {
        const float *p = in + y * SIDE;
        float *q = rows + y * SIDE;

        for (x = 0; x < step; x++)
            q[x] = (p[0] + 2 * p[x] + p[x + step]) / 4;
        for (; x < SIDE - step; x++)
            q[x] = (p[x - step] + 2 * p[x] + p[x + step]) / 4;
        for (; x < SIDE; x++)
            q[x] = (p[x - step] + 2 * p[x] + p[SIDE - 1]) / 4;
    }
    for (y = 0; y < SIDE; y++) {
        const float *p = rows + y * SIDE, *a = rows + (y < step ? 0 : y - step) * SIDE,
                    *b = rows + (y + step < SIDE ? y + step : SIDE - 1) * SIDE;
        float *q = out + y * SIDE;

        for (x = 0; x < SIDE; x++)
            q[x] = (a[x] + 2 * p[x] + b[x]) / 4;
    }
}

/* Mean square difference in a block. */
static double apart(const float *a, const float *b)
{
    float sum = 0;
    int x, y;

    for (y = 0; y < BLOCK; y++, a += SIDE, b += SIDE)
        for (x = 0; x < BLOCK; x++)
            sum += (a[x] - b[x]) * (a[x] - b[x]);
    return (double)sum / (BLOCK * BLOCK);
}

void bf_texture_compare(struct bf_texture_difference *out, const float *luma, float *work,
                        const struct bf_texture_block *block)
{
    double laplacian[BF_TEXTURE_REGIONS] = {0}, gradient[BF_TEXTURE_REGIONS] = {0},
           band[BF_TEXTURE_REGIONS][BANDS] = {{0}}, slope[BF_TEXTURE_REGIONS],
           noise[BF_TEXTURE_REGIONS];
    float level[BF_TEXTURE_REGIONS][BLOCKS];
    unsigned n[BF_TEXTURE_REGIONS] = {0}, n_all[BF_TEXTURE_REGIONS] = {0};
    const float *from = luma;
    int i, k, r;

    for (i = 0; i < BLOCKS; i++) {
        struct fine f;

        r = block[i].region;
        if (r == BF_TEXTURE_NONE)
            continue;
        fine_of(&f, luma + i / GRID * BLOCK * SIDE + i % GRID * BLOCK);
        laplacian[r] += f.laplacian;
        gradient[r] += f.gradient;
        n_all[r]++;
        if (block[i].skin)
            level[r][n[r]++] = f.noise;
    }
    for (k = 0; k < BANDS; k++) {
        float *to = work + k % 2 * SIDE * SIDE;

        blur(to, work + 2 * SIDE * SIDE, from, 1 << k);
        for (i = 0; i < BLOCKS; i++) {
            int at = i / GRID * BLOCK * SIDE + i % GRID * BLOCK;

            if (block[i].region != BF_TEXTURE_NONE)
                band[block[i].region][k] += apart(from + at, to + at);
        }
        from = to;
    }
    for (r = BF_TEXTURE_INNER; r <= BF_TEXTURE_RING; r++) {
        noise[r] = log(quantile(level[r], n[r], 0.25) + NOISE_FLOOR);
        /* least squares, finest first */
        slope[r] = 0;
        for (k = 0; k < BANDS; k++)
            slope[r] += (1.5 - k) / 5 * log2(band[r][k] / n_all[r] + ENERGY_FLOOR);
        laplacian[r] = log((laplacian[r] + n_all[r]) / (gradient[r] + n_all[r]));
    }
    out->sharpness = laplacian[BF_TEXTURE_INNER] - laplacian[BF_TEXTURE_RING];
    out->noise = noise[BF_TEXTURE_INNER] - noise[BF_TEXTURE_RING];
    out->spectrum = slope[BF_TEXTURE_INNER] - slope[BF_TEXTURE_RING];
}

/* Of a block: the root mean square of b - a that no shift and no brightening explains. */
static float unexplained(const float *a, const float *b)
{
    const double n = BLOCK * BLOCK;
    float sum[9] = {0}; /* of x, y, d, xx, xy, yy, xd, yd, dd */
    double xx, xy, yy, xd, yd, dd, det, u, v, left;
    int i, j;

    for (j = 0; j < BLOCK; j++, a += SIDE, b += SIDE)
        for (i = 0; i < BLOCK; i++) {
            const float *p = a + i, *q = b + i;
            float x = (p[1] - p[-1] + q[1] - q[-1]) / 4,
                  y = (p[SIDE] - p[-SIDE] + q[SIDE] - q[-SIDE]) / 4, d = q[0] - p[0];

            sum[0] += x;
            sum[1] += y;
            sum[2] += d;
            sum[3] += x * x;
            sum[4] += x * y;
            sum[5] += y * y;
            sum[6] += x * d;
            sum[7] += y * d;
            sum[8] += d * d;
        }
    xx = (double)sum[3] - square((double)sum[0]) / n;
    xy = (double)sum[4] - (double)sum[0] * (double)sum[1] / n;
    yy = (double)sum[5] - square((double)sum[1]) / n;
    xd = (double)sum[6] - (double)sum[0] * (double)sum[2] / n;
    yd = (double)sum[7] - (double)sum[1] * (double)sum[2] / n;
    dd = (double)sum[8] - square((double)sum[2]) / n;
    /* A plain block has no direction: a little keeps the shift small there. */
    xx += 1;
    yy += 1;
    det = xx * yy - xy * xy;
    u = (yy * xd - xy * yd) / det;
    v = (xx * yd - xy * xd) / det;
    left = dd - u * xd - v * yd;
    return (float)sqrt(fmax(left, 0) / (n - 3));
}

double bf_texture_flicker(const float *before, const struct bf_texture_block *block_before,
                          const float *now, const struct bf_texture_block *block_now)
{
    float change[BF_TEXTURE_REGIONS][BLOCKS];
    unsigned n[BF_TEXTURE_REGIONS] = {0};
    int i;

    for (i = 0; i < BLOCKS; i++) {
        int at = i / GRID * BLOCK * SIDE + i % GRID * BLOCK, r = block_now[i].region;

        if (block_now[i].skin && block_before[i].skin && block_before[i].region == r)
            change[r][n[r]++] = unexplained(before + at, now + at);
    }
    if (n[BF_TEXTURE_INNER] < LEAST / 2 || n[BF_TEXTURE_RING] < LEAST / 2)
        return (double)NAN;
    return log((quantile(change[BF_TEXTURE_INNER], n[BF_TEXTURE_INNER], 0.5) + CHANGE_FLOOR) /
               (quantile(change[BF_TEXTURE_RING], n[BF_TEXTURE_RING], 0.5) + CHANGE_FLOOR));
}

/* Sums of luma, Cb and Cr over what is of region and, where like is given, near to it. */
static double add_colours(double sum[3], const float *rgb, const struct bf_texture_block *block,
                          enum bf_texture_region region, const double *like)
{
    enum { SMALL = BF_TEXTURE_SMALL, PER_BLOCK = SMALL / GRID };
    double n = 0;
    int x, y, i;

    sum[0] = sum[1] = sum[2] = 0;
    for (y = 0; y < SMALL; y++)
        for (x = 0; x < SMALL; x++) {
            const struct bf_texture_block *b = &block[y / PER_BLOCK * GRID + x / PER_BLOCK];
            const float *p = rgb + 3 * (y * SMALL + x);
            double c[3];

            if (b->region != region || !b->skin)
                continue;
            c[0] = 0.299 * (double)p[0] + 0.587 * (double)p[1] + 0.114 * (double)p[2];
            c[1] = 0.564 * ((double)p[2] - c[0]);
            c[2] = 0.713 * ((double)p[0] - c[0]);
            if (like != NULL && (c[0] < (double)SKIN_DARKEST * like[0] ||
                                 hypot(c[1] - like[1], c[2] - like[2]) > (double)SKIN_FARTHEST))
                continue;
            for (i = 0; i < 3; i++)
                sum[i] += c[i];
            n++;
        }
    for (i = 0; i < 3; i++)
        sum[i] /= n > 0 ? n : 1;
    return n;
}

double bf_texture_chroma(const float *rgb, const struct bf_texture_block *block)
{
    double inner[3], ring[3];

    if (add_colours(inner, rgb, block, BF_TEXTURE_INNER, NULL) == 0 ||
        add_colours(ring, rgb, block, BF_TEXTURE_RING, inner) < LEAST)
        return (double)NAN;
    /* black and white */
    if (hypot(inner[1], inner[2]) < 1 && hypot(ring[1], ring[2]) < 1)
        return (double)NAN;
    return hypot(inner[1] - ring[1], inner[2] - ring[2]);
}
