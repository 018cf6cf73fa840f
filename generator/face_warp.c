#include "generator/face_warp.h"
#include "generator/face_mask.h"
#include "generator/face_part.h"
#include "generator/face_place.h"
#include "generator/point_warp.h"
#include "lib/nn/random.h"

#include <math.h>
#include <stdlib.h>

enum { WAVES = 3, POINTS_MAX = 160 };

enum motion { JAW, SMILE, LIPS, BROWS, LIDS, NOSE, MOTIONS };

/* A few sines of other lengths: never still for long, never quick. */
struct wave {
    float turns_a_second[WAVES], phase[WAVES], size, offset;
};

struct face_warp {
    struct bf_fake_options how;
    struct wave wave[MOTIONS];
    float feather;
    struct bf_point_warp warp;
};

/* Points that move: by how much of each motion, and which way, in parts of the face's width. */
struct mover {
    uint16_t point;
    uint8_t motion;
    float right, down;
};
static const struct mover movers[] = {
    /* the lower lip, inside and out, and the chin */
    {14, JAW, 0, 0.098f},
    {17, JAW, 0, 0.098f},
    {84, JAW, 0, 0.091f},
    {314, JAW, 0, 0.091f},
    {181, JAW, 0, 0.07f},
    {405, JAW, 0, 0.07f},
    {87, JAW, 0, 0.091f},
    {317, JAW, 0, 0.091f},
    {178, JAW, 0, 0.07f},
    {402, JAW, 0, 0.07f},
    {18, JAW, 0, 0.084f},
    {200, JAW, 0, 0.07f},
    {199, JAW, 0, 0.063f},
    {91, JAW, 0, 0.042f},
    {321, JAW, 0, 0.042f},
    {88, JAW, 0, 0.042f},
    {318, JAW, 0, 0.042f},
    /* the corners */
    {61, SMILE, -0.04f, -0.03f},
    {291, SMILE, 0.04f, -0.03f},
    {57, SMILE, -0.04f, -0.03f},
    {287, SMILE, 0.04f, -0.03f},
    {185, SMILE, -0.03f, -0.02f},
    {409, SMILE, 0.03f, -0.02f},
    {146, SMILE, -0.03f, -0.02f},
    {375, SMILE, 0.03f, -0.02f},
    {205, SMILE, -0.01f, -0.02f},
    {425, SMILE, 0.01f, -0.02f},
    /* the upper lip */
    {0, LIPS, 0, -0.025f},
    {37, LIPS, 0, -0.025f},
    {267, LIPS, 0, -0.025f},
    {13, LIPS, 0, -0.025f},
    {82, LIPS, 0, -0.022f},
    {312, LIPS, 0, -0.022f},
    {39, LIPS, 0, -0.018f},
    {269, LIPS, 0, -0.018f},
    {164, LIPS, 0, -0.012f},
    /* brows */
    {70, BROWS, 0, -0.03f},
    {63, BROWS, 0, -0.04f},
    {105, BROWS, 0, -0.045f},
    {66, BROWS, 0, -0.045f},
    {107, BROWS, 0, -0.04f},
    {300, BROWS, 0, -0.03f},
    {293, BROWS, 0, -0.04f},
    {334, BROWS, 0, -0.045f},
    {296, BROWS, 0, -0.045f},
    {336, BROWS, 0, -0.04f},
    /* upper lids */
    {159, LIDS, 0, 0.014f},
    {160, LIDS, 0, 0.012f},
    {158, LIDS, 0, 0.012f},
    {386, LIDS, 0, 0.014f},
    {387, LIDS, 0, 0.012f},
    {385, LIDS, 0, 0.012f},
    /* the nose's width */
    {98, NOSE, -0.015f, 0},
    {327, NOSE, 0.015f, 0},
    {64, NOSE, -0.015f, 0},
    {294, NOSE, 0.015f, 0},
};
/* Points that stay. */
static const uint16_t anchors[] = {33,  133, 362, 263, 145, 374, 6,   197, 195, 5,   4,
                                   168, 9,   151, 50,  280, 123, 352, 187, 411, 116, 345,
                                   1,   2,   153, 380, 110, 339, 207, 427, 169, 394};

enum bf_err bf_face_warp_create(void **maker, const struct bf_fake_options *options,
                                struct bf_error *err)
{
    struct bf_random r = {bf_random_mix(options->seed ^ 0x77617270)};
    struct face_warp *f = calloc(1, sizeof *f);
    int m, k;

