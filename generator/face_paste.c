#include "generator/face_paste.h"
#include "lib/media/degrade.h"
#include "generator/donor.h"
#include "generator/face_mask.h"
#include "generator/face_part.h"
#include "generator/face_place.h"
#include "generator/point_warp.h"
#include "generator/poisson.h"
#include "lib/face/canonical_face.h"
#include "lib/nn/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FADE = 3, CONTROLS = 160 };

#define STAY 2.5f        /* by how much another moment must fit better */
#define AWAY_US 500000   /* of one's own video: nearer is the same moment */
#define COLOUR_KEEP 0.9f /* of the frame before, at 25 frames a second */

enum what { WHAT_FACE, WHAT_MESH, WHAT_MOUTH, WHAT_EYES };

struct paste {
    struct bf_fake_options how;
    enum what what;
    float feather; /* of the face's width */
    struct bf_random random;
    bool started;
    size_t now, before; /* of the donor's faces; before: the one that is faded out */
    int fade;           /* frames until before is gone */
    int direction;
    int64_t last_us;
    uint32_t track; /* another one is another scene, in another light */
    struct bf_colour_map colour;
    float *square; /* (BF_DONOR_SIZE, BF_DONOR_SIZE, 3), 0 to 1 */
    float *small;  /* the same, resampled */
    struct bf_point_warp warp;
};

static enum bf_err create(void **maker, const struct bf_fake_options *options, enum what what,
                          struct bf_error *err)
{
    const size_t n = (size_t)BF_DONOR_SIZE * BF_DONOR_SIZE * 3;
    struct paste *p = calloc(1, sizeof *p);

    *maker = p;
    if (p == NULL)
        return bf_error_nomem(err);
    p->how = *options;
    p->what = what;
    p->random.state = bf_random_mix(options->seed ^ 0x70617374);
    p->feather = 0.015f + 0.025f * bf_random_uniform(&p->random);
    p->direction = 1;
    p->square = malloc(n * sizeof *p->square);
    p->small = malloc(n * sizeof *p->small);
    return p->square != NULL && p->small != NULL ? BF_OK : bf_error_nomem(err);
}

enum bf_err bf_face_paste_create_face(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err)
{
    return create(maker, options, WHAT_FACE, err);
}

enum bf_err bf_face_paste_create_mesh(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err)
{
    return create(maker, options, WHAT_MESH, err);
}

enum bf_err bf_face_paste_create_mouth(void **maker, const struct bf_fake_options *options,
                                       struct bf_error *err)
{
    return create(maker, options, WHAT_MOUTH, err);
}

enum bf_err bf_face_paste_create_eyes(void **maker, const struct bf_fake_options *options,
                                      struct bf_error *err)
{
    return create(maker, options, WHAT_EYES, err);
}

void bf_face_paste_release(void *maker)
{
    struct paste *p = maker;

    if (p == NULL)
        return;
    free(p->square);
    free(p->small);
    free(p);
}

/* --- which of the donor's faces ----------------------------------------------------------------
 */

/* How badly donor face k fits: 1 is 8 degrees of turn. */
static float misfit(const struct paste *p, size_t k, const struct bf_face *face, float mouth,
                    int64_t pts_us)
{
    const struct bf_donor_face *d = &p->how.donor->face[k];
    float yaw = (d->yaw_deg - face->pose.yaw_deg) / 8,
          pitch = (d->pitch_deg - face->pose.pitch_deg) / 8, cost = yaw * yaw + pitch * pitch;

    if (p->what == WHAT_FACE || p->what == WHAT_MESH)
        cost += 4 * fabsf(d->mouth - mouth);
    else if (llabs(d->pts_us - pts_us) < AWAY_US)
        /* The farther the better, where all of a short clip is near. */
        cost += 100 - (float)llabs(d->pts_us - pts_us) / AWAY_US;
    return cost;
}

/* Whether the donor's film can go on from face k in this direction. */
static bool goes_on(const struct bf_donor *d, size_t k, int direction)
{
    return direction > 0 ? k + 1 < d->n && d->face[k + 1].follows : k > 0 && d->face[k].follows;
}

