#include "lib/media/canvas.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum {
    ALIGN = 64, /* of rows; sws writes whole vectors */
    GREY = 128,
};

struct bf_canvas_work {
    struct SwsContext *sws;
    uint8_t *turned; /* the planes before their orientation is applied */
    size_t turned_size;
    float *sum; /* (3, width): of a row of chroma samples, cb, cr and the weight */
};

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static uint32_t chroma_length(const struct bf_canvas *c, uint32_t n)
{
    return (n + c->chroma_shift) >> c->chroma_shift;
}

enum bf_err bf_canvas_create(struct bf_canvas **out, const struct bf_video_info *info,
                             struct bf_error *err)
{
    struct bf_canvas *c;
    int i;

    *out = NULL;
    if (info->width == 0 || info->height == 0 || info->width > BF_VIDEO_DIM_MAX ||
        info->height > BF_VIDEO_DIM_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a canvas of %ux%u pixels", info->width,
                            info->height);
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return bf_error_nomem(err);
    c->width = info->width;
    c->height = info->height;
    c->chroma_shift = (info->width | info->height) & 1 ? 0 : 1;
    c->full_range = info->full_range;
    c->bt709 = info->matrix == AVCOL_SPC_BT709 ||
               (info->matrix != AVCOL_SPC_SMPTE170M && info->matrix != AVCOL_SPC_BT470BG &&
                info->height >= BF_VIDEO_HD_LINES);
    c->work = calloc(1, sizeof *c->work);
    if (c->work != NULL)
        c->work->sum = malloc(3 * ((size_t)c->width + 1) * sizeof *c->work->sum);
    for (i = 0; i < 3; i++) {
        size_t stride = round_up(i == 0 ? c->width : chroma_length(c, c->width)) + ALIGN,
               size = stride * (i == 0 ? c->height : chroma_length(c, c->height));

        c->stride[i] = (ptrdiff_t)stride;
        c->plane[i] = aligned_alloc(ALIGN, size);
        if (c->plane[i] != NULL)
            memset(c->plane[i], GREY, size);
    }
    *out = c;
    if (c->work == NULL || c->work->sum == NULL || c->plane[0] == NULL || c->plane[1] == NULL ||
        c->plane[2] == NULL) {
        bf_canvas_free(out);
        return bf_error_nomem(err);
    }
    return BF_OK;
}

void bf_canvas_free(struct bf_canvas **out)
{
    struct bf_canvas *c = *out;
    int i;

    if (c == NULL)
        return;
    if (c->work != NULL) {
        sws_freeContext(c->work->sws);
        free(c->work->turned);
        free(c->work->sum);
        free(c->work);
    }
    for (i = 0; i < 3; i++)
        free(c->plane[i]);
    free(c);
    *out = NULL;
}

/* Three planes of the frame as decoded. */
struct decoded {
    const uint8_t *data[3];
    ptrdiff_t stride[3];
};

static bool own_layout(const struct bf_canvas *c, const struct bf_frame *f, bool swapped)
{
    return strcmp(f->pixel_format, c->chroma_shift ? "yuv420p" : "yuv444p") == 0 &&
           f->width == (swapped ? c->height : c->width) &&
           f->height == (swapped ? c->width : c->height);
}

