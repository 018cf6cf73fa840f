#include "tests/unit/video_fixture.h"

#include "lib/media/picture.h"

#include <string.h>

enum { W = 64, H = 32 };

/* Four quarters of one colour each, as yuv420p: red, green above; blue, white below. */
struct quarters {
    uint8_t y[W * H], u[W * H / 4], v[W * H / 4];
    struct bf_frame frame;
};

static void make_quarters(struct quarters *q, struct bf_orientation o)
{
    /* BT.601, limited range */
    static const uint8_t yuv[4][3] = {
        {81, 90, 240}, {145, 54, 34}, {41, 240, 110}, {235, 128, 128}};
    int x, y;

    for (y = 0; y < H; y++)
        for (x = 0; x < W; x++) {
            const uint8_t *c = yuv[(y >= H / 2) * 2 + (x >= W / 2)];

            q->y[y * W + x] = c[0];
            q->u[y / 2 * (W / 2) + x / 2] = c[1];
            q->v[y / 2 * (W / 2) + x / 2] = c[2];
        }
    q->frame = (struct bf_frame){
        .width = W,
        .height = H,
        .pixel_format = "yuv420p",
        .n_planes = 3,
        .plane = {{q->y, W, W, H}, {q->u, W / 2, W / 2, H / 2}, {q->v, W / 2, W / 2, H / 2}},
        .orientation = o};
}

static const uint8_t colour[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};

static void assert_colour(const struct bf_picture *p, uint32_t x, uint32_t y, int which)
{
    const uint8_t *c = p->rgb + ((size_t)y * p->width + x) * 3;
    int i;

    for (i = 0; i < 3; i++)
        if (abs(c[i] - colour[which][i]) > 6)
            fail_msg("at (%u, %u) %u,%u,%u is not colour %d", x, y, c[0], c[1], c[2], which);
}

static void shows_as_shown(void **state)
{
    /* Which colour stands in the corners left above, right above, left below, right below. */
    static const struct {
        struct bf_orientation o;
        int corner[4];
    } way[] = {
        {{1, 0, 0, 1}, {0, 1, 2, 3}},  {{-1, 0, 0, -1}, {3, 2, 1, 0}},
        {{-1, 0, 0, 1}, {1, 0, 3, 2}}, {{0, 1, -1, 0}, {2, 0, 3, 1}}, /* clockwise */
        {{0, -1, 1, 0}, {1, 3, 0, 2}}, {{0, 1, 1, 0}, {0, 2, 1, 3}},
    };
    struct bf_picture_scaler *s = bf_picture_scaler_create();
    static struct quarters q;
    size_t i, size;

    (void)state;
    assert_non_null(s);
    for (i = 0; i < sizeof way / sizeof *way; i++)
        for (size = 1; size <= 2; size++) {
            bool turned = way[i].o.xx == 0;
            uint32_t w = (uint32_t)((turned ? H : W) / size),
                     h = (uint32_t)((turned ? W : H) / size);
            struct bf_picture p;
            int k;

            make_quarters(&q, way[i].o);
            assert_int_equal(bf_picture_create(&p, w, h, NULL), BF_OK);
            assert_int_equal(bf_picture_scale(&p, s, &q.frame, NULL), BF_OK);
            for (k = 0; k < 4; k++)
                assert_colour(&p, k % 2 ? w - 3 : 2, k / 2 ? h - 3 : 2, way[i].corner[k]);
            bf_picture_release(&p);
        }
    bf_picture_scaler_free(&s);
    assert_null(s);
}

static void fits(void **state)
{
    static const struct {
        struct bf_video_info info;
        uint32_t longest, width, height;
    } want[] = {
        {{.width = 1920, .height = 1080, .sar_num = 1, .sar_den = 1}, 480, 480, 270},
        {{.width = 1080, .height = 1920, .sar_num = 1, .sar_den = 1}, 480, 270, 480},
        {{.width = 320, .height = 240, .sar_num = 1, .sar_den = 1}, 480, 320, 240},
        {{.width = 720, .height = 576, .sar_num = 64, .sar_den = 45}, 512, 512, 288},
        {{.width = 16000, .height = 2, .sar_num = 1, .sar_den = 1}, 480, 480, 1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof want / sizeof *want; i++) {
        uint32_t w, h;

        bf_picture_fit(&w, &h, &want[i].info, want[i].longest);
        assert_int_equal(w, want[i].width);
        assert_int_equal(h, want[i].height);
    }
}

static void draws_inside(void **state)
{
    const struct bf_rect box = {4, 4, 12, 10}, beyond = {-50, -50, 500, 500};
    const struct bf_rgb red = {255, 0, 0}, white = {255, 255, 255};
    struct bf_picture p;
    uint32_t x, y;

    (void)state;
    assert_int_equal(bf_picture_create(&p, 16, 16, NULL), BF_OK);
    bf_picture_outline(&p, &box, 2, red);
    for (y = 0; y < 16; y++)
        for (x = 0; x < 16; x++) {
            bool in = x >= 4 && x < 12 && y >= 4 && y < 10,
                 hole = x >= 6 && x < 10 && y >= 6 && y < 8;

            assert_int_equal(p.rgb[(y * 16 + x) * 3], in && !hole ? 255 : 0);
        }
    bf_picture_fill(&p, &beyond, white, 51);
    assert_int_equal(p.rgb[0], 51);
    assert_int_equal(p.rgb[15 * 16 * 3 + 1], 51);
    assert_int_equal(p.rgb[(4 * 16 + 4) * 3], 255);
    bf_picture_release(&p);
    assert_int_equal(bf_picture_create(&p, 0, 16, NULL), BF_ERR_LIMIT);
    assert_int_equal(bf_picture_create(&p, 16, BF_VIDEO_DIM_MAX + 1, NULL), BF_ERR_LIMIT);
    bf_picture_release(&p);
}

static void encodes(void **state)
{
    struct bf_picture_scaler *s = bf_picture_scaler_create();
    static struct quarters q;
    struct bf_buf out = {0};
    struct bf_picture p;

    (void)state;
    make_quarters(&q, (struct bf_orientation){1, 0, 0, 1});
    assert_int_equal(bf_picture_create(&p, 37, 19, NULL), BF_OK);
    assert_int_equal(bf_picture_scale(&p, s, &q.frame, NULL), BF_OK);
    assert_int_equal(bf_picture_encode(&out, &p, BF_PICTURE_PNG, NULL), BF_OK);
    /* signature, then IHDR with the size */
    assert_memory_equal(out.data, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(bf_get_be32(out.data + 16), 37);
    assert_int_equal(bf_get_be32(out.data + 20), 19);
    assert_memory_equal(out.data + out.len - 8, "IEND", 4);
    bf_buf_release(&out);
    assert_int_equal(bf_picture_encode(&out, &p, BF_PICTURE_JPEG, NULL), BF_OK);
    assert_memory_equal(out.data, "\xff\xd8\xff", 3);
    assert_memory_equal(out.data + out.len - 2, "\xff\xd9", 2);
    bf_buf_release(&out);
    bf_picture_release(&p);
    bf_picture_scaler_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_as_shown),
        cmocka_unit_test(fits),
        cmocka_unit_test(draws_inside),
        cmocka_unit_test(encodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
