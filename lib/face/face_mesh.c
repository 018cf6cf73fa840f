#include "lib/face/face_mesh.h"
#include "lib/face/blink.h"
#include "lib/nn/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESH_SIDE = 192,
    EYE_SIDE = 64,
    EYE_VALUES = 228,
    IRIS_AT = 71,
    PATH = 4096,
    OUTER_RIGHT = 33,
    INNER_RIGHT = 133,
    INNER_LEFT = 362,
    OUTER_LEFT = 263,
};

/* Of the face's longer side: where the network answers most alike to a crop that is somewhat off.
 */
#define CROP_SIDE 1.4f
#define FOUND_SIDE 1.57f /* the same, of the detector's box */
#define EYE_CROP 2.6f    /* of the distance between an eye's corners */

/* The mesh's points of each eye in the order of struct bf_face_eye. */
static const uint16_t lid_of[BF_EYES][BF_FACE_LID_POINTS] = {
    {33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173},
    {263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398}};

struct bf_face_mesh {
    struct bf_graph *mesh, *iris;
};

static enum bf_err open_graph(struct bf_graph **g, const char *models, const char *name, int n,
                              const char *const *wanted, const size_t *lengths, size_t n_input,
                              struct bf_pool *pool, struct bf_error *err)
{
    char path[PATH];
    enum bf_err rc;
    int i;

    snprintf(path, sizeof path, "%s/%s.json", models, name);
    rc = bf_graph_open(g, path, n, wanted, pool, err);
    if (rc != BF_OK)
        return rc;
    if (bf_graph_n_inputs(*g) != 1 || bf_graph_input(*g, 0)->len != n_input)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is not the network of that name", path);
    for (i = 0; wanted[i] != NULL; i++)
        if (bf_graph_output(*g, i)->len != lengths[i])
            return bf_error_set(err, BF_ERR_FORMAT, "'%s' is not the network of that name", path);
    return BF_OK;
}

enum bf_err bf_face_mesh_open(struct bf_face_mesh **out, const char *models, struct bf_pool *pool,
                              struct bf_error *err)
{
    static const char *const of_mesh[] = {"output_mesh", "output_faceflag", NULL},
                             *const of_iris[] = {"Identity", NULL};
    static const size_t mesh_lengths[] = {3 * BF_FACE_POINTS, 1},
                        iris_lengths[] = {BF_EYES * EYE_VALUES};
    struct bf_face_mesh *m = calloc(1, sizeof *m);
    enum bf_err rc;

    *out = NULL;
    if (m == NULL)
        return bf_error_nomem(err);
    rc = open_graph(&m->mesh, models, "facemesh", 1, of_mesh, mesh_lengths,
                    (size_t)MESH_SIDE * MESH_SIDE * 3, pool, err);
    if (rc == BF_OK)
        rc = open_graph(&m->iris, models, "iris", BF_EYES, of_iris, iris_lengths,
                        (size_t)BF_EYES * EYE_SIDE * EYE_SIDE * 3, pool, err);
    if (rc == BF_OK)
        *out = m;
    else
        bf_face_mesh_close(&m);
    return rc;
}

void bf_face_mesh_close(struct bf_face_mesh **m)
{
    if (*m == NULL)
        return;
    bf_graph_close(&(*m)->mesh);
    bf_graph_close(&(*m)->iris);
    free(*m);
    *m = NULL;
}

struct bf_face_crop bf_face_crop_of_found(const struct bf_face_found *f)
{
    const struct bf_point2 *r = &f->point[BF_FOUND_RIGHT_EYE], *l = &f->point[BF_FOUND_LEFT_EYE];

    return (struct bf_face_crop){
        .x = (f->box.left + f->box.right) / 2,
        .y = (f->box.top + f->box.bottom) / 2,
        .side = FOUND_SIDE * fmaxf(f->box.right - f->box.left, f->box.bottom - f->box.top),
        .angle = atan2f(l->y - r->y, l->x - r->x)};
}

