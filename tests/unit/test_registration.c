/*
 * Stills of a drawn scene that lie somewhere near where they are said to: registration must say
 * where.
 */
#include "tests/unit/copy_fixture.h"

#include "ledger/match/place.h"
#include "ledger/match/registration.h"

#define SECONDS 3
#define FPS 10
#define N_PAIRS 5

/* Stills of the copy as the geometry shows it, beside the record's samples of those moments. */
struct beside {
    struct bf_stills *stills;
    uint8_t grid[N_PAIRS][BF_GRID_CELLS];
    struct bf_still_pair pair[N_PAIRS];
};

/* As scaling and coding do it, each pixel takes a little of those beside it. */
static void blur(uint8_t *luma, unsigned w, unsigned h)
{
    static uint8_t sharp[COPY_W * COPY_H];
    unsigned x, y;

    memcpy(sharp, luma, (size_t)w * h);
    for (y = 1; y + 1 < h; y++)
        for (x = 1; x + 1 < w; x++) {
            const uint8_t *p = sharp + y * w + x;

            luma[y * w + x] = (uint8_t)((4 * p[0] + p[-1] + p[1] + p[-(int)w] + p[w] + 4) / 8);
        }
}

static void beside_open(struct beside *b, const struct copy *c, const struct bf_geometry *g,
                        uint32_t record_seed, bool blurred)
{
    static uint8_t luma[COPY_W * COPY_H];
    bool odd = g->quarter_turns % 2 == 1;
    unsigned w = odd ? COPY_H : COPY_W, h = odd ? COPY_W : COPY_H, k;
    struct bf_video_info info = {.width = w, .height = h, .sar_num = 1, .sar_den = 1};
    struct record r;
    uint64_t i;
    size_t n;

    b->stills = bf_stills_create(&info);
    assert_non_null(b->stills);
    for (i = 0; i < SECONDS * FPS; i++) {
        struct bf_frame f = copy_frame(luma, w, h, (int64_t)i * 1000000 / FPS);

        copy_draw(luma, w, h, c, g, i, FPS);
        if (blurred)
            blur(luma, w, h);
        assert_int_equal(bf_stills_add(b->stills, &f, NULL), BF_OK);
    }
    n = bf_stills_count(b->stills);
    assert_true(n >= N_PAIRS);
    record_open(&r, record_seed, SECONDS, FPS);
    for (k = 0; k < N_PAIRS; k++) {
        size_t still = k * n / N_PAIRS;
        const uint8_t *grid = bf_digest_grid(
            r.digest, (uint64_t)(bf_still_us(b->stills, still) / BF_DIGEST_PERIOD_US), NULL);

        assert_non_null(grid);
        memcpy(b->grid[k], grid, BF_GRID_CELLS);
        b->pair[k] = (struct bf_still_pair){.still = still, .grid = b->grid[k]};
    }
    record_close(&r);
}

static void beside_close(struct beside *b)
{
    bf_stills_free(&b->stills);
}

static double most_off(const struct bf_geometry *a, const struct bf_geometry *b)
{
    return fmax(fmax(fabs(a->left - b->left), fabs(a->right - b->right)) / (b->right - b->left),
                fmax(fabs(a->top - b->top), fabs(a->bottom - b->bottom)) / (b->bottom - b->top));
}

static const struct {
    const char *name;
    struct bf_geometry geometry;
} lies[] = {
    {"same", {.right = 1, .bottom = 1}},
    {"mirrored", {.mirrored = true, .right = 1, .bottom = 1}},
    {"cropped", {.left = -0.05, .top = -0.12, .right = 1.12, .bottom = 1.05}},
    {"half", {.left = 0.25, .top = 0.25, .right = 0.75, .bottom = 0.75}},
    {"inset", {.left = 0.62, .top = 0.61, .right = 0.95, .bottom = 0.94}},
    {"barred", {.top = 0.13, .right = 1, .bottom = 0.87}},
    {"squeezed", {.left = -0.1, .right = 1.1, .top = 0.05, .bottom = 0.95}},
    {"quarter", {.quarter_turns = 1, .right = 1, .bottom = 1}},
    {"round", {.quarter_turns = 2, .right = 1, .bottom = 1}},
    {"back", {.quarter_turns = 3, .mirrored = true, .left = -0.1, .right = 1, .bottom = 1}},
};

