#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generator/donor.h"
#include "generator/face_place.h"
#include "generator/fake_maker.h"
#include "generator/point_warp.h"
#include "lib/face/canonical_face.h"
#include "lib/nn/random.h"

enum { W = 320, H = 240, N_FRAMES = 12 };

/* A face without expression, side pixels wide, turned by angle. */
static struct bf_face face_at(float x, float y, float side, float angle)
{
    struct bf_face f = {.track = 1,
                        .box = {x - side / 2, y - side / 2, x + side / 2, y + side / 2}};
    float unit = side / 15300, c = cosf(angle), s = sinf(angle);
    size_t i;

    for (i = 0; i < BF_FACE_POINTS; i++) {
        float px = unit * (float)bf_canonical_face[i][0],
              py = -unit * (float)bf_canonical_face[i][1];

        f.point[i] = (struct bf_point3){x + c * px - s * py, y + s * px + c * py, 0};
    }
    return f;
}

static struct bf_canvas *canvas_of(uint32_t w, uint32_t h)
{
    struct bf_video_info info = {.width = w, .height = h, .sar_num = 1, .sar_den = 1, .matrix = 6};
    struct bf_random r = {5};
    struct bf_canvas *c;
    size_t x, y;

    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    for (y = 0; y < h; y++)
        for (x = 0; x < w; x++)
            c->plane[0][(ptrdiff_t)y * c->stride[0] + (ptrdiff_t)x] =
                (uint8_t)(60 + x / 4 + y / 4 + bf_random_below(&r, 20));
    return c;
}

/* Stripes of another colour, their landmarks as a face's. */
static void donor_of(struct bf_donor *d, size_t n)
{
    size_t i, k;

    memset(d, 0, sizeof *d);
    d->face = calloc(n, sizeof *d->face);
    assert_non_null(d->face);
    for (i = 0; i < n; i++) {
        struct bf_donor_face *f = &d->face[i];
        struct bf_face face = face_at(160, 160, 200, 0);

        f->rgb = malloc((size_t)BF_DONOR_SIZE * BF_DONOR_SIZE * 3);
        assert_non_null(f->rgb);
        for (k = 0; k < (size_t)BF_DONOR_SIZE * BF_DONOR_SIZE * 3; k++)
            f->rgb[k] = (uint8_t)(k % 3 == 0 ? 200 : 80 + 40 * (k / 3 % 40 / 20) + i);
        for (k = 0; k < BF_FACE_POINTS; k++)
            f->point[k] = (struct bf_point2){face.point[k].x, face.point[k].y};
        f->pts_us = (int64_t)i * 40000;
        f->follows = i > 0;
    }
    d->n = n;
}

static double mean_alpha(const struct bf_face_patch *p)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < p->w * p->h; i++) {
        assert_true(p->alpha[i] >= 0 && p->alpha[i] <= 1);
        sum += (double)p->alpha[i];
    }
    return sum;
}

/* Each method over a clip in which the face drifts: the face is changed, the rest is not, and a
 * second run gives the same. */