struct bf_face_crop bf_face_crop_of_mesh(const struct bf_point3 *mesh)
{
    const struct bf_point3 *r = &mesh[OUTER_RIGHT], *l = &mesh[OUTER_LEFT];
    float angle = atan2f(l->y - r->y, l->x - r->x), c = cosf(angle), s = sinf(angle);
    struct bf_face_box b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    float x, y;
    int i;

    /* The box in the face's own upright. */
    for (i = 0; i < BF_FACE_POINTS; i++) {
        float u = c * mesh[i].x + s * mesh[i].y, v = -s * mesh[i].x + c * mesh[i].y;

        b.left = fminf(b.left, u);
        b.right = fmaxf(b.right, u);
        b.top = fminf(b.top, v);
        b.bottom = fmaxf(b.bottom, v);
    }
    x = (b.left + b.right) / 2;
    y = (b.top + b.bottom) / 2;
    return (struct bf_face_crop){.x = c * x - s * y,
                                 .y = s * x + c * y,
                                 .side = CROP_SIDE * fmaxf(b.right - b.left, b.bottom - b.top),
                                 .angle = angle};
}

static void take_lids(struct bf_face_landmarks *l)
{
    int e, i;

    for (e = 0; e < BF_EYES; e++) {
        struct bf_face_eye *eye = &l->eye[e];
        struct bf_point2 middle = {0, 0};

        for (i = 0; i < BF_FACE_LID_POINTS; i++) {
            eye->lid[i] = (struct bf_point2){l->point[lid_of[e][i]].x, l->point[lid_of[e][i]].y};
            middle.x += eye->lid[i].x / BF_FACE_LID_POINTS;
            middle.y += eye->lid[i].y / BF_FACE_LID_POINTS;
        }
        for (i = 0; i < BF_FACE_IRIS_POINTS; i++)
            eye->iris[i] = middle;
        eye->gap = bf_eye_gap(eye->lid);
    }
}

enum bf_err bf_face_mesh_run(struct bf_face_landmarks *out, struct bf_face_mesh *m,
                             struct bf_face_view *v, const struct bf_face_crop *crop,
                             struct bf_error *err)
{
    const struct bf_affine a =
        bf_affine_square(crop->x, crop->y, crop->side, crop->angle, MESH_SIDE);
    float scale = crop->side / MESH_SIDE;
    enum bf_err rc = bf_face_view_cut(bf_graph_input(m->mesh, 0)->data, v, MESH_SIDE, &a,
                                      BF_FACE_EDGE_REPEAT, 1 / 255.0f, 0, err);
    const float *p;
    int i;

    if (rc != BF_OK)
        return rc;
    bf_graph_run(m->mesh);
    p = bf_graph_output(m->mesh, 0)->data;
    for (i = 0; i < BF_FACE_POINTS; i++, p += 3) {
        struct bf_point2 at = bf_affine_apply(&a, p[0], p[1]);

        out->point[i] = (struct bf_point3){at.x, at.y, p[2] * scale};
    }
    out->presence = bf_graph_output(m->mesh, 1)->data[0];
    if (!(out->presence > 0))
        out->presence = 0;
    take_lids(out);
    return BF_OK;
}

/* The square round an eye, mirrored for the left one: the network knows right eyes alone. */
static struct bf_affine eye_crop(const struct bf_point3 *mesh, int e)
{
    const struct bf_point3 *outer = &mesh[e == BF_EYE_RIGHT ? OUTER_RIGHT : OUTER_LEFT],
                           *inner = &mesh[e == BF_EYE_RIGHT ? INNER_RIGHT : INNER_LEFT],
                           *r = &mesh[OUTER_RIGHT], *l = &mesh[OUTER_LEFT];
    float side = EYE_CROP * hypotf(outer->x - inner->x, outer->y - inner->y);
    struct bf_affine a = bf_affine_square((outer->x + inner->x) / 2, (outer->y + inner->y) / 2,
                                          side, atan2f(l->y - r->y, l->x - r->x), EYE_SIDE);
    const struct bf_affine mirror = {.xx = -1, .x0 = EYE_SIDE, .yy = 1};

