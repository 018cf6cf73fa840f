#include "generator/swap_convert.h"
#include "generator/face_chosen.h"
#include "generator/face_mask.h"
#include "generator/face_regions.h"
#include "generator/poisson.h"
#include "generator/sharpen.h"
#include "lib/face/face_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the colours of frames before. */
#define COLOUR_KEEP 0.9f
/* Deviation of what sharpening puts on, in the model's pixels. */
#define SHARP_SIGMA 0.8f
/* Width of the ramp towards the square's edge, of its side: no seam where a face fills it. */
#define EDGE 0.06f
/* Below that a pixel stays exactly as it was. */
#define LEAST_PART (1.f / 256)

struct bf_convert {
    struct bf_convert_options how;
    struct bf_swap_model model;
    struct bf_pool *pool;
    struct bf_face_reader *reader;
    struct bf_face_chosen chosen;
    uint32_t track; /* in the last frame with the face */
    struct bf_colour_map colour;
    float *face, *mask, *seen; /* (size, size): 3, 1, 3 */
    /* of the rectangle in the frame */
    float *patch, *under, *out, *alpha;
    size_t cap;
};

struct bf_convert_options bf_convert_usual(void)
{
    return (struct bf_convert_options){.to = BF_SWAP_B,
                                       .colour = BF_COLOUR_REINHARD,
                                       .mask = BF_CONVERT_BOTH,
                                       .erode = 0.03f,
                                       .feather = 0.025f,
                                       .sharpen = 0.4f};
}

enum bf_err bf_convert_create(struct bf_convert **out, const char *model,
                              const struct bf_convert_options *options, struct bf_error *err)
{
    struct bf_convert *c = calloc(1, sizeof *c);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct bf_face_reader_options reader = {0};
    size_t one, threads;
    enum bf_err rc;

    *out = NULL;
    if (c == NULL)
        return bf_error_nomem(err);
    c->how = *options;
    threads = options->n_threads != 0 ? options->n_threads : cores > 0 ? (size_t)cores : 1;
    reader.n_threads = (unsigned)threads;
    reader.no_eyes = true;
    rc = bf_pool_create(&c->pool, threads, err);
    if (rc == BF_OK)
        rc = bf_swap_model_load(&c->model, model, 1, c->pool, err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&c->reader, options->models, &reader, err);
    if (rc == BF_OK) {
        one = (size_t)c->model.shape->size * c->model.shape->size;
        c->face = malloc(3 * one * sizeof *c->face);
        c->seen = malloc(3 * one * sizeof *c->seen);
        c->mask = malloc(one * sizeof *c->mask);
        if (c->face == NULL || c->seen == NULL || c->mask == NULL)
            rc = bf_error_nomem(err);
    }
    if (rc == BF_OK)
        *out = c;
    else
        bf_convert_free(&c);
    return rc;
}

void bf_convert_free(struct bf_convert **out)
{
    struct bf_convert *c = *out;

    if (c == NULL)
        return;
    bf_swap_model_release(&c->model);
    bf_face_reader_free(&c->reader);
    bf_pool_free(&c->pool);
    free(c->face);
    free(c->seen);
    free(c->mask);
    free(c->patch);
    free(c->under);
    free(c->out);
    free(c->alpha);
    free(c);
    *out = NULL;
}

const struct bf_swap_about *bf_convert_about(const struct bf_convert *c)
{
    return &c->model.about;
}

void bf_convert_vary(struct bf_convert *c, uint32_t track, enum bf_colour_mode colour,
                     bool seamless, float sharpen)
{
    c->how.track = track;
    c->how.colour = colour;
    c->how.seamless = seamless;
    c->how.sharpen = sharpen;
}

void bf_convert_restart(struct bf_convert *c, const struct bf_video_info *info)
{
    bf_face_reader_restart(c->reader, info);
    bf_face_chosen_init(&c->chosen, c->how.track);
    c->track = 0;
    c->colour.mode = BF_COLOUR_NONE;
}

