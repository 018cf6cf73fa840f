#include "lib/face/face_view.h"
#include "lib/media/picture.h"

#include <math.h>
#include <stdlib.h>

enum {
    LEVELS = 8,
    PLANES = 3,
    HD_LINES = 720, /* from here on colours are BT.709, as lib/media has it */
};

struct level {
    const uint8_t *p;
    ptrdiff_t stride;
    int width, height;
    uint8_t *own; /* p, where it is not the frame's */
    size_t cap;
    bool ready;
};

struct bf_face_view {
    struct level level[PLANES][LEVELS];
    unsigned n_planes;          /* 1: grey */
    bool is_rgb, hd;            /* of what the planes hold */
    struct bf_affine to_planes; /* from square pixels as shown to the pixels of plane 0 */
    float width, height, wide, high;
    struct bf_picture_scaler *scaler; /* for kinds that are converted whole */
    struct bf_picture picture;
};

struct bf_face_view *bf_face_view_create(void)
{
    return calloc(1, sizeof(struct bf_face_view));
}

void bf_face_view_free(struct bf_face_view **v)
{
    int i, k;

    if (*v == NULL)
        return;
    for (i = 0; i < PLANES; i++)
        for (k = 0; k < LEVELS; k++)
            free((*v)->level[i][k].own);
    bf_picture_scaler_free(&(*v)->scaler);
    bf_picture_release(&(*v)->picture);
    free(*v);
    *v = NULL;
}

static bool reserve(struct level *l, size_t n)
{
    if (l->cap < n) {
        free(l->own);
        l->own = malloc(n);
        l->cap = l->own != NULL ? n : 0;
    }
    return l->own != NULL;
}

static bool is_planar8(const struct bf_frame *f)
{
    static const char *const kinds[] = {"yuv420p", "yuv422p", "yuv444p", "yuv440p",
                                        "yuv411p", "yuv410p", "gray"};
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(f->pixel_format, kinds[i]) == 0)
            return true;
    return false;
}

/* The frame converted to RGB as shown, and taken apart into three planes. */
static enum bf_err convert(struct bf_face_view *v, const struct bf_frame *f, struct bf_error *err)
{
    bool turned = f->orientation.xx == 0;
    uint32_t w = turned ? f->height : f->width, h = turned ? f->width : f->height;
    size_t n = (size_t)w * h, i;
    enum bf_err rc = BF_OK;
    int k;

    if (v->scaler == NULL)
        v->scaler = bf_picture_scaler_create();
    if (v->scaler == NULL)
        return bf_error_nomem(err);
    if (v->picture.rgb == NULL || v->picture.width != w || v->picture.height != h) {
        bf_picture_release(&v->picture);
        rc = bf_picture_create(&v->picture, w, h, err);
    }
    if (rc == BF_OK)
        rc = bf_picture_scale(&v->picture, v->scaler, f, err);
    if (rc != BF_OK)
        return rc;
    for (k = 0; k < PLANES; k++) {
        struct level *l = &v->level[k][0];

        if (!reserve(l, n))
            return bf_error_nomem(err);
        for (i = 0; i < n; i++)
            l->own[i] = v->picture.rgb[3 * i + (size_t)k];
        l->p = l->own;
        l->stride = (ptrdiff_t)w;
        l->width = (int)w;
        l->height = (int)h;
    }
    v->n_planes = PLANES;
    v->is_rgb = true;
    return BF_OK;
}

enum bf_err bf_face_view_set(struct bf_face_view *v, const struct bf_frame *frame, uint32_t sar_num,
                             uint32_t sar_den, struct bf_error *err)
{
    struct bf_orientation o = frame->orientation;
    bool turned = o.xx == 0;
    unsigned i, k;

    for (i = 0; i < PLANES; i++)
        for (k = 0; k < LEVELS; k++)
            v->level[i][k].ready = false;
    v->wide = v->high = 1;
    if (sar_num > sar_den && sar_den > 0)
        v->wide = (float)sar_num / (float)sar_den;
    else if (sar_num > 0)
        v->high = (float)sar_den / (float)sar_num;
    v->width = v->wide * (float)(turned ? frame->height : frame->width);
    v->height = v->high * (float)(turned ? frame->width : frame->height);
    v->hd = frame->height >= HD_LINES;
    if (!is_planar8(frame)) {
        enum bf_err rc = convert(v, frame, err);

        if (rc != BF_OK)
            return rc;
        o = (struct bf_orientation){1, 0, 0, 1};
    } else {
        v->is_rgb = false;
        v->n_planes = frame->n_planes >= PLANES ? PLANES : 1;
        for (i = 0; i < v->n_planes; i++) {
            struct level *l = &v->level[i][0];

            l->p = frame->plane[i].data;
            l->stride = frame->plane[i].stride;
            l->width = (int)frame->plane[i].row_bytes;
            l->height = (int)frame->plane[i].rows;
        }
    }
    for (i = 0; i < v->n_planes; i++)
        v->level[i][0].ready = true;
    v->to_planes = (struct bf_affine){.xx = (float)o.xx / v->wide,
                                      .xy = (float)o.xy / v->high,
                                      .x0 = o.xx + o.xy < 0 ? (float)v->level[0][0].width : 0,
                                      .yx = (float)o.yx / v->wide,
                                      .yy = (float)o.yy / v->high,
                                      .y0 = o.yx + o.yy < 0 ? (float)v->level[0][0].height : 0};
    return BF_OK;
}

