#include "detector/chip_augment.h"
#include "lib/media/gaussian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BEND 0.035f /* of the window, at strength 1 */
#define LIGHT 0.3f
#define FINE 1.2f        /* pixels: what is sharpened or smoothed */
#define WEAK (8.f / 255) /* detail of that size is half of it smoothed */

enum { TONES = 1024 };

static float between(struct bf_random *r, float low, float high)
{
    return low + (high - low) * bf_random_uniform(r);
}

static bool happens(struct bf_random *r, float chance)
{
    return bf_random_uniform(r) < chance;
}

void bf_chip_change_none(struct bf_chip_change *c)
{
    *c = (struct bf_chip_change){
        .window = bf_chip_window(0, 1, 0, 0, false), .gamma = 1, .shrink = 1};
}

static void draw_field(struct bf_chip_field *f, struct bf_random *r, float deviation)
{
    size_t i;

    for (i = 0; i < sizeof f->node / sizeof *f->node; i++)
        f->node[i] = deviation * fminf(fmaxf(bf_random_normal(r), -2), 2);
}

void bf_chip_change_draw(struct bf_chip_change *c, struct bf_random *r, float strong)
{
    float angle = strong * between(r, -0.14f, 0.14f), scale = 1 + strong * between(r, -0.12f, 0.1f);
    float dx = strong * between(r, -0.04f, 0.04f), dy = strong * between(r, -0.04f, 0.04f);
    int i;

    bf_chip_change_none(c);
    c->window = bf_chip_window(angle, scale, dx, dy, happens(r, 0.5f));
    if (happens(r, 0.6f)) {
        for (i = 0; i < 3; i++)
            c->shift.rgb[i] = strong * between(r, -0.06f, 0.06f);
        c->shift.saturation = strong * between(r, -0.35f, 0.35f);
        c->shift.hue = strong * between(r, -0.015f, 0.015f);
        c->shift.brightness = strong * between(r, -0.12f, 0.12f);
        c->shift.contrast = strong * between(r, -0.2f, 0.2f);
        c->gamma = 1 + strong * between(r, -0.2f, 0.25f);
    }
    if (happens(r, 0.06f))
        c->grey = 1;
    c->bent = happens(r, 0.6f);
    if (c->bent) {
        draw_field(&c->dx, r, strong * BEND);
        draw_field(&c->dy, r, strong * BEND);
    }
    c->lit = happens(r, 0.5f);
    if (c->lit)
        draw_field(&c->light, r, strong * LIGHT);
    if (happens(r, 0.3f * strong))
        c->sharpen = between(r, 0.2f, 1);
    else if (happens(r, 0.3f * strong))
        c->smooth = between(r, 0.3f, 0.9f);
    if (happens(r, 0.18f * strong))
        c->blur = between(r, 0.4f, 1.2f);
    else if (happens(r, 0.18f * strong))
        c->shrink = between(r, 1.2f, 2.5f);
    if (happens(r, 0.18f * strong))
        c->noise = between(r, 1, 5);
    if (happens(r, 0.25f * strong))
        c->jpeg = 45 + (int)bf_random_below(r, 51);
}

static float ease(float t)
{
    return t * t * (3 - 2 * t);
}

/* Between which nodes a place of 0 to 1 over the window is, and how far on from the first. */
static int between_nodes(float *part, float u)
{
    float x = fminf(fmaxf(u, 0), 1) * (BF_CHIP_NODES - 1);
    int i = x < BF_CHIP_NODES - 2 ? (int)x : BF_CHIP_NODES - 2;

    *part = ease(x - (float)i);
    return i;
}

/* The nodes' rows at v, 0 to 1, as one. */
static void row_at(float row[BF_CHIP_NODES], const struct bf_chip_field *f, float v)
{
    float part;
    const float *n = f->node + between_nodes(&part, v) * BF_CHIP_NODES;
    int i;

    for (i = 0; i < BF_CHIP_NODES; i++)
        row[i] = n[i] + part * (n[i + BF_CHIP_NODES] - n[i]);
}

/* Places between nodes for n evenly spread pixels. */
struct spread {
    int node[BF_CHIP_WINDOW];
    float part[BF_CHIP_WINDOW];
};

