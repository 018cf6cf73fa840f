#include "generator/self_blend.h"
#include "lib/media/degrade.h"
#include "generator/face_mask.h"
#include "generator/face_part.h"
#include "generator/face_place.h"
#include "lib/media/gaussian.h"
#include "generator/sharpen.h"
#include "lib/nn/random.h"

#include <math.h>
#include <stdlib.h>

enum { NODES = 24, OUTLINE_MAX = 512 };

enum loss { LOSS_NONE, LOSS_SCALE, LOSS_SHARP, LOSS_SOFT, LOSS_JPEG };

/* All of it is decided once. Lengths are parts of the face's width, or of the unit square. */
struct self_blend {
    float aspect;
    enum bf_face_part part;
    struct bf_point2 bend[NODES * NODES]; /* of the outline, over the unit square */
    struct bf_affine move;                /* within the unit square, from where a pixel is taken */
    struct bf_colour_shift shift;
    enum loss loss;
    float factor; /* of the loss */
    float shrink; /* of LOSS_SCALE, by the face's size when it is first seen; 0: not yet */
    float feather, ratio;
};

static float between(struct bf_random *r, float low, float high)
{
    return low + (high - low) * bf_random_uniform(r);
}

/* White noise made smooth: of deviation 1, and like itself over a tenth of the square. */
static enum bf_err draw_bend(struct self_blend *s, struct bf_random *r, float amount,
                             struct bf_error *err)
{
    const float nodes = 2.2f;
    float noise[2 * NODES * NODES], gain = amount * 2 * sqrtf(3.14159265f) * nodes;
    enum bf_err rc;
    size_t i;

    for (i = 0; i < 2 * NODES * NODES; i++)
        noise[i] = bf_random_normal(r);
    rc = bf_gaussian(noise, NODES, NODES, 2, nodes, err);
    for (i = 0; rc == BF_OK && i < NODES * NODES; i++)
        s->bend[i] = (struct bf_point2){gain * noise[2 * i], gain * noise[2 * i + 1]};
    return rc;
}

static void draw_loss(struct self_blend *s, struct bf_random *r)
{
    float p = bf_random_uniform(r);

    s->loss = p < 0.15f   ? LOSS_NONE
              : p < 0.45f ? LOSS_SCALE
              : p < 0.7f  ? LOSS_SHARP
              : p < 0.8f  ? LOSS_SOFT
                          : LOSS_JPEG;
    s->factor = bf_random_uniform(r);
}

enum bf_err bf_self_blend_create(void **maker, const struct bf_fake_options *options,
                                 struct bf_error *err)
{
    static const float ratios[] = {0.25f, 0.5f, 0.75f, 1, 1, 1};
    struct bf_random r = {bf_random_mix(options->seed)};
    struct self_blend *s = calloc(1, sizeof *s);
    float strong = options->strength, shade, zoom, part;
    enum bf_err rc;
    int c;

    *maker = s;
    if (s == NULL)
        return bf_error_nomem(err);
    s->aspect = options->aspect;
    part = bf_random_uniform(&r);
    s->part = part < 0.4f ? BF_PART_FACE : part < 0.85f ? BF_PART_INNER : BF_PART_LOWER;
    rc = draw_bend(s, &r, 0.012f * strong, err);
    zoom = 1 + strong * between(&r, -0.05f, 0.05f);
    s->move = (struct bf_affine){.xx = zoom, .yy = zoom};
    s->move.x0 = 0.5f * (1 - zoom) + strong * BF_PLACE_FACE_WIDTH * between(&r, -0.03f, 0.03f);
    s->move.y0 = 0.5f * (1 - zoom) + strong * BF_PLACE_FACE_WIDTH * between(&r, -0.015f, 0.015f);
    /* From hardly to be seen to plain; the paper's hue and value move by .3 of a grey level, which
     * is nothing, and .3 of the circle would be no skin. */
    strong *= 0.15f + 0.85f * bf_random_uniform(&r);
    shade = strong * between(&r, -12, 12);
    for (c = 0; c < 3; c++)
        s->shift.rgb[c] = (shade + strong * between(&r, -8, 8)) / 255;
    s->shift.hue = strong * between(&r, -0.008f, 0.008f);
    s->shift.saturation = strong * between(&r, -0.2f, 0.2f);
    s->shift.brightness = strong * between(&r, -0.04f, 0.04f);
    s->shift.contrast = strong * between(&r, -0.1f, 0.1f);
    draw_loss(s, &r);
    s->feather = between(&r, 0.01f, 0.04f);
    s->ratio = ratios[bf_random_below(&r, sizeof ratios / sizeof *ratios)];
    return rc;
}

void bf_self_blend_release(void *maker)
{
    free(maker);
}