static void choose(struct paste *p, const struct bf_face *face, float mouth, int64_t pts_us)
{
    const struct bf_donor *d = p->how.donor;
    size_t next = p->now, best = 0, k;
    float best_cost = INFINITY, cost;

    for (k = 0; k < d->n; k++) {
        cost = misfit(p, k, face, mouth, pts_us);
        if (cost < best_cost) {
            best_cost = cost;
            best = k;
        }
    }
    if (face->track != p->track)
        p->colour.mode = BF_COLOUR_NONE;
    p->track = face->track;
    if (!p->started || pts_us - p->last_us > 400000) {
        p->now = p->before = best;
        p->fade = 0;
        p->started = true;
        p->last_us = pts_us;
        p->colour.mode = BF_COLOUR_NONE;
        return;
    }
    p->last_us = pts_us;
    if (!goes_on(d, p->now, p->direction))
        p->direction = -p->direction;
    if (goes_on(d, p->now, p->direction))
        next = p->direction > 0 ? p->now + 1 : p->now - 1;
    if (p->fade > 0) {
        p->fade--;
        if (goes_on(d, p->before, p->direction))
            p->before = p->direction > 0 ? p->before + 1 : p->before - 1;
    }
    if (p->fade == 0 && misfit(p, next, face, mouth, pts_us) > best_cost + STAY) {
        p->before = next;
        p->now = best;
        p->fade = FADE;
    } else {
        p->now = next;
    }
}

/* --- laying it over ------------------------------------------------------------------------------
 */

/* From the donor's square to the frame. */
static bool fit(struct bf_affine *out, const struct bf_donor_face *d,
                const struct bf_face_place *place, float aspect)
{
    struct bf_point2 from[BF_RIGID_POINTS], to[BF_RIGID_POINTS];
    size_t i;

    for (i = 0; i < BF_RIGID_POINTS; i++) {
        struct bf_point2 p = place->point[bf_rigid_points[i]];

        from[i] = d->point[bf_rigid_points[i]];
        to[i] = (struct bf_point2){p.x * aspect, p.y};
    }
    if (!bf_similarity_fit(out, from, to, BF_RIGID_POINTS))
        return false;
    out->xx /= aspect;
    out->xy /= aspect;
    out->x0 /= aspect;
    return true;
}

/* Every third point of the mesh, in the frame and in the donor's square. */
static size_t controls(struct bf_point2 *to, struct bf_point2 *from,
                       const struct bf_face_place *place, const struct bf_donor_face *d)
{
    size_t n = 0, i;

    for (i = 0; i < BF_FACE_POINTS && n < CONTROLS; i += 3) {
        to[n] = place->point[i];
        from[n++] = d->point[i];
    }
    return n;
}

/* Donor face k as the patch's pixels. */
static void lay(float *out, struct paste *p, size_t k, const struct bf_face_patch *patch,
                const struct bf_face_place *place, const struct bf_affine *to_frame)
{
    const struct bf_donor_face *d = &p->how.donor->face[k];
    const float *in = p->square;
    size_t side = BF_DONOR_SIZE, n = side * side * 3, i;
    struct bf_affine to_square;
    float scale = bf_affine_scale(to_frame);

    for (i = 0; i < n; i++)
        p->square[i] = (float)d->rgb[i] / 255;
    if (scale < 0.75f) {
        /* Sampled as it is, a square that is to shrink would glitter. */
        side = (size_t)fmaxf((float)BF_DONOR_SIZE * scale, 16);
        bf_resample(p->small, side, side, p->square, BF_DONOR_SIZE, BF_DONOR_SIZE);
        in = p->small;
    }
    scale = (float)side / BF_DONOR_SIZE;
    if (p->what == WHAT_MESH) {
        struct bf_point2 to[CONTROLS], from[CONTROLS];
        size_t n_points = controls(to, from, place, d);

        for (i = 0; i < n_points; i++)
            from[i] = (struct bf_point2){from[i].x * scale, from[i].y * scale};
        bf_point_warp_fit(&p->warp, patch, to, from, n_points);
        bf_point_warp_sample(out, &p->warp, patch, in, side, side, 0, 0);
        return;
    }
    if (!bf_affine_invert(&to_square, to_frame)) {
        memcpy(out, patch->target, 3 * patch->w * patch->h * sizeof *out);
        return;
    }
    to_square.xx *= scale;
    to_square.xy *= scale;
    to_square.x0 *= scale;
    to_square.yx *= scale;
    to_square.yy *= scale;
    to_square.y0 *= scale;
    bf_face_patch_sample(out, patch, in, side, side, &to_square);
}

/* The outline of a part of the frame's face, and behind it of the donor's, in the patch. */
static size_t outlines(struct bf_point2 *out, const struct paste *p, enum bf_face_part part,
                       const struct bf_face_place *place, const struct bf_affine *to_frame)
{
    const struct bf_donor_face *d = &p->how.donor->face[p->now];
    size_t n = bf_face_part_outline(out, place->point, part), i;

    bf_face_part_outline(out + n, d->point, part);
    for (i = n; i < 2 * n; i++)
        out[i] = bf_affine_apply(to_frame, out[i].x, out[i].y);
    return n;
}

