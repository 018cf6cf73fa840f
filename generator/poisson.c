#include "generator/poisson.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 16, SWEEPS = 2, COARSE_SWEEPS = 16, ROUNDS_MAX = 40 };

#define WEIGHT 0.8f          /* of Jacobi's step */
#define ENOUGH (1.0f / 2048) /* of the last correction */

/*
 * One grid, with one more cell all round that is always 0. inside is 1 where the value is to be
 * found and 0 where it is known; count is how many neighbours a cell has, 0 where it is not inside;
 * step is WEIGHT / count there.
 */
struct grid {
    size_t h, w, stride;
    float *inside, *count, *step, *x, *b, *r, *t;
};

struct solver {
    struct grid level[LEVELS_MAX];
    size_t n_levels;
    float *memory, *guess, *direction, *image, *rest;
};

/* r = b - A x inside, A the sum of differences to the neighbours. */
static void residual(float *r, const float *b, const float *x, const struct grid *g)
{
    size_t y, i;

    for (y = 1; y <= g->h; y++) {
        const float *at = x + y * g->stride, *up = at - g->stride, *down = at + g->stride,
                    *rhs = b + y * g->stride, *in = g->inside + y * g->stride,
                    *n = g->count + y * g->stride;
        float *out = r + y * g->stride;

        for (i = 1; i <= g->w; i++)
            out[i] = in[i] * (rhs[i] - n[i] * at[i] + (at[i - 1] + at[i + 1]) + (up[i] + down[i]));
    }
}

static void smooth(const struct grid *g, int sweeps)
{
    size_t n = (g->h + 2) * g->stride, i;
    int k;

    for (k = 0; k < sweeps; k++) {
        residual(g->t, g->b, g->x, g);
        for (i = 0; i < n; i++)
            g->x[i] += g->step[i] * g->t[i];
    }
}

/* The coarse right side is the transpose of what brings the coarse answer back. */
static void restrict_to(const struct grid *coarse, const struct grid *fine)
{
    static const float weight[4] = {0.25f, 0.75f, 0.75f, 0.25f};
    size_t s = fine->stride, y, x, k;

    for (y = 1; y <= coarse->h; y++)
        for (x = 1; x <= coarse->w; x++) {
            /* Fine cells 2y-2 .. 2y+1 in the numbering that begins at 1. */
            float sum = 0;

            for (k = 0; k < 4; k++) {
                size_t fy = 2 * y - 2 + k, fx = 2 * x - 2;
                const float *row = fine->r + fy * s + fx;

                if (fy > fine->h + 1)
                    break;
                sum += weight[k] * (0.75f * (row[1] + row[2]) + 0.25f * (row[0] + row[3]));
            }
            coarse->b[y * coarse->stride + x] = coarse->inside[y * coarse->stride + x] * sum;
        }
}

static void add_coarse(const struct grid *fine, const struct grid *coarse)
{
    size_t s = coarse->stride, y, x;

    for (y = 1; y <= fine->h; y++) {
        size_t cy = (y + 1) / 2, ny = y & 1 ? cy - 1 : cy + 1;
        const float *near = coarse->x + cy * s, *next = coarse->x + ny * s;
        float *out = fine->x + y * fine->stride;
        const float *in = fine->inside + y * fine->stride;

        for (x = 1; x <= fine->w; x++) {
            size_t cx = (x + 1) / 2, nx = x & 1 ? cx - 1 : cx + 1;

            out[x] += in[x] * (0.75f * (0.75f * near[cx] + 0.25f * near[nx]) +
                               0.25f * (0.75f * next[cx] + 0.25f * next[nx]));
        }
    }
}

/* From b to x, x beginning at nothing. */
static void cycle(struct solver *s, size_t l)
{
    struct grid *g = &s->level[l];
    bool last = l + 1 == s->n_levels;

    memset(g->x, 0, (g->h + 2) * g->stride * sizeof *g->x);
    smooth(g, last ? COARSE_SWEEPS : SWEEPS);
    if (last)
        return;
    residual(g->r, g->b, g->x, g);
    restrict_to(&s->level[l + 1], g);
    cycle(s, l + 1);
    add_coarse(g, &s->level[l + 1]);
    smooth(g, SWEEPS);
}