/* Under its geometry a still has the record's cells; those that it does not show are negative. */
static void cells(void **state)
{
    static struct beside b;
    static float cell[BF_GRID_CELLS];
    size_t i;
    unsigned x, y;

    (void)state;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct copy c = {.scene = {.seed = 90 + (uint32_t)i}};
        const struct bf_geometry *g = &lies[i].geometry;
        double off = 0, n = 0;

        beside_open(&b, &c, g, c.scene.seed, false);
        bf_still_cells(b.stills, b.pair[2].still, cell, g, BF_GRID_LONG, BF_GRID_SHORT);
        for (y = 0; y < BF_GRID_SHORT; y++) {
            for (x = 0; x < BF_GRID_LONG; x++) {
                double v = (double)cell[y * BF_GRID_LONG + x], in_x, in_y;

                bf_geometry_to_suspect(g, &in_x, &in_y, (x + 0.5) / BF_GRID_LONG,
                                       (y + 0.5) / BF_GRID_SHORT);
                if (in_x < 0 || in_y < 0 || in_x > 1 || in_y > 1) {
                    assert_true(v < 0);
                } else if (in_x > 0.01 && in_y > 0.02 && in_x < 0.99 && in_y < 0.98) {
                    assert_true(v >= 0);
                    off += fabs(v - b.grid[2][y * BF_GRID_LONG + x]);
                    n++;
                }
            }
        }
        assert_true(n > BF_GRID_CELLS / 2);
        /* a picture of a third has three of the record's cells in one of the still's */
        assert_true(off / n < (g->right - g->left < 0.4 ? 4 : 2));
        beside_close(&b);
    }
}

/* By how much the edges are moved away beforehand, of the box. */
static const double away[][4] = {
    {0, 0, 0, 0}, {0.02, 0.015, 0.02, 0.015}, {-0.015, 0.01, 0.02, -0.015}, {0.02, 0, -0.02, 0}};

static struct bf_geometry moved_away(const struct bf_geometry *g, const double by[4])
{
    struct bf_geometry m = *g;
    double w = g->right - g->left, h = g->bottom - g->top;

    m.left += by[0] * w;
    m.top += by[1] * h;
    m.right += by[2] * w;
    m.bottom += by[3] * h;
    return m;
}

static void found_again(void **state)
{
    static struct beside b;
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct copy c = {.scene = {.seed = 100 + (uint32_t)i, .noise = 5}};
        const struct bf_geometry *truth = &lies[i].geometry;

        beside_open(&b, &c, truth, c.scene.seed, false);
        for (k = 0; k < sizeof away / sizeof *away; k++) {
            struct bf_geometry g = moved_away(truth, away[k]), before = g;
            double left_over, left_before, left_after;

            assert_int_equal(bf_register_left(&left_before, &g, b.stills, b.pair, N_PAIRS,
                                              BF_GRID_LONG, BF_GRID_SHORT, NULL),
                             BF_OK);
            assert_memory_equal(&g.left, &before.left, 4 * sizeof g.left);
            assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                         BF_GRID_SHORT, HUGE_VAL, NULL),
                             BF_OK);
            if (most_off(&g, truth) >= 0.003)
                print_error("%s, from %zu: off by %.4f\n", lies[i].name, k, most_off(&g, truth));
            assert_true(most_off(&g, truth) < 0.003);
            assert_int_equal(g.mirrored, truth->mirrored);
            assert_int_equal(g.quarter_turns, truth->quarter_turns);
            assert_true(left_over < 4);
            assert_true(k == 0 || left_over < 0.8 * left_before);
            assert_int_equal(bf_register_left(&left_after, &g, b.stills, b.pair, N_PAIRS,
                                              BF_GRID_LONG, BF_GRID_SHORT, NULL),
                             BF_OK);
            assert_true(fabs(left_after - left_over) < 0.2);
        }
        beside_close(&b);
    }
}

/* What lies round a picture bleeds into it, and must not make it smaller. */
static void bled_into(void **state)
{
    static struct beside b;
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct copy c = {.scene = {.seed = 160 + (uint32_t)i, .noise = 5}, .bias = 60};
        const struct bf_geometry *truth = &lies[i].geometry;

        /* One of so few pixels has none in the middle of a cell. */
        if (!bf_geometry_is_inset(truth) || truth->right - truth->left < 0.5)
            continue;
        beside_open(&b, &c, truth, c.scene.seed, true);
        for (k = 0; k < sizeof away / sizeof *away; k++) {
            struct bf_geometry g = moved_away(truth, away[k]);
            double left_over;

            assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                         BF_GRID_SHORT, HUGE_VAL, NULL),
                             BF_OK);
            if (most_off(&g, truth) >= 0.0022)
                print_error("%s, from %zu: off by %.4f\n", lies[i].name, k, most_off(&g, truth));
            assert_true(most_off(&g, truth) < 0.0022);
        }
        beside_close(&b);
    }
}