/* --- the face in the model's square
 * --------------------------------------------------------------------- */

/* From the model's square to the frame's pixels as shown, and the landmarks in the square. */
static bool place(struct bf_affine *to_frame, struct bf_affine *to_view, struct bf_point2 *point,
                  const struct bf_convert *c, const struct bf_face *face)
{
    struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_affine back, unstretch = {0};
    float wide, high;
    int i;

    bf_face_view_aspect(bf_face_reader_view(c->reader), &wide, &high);
    bf_face_view_mesh(mesh, bf_face_reader_view(c->reader), face);
    if (!bf_face_align(to_view, mesh, (float)c->model.shape->size, BF_SWAP_EYE_DISTANCE) ||
        !bf_affine_invert(&back, to_view))
        return false;
    for (i = 0; i < BF_FACE_POINTS; i++)
        point[i] = bf_affine_apply(&back, mesh[i].x, mesh[i].y);
    unstretch.xx = 1 / wide;
    unstretch.yy = 1 / high;
    *to_frame = bf_affine_chain(to_view, &unstretch);
    return true;
}

static float edge_ramp(size_t i, size_t size)
{
    float from_edge = fminf((float)i + 0.5f, (float)size - (float)i - 0.5f);

    return fminf(from_edge / (EDGE * (float)size), 1);
}

/* Which part of each of the square's pixels is replaced. */
static enum bf_err make_mask(struct bf_convert *c, const float *learned,
                             const struct bf_point2 *point, struct bf_error *err)
{
    size_t size = c->model.shape->size, n = size * size, i;
    enum bf_err rc;

    if (c->how.mask == BF_CONVERT_LEARNED)
        for (i = 0; i < n; i++)
            c->mask[i] = learned[i];
    else
        bf_region_face(c->mask, size, point);
    if (c->how.mask == BF_CONVERT_BOTH)
        for (i = 0; i < n; i++)
            c->mask[i] = fminf(c->mask[i], learned[i]);
    rc = bf_mask_erode(c->mask, size, size, c->how.erode * (float)size, err);
    if (rc == BF_OK)
        rc = bf_mask_feather(c->mask, size, size, c->how.feather * (float)size, err);
    for (i = 0; i < n && rc == BF_OK; i++)
        c->mask[i] *= edge_ramp(i % size, size) * edge_ramp(i / size, size);
    return rc;
}

static enum bf_err decode(struct bf_convert *c, const struct bf_affine *to_view,
                          const struct bf_point2 *point, struct bf_error *err)
{
    struct bf_swap_net *net = &c->model.net[c->how.to];
    size_t size = c->model.shape->size, n = size * size;
    struct bf_colour_map colour;
    enum bf_err rc = bf_face_view_cut(c->seen, bf_face_reader_view(c->reader), (unsigned)size,
                                      to_view, BF_FACE_EDGE_REPEAT, 1.f / 255, 0, err);

    if (rc != BF_OK)
        return rc;
    memcpy(bf_net_value(net->net, net->in), c->seen, 3 * n * sizeof(float));
    bf_net_forward(net->net);
    memcpy(c->face, bf_net_value(net->net, net->rgb), 3 * n * sizeof(float));
    rc = make_mask(c, bf_net_value(net->net, net->mask), point, err);
    if (rc != BF_OK)
        return rc;
    bf_colour_map_measure(&colour, c->how.colour, c->face, c->seen, c->mask, size, size);
    bf_colour_map_smooth(&colour, &c->colour, COLOUR_KEEP);
    c->colour = colour;
    bf_colour_map_apply(c->face, &colour, size, size);
    if (c->how.sharpen > 0)
        rc = bf_sharpen(c->face, size, size, SHARP_SIGMA, c->how.sharpen, err);
    return rc;
}

/* --- into the frame
 * ----------------------------------------------------------------------------------- */

struct rect {
    uint32_t x, y, w, h;
};

