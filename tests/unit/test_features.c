/*
 * Local features of drawn pictures: where they are, how large, and what becomes of them when the
 * picture is mirrored, turned, scaled, graded or noisy.
 */
#include "tests/unit/video_fixture.h"

#include "ledger/match/features.h"

#define W 192
#define H 108
#define SIDE 200 /* the longest picture here */
#define CAP 60

static struct bf_feature_finder *finder;

static int setup(void **state)
{
    (void)state;
    finder = bf_feature_finder_create(SIDE, SIDE);
    return finder != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    bf_feature_finder_free(&finder);
    assert_null(finder);
    return 0;
}

/* Texture of several sizes at (u, v) of the picture. */
static double texture(uint32_t seed, double u, double v)
{
    return 128 + 45 * fixture_smooth(seed, u * 7, v * 4) +
           30 * fixture_smooth(seed + 1, u * 16, v * 9) +
           20 * fixture_smooth(seed + 2, u * 34, v * 19);
}

/* The texture as (w, h) pixels that show it mirrored and turned. */
static void draw(float *luma, unsigned w, unsigned h, uint32_t seed, struct bf_look look)
{
    struct bf_geometry g = {look.mirrored, look.quarter_turns, 0, 0, 1, 1};
    unsigned x, y;

    for (y = 0; y < h; y++) {
        for (x = 0; x < w; x++) {
            double u, v;

            bf_geometry_to_record(&g, &u, &v, (x + 0.5) / w, (y + 0.5) / h);
            luma[y * w + x] = (float)texture(seed, u, v);
        }
    }
}

static size_t find(struct bf_feature *out, size_t cap, uint32_t seed, unsigned longer,
                   struct bf_look look)
{
    static float luma[SIDE * SIDE];
    unsigned shorter = longer * 9 / 16;
    bool odd = look.quarter_turns % 2 == 1;
    unsigned w = odd ? shorter : longer, h = odd ? longer : shorter;

    draw(luma, w, h, seed, look);
    return bf_features_find(out, cap, finder, luma, w, h);
}

/* The feature at about (x, y) of about the same size; NULL. */
static const struct bf_feature *at(const struct bf_feature *f, size_t n, double x, double y,
                                   const struct bf_feature *like)
{
    size_t i;

    for (i = 0; i < n; i++) {
        double size = (double)(f[i].scale / like->scale);

        if (fabs((double)f[i].x - x) < 0.01 && fabs((double)f[i].y - y) < 0.015 && size > 0.8 &&
            size < 1.25 && f[i].bright == like->bright)
            return &f[i];
    }
    return NULL;
}

static unsigned bits(uint32_t x)
{
    return (unsigned)__builtin_popcount(x);
}

/* How many of the features are found again, and how many of those have codes that are near. */
static void count_found(unsigned *again, unsigned *near, const struct bf_feature *a, size_t n_a,
                        const struct bf_feature *b, size_t n_b, struct bf_look look)
{
    struct bf_geometry g = {look.mirrored, look.quarter_turns, 0, 0, 1, 1};
    size_t i;

    *again = *near = 0;
    for (i = 0; i < n_a; i++) {
        struct bf_feature_code want, got;
        const struct bf_feature *f;
        double x, y;

        bf_geometry_to_suspect(&g, &x, &y, (double)a[i].x, (double)a[i].y);
        f = at(b, n_b, x, y, &a[i]);
        if (f == NULL)
            continue;
        ++*again;
        assert_int_equal(bf_feature_codes(&want, 1, &a[i], look), 1);
        assert_int_equal(bf_feature_codes(&got, 1, f, (struct bf_look){0}), 1);
        *near += bits(want.key ^ got.key) <= 3 && bf_sketch_distance(want.sketch, got.sketch) <= 11;
    }
}

/* One description gives all eight ways of looking. */
static void looks(void **state)
{
    static struct bf_feature a[CAP], b[CAP];
    unsigned look, again, near;
    size_t n_a, n_b;

    (void)state;
    n_a = find(a, CAP / 2, 5, W, (struct bf_look){0});
    assert_int_equal(n_a, CAP / 2);
    for (look = 0; look < 8; look++) {
        struct bf_look l = {look & 1, look >> 1};

        n_b = find(b, CAP, 5, W, l);
        count_found(&again, &near, a, n_a, b, n_b, l);
        assert_true(again >= n_a * 8 / 10);
        assert_true(near >= again * 9 / 10);
    }
}

/* And no two ways of looking give the same codes. */
static void looks_differ(void **state)
{
    static struct bf_feature a[CAP];
    size_t n = find(a, CAP, 6, W, (struct bf_look){0}), i;
    unsigned p, q;

    (void)state;
    for (p = 0; p < 8; p++) {
        for (q = 0; q < p; q++) {
            unsigned near = 0;

            for (i = 0; i < n; i++) {
                struct bf_feature_code x, y;

                bf_feature_codes(&x, 1, &a[i], (struct bf_look){p & 1, p >> 1});
                bf_feature_codes(&y, 1, &a[i], (struct bf_look){q & 1, q >> 1});
                near += bits(x.key ^ y.key) <= 3;
            }
            assert_true(near <= n / 10);
        }
    }
}