void bf_face_view_size(const struct bf_face_view *v, float *width, float *height)
{
    *width = v->width;
    *height = v->height;
}

void bf_face_view_aspect(const struct bf_face_view *v, float *wide, float *high)
{
    *wide = v->wide;
    *high = v->high;
}

void bf_face_view_mesh(struct bf_point3 *mesh, const struct bf_face_view *v,
                       const struct bf_face *face)
{
    int i;

    for (i = 0; i < BF_FACE_POINTS; i++)
        mesh[i] = (struct bf_point3){face->point[i].x * v->wide, face->point[i].y * v->high,
                                     face->point[i].z};
}

static void halve_row(uint8_t *restrict out, const uint8_t *restrict a, const uint8_t *restrict b,
                      int n)
{
    int x;

    for (x = 0; x < n; x++)
        out[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
}

/* Level k of a plane, made from the one before it. NULL where memory ran out. */
static const struct level *level_of(struct bf_face_view *v, unsigned plane, unsigned k)
{
    struct level *l = &v->level[plane][k];
    const struct level *from;
    int y;

    if (l->ready)
        return l;
    from = level_of(v, plane, k - 1);
    if (from == NULL)
        return NULL;
    if (from->width < 2 || from->height < 2) {
        l->p = from->p;
        l->stride = from->stride;
        l->width = from->width;
        l->height = from->height;
        l->ready = true;
        return l;
    }
    l->width = from->width / 2;
    l->height = from->height / 2;
    if (!reserve(l, (size_t)l->width * (size_t)l->height))
        return NULL;
    for (y = 0; y < l->height; y++)
        halve_row(l->own + (size_t)y * (size_t)l->width, from->p + 2 * y * from->stride,
                  from->p + (2 * y + 1) * from->stride, l->width);
    l->p = l->own;
    l->stride = l->width;
    l->ready = true;
    return l;
}

/* A level, and how a place in plane 0 is found on it. */
struct source {
    const struct level *l;
    float sx, sy;
};

static bool source_of(struct source *s, struct bf_face_view *v, unsigned plane, unsigned k)
{
    s->l = level_of(v, plane, k);
    if (s->l == NULL)
        return false;
    /* What an odd row or column of a level lost is not on the next one. */
    s->sx = (float)v->level[plane][0].width / (float)v->level[0][0].width / (float)(1 << k);
    s->sy = (float)v->level[plane][0].height / (float)v->level[0][0].height / (float)(1 << k);
    return true;
}

static float sample(const struct source *s, float x, float y)
{
    const struct level *l = s->l;
    float fx = x * s->sx - 0.5f, fy = y * s->sy - 0.5f;
    const uint8_t *p, *q;
    int ix, iy, step;

    fx = fx > 0 ? fx : 0;
    fy = fy > 0 ? fy : 0;
    fx = fx < (float)(l->width - 1) ? fx : (float)(l->width - 1);
    fy = fy < (float)(l->height - 1) ? fy : (float)(l->height - 1);
    ix = (int)fx;
    iy = (int)fy;
    fx -= (float)ix;
    fy -= (float)iy;
    step = ix + 1 < l->width;
    p = l->p + iy * l->stride + ix;
    q = iy + 1 < l->height ? p + l->stride : p;
    return ((float)p[0] * (1 - fx) + (float)p[step] * fx) * (1 - fy) +
           ((float)q[0] * (1 - fx) + (float)q[step] * fx) * fy;
}

/* As sample, of a place whose four neighbours are all in the plane. */
static inline float sample_within(const struct source *s, float x, float y)
{
    const struct level *l = s->l;
    float fx = x * s->sx - 0.5f, fy = y * s->sy - 0.5f;
    int ix = (int)fx, iy = (int)fy;
    const uint8_t *p = l->p + iy * l->stride + ix, *q = p + l->stride;

    fx -= (float)ix;
    fy -= (float)iy;
    return ((float)p[0] * (1 - fx) + (float)p[1] * fx) * (1 - fy) +
           ((float)q[0] * (1 - fx) + (float)q[1] * fx) * fy;
}

/* Whether that goes for every pixel of a cut: it does for all where it does for the corners. */
static bool is_within(const struct source *s, const struct bf_affine *a, unsigned size)
{
    const float far = (float)size - 0.5f, room = 0.01f; /* for rounding */
    int i;

    for (i = 0; i < 4; i++) {
        struct bf_point2 at = bf_affine_apply(a, i % 2 ? far : 0.5f, i / 2 ? far : 0.5f);
        float fx = at.x * s->sx - 0.5f, fy = at.y * s->sy - 0.5f;

        if (!(fx >= room && fy >= room && fx < (float)(s->l->width - 1) - room &&
              fy < (float)(s->l->height - 1) - room))
            return false;
    }
    return true;
}

/* From the places of a cut's pixels to plane 0, and the level at which a pixel is about one of it.
 */
static unsigned plan(struct bf_affine *to_plane, const struct bf_face_view *v,
                     const struct bf_affine *to_picture)
{
    float shrink;
    unsigned k = 0;

    *to_plane = bf_affine_chain(to_picture, &v->to_planes);
    shrink = bf_affine_scale(to_plane);
    while (k + 1 < LEVELS && shrink > 1.6f) {
        shrink /= 2;
        k++;
    }
    return k;
}

static float clip(float c)
{
    return c < 0 ? 0 : c > 255 ? 255 : c;
}

enum bf_err bf_face_view_cut(float *out, struct bf_face_view *v, unsigned size,
                             const struct bf_affine *to_picture, enum bf_face_edge edge, float gain,
                             float bias, struct bf_error *err)
{
    /* BT.601 and BT.709, of what lies between 16 and 235 */
    static const float matrix[2][4] = {{1.596f, 0.392f, 0.813f, 2.017f},
                                       {1.793f, 0.213f, 0.533f, 2.112f}};
    const float *m = matrix[v->hd], w = (float)v->level[0][0].width,
                h = (float)v->level[0][0].height;
    struct source s[PLANES];
    struct bf_affine a;
    unsigned k = plan(&a, v, to_picture), i, x, y;
    bool within = true;

    for (i = 0; i < v->n_planes; i++) {
        if (!source_of(&s[i], v, i, k))
            return bf_error_nomem(err);
        within = within && is_within(&s[i], &a, size);
    }
    for (y = 0; y < size; y++) {
        for (x = 0; x < size; x++, out += 3) {
            struct bf_point2 at = bf_affine_apply(&a, (float)x + 0.5f, (float)y + 0.5f);
            float c[3];

            if (!within && !(at.x >= 0 && at.x < w && at.y >= 0 && at.y < h)) {
                if (edge == BF_FACE_EDGE_BLACK || !isfinite(at.x) || !isfinite(at.y)) {
                    out[0] = out[1] = out[2] = bias;
                    continue;
                }
            }
            c[0] = within ? sample_within(&s[0], at.x, at.y) : sample(&s[0], at.x, at.y);
            if (v->n_planes == 1) {
                out[0] = out[1] = out[2] = clip(1.164f * (c[0] - 16)) * gain + bias;
                continue;
            }
            for (i = 1; i < 3; i++)
                c[i] = within ? sample_within(&s[i], at.x, at.y) : sample(&s[i], at.x, at.y);
            if (!v->is_rgb) {
                float luma = 1.164f * (c[0] - 16), cb = c[1] - 128, cr = c[2] - 128;

                c[0] = clip(luma + m[0] * cr);
                c[1] = clip(luma - m[1] * cb - m[2] * cr);
                c[2] = clip(luma + m[3] * cb);
            }
            out[0] = c[0] * gain + bias;
            out[1] = c[1] * gain + bias;
            out[2] = c[2] * gain + bias;
        }
    }
    return BF_OK;
}

enum bf_err bf_face_view_cut_luma(float *out, struct bf_face_view *v, unsigned size,
                                  const struct bf_affine *to_picture, struct bf_error *err)
{
    unsigned plane = v->is_rgb ? 1 : 0, x, y; /* green is most of the luma */
    struct bf_affine a;
    struct source s;

    if (!source_of(&s, v, plane, plan(&a, v, to_picture)))
        return bf_error_nomem(err);
    if (is_within(&s, &a, size)) {
        for (y = 0; y < size; y++)
            for (x = 0; x < size; x++) {
                struct bf_point2 at = bf_affine_apply(&a, (float)x + 0.5f, (float)y + 0.5f);

                *out++ = sample_within(&s, at.x, at.y);
            }
        return BF_OK;
    }
    for (y = 0; y < size; y++)
        for (x = 0; x < size; x++) {
            struct bf_point2 at = bf_affine_apply(&a, (float)x + 0.5f, (float)y + 0.5f);

            *out++ = isfinite(at.x) && isfinite(at.y) ? sample(&s, at.x, at.y) : 0;
        }
    return BF_OK;
}