    *maker = f;
    if (f == NULL)
        return bf_error_nomem(err);
    f->how = *options;
    f->feather = 0.02f + 0.02f * bf_random_uniform(&r);
    for (m = 0; m < MOTIONS; m++) {
        struct wave *w = &f->wave[m];

        for (k = 0; k < WAVES; k++) {
            w->turns_a_second[k] = 0.25f + (m == JAW ? 1.6f : 0.6f) * bf_random_uniform(&r);
            w->phase[k] = bf_random_uniform(&r);
        }
        w->size = options->strength * (0.4f + 0.6f * bf_random_uniform(&r));
        /* A mouth opens far and closes little. */
        w->offset = m == JAW ? 0.4f : bf_random_uniform(&r) - 0.5f;
    }
    return BF_OK;
}

void bf_face_warp_release(void *maker)
{
    free(maker);
}

static float wave_at(const struct wave *w, int64_t pts_us)
{
    float sum = w->offset;
    int k;

    for (k = 0; k < WAVES; k++) {
        /* Whole turns are taken out while there are digits for it. */
        double turns = (double)pts_us * 1e-6 * (double)w->turns_a_second[k] + (double)w->phase[k];

        sum += 0.4f * sinf(6.2831853f * (float)(turns - floor(turns)));
    }
    return w->size * sum;
}

static size_t place_controls(struct bf_point2 *to, struct bf_point2 *from,
                             const struct face_warp *f, const struct bf_face_place *place,
                             int64_t pts_us)
{
    struct bf_point2 oval[BF_PART_POINTS_MAX];
    float value[MOTIONS];
    size_t n = 0, n_oval = bf_face_part_outline(oval, place->point, BF_PART_FACE), i;
    int m;

    for (m = 0; m < MOTIONS; m++)
        value[m] = wave_at(&f->wave[m], pts_us);
    for (i = 0; i < sizeof movers / sizeof *movers; i++) {
        const struct mover *k = &movers[i];
        float right = value[k->motion] * k->right * BF_PLACE_FACE_WIDTH,
              down = value[k->motion] * k->down * BF_PLACE_FACE_WIDTH;
        struct bf_point2 p = place->point[k->point];

        from[n] = p;
        to[n].x = p.x + place->from_unit.xx * right + place->from_unit.xy * down;
        to[n++].y = p.y + place->from_unit.yx * right + place->from_unit.yy * down;
    }
    for (i = 0; i < sizeof anchors / sizeof *anchors; i++)
        to[n] = from[n] = place->point[anchors[i]], n++;
    for (i = 0; i < n_oval; i++)
        to[n] = from[n] = oval[i], n++;
    return n;
}

enum bf_err bf_face_warp_change(struct bf_face_patch *patch, void *maker,
                                const struct bf_canvas *canvas, const struct bf_face *face,
                                int64_t pts_us, struct bf_error *err)
{
    struct face_warp *f = maker;
    struct bf_point2 to[POINTS_MAX], from[POINTS_MAX], outline[BF_PART_POINTS_MAX];
    struct bf_face_place place;
    struct bf_face_box box;
    float sigma;
    size_t n;
    enum bf_err rc;

    patch->w = patch->h = 0;
    if (!bf_face_place_find(&place, face, f->how.aspect))
        return BF_OK;
    sigma = fmaxf(f->feather * place.width, 0.7f);
    box = bf_points_box(place.point, BF_FACE_POINTS, 3 * sigma + 2);
    rc = bf_face_patch_set(patch, canvas, &box, err);
    if (rc != BF_OK || patch->w == 0)
        return rc;
    n = place_controls(to, from, f, &place, pts_us);
    bf_point_warp_fit(&f->warp, patch, to, from, n);
    bf_point_warp_sample(patch->rgb, &f->warp, patch, patch->target, patch->h, patch->w,
                         (float)patch->x, (float)patch->y);
    n = bf_face_part_outline(outline, place.point, BF_PART_FACE);
    bf_face_patch_points(outline, n, patch);
    bf_mask_hull(patch->alpha, patch->h, patch->w, outline, n);
    rc = bf_mask_erode(patch->alpha, patch->h, patch->w, 1.5f * sigma, err);
    return rc == BF_OK ? bf_mask_feather(patch->alpha, patch->h, patch->w, sigma, err) : rc;
}
