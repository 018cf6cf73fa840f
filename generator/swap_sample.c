#include "generator/swap_sample.h"
#include "generator/face_regions.h"
#include "generator/swap_model.h"
#include "lib/face/face_align.h"
#include "lib/media/photo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 5, PATH_CAP = 4096, BLOB_POINTS = 8 };

#define PI 3.14159265f
#define EYES_AT 0.46f /* of the height, as bf_face_align has it */
/* How much finer the kept pictures are than the samples cut from them. */
#define FINER 1.6f
#define TURN (10 * PI / 180)
#define ZOOM 0.05f
#define SHIFT 0.05f
/* Higher or lower by that much, input and target alike, as nodding makes a face: else the encoder
 * takes one person's usual nod for the other's, and the fake looks elsewhere than its source. */
#define SQUASH 0.1f
#define WARP (5.f / 256) /* deviation of the grid's points, of the side */
#define LIGHT 0.08f
#define TINT 0.03f
/* How often something is laid over the face. */
#define COVERED 0.15f
/* What a pixel weighs in the losses beside the face, in it, and in eyes and mouth beyond that. */
#define WEIGHT_AROUND 0.15f
#define WEIGHT_FACE 1.f
#define WEIGHT_FEATURES 5.f

/* --- reading
 * ------------------------------------------------------------------------------------------ */

static uint8_t to_byte(float v)
{
    return (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5f);
}

static enum bf_err read_pixels(struct bf_swap_face *face, const struct bf_swap_faces *f,
                               struct bf_picture_scaler *scaler, struct bf_error *err)
{
    struct bf_picture photo = {0}, small = {0};
    struct bf_frame frame;
    char path[PATH_CAP];
    enum bf_err rc;

    snprintf(path, sizeof path, "%s/%s", f->set.dir, face->about->file);
    rc = bf_photo_read(&photo, path, err);
    if (rc == BF_OK && (photo.width != f->set.size || photo.height != f->set.size))
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is not %u x %u pixels, as its set says", path,
                          f->set.size, f->set.size);
    if (rc == BF_OK)
        rc = bf_picture_create(&small, f->side, f->side, err);
    if (rc == BF_OK) {
        bf_photo_frame(&frame, &photo);
        rc = bf_picture_scale(&small, scaler, &frame, err);
    }
    if (rc == BF_OK)
        memcpy(face->rgb, small.rgb, (size_t)f->side * f->side * 3);
    bf_picture_release(&small);
    bf_picture_release(&photo);
    return rc;
}

static enum bf_err draw_masks(struct bf_swap_face *face, const struct bf_swap_faces *f,
                              float *scratch, struct bf_error *err)
{
    struct bf_point2 point[BF_FACE_POINTS];
    float scale = (float)f->side / (float)f->set.size;
    size_t n = (size_t)f->side * f->side, i;
    enum bf_err rc;

    for (i = 0; i < BF_FACE_POINTS; i++)
        point[i] =
            (struct bf_point2){face->about->point[i].x * scale, face->about->point[i].y * scale};
    bf_region_face(scratch, f->side, point);
    for (i = 0; i < n; i++)
        face->face[i] = to_byte(255 * scratch[i]);
    rc = bf_region_features(scratch, f->side, point, err);
    for (i = 0; i < n && rc == BF_OK; i++)
        face->features[i] = to_byte(255 * scratch[i]);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const struct bf_set_face *x = ((const struct bf_swap_face *)a)->about,
                             *y = ((const struct bf_swap_face *)b)->about;

    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->track < y->track ? -1 : x->track > y->track;
}

/* Sort by time and bring the last tenth of each source to the end. */
static enum bf_err hold_out(struct bf_swap_faces *f, struct bf_error *err)
{
    struct bf_swap_face *sorted = malloc(f->n * sizeof *sorted);
    size_t *held = malloc(f->n * sizeof *held);
    size_t i, k, n_held = 0;

    if (sorted == NULL || held == NULL) {
        free(sorted);
        free(held);
        return bf_error_nomem(err);
    }
    qsort(f->face, f->n, sizeof *f->face, by_time);
    f->n_trained = 0;
    if (f->set.n_sources * 2 > f->n) {
        /* photographs */
        f->n_trained = f->n - f->n / 10;
    } else {
        for (i = 0; i < f->n; i = k) {
            size_t end;

            for (k = i; k < f->n && f->face[k].about->source == f->face[i].about->source; k++)
                ;
            end = k - (k - i) / 10;
            for (; i < k; i++)
                if (i < end)
                    sorted[f->n_trained++] = f->face[i];
                else
                    held[n_held++] = i;
        }
        for (i = 0; i < n_held; i++)
            sorted[f->n_trained + i] = f->face[held[i]];
        memcpy(f->face, sorted, f->n * sizeof *sorted);
    }
    free(sorted);
    free(held);
    return BF_OK;
}

