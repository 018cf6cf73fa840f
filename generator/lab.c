#include "generator/lab.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* x^(1/n): the exponent in a float's bits divided by n is a guess within some per cent. */
static inline float root_guess(float x, float over, int32_t bias)
{
    int32_t bits;
    float y;

    memcpy(&bits, &x, sizeof bits);
    bits = (int32_t)((float)bits * over) + bias;
    memcpy(&y, &bits, sizeof y);
    return y;
}

static inline float third_root(float x)
{
    float y = root_guess(x, 1.0f / 3, 0x2a5137a0), c = y * y * y;

    y *= (c + 2 * x) / (2 * c + x);
    c = y * y * y;
    return y * ((c + 2 * x) / (2 * c + x));
}

static inline float fifth_root(float x)
{
    float y = root_guess(x, 1.0f / 5, 0x32c7e07b), c = y * y * y * y * y;

    y *= (2 * c + 3 * x) / (3 * c + 2 * x);
    c = y * y * y * y * y;
    return y * ((2 * c + 3 * x) / (3 * c + 2 * x));
}

static inline float linear_of(float v)
{
    float y = (v + 0.055f) / 1.055f, t;

    y = y > 0.01f ? y : 0.01f;
    t = fifth_root(y);
    return v <= 0.04045f ? v / 12.92f : y * y * t * t;
}

static inline float coded_of(float v)
{
    float x, c;

    v = v < 0 ? 0 : v > 1 ? 1 : v;
    x = v > 0.001f ? v : 0.001f;
    c = third_root(x);
    return v <= 0.0031308f ? 12.92f * v : 1.055f * c * sqrtf(sqrtf(c)) - 0.055f;
}

#define KNEE 0.008856452f /* (6/29)^3 */
#define SLOPE 7.787037f   /* (29/6)^2 / 3 */

static inline float lab_curve(float t)
{
    float c = third_root(t > KNEE ? t : KNEE);

    return t > KNEE ? c : SLOPE * t + 4.0f / 29;
}

static inline float lab_curve_back(float f)
{
    return f > 6.0f / 29 ? f * f * f : (f - 4.0f / 29) / SLOPE;
}

void bf_lab_of_rgb(float lab[3][BF_LAB_CHUNK], const float *rgb, size_t n)
{
    float *l = lab[0], *a = lab[1], *b = lab[2];
    size_t i;

    assert(n <= BF_LAB_CHUNK);
    for (i = 0; i < n; i++) {
        l[i] = rgb[3 * i];
        a[i] = rgb[3 * i + 1];
        b[i] = rgb[3 * i + 2];
    }
    for (i = 0; i < n; i++) {
        float r = linear_of(l[i]), g = linear_of(a[i]), v = linear_of(b[i]);

        /* The rows of sRGB to XYZ, each over its white. */
        l[i] = 0.4339499f * r + 0.3762098f * g + 0.1898403f * v;
        a[i] = 0.2126729f * r + 0.7151521f * g + 0.0721750f * v;
        b[i] = 0.0177566f * r + 0.1094680f * g + 0.8727755f * v;
    }
    for (i = 0; i < n; i++) {
        float x = lab_curve(l[i]), y = lab_curve(a[i]), z = lab_curve(b[i]);

        l[i] = 116 * y - 16;
        a[i] = 500 * (x - y);
        b[i] = 200 * (y - z);
    }
}

void bf_rgb_of_lab(float *rgb, float lab[3][BF_LAB_CHUNK], size_t n)
{
    float *l = lab[0], *a = lab[1], *b = lab[2];
    size_t i;

    assert(n <= BF_LAB_CHUNK);
    for (i = 0; i < n; i++) {
        float y = (l[i] + 16) / 116, x = y + a[i] / 500, z = y - b[i] / 200;

        l[i] = lab_curve_back(x);
        a[i] = lab_curve_back(y);
        b[i] = lab_curve_back(z);
    }
    for (i = 0; i < n; i++) {
        float x = l[i], y = a[i], z = b[i];

        l[i] = coded_of(3.0799551f * x - 1.5371390f * y - 0.5428161f * z);
        a[i] = coded_of(-0.9212586f * x + 1.8760111f * y + 0.0452475f * z);
        b[i] = coded_of(0.0528874f * x - 0.2040259f * y + 1.1511385f * z);
    }
    for (i = 0; i < n; i++) {
        rgb[3 * i] = l[i];
        rgb[3 * i + 1] = a[i];
        rgb[3 * i + 2] = b[i];
    }
}