/* Where both are face; or, of a part, where either is. */
static void draw_mask(struct bf_face_patch *patch, const struct paste *p,
                      const struct bf_face_place *place, const struct bf_affine *to_frame)
{
    struct bf_point2 point[2 * BF_PART_POINTS_MAX];
    size_t pixels = patch->w * patch->h, n, i;

    if (p->what == WHAT_FACE || p->what == WHAT_MESH) {
        n = outlines(point, p, BF_PART_FACE, place, to_frame);
        bf_face_patch_points(point, 2 * n, patch);
        bf_mask_hull(patch->alpha, patch->h, patch->w, point, n);
        if (p->what == WHAT_MESH)
            return; /* the donor's outline is bent onto this one */
        bf_mask_hull(patch->mask, patch->h, patch->w, point + n, n);
        for (i = 0; i < pixels; i++)
            patch->alpha[i] = fminf(patch->alpha[i], patch->mask[i]);
        return;
    }
    n = outlines(point, p, p->what == WHAT_MOUTH ? BF_PART_MOUTH : BF_PART_RIGHT_EYE, place,
                 to_frame);
    bf_face_patch_points(point, 2 * n, patch);
    bf_mask_hull(patch->alpha, patch->h, patch->w, point, 2 * n);
    if (p->what == WHAT_MOUTH)
        return;
    n = outlines(point, p, BF_PART_LEFT_EYE, place, to_frame);
    bf_face_patch_points(point, 2 * n, patch);
    bf_mask_hull(patch->mask, patch->h, patch->w, point, 2 * n);
    for (i = 0; i < pixels; i++)
        patch->alpha[i] = fmaxf(patch->alpha[i], patch->mask[i]);
}

static void match_colours(struct bf_face_patch *patch, struct paste *p)
{
    struct bf_colour_map map;

    bf_colour_map_measure(&map, p->how.colour, patch->rgb, patch->target, patch->alpha, patch->h,
                          patch->w);
    bf_colour_map_smooth(&map, &p->colour, COLOUR_KEEP);
    p->colour = map;
    bf_colour_map_apply(patch->rgb, &map, patch->h, patch->w);
}

/* As a donor's is measured: in the aligned square, where pixels are as wide as high. */
static float mouth_of(const struct bf_face_place *place)
{
    struct bf_point2 point[BF_FACE_POINTS];
    size_t i;

    for (i = 0; i < BF_FACE_POINTS; i++)
        point[i] = bf_affine_apply(&place->to_unit, place->point[i].x, place->point[i].y);
    return bf_mouth_gap(point);
}

enum bf_err bf_face_paste_change(struct bf_face_patch *patch, void *maker,
                                 const struct bf_canvas *canvas, const struct bf_face *face,
                                 int64_t pts_us, struct bf_error *err)
{
    struct paste *p = maker;
    const struct bf_donor *d = p->how.donor;
    struct bf_face_place place;
    struct bf_affine to_frame, to_frame_before;
    struct bf_face_box box;
    float sigma, mix;
    bool whole = p->what == WHAT_FACE || p->what == WHAT_MESH;
    size_t n, i;
    enum bf_err rc;

    patch->w = patch->h = 0;
    if (!bf_face_place_find(&place, face, p->how.aspect))
        return BF_OK;
    choose(p, face, mouth_of(&place), pts_us);
    if (!fit(&to_frame, &d->face[p->now], &place, p->how.aspect) ||
        (p->fade > 0 && !fit(&to_frame_before, &d->face[p->before], &place, p->how.aspect)))
        return BF_OK;
    sigma = fmaxf(p->feather * place.width * (whole ? 1 : 0.6f), 0.7f);
    box = bf_points_box(place.point, BF_FACE_POINTS, 3 * sigma + 2);
    rc = bf_face_patch_set(patch, canvas, &box, err);
    if (rc != BF_OK || patch->w == 0)
        return rc;

    lay(patch->rgb, p, p->now, patch, &place, &to_frame);
    if (p->fade > 0) {
        lay(patch->more, p, p->before, patch, &place, &to_frame_before);
        mix = (float)p->fade / (FADE + 1);
        n = 3 * patch->w * patch->h;
        for (i = 0; i < n; i++)
            patch->rgb[i] += mix * (patch->more[i] - patch->rgb[i]);
    }
    draw_mask(patch, p, &place, &to_frame);
    rc = bf_mask_erode(patch->alpha, patch->h, patch->w, whole ? 1.5f * sigma : 0.5f * sigma, err);
    if (rc != BF_OK)
        return rc;
    match_colours(patch, p);
    if (p->how.seamless) {
        float *solved = patch->more;

        rc = bf_poisson_blend(solved, patch->rgb, patch->target, patch->alpha, patch->h, patch->w,
                              err);
        patch->more = patch->rgb;
        patch->rgb = solved;
    }
    if (rc == BF_OK)
        rc = bf_mask_feather(patch->alpha, patch->h, patch->w, sigma, err);
    for (i = 0; i < patch->w * patch->h; i++)
        patch->alpha[i] *= p->how.strength;
    return rc;
}