static void count_neighbours(struct grid *g)
{
    size_t y, x;

    for (y = 1; y <= g->h; y++)
        for (x = 1; x <= g->w; x++) {
            size_t at = y * g->stride + x;
            float n = (float)((y > 1) + (y < g->h) + (x > 1) + (x < g->w));

            g->count[at] = g->inside[at] * n;
            g->step[at] = g->inside[at] > 0 && n > 0 ? WEIGHT / n : 0;
        }
}

/* A coarse cell is inside where all of its fine ones are. */
static void coarsen(struct grid *coarse, const struct grid *fine)
{
    size_t y, x, i, k;

    for (y = 1; y <= coarse->h; y++)
        for (x = 1; x <= coarse->w; x++) {
            bool all = true;

            for (i = 2 * y - 1; i <= 2 * y && i <= fine->h; i++)
                for (k = 2 * x - 1; k <= 2 * x && k <= fine->w; k++)
                    all = all && fine->inside[i * fine->stride + k] > 0;
            coarse->inside[y * coarse->stride + x] = all ? 1 : 0;
        }
}

static size_t cells(const struct grid *g)
{
    /* Room for a fine row beyond an odd grid's last, which restrict_to reads across. */
    return (g->h + 2) * g->stride;
}

static enum bf_err make_grids(struct solver *s, size_t h, size_t w, struct bf_error *err)
{
    size_t total = 0, l = 0;
    float *p;

    for (;;) {
        s->level[l] = (struct grid){.h = h, .w = w, .stride = w + 3};
        total += 7 * cells(&s->level[l]);
        l++;
        if (h <= 2 || w <= 2 || l == LEVELS_MAX)
            break;
        h = (h + 1) / 2;
        w = (w + 1) / 2;
    }
    s->n_levels = l;
    total += 4 * cells(&s->level[0]);
    s->memory = calloc(total, sizeof *s->memory);
    if (s->memory == NULL)
        return bf_error_nomem(err);
    p = s->memory;
    for (l = 0; l < s->n_levels; l++) {
        struct grid *g = &s->level[l];
        float **part[7] = {&g->inside, &g->count, &g->step, &g->x, &g->b, &g->r, &g->t};
        size_t k;

        for (k = 0; k < 7; k++) {
            *part[k] = p;
            p += cells(g);
        }
    }
    s->guess = p;
    s->direction = s->guess + cells(&s->level[0]);
    s->image = s->direction + cells(&s->level[0]);
    s->rest = s->image + cells(&s->level[0]);
    return BF_OK;
}

static double dot(const float *a, const float *b, size_t n)
{
    float part[8];
    double sum = 0;
    size_t i, k;

    for (i = 0; i < n; i += 8) {
        float lane = 0;

        for (k = 0; k < 8 && i + k < n; k++) {
            part[k] = a[i + k] * b[i + k];
            lane += part[k];
        }
        sum += (double)lane;
    }
    return sum;
}

/* Solves A guess = rest, both over the finest grid. */
static void solve(struct solver *s)
{
    struct grid *g = &s->level[0];
    size_t n = cells(g), i;
    double rz, rz_before = 0;
    int round;

    memset(s->guess, 0, n * sizeof *s->guess);
    memset(s->direction, 0, n * sizeof *s->direction);
    for (round = 0; round < ROUNDS_MAX; round++) {
        float largest = 0, beta, alpha;
        double curve;

        memcpy(g->b, s->rest, n * sizeof *g->b);
        cycle(s, 0);
        for (i = 0; i < n; i++)
            largest = fmaxf(largest, fabsf(g->x[i]));
        rz = dot(s->rest, g->x, n);
        beta = round > 0 && rz_before > 0 ? (float)(rz / rz_before) : 0;
        rz_before = rz;
        for (i = 0; i < n; i++)
            s->direction[i] = g->x[i] + beta * s->direction[i];
        /* image = A direction */
        memset(g->b, 0, n * sizeof *g->b);
        residual(s->image, g->b, s->direction, g);
        curve = -dot(s->direction, s->image, n);
        if (!(curve > 0) || !(rz > 0))
            break;
        alpha = (float)(rz / curve);
        for (i = 0; i < n; i++) {
            s->guess[i] += alpha * s->direction[i];
            s->rest[i] += alpha * s->image[i];
        }
        if (largest < ENOUGH)
            break;
    }
}

