/* What training does to a chip: geometry, mask, and pairs that are changed alike. */
#include "tests/unit/chip_fixture.h"

#include "detector/chip_augment.h"

static void near(float a, float b, float within)
{
    if (!(fabsf(a - b) <= within))
        fail_msg("%.9g is not %.9g", (double)a, (double)b);
}

static void same_affine(const struct bf_affine *a, const struct bf_affine *b, float within)
{
    near(a->xx, b->xx, within);
    near(a->xy, b->xy, within);
    near(a->yx, b->yx, within);
    near(a->yy, b->yy, within);
    near(a->x0, b->x0, within * 100);
    near(a->y0, b->y0, within * 100);
}

static float at(const float *window, int x, int y)
{
    return window[(y * BF_CHIP_WINDOW + x) * 3];
}

/* Nothing changed is the chip itself, in the window's scale. */
static void nothing_changed(void **state)
{
    static float window[BF_CHIP_WINDOW_FLOATS];
    struct bf_chip_record *rec = calloc(1, sizeof *rec);
    struct bf_chip_change none;
    const int margin = (BF_CHIP_SIZE - BF_CHIP_WINDOW) / 2;
    struct bf_random r = {5};
    int x, y;

    (void)state;
    assert_non_null(rec);
    fixture_chip(rec, 0, 0, 1, "paste");
    bf_chip_change_none(&none);
    assert_int_equal(bf_chip_change_apply(window, rec->chip, &none, &r, NULL), BF_OK);
    assert_int_equal(r.state, 5);
    for (y = 0; y < BF_CHIP_WINDOW; y++)
        for (x = 0; x < BF_CHIP_WINDOW; x++)
            near(at(window, x, y), rec->chip[((y + margin) * BF_CHIP_SIZE + x + margin) * 3],
                 1e-3f);
    free(rec);
}

/* Mirrored, turned and shifted: the mask shows where the pixels went. */
static void mask_follows_the_pixels(void **state)
{
    static const struct {
        float angle, scale, dx, dy;
        bool flip;
        float bend;
    } row[] = {{0, 1, 0, 0, false, 0},
               {0, 1, 0, 0, true, 0},
               {0.14f, 0.9f, 0.04f, 0, false, 0},
               {-0.14f, 1.1f, 0, 0.04f, true, 0},
               {1.2f, 1, 0.1f, -0.1f, false, 0},
               {0, 1, 0.2f, 0.1f, true, 0},
               {0, 1, 0, 0, false, 0.06f},
               {0.14f, 0.9f, 0.04f, 0, true, 0.04f}};
    static uint8_t chip[BF_CHIP_BYTES], mask[BF_CHIP_MASK * BF_CHIP_MASK];
    static float window[BF_CHIP_WINDOW_FLOATS], map[BF_ARTIFACT_MAP * BF_ARTIFACT_MAP];
    const int cell = BF_CHIP_WINDOW / BF_ARTIFACT_MAP;
    struct bf_random r = {1};
    struct bf_chip_change c;
    size_t k;
    int x, y, i;

    (void)state;
    /* a bright block, not in the middle, in chip and mask alike */
    for (y = 0; y < BF_CHIP_SIZE; y++)
        for (x = 0; x < BF_CHIP_SIZE; x++)
            for (i = 0; i < 3; i++)
                chip[(y * BF_CHIP_SIZE + x) * 3 + i] =
                    x >= 80 && x < 144 && y >= 120 && y < 216 ? 255 : 0;
    for (y = 0; y < BF_CHIP_MASK; y++)
        for (x = 0; x < BF_CHIP_MASK; x++)
            mask[y * BF_CHIP_MASK + x] = x >= 10 && x < 18 && y >= 15 && y < 27 ? 255 : 0;
    for (k = 0; k < sizeof row / sizeof *row; k++) {
        double sum = 0, sum_mask = 0;

        bf_chip_change_none(&c);
        c.window = bf_chip_window(row[k].angle, row[k].scale, row[k].dx, row[k].dy, row[k].flip);
        c.bent = row[k].bend > 0;
        for (i = 0; i < BF_CHIP_NODES * BF_CHIP_NODES; i++) {
            c.dx.node[i] = row[k].bend * (float)(i % 3 - 1);
            c.dy.node[i] = row[k].bend * (float)((i / 2) % 3 - 1);
        }
        assert_int_equal(bf_chip_change_apply(window, chip, &c, &r, NULL), BF_OK);
        bf_chip_change_mask(map, mask, &c);
        for (y = 0; y < BF_ARTIFACT_MAP; y++)
            for (x = 0; x < BF_ARTIFACT_MAP; x++) {
                float m = map[y * BF_ARTIFACT_MAP + x], p = 0;

                for (i = 0; i < cell * cell; i++)
                    p += at(window, x * cell + i % cell, y * cell + i / cell) / 255 /
                         (float)(cell * cell);
                assert_true(m >= 0 && m <= 1);
                if (m > 0.95f)
                    assert_true(p > 0.5f);
                if (m < 0.05f)
                    assert_true(p < 0.5f);
                sum += (double)p;
                sum_mask += (double)m;
            }
        assert_true(sum > 30);
        near((float)(sum_mask / sum), 1, 0.1f);
    }
}

