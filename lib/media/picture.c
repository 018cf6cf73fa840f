#include "lib/media/picture.h"
#include "lib/media/media_input.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum {
    JPEG_QSCALE = 3,
};

struct bf_picture_scaler {
    struct SwsContext *sws;
    uint8_t *turned; /* the picture before its orientation is applied */
    size_t size;
};

enum bf_err bf_picture_create(struct bf_picture *p, uint32_t width, uint32_t height,
                              struct bf_error *err)
{
    *p = (struct bf_picture){.width = width, .height = height};
    if (width == 0 || height == 0 || width > BF_VIDEO_DIM_MAX || height > BF_VIDEO_DIM_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a picture of %ux%u pixels", width, height);
    /* sws writes rows in whole vectors: leave it room behind the last one. */
    p->rgb = calloc(1, (size_t)width * height * 3 + 64);
    return p->rgb != NULL ? BF_OK : bf_error_nomem(err);
}

void bf_picture_release(struct bf_picture *p)
{
    free(p->rgb);
    *p = (struct bf_picture){0};
}

void bf_picture_fit(uint32_t *width, uint32_t *height, const struct bf_video_info *info,
                    uint32_t longest)
{
    double w = info->width, h = info->height, most;

    /* Of the two ways to square a pixel the one that makes the picture larger loses nothing. */
    if (info->sar_num > info->sar_den)
        w *= (double)info->sar_num / info->sar_den;
    else
        h *= (double)info->sar_den / info->sar_num;
    most = w > h ? w : h;
    if (most > longest) {
        w *= longest / most;
        h *= longest / most;
    }
    *width = w > 1 ? (uint32_t)(w + 0.5) : 1;
    *height = h > 1 ? (uint32_t)(h + 0.5) : 1;
}

struct bf_picture_scaler *bf_picture_scaler_create(void)
{
    return calloc(1, sizeof(struct bf_picture_scaler));
}

void bf_picture_scaler_free(struct bf_picture_scaler **s)
{
    if (*s == NULL)
        return;
    sws_freeContext((*s)->sws);
    free((*s)->turned);
    free(*s);
    *s = NULL;
}

static enum bf_err scale_decoded(uint8_t *rgb, int width, int height, struct bf_picture_scaler *s,
                                 const struct bf_frame *frame, struct bf_error *err)
{
    enum AVPixelFormat from = av_get_pix_fmt(frame->pixel_format);
    const uint8_t *src[BF_FRAME_PLANES] = {NULL};
    int src_stride[BF_FRAME_PLANES] = {0}, dst_stride[4] = {width * 3, 0, 0, 0};
    uint8_t *dst[4] = {rgb, NULL, NULL, NULL};
    const int *colours =
        sws_getCoefficients(frame->height >= BF_VIDEO_HD_LINES ? SWS_CS_ITU709 : SWS_CS_ITU601);
    bool same_size = (uint32_t)width == frame->width && (uint32_t)height == frame->height;
    unsigned i;

    for (i = 0; i < frame->n_planes; i++) {
        src[i] = frame->plane[i].data;
        src_stride[i] = (int)frame->plane[i].stride;
    }
    s->sws = sws_getCachedContext(
        s->sws, (int)frame->width, (int)frame->height, from, width, height, AV_PIX_FMT_RGB24,
        (same_size ? SWS_BILINEAR : SWS_AREA) | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL,
        NULL);
    if (s->sws != NULL)
        sws_setColorspaceDetails(s->sws, colours, 0, colours, 1, 0, 1 << 16, 1 << 16);
    if (s->sws == NULL ||
        sws_scale(s->sws, src, src_stride, 0, (int)frame->height, dst, dst_stride) < 0)
        return bf_error_set(err, BF_ERR_FORMAT, "pixels of a kind that cannot be shown (%s)",
                            frame->pixel_format);
    return BF_OK;
}

enum bf_err bf_picture_scale(struct bf_picture *out, struct bf_picture_scaler *s,
                             const struct bf_frame *frame, struct bf_error *err)
{
    const struct bf_orientation o = frame->orientation;
    bool swapped = o.xx == 0;
    int w = (int)(swapped ? out->height : out->width),
        h = (int)(swapped ? out->width : out->height);
    size_t need = (size_t)w * (size_t)h * 3 + 64;
    ptrdiff_t step_x, step_y;
    const uint8_t *from;
    enum bf_err rc;
    uint32_t x, y;

    if (o.xx == 1 && o.yy == 1)
        return scale_decoded(out->rgb, w, h, s, frame, err);
    if (s->size < need) {
        free(s->turned);
        s->size = 0;
        s->turned = malloc(need);
        if (s->turned == NULL)
            return bf_error_nomem(err);
        s->size = need;
    }
    rc = scale_decoded(s->turned, w, h, s, frame, err);
    if (rc != BF_OK)
        return rc;
    /* One step right or down in the picture as shown, as bytes of the decoded one. */
    step_x = 3 * (o.xx + (ptrdiff_t)o.yx * w);
    step_y = 3 * (o.xy + (ptrdiff_t)o.yy * w);
    from = s->turned +
           3 * ((o.xx + o.xy < 0 ? w - 1 : 0) + (ptrdiff_t)(o.yx + o.yy < 0 ? h - 1 : 0) * w);
    for (y = 0; y < out->height; y++) {
        const uint8_t *p = from + y * step_y;
        uint8_t *q = out->rgb + (size_t)y * out->width * 3;

        for (x = 0; x < out->width; x++, p += step_x, q += 3)
            memcpy(q, p, 3);
    }
    return BF_OK;
}

static uint8_t blend(uint8_t under, uint8_t over, uint8_t alpha)
{
    return (uint8_t)((under * (255 - alpha) + over * alpha + 127) / 255);
}

void bf_picture_fill(struct bf_picture *p, const struct bf_rect *box, struct bf_rgb colour,
                     uint8_t alpha)
{
    int x0 = box->left > 0 ? box->left : 0, y0 = box->top > 0 ? box->top : 0, x, y;
    int x1 = box->right < (int)p->width ? box->right : (int)p->width;
    int y1 = box->bottom < (int)p->height ? box->bottom : (int)p->height;

    for (y = y0; y < y1; y++) {
        uint8_t *q = p->rgb + ((size_t)y * p->width + (size_t)x0) * 3;

        for (x = x0; x < x1; x++, q += 3) {
            q[0] = blend(q[0], colour.r, alpha);
            q[1] = blend(q[1], colour.g, alpha);
            q[2] = blend(q[2], colour.b, alpha);
        }
    }
}

void bf_picture_outline(struct bf_picture *p, const struct bf_rect *box, int thick,
                        struct bf_rgb colour)
{
    struct bf_rect r = *box;