struct window {
    size_t top, left, h, w;
};

/* What is inside, with one pixel of outside round it as far as the picture goes. */
static bool find_window(struct window *win, const float *mask, size_t h, size_t w)
{
    size_t top = h, bottom = 0, left = w, right = 0, y, x;

    for (y = 0; y < h; y++)
        for (x = 0; x < w; x++)
            if (mask[y * w + x] >= BF_POISSON_OUTSIDE) {
                top = y < top ? y : top;
                bottom = y;
                left = x < left ? x : left;
                right = x > right ? x : right;
            }
    if (top == h)
        return false;
    top = top > 0 ? top - 1 : 0;
    left = left > 0 ? left - 1 : 0;
    bottom = bottom + 1 < h ? bottom + 1 : h - 1;
    right = right + 1 < w ? right + 1 : w - 1;
    *win = (struct window){top, left, bottom - top + 1, right - left + 1};
    return true;
}

/* rest = what the known differences outside give to the cells beside them. */
static bool load_seam(struct solver *s, const float *source, const float *target, size_t w,
                      const struct window *win, int channel)
{
    struct grid *g = &s->level[0];
    size_t y, x, n_seam = 0;

    memset(s->rest, 0, cells(g) * sizeof *s->rest);
    for (y = 1; y <= g->h; y++)
        for (x = 1; x <= g->w; x++) {
            size_t at = y * g->stride + x,
                   pixel = 3 * ((win->top + y - 1) * w + win->left + x - 1) + (size_t)channel;
            float known;

            if (g->inside[at] > 0)
                continue;
            known = target[pixel] - source[pixel];
            n_seam += g->inside[at - 1] + g->inside[at + 1] + g->inside[at - g->stride] +
                          g->inside[at + g->stride] >
                      0;
            s->rest[at - 1] += g->inside[at - 1] * known;
            s->rest[at + 1] += g->inside[at + 1] * known;
            s->rest[at - g->stride] += g->inside[at - g->stride] * known;
            s->rest[at + g->stride] += g->inside[at + g->stride] * known;
        }
    return n_seam > 0;
}

static void store(float *out, const float *source, const float *target, const float *mask, size_t w,
                  const struct window *win, const struct solver *s, int channel)
{
    const struct grid *g = &s->level[0];
    size_t y, x;

    for (y = 0; y < win->h; y++)
        for (x = 0; x < win->w; x++) {
            size_t at = (win->top + y) * w + win->left + x, k = 3 * at + (size_t)channel;
            float v = source[k] + s->guess[(y + 1) * g->stride + x + 1], m = mask[at];

            if (m < BF_POISSON_OUTSIDE)
                continue;
            v = v < 0 ? 0 : v > 1 ? 1 : v;
            out[k] = target[k] + m * (v - target[k]);
        }
}

enum bf_err bf_poisson_blend(float *out, const float *source, const float *target,
                             const float *mask, size_t h, size_t w, struct bf_error *err)
{
    struct solver s = {0};
    struct window win;
    size_t y, x, l;
    int channel;

    if (!find_window(&win, mask, h, w)) {
        if (out != target)
            memcpy(out, target, 3 * h * w * sizeof *out);
        return BF_OK;
    }
    if (make_grids(&s, win.h, win.w, err) != BF_OK)
        return BF_ERR_NOMEM;
    assert(s.level[0].inside != NULL);
    for (y = 0; y < win.h; y++)
        for (x = 0; x < win.w; x++)
            s.level[0].inside[(y + 1) * s.level[0].stride + x + 1] =
                mask[(win.top + y) * w + win.left + x] >= BF_POISSON_OUTSIDE ? 1 : 0;
    count_neighbours(&s.level[0]);
    for (l = 1; l < s.n_levels; l++) {
        coarsen(&s.level[l], &s.level[l - 1]);
        count_neighbours(&s.level[l]);
    }
    if (out != target)
        memcpy(out, target, 3 * h * w * sizeof *out);
    for (channel = 0; channel < 3; channel++) {
        memset(s.guess, 0, cells(&s.level[0]) * sizeof *s.guess);
        if (load_seam(&s, source, target, w, &win, channel))
            solve(&s);
        store(out, source, target, mask, w, &win, &s, channel);
    }
    free(s.memory);
    return BF_OK;
}