static void every_method_changes_the_face_alone(void **state)
{
    const struct bf_fake_method *m;
    struct bf_donor d;

    (void)state;
    donor_of(&d, 30);
    for (m = bf_fake_methods; m->name != NULL; m++) {
        struct bf_fake_options how = {
            .seed = 3, .strength = 1, .aspect = 1, .donor = &d, .colour = BF_COLOUR_REINHARD};
        struct bf_face_patch patch = {0}, again = {0};
        void *maker, *second;
        int k;

        assert_ptr_equal(bf_fake_method_find(m->name), m);
        assert_int_equal(m->create(&maker, &how, NULL), BF_OK);
        assert_int_equal(m->create(&second, &how, NULL), BF_OK);
        for (k = 0; k < N_FRAMES; k++) {
            struct bf_canvas *c = canvas_of(W, H), *before = canvas_of(W, H);
            struct bf_face face = face_at(150 + (float)k, 120, 110, 0.1f);
            size_t x, y, n_changed = 0;

            assert_int_equal(m->change(&patch, maker, c, &face, 40000 * k, NULL), BF_OK);
            assert_int_equal(m->change(&again, second, c, &face, 40000 * k, NULL), BF_OK);
            assert_true(patch.w > 0 && mean_alpha(&patch) > 100);
            assert_int_equal(patch.w, again.w);
            assert_memory_equal(patch.rgb, again.rgb, 3 * patch.w * patch.h * sizeof *patch.rgb);
            assert_memory_equal(patch.alpha, again.alpha, patch.w * patch.h * sizeof *patch.alpha);
            bf_face_patch_put(&patch, c);
            for (y = 0; y < H; y++)
                for (x = 0; x < W; x++) {
                    ptrdiff_t at = (ptrdiff_t)y * c->stride[0] + (ptrdiff_t)x;

                    if (c->plane[0][at] == before->plane[0][at])
                        continue;
                    n_changed++;
                    assert_true(hypot((double)x - 150 - k, (double)y - 120) < 90);
                }
            assert_true(n_changed > 100);
            bf_canvas_free(&c);
            bf_canvas_free(&before);
        }
        bf_face_patch_release(&patch);
        bf_face_patch_release(&again);
        m->release(maker);
        m->release(second);
    }
    bf_donor_release(&d);
}

/* At the picture's edge, beyond it, larger than it, as small as a point: no crash, nothing outside.
 */
static void faces_may_lie_anywhere(void **state)
{
    static const float place[][3] = {{0, 0, 100},     {319, 239, 120}, {-500, 90, 80},
                                     {160, 120, 900}, {160, 120, 12},  {160, 120, 0},
                                     {5, 230, 60},    {160, 120, 2},   {NAN, 100, 100}};
    const struct bf_fake_method *m;
    struct bf_donor d;
    size_t i;

    (void)state;
    donor_of(&d, 2);
    for (m = bf_fake_methods; m->name != NULL; m++)
        for (i = 0; i < sizeof place / sizeof *place; i++) {
            struct bf_fake_options how = {.seed = i,
                                          .strength = 0.7f,
                                          .aspect = 1.5f,
                                          .donor = &d,
                                          .seamless = true,
                                          .colour = BF_COLOUR_HISTOGRAM};
            struct bf_face face = face_at(place[i][0], place[i][1], place[i][2], 1);
            struct bf_canvas *c = canvas_of(i % 2 ? W : 317, H);
            struct bf_face_patch patch = {0};
            void *maker;

            assert_int_equal(m->create(&maker, &how, NULL), BF_OK);
            assert_int_equal(m->change(&patch, maker, c, &face, 0, NULL), BF_OK);
            assert_true(patch.x + patch.w <= c->width && patch.y + patch.h <= c->height);
            bf_face_patch_put(&patch, c);
            bf_face_patch_release(&patch);
            m->release(maker);
            bf_canvas_free(&c);
        }
    bf_donor_release(&d);
}

/* What the seed decides holds over the clip, and another seed decides otherwise. */
static void a_still_face_is_blended_alike_in_each_frame(void **state)
{
    const struct bf_fake_method *m = bf_fake_method_find("self");
    struct bf_fake_options how = {.seed = 11, .strength = 1, .aspect = 1};
    struct bf_face face = face_at(160, 120, 100, 0);
    struct bf_canvas *c = canvas_of(W, H);
    struct bf_face_patch first = {0}, later = {0}, other = {0};
    void *maker, *second;

    (void)state;
    assert_int_equal(m->create(&maker, &how, NULL), BF_OK);
    how.seed = 12;
    assert_int_equal(m->create(&second, &how, NULL), BF_OK);
    assert_int_equal(m->change(&first, maker, c, &face, 0, NULL), BF_OK);
    assert_int_equal(m->change(&later, maker, c, &face, 7000000, NULL), BF_OK);
    assert_int_equal(m->change(&other, second, c, &face, 0, NULL), BF_OK);
    assert_memory_equal(first.rgb, later.rgb, 3 * first.w * first.h * sizeof *first.rgb);
    assert_true(other.w != first.w || other.h != first.h ||
                memcmp(first.alpha, other.alpha, first.w * first.h * sizeof *first.alpha) != 0);
    bf_face_patch_release(&first);
    bf_face_patch_release(&later);
    bf_face_patch_release(&other);
    m->release(maker);
    m->release(second);
    bf_canvas_free(&c);
}