static enum bf_err check_people(const struct bf_face_set *set, struct bf_error *err)
{
    unsigned *person = calloc(set->n, sizeof *person);
    size_t others = 0, i;

    if (person == NULL)
        return bf_error_nomem(err);
    bf_face_set_people(person, set);
    for (i = 0; i < set->n; i++)
        others += person[i] != 0;
    free(person);
    if (10 * others > set->n)
        return bf_error_set(err, BF_ERR_USAGE,
                            "%zu of the %zu faces in '%s' are of other people: take them out",
                            others, set->n, set->dir);
    return BF_OK;
}

enum bf_err bf_swap_faces_load(struct bf_swap_faces *f, const char *dir, unsigned size,
                               struct bf_error *err)
{
    struct bf_picture_scaler *scaler = NULL;
    float *scratch = NULL;
    size_t n, i;
    enum bf_err rc;

    *f = (struct bf_swap_faces){.size = size};
    rc = bf_face_set_load(&f->set, dir, err);
    if (rc == BF_OK && f->set.n < BF_SWAP_FACES_MIN)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND, "there are %zu faces in '%s'; training wants %d",
                          f->set.n, dir, BF_SWAP_FACES_MIN);
    if (rc == BF_OK && !f->set.crowd)
        rc = check_people(&f->set, err);
    if (rc != BF_OK)
        goto out;
    f->n = f->set.n;
    f->side = (unsigned)((float)size * FINER);
    if (f->side > f->set.size)
        f->side = f->set.size;
    n = (size_t)f->side * f->side;
    scaler = bf_picture_scaler_create();
    scratch = malloc(n * sizeof *scratch);
    f->face = calloc(f->n, sizeof *f->face);
    f->pixels = malloc(f->n * n * 5);
    if (scaler == NULL || scratch == NULL || f->face == NULL || f->pixels == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < f->n && rc == BF_OK; i++) {
        struct bf_swap_face *face = &f->face[i];

        *face = (struct bf_swap_face){&f->set.face[i], f->pixels + i * n * 5,
                                      f->pixels + i * n * 5 + 3 * n, f->pixels + i * n * 5 + 4 * n};
        rc = read_pixels(face, f, scaler, err);
        if (rc == BF_OK)
            rc = draw_masks(face, f, scratch, err);
    }
    if (rc == BF_OK)
        rc = hold_out(f, err);
out:
    bf_picture_scaler_free(&scaler);
    free(scratch);
    if (rc != BF_OK)
        bf_swap_faces_release(f);
    return rc;
}

void bf_swap_faces_release(struct bf_swap_faces *f)
{
    bf_face_set_release(&f->set);
    free(f->face);
    free(f->pixels);
    *f = (struct bf_swap_faces){0};
}

/* --- samples
 * ------------------------------------------------------------------------------------------ */

/* Where the four pixels round (x, y) lie and what each counts; the edge repeats. */
struct bilinear {
    size_t at[4];
    float part[4];
};

static struct bilinear bilinear_at(float x, float y, unsigned side)
{
    float most = (float)(side - 1), fx, fy;
    size_t x0, y0, x1, y1;
    struct bilinear b;

    x = fminf(fmaxf(x - 0.5f, 0), most);
    y = fminf(fmaxf(y - 0.5f, 0), most);
    x0 = (size_t)x;
    y0 = (size_t)y;
    fx = x - (float)x0;
    fy = y - (float)y0;
    x1 = x0 + 1 < side ? x0 + 1 : x0;
    y1 = y0 + 1 < side ? y0 + 1 : y0;
    b.at[0] = y0 * side + x0;
    b.at[1] = y0 * side + x1;
    b.at[2] = y1 * side + x0;
    b.at[3] = y1 * side + x1;
    b.part[0] = (1 - fx) * (1 - fy);
    b.part[1] = fx * (1 - fy);
    b.part[2] = (1 - fx) * fy;
    b.part[3] = fx * fy;
    return b;
}

