#include "tests/unit/copy_fixture.h"

#include <string.h>

enum { FRAMES = 5 };

/* A trace of what lies within the geometry, in a grid of the record's. */
static struct bf_trace *trace_of(const struct copy *c, const struct bf_geometry *drawn, unsigned w,
                                 unsigned h, const struct bf_geometry *taken, unsigned cols,
                                 unsigned rows)
{
    static uint8_t luma[COPY_W * COPY_H];
    struct bf_trace *t = NULL;
    uint64_t i;

    assert_int_equal(bf_trace_create_within(&t, taken, cols, rows, "/tmp", NULL), BF_OK);
    for (i = 0; i < FRAMES; i++) {
        struct bf_frame f = copy_frame(luma, w, h, (int64_t)i * 40000);

        copy_draw(luma, w, h, c, drawn, i, 25);
        assert_int_equal(bf_trace_add_within(t, &f, NULL), BF_OK);
    }
    assert_int_equal(bf_trace_seal(t, FRAMES * 40000, NULL), BF_OK);
    return t;
}

/* The whole picture's cells in another order are what the pictures give when they are taken again.
 */
static void turned(void **state)
{
    const struct copy c = {.scene = {.seed = 5, .noise = 3}};
    unsigned look, k;
    uint64_t i;

    (void)state;
    for (look = 1; look < 8; look++) {
        struct bf_geometry g = BF_GEOMETRY_SAME;
        struct bf_trace *whole, *again, *turned = NULL;
        bool odd;

        g.mirrored = look % 2;
        g.quarter_turns = look / 2;
        odd = g.quarter_turns % 2;
        whole = trace_of(&c, &g, odd ? COPY_H : COPY_W, odd ? COPY_W : COPY_H, &BF_GEOMETRY_SAME,
                         odd ? BF_GRID_SHORT : BF_GRID_LONG, odd ? BF_GRID_LONG : BF_GRID_SHORT);
        again = trace_of(&c, &g, odd ? COPY_H : COPY_W, odd ? COPY_W : COPY_H, &g, BF_GRID_LONG,
                         BF_GRID_SHORT);
        assert_int_equal(
            bf_trace_within(&turned, whole, &g, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL), BF_OK);
        assert_int_equal(bf_trace_cols(turned), BF_GRID_LONG);
        assert_int_equal(bf_trace_frames(turned), FRAMES);
        assert_int_equal(bf_trace_end_us(turned), bf_trace_end_us(again));
        assert_true(same_geometry(bf_trace_geometry(turned), &g));
        assert_memory_equal(bf_trace_comparable(turned), bf_trace_comparable(again), BF_GRID_CELLS);
        for (i = 0; i < FRAMES; i++) {
            const struct bf_trace_frame *a = bf_trace_frame(turned, i),
                                        *b = bf_trace_frame(again, i);

            assert_int_equal(a->pts_us, b->pts_us);
            assert_memory_equal(a->cells, b->cells, sizeof a->cells);
            for (k = 0; k < BF_COARSE_CELLS; k++)
                assert_true(abs(a->coarse[k] - b->coarse[k]) < BF_CELLS_ONE / 3);
            /* The code is of cells that were rounded. */
            assert_in_range(bf_code_distance(a->code32, b->code32), 0, 8);
        }
        bf_trace_free(&whole);
        bf_trace_free(&again);
        bf_trace_free(&turned);
    }
}