static double difference(const float *a, const float *b)
{
    double most = 0;
    size_t i;

    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

/* Draws of all strengths stay in range; the same draw on the same chip gives the same but for the
 * noise; a pair is changed alike outside of where it differs. */
static void pairs_are_changed_alike(void **state)
{
    static float one[BF_CHIP_WINDOW_FLOATS], other[BF_CHIP_WINDOW_FLOATS];
    struct bf_chip_record *rec = calloc(2, sizeof *rec);
    struct bf_random draw = {77};
    unsigned n_bent = 0, n_lit = 0, n_sharp = 0, n_smooth = 0;
    unsigned n_flip = 0, n_noise = 0, n_jpeg = 0, n_blur = 0, n_shrink = 0, n_grey = 0;
    int k;
    size_t i;

    (void)state;
    assert_non_null(rec);
    fixture_chip(&rec[0], 0, 0, 1, "real");
    fixture_chip(&rec[1], 0, 0, 1, "paste");
    for (k = 0; k < 300; k++) {
        struct bf_chip_change c;
        struct bf_random r = {(uint64_t)k};

        bf_chip_change_draw(&c, &draw, 1);
        n_flip += c.window.xx * c.window.yy - c.window.xy * c.window.yx < 0;
        n_bent += c.bent;
        n_lit += c.lit;
        n_sharp += c.sharpen > 0;
        n_smooth += c.smooth > 0;
        n_noise += c.noise > 0;
        n_jpeg += c.jpeg > 0;
        n_blur += c.blur > 0;
        n_shrink += c.shrink > 1;
        n_grey += c.grey > 0;
        if (k % 10 != 0)
            continue;
        c.noise = 0;
        assert_int_equal(bf_chip_change_apply(one, rec[0].chip, &c, &r, NULL), BF_OK);
        assert_int_equal(r.state, k); /* nothing is drawn but noise */
        assert_int_equal(bf_chip_change_apply(other, rec[0].chip, &c, &r, NULL), BF_OK);
        assert_true(difference(one, other) <= 0);
        assert_int_equal(bf_chip_change_apply(other, rec[1].chip, &c, &r, NULL), BF_OK);
        assert_true(difference(one, other) > 5);
        for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++)
            assert_true(other[i] >= 0 && other[i] <= 255.01f);
        /* the corners are the same in both, and so are they when changed */
        for (i = 0; i < 24; i++)
            near(at(one, (int)i, 2), at(other, (int)i, 2), 0.01f);
        c.noise = 4;
        assert_int_equal(bf_chip_change_apply(one, rec[0].chip, &c, &r, NULL), BF_OK);
        assert_int_not_equal(r.state, k);
        assert_int_equal(bf_chip_change_apply(other, rec[0].chip, &c, &r, NULL), BF_OK);
        assert_true(difference(one, other) > 1);
    }
    assert_true(n_flip > 100 && n_flip < 200);
    assert_true(n_bent > 130 && n_bent < 230 && n_lit > 100 && n_lit < 200);
    assert_true(n_sharp > 50 && n_smooth > 30);
    assert_true(n_noise > 30 && n_jpeg > 50 && n_blur > 30 && n_shrink > 20 && n_grey > 5);
    free(rec);
}