static void spread_out(struct spread *s, int n)
{
    int i;

    for (i = 0; i < n; i++)
        s->node[i] = between_nodes(&s->part[i], ((float)i + 0.5f) / (float)n);
}

static float along(const float row[BF_CHIP_NODES], const struct spread *s, int x)
{
    const float *n = row + s->node[x];

    return n[0] + s->part[x] * (n[1] - n[0]);
}

/* One of n rows of n pixels over the window: where each is taken from. */
static void places_of(struct bf_point2 *out, const struct bf_chip_change *c, const struct spread *s,
                      int y, int n)
{
    const float step = (float)BF_CHIP_WINDOW / (float)n, v = ((float)y + 0.5f) / (float)n;
    float dx[BF_CHIP_NODES] = {0}, dy[BF_CHIP_NODES] = {0};
    int x;

    if (c->bent) {
        row_at(dx, &c->dx, v);
        row_at(dy, &c->dy, v);
    }
    for (x = 0; x < n; x++)
        out[x] =
            bf_affine_apply(&c->window, ((float)x + 0.5f) * step + BF_CHIP_WINDOW * along(dx, s, x),
                            ((float)y + 0.5f) * step + BF_CHIP_WINDOW * along(dy, s, x));
}

static void sample(float *window, const uint8_t *chip, const struct bf_chip_change *change)
{
    const int most = BF_CHIP_SIZE - 1;
    struct bf_point2 place[BF_CHIP_WINDOW];
    struct spread s;
    int x, y, c;

    spread_out(&s, BF_CHIP_WINDOW);
    for (y = 0; y < BF_CHIP_WINDOW; y++) {
        places_of(place, change, &s, y, BF_CHIP_WINDOW);
        for (x = 0; x < BF_CHIP_WINDOW; x++) {
            struct bf_point2 p = place[x];
            float px = fminf(fmaxf(p.x - 0.5f, 0), (float)most),
                  py = fminf(fmaxf(p.y - 0.5f, 0), (float)most);
            int ix = (int)px < most ? (int)px : most - 1, iy = (int)py < most ? (int)py : most - 1;
            float fx = px - (float)ix, fy = py - (float)iy;
            const uint8_t *u = chip + 3 * (iy * BF_CHIP_SIZE + ix), *v = u + 3 * BF_CHIP_SIZE;
            float *out = window + 3 * (y * BF_CHIP_WINDOW + x);

            for (c = 0; c < 3; c++)
                out[c] = (1 - fy) * ((1 - fx) * u[c] + fx * u[c + 3]) +
                         fy * ((1 - fx) * v[c] + fx * v[c + 3]);
        }
    }
}

/* Drawn from a table: a power for every number would cost more than the network's pass. */
static void bend_tone(float *v, size_t n, float gamma)
{
    float table[TONES + 2];
    size_t i;

    for (i = 0; i < TONES + 2; i++)
        table[i] = powf((float)i / TONES, gamma);
    for (i = 0; i < n; i++) {
        float at = fminf(fmaxf(v[i], 0), 1) * TONES;
        size_t k = (size_t)at;

        v[i] = table[k] + (at - (float)k) * (table[k + 1] - table[k]);
    }
}

static void to_grey(float *rgb, size_t n, float part)
{
    size_t i;
    int c;

    for (i = 0; i < n; i++) {
        float l = 0.299f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] + 0.114f * rgb[3 * i + 2];

        for (c = 0; c < 3; c++)
            rgb[3 * i + (size_t)c] += part * (l - rgb[3 * i + (size_t)c]);
    }
}

static void light(float *window, const struct bf_chip_field *f)
{
    struct bf_chip_field gain;
    float row[BF_CHIP_NODES];
    struct spread s;
    int x, y, c;

    for (x = 0; x < BF_CHIP_NODES * BF_CHIP_NODES; x++)
        gain.node[x] = expf(f->node[x]);
    spread_out(&s, BF_CHIP_WINDOW);
    for (y = 0; y < BF_CHIP_WINDOW; y++) {
        row_at(row, &gain, ((float)y + 0.5f) / BF_CHIP_WINDOW);
        for (x = 0; x < BF_CHIP_WINDOW; x++) {
            float g = along(row, &s, x);

            for (c = 0; c < 3; c++, window++)
                *window = fminf(*window * g, 1);
        }
    }
}

