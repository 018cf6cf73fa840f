/*
 * Whole comparisons of a drawn scene with copies of it: what was replaced must come out, where and
 * when it was, and nothing else.
 */
#include "tests/unit/copy_fixture.h"

#include "ledger/match/compare.h"
#include "ledger/match/pooling.h"
#include "ledger/match/residual.h"
#include "lib/base/spool.h"

#define SECONDS 12
#define FPS 24
#define CELL (1.0 / BF_GRID_LONG)

static void compare(struct bf_alterations *out, struct bf_spool *heat, const struct copy *c,
                    const struct bf_geometry *g, double seconds, double fps)
{
    struct bf_run run = copy_run(c, seconds);
    struct bf_trace *t = copy_trace(c, g, seconds, fps);
    struct record r;

    record_open(&r, c->scene.seed, SECONDS, FPS);
    assert_int_equal(bf_compare(out, heat, &run, t, r.digest, "/tmp", NULL), BF_OK);
    record_close(&r);
    bf_trace_free(&t);
}

/* The alteration's box is the patch's, to within some cells; its time, to within some samples. */
static void assert_is(const struct bf_alteration *a, const struct copy *c, const struct patch *p,
                      double cells, double seconds)
{
    double from = (p->from_s - c->offset_s) / copy_rate(c),
           to = (p->to_s - c->offset_s) / copy_rate(c);

    assert_true(fabs(a->left - p->left) <= cells * CELL);
    assert_true(fabs(a->right - p->right) <= cells * CELL);
    assert_true(fabs(a->top - p->top) <= cells / BF_GRID_SHORT);
    assert_true(fabs(a->bottom - p->bottom) <= cells / BF_GRID_SHORT);
    assert_true(fabs((double)a->start_us / 1e6 - fmin(from, to)) <= seconds);
    assert_true(fabs((double)a->end_us / 1e6 - fmax(from, to)) <= seconds);
    assert_true(a->strength > 5);
    assert_true(a->false_alarm < 1e-3);
    assert_true(a->area > 0.3 * (p->right - p->left) * (p->bottom - p->top));
    assert_true(a->area < 1.7 * (p->right - p->left) * (p->bottom - p->top));
}

/* The bar where the first cells have one level, in that kind of place, and the others low to
 * low + 10. */
static unsigned bar_of(unsigned n_first, unsigned first, uint8_t place, unsigned low)
{
    static struct bf_pooled_row row;
    static struct bf_residual_row from;
    struct bf_spool *pooled, *rows;
    unsigned i, bar;

    memset(from.expected, 128, sizeof from.expected);
    memset(from.place, 9, sizeof from.place);
    memset(from.place, place, n_first);
    for (i = 0; i < BF_GRID_CELLS; i++)
        row.cell[i] = (uint8_t)(i < n_first ? first : low + i % 11);
    assert_int_equal(bf_spool_open(&rows, "/tmp", sizeof from, NULL), BF_OK);
    assert_int_equal(bf_spool_open(&pooled, "/tmp", sizeof row, NULL), BF_OK);
    assert_int_equal(bf_spool_append(rows, &from, NULL), BF_OK);
    assert_int_equal(bf_spool_append(pooled, &row, NULL), BF_OK);
    assert_int_equal(bf_spool_seal(rows, NULL), BF_OK);
    assert_int_equal(bf_spool_seal(pooled, NULL), BF_OK);
    bar = bf_pooled_bar(pooled, rows, BF_GRID_CELLS);
    bf_spool_close(&pooled);
    bf_spool_close(&rows);
    return bar;
}

/* A border that shows nothing does not lower the bar for the rest; but where hardly anything
 * differs, that does not raise it for itself. What shows something and does not differ is as good
 * as the copy. */
static void blank_cells(void **state)
{
    (void)state;
    assert_int_equal(bar_of(0, 0, 0, 80), 89);
    assert_int_equal(bar_of(BF_GRID_CELLS * 2 / 5, 1, 0, 80), 89);
    assert_true(bar_of(BF_GRID_CELLS * 9 / 10 + 10, 1, 0, 150) < 30);
    assert_true(bar_of(BF_GRID_CELLS * 3 / 5, 1, 9, 150) < 30);
}

