#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generator/colour_transfer.h"
#include "lib/media/degrade.h"
#include "lib/media/gaussian.h"
#include "generator/lab.h"
#include "generator/poisson.h"
#include "generator/sharpen.h"
#include "lib/nn/random.h"

static void assert_near(double got, double wanted, double slack)
{
    if (!(fabs(got - wanted) <= slack))
        fail_msg("%g is not %g within %g", got, wanted, slack);
}

/* CIELAB by the textbook, in double. */
static void lab_slowly(double lab[3], const float *rgb)
{
    static const double m[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                   {0.2126729, 0.7151522, 0.0721750},
                                   {0.0193339, 0.1191920, 0.9503041}};
    double f[3];
    int i, k;

    for (i = 0; i < 3; i++) {
        double sum = 0, white = 0;

        for (k = 0; k < 3; k++) {
            double v = (double)rgb[k];

            v = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
            sum += m[i][k] * v;
            white += m[i][k];
        }
        sum /= white;
        f[i] = sum > 216.0 / 24389 ? cbrt(sum) : sum * 24389 / 27 / 116 + 4.0 / 29;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

static void fill_random(float *p, size_t n, float low, float high, uint64_t seed)
{
    struct bf_random r = {seed};
    size_t i;

    for (i = 0; i < n; i++)
        p[i] = low + (high - low) * bf_random_uniform(&r);
}

static void lab_is_the_textbooks(void **state)
{
    float rgb[3 * BF_LAB_CHUNK], back[3 * BF_LAB_CHUNK], lab[3][BF_LAB_CHUNK];
    size_t i, k;

    (void)state;
    fill_random(rgb, 3 * BF_LAB_CHUNK, 0, 1, 1);
    memset(rgb, 0, 3 * sizeof *rgb);
    for (i = 3; i < 6; i++)
        rgb[i] = 1;
    for (i = 6; i < 60; i++)
        rgb[i] *= 0.05f;
    bf_lab_of_rgb(lab, rgb, BF_LAB_CHUNK);
    for (i = 0; i < BF_LAB_CHUNK; i++) {
        double wanted[3];

        lab_slowly(wanted, rgb + 3 * i);
        for (k = 0; k < 3; k++)
            assert_near((double)lab[k][i], wanted[k], 2e-3);
    }
    bf_rgb_of_lab(back, lab, BF_LAB_CHUNK);
    for (i = 0; i < 3 * BF_LAB_CHUNK; i++)
        assert_near((double)back[i], (double)rgb[i], 1e-5);
}

static void mean_and_dev(double mean[3], double dev[3], const float *rgb, const float *mask,
                         size_t n)
{
    double weight = 0, lab[3];
    size_t i, k;

    memset(mean, 0, 3 * sizeof *mean);
    memset(dev, 0, 3 * sizeof *dev);
    for (i = 0; i < n; i++) {
        lab_slowly(lab, rgb + 3 * i);
        weight += (double)mask[i];
        for (k = 0; k < 3; k++) {
            mean[k] += (double)mask[i] * lab[k];
            dev[k] += (double)mask[i] * lab[k] * lab[k];
        }
    }
    for (k = 0; k < 3; k++) {
        mean[k] /= weight;
        dev[k] = sqrt(dev[k] / weight - mean[k] * mean[k]);
    }
}

#define SIDE 40

struct pair {
    float from[3 * SIDE * SIDE], to[3 * SIDE * SIDE], mask[SIDE * SIDE];
};

static struct pair *two_pictures(void)
{
    struct pair *p = malloc(sizeof *p);
    struct bf_random r = {8};
    size_t i, k;

    assert_non_null(p);
    fill_random(p->from, 3 * SIDE * SIDE, -0.03f, 0.03f, 2);
    fill_random(p->to, 3 * SIDE * SIDE, -0.05f, 0.05f, 3);
    for (i = 0; i < SIDE * SIDE; i++) {
        /* skin, not every colour there is: nothing is cut off at the edge of what RGB can show */
        float light = bf_random_uniform(&r), dark = bf_random_uniform(&r);

        for (k = 0; k < 3; k++) {
            p->from[3 * i + k] += 0.3f + 0.3f * dark * dark;
            p->to[3 * i + k] += 0.45f + 0.25f * light - 0.05f * (float)k;
        }
        p->mask[i] = i % SIDE < 25 ? 1 : i % SIDE < 30 ? 0.5f : 0;
        if (p->mask[i] == 0)
            p->from[3 * i] = 1; /* must not count */
    }
    return p;
}

static void statistics_become_the_targets(void **state)
{
    enum bf_colour_mode mode;

    (void)state;
    for (mode = BF_COLOUR_REINHARD; mode <= BF_COLOUR_HISTOGRAM; mode++) {
        struct pair *p = two_pictures();
        double mean[3], dev[3], wanted_mean[3], wanted_dev[3];
        struct bf_colour_map m;
        int k;

        mean_and_dev(wanted_mean, wanted_dev, p->to, p->mask, SIDE * SIDE);
        bf_colour_map_measure(&m, mode, p->from, p->to, p->mask, SIDE, SIDE);
        bf_colour_map_apply(p->from, &m, SIDE, SIDE);
        mean_and_dev(mean, dev, p->from, p->mask, SIDE * SIDE);
        for (k = 0; k < 3; k++) {
            assert_near(mean[k], wanted_mean[k], mode == BF_COLOUR_REINHARD ? 0.02 : 0.3);
            assert_near(dev[k], wanted_dev[k], mode == BF_COLOUR_REINHARD ? 0.02 : 0.5);
        }
        free(p);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* A histogram matched is one whose sorted values are the target's. */
static void histogram_becomes_the_targets(void **state)
{
    static double got[3][SIDE * SIDE], wanted[3][SIDE * SIDE];
    struct pair *p = two_pictures();
    struct bf_colour_map m;
    double lab[3];
    size_t i, k;

    (void)state;
    for (i = 0; i < SIDE * SIDE; i++)
        p->from[3 * i] = fminf(p->from[3 * i], 0.6f);
    bf_colour_map_measure(&m, BF_COLOUR_HISTOGRAM, p->from, p->to, NULL, SIDE, SIDE);
    bf_colour_map_apply(p->from, &m, SIDE, SIDE);
    for (i = 0; i < SIDE * SIDE; i++) {
        lab_slowly(lab, p->from + 3 * i);
        for (k = 0; k < 3; k++)
            got[k][i] = lab[k];
        lab_slowly(lab, p->to + 3 * i);
        for (k = 0; k < 3; k++)
            wanted[k][i] = lab[k];
    }
    for (k = 0; k < 3; k++) {
        qsort(got[k], SIDE * SIDE, sizeof **got, by_value);
        qsort(wanted[k], SIDE * SIDE, sizeof **wanted, by_value);
        /* a colour outside of RGB is cut off, so not to the last one */
        for (i = SIDE * SIDE / 20; i < SIDE * SIDE * 19 / 20; i++)
            assert_near(got[k][i], wanted[k][i], 1.5);
    }
    free(p);
}

static void an_empty_mask_changes_no_colour(void **state)
{
    struct pair *p = two_pictures();
    float before[3 * SIDE * SIDE];
    struct bf_colour_map m, zero = {0};

    (void)state;
    memset(p->mask, 0, sizeof p->mask);
    memcpy(before, p->from, sizeof before);
    bf_colour_map_measure(&m, BF_COLOUR_REINHARD, p->from, p->to, p->mask, SIDE, SIDE);
    bf_colour_map_apply(p->from, &m, SIDE, SIDE);
    assert_memory_equal(before, p->from, sizeof before);
    bf_colour_map_measure(&m, BF_COLOUR_REINHARD, p->from, p->to, NULL, SIDE, SIDE);
    bf_colour_map_smooth(&m, &zero, 0.9f);
    assert_int_equal(m.mode, BF_COLOUR_REINHARD);
    zero = m;
    m.mean_to[0] += 10;
    bf_colour_map_smooth(&m, &zero, 0.75f);
    assert_near((double)(m.mean_to[0] - zero.mean_to[0]), 2.5, 1e-4);
    free(p);
}

/* The same equations by Gaussian elimination, one channel. Neighbours are those in the picture. */
static void poisson_slowly(double *out, const float *source, const float *target, const float *mask,
                           int h, int w)
{
    static const int dx[4] = {1, -1, 0, 0}, dy[4] = {0, 0, 1, -1};
    int *number = malloc((size_t)(h * w) * sizeof *number), n = 0, i, j, k;
    double *a;

    for (i = 0; i < h * w; i++)
        number[i] = mask[i] > 0 ? n++ : -1;
    a = calloc((size_t)(n * (n + 1)), sizeof *a);
    for (i = 0; i < h * w; i++) {
        double *row = a + number[i] * (n + 1);

        if (number[i] < 0)
            continue;
        for (k = 0; k < 4; k++) {
            int x = i % w + dx[k], y = i / w + dy[k], q = y * w + x;

            if (x < 0 || y < 0 || x >= w || y >= h)
                continue;
            row[number[i]] += 1;
            row[n] += (double)(source[3 * i] - source[3 * q]);
            if (number[q] >= 0)
                row[number[q]] -= 1;
            else
                row[n] += (double)target[3 * q];
        }
    }
    for (i = 0; i < n; i++)
        for (j = i + 1; j < n; j++) {
            double f = a[j * (n + 1) + i] / a[i * (n + 1) + i];

            for (k = i; f != 0 && k <= n; k++)
                a[j * (n + 1) + k] -= f * a[i * (n + 1) + k];
        }
    for (i = n - 1; i >= 0; i--) {
        for (j = i + 1; j < n; j++)
            a[i * (n + 1) + n] -= a[i * (n + 1) + j] * a[j * (n + 1) + n];
        a[i * (n + 1) + n] /= a[i * (n + 1) + i];
    }
    for (i = 0; i < h * w; i++)
        out[i] = number[i] >= 0 ? a[number[i] * (n + 1) + n] : (double)target[3 * i];
    free(a);
    free(number);
}

static void poisson_is_the_dense_solution(void **state)
{
    enum { H = 23, W = 30 };
    static float source[3 * H * W], target[3 * H * W], out[3 * H * W], mask[H * W];
    static double wanted[H * W];
    int shape, i;

    (void)state;
    for (shape = 0; shape < 4; shape++) {
        fill_random(source, 3 * H * W, 0.4f, 0.5f, 4);
        fill_random(target, 3 * H * W, 0.4f, 0.6f, 5);
        for (i = 0; i < H * W; i++) {
            int x = i % W, y = i / W;

            target[3 * i] += 0.01f * (float)x - 0.005f * (float)y;
            /* an ellipse; a ring; one that the picture's corner cuts; scattered */
            mask[i] = shape == 0   ? hypot((x - 15) / 12.0, (y - 11) / 9.0) < 1
                      : shape == 1 ? fabs(hypot(x - 15, y - 11) - 7) < 2.5
                      : shape == 2 ? x + y < 22
                                   : (x * 7 + y * 5) % 11 > 2 && x > 3 && y > 3;
        }
        poisson_slowly(wanted, source, target, mask, H, W);
        assert_int_equal(bf_poisson_blend(out, source, target, mask, H, W, NULL), BF_OK);
        for (i = 0; i < H * W; i++) {
            double w = wanted[i] < 0 ? 0 : wanted[i] > 1 ? 1 : wanted[i];

            assert_near((double)out[3 * i], w, 1e-3);
        }
        /* in place, too */
        assert_int_equal(bf_poisson_blend(target, source, target, mask, H, W, NULL), BF_OK);
        assert_memory_equal(target, out, sizeof out);
    }
}

/* A source that is the target but brighter comes out as the target, at any size. */
static void poisson_undoes_a_constant(void **state)
{
    enum { H = 300, W = 280 };
    float *source = malloc(3 * H * W * sizeof *source),
          *target = malloc(3 * H * W * sizeof *target), *out = malloc(3 * H * W * sizeof *out),
          *mask = malloc(H * W * sizeof *mask);
    size_t i;

    (void)state;
    fill_random(target, 3 * H * W, 0.2f, 0.6f, 6);
    for (i = 0; i < 3 * H * W; i++)
        source[i] = target[i] + 0.3f;
    for (i = 0; i < H * W; i++)
        mask[i] = hypot((double)(i % W) - 140, (double)i / W - 150) < 130;
    assert_int_equal(bf_poisson_blend(out, source, target, mask, H, W, NULL), BF_OK);
    for (i = 0; i < 3 * H * W; i++)
        assert_near((double)out[i], (double)target[i], 1e-3);
    /* no outside at all: the source; no inside: the target */
    for (i = 0; i < H * W; i++)
        mask[i] = 1;
    assert_int_equal(bf_poisson_blend(out, source, target, mask, H, W, NULL), BF_OK);
    for (i = 0; i < 3 * H * W; i++)
        assert_near((double)out[i], (double)source[i], 1e-6);
    memset(mask, 0, H * W * sizeof *mask);
    assert_int_equal(bf_poisson_blend(out, source, target, mask, H, W, NULL), BF_OK);
    assert_memory_equal(out, target, 3 * H * W * sizeof *out);
    free(source);
    free(target);
    free(out);
    free(mask);
}

/* Of a single white pixel blurred: sum 1, its variance as asked for, the same both ways. */
static void blur_has_the_deviation(void **state)
{
    static const float sigmas[] = {0.5f, 1, 2.4f, 2.6f, 4, 7.3f, 11};
    enum { N = 101 };
    static float p[N * N * 3];
    size_t s, i;

    (void)state;
    for (s = 0; s < sizeof sigmas / sizeof *sigmas; s++) {
        double sum = 0, xx = 0, yy = 0, sigma = (double)sigmas[s];

        memset(p, 0, sizeof p);
        p[3 * (50 * N + 50) + 1] = 1;
        assert_int_equal(bf_gaussian(p, N, N, 3, sigmas[s], NULL), BF_OK);
        for (i = 0; i < N * N; i++) {
            double v = (double)p[3 * i + 1], x = (double)(i % N) - 50, y = (double)i / N - 50;

            y = floor(y + 50) - 50;
            sum += v;
            xx += v * x * x;
            yy += v * y * y;
            assert_true(p[3 * i] == 0 && p[3 * i + 2] == 0);
        }
        assert_near(sum, 1, 1e-4);
        /* a kernel half a pixel wide is seen at too few places to be so */
        assert_near(sqrt(xx), sigma, sigma < 1 ? 0.04 : 0.02 * sigma);
        assert_near(sqrt(yy), sigma, sigma < 1 ? 0.04 : 0.02 * sigma);
        if (sigma > 2)
            assert_near((double)p[3 * (50 * N + 50) + 1], 1 / (2 * 3.14159265 * sigma * sigma),
                        0.13 / (2 * 3.14159265 * sigma * sigma));
    }
    /* a flat picture stays flat to its edge, also where it is smaller than the blur */
    for (i = 0; i < 5 * 7; i++)
        p[i] = 0.25f;
    assert_int_equal(bf_gaussian(p, 5, 7, 1, 30, NULL), BF_OK);
    for (i = 0; i < 5 * 7; i++)
        assert_near((double)p[i], 0.25, 1e-5);
}

static void sharpening_steepens_an_edge(void **state)
{
    float p[3 * 8 * 16], flat[3 * 8 * 16];
    size_t i;

    (void)state;
    for (i = 0; i < 8 * 16; i++)
        p[3 * i] = p[3 * i + 1] = p[3 * i + 2] = i % 16 < 8 ? 0.4f : 0.6f;
    memcpy(flat, p, sizeof flat);
    assert_int_equal(bf_sharpen(p, 8, 16, 1, 0.8f, NULL), BF_OK);
    assert_near((double)p[0], 0.4, 1e-4);
    assert_true(p[3 * 7] < 0.37f && p[3 * 8] > 0.63f);
    assert_int_equal(bf_sharpen(flat, 8, 16, 1, -1, NULL), BF_OK);
    assert_true(flat[3 * 7] > 0.45f && flat[3 * 8] < 0.55f);
}

static void colour_shifts_are_what_they_say(void **state)
{
    static const struct {
        struct bf_colour_shift shift;
        float in[3], out[3];
    } row[] = {
        {{{0.1f, 0, -0.1f}, 0, 0, 0, 0, 0}, {0.5f, 0.5f, 0.05f}, {0.6f, 0.5f, 0}},
        {{{0}, 1.0f / 3, 0, 0, 0, 0}, {0.8f, 0.2f, 0.2f}, {0.2f, 0.8f, 0.2f}},
        {{{0}, -1.0f / 3, 0, 0, 0, 0}, {0.8f, 0.2f, 0.2f}, {0.2f, 0.2f, 0.8f}},
        {{{0}, 1.0f / 12, 0, 0, 0, 0}, {0.8f, 0.2f, 0.2f}, {0.8f, 0.5f, 0.2f}},
        {{{0}, 0, -0.5f, 0, 0, 0}, {0.8f, 0.4f, 0.4f}, {0.8f, 0.6f, 0.6f}},
        {{{0}, 0, 0, -0.5f, 0, 0}, {0.8f, 0.4f, 0.2f}, {0.4f, 0.2f, 0.1f}},
        {{{0}, 0, 0, 0, 0.1f, 0}, {0.95f, 0.4f, 0.2f}, {1, 0.5f, 0.3f}},
        {{{0}, 0, 0, 0, 0, -0.1f}, {1, 0.5f, 0}, {0.95f, 0.5f, 0.05f}},
        {{{0}, 0, 0, 0, 0, 0}, {1, 0.5f, 0}, {1, 0.5f, 0}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        float p[3];

        memcpy(p, row[i].in, sizeof p);
        bf_colour_shift_apply(p, 1, 1, &row[i].shift);
        for (k = 0; k < 3; k++)
            assert_near((double)p[k], (double)row[i].out[k], 1e-5);
    }
}

static void losses_are_graded(void **state)
{
    enum { H = 50, W = 70 };
    static float before[3 * H * W], p[3 * H * W];
    static const int quality[] = {100, 90, 60, 20};
    double last = 0;
    size_t q, i;

    (void)state;
    for (i = 0; i < H * W; i++) {
        float x = (float)(i % W), y = (float)(i / W); // NOLINT(bugprone-integer-division)

        before[3 * i] = 0.5f + 0.3f * sinf(x / 3) * cosf(y / 4);
        before[3 * i + 1] = 0.5f + 0.3f * sinf(x / 5 + y / 7);
        before[3 * i + 2] = 0.4f + 0.2f * cosf(x / 4);
    }
    for (q = 0; q < 4; q++) {
        double sum = 0;

        memcpy(p, before, sizeof p);
        assert_int_equal(bf_degrade_jpeg(p, H, W, quality[q], NULL), BF_OK);
        for (i = 0; i < 3 * H * W; i++)
            sum += pow((double)(p[i] - before[i]), 2);
        sum = sqrt(sum / (3 * H * W));
        assert_true(sum > last);
        last = sum;
        if (q == 0)
            assert_true(sum < 0.02);
    }
    assert_true(last < 0.1);
    memcpy(p, before, sizeof p);
    assert_int_equal(bf_degrade_scale(p, H, W, 4, NULL), BF_OK);
    assert_true(fabsf(p[3 * (20 * W + 20)] - before[3 * (20 * W + 20)]) < 0.4f);
    /* a mean is kept on the way down and up */
    for (i = 0; i < 3 * H * W; i++)
        p[i] = 0.3f;
    assert_int_equal(bf_degrade_scale(p, H, W, 2.7f, NULL), BF_OK);
    for (i = 0; i < 3 * H * W; i++)
        assert_near((double)p[i], 0.3, 1e-5);
}

static void resampling_halves_exactly(void **state)
{
    float in[3 * 4 * 6], out[3 * 2 * 3];
    size_t x, y;

    (void)state;
    fill_random(in, 3 * 4 * 6, 0, 1, 9);
    bf_resample(out, 2, 3, in, 4, 6);
    for (y = 0; y < 2; y++)
        for (x = 0; x < 3; x++) {
            const float *p = in + 3 * (2 * y * 6 + 2 * x);

            assert_near((double)out[3 * (y * 3 + x)], (double)(p[0] + p[3] + p[18] + p[21]) / 4,
                        1e-6);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lab_is_the_textbooks),
        cmocka_unit_test(statistics_become_the_targets),
        cmocka_unit_test(histogram_becomes_the_targets),
        cmocka_unit_test(an_empty_mask_changes_no_colour),
        cmocka_unit_test(poisson_is_the_dense_solution),
        cmocka_unit_test(poisson_undoes_a_constant),
        cmocka_unit_test(blur_has_the_deviation),
        cmocka_unit_test(sharpening_steepens_an_edge),
        cmocka_unit_test(colour_shifts_are_what_they_say),
        cmocka_unit_test(losses_are_graded),
        cmocka_unit_test(resampling_halves_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
