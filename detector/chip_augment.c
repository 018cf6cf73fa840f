#include "detector/chip_augment.h"
#include "lib/media/gaussian.h"

#include <math.h>
#include <string.h>

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
    if (happens(r, 0.18f * strong))
        c->blur = between(r, 0.4f, 1.2f);
    else if (happens(r, 0.18f * strong))
        c->shrink = between(r, 1.2f, 2.5f);
    if (happens(r, 0.18f * strong))
        c->noise = between(r, 1, 5);
    if (happens(r, 0.25f * strong))
        c->jpeg = 45 + (int)bf_random_below(r, 51);
}

static void sample(float *window, const uint8_t *chip, const struct bf_affine *a)
{
    const int most = BF_CHIP_SIZE - 1;
    int x, y, c;

    for (y = 0; y < BF_CHIP_WINDOW; y++)
        for (x = 0; x < BF_CHIP_WINDOW; x++) {
            struct bf_point2 p = bf_affine_apply(a, (float)x + 0.5f, (float)y + 0.5f);
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

enum bf_err bf_chip_change_apply(float *window, const uint8_t *chip, const struct bf_chip_change *c,
                                 struct bf_random *r, struct bf_error *err)
{
    static const struct bf_colour_shift none = {0};
    const size_t side = BF_CHIP_WINDOW, n = BF_CHIP_WINDOW_FLOATS;
    enum bf_err rc = BF_OK;
    size_t i;

    sample(window, chip, &c->window);
    for (i = 0; i < n; i++)
        window[i] /= 255;
    if (memcmp(&c->shift, &none, sizeof none) != 0)
        bf_colour_shift_apply(window, side, side, &c->shift);
    if (c->gamma < 1 || c->gamma > 1)
        for (i = 0; i < n; i++)
            window[i] = powf(fmaxf(window[i], 0), c->gamma);
    if (c->grey > 0)
        to_grey(window, side * side, c->grey);
    if (c->blur > 0)
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
    const float cell = (float)BF_CHIP_WINDOW / BF_ARTIFACT_MAP,
                to_mask = (float)BF_CHIP_MASK / BF_CHIP_SIZE;
    int x, y;

    for (y = 0; y < BF_ARTIFACT_MAP; y++)
        for (x = 0; x < BF_ARTIFACT_MAP; x++) {
            struct bf_point2 p =
                bf_affine_apply(&c->window, ((float)x + 0.5f) * cell, ((float)y + 0.5f) * cell);
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