    r.bottom = box->top + thick;
    bf_picture_fill(p, &r, colour, 255);
    r.top = box->bottom - thick;
    r.bottom = box->bottom;
    bf_picture_fill(p, &r, colour, 255);
    r.top = box->top + thick;
    r.bottom = box->bottom - thick;
    r.right = box->left + thick;
    bf_picture_fill(p, &r, colour, 255);
    r.left = box->right - thick;
    r.right = box->right;
    bf_picture_fill(p, &r, colour, 255);
}

/* The pixels in the encoder's own format: JPEG wants full-range YCbCr, PNG takes RGB. */
static bool fill_frame(AVFrame *av, const struct bf_picture *p)
{
    const uint8_t *src[4] = {p->rgb, NULL, NULL, NULL};
    int stride[4] = {(int)p->width * 3, 0, 0, 0};
    struct SwsContext *sws;
    bool good;

    if (av_frame_get_buffer(av, 0) < 0)
        return false;
    if (av->format == AV_PIX_FMT_RGB24) {
        av_image_copy(av->data, av->linesize, src, stride, AV_PIX_FMT_RGB24, av->width, av->height);
        return true;
    }
    sws = sws_getContext(av->width, av->height, AV_PIX_FMT_RGB24, av->width, av->height,
                         (enum AVPixelFormat)av->format, SWS_BILINEAR | SWS_ACCURATE_RND, NULL,
                         NULL, NULL);
    good = sws != NULL &&
           sws_scale(sws, src, stride, 0, av->height, av->data, av->linesize) == av->height;
    sws_freeContext(sws);
    return good;
}

enum bf_err bf_picture_encode(struct bf_buf *out, const struct bf_picture *p,
                              enum bf_picture_kind kind, struct bf_error *err)
{
    const char *name = kind == BF_PICTURE_PNG ? "PNG" : "JPEG";
    const AVCodec *codec =
        avcodec_find_encoder(kind == BF_PICTURE_PNG ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG);
    AVCodecContext *enc = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    AVFrame *av = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    enum bf_err rc = BF_OK;

    bf_media_silence();
    if (codec == NULL) {
        rc = bf_error_set(err, BF_ERR_LIBRARY, "this FFmpeg cannot write %s pictures", name);
        goto out;
    }
    if (enc == NULL || av == NULL || pkt == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    enc->width = av->width = (int)p->width;
    enc->height = av->height = (int)p->height;
    enc->pix_fmt = kind == BF_PICTURE_PNG ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUVJ444P;
    av->format = enc->pix_fmt;
    enc->time_base = (AVRational){1, 25};
    enc->thread_count = 1;
    enc->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    enc->global_quality = av->quality = FF_QP2LAMBDA * JPEG_QSCALE;
    av->pts = 0;
    if (avcodec_open2(enc, codec, NULL) < 0 || !fill_frame(av, p) ||
        avcodec_send_frame(enc, av) < 0 || avcodec_send_frame(enc, NULL) < 0 ||
        avcodec_receive_packet(enc, pkt) < 0)
        rc = bf_error_set(err, BF_ERR_LIBRARY, "FFmpeg cannot write a %s picture of %ux%u pixels",
                          name, p->width, p->height);
    else if (!bf_buf_append(out, pkt->data, (size_t)pkt->size))
        rc = bf_error_nomem(err);
out:
    av_packet_free(&pkt);
    av_frame_free(&av);
    avcodec_free_context(&enc);
    return rc;
}