/* A grade and a replaced part of the picture do not move the box. */
static void graded_and_replaced(void **state)
{
    static const struct copy copies[] = {
        {.scene = {.seed = 121, .noise = 6}, .gain = 0.6, .bias = 40},
        {.scene = {.seed = 122, .noise = 6}, .gain = 1.5, .bias = -60},
        {.scene = {.seed = 123, .noise = 6}, .gamma = 1.5},
        {.scene = {.seed = 124, .noise = 6},
         .patch = {{PATCH_MOVES, 0, SECONDS, 0.3, 0.2, 0.7, 0.8}}},
        {.scene = {.seed = 125, .noise = 20}, .blocks = 8, .flicker = 10},
    };
    static const struct bf_geometry truth = {
        .left = -0.05, .top = -0.1, .right = 1.1, .bottom = 1.05};
    static struct beside b;
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof copies / sizeof *copies; i++) {
        beside_open(&b, &copies[i], &truth, copies[i].scene.seed, false);
        for (k = 1; k < sizeof away / sizeof *away; k++) {
            struct bf_geometry g = moved_away(&truth, away[k]);
            double left_over;

            assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                         BF_GRID_SHORT, HUGE_VAL, NULL),
                             BF_OK);
            if (most_off(&g, &truth) >= 0.005 || left_over >= 8)
                print_error("copy %zu, from %zu: off by %.4f, left over %.2f\n", i, k,
                            most_off(&g, &truth), left_over);
            assert_true(most_off(&g, &truth) < 0.005);
            assert_true(left_over < 8);
        }
        beside_close(&b);
    }
}

/* However the box is moved, another scene does not fit: a copy leaves half as much at most. */
static void unrelated(void **state)
{
    static struct beside b;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct copy c = {.scene = {.seed = 130 + (uint32_t)i, .noise = 5}};
        struct bf_geometry g = lies[i].geometry;
        double left_over;

        beside_open(&b, &c, &g, 150 + (uint32_t)i, false);
        assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                     BF_GRID_SHORT, HUGE_VAL, NULL),
                         BF_OK);
        if (left_over <= 10)
            print_error("%s: left over %.2f\n", lies[i].name, left_over);
        assert_true(left_over > 10);
        /* Nor does it where the search is called off early. */
        g = lies[i].geometry;
        assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                     BF_GRID_SHORT, 8, NULL),
                         BF_OK);
        assert_true(left_over > 8);
        beside_close(&b);
    }
}

/*
 * A camera that moves: what the record shows slides through the picture, so that a run aligned too
 * early fits a box that lies aside. Time and place have to be moved together.
 */
static void wrong_time(void **state)
{
    static const int64_t off_us[] = {0, 250000, -400000, 700000};
    struct copy c = {.scene = {.seed = 180, .noise = 4, .pan = 0.08}};
    struct bf_geometry truth = {.mirrored = true, .right = 1, .bottom = 1};
    struct scene still = c.scene;
    static struct beside b;
    struct record r;
    size_t i;

    (void)state;
    beside_open(&b, &c, &truth, c.scene.seed, false);
    still.noise = 0;
    record_open_scene(&r, &still, SECONDS, FPS);
    for (i = 0; i < sizeof off_us / sizeof *off_us; i++) {
        struct bf_run run = {.start_us = 0,
                             .end_us = SECONDS * 1000000,
                             .offset_us = off_us[i],
                             .rate = 1,
                             .in_step = 0.9};
        /* Where the record's picture of that time lies in a copy of this time. */
        double aside = c.scene.pan * (double)off_us[i] / 1e6;
        struct bf_geometry g = {true, 0, -aside, 0, 1 - aside, 1};
        bool again;

        assert_int_equal(bf_place_run(&again, &g, b.stills, r.digest, &run, NULL), BF_OK);
        assert_int_equal(again, off_us[i] != 0);
        assert_true(bf_geometry_apart(&g, &truth) < 0.004);
    }
    record_close(&r);
    beside_close(&b);
}

/* The right picture in the wrong position does not fit either. */
static void other_positions(void **state)
{
    static struct beside b;
    struct copy c = {.scene = {.seed = 170, .noise = 5}};
    unsigned look;

    (void)state;
    beside_open(&b, &c, &BF_GEOMETRY_SAME, 170, false);
    for (look = 1; look < 8; look++) {
        struct bf_geometry g = {look & 1, look >> 1, 0, 0, 1, 1};
        double left_over;

        assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                     BF_GRID_SHORT, HUGE_VAL, NULL),
                         BF_OK);
        assert_true(left_over > 10);
    }
    beside_close(&b);
}

/* Where nothing overlaps there is nothing to say, and nothing is left over. */
static void apart(void **state)
{
    static struct beside b;
    struct copy c = {.scene = {.seed = 171}};
    struct bf_geometry g = {.left = 2, .top = 2, .right = 3, .bottom = 3};
    double left_over = 0;

    (void)state;
    beside_open(&b, &c, &BF_GEOMETRY_SAME, 171, false);
    assert_int_equal(bf_register_left(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                      BF_GRID_SHORT, NULL),
                     BF_OK);
    assert_true(left_over == HUGE_VAL);
    left_over = 0;
    assert_int_equal(bf_register(&left_over, &g, b.stills, b.pair, N_PAIRS, BF_GRID_LONG,
                                 BF_GRID_SHORT, HUGE_VAL, NULL),
                     BF_OK);
    assert_true(left_over == HUGE_VAL);
    beside_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells),     cmocka_unit_test(found_again),
        cmocka_unit_test(bled_into), cmocka_unit_test(graded_and_replaced),
        cmocka_unit_test(unrelated), cmocka_unit_test(other_positions),
        cmocka_unit_test(apart),     cmocka_unit_test(wrong_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