static struct bf_point2 bend_at(const struct self_blend *s, struct bf_point2 u)
{
    float x = fminf(fmaxf(u.x, 0), 1) * (NODES - 1), y = fminf(fmaxf(u.y, 0), 1) * (NODES - 1);
    size_t ix = (size_t)x < NODES - 2 ? (size_t)x : NODES - 2,
           iy = (size_t)y < NODES - 2 ? (size_t)y : NODES - 2;
    const struct bf_point2 *a = &s->bend[iy * NODES + ix], *b = a + NODES;
    float fx = x - (float)ix, fy = y - (float)iy;

    return (struct bf_point2){u.x + (1 - fy) * ((1 - fx) * a[0].x + fx * a[1].x) +
                                  fy * ((1 - fx) * b[0].x + fx * b[1].x),
                              u.y + (1 - fy) * ((1 - fx) * a[0].y + fx * a[1].y) +
                                  fy * ((1 - fx) * b[0].y + fx * b[1].y)};
}

/* The part's hull in small steps, each bent. Returns how many points. */
static size_t bent_outline(struct bf_point2 *out, const struct self_blend *s,
                           const struct bf_face_place *p)
{
    struct bf_point2 corner[BF_PART_POINTS_MAX], hull[BF_PART_POINTS_MAX];
    size_t n = bf_face_part_outline(corner, p->point, s->part), n_out = 0, i, k;

    n = bf_hull(hull, corner, n);
    for (i = 0; i < n; i++) {
        struct bf_point2 a = hull[i], b = hull[(i + 1) % n];
        float length = hypotf(b.x - a.x, b.y - a.y) / p->width;
        size_t steps = 1 + (size_t)fminf(length / 0.03f, 60);

        for (k = 0; k < steps && n_out < OUTLINE_MAX; k++) {
            float t = (float)k / (float)steps;
            struct bf_point2 u =
                bf_affine_apply(&p->to_unit, a.x + t * (b.x - a.x), a.y + t * (b.y - a.y));

            u = bend_at(s, u);
            out[n_out++] = bf_affine_apply(&p->from_unit, u.x, u.y);
        }
    }
    return n_out;
}

static enum bf_err lose(struct bf_face_patch *p, struct self_blend *s, float width,
                        struct bf_error *err)
{
    switch (s->loss) {
    case LOSS_NONE:
        break;
    case LOSS_SCALE:
        /* A face of 100 pixels at a quarter would be a smear. */
        if (s->shrink <= 0)
            s->shrink = s->factor > 0.6f && width > 180 ? 4 : 2;
        return bf_degrade_scale(p->rgb, p->h, p->w, s->shrink, err);
    case LOSS_SHARP:
        return bf_sharpen(p->rgb, p->h, p->w, fmaxf(0.004f * width, 0.7f), 0.4f + s->factor, err);
    case LOSS_SOFT:
        return bf_gaussian(p->rgb, p->h, p->w, 3, (0.003f + 0.005f * s->factor) * width, err);
    case LOSS_JPEG:
        return bf_degrade_jpeg(p->rgb, p->h, p->w, 40 + (int)(50 * s->factor), err);
    }
    return BF_OK;
}

enum bf_err bf_self_blend_change(struct bf_face_patch *patch, void *maker,
                                 const struct bf_canvas *canvas, const struct bf_face *face,
                                 int64_t pts_us, struct bf_error *err)
{
    struct self_blend *s = maker;
    struct bf_point2 outline[OUTLINE_MAX];
    struct bf_face_place place;
    struct bf_affine from, corner;
    struct bf_face_box box;
    float sigma;
    size_t n, i;
    enum bf_err rc;

    (void)pts_us;
    patch->w = patch->h = 0;
    if (!bf_face_place_find(&place, face, s->aspect))
        return BF_OK;
    sigma = fmaxf(s->feather * place.width, 0.7f);
    n = bent_outline(outline, s, &place);
    box = bf_points_box(outline, n, 3 * sigma + 0.06f * place.width);
    rc = bf_face_patch_set(patch, canvas, &box, err);
    if (rc != BF_OK || patch->w == 0)
        return rc;

    bf_face_patch_points(outline, n, patch);
    bf_mask_polygon(patch->alpha, patch->h, patch->w, outline, n);
    rc = bf_mask_erode(patch->alpha, patch->h, patch->w, sigma, err);
    if (rc == BF_OK)
        rc = bf_mask_feather(patch->alpha, patch->h, patch->w, sigma, err);
    for (i = 0; i < patch->w * patch->h; i++)
        patch->alpha[i] *= s->ratio;

    /* frame -> unit square -> moved there -> frame -> patch */
    from = bf_affine_chain(&place.to_unit, &s->move);
    from = bf_affine_chain(&from, &place.from_unit);
    corner = (struct bf_affine){.xx = 1, .x0 = -(float)patch->x, .yy = 1, .y0 = -(float)patch->y};
    from = bf_affine_chain(&from, &corner);
    bf_face_patch_sample(patch->rgb, patch, patch->target, patch->h, patch->w, &from);
    bf_colour_shift_apply(patch->rgb, patch->h, patch->w, &s->shift);
    return rc == BF_OK ? lose(patch, s, place.width, err) : rc;
}