/* With pixels that are not square the same face, squeezed, gets the same mask, squeezed. */
static void masks_follow_the_pixels_aspect(void **state)
{
    const struct bf_fake_method *m = bf_fake_method_find("self");
    struct bf_fake_options square = {.seed = 4, .strength = 1, .aspect = 1},
                           wide = {.seed = 4, .strength = 1, .aspect = 2};
    struct bf_face face = face_at(160, 120, 110, 0.3f), narrow;
    struct bf_canvas *c = canvas_of(W, H);
    struct bf_face_patch a = {0}, b = {0};
    void *maker;
    size_t i;
    double ratio;

    (void)state;
    narrow = face;
    for (i = 0; i < BF_FACE_POINTS; i++)
        narrow.point[i].x /= 2;
    assert_int_equal(m->create(&maker, &square, NULL), BF_OK);
    assert_int_equal(m->change(&a, maker, c, &face, 0, NULL), BF_OK);
    m->release(maker);
    assert_int_equal(m->create(&maker, &wide, NULL), BF_OK);
    assert_int_equal(m->change(&b, maker, c, &narrow, 0, NULL), BF_OK);
    m->release(maker);
    ratio = mean_alpha(&b) / mean_alpha(&a);
    assert_true(ratio > 0.42 && ratio < 0.55);
    bf_face_patch_release(&a);
    bf_face_patch_release(&b);
    bf_canvas_free(&c);
}

/* The points come to lie where they are told, and a similarity is followed exactly everywhere. */
static void a_warp_brings_its_points(void **state)
{
    static const struct bf_point2 to[] = {{40, 40}, {100, 50}, {60, 110}, {130, 120}, {90, 80}};
    struct bf_face_patch patch = {.x = 16, .y = 32, .w = 160, .h = 144};
    struct bf_point_warp *w = malloc(sizeof *w);
    struct bf_point2 from[5], got;
    size_t i;

    (void)state;
    assert_non_null(w);
    for (i = 0; i < 5; i++)
        from[i] = (struct bf_point2){0.8f * to[i].x - 0.3f * to[i].y + 7,
                                     0.3f * to[i].x + 0.8f * to[i].y - 2};
    bf_point_warp_fit(w, &patch, to, from, 5);
    for (i = 0; i < 20; i++) {
        float x = 20 + 7 * (float)i, y = 40 + 6 * (float)i;

        got = bf_point_warp_at(w, x, y);
        assert_true(hypotf(got.x - (0.8f * x - 0.3f * y + 7), got.y - (0.3f * x + 0.8f * y - 2)) <
                    0.05f);
    }
    from[4].x += 6;
    bf_point_warp_fit(w, &patch, to, from, 5);
    for (i = 0; i < 5; i++) {
        got = bf_point_warp_at(w, to[i].x, to[i].y);
        assert_true(hypotf(got.x - from[i].x, got.y - from[i].y) < 1);
    }
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_changes_the_face_alone),
        cmocka_unit_test(faces_may_lie_anywhere),
        cmocka_unit_test(a_still_face_is_blended_alike_in_each_frame),
        cmocka_unit_test(masks_follow_the_pixels_aspect),
        cmocka_unit_test(a_warp_brings_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