static void clean_copies(void **state)
{
    static const struct {
        struct copy copy;
        double fps;
    } clean[] = {
        {{.scene = {.seed = 1, .noise = 4}}, 24},
        {{.scene = {.seed = 2, .noise = 12}, .blocks = 3}, 24},
        {{.scene = {.seed = 3, .noise = 25}, .blocks = 6}, 24},
        {{.scene = {.seed = 4, .noise = 6}, .gain = 0.7, .bias = 30, .blocks = 2}, 24},
        {{.scene = {.seed = 5, .noise = 6}, .gain = 1.25, .bias = -20, .blocks = 2}, 24},
        {{.scene = {.seed = 6, .noise = 6}, .gain = 1.4, .bias = 25, .blocks = 2}, 24},
        {{.scene = {.seed = 7, .noise = 6}, .gamma = 0.6, .blocks = 2}, 24},
        {{.scene = {.seed = 8, .noise = 6}, .gamma = 1.6, .blocks = 2}, 24},
        {{.scene = {.seed = 9, .noise = 6}, .flicker = 12, .blocks = 2}, 24},
        {{.scene = {.seed = 10, .noise = 6}, .blocks = 2}, 10},
        {{.scene = {.seed = 11, .noise = 6}, .blocks = 2}, 50},
        {{.scene = {.seed = 12}}, 24},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof clean / sizeof *clean; i++) {
        struct bf_alterations found;

        compare(&found, NULL, &clean[i].copy, &BF_GEOMETRY_SAME, SECONDS, clean[i].fps);
        if (found.n > 0)
            print_error("clean copy %zu: %.1f to %.1f s, strength %.1f\n", i,
                        (double)found.item[0].start_us / 1e6, (double)found.item[0].end_us / 1e6,
                        found.item[0].strength);
        assert_int_equal(found.n, 0);
        assert_true(found.compared_us >= (SECONDS - 1) * 1000000);
        bf_alterations_release(&found);
    }
}

/* The curve that is taken away is the copy's own, where the picture has such luma. */
static void tone_follows(void **state)
{
    static const double gammas[] = {0.6, 1, 1.6};
    size_t i;
    int v;

    (void)state;
    for (i = 0; i < sizeof gammas / sizeof *gammas; i++) {
        struct copy c = {.scene = {.seed = 14, .noise = 4}, .gamma = gammas[i]};
        struct bf_trace *t = copy_trace(&c, &BF_GEOMETRY_SAME, 3, FPS);
        struct bf_run run = copy_run(&c, 3);
        struct bf_tone tone;
        struct record r;

        record_open(&r, 14, 3, FPS);
        assert_int_equal(bf_tone_fit(&tone, &run, t, r.digest, NULL), BF_OK);
        for (v = 80; v < 180; v++)
            assert_true(fabs((double)tone.at[v] - 255 * pow(v / 255.0, gammas[i])) < 4);
        record_close(&r);
        bf_trace_free(&t);
    }
}

/* A mouth's worth of other content, in copies of all sorts. */
static void small_region(void **state)
{
#define MOUTH                                     \
    {                                             \
        PATCH_MOVES, 4, 8, 0.42, 0.55, 0.54, 0.72 \
    }
    static const struct copy copies[] = {
        {.scene = {.seed = 1, .noise = 4}, .patch = {MOUTH}},
        {.scene = {.seed = 2, .noise = 8}, .blocks = 3, .patch = {MOUTH}},
        {.scene = {.seed = 3, .noise = 6}, .gain = 0.8, .bias = 20, .patch = {MOUTH}},
        {.scene = {.seed = 4, .noise = 6}, .gain = 1.2, .bias = -15, .patch = {MOUTH}},
        {.scene = {.seed = 5, .noise = 6}, .gamma = 1.4, .patch = {MOUTH}},
        {.scene = {.seed = 6, .noise = 6}, .flicker = 10, .patch = {MOUTH}},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof copies / sizeof *copies; i++) {
        struct bf_alterations found;

        compare(&found, NULL, &copies[i], &BF_GEOMETRY_SAME, SECONDS, FPS);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.item[0].change, BF_CHANGE_REGION);
        assert_false(found.item[0].whole_run);
        assert_is(&found.item[0], &copies[i], &copies[i].patch[0], 2, 0.3);
        bf_alterations_release(&found);
    }
}

