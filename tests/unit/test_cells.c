#include "tests/unit/video_fixture.h"

/* Mean over the exact area of a cell, pixel by pixel: what the fast code must come to. */
static double naive_cell(const uint8_t *luma, unsigned w, unsigned h, unsigned i, unsigned j,
                         unsigned cols, unsigned rows)
{
    double x0 = (double)w * i / cols, x1 = (double)w * (i + 1) / cols, y0 = (double)h * j / rows,
           y1 = (double)h * (j + 1) / rows, sum = 0;
    unsigned x, y;

    for (y = (unsigned)y0; y < h && y < y1; y++) {
        for (x = (unsigned)x0; x < w && x < x1; x++) {
            double px = fmin(x + 1, x1) - fmax(x, x0), py = fmin(y + 1, y1) - fmax(y, y0);

            sum += px * py * luma[y * w + x];
        }
    }
    return sum / ((x1 - x0) * (y1 - y0));
}

static void agrees_with_naive(void **state)
{
    static const unsigned sizes[][2] = {{640, 360}, {360, 288}, {97, 55}, {1920, 1080},
                                        {40, 30},   {33, 700},  {1, 1},   {321, 241}};
    struct bf_cells *c = bf_cells_create();
    static uint16_t out[BF_GRID_CELLS];
    size_t k;

    (void)state;
    assert_non_null(c);
    for (k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        unsigned w = sizes[k][0], h = sizes[k][1], i, j, x;
        uint8_t *luma = malloc((size_t)w * h);
        struct bf_frame f = {.width = w,
                             .height = h,
                             .luma = luma,
                             .luma_stride = (ptrdiff_t)w,
                             .luma_bytes = 1,
                             .luma_bits = 8,
                             .orientation = {1, 0, 0, 1}};

        assert_non_null(luma);
        for (x = 0; x < w * h; x++)
            luma[x] = (uint8_t)fixture_hash(x);
        assert_int_equal(bf_cells_compute(out, c, &f, BF_GRID_LONG, BF_GRID_SHORT, NULL), BF_OK);
        for (j = 0; j < BF_GRID_SHORT; j++) {
            for (i = 0; i < BF_GRID_LONG; i++) {
                double want = naive_cell(luma, w, h, i, j, BF_GRID_LONG, BF_GRID_SHORT);
                double got = out[j * BF_GRID_LONG + i] / (double)BF_CELLS_ONE;

                /* edges are cut to 1/256 of a pixel */
                assert_true(fabs(want - got) < 1.5 + (w < 100 ? 12 : 0));
            }
        }
        free(luma);
    }
    bf_cells_free(&c);
}

static void depth_makes_no_difference(void **state)
{
    enum { W = 200, H = 120 };
    static uint8_t narrow[W * H], wide[W * H * 2];
    static uint16_t a[BF_GRID_CELLS], b[BF_GRID_CELLS];
    struct bf_cells *c = bf_cells_create();
    struct bf_frame f8 = {.width = W,
                          .height = H,
                          .luma = narrow,
                          .luma_stride = W,
                          .luma_bytes = 1,
                          .luma_bits = 8,
                          .orientation = {1, 0, 0, 1}};
    struct bf_frame f10 = {.width = W,
                           .height = H,
                           .luma = wide,
                           .luma_stride = 2 * W,
                           .luma_bytes = 2,
                           .luma_bits = 10,
                           .orientation = {1, 0, 0, 1}};
    unsigned i;

    (void)state;
    for (i = 0; i < W * H; i++) {
        narrow[i] = (uint8_t)fixture_hash(i);
        wide[2 * i] = (uint8_t)(narrow[i] << 2);
        wide[2 * i + 1] = narrow[i] >> 6;
    }
    assert_int_equal(bf_cells_compute(a, c, &f8, BF_GRID_LONG, BF_GRID_SHORT, NULL), BF_OK);
    assert_int_equal(bf_cells_compute(b, c, &f10, BF_GRID_LONG, BF_GRID_SHORT, NULL), BF_OK);
    for (i = 0; i < BF_GRID_CELLS; i++)
        assert_in_range(a[i] + 2 - b[i], 0, 4);
    bf_cells_free(&c);
}

/* A picture and its turned twin, marked as turned, must give the same grid. */
static void orientation(void **state)
{
    static const struct bf_orientation turns[] = {{1, 0, 0, 1},  {0, 1, -1, 0}, {-1, 0, 0, -1},
                                                  {0, -1, 1, 0}, {-1, 0, 0, 1}, {0, 1, 1, 0}};
    enum { W = 192, H = 108 };
    static uint8_t shown[W * H], decoded[W * H];
    static uint16_t want[BF_GRID_CELLS], got[BF_GRID_CELLS];
    struct bf_cells *c = bf_cells_create();
    size_t k;
    int x, y;

    (void)state;
    for (x = 0; x < W * H; x++)
        shown[x] = (uint8_t)fixture_hash((uint32_t)x);
    struct bf_frame plain = {.width = W,
                             .height = H,
                             .luma = shown,
                             .luma_stride = W,
                             .luma_bytes = 1,
                             .luma_bits = 8,
                             .orientation = {1, 0, 0, 1}};

    assert_int_equal(bf_cells_compute(want, c, &plain, BF_GRID_LONG, BF_GRID_SHORT, NULL), BF_OK);
    for (k = 0; k < sizeof turns / sizeof *turns; k++) {
        const struct bf_orientation o = turns[k];
        int dw = o.xx == 0 ? H : W, dh = o.xx == 0 ? W : H;
        struct bf_frame f = {.width = (uint32_t)dw,
                             .height = (uint32_t)dh,
                             .luma = decoded,
                             .luma_stride = dw,
                             .luma_bytes = 1,
                             .luma_bits = 8,
                             .orientation = o};

        for (y = 0; y < H; y++) {
            for (x = 0; x < W; x++) {
                int dx = o.xx * x + o.xy * y, dy = o.yx * x + o.yy * y;

                dx += o.xx + o.xy < 0 ? dw - 1 : 0;
                dy += o.yx + o.yy < 0 ? dh - 1 : 0;
                decoded[dy * dw + dx] = shown[y * W + x];
            }
        }
        assert_int_equal(bf_cells_compute(got, c, &f, BF_GRID_LONG, BF_GRID_SHORT, NULL), BF_OK);
        for (x = 0; x < BF_GRID_CELLS; x++)
            assert_in_range(want[x] + 1 - got[x], 0, 2);
    }
    bf_cells_free(&c);
}

static void refuses_bad_shapes(void **state)
{
    struct bf_cells *c = bf_cells_create();
    struct bf_frame f = {.width = 1, .height = 1, .orientation = {1, 0, 0, 1}};
    uint16_t out[1];

    (void)state;
    assert_int_equal(bf_cells_compute(out, c, &f, 0, 1, NULL), BF_ERR_USAGE);
    assert_int_equal(bf_cells_compute(out, c, &f, 1, BF_CELLS_DIM_MAX + 1, NULL), BF_ERR_USAGE);
    bf_cells_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_naive),
        cmocka_unit_test(depth_makes_no_difference),
        cmocka_unit_test(orientation),
        cmocka_unit_test(refuses_bad_shapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