/* As cameras, coders and beautifiers do: fine detail made stronger, or the weak part of it gone. */
static enum bf_err refine(float *window, float sharpen, float smooth, struct bf_error *err)
{
    const size_t side = BF_CHIP_WINDOW, n = BF_CHIP_WINDOW_FLOATS;
    float *rough = malloc(n * sizeof *rough);
    enum bf_err rc;
    size_t i;

    if (rough == NULL)
        return bf_error_nomem(err);
    memcpy(rough, window, n * sizeof *rough);
    rc = bf_gaussian(rough, side, side, 3, FINE, err);
    for (i = 0; rc == BF_OK && i < n; i++) {
        float d = window[i] - rough[i], size = fabsf(d);

        d += sharpen * d - smooth * d * WEAK / (size + WEAK);
        window[i] = fminf(fmaxf(rough[i] + d, 0), 1);
    }
    free(rough);
    return rc;
}

enum bf_err bf_chip_change_apply(float *window, const uint8_t *chip, const struct bf_chip_change *c,
                                 struct bf_random *r, struct bf_error *err)
{
    static const struct bf_colour_shift none = {0};
    const size_t side = BF_CHIP_WINDOW, n = BF_CHIP_WINDOW_FLOATS;
    enum bf_err rc = BF_OK;
    size_t i;

    sample(window, chip, c);
    for (i = 0; i < n; i++)
        window[i] /= 255;
    if (memcmp(&c->shift, &none, sizeof none) != 0)
        bf_colour_shift_apply(window, side, side, &c->shift);
    if (c->gamma < 1 || c->gamma > 1)
        bend_tone(window, n, c->gamma);
    if (c->grey > 0)
        to_grey(window, side * side, c->grey);
    if (c->lit)
        light(window, &c->light);
    if (c->sharpen > 0 || c->smooth > 0)
        rc = refine(window, c->sharpen, c->smooth, err);
    if (rc == BF_OK && c->blur > 0)
        rc = bf_gaussian(window, side, side, 3, c->blur, err);
    if (rc == BF_OK && c->shrink > 1)
        rc = bf_degrade_scale(window, side, side, c->shrink, err);
    if (c->noise > 0)
        for (i = 0; i < n; i++)
            window[i] = fminf(fmaxf(window[i] + c->noise / 255 * bf_random_normal(r), 0), 1);
    if (rc == BF_OK && c->jpeg > 0)
        rc = bf_degrade_jpeg(window, side, side, c->jpeg, err);
    for (i = 0; i < n; i++)
        window[i] *= 255;
    return rc;
}

void bf_chip_change_mask(float *map, const uint8_t *mask, const struct bf_chip_change *c)
{
    const float to_mask = (float)BF_CHIP_MASK / BF_CHIP_SIZE;
    struct bf_point2 place[BF_ARTIFACT_MAP];
    struct spread s;
    int x, y;

    spread_out(&s, BF_ARTIFACT_MAP);
    for (y = 0; y < BF_ARTIFACT_MAP; y++) {
        places_of(place, c, &s, y, BF_ARTIFACT_MAP);
        for (x = 0; x < BF_ARTIFACT_MAP; x++) {
            struct bf_point2 p = place[x];
            float px = fminf(fmaxf(p.x * to_mask - 0.5f, 0), BF_CHIP_MASK - 1),
                  py = fminf(fmaxf(p.y * to_mask - 0.5f, 0), BF_CHIP_MASK - 1);
            int ix = (int)px < BF_CHIP_MASK - 1 ? (int)px : BF_CHIP_MASK - 2,
                iy = (int)py < BF_CHIP_MASK - 1 ? (int)py : BF_CHIP_MASK - 2;
            float fx = px - (float)ix, fy = py - (float)iy;
            const uint8_t *u = mask + iy * BF_CHIP_MASK + ix, *v = u + BF_CHIP_MASK;

            map[y * BF_ARTIFACT_MAP + x] =
                ((1 - fy) * ((1 - fx) * u[0] + fx * u[1]) + fy * ((1 - fx) * v[0] + fx * v[1])) /
                255;
        }
    }
}