/* In a copy that runs twice as fast, at half speed, or backwards: times are the copy's. */
static void other_rates(void **state)
{
    static const struct {
        struct copy copy;
        double seconds;
    } at[] = {
        {{.scene = {.seed = 1, .noise = 5}, .rate = 2, .patch = {MOUTH}}, 6},
        {{.scene = {.seed = 2, .noise = 5}, .rate = 0.5, .patch = {MOUTH}}, 24},
        {{.scene = {.seed = 3, .noise = 5}, .rate = -1, .offset_s = 12, .patch = {MOUTH}}, 12},
        {{.scene = {.seed = 4, .noise = 5}, .offset_s = 3, .patch = {MOUTH}}, 8},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof at / sizeof *at; i++) {
        struct bf_alterations found;

        compare(&found, NULL, &at[i].copy, &BF_GEOMETRY_SAME, at[i].seconds, FPS);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.item[0].change, BF_CHANGE_REGION);
        assert_is(&found.item[0], &at[i].copy, &at[i].copy.patch[0], 2, 0.4);
        bf_alterations_release(&found);
    }
}

static void two_regions(void **state)
{
    static const struct copy together = {.scene = {.seed = 31, .noise = 5},
                                         .blocks = 2,
                                         .patch = {{PATCH_MOVES, 2, 9, 0.08, 0.1, 0.2, 0.3},
                                                   {PATCH_MOVES, 3, 10, 0.7, 0.6, 0.85, 0.8}}},
                             apart = {.scene = {.seed = 32, .noise = 5},
                                      .blocks = 2,
                                      .patch = {{PATCH_MOVES, 1, 4, 0.4, 0.4, 0.55, 0.6},
                                                {PATCH_MOVES, 7, 10, 0.4, 0.4, 0.55, 0.6}}};
    const struct copy *both[] = {&together, &apart};
    size_t i, k;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct bf_alterations found;

        compare(&found, NULL, both[i], &BF_GEOMETRY_SAME, SECONDS, FPS);
        assert_int_equal(found.n, 2);
        for (k = 0; k < 2; k++) {
            assert_int_equal(found.item[k].change, BF_CHANGE_REGION);
            assert_is(&found.item[k], both[i], &both[i]->patch[k], 2, 0.3);
        }
        bf_alterations_release(&found);
    }
}

/* For all of the run: opaque where things move, half transparent where they stand still. */
static void overlays(void **state)
{
    static const struct patch patches[] = {{PATCH_STAYS, 0, SECONDS, 0.4, 0.4, 0.56, 0.62},
                                           {PATCH_VEIL, 0, SECONDS, 0.05, 0.7, 0.25, 0.9}};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct copy c = {
            .scene = {.seed = 41 + (uint32_t)i, .noise = 4}, .blocks = 2, .patch = {patches[i]}};
        struct bf_alterations found;

        compare(&found, NULL, &c, &BF_GEOMETRY_SAME, SECONDS, FPS);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.item[0].change, BF_CHANGE_OVERLAY);
        assert_true(found.item[0].whole_run);
        assert_is(&found.item[0], &c, &c.patch[0], 3, 0.3);
        bf_alterations_release(&found);
    }
}