static void rgb_at(float out[3], const uint8_t *rgb, const struct bilinear *b)
{
    int c, i;

    for (c = 0; c < 3; c++) {
        out[c] = 0;
        for (i = 0; i < 4; i++)
            out[c] += b->part[i] * (float)rgb[3 * b->at[i] + (size_t)c];
        out[c] *= 1.f / 255;
    }
}

static float grey_at(const uint8_t *grey, const struct bilinear *b)
{
    float v = 0;
    int i;

    for (i = 0; i < 4; i++)
        v += b->part[i] * (float)grey[b->at[i]];
    return v * (1.f / 255);
}

/* From the sample's pixels to those of the kept picture. */
static struct bf_affine to_kept(const struct bf_swap_faces *f, float turn, float zoom, float squash,
                                float dx, float dy, bool mirrored)
{
    float size = (float)f->size, side = (float)f->side;
    float scale = side / size * (BF_SET_EYE_DISTANCE / BF_SWAP_EYE_DISTANCE) * zoom;
    float c = cosf(turn) * scale, s = sinf(turn) * scale, m = mirrored ? -1.f : 1.f;
    float x = (0.5f + dx) * side, y = (EYES_AT + dy) * side;
    float from_x = 0.5f * size, from_y = EYES_AT * size;
    struct bf_affine a = {.xx = m * c, .xy = -s * squash, .yx = m * s, .yy = c * squash};

    a.x0 = x - a.xx * from_x - a.xy * from_y;
    a.y0 = y - a.yx * from_x - a.yy * from_y;
    return a;
}

static float between(struct bf_random *r, float most)
{
    return (2 * bf_random_uniform(r) - 1) * most;
}

/* The grid's offset at (x, y), 0 to 1 each way; grid is (GRID, GRID, 2). */
static struct bf_point2 warp_at(const float *grid, float x, float y)
{
    float u = fminf(x * (GRID - 1), GRID - 1.001f), v = fminf(y * (GRID - 1), GRID - 1.001f);
    int i = (int)u, k = (int)v, c;
    float fx = u - (float)i, fy = v - (float)k, out[2];

    /* smooth at the points of the grid, so that no fold shows */
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    for (c = 0; c < 2; c++) {
        const float *p = grid + 2 * (k * GRID + i) + c;

        out[c] = (1 - fy) * ((1 - fx) * p[0] + fx * p[2]) +
                 fy * ((1 - fx) * p[2 * GRID] + fx * p[2 * GRID + 2]);
    }
    return (struct bf_point2){out[0], out[1]};
}

/* Something before the face: a blob whose edge is at radius, filled from another picture. */
struct cover {
    bool on;
    float x, y, radius[BLOB_POINTS], tint[3], turn, scale;
    const uint8_t *rgb;
    unsigned side;
    float from_x, from_y;
};

static void draw_cover(struct cover *c, const struct bf_swap_faces *others, float size,
                       struct bf_random *r)
{
    int i;

    c->on = bf_random_uniform(r) < COVERED;
    c->x = size * (0.5f + between(r, 0.4f));
    c->y = size * (0.5f + between(r, 0.4f));
    for (i = 0; i < BLOB_POINTS; i++)
        c->radius[i] = size * (0.05f + 0.2f * bf_random_uniform(r));
    for (i = 0; i < 3; i++)
        c->tint[i] = 1 + between(r, 0.4f);
    c->turn = between(r, PI);
    c->scale = 0.5f + bf_random_uniform(r);
    c->rgb = others->face[bf_random_below(r, others->n_trained)].rgb;
    c->side = others->side;
    c->from_x = (float)c->side * bf_random_uniform(r);
    c->from_y = (float)c->side * bf_random_uniform(r);
}

/* 1 inside the blob, 0 outside, soft over two pixels. */
static float cover_at(const struct cover *c, float x, float y)
{
    float dx = x - c->x, dy = y - c->y, d = sqrtf(dx * dx + dy * dy);
    float a = (atan2f(dy, dx) / (2 * PI) + 0.5f) * BLOB_POINTS, edge;
    int i = (int)a % BLOB_POINTS;

    a -= floorf(a);
    a = a * a * (3 - 2 * a);
    edge = (1 - a) * c->radius[i] + a * c->radius[(i + 1) % BLOB_POINTS];
    return fminf(fmaxf((edge - d) / 2 + 0.5f, 0), 1);
}