/* Matrix and range stay what they are; RGB becomes what the canvas says, in the small range. */
static enum bf_err convert(uint8_t *dst[4], const int dst_stride[4], int width, int height,
                           struct bf_canvas *c, const struct bf_frame *f, struct bf_error *err)
{
    enum AVPixelFormat from = av_get_pix_fmt(f->pixel_format);
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(from);
    bool rgb = desc != NULL && (desc->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
    const int *matrix = sws_getCoefficients(c->bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    const uint8_t *src[BF_FRAME_PLANES] = {NULL};
    int src_stride[BF_FRAME_PLANES] = {0};
    unsigned i;

    for (i = 0; i < f->n_planes; i++) {
        src[i] = f->plane[i].data;
        src_stride[i] = (int)f->plane[i].stride;
    }
    c->work->sws = sws_getCachedContext(
        c->work->sws, (int)f->width, (int)f->height, from, width, height,
        c->chroma_shift ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV444P,
        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    if (c->work->sws != NULL)
        sws_setColorspaceDetails(c->work->sws, matrix, rgb || c->full_range, matrix, c->full_range,
                                 0, 1 << 16, 1 << 16);
    if (c->work->sws == NULL ||
        sws_scale(c->work->sws, src, src_stride, 0, (int)f->height, dst, dst_stride) < 0)
        return bf_error_set(err, BF_ERR_FORMAT, "pixels of a kind that cannot be shown (%s)",
                            f->pixel_format);
    return BF_OK;
}

/* A plane as decoded, w x h samples, to one as shown. */
static void turn(uint8_t *dst, ptrdiff_t dst_stride, uint32_t width, uint32_t height,
                 const uint8_t *src, ptrdiff_t stride, uint32_t w, uint32_t h,
                 struct bf_orientation o)
{
    ptrdiff_t step_x = o.xx + o.yx * stride, step_y = o.xy + o.yy * stride;
    const uint8_t *from = src + (o.xx + o.xy < 0 ? (ptrdiff_t)w - 1 : 0) +
                          (o.yx + o.yy < 0 ? (ptrdiff_t)h - 1 : 0) * stride;
    uint32_t x, y;

    for (y = 0; y < height; y++) {
        const uint8_t *p = from + (ptrdiff_t)y * step_y;
        uint8_t *q = dst + (ptrdiff_t)y * dst_stride;

        if (step_x == 1) {
            memcpy(q, p, width);
            continue;
        }
        for (x = 0; x < width; x++, p += step_x)
            q[x] = *p;
    }
}

static enum bf_err decoded_planes(struct decoded *d, struct bf_canvas *c, const struct bf_frame *f,
                                  uint32_t w, uint32_t h, struct bf_error *err)
{
    size_t stride = round_up(w) + ALIGN, need = 3 * stride * h;
    uint8_t *dst[4] = {NULL};
    int dst_stride[4] = {0}, i;

    if (c->work->turned_size < need) {
        free(c->work->turned);
        c->work->turned_size = 0;
        c->work->turned = malloc(need);
        if (c->work->turned == NULL)
            return bf_error_nomem(err);
        c->work->turned_size = need;
    }
    for (i = 0; i < 3; i++) {
        dst[i] = c->work->turned + (size_t)i * stride * h;
        dst_stride[i] = (int)stride;
        d->data[i] = dst[i];
        d->stride[i] = (ptrdiff_t)stride;
    }
    return convert(dst, dst_stride, (int)w, (int)h, c, f, err);
}

enum bf_err bf_canvas_take(struct bf_canvas *c, const struct bf_frame *f, struct bf_error *err)
{
    const struct bf_orientation o = f->orientation;
    bool swapped = o.xx == 0, upright = o.xx == 1 && o.yy == 1;
    uint32_t w = swapped ? c->height : c->width, h = swapped ? c->width : c->height;
    struct decoded d = {{NULL}, {0}};
    enum bf_err rc = BF_OK;
    int i;

    if (own_layout(c, f, swapped)) {
        for (i = 0; i < 3; i++) {
            d.data[i] = f->plane[i].data;
            d.stride[i] = f->plane[i].stride;
        }
    } else if (upright) {
        uint8_t *dst[4] = {c->plane[0], c->plane[1], c->plane[2], NULL};
        const int dst_stride[4] = {(int)c->stride[0], (int)c->stride[1], (int)c->stride[2], 0};

        return convert(dst, dst_stride, (int)w, (int)h, c, f, err);
    } else {
        rc = decoded_planes(&d, c, f, w, h, err);
    }
    for (i = 0; i < 3 && rc == BF_OK; i++)
        turn(c->plane[i], c->stride[i], i == 0 ? c->width : chroma_length(c, c->width),
             i == 0 ? c->height : chroma_length(c, c->height), d.data[i], d.stride[i],
             i == 0 ? w : chroma_length(c, w), i == 0 ? h : chroma_length(c, h), o);
    return rc;
}

/* Between samples and what they mean: luma = (y - y0) y_step on 0 to 1, chroma likewise on -0.5 to
 * 0.5. */
struct matrix {
    float y0, y_step, c_step;
    float kr, kg, kb;       /* luma of a colour */
    float rv, gu, gv, bu;   /* colour of luma and chroma */
    float u_scale, v_scale; /* chroma of b - luma and r - luma */
    float y_range, c_range; /* steps on the scale of samples */
};

static struct matrix matrix_of(const struct bf_canvas *c)
{
    float kr = c->bt709 ? 0.2126f : 0.299f, kb = c->bt709 ? 0.0722f : 0.114f, kg = 1 - kr - kb;

    return (struct matrix){
        .y0 = c->full_range ? 0 : 16,
        .y_range = c->full_range ? 255 : 219,
        .c_range = c->full_range ? 255 : 224,
        .y_step = 1 / (c->full_range ? 255.0f : 219.0f),
        .c_step = 1 / (c->full_range ? 255.0f : 224.0f),
        .kr = kr,
        .kg = kg,
        .kb = kb,
        .rv = 2 * (1 - kr),
        .bu = 2 * (1 - kb),
        .gu = -2 * (1 - kb) * kb / kg,
        .gv = -2 * (1 - kr) * kr / kg,
        .u_scale = 0.5f / (1 - kb),
        .v_scale = 0.5f / (1 - kr),
    };
}

static float clip(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* To the nearest sample; not a number becomes 0. */
static uint8_t sample(float v)
{
    return (uint8_t)(v > 0 ? (v < 255 ? v + 0.5f : 255) : 0);
}

static bool lies_inside(const struct bf_canvas *c, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    return x <= c->width && w <= c->width - x && y <= c->height && h <= c->height - y;
}

void bf_canvas_get_rgb(float *rgb, const struct bf_canvas *c, uint32_t x, uint32_t y, uint32_t w,
                       uint32_t h)
{
    const struct matrix m = matrix_of(c);
    const unsigned shift = c->chroma_shift;
    uint32_t i, j;

    assert(lies_inside(c, x, y, w, h));
    for (j = 0; j < h; j++) {
        const uint8_t *py = c->plane[0] + (ptrdiff_t)(y + j) * c->stride[0] + x,
                      *pu = c->plane[1] + (ptrdiff_t)((y + j) >> shift) * c->stride[1],
                      *pv = c->plane[2] + (ptrdiff_t)((y + j) >> shift) * c->stride[2];
        float *q = rgb + (size_t)j * w * 3;

        for (i = 0; i < w; i++) {
            float l = ((float)py[i] - m.y0) * m.y_step,
                  u = ((float)pu[(x + i) >> shift] - GREY) * m.c_step,
                  v = ((float)pv[(x + i) >> shift] - GREY) * m.c_step;

            q[3 * i] = clip(l + m.rv * v);
            q[3 * i + 1] = clip(l + m.gu * u + m.gv * v);
            q[3 * i + 2] = clip(l + m.bu * u);
        }
    }
}

/* One row of pixels; its chroma is added to the sums of the row of chroma samples it lies in. */
static void put_row(struct bf_canvas *c, const struct matrix *m, const float *restrict rgb,
                    const float *restrict alpha, uint32_t x, uint32_t y, uint32_t w)
{
    const unsigned shift = c->chroma_shift;
    uint8_t *py = c->plane[0] + (ptrdiff_t)y * c->stride[0] + x;
    float *su = c->work->sum, *sv = su + c->width + 1, *sa = sv + c->width + 1;
    uint32_t i, first = x >> shift;

    for (i = 0; i < w; i++) {
        float r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2],
              a = alpha != NULL ? alpha[i] : 1, l = m->kr * r + m->kg * g + m->kb * b;
        uint32_t k = ((x + i) >> shift) - first;

        if (!(a > 0))
            continue;
        py[i] = sample((float)py[i] + a * (m->y0 + l * m->y_range - (float)py[i]));
        su[k] += a * (b - l);
        sv[k] += a * (r - l);
        sa[k] += a;
    }
}

static void put_chroma(struct bf_canvas *c, const struct matrix *m, uint32_t x, uint32_t row,
                       uint32_t w)
{
    const unsigned shift = c->chroma_shift;
    const float share = shift ? 0.25f : 1, u_scale = share * m->u_scale * m->c_range,
                v_scale = share * m->v_scale * m->c_range;
    uint32_t first = x >> shift, n = ((x + w - 1) >> shift) - first + 1, k;
    uint8_t *pu = c->plane[1] + (ptrdiff_t)row * c->stride[1] + first,
            *pv = c->plane[2] + (ptrdiff_t)row * c->stride[2] + first;
    const float *su = c->work->sum, *sv = su + c->width + 1, *sa = sv + c->width + 1;

    for (k = 0; k < n; k++) {
        float keep = 1 - share * sa[k];

        if (!(sa[k] > 0))
            continue;
        pu[k] = sample(GREY + keep * ((float)pu[k] - GREY) + u_scale * su[k]);
        pv[k] = sample(GREY + keep * ((float)pv[k] - GREY) + v_scale * sv[k]);
    }
}

void bf_canvas_put_rgb(struct bf_canvas *c, const float *rgb, const float *alpha, uint32_t x,
                       uint32_t y, uint32_t w, uint32_t h)
{
    const struct matrix m = matrix_of(c);
    const unsigned shift = c->chroma_shift;
    uint32_t j;

    assert(lies_inside(c, x, y, w, h));
    if (w == 0)
        return;
    for (j = 0; j < h; j++) {
        if (j == 0 || (y + j) >> shift != (y + j - 1) >> shift)
            memset(c->work->sum, 0, 3 * ((size_t)c->width + 1) * sizeof *c->work->sum);
        put_row(c, &m, rgb + (size_t)j * w * 3, alpha != NULL ? alpha + (size_t)j * w : NULL, x,
                y + j, w);
        if (j + 1 == h || (y + j) >> shift != (y + j + 1) >> shift)
            put_chroma(c, &m, x, (y + j) >> shift, w);
    }
}