/* Light that falls otherwise on all of the picture is no region of it. */
static void grade(void **state)
{
    static const struct copy c = {
        .scene = {.seed = 51, .noise = 4}, .blocks = 2, .patch = {{PATCH_LIGHT, 4, 8, 0, 0, 1, 1}}};
    struct bf_alterations found;

    (void)state;
    compare(&found, NULL, &c, &BF_GEOMETRY_SAME, SECONDS, FPS);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.item[0].change, BF_CHANGE_GRADE);
    assert_true(fabs((double)found.item[0].start_us / 1e6 - 4) <= 0.3);
    assert_true(fabs((double)found.item[0].end_us / 1e6 - 8) <= 0.3);
    assert_true(found.item[0].area > 0.6);
    bf_alterations_release(&found);
}

/* A copy of which a seventh is cut off each side shows nothing there, and nothing is said of it. */
static void hidden_cells(void **state)
{
    static const struct bf_geometry cropped = {
        .left = -0.2, .top = -0.2, .right = 1.2, .bottom = 1.2};
    static const struct copy clean = {.scene = {.seed = 61, .noise = 5}, .blocks = 2},
                             unseen = {.scene = {.seed = 62, .noise = 5},
                                       .blocks = 2,
                                       .patch = {{PATCH_MOVES, 2, 9, 0, 0.2, 0.1, 0.8}}},
                             seen = {.scene = {.seed = 63, .noise = 5},
                                     .blocks = 2,
                                     .patch = {{PATCH_MOVES, 4, 8, 0.5, 0.5, 0.65, 0.7}}},
                             cut = {.scene = {.seed = 64, .noise = 5},
                                    .blocks = 2,
                                    .patch = {{PATCH_MOVES, 4, 8, 0, 0.4, 0.3, 0.6}}};
    const double edge = 0.2 / 1.4;
    struct bf_trace *t = copy_trace(&clean, &cropped, 1, FPS);
    struct bf_alterations found;
    unsigned i, hidden = 0;

    (void)state;
    for (i = 0; i < BF_GRID_CELLS; i++)
        hidden += !bf_trace_comparable(t)[i];
    bf_trace_free(&t);
    assert_true(hidden > BF_GRID_CELLS / 3 && hidden < BF_GRID_CELLS * 2 / 3);

    compare(&found, NULL, &clean, &cropped, SECONDS, FPS);
    assert_int_equal(found.n, 0);
    bf_alterations_release(&found);
    compare(&found, NULL, &unseen, &cropped, SECONDS, FPS);
    assert_int_equal(found.n, 0);
    bf_alterations_release(&found);
    compare(&found, NULL, &seen, &cropped, SECONDS, FPS);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.item[0].change, BF_CHANGE_REGION);
    /* of the cells that are shown */
    found.item[0].area *= 1 - hidden / (double)BF_GRID_CELLS;
    assert_is(&found.item[0], &seen, &seen.patch[0], 2, 0.3);
    bf_alterations_release(&found);
    compare(&found, NULL, &cut, &cropped, SECONDS, FPS);
    assert_int_equal(found.n, 1);
    assert_true(found.item[0].left >= edge && found.item[0].left < edge + 3 * CELL);
    assert_true(fabs(found.item[0].right - 0.3) <= 2 * CELL);
    bf_alterations_release(&found);
}

/* Cells at the edge of a bar, which bleeds into them over six pixels of the copy, cannot be
 * compared; those at the picture's own edge can. */
static void edges_of_bars(void **state)
{
    static const struct bf_geometry barred = {.top = 0.13, .right = 1, .bottom = 0.86},
                                    turned = {
                                        .quarter_turns = 1, .top = 0.1, .right = 1, .bottom = 1};
    static const struct copy c = {.scene = {.seed = 65}};
    struct bf_trace *a = copy_trace(&c, &barred, 0.2, 10), *b = copy_trace(&c, &turned, 0.2, 10);
    const uint8_t *in_a = bf_trace_comparable(a), *in_b = bf_trace_comparable(b);
    /* cells of 1.46 and of 1.01 pixels */
    const unsigned rows = 5, cols = 6;
    unsigned x, y;

    (void)state;
    for (y = 0; y < BF_GRID_SHORT; y++) {
        for (x = 0; x < BF_GRID_LONG; x++) {
            assert_int_equal(in_a[y * BF_GRID_LONG + x], y >= rows && y < BF_GRID_SHORT - rows);
            /* the bar above the picture lies left of it before it is turned clockwise */
            assert_int_equal(in_b[y * BF_GRID_LONG + x], x >= cols);
        }
    }
    bf_trace_free(&a);
    bf_trace_free(&b);
}

