#include "tests/unit/video_fixture.h"

#include <string.h>

#include "lib/face/face_view.h"
#include "lib/media/picture.h"

enum { W = 64, H = 48 };

/* A picture that is smooth in both directions, so that how it is sampled hardly matters. */
struct drawn {
    uint8_t y[W * H], u[W * H / 4], v[W * H / 4], rgb[W * H * 3];
    struct bf_frame frame;
};

static void draw(struct drawn *d, struct bf_orientation o)
{
    int x, y;

    for (y = 0; y < H; y++)
        for (x = 0; x < W; x++) {
            d->y[y * W + x] = (uint8_t)(60 + 2 * x);
            d->u[y / 2 * (W / 2) + x / 2] = (uint8_t)(100 + y);
            d->v[y / 2 * (W / 2) + x / 2] = (uint8_t)(150 - x / 2);
        }
    d->frame = (struct bf_frame){
        .width = W,
        .height = H,
        .pixel_format = "yuv420p",
        .n_planes = 3,
        .plane = {{d->y, W, W, H}, {d->u, W / 2, W / 2, H / 2}, {d->v, W / 2, W / 2, H / 2}},
        .orientation = o};
}

static const struct bf_orientation way[] = {{1, 0, 0, 1},  {-1, 0, 0, -1}, {-1, 0, 0, 1},
                                            {0, 1, -1, 0}, {0, -1, 1, 0},  {0, 1, 1, 0}};

/* A cut at the picture's own size holds what the picture shows there. */
static void cuts_what_is_shown(void **state)
{
    struct bf_picture_scaler *s = bf_picture_scaler_create();
    struct bf_face_view *v = bf_face_view_create();
    const struct bf_affine in_place = {.xx = 1, .x0 = 8, .yy = 1, .y0 = 10};
    static float out[32 * 32 * 3];
    static struct drawn d;
    size_t i, kind;

    (void)state;
    assert_non_null(s);
    assert_non_null(v);
    for (i = 0; i < sizeof way / sizeof *way; i++) {
        bool turned = way[i].xx == 0;
        struct bf_picture p;
        unsigned x, y, c;

        draw(&d, way[i]);
        assert_int_equal(bf_picture_create(&p, turned ? H : W, turned ? W : H, NULL), BF_OK);
        assert_int_equal(bf_picture_scale(&p, s, &d.frame, NULL), BF_OK);
        for (kind = 0; kind < 2; kind++) {
            if (kind == 1) {
                /* the same colours in one plane: a kind that is converted */
                struct bf_picture flat;

                assert_int_equal(bf_picture_create(&flat, W, H, NULL), BF_OK);
                d.frame.orientation = way[0];
                assert_int_equal(bf_picture_scale(&flat, s, &d.frame, NULL), BF_OK);
                memcpy(d.rgb, flat.rgb, sizeof d.rgb);
                bf_picture_release(&flat);
                d.frame.pixel_format = "rgb24";
                d.frame.orientation = way[i];
                d.frame.n_planes = 1;
                d.frame.plane[0].data = d.rgb;
                d.frame.plane[0].stride = 3 * W;
            }
            assert_int_equal(bf_face_view_set(v, &d.frame, 1, 1, NULL), BF_OK);
            assert_int_equal(
                bf_face_view_cut(out, v, 32, &in_place, BF_FACE_EDGE_REPEAT, 1, 0, NULL), BF_OK);
            for (y = 0; y < 32; y++)
                for (x = 0; x < 32; x++)
                    for (c = 0; c < 3; c++) {
                        float want = p.rgb[((y + 10) * p.width + x + 8) * 3 + c],
                              got = out[(y * 32 + x) * 3 + c];

                        if (fabsf(got - want) > 4)
                            fail_msg("way %zu kind %zu (%u, %u, %u): %g is not %g", i, kind, x, y,
                                     c, (double)got, (double)want);
                    }
        }
        bf_picture_release(&p);
    }
    bf_face_view_free(&v);
    bf_picture_scaler_free(&s);
    assert_null(v);
}

/* Shrunk: each pixel is the mean of what it covers, though the picture is as busy as can be. */
static void shrinks_by_means(void **state)
{
    enum { N = 256 };
    static uint8_t board[N * N];
    struct bf_frame f = {.width = N,
                         .height = N,
                         .pixel_format = "gray",
                         .n_planes = 1,
                         .plane = {{board, N, N, N}},
                         .orientation = {1, 0, 0, 1}};
    const struct bf_affine all = bf_affine_square(N / 2.0f, N / 2.0f, N, 0, 16);
    struct bf_face_view *v = bf_face_view_create();
    static float out[16 * 16 * 3], luma[16 * 16];
    size_t i;

    (void)state;
    for (i = 0; i < N * N; i++)
        board[i] = (i + i / N) % 2 ? 235 : 16;
    assert_int_equal(bf_face_view_set(v, &f, 1, 1, NULL), BF_OK);
    assert_int_equal(bf_face_view_cut(out, v, 16, &all, BF_FACE_EDGE_REPEAT, 2 / 255.0f, -1, NULL),
                     BF_OK);
    assert_int_equal(bf_face_view_cut_luma(luma, v, 16, &all, NULL), BF_OK);
    for (i = 0; i < 16 * 16; i++) {
        assert_true(fabsf(out[3 * i]) < 0.02f);
        assert_true(fabsf(luma[i] - 125.5f) < 1.5f);
    }
    bf_face_view_free(&v);
}

/* Wide pixels are made square, and what lies outside is black or repeated. */
static void knows_the_edges(void **state)
{
    const struct bf_affine outside = bf_affine_square(-40, 20, 16, 0.2f, 16),
                           right = bf_affine_square(2 * W - 4, 24, 4, 0, 4);
    struct bf_face_view *v = bf_face_view_create();
    static float out[16 * 16 * 3];
    static struct drawn d;
    float w, h;

    (void)state;
    draw(&d, way[0]);
    assert_int_equal(bf_face_view_set(v, &d.frame, 2, 1, NULL), BF_OK);
    bf_face_view_size(v, &w, &h);
    assert_true(w == 2 * W && h == H);
    bf_face_view_aspect(v, &w, &h);
    assert_true(w == 2 && h == 1);
    assert_int_equal(bf_face_view_cut(out, v, 16, &outside, BF_FACE_EDGE_BLACK, 1, -3, NULL),
                     BF_OK);
    assert_true(out[0] == -3 && out[16 * 16 * 3 - 1] == -3);
    assert_int_equal(bf_face_view_cut(out, v, 16, &outside, BF_FACE_EDGE_REPEAT, 1, 0, NULL),
                     BF_OK);
    assert_true(out[0] > 40);
    assert_int_equal(bf_face_view_cut_luma(out, v, 4, &right, NULL), BF_OK);
    assert_true(fabsf(out[0] - (60 + 2 * 61.25f)) < 2);
    bf_face_view_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_what_is_shown),
        cmocka_unit_test(shrinks_by_means),
        cmocka_unit_test(knows_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
