#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ledger/match/geometry.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* Corners of the record's picture: top left, top right, bottom right, bottom left. */
static const double corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};

/* Which corner of the suspect's picture shows the record's first, second, third and fourth. */
static void corners(void **state)
{
    static const struct {
        bool mirrored;
        unsigned quarter_turns, at[4];
    } known[] = {
        {false, 0, {0, 1, 2, 3}}, {false, 1, {1, 2, 3, 0}}, {false, 2, {2, 3, 0, 1}},
        {false, 3, {3, 0, 1, 2}}, {true, 0, {1, 0, 3, 2}},  {true, 1, {2, 1, 0, 3}},
        {true, 2, {3, 2, 1, 0}},  {true, 3, {0, 3, 2, 1}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        struct bf_geometry g = {.mirrored = known[i].mirrored,
                                .quarter_turns = known[i].quarter_turns,
                                .left = 0.2,
                                .top = -0.3,
                                .right = 0.9,
                                .bottom = 1.1};

        for (k = 0; k < 4; k++) {
            const double *want = corner[known[i].at[k]];
            double x, y;

            bf_geometry_to_suspect(&g, &x, &y, corner[k][0], corner[k][1]);
            NEAR(x, want[0] > 0 ? g.right : g.left);
            NEAR(y, want[1] > 0 ? g.bottom : g.top);
        }
    }
}

/* Boxes that are cropped, squeezed, barred, and inside another picture. */
static const struct bf_geometry boxes[] = {
    {.right = 1, .bottom = 1},
    {.left = -0.4, .top = -0.1, .right = 1.3, .bottom = 1.8},
    {.left = 0.125, .right = 0.875, .bottom = 1},
    {.top = 0.13, .right = 1, .bottom = 0.87},
    {.left = 0.62, .top = 0.6, .right = 0.96, .bottom = 0.93},
    {.left = -0.2, .top = 0.4, .right = 0.3, .bottom = 1.2},
};

/* The way there and the way back are each other's inverse, inside the picture and outside. */
static void round_trips(void **state)
{
    unsigned box, look, i, j;

    (void)state;
    for (box = 0; box < sizeof boxes / sizeof *boxes; box++) {
        for (look = 0; look < 8; look++) {
            struct bf_geometry g = boxes[box];

            g.mirrored = look % 2;
            g.quarter_turns = look / 2;
            for (i = 0; i <= 6; i++) {
                for (j = 0; j <= 6; j++) {
                    double u = i * 0.3 - 0.4, v = j * 0.3 - 0.4, x, y, u2, v2;

                    bf_geometry_to_suspect(&g, &x, &y, u, v);
                    bf_geometry_to_record(&g, &u2, &v2, x, y);
                    NEAR(u2, u);
                    NEAR(v2, v);
                    bf_geometry_to_record(&g, &x, &y, u, v);
                    bf_geometry_to_suspect(&g, &u2, &v2, x, y);
                    NEAR(u2, u);
                    NEAR(v2, v);
                }
            }
        }
    }
}

/* Turning by k quarters is a quarter k times; a mirror undoes itself, and turns a turn round. */
static void compositions(void **state)
{
    static const struct bf_geometry quarter = {.quarter_turns = 1, .right = 1, .bottom = 1},
                                    mirror = {.mirrored = true, .right = 1, .bottom = 1};
    unsigned k, n;

    (void)state;
    for (k = 0; k < 4; k++) {
        struct bf_geometry turned = {.quarter_turns = k, .right = 1, .bottom = 1}, both = turned,
                           back = {.quarter_turns = (4 - k) % 4, .right = 1, .bottom = 1};
        double x = 0.3, y = 0.2, a, b;

        both.mirrored = true;
        for (n = 0; n < k; n++)
            bf_geometry_to_suspect(&quarter, &x, &y, x, y);
        bf_geometry_to_suspect(&turned, &a, &b, 0.3, 0.2);
        NEAR(a, x);
        NEAR(b, y);
        bf_geometry_to_suspect(&back, &x, &y, x, y);
        NEAR(x, 0.3);
        NEAR(y, 0.2);
        /* first mirrored, then turned; the same as turned the other way, then mirrored */
        bf_geometry_to_suspect(&both, &a, &b, 0.3, 0.2);
        bf_geometry_to_suspect(&mirror, &x, &y, 0.3, 0.2);
        bf_geometry_to_suspect(&turned, &x, &y, x, y);
        NEAR(a, x);
        NEAR(b, y);
        bf_geometry_to_suspect(&back, &x, &y, 0.3, 0.2);
        bf_geometry_to_suspect(&mirror, &x, &y, x, y);
        NEAR(a, x);
        NEAR(b, y);
    }
}

/* A box in a box: a picture in a picture that is itself cropped. */
static void nested(void **state)
{
    static const struct bf_geometry inner = {.left = 0.5, .top = 0.1, .right = 0.9, .bottom = 0.5},
                                    outer = {.left = -0.5, .top = -1, .right = 1.5, .bottom = 1},
                                    both = {.left = 0.5, .top = -0.8, .right = 1.3, .bottom = 0};
    double x, y, a, b;

    (void)state;
    bf_geometry_to_suspect(&inner, &x, &y, 0.7, 0.4);
    bf_geometry_to_suspect(&outer, &x, &y, x, y);
    bf_geometry_to_suspect(&both, &a, &b, 0.7, 0.4);
    NEAR(a, x);
    NEAR(b, y);
}

static void same(void **state)
{
    static const struct bf_geometry same[] =
        {
            {.right = 1, .bottom = 1},
            {.left = -0.01, .top = 0.01, .right = 1.01, .bottom = 0.99},
        },
                                    not_same[] = {
                                        {.right = 1, .bottom = 1, .mirrored = true},
                                        {.right = 1, .bottom = 1, .quarter_turns = 2},
                                        {.right = 1, .bottom = 1, .left = -0.02},
                                        {.right = 1, .bottom = 1, .top = 0.02},
                                        {.right = 1.02, .bottom = 1},
                                        {.right = 1, .bottom = 0.98},
                                        {0},
                                    };
    size_t i;

    (void)state;
    assert_true(bf_geometry_is_same(&BF_GEOMETRY_SAME));
    for (i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(bf_geometry_is_same(&same[i]));
    for (i = 0; i < sizeof not_same / sizeof *not_same; i++)
        assert_false(bf_geometry_is_same(&not_same[i]));
}

static void names(void **state)
{
    static const struct {
        struct bf_geometry geometry;
        const char *name;
    } known[] = {
        {{.right = 1, .bottom = 1}, ""},
        {{.left = 0.01, .top = -0.01, .right = 0.99, .bottom = 1.01}, ""},
        {{.right = 1, .bottom = 1, .mirrored = true}, "mirrored"},
        {{.right = 1, .bottom = 1, .quarter_turns = 1}, "turned by 90 degrees"},
        {{.right = 1, .bottom = 1, .quarter_turns = 2, .mirrored = true},
         "mirrored, turned by 180 degrees"},
        {{.right = 1, .bottom = 1, .quarter_turns = 3}, "turned by 270 degrees"},
        {{.left = -0.125, .right = 1.125, .bottom = 1}, "cropped to 80 % x 100 % of the picture"},
        {{.top = -0.5, .right = 1, .bottom = 1.5}, "cropped to 100 % x 50 % of the picture"},
        {{.left = -0.25, .top = -0.25, .right = 1, .bottom = 1},
         "cropped to 80 % x 80 % of the picture"},
        {{.left = 0.125, .right = 0.875, .bottom = 1}, "with bars at the sides"},
        {{.left = 0.25, .right = 1, .bottom = 1}, "with bars at the sides"},
        {{.top = 0.1, .right = 1, .bottom = 0.9}, "with bars above and below"},
        {{.left = 0.6, .top = 0.6, .right = 0.9, .bottom = 0.9},
         "shown as a picture in a picture, 30 % of its width"},
        {{.left = 0.6, .right = 1, .bottom = 0.4},
         "shown as a picture in a picture, 40 % of its width"},
        {{.left = -0.125, .top = 0.1, .right = 1.125, .bottom = 0.9, .mirrored = true},
         "mirrored, cropped to 80 % x 100 % of the picture, with bars above and below"},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        char text[128], part[16];
        size_t n = bf_geometry_describe(text, sizeof text, &known[i].geometry);

        assert_string_equal(text, known[i].name);
        assert_int_equal(n, strlen(known[i].name));
        /* A buffer that is too small holds the beginning, and nothing is written past it. */
        for (k = 1; k < sizeof part; k++) {
            memset(part, '#', sizeof part);
            bf_geometry_describe(part, k, &known[i].geometry);
            assert_int_equal(strlen(part), n < k ? n : k - 1);
            assert_memory_equal(part, known[i].name, strlen(part));
            assert_true(k == sizeof part - 1 || part[k + 1] == '#');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners), cmocka_unit_test(round_trips), cmocka_unit_test(compositions),
        cmocka_unit_test(nested),  cmocka_unit_test(same),        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
