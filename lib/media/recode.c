#include "lib/media/recode.h"
#include "lib/media/media_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

struct bf_recoder {
    AVCodecContext *enc, *dec;
    AVFrame *in, *got;
    AVPacket *pkt;
    struct bf_canvas *out;
    int64_t n_put;
    bf_recode_fn *fn;
    void *ctx;
    enum bf_err said; /* by fn */
    struct bf_error *err;
};

void bf_canvas_frame(struct bf_frame *frame, const struct bf_canvas *c)
{
    int i;

    memset(frame, 0, sizeof *frame);
    frame->width = c->width;
    frame->height = c->height;
    frame->pixel_format = c->chroma_shift ? "yuv420p" : "yuv444p";
    frame->orientation = (struct bf_orientation){1, 0, 0, 1};
    frame->n_planes = 3;
    for (i = 0; i < 3; i++) {
        uint32_t w = i == 0 ? c->width : (c->width + c->chroma_shift) >> c->chroma_shift,
                 h = i == 0 ? c->height : (c->height + c->chroma_shift) >> c->chroma_shift;

        frame->plane[i] = (struct bf_plane){c->plane[i], c->stride[i], w, h};
    }
    frame->luma = c->plane[0];
    frame->luma_stride = c->stride[0];
    frame->luma_bytes = 1;
    frame->luma_bits = 8;
}

static enum bf_err open_encoder(struct bf_recoder *k, unsigned crf, struct bf_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVDictionary *how = NULL;
    char text[16];
    int rc;

    if (codec == NULL)
        return bf_error_set(err, BF_ERR_LIBRARY, "this FFmpeg has no libx264");
    k->enc = avcodec_alloc_context3(codec);
    if (k->enc == NULL)
        return bf_error_nomem(err);
    k->enc->width = (int)k->out->width;
    k->enc->height = (int)k->out->height;
    k->enc->pix_fmt = k->out->chroma_shift ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV444P;
    k->enc->time_base = (AVRational){1, 25};
    k->enc->framerate = (AVRational){25, 1};
    k->enc->max_b_frames = 0;
    k->enc->thread_count = 1;
    k->enc->flags |= AV_CODEC_FLAG_BITEXACT;
    snprintf(text, sizeof text, "%u", crf);
    av_dict_set(&how, "preset", "veryfast", 0);
    av_dict_set(&how, "x264-params", "scenecut=0:rc-lookahead=0:sync-lookahead=0", 0);
    av_dict_set(&how, "crf", text, 0);
    rc = avcodec_open2(k->enc, codec, &how);
    av_dict_free(&how);
    return rc < 0 ? bf_error_set(err, BF_ERR_LIBRARY, "libx264 does not take %ux%u pixels",
                                 k->out->width, k->out->height)
                  : BF_OK;
}

static enum bf_err open_decoder(struct bf_recoder *k, struct bf_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);

    k->dec = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    k->in = av_frame_alloc();
    k->got = av_frame_alloc();
    k->pkt = av_packet_alloc();
    if (k->dec == NULL || k->in == NULL || k->got == NULL || k->pkt == NULL)
        return bf_error_nomem(err);
    k->dec->thread_count = 1;
    k->in->width = k->enc->width;
    k->in->height = k->enc->height;
    k->in->format = k->enc->pix_fmt;
    if (av_frame_get_buffer(k->in, 0) < 0 || avcodec_open2(k->dec, codec, NULL) < 0)
        return bf_error_nomem(err);
    return BF_OK;
}

static void copy_plane(uint8_t *to, ptrdiff_t to_stride, const uint8_t *from, ptrdiff_t stride,
                       uint32_t w, uint32_t h)
{
    uint32_t y;

    for (y = 0; y < h; y++)
        memcpy(to + (ptrdiff_t)y * to_stride, from + (ptrdiff_t)y * stride, w);
}

static void plane_size(uint32_t *w, uint32_t *h, const struct bf_canvas *c, int i)
{
    *w = i == 0 ? c->width : (c->width + c->chroma_shift) >> c->chroma_shift;
    *h = i == 0 ? c->height : (c->height + c->chroma_shift) >> c->chroma_shift;
}

