#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "generator/face_mask.h"
#include "lib/nn/random.h"

enum { H = 80, W = 100 };

static float mask[H * W];

static void assert_near(double got, double wanted, double slack)
{
    if (!(fabs(got - wanted) <= slack))
        fail_msg("%g is not %g within %g", got, wanted, slack);
}

static double area(void)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < H * W; i++)
        sum += (double)mask[i];
    return sum;
}

/* Twice the signed area, by the shoelace. */
static double outline_area(const struct bf_point2 *p, size_t n)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        const struct bf_point2 *a = &p[i], *b = &p[(i + 1) % n];

        sum += (double)a->x * (double)b->y - (double)b->x * (double)a->y;
    }
    return fabs(sum) / 2;
}

/* The part of a pixel inside, from 32 x 32 samples. */
static double coverage(const struct bf_point2 *p, size_t n, size_t x, size_t y)
{
    int hits = 0, i, j;
    size_t k;

    for (i = 0; i < 32; i++)
        for (j = 0; j < 32; j++) {
            double sx = (double)x + (i + 0.5) / 32, sy = (double)y + (j + 0.5) / 32;
            bool inside = false;

            for (k = 0; k < n; k++) {
                double ax = (double)p[k].x, ay = (double)p[k].y, bx = (double)p[(k + 1) % n].x,
                       by = (double)p[(k + 1) % n].y;

                if ((ay > sy) != (by > sy) && sx < (bx - ax) * (sy - ay) / (by - ay) + ax)
                    inside = !inside;
            }
            hits += inside;
        }
    return hits / 1024.0;
}

static void each_pixel_is_its_coverage(void **state)
{
    static const struct bf_point2 star[] = {
        {50.3f, 5.2f}, {58, 30},       {90.7f, 28.9f}, {63.1f, 44},    {75.5f, 75.25f},
        {50, 53},      {21.6f, 74.1f}, {36.2f, 43.8f}, {10.4f, 30.6f}, {42.2f, 29}};
    /* over every edge of the picture, and given the other way round */
    static const struct bf_point2 large[] = {
        {-20, 40}, {30, 110}, {120.5f, 50.5f}, {70, -30.25f}, {20, -4}};
    static const struct bf_point2 flat[] = {{10, 20}, {90, 20.5f}, {90, 21}, {10, 20.25f}};
    const struct {
        const struct bf_point2 *p;
        size_t n;
    } row[] = {{star, 10}, {large, 5}, {flat, 4}};
    size_t i, x, y;

    (void)state;
    for (i = 0; i < 3; i++) {
        bf_mask_polygon(mask, H, W, row[i].p, row[i].n);
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++)
                assert_near((double)mask[y * W + x], coverage(row[i].p, row[i].n, x, y), 0.03);
    }
    bf_mask_polygon(mask, H, W, star, 10);
    assert_near(area(), outline_area(star, 10), 0.05);
    bf_mask_polygon(mask, H, W, star, 2);
    assert_near(area(), 0, 0);
}

static void a_hull_holds_all_points(void **state)
{
    struct bf_point2 p[300], hull[300];
    struct bf_random r = {7};
    size_t n, i, k;

    (void)state;
    for (i = 0; i < 300; i++)
        p[i] = (struct bf_point2){50 + 12 * bf_random_normal(&r), 40 + 9 * bf_random_normal(&r)};
    n = bf_hull(hull, p, 300);
    assert_true(n >= 3 && n < 60);
    for (i = 0; i < 300; i++)
        for (k = 0; k < n; k++) {
            struct bf_point2 a = hull[k], b = hull[(k + 1) % n];

            assert_true((b.x - a.x) * (p[i].y - a.y) - (b.y - a.y) * (p[i].x - a.x) > -1e-2f);
        }
    /* those that the picture holds whole */
    for (i = 0; i < 300; i++)
        p[i] = (struct bf_point2){fminf(fmaxf(p[i].x, 2), 98), fminf(fmaxf(p[i].y, 2), 78)};
    n = bf_hull(hull, p, 300);
    bf_mask_hull(mask, H, W, p, 300);
    assert_near(area(), outline_area(hull, n), 0.1);
    /* a line, a point, nothing */
    for (i = 0; i < 300; i++)
        p[i] = (struct bf_point2){(float)i, 2 * (float)i};
    bf_mask_hull(mask, H, W, p, 300);
    assert_near(area(), 0, 1e-3);
    bf_mask_hull(mask, H, W, p, 0);
    assert_near(area(), 0, 0);
}

static void disc(double radius)
{
    struct bf_point2 p[256];
    int i;

    for (i = 0; i < 256; i++)
        p[i] = (struct bf_point2){(float)(50.3 + radius * cos(i * 6.283185307 / 256)),
                                  (float)(39.6 + radius * sin(i * 6.283185307 / 256))};
    bf_mask_hull(mask, H, W, p, 256);
}

static void a_disc_shrinks_by_its_radius(void **state)
{
    static const float pixels[] = {0.3f, 1, 4.5f, 12, -0.7f, -3, -8.25f};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof pixels / sizeof *pixels; i++) {
        double radius = 25 - (double)pixels[i];

        disc(25);
        assert_int_equal(bf_mask_erode(mask, H, W, pixels[i], NULL), BF_OK);
        /* a tenth of a pixel, all round */
        assert_near(area(), 3.14159265 * radius * radius, 0.1 * 6.283 * radius);
        assert_near((double)mask[39 * W + 50], 1, 0);
        assert_near((double)mask[2 * W + 3], 0, 0);
    }
    disc(25);
    assert_int_equal(bf_mask_erode(mask, H, W, 40, NULL), BF_OK);
    assert_near(area(), 0, 0);
    /* without an edge there is nothing to move */
    assert_int_equal(bf_mask_erode(mask, H, W, -5, NULL), BF_OK);
    assert_near(area(), 0, 0);
}

static void a_feathered_mask_keeps_its_area(void **state)
{
    size_t i;

    (void)state;
    disc(20);
    assert_int_equal(bf_mask_feather(mask, H, W, 4, NULL), BF_OK);
    assert_near(area(), 3.14159265 * 400, 2);
    for (i = 0; i < H * W; i++)
        assert_true(mask[i] >= 0 && mask[i] <= 1);
    assert_near((double)mask[39 * W + 70], 0.49, 0.06);
    assert_near((double)mask[39 * W + 50], 1, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pixel_is_its_coverage),
        cmocka_unit_test(a_hull_holds_all_points),
        cmocka_unit_test(a_disc_shrinks_by_its_radius),
        cmocka_unit_test(a_feathered_mask_keeps_its_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