    return e == BF_EYE_LEFT ? bf_affine_chain(&mirror, &a) : a;
}

enum bf_err bf_face_mesh_eyes(struct bf_face_landmarks *inout, struct bf_face_mesh *m,
                              struct bf_face_view *v, struct bf_error *err)
{
    float *input = bf_graph_input(m->iris, 0)->data;
    struct bf_affine a[BF_EYES];
    enum bf_err rc = BF_OK;
    int e, i;

    for (e = 0; rc == BF_OK && e < BF_EYES; e++) {
        a[e] = eye_crop(inout->point, e);
        rc = bf_face_view_cut(input + e * EYE_SIDE * EYE_SIDE * 3, v, EYE_SIDE, &a[e],
                              BF_FACE_EDGE_REPEAT, 1 / 255.0f, 0, err);
    }
    if (rc != BF_OK)
        return rc;
    bf_graph_run(m->iris);
    for (e = 0; e < BF_EYES; e++) {
        const float *p = bf_graph_output(m->iris, 0)->data + e * EYE_VALUES;
        struct bf_face_eye *eye = &inout->eye[e];

        for (i = 0; i < BF_FACE_LID_POINTS; i++)
            eye->lid[i] = bf_affine_apply(&a[e], p[3 * i], p[3 * i + 1]);
        p += 3 * IRIS_AT;
        for (i = 0; i < BF_FACE_IRIS_POINTS; i++)
            eye->iris[i] = bf_affine_apply(&a[e], p[3 * i], p[3 * i + 1]);
        eye->gap = bf_eye_gap(eye->lid);
    }
    return BF_OK;
}

struct bf_face_box bf_face_mesh_box(const struct bf_point3 *mesh)
{
    struct bf_face_box b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    int i;

    for (i = 0; i < BF_FACE_POINTS; i++) {
        b.left = fminf(b.left, mesh[i].x);
        b.right = fmaxf(b.right, mesh[i].x);
        b.top = fminf(b.top, mesh[i].y);
        b.bottom = fmaxf(b.bottom, mesh[i].y);
    }
    return b;
}

bool bf_face_mesh_plausible(const struct bf_point3 *mesh, const struct bf_face_crop *crop)
{
    enum { NOSE = 1, CHIN = 152, MOUTH_UP = 13, MOUTH_DOWN = 14, FOREHEAD = 10 };
    struct bf_face_crop own = bf_face_crop_of_mesh(mesh);
    float c = cosf(own.angle), s = sinf(own.angle), turn = own.angle - crop->angle;
    float eyes, nose, mouth, chin, top;

    if (!isfinite(own.side) || !(own.side > 0.4f * crop->side) || own.side > 2 * crop->side ||
        hypotf(own.x - crop->x, own.y - crop->y) > 0.4f * crop->side)
        return false;
    /* The mesh network sees upright faces alone: one it has turned far is made up. */
    turn -= 6.2831853f * roundf(turn / 6.2831853f);
    if (fabsf(turn) > 1)
        return false;
#define DOWN(k) (-s * mesh[k].x + c * mesh[k].y)
    eyes = (DOWN(OUTER_RIGHT) + DOWN(OUTER_LEFT)) / 2;
    nose = DOWN(NOSE);
    mouth = (DOWN(MOUTH_UP) + DOWN(MOUTH_DOWN)) / 2;
    chin = DOWN(CHIN);
    top = DOWN(FOREHEAD);
#undef DOWN
    return top < eyes && eyes < mouth && nose < mouth && mouth < chin &&
           mouth - eyes > 0.12f * own.side;
}