/* Of no strength are but the mirror and grey. */
static void strength(void **state)
{
    const struct bf_affine plain = bf_chip_window(0, 1, 0, 0, false),
                           mirrored = bf_chip_window(0, 1, 0, 0, true);
    static const struct bf_colour_shift none;
    struct bf_random draw = {3};
    int k, i;

    (void)state;
    for (k = 0; k < 50; k++) {
        struct bf_chip_change c;

        bf_chip_change_draw(&c, &draw, 0);
        same_affine(&c.window, c.window.xx > 0 ? &plain : &mirrored, 1e-6f);
        near(c.gamma, 1, 1e-6f);
        near(c.shrink, 1, 1e-6f);
        near(c.blur + c.noise + c.sharpen + c.smooth, 0, 0);
        for (i = 0; i < BF_CHIP_NODES * BF_CHIP_NODES; i++)
            near(fabsf(c.dx.node[i]) + fabsf(c.dy.node[i]) + fabsf(c.light.node[i]), 0, 0);
        assert_int_equal(c.jpeg, 0);
        near(fabsf(c.shift.brightness) + fabsf(c.shift.hue) + fabsf(c.shift.rgb[1]), none.hue, 0);
    }
}

/* Deviation of a window of stripes round its mean. */
static double stripes(const struct bf_chip_change *c, int size, double *mean)
{
    static uint8_t chip[BF_CHIP_BYTES];
    static float window[BF_CHIP_WINDOW_FLOATS];
    struct bf_random r = {1};
    double sum = 0, squares = 0;
    size_t i;

    for (i = 0; i < BF_CHIP_BYTES; i++)
        chip[i] = (uint8_t)(i / 3 % 4 < 2 ? 100 - size : 100 + size);
    assert_int_equal(bf_chip_change_apply(window, chip, c, &r, NULL), BF_OK);
    for (i = 0; i < BF_CHIP_WINDOW_FLOATS; i++) {
        sum += (double)window[i] / BF_CHIP_WINDOW_FLOATS;
        squares += (double)(window[i] * window[i]) / BF_CHIP_WINDOW_FLOATS;
    }
    *mean = sum;
    return sqrt(squares - sum * sum);
}

/* Light is a factor, sharpening makes detail larger, smoothing takes more of the weak. */
static void light_and_detail(void **state)
{
    struct bf_chip_change c;
    double mean, weak, strong;
    size_t i;

    (void)state;
    bf_chip_change_none(&c);
    near((float)stripes(&c, 4, &mean), 4, 0.1f);
    near((float)mean, 100, 0.1f);
    c.lit = true;
    for (i = 0; i < BF_CHIP_NODES * BF_CHIP_NODES; i++)
        c.light.node[i] = logf(1.5f);
    near((float)stripes(&c, 4, &mean), 6, 0.15f);
    near((float)mean, 150, 0.1f);
    c.lit = false;
    c.sharpen = 1;
    assert_true(stripes(&c, 4, &mean) > 5);
    near((float)mean, 100, 0.5f);
    c.sharpen = 0;
    c.smooth = 0.9f;
    weak = stripes(&c, 3, &mean) / 3;
    strong = stripes(&c, 60, &mean) / 60;
    assert_true(weak < 0.75 && strong > 0.85 && strong <= 1.01);
    near((float)mean, 100, 0.5f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed),         cmocka_unit_test(mask_follows_the_pixels),
        cmocka_unit_test(pairs_are_changed_alike), cmocka_unit_test(strength),
        cmocka_unit_test(light_and_detail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