static void scaled(void **state)
{
    /* of twenty; at half the size the smallest are gone */
    static const struct {
        unsigned longer, again;
    } size[] = {{96, 6}, {128, 13}, {144, 15}, {200, 16}};
    static struct bf_feature a[CAP], b[CAP];
    size_t n_a = find(a, 20, 7, W, (struct bf_look){0}), n_b, i;
    unsigned again, near;

    (void)state;
    for (i = 0; i < sizeof size / sizeof *size; i++) {
        n_b = find(b, CAP, 7, size[i].longer, (struct bf_look){0});
        count_found(&again, &near, a, n_a, b, n_b, (struct bf_look){0});
        assert_true(again >= size[i].again);
        assert_true(near >= again * 8 / 10);
    }
}

static void graded_and_noisy(void **state)
{
    static float luma[W * H];
    static struct bf_feature a[CAP], b[CAP];
    unsigned again, near, i;
    size_t n_a, n_b;

    (void)state;
    draw(luma, W, H, 8, (struct bf_look){0});
    n_a = bf_features_find(a, CAP / 2, finder, luma, W, H);
    for (i = 0; i < W * H; i++)
        luma[i] = 0.7f * luma[i] + 20 + 6 * (float)(fixture_hash(i) / 2147483648.0 - 1);
    n_b = bf_features_find(b, CAP, finder, luma, W, H);
    count_found(&again, &near, a, n_a, b, n_b, (struct bf_look){0});
    assert_true(again >= n_a * 7 / 10);
    assert_true(near >= again * 8 / 10);
}

/* Another picture has no codes like these. */
static void unrelated(void **state)
{
    static struct bf_feature a[CAP], b[CAP];
    size_t n_a = find(a, CAP, 9, W, (struct bf_look){0}),
           n_b = find(b, CAP, 10, W, (struct bf_look){0}), i, j;
    unsigned near = 0;

    (void)state;
    for (i = 0; i < n_a; i++) {
        for (j = 0; j < n_b; j++) {
            struct bf_feature_code x, y;

            bf_feature_codes(&x, 1, &a[i], (struct bf_look){0});
            bf_feature_codes(&y, 1, &b[j], (struct bf_look){0});
            near += bits(x.key ^ y.key) <= 3 && bf_sketch_distance(x.sketch, y.sketch) <= 11;
        }
    }
    assert_true(near <= 2);
}

/* One round blob, of known place and size. */
static void blobs(void **state)
{
    static const struct {
        double x, y, sigma, height;
    } blob[] = {
        {60.9, 50.1, 3, 60}, {90.9, 41.1, 4.5, -50}, {110, 60.3, 6, 30},
        {100.7, 52, 9, 80},  {64.1, 60.9, 13, -80},
    };
    static float luma[W * H];
    size_t i;
    unsigned x, y;

    (void)state;
    for (i = 0; i < sizeof blob / sizeof *blob; i++) {
        struct bf_feature f;

        for (y = 0; y < H; y++) {
            for (x = 0; x < W; x++) {
                double dx = x + 0.5 - blob[i].x, dy = y + 0.5 - blob[i].y;

                luma[y * W + x] =
                    (float)(120 + blob[i].height * exp(-(dx * dx + dy * dy) /
                                                       (2 * blob[i].sigma * blob[i].sigma)));
            }
        }
        assert_int_equal(bf_features_find(&f, 1, finder, luma, W, H), 1);
        assert_true(fabs((double)f.x * W - blob[i].x) < 0.3);
        assert_true(fabs((double)f.y * H - blob[i].y) < 0.3);
        assert_true((double)f.scale * W > 0.7 * blob[i].sigma);
        assert_true((double)f.scale * W < 1.4 * blob[i].sigma);
        assert_int_equal(f.bright, blob[i].height > 0);
    }
}

/* A ridge has a place across itself and none along. */
static void ridge(void **state)
{
    static float luma[W * H];
    static struct bf_feature f[CAP];
    unsigned x, y;
    size_t n;

    (void)state;
    for (y = 0; y < H; y++) {
        for (x = 0; x < W; x++) {
            double dx = x - 90.0, dy = y - 52.0, across = 0.8 * dy - 0.6 * dx,
                   along = 0.6 * dy + 0.8 * dx;

            luma[y * W + x] =
                (float)(100 + 80 * exp(-across * across / 18) * exp(-along * along / 1800));
        }
    }
    n = bf_features_find(f, CAP, finder, luma, W, H);
    while (n > 0)
        assert_true(f[--n].scale * W > 6);
}

