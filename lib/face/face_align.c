#include "lib/face/face_align.h"
#include "lib/face/canonical_face.h"

#include <math.h>

struct bf_affine bf_affine_chain(const struct bf_affine *first, const struct bf_affine *second)
{
    const struct bf_affine *f = first, *s = second;
    struct bf_point2 origin = bf_affine_apply(s, f->x0, f->y0);

    return (struct bf_affine){.xx = s->xx * f->xx + s->xy * f->yx,
                              .xy = s->xx * f->xy + s->xy * f->yy,
                              .x0 = origin.x,
                              .yx = s->yx * f->xx + s->yy * f->yx,
                              .yy = s->yx * f->xy + s->yy * f->yy,
                              .y0 = origin.y};
}

bool bf_affine_invert(struct bf_affine *out, const struct bf_affine *a)
{
    float det = a->xx * a->yy - a->xy * a->yx;
    struct bf_affine r;

    if (!(fabsf(det) > 1e-12f))
        return false;
    r = (struct bf_affine){
        .xx = a->yy / det, .xy = -a->xy / det, .yx = -a->yx / det, .yy = a->xx / det};
    r.x0 = -(r.xx * a->x0 + r.xy * a->y0);
    r.y0 = -(r.yx * a->x0 + r.yy * a->y0);
    *out = r;
    return true;
}

float bf_affine_scale(const struct bf_affine *a)
{
    return sqrtf(fabsf(a->xx * a->yy - a->xy * a->yx));
}

struct bf_affine bf_affine_square(float x, float y, float side, float angle, float size)
{
    float c = cosf(angle) * side / size, s = sinf(angle) * side / size, h = size / 2;

    return (struct bf_affine){
        .xx = c, .xy = -s, .x0 = x - c * h + s * h, .yx = s, .yy = c, .y0 = y - s * h - c * h};
}

bool bf_similarity_fit(struct bf_affine *out, const struct bf_point2 *from,
                       const struct bf_point2 *to, size_t n)
{
    double mx = 0, my = 0, nx = 0, ny = 0, re = 0, im = 0, norm = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        mx += (double)from[i].x;
        my += (double)from[i].y;
        nx += (double)to[i].x;
        ny += (double)to[i].y;
    }
    if (n < 2)
        return false;
    mx /= (double)n;
    my /= (double)n;
    nx /= (double)n;
    ny /= (double)n;
    /* Points as complex numbers: a similarity is one complex factor. */
    for (i = 0; i < n; i++) {
        double px = (double)from[i].x - mx, py = (double)from[i].y - my, qx = (double)to[i].x - nx,
               qy = (double)to[i].y - ny;

        re += px * qx + py * qy;
        im += px * qy - py * qx;
        norm += px * px + py * py;
    }
    if (!(norm > 1e-9) || !(re * re + im * im > 0) || !isfinite(re) || !isfinite(im))
        return false;
    re /= norm;
    im /= norm;
    *out = (struct bf_affine){.xx = (float)re,
                              .xy = (float)-im,
                              .x0 = (float)(nx - re * mx + im * my),
                              .yx = (float)im,
                              .yy = (float)re,
                              .y0 = (float)(ny - im * mx - re * my)};
    return true;
}

bool bf_face_align(struct bf_affine *out, const struct bf_point3 *mesh, float size,
                   float eye_distance)
{
    /* The canonical face's eyes, from corner to corner: their middles and the height they are at.
     */
    static const uint16_t right_out = 33, right_in = 133, left_in = 362, left_out = 263;
    const int16_t(*c)[3] = bf_canonical_face;
    float apart = (float)(c[left_in][0] + c[left_out][0] - c[right_in][0] - c[right_out][0]) / 2,
          level = (float)(c[left_in][1] + c[left_out][1]) / 2, unit = size * eye_distance / apart;
    struct bf_point2 from[BF_RIGID_POINTS], to[BF_RIGID_POINTS];
    size_t i;

    for (i = 0; i < BF_RIGID_POINTS; i++) {
        uint16_t k = bf_rigid_points[i];

        from[i] = (struct bf_point2){size / 2 + (float)c[k][0] * unit,
                                     0.46f * size - ((float)c[k][1] - level) * unit};
        to[i] = (struct bf_point2){mesh[k].x, mesh[k].y};
    }
    return bf_similarity_fit(out, from, to, BF_RIGID_POINTS);
}

static struct bf_point2 middle(const struct bf_point3 *mesh, int a, int b)
{
    return (struct bf_point2){(mesh[a].x + mesh[b].x) / 2, (mesh[a].y + mesh[b].y) / 2};
}

bool bf_face_align_five(struct bf_affine *out, const struct bf_point3 *mesh)
{
    static const struct bf_point2 place[5] = {
        {38.3f, 51.7f}, {73.5f, 51.5f}, {56.0f, 71.7f}, {41.5f, 92.4f}, {70.7f, 92.2f}};
    const struct bf_point2 at[5] = {middle(mesh, 33, 133),
                                    middle(mesh, 362, 263),
                                    {mesh[1].x, mesh[1].y},
                                    {mesh[61].x, mesh[61].y},
                                    {mesh[291].x, mesh[291].y}};

    return bf_similarity_fit(out, place, at, 5);
}