/* All frames that the decoder has ready, each handed on. */
static int take_frames(struct bf_recoder *k)
{
    uint32_t w, h;
    int rc, i;

    while ((rc = avcodec_receive_frame(k->dec, k->got)) >= 0) {
        for (i = 0; i < 3; i++) {
            plane_size(&w, &h, k->out, i);
            copy_plane(k->out->plane[i], k->out->stride[i], k->got->data[i], k->got->linesize[i], w,
                       h);
        }
        av_frame_unref(k->got);
        k->said = k->fn(k->ctx, k->out, k->err);
        if (k->said != BF_OK)
            return AVERROR_EXTERNAL;
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : rc;
}

static int pass_packets(struct bf_recoder *k)
{
    int rc;

    while ((rc = avcodec_receive_packet(k->enc, k->pkt)) >= 0) {
        rc = avcodec_send_packet(k->dec, k->pkt);
        av_packet_unref(k->pkt);
        if (rc >= 0)
            rc = take_frames(k);
        if (rc < 0)
            return rc;
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : rc;
}

/* FFmpeg's answer, or what fn said. */
static enum bf_err answer(struct bf_recoder *k, int rc, struct bf_error *err)
{
    if (k->said != BF_OK)
        return k->said;
    return rc >= 0 ? BF_OK
                   : bf_error_set(err, BF_ERR_LIBRARY, "FFmpeg cannot code frames of %ux%u pixels",
                                  k->out->width, k->out->height);
}

enum bf_err bf_recoder_put(struct bf_recoder *k, const struct bf_canvas *frame,
                           struct bf_error *err)
{
    uint32_t w, h;
    int rc = av_frame_make_writable(k->in), i;

    for (i = 0; i < 3 && rc >= 0; i++) {
        plane_size(&w, &h, k->out, i);
        copy_plane(k->in->data[i], k->in->linesize[i], frame->plane[i], frame->stride[i], w, h);
    }
    k->err = err;
    k->in->pts = k->n_put++;
    if (rc >= 0)
        rc = avcodec_send_frame(k->enc, k->in);
    if (rc >= 0)
        rc = pass_packets(k);
    return answer(k, rc, err);
}

enum bf_err bf_recoder_finish(struct bf_recoder *k, struct bf_error *err)
{
    int rc = avcodec_send_frame(k->enc, NULL);

    k->err = err;
    if (rc >= 0)
        rc = pass_packets(k);
    if (rc >= 0)
        rc = avcodec_send_packet(k->dec, NULL);
    if (rc >= 0)
        rc = take_frames(k);
    return answer(k, rc, err);
}

enum bf_err bf_recoder_create(struct bf_recoder **out, const struct bf_canvas *like, unsigned crf,
                              bf_recode_fn *fn, void *ctx, struct bf_error *err)
{
    const struct bf_video_info info = {.width = like->width,
                                       .height = like->height,
                                       .matrix = like->bt709 ? BF_VIDEO_MATRIX_BT709
                                                             : BF_VIDEO_MATRIX_BT601,
                                       .full_range = like->full_range};
    struct bf_recoder *k = calloc(1, sizeof *k);
    enum bf_err rc;

    *out = k;
    if (k == NULL)
        return bf_error_nomem(err);
    bf_media_silence();
    k->fn = fn;
    k->ctx = ctx;
    rc = bf_canvas_create(&k->out, &info, err);
    if (rc == BF_OK)
        rc = open_encoder(k, crf, err);
    if (rc == BF_OK)
        rc = open_decoder(k, err);
    if (rc != BF_OK)
        bf_recoder_free(out);
    return rc;
}

void bf_recoder_free(struct bf_recoder **out)
{
    struct bf_recoder *k = *out;

    if (k == NULL)
        return;
    avcodec_free_context(&k->enc);
    avcodec_free_context(&k->dec);
    av_frame_free(&k->in);
    av_frame_free(&k->got);
    av_packet_free(&k->pkt);
    bf_canvas_free(&k->out);
    free(k);
    *out = NULL;
}

static enum bf_err keep_last(void *ctx, const struct bf_canvas *decoded, struct bf_error *err)
{
    struct bf_canvas *out = ctx;
    uint32_t w, h;
    int i;

    (void)err;
    for (i = 0; i < 3; i++) {
        plane_size(&w, &h, out, i);
        copy_plane(out->plane[i], out->stride[i], decoded->plane[i], decoded->stride[i], w, h);
    }
    return BF_OK;
}

enum bf_err bf_recode(struct bf_canvas *out, struct bf_canvas *const *frames, size_t n,
                      unsigned crf, struct bf_error *err)
{
    struct bf_recoder *k = NULL;
    enum bf_err rc = bf_recoder_create(&k, out, crf, keep_last, out, err);
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++)
        rc = bf_recoder_put(k, frames[i], err);
    if (rc == BF_OK)
        rc = bf_recoder_finish(k, err);
    bf_recoder_free(&k);
    return rc;
}