/* The part of the frame that the square covers; false where it lies outside. */
static bool covered(struct rect *r, const struct bf_affine *to_frame, float size,
                    const struct bf_canvas *canvas)
{
    float left = 1e9f, top = 1e9f, right = -1e9f, bottom = -1e9f;
    int i;

    for (i = 0; i < 4; i++) {
        struct bf_point2 p = bf_affine_apply(to_frame, i & 1 ? size : 0, i & 2 ? size : 0);

        left = fminf(left, p.x);
        top = fminf(top, p.y);
        right = fmaxf(right, p.x);
        bottom = fmaxf(bottom, p.y);
    }
    left = fmaxf(floorf(left), 0);
    top = fmaxf(floorf(top), 0);
    right = fminf(ceilf(right), (float)canvas->width);
    bottom = fminf(ceilf(bottom), (float)canvas->height);
    if (!(right - left >= 2 && bottom - top >= 2))
        return false;
    *r = (struct rect){(uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
                       (uint32_t)(bottom - top)};
    return true;
}

static enum bf_err reserve(struct bf_convert *c, size_t n, struct bf_error *err)
{
    if (n <= c->cap)
        return BF_OK;
    free(c->patch);
    free(c->under);
    free(c->out);
    free(c->alpha);
    c->cap = 0;
    c->patch = malloc(3 * n * sizeof(float));
    c->under = malloc(3 * n * sizeof(float));
    c->out = malloc(3 * n * sizeof(float));
    c->alpha = malloc(n * sizeof(float));
    if (c->patch == NULL || c->under == NULL || c->out == NULL || c->alpha == NULL)
        return bf_error_nomem(err);
    c->cap = n;
    return BF_OK;
}

/* Keys' cubic, a = -1/2: four weights for a place t past the second of four samples. */
static void cubic(float w[4], float t)
{
    w[0] = t * (-0.5f + t * (1 - 0.5f * t));
    w[1] = 1 + t * t * (-2.5f + 1.5f * t);
    w[2] = t * (0.5f + t * (2 - 1.5f * t));
    w[3] = t * t * (-0.5f + 0.5f * t);
}

/* The square's colours at (x, y), by cubic interpolation; the edge repeats. */
static void sample(float out[3], const float *rgb, int size, float x, float y)
{
    float wx[4], wy[4];
    int x0, y0, i, k, c;

    x -= 0.5f;
    y -= 0.5f;
    x0 = (int)floorf(x);
    y0 = (int)floorf(y);
    cubic(wx, x - (float)x0);
    cubic(wy, y - (float)y0);
    out[0] = out[1] = out[2] = 0;
    for (k = 0; k < 4; k++) {
        int v = y0 - 1 + k;

        v = v < 0 ? 0 : v >= size ? size - 1 : v;
        for (i = 0; i < 4; i++) {
            int u = x0 - 1 + i;
            float w = wx[i] * wy[k];

            u = u < 0 ? 0 : u >= size ? size - 1 : u;
            for (c = 0; c < 3; c++)
                out[c] += w * rgb[3 * (v * size + u) + c];
        }
    }
    for (c = 0; c < 3; c++)
        out[c] = fminf(fmaxf(out[c], 0), 1);
}

static float sample_mask(const float *mask, int size, float x, float y)
{
    float fx, fy;
    int x0, y0;

    x -= 0.5f;
    y -= 0.5f;
    x0 = (int)floorf(x);
    y0 = (int)floorf(y);
    /* The mask is 0 at the edge, by its ramp. */
    if (x0 < 0 || y0 < 0 || x0 + 1 >= size || y0 + 1 >= size)
        return 0;
    fx = x - (float)x0;
    fy = y - (float)y0;
    mask += y0 * size + x0;
    return (1 - fy) * ((1 - fx) * mask[0] + fx * mask[1]) +
           fy * ((1 - fx) * mask[size] + fx * mask[size + 1]);
}

/* Rows are independent: pieces for the pool. */
struct warp {
    struct bf_convert *c;
    const struct bf_affine *back;
    struct rect r;
};

static void warp_row(void *arg, size_t row, size_t thread)
{
    const struct warp *w = arg;
    int size = (int)w->c->model.shape->size;
    float *alpha = w->c->alpha + row * w->r.w, *patch = w->c->patch + 3 * row * w->r.w;
    uint32_t x;

    (void)thread;
    for (x = 0; x < w->r.w; x++) {
        struct bf_point2 p =
            bf_affine_apply(w->back, (float)(w->r.x + x) + 0.5f, (float)w->r.y + (float)row + 0.5f);

        alpha[x] = sample_mask(w->c->mask, size, p.x, p.y);
        if (alpha[x] < LEAST_PART)
            alpha[x] = 0;
        if (alpha[x] > 0 || w->c->how.seamless)
            sample(patch + 3 * x, w->c->face, size, p.x, p.y);
        else
            patch[3 * x] = patch[3 * x + 1] = patch[3 * x + 2] = 0;
    }
}

static void keep_truth(uint8_t *truth, const struct bf_convert *c, const struct rect *r,
                       uint32_t width)
{
    uint32_t x, y;

    for (y = 0; y < r->h; y++)
        for (x = 0; x < r->w; x++)
            truth[(size_t)(r->y + y) * width + r->x + x] =
                (uint8_t)(255 * fminf(c->alpha[(size_t)y * r->w + x], 1) + 0.5f);
}

static enum bf_err lay_over(struct bf_convert *c, struct bf_canvas *canvas, uint8_t *truth,
                            const struct bf_affine *to_frame, struct bf_error *err)
{
    struct bf_affine back;
    struct warp w = {c, &back, {0}};
    enum bf_err rc;

    if (!bf_affine_invert(&back, to_frame) ||
        !covered(&w.r, to_frame, (float)c->model.shape->size, canvas))
        return BF_OK;
    rc = reserve(c, (size_t)w.r.w * w.r.h, err);
    if (rc != BF_OK)
        return rc;
    bf_pool_run(c->pool, warp_row, &w, w.r.h);
    if (truth != NULL)
        keep_truth(truth, c, &w.r, canvas->width);
    if (c->how.seamless) {
        size_t n = (size_t)w.r.w * w.r.h, i;

        bf_canvas_get_rgb(c->under, canvas, w.r.x, w.r.y, w.r.w, w.r.h);
        rc = bf_poisson_blend(c->out, c->patch, c->under, c->alpha, w.r.h, w.r.w, err);
        if (rc != BF_OK)
            return rc;
        /* It is mixed with what was there already. */
        for (i = 0; i < n; i++)
            c->alpha[i] = c->alpha[i] > 0 ? 1 : 0;
    }
    bf_canvas_put_rgb(canvas, c->how.seamless ? c->out : c->patch, c->alpha, w.r.x, w.r.y, w.r.w,
                      w.r.h);
    return BF_OK;
}

enum bf_err bf_convert_frame(struct bf_convert *c, struct bf_canvas *canvas, uint8_t *truth,
                             const struct bf_frame *frame, struct bf_error *err)
{
    struct bf_point2 point[BF_FACE_POINTS];
    struct bf_affine to_frame, to_view;
    const struct bf_face *faces, *face;
    size_t n;
    enum bf_err rc = bf_face_reader_next(c->reader, &faces, &n, frame, err);

    if (truth != NULL)
        memset(truth, 0, (size_t)canvas->width * canvas->height);
    if (rc != BF_OK)
        return rc;
    face = bf_face_chosen_find(&c->chosen, c->reader, faces, n);
    if (face == NULL)
        return BF_OK;
    if (face->track != c->track) {
        /* another scene, perhaps in another light */
        c->track = face->track;
        c->colour.mode = BF_COLOUR_NONE;
    }
    if (!place(&to_frame, &to_view, point, c, face))
        return BF_OK;
    rc = decode(c, &to_view, point, err);
    return rc == BF_OK ? lay_over(c, canvas, truth, &to_frame, err) : rc;
}