static void strongest_first(void **state)
{
    static struct bf_feature all[200], few[CAP];
    size_t n = find(all, 200, 11, W, (struct bf_look){0}), cap, i;

    (void)state;
    assert_true(n > CAP && n < 200);
    for (i = 0; i < n; i++) {
        assert_true(all[i].x > 0 && all[i].x < 1 && all[i].y > 0 && all[i].y < 1);
        assert_true(i == 0 || all[i - 1].strength >= all[i].strength);
    }
    for (cap = 0; cap <= CAP; cap += 20) {
        assert_int_equal(find(few, cap, 11, W, (struct bf_look){0}), cap);
        for (i = 0; i < cap; i++)
            assert_true(few[i].strength == all[i].strength);
    }
}

static void nothing_to_find(void **state)
{
    static float luma[SIDE * SIDE];
    static struct bf_feature f[CAP];
    unsigned i;

    (void)state;
    for (i = 0; i < W * H; i++)
        luma[i] = 90;
    assert_int_equal(bf_features_find(f, CAP, finder, luma, W, H), 0);
    /* a straight edge has no place along itself */
    for (i = 0; i < W * H; i++)
        luma[i] = i % W < W / 2 ? 40 : 200;
    assert_int_equal(bf_features_find(f, CAP, finder, luma, W, H), 0);
    /* larger than the finder was made for, or too small to blur */
    draw(luma, SIDE, SIDE, 14, (struct bf_look){0});
    assert_true(bf_features_find(f, CAP, finder, luma, SIDE, SIDE) > 0);
    assert_int_equal(bf_features_find(f, CAP, finder, luma, SIDE + 1, SIDE - 1), 0);
    assert_int_equal(bf_features_find(f, CAP, finder, luma, SIDE - 1, SIDE + 1), 0);
    assert_int_equal(bf_features_find(f, CAP, finder, luma, 15, 15), 0);
}

/* The likeliest code first; the others flip bits of its key alone, each another set of them. */
static void more_codes(void **state)
{
    static struct bf_feature a[CAP];
    struct bf_feature_code code[100], one;
    size_t n = find(a, CAP, 12, W, (struct bf_look){0}), n_codes, i, j, k;

    (void)state;
    for (i = 0; i < n; i++) {
        uint32_t flipped = 0;

        n_codes = bf_feature_codes(code, 100, &a[i], (struct bf_look){0});
        assert_int_equal(n_codes, 64);
        assert_int_equal(bf_feature_codes(&one, 1, &a[i], (struct bf_look){0}), 1);
        assert_int_equal(one.key, code[0].key);
        for (j = 0; j < n_codes; j++) {
            assert_int_equal(code[j].key >> 24, 0);
            assert_int_equal(code[j].sketch >> 40, 0);
            assert_int_equal(code[j].sketch, code[0].sketch);
            assert_int_equal(code[j].sketch >> 39, a[i].bright);
            flipped |= code[j].key ^ code[0].key;
            for (k = 0; k < j; k++)
                assert_int_not_equal(code[j].key, code[k].key);
        }
        assert_int_equal(bits(flipped), 6);
        /* the weakest bit goes first */
        assert_int_equal(bits(code[0].key ^ code[1].key), 1);
    }
}

/* Bits of the key that are the least certain are those that a little noise flips. */
static void weak_bits(void **state)
{
    static float luma[W * H];
    static struct bf_feature a[CAP], b[CAP];
    unsigned i, exact = 0, within = 0, n_found = 0, k;
    size_t n_a, n_b;

    (void)state;
    draw(luma, W, H, 13, (struct bf_look){0});
    n_a = bf_features_find(a, CAP, finder, luma, W, H);
    for (i = 0; i < W * H; i++)
        luma[i] += 12 * (float)(fixture_hash(i + 77) / 2147483648.0 - 1);
    n_b = bf_features_find(b, CAP, finder, luma, W, H);
    for (i = 0; i < n_a; i++) {
        const struct bf_feature *f = at(b, n_b, (double)a[i].x, (double)a[i].y, &a[i]);
        struct bf_feature_code want, got[16];

        if (f == NULL)
            continue;
        n_found++;
        bf_feature_codes(&want, 1, &a[i], (struct bf_look){0});
        bf_feature_codes(got, 16, f, (struct bf_look){0});
        exact += got[0].key == want.key;
        for (k = 0; k < 16 && got[k].key != want.key; k++)
            ;
        within += k < 16;
    }
    assert_true(n_found > CAP / 2);
    assert_true(exact < n_found * 8 / 10);
    assert_true(within > n_found / 2);
    assert_true(within > 2 * exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks),           cmocka_unit_test(looks_differ),
        cmocka_unit_test(scaled),          cmocka_unit_test(graded_and_noisy),
        cmocka_unit_test(unrelated),       cmocka_unit_test(blobs),
        cmocka_unit_test(ridge),           cmocka_unit_test(strongest_first),
        cmocka_unit_test(nothing_to_find), cmocka_unit_test(more_codes),
        cmocka_unit_test(weak_bits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
