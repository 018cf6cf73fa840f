#include "lib/media/frame_layout.h"

#include <libavutil/common.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

enum {
    ALIGN = 64, /* rows and planes begin on whole vectors and cache lines */
    DRAWN_MORE = 160,
    BEHIND = 128, /* vector code may read, but not use, what lies behind the last row */
};

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* The full-range twins hold the same samples as their plain namesakes; containers disagree about
 * which one to say. */
static const char *plain_name(const AVPixFmtDescriptor *desc)
{
    static const char *const twin[][2] = {{"yuvj420p", "yuv420p"},
                                          {"yuvj422p", "yuv422p"},
                                          {"yuvj444p", "yuv444p"},
                                          {"yuvj440p", "yuv440p"},
                                          {"yuvj411p", "yuv411p"}};
    size_t i;

    for (i = 0; i < sizeof twin / sizeof *twin; i++)
        if (strcmp(desc->name, twin[i][0]) == 0)
            return twin[i][1];
    return desc->name;
}

static void set_luma(struct bf_frame_layout *l, const AVPixFmtDescriptor *desc)
{
    const AVComponentDescriptor *y = &desc->comp[0];
    bool plain =
        !(desc->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                         AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_FLOAT)) &&
        y->plane == 0 && y->offset == 0 &&
        ((y->depth == 8 && y->step == 1) || (y->depth > 8 && y->depth <= 16 && y->step == 2));

    l->grey = !plain;
    l->luma_bytes = !plain || y->depth == 8 ? 1 : 2;
    /* Twelve bits are more than a mean over a cell can show, and keep its sums within 32. */
    l->luma_bits = !plain ? 8 : y->depth > 12 ? 12 : (unsigned)y->depth;
    l->luma_shift = plain ? (unsigned)y->shift + (unsigned)y->depth - l->luma_bits : 0;
}

static void add_plane(struct bf_frame_layout *l, size_t row_bytes, uint32_t rows)
{
    size_t stride = aligned(row_bytes);

    l->plane[l->n_planes].offset = l->bytes;
    l->plane[l->n_planes].stride = stride;
    l->plane[l->n_planes].row_bytes = row_bytes;
    l->plane[l->n_planes].rows = rows;
    l->n_planes++;
    l->bytes += stride * rows;
}

bool bf_frame_layout_set(struct bf_frame_layout *l, uint32_t format, uint32_t width,
                         uint32_t height)
{
    const AVPixFmtDescriptor *desc =
        format <= INT_MAX ? av_pix_fmt_desc_get((enum AVPixelFormat)format) : NULL;
    int row_bytes[4] = {0}, i;

    *l = (struct bf_frame_layout){0};
    if (desc == NULL || (desc->flags & AV_PIX_FMT_FLAG_HWACCEL) || desc->nb_components == 0 ||
        width == 0 || height == 0 || width > BF_VIDEO_DIM_MAX || height > BF_VIDEO_DIM_MAX ||
        (uint64_t)width * height > BF_VIDEO_PIXELS_MAX ||
        av_image_fill_linesizes(row_bytes, (enum AVPixelFormat)format, (int)width) < 0)
        return false;
    for (i = 0; i < BF_FRAME_PLANES && row_bytes[i] > 0; i++)
        add_plane(l, (size_t)row_bytes[i],
                  i == 1 || i == 2 ? (uint32_t)AV_CEIL_RSHIFT((int)height, desc->log2_chroma_h)
                                   : height);
    if (l->n_planes == 0)
        return false;
    /* A palette is part of the picture, though it is no plane of it. */
    if ((desc->flags & AV_PIX_FMT_FLAG_PAL) && l->n_planes == 1)
        add_plane(l, AVPALETTE_SIZE, 1);
    set_luma(l, desc);
    if (l->grey) {
        l->grey_offset = l->bytes;
        l->grey_stride = aligned(width);
        l->bytes += l->grey_stride * height;
    }
    l->bytes += BEHIND;
    l->pixel_format = plain_name(desc);
    return true;
}

size_t bf_frame_layout_room(const struct bf_frame_layout *l)
{
    size_t bytes = l->bytes + BF_FRAME_SKEW;
    unsigned i;

    /* Beyond the right edge a decoder's whole blocks and vectors, below the last row its blocks. */
    for (i = 0; i < l->n_planes; i++)
        bytes += (size_t)DRAWN_MORE * l->plane[i].rows +
                 (l->plane[i].stride + DRAWN_MORE) * DRAWN_MORE + BEHIND;
    return bytes;
}

bool bf_frame_layout_place(struct bf_frame_layout *l, const uint32_t offset[BF_FRAME_PLANES],
                           const uint32_t stride[BF_FRAME_PLANES], size_t bytes)
{
    unsigned i;

    for (i = 0; i < l->n_planes; i++) {
        /* none of it overflows: 2^32 of 2^15 rows */
        uint64_t end = offset[i] + (uint64_t)stride[i] * (l->plane[i].rows - 1) +
                       l->plane[i].row_bytes + BEHIND;

        if (stride[i] < l->plane[i].row_bytes || stride[i] > INT_MAX || end > bytes)
            return false;
        l->plane[i].offset = offset[i];
        l->plane[i].stride = stride[i];
    }
    return !l->grey || l->bytes <= bytes;
}

static void copy_rows(uint8_t *to, size_t to_stride, const uint8_t *from, ptrdiff_t from_stride,
                      size_t row_bytes, uint32_t rows)
{
    uint32_t y;

    /* One copy where the rows lie alike. What is between them is the decoder's own. */
    if (from_stride == (ptrdiff_t)to_stride) {
        memcpy(to, from, to_stride * (rows - 1) + row_bytes);
        return;
    }
    for (y = 0; y < rows; y++)
        memcpy(to + y * to_stride, from + (ptrdiff_t)y * from_stride, row_bytes);
}

void bf_frame_layout_store(uint8_t *slot, const struct bf_frame_layout *l, const struct bf_frame *f)
{
    unsigned i;

    for (i = 0; i < l->n_planes; i++)
        copy_rows(slot + l->plane[i].offset, l->plane[i].stride, f->plane[i].data,
                  f->plane[i].stride, l->plane[i].row_bytes, l->plane[i].rows);
    if (l->grey && f->luma != NULL)
        copy_rows(slot + l->grey_offset, l->grey_stride, f->luma, f->luma_stride, f->width,
                  f->height);
}

void bf_frame_layout_show(struct bf_frame *f, const struct bf_frame_layout *l, const uint8_t *slot)
{
    unsigned i;

    f->pixel_format = l->pixel_format;
    f->n_planes = l->n_planes;
    for (i = 0; i < l->n_planes; i++)
        f->plane[i] = (struct bf_plane){slot + l->plane[i].offset, (ptrdiff_t)l->plane[i].stride,
                                        l->plane[i].row_bytes, l->plane[i].rows};
    f->luma = slot + (l->grey ? l->grey_offset : l->plane[0].offset);
    f->luma_stride = (ptrdiff_t)(l->grey ? l->grey_stride : l->plane[0].stride);
    f->luma_bytes = l->luma_bytes;
    f->luma_bits = l->luma_bits;
    f->luma_shift = l->luma_shift;
}

uint32_t bf_frame_layout_format(const char *pixel_format)
{
    return (uint32_t)av_get_pix_fmt(pixel_format);
}