static void lay_over(float in[3], float part, const struct cover *c, float x, float y)
{
    float u = c->from_x + c->scale * (cosf(c->turn) * x - sinf(c->turn) * y),
          v = c->from_y + c->scale * (sinf(c->turn) * x + cosf(c->turn) * y), rgb[3],
          side = (float)c->side;
    struct bilinear b;
    int i;

    u -= side * floorf(u / side);
    v -= side * floorf(v / side);
    b = bilinear_at(u, v, c->side);
    rgb_at(rgb, c->rgb, &b);
    for (i = 0; i < 3; i++)
        in[i] += part * (fminf(rgb[i] * c->tint[i], 1) - in[i]);
}

/* How the light of a sample differs: v gain + bias. */
struct light {
    float gain[3], bias;
};

static void draw_sample(const struct bf_swap_sample *out, const struct bf_swap_faces *f, size_t k,
                        const struct bf_affine *a, const float *grid, const struct light *light,
                        const struct cover *cover)
{
    const struct bf_swap_face *face = &f->face[k];
    unsigned size = f->size, x, y;
    int c;

    for (y = 0; y < size; y++)
        for (x = 0; x < size; x++) {
            size_t i = (size_t)y * size + x;
            float px = (float)x + 0.5f, py = (float)y + 0.5f, features, part = 0;
            struct bf_point2 p = bf_affine_apply(a, px, py), w = p;
            struct bilinear b = bilinear_at(p.x, p.y, f->side);

            rgb_at(out->target + 3 * i, face->rgb, &b);
            out->mask[i] = grey_at(face->face, &b);
            features = grey_at(face->features, &b);
            if (grid != NULL) {
                w = warp_at(grid, px / (float)size, py / (float)size);
                w = bf_affine_apply(a, px + w.x, py + w.y);
                b = bilinear_at(w.x, w.y, f->side);
                rgb_at(out->in + 3 * i, face->rgb, &b);
            } else {
                memcpy(out->in + 3 * i, out->target + 3 * i, 3 * sizeof(float));
            }
            for (c = 0; c < 3; c++) {
                out->target[3 * i + (size_t)c] = fminf(
                    fmaxf(out->target[3 * i + (size_t)c] * light->gain[c] + light->bias, 0), 1);
                out->in[3 * i + (size_t)c] =
                    fminf(fmaxf(out->in[3 * i + (size_t)c] * light->gain[c] + light->bias, 0), 1);
            }
            if (cover != NULL && cover->on)
                part = cover_at(cover, px, py);
            if (part > 0)
                lay_over(out->in + 3 * i, part, cover, px, py);
            out->weight[i] = WEIGHT_AROUND + (WEIGHT_FACE - WEIGHT_AROUND) * out->mask[i] +
                             WEIGHT_FEATURES * features;
            out->mask[i] *= 1 - part;
        }
}

void bf_swap_sample_make(const struct bf_swap_sample *out, const struct bf_swap_faces *f, size_t k,
                         const struct bf_swap_faces *others, struct bf_random *r)
{
    float grid[GRID * GRID * 2], turn, zoom, squash, dx, dy, gain;
    struct bf_affine a;
    struct light light;
    struct cover cover;
    bool mirrored;
    int i;

    turn = between(r, TURN);
    zoom = 1 + between(r, ZOOM);
    squash = 1 + between(r, SQUASH);
    dx = between(r, SHIFT);
    dy = between(r, SHIFT);
    mirrored = bf_random_uniform(r) < 0.5f;
    a = to_kept(f, turn, zoom, squash, dx, dy, mirrored);
    for (i = 0; i < GRID * GRID * 2; i++)
        grid[i] = bf_random_normal(r) * WARP * (float)f->size;
    gain = 1 + between(r, LIGHT);
    for (i = 0; i < 3; i++)
        light.gain[i] = gain * (1 + between(r, TINT));
    light.bias = between(r, LIGHT / 2);
    draw_cover(&cover, others, (float)f->size, r);
    draw_sample(out, f, k, &a, grid, &light, &cover);
}

void bf_swap_sample_plain(const struct bf_swap_sample *out, const struct bf_swap_faces *f, size_t k)
{
    const struct light light = {{1, 1, 1}, 0};
    struct bf_affine a = to_kept(f, 0, 1, 1, 0, 0, false);

    draw_sample(out, f, k, &a, NULL, &light, NULL);
}