/* Elsewhere they are blurred: close enough to align by, and of the same blocks. */
static void blurred(void **state)
{
    static const struct bf_geometry boxes[] = {
        {.left = -0.13, .top = -0.07, .right = 1.05, .bottom = 1.11},
        {.mirrored = true, .left = -0.5, .top = -0.21, .right = 1.2, .bottom = 1.3},
        {.quarter_turns = 2, .left = 0.13, .right = 0.87, .bottom = 1},
        {.left = 0.52, .top = 0.5, .right = 0.97, .bottom = 0.95},
    };
    const struct copy c = {.scene = {.seed = 6, .noise = 3}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        struct bf_trace *whole = trace_of(&c, &boxes[i], COPY_W, COPY_H, &BF_GEOMETRY_SAME,
                                          BF_GRID_LONG, BF_GRID_SHORT),
                        *again = trace_of(&c, &boxes[i], COPY_W, COPY_H, &boxes[i], BF_GRID_LONG,
                                          BF_GRID_SHORT),
                        *within = NULL;
        uint8_t shown[BF_COARSE_CELLS], shown_again[BF_COARSE_CELLS];
        double off = 0, n = 0;
        uint64_t k;
        unsigned b;

        assert_int_equal(
            bf_trace_within(&within, whole, &boxes[i], BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL),
            BF_OK);
        assert_int_equal(bf_trace_visible_coarse(within, shown),
                         bf_trace_visible_coarse(again, shown_again));
        assert_memory_equal(shown, shown_again, sizeof shown);
        for (k = 0; k < FRAMES; k++) {
            for (b = 0; b < BF_COARSE_CELLS; b++) {
                int x = bf_trace_frame(within, k)->coarse[b],
                    y = bf_trace_frame(again, k)->coarse[b];

                if (!shown[b])
                    continue;
                off += abs(x - y);
                n++;
            }
        }
        assert_true(n > 0);
        if (off / n >= 2 * BF_CELLS_ONE)
            print_error("box %zu: off by %.2f\n", i, off / n / BF_CELLS_ONE);
        assert_true(off / n < 2 * BF_CELLS_ONE);
        bf_trace_free(&whole);
        bf_trace_free(&again);
        bf_trace_free(&within);
    }
}

/* Block means of a picture in another, under a box that is two thirds of a pixel too large: what
 * lies round it is not in them. */
static void not_of_surroundings(void **state)
{
    static const struct bf_geometry
        lies = {.left = 0.25, .top = 0.25, .right = 0.75, .bottom = 0.75},
        wide = {.left = 0.2465, .top = 0.244, .right = 0.7535, .bottom = 0.756};
    const struct copy c = {.scene = {.seed = 8, .noise = 3}};
    static uint8_t luma[COPY_W * COPY_H];
    struct bf_trace *t[2] = {NULL};
    unsigned bright, x, y, k;

    (void)state;
    for (bright = 0; bright < 2; bright++) {
        struct bf_frame f = copy_frame(luma, COPY_W, COPY_H, 0);

        assert_int_equal(
            bf_trace_create_within(&t[bright], &wide, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL),
            BF_OK);
        copy_draw(luma, COPY_W, COPY_H, &c, &lies, 0, 25);
        for (y = 0; y < COPY_H; y++)
            for (x = 0; x < COPY_W; x++)
                if (bright && (x < COPY_W / 4 || x >= COPY_W * 3 / 4 || y < COPY_H / 4 ||
                               y >= COPY_H * 3 / 4))
                    luma[y * COPY_W + x] = 230;
        assert_int_equal(bf_trace_add_within(t[bright], &f, NULL), BF_OK);
        assert_int_equal(bf_trace_seal(t[bright], 40000, NULL), BF_OK);
    }
    for (k = 0; k < BF_COARSE_CELLS; k++)
        assert_int_equal(bf_trace_frame(t[0], 0)->coarse[k], bf_trace_frame(t[1], 0)->coarse[k]);
    for (k = 0; k < BF_GRID_CELLS; k++) {
        x = k % BF_GRID_LONG;
        y = k / BF_GRID_LONG;
        assert_int_equal(bf_trace_counted(t[0])[k],
                         x > 0 && y > 0 && x + 1 < BF_GRID_LONG && y + 1 < BF_GRID_SHORT);
    }
    bf_trace_free(&t[0]);
    bf_trace_free(&t[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turned),
        cmocka_unit_test(blurred),
        cmocka_unit_test(not_of_surroundings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
