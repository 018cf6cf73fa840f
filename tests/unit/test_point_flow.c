/* Points followed from one picture to the next: to where, how exactly, and where not at all. */
#include "tests/unit/video_fixture.h"

#include <math.h>
#include <string.h>

#include "lib/face/point_flow.h"

enum { SIDE = 96, POINTS = 25 };

static float before[SIDE * SIDE], now[SIDE * SIDE];

/* A pattern of two scales, moved by (x, y), brightened and with noise. */
static void draw(float *out, float x, float y, float light, float noise, uint32_t seed)
{
    int i;

    for (i = 0; i < SIDE * SIDE; i++) {
        double u = i % SIDE - (double)x, v = i / SIDE - (double)y;

        out[i] = (float)(120 + 30 * fixture_smooth(1, u / 11, v / 11) +
                         12 * fixture_smooth(2, u / 5, v / 5)) +
                 light +
                 noise * ((float)fixture_hash(seed * 99991u + (uint32_t)i) / 2147483648.0f - 1);
    }
}

static void grid(struct bf_point2 p[POINTS], float from, float step)
{
    int i;

    for (i = 0; i < POINTS; i++)
        p[i] = (struct bf_point2){from + step * (float)(i % 5), from + step * (float)(i / 5)};
}

static void finds_the_shift(void **state)
{
    static const struct {
        float x, y, off_x, off_y, light, noise, within;
    } row[] = {{0, 0, 0, 0, 0, 0, 0.01f},          {1.3f, -0.7f, 0, 0, 0, 0, 0.05f},
               {0.25f, 0.4f, 1, -1, 0, 0, 0.05f},  {2.6f, 1.9f, 0.8f, 0.5f, 25, 0, 0.05f},
               {-1.5f, 0.5f, 0, 0, -10, 3, 0.25f}, {3.2f, -2.2f, -1, 1, 0, 0, 0.05f}};
    struct bf_point2 p[POINTS], guess[POINTS];
    struct bf_point_flow out[POINTS];
    size_t k, i;

    (void)state;
    grid(p, 20.3f, 13.1f);
    for (k = 0; k < sizeof row / sizeof *row; k++) {
        draw(before, 0, 0, 0, row[k].noise, 1);
        draw(now, row[k].x, row[k].y, row[k].light, row[k].noise, 2);
        for (i = 0; i < POINTS; i++)
            guess[i] = (struct bf_point2){p[i].x + row[k].x + row[k].off_x,
                                          p[i].y + row[k].y + row[k].off_y};
        bf_point_flow(out, before, now, SIDE, p, guess, POINTS);
        for (i = 0; i < POINTS; i++) {
            assert_true(out[i].found);
            if (hypotf(out[i].moved.x - p[i].x - row[k].x, out[i].moved.y - p[i].y - row[k].y) >
                row[k].within)
                fail_msg("row %zu: point %zu went by %g, %g", k, i,
                         (double)(out[i].moved.x - p[i].x), (double)(out[i].moved.y - p[i].y));
        }
    }
}

static void says_where_it_cannot(void **state)
{
    const struct bf_point2 point[] = {{48, 48},  {6, 48},        {48, 90.5f}, {-400, 48},
                                      {NAN, 48}, {1e30f, 1e30f}, {48, 48},    {48, 48}};
    struct bf_point2 guess[8];
    struct bf_point_flow out[8];
    int i, y;

    (void)state;
    memcpy(guess, point, sizeof guess);
    guess[6] = (struct bf_point2){4, 48};
    guess[7] = (struct bf_point2){NAN, 48};
    draw(before, 0, 0, 0, 0, 1);
    bf_point_flow(out, before, before, SIDE, point, guess, 8);
    assert_true(out[0].found);
    for (i = 1; i < 8; i++)
        assert_false(out[i].found);
    /* an even picture, and one that says nothing of up and down */
    for (i = 0; i < SIDE * SIDE; i++)
        before[i] = 90;
    bf_point_flow(out, before, before, SIDE, point, guess, 1);
    assert_false(out[0].found);
    for (y = 0; y < SIDE; y++)
        for (i = 0; i < SIDE; i++)
            before[y * SIDE + i] = 90 + 40 * sinf((float)i / 4);
    bf_point_flow(out, before, before, SIDE, point, guess, 1);
    assert_false(out[0].found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_shift),
        cmocka_unit_test(says_where_it_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