/* Regions are of the record's picture, however it lies in the suspect's. */
static void other_geometries(void **state)
{
    static const struct bf_geometry lies[] = {
        {.mirrored = true, .quarter_turns = 1, .right = 1, .bottom = 1},
        {.quarter_turns = 2, .left = -0.1, .right = 1, .bottom = 1},
        {.top = 0.13, .right = 1, .bottom = 0.86},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct copy c = {.scene = {.seed = 71 + (uint32_t)i, .noise = 4}, .blocks = 2};
        struct bf_alterations found;

        compare(&found, NULL, &c, &lies[i], SECONDS, FPS);
        assert_int_equal(found.n, 0);
        bf_alterations_release(&found);
        c.patch[0] = (struct patch)MOUTH;
        compare(&found, NULL, &c, &lies[i], SECONDS, FPS);
        assert_int_equal(found.n, 1);
        assert_is(&found.item[0], &c, &c.patch[0], 2, 0.3);
        bf_alterations_release(&found);
    }
}

/* The heat rows are hot where and when the patch is, and nowhere else. */
static void heat_rows(void **state)
{
    static const struct copy c = {.scene = {.seed = 1, .noise = 4}, .blocks = 2, .patch = {MOUTH}};
    struct bf_alterations found;
    struct bf_spool *heat = NULL;
    double in = 0, out = 0, n_in = 0, n_out = 0;
    uint64_t k;
    unsigned x, y;

    (void)state;
    assert_int_equal(bf_spool_open(&heat, "/tmp", sizeof(struct bf_heat_row), NULL), BF_OK);
    compare(&found, heat, &c, &BF_GEOMETRY_SAME, SECONDS, FPS);
    assert_int_equal(bf_spool_seal(heat, NULL), BF_OK);
    assert_int_equal(bf_spool_rows(heat) * BF_DIGEST_PERIOD_US, found.compared_us);
    for (k = 0; k < bf_spool_rows(heat); k++) {
        const struct bf_heat_row *row = bf_spool_row(heat, k);
        const struct patch *p = &c.patch[0];
        double s = (double)row->suspect_us / 1e6;

        for (y = 0; y < BF_GRID_SHORT; y++) {
            for (x = 0; x < BF_GRID_LONG; x++) {
                double u = (x + 0.5) / BF_GRID_LONG, v = (y + 0.5) / BF_GRID_SHORT,
                       cell = row->cell[y * BF_GRID_LONG + x];

                if (s >= 4.3 && s < 7.6 && u > p->left && u < p->right && v > p->top &&
                    v < p->bottom) {
                    in += cell;
                    n_in++;
                } else if (s < 3.5 || s > 8.5 || fabs(u - 0.48) > 0.15 || fabs(v - 0.635) > 0.25) {
                    out += cell;
                    n_out++;
                }
            }
        }
    }
    assert_true(in / n_in > 64);
    assert_true(out / n_out < 20);
    bf_alterations_release(&found);
    bf_spool_close(&heat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_cells),      cmocka_unit_test(clean_copies),
        cmocka_unit_test(tone_follows),     cmocka_unit_test(small_region),
        cmocka_unit_test(other_rates),      cmocka_unit_test(two_regions),
        cmocka_unit_test(overlays),         cmocka_unit_test(grade),
        cmocka_unit_test(hidden_cells),     cmocka_unit_test(edges_of_bars),
        cmocka_unit_test(other_geometries), cmocka_unit_test(heat_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
