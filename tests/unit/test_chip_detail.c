/* The detail of a window: against its definition, and what it does not depend on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "detector/chip_detail.h"
#include "lib/nn/random.h"

enum { SIDE = BF_CHIP_WINDOW, PIXELS = SIDE * SIDE };

static float in[BF_CHIP_WINDOW_FLOATS], other[BF_CHIP_WINDOW_FLOATS];
static float detail[PIXELS * BF_CHIP_DETAIL], changed[PIXELS * BF_CHIP_DETAIL];

static void draw(float *v)
{
    struct bf_random r = {7};
    size_t i;

    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        v[i] = 0.3f * sinf((float)(i / 3 % SIDE) / 11) + 0.02f * bf_random_normal(&r);
}

static double at(const double *plane, int x, int y)
{
    x = x < 0 ? 0 : x >= SIDE ? SIDE - 1 : x;
    y = y < 0 ? 0 : y >= SIDE ? SIDE - 1 : y;
    return plane[y * SIDE + x];
}

static void naive_means(double *out, const double *plane)
{
    int x, y, i, k;

    for (y = 0; y < SIDE; y++)
        for (x = 0; x < SIDE; x++) {
            double sum = 0;

            for (i = -2; i <= 2; i++)
                for (k = -2; k <= 2; k++)
                    sum += at(plane, x + k, y + i);
            out[y * SIDE + x] = sum / 25;
        }
}

static void as_its_definition(void **state)
{
    static double plane[PIXELS], mean[PIXELS], square[PIXELS], all[PIXELS];
    int c, i;

    (void)state;
    draw(in);
    bf_chip_detail(detail, in, SIDE);
    for (c = 0; c < 3; c++) {
        for (i = 0; i < PIXELS; i++)
            plane[i] = (double)in[3 * i + c];
        naive_means(mean, plane);
        for (i = 0; i < PIXELS; i++)
            square[i] = pow(plane[i] - mean[i], 2);
        for (i = 0; i < PIXELS; i++)
            plane[i] -= mean[i];
        naive_means(mean, square);
        for (i = 0; i < PIXELS; i++) {
            double want = plane[i] / sqrt(mean[i] + 1e-5);

            all[i] += mean[i];
            if (!(fabs(want - (double)detail[BF_CHIP_DETAIL * i + c]) < 1e-3))
                fail_msg("colour %d of pixel %d is %g, not %g", c, i,
                         (double)detail[BF_CHIP_DETAIL * i + c], want);
        }
    }
    for (i = 0; i < PIXELS; i++)
        assert_true(fabs(0.5 * log(all[i] + 1e-5) + 4 - (double)detail[BF_CHIP_DETAIL * i + 3]) <
                    1e-3);
}

/* Light and strength fall out of the detail; the last number tells the latter. */
static void light_and_strength(void **state)
{
    size_t i;

    (void)state;
    draw(in);
    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        other[i] = 0.2f + 2 * in[i];
    bf_chip_detail(detail, in, SIDE);
    bf_chip_detail(changed, other, SIDE);
    for (i = 0; i < (size_t)PIXELS * BF_CHIP_DETAIL; i++)
        if (i % BF_CHIP_DETAIL < 3)
            assert_true(fabsf(changed[i] - detail[i]) < 0.05f + 0.05f * fabsf(detail[i]));
        else
            assert_true(fabsf(changed[i] - detail[i] - logf(2)) < 0.02f);
}

static void nothing_in_a_flat_one(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        in[i] = 0.25f;
    bf_chip_detail(detail, in, SIDE);
    for (i = 0; i < (size_t)PIXELS * BF_CHIP_DETAIL; i++)
        assert_true(fabsf(detail[i] - (i % BF_CHIP_DETAIL < 3 ? 0 : 0.5f * logf(1e-5f) + 4)) <
                    1e-3f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_its_definition),
        cmocka_unit_test(light_and_strength),
        cmocka_unit_test(nothing_in_a_flat_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
