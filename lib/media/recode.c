#include "lib/media/recode.h"
#include "lib/media/media_input.h"

#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

struct coder {
    AVCodecContext *enc, *dec;
    AVFrame *in, *got;
    AVPacket *pkt;
    struct bf_canvas *out;
    bool seen; /* a frame has come out */
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

static enum bf_err open_encoder(struct coder *k, unsigned crf, struct bf_error *err)
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

static enum bf_err open_decoder(struct coder *k, struct bf_error *err)
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

/* All frames that the decoder has ready; the last one stays in out. */
static int take_frames(struct coder *k)
{
    uint32_t w, h;
    int rc, i;

    while ((rc = avcodec_receive_frame(k->dec, k->got)) >= 0) {
        for (i = 0; i < 3; i++) {
            plane_size(&w, &h, k->out, i);
            copy_plane(k->out->plane[i], k->out->stride[i], k->got->data[i], k->got->linesize[i], w,
                       h);
        }
        k->seen = true;
        av_frame_unref(k->got);
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : rc;
}

static int pass_packets(struct coder *k)
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

static int run(struct coder *k, struct bf_canvas *const *frames, size_t n)
{
    uint32_t w, h;
    size_t f;
    int rc = 0, i;

    for (f = 0; f < n && rc >= 0; f++) {
        rc = av_frame_make_writable(k->in);
        for (i = 0; i < 3 && rc >= 0; i++) {
            plane_size(&w, &h, k->out, i);
            copy_plane(k->in->data[i], k->in->linesize[i], frames[f]->plane[i],
                       frames[f]->stride[i], w, h);
        }
        k->in->pts = (int64_t)f;
        if (rc >= 0)
            rc = avcodec_send_frame(k->enc, k->in);
        if (rc >= 0)
            rc = pass_packets(k);
    }
    if (rc >= 0)
        rc = avcodec_send_frame(k->enc, NULL);
    if (rc >= 0)
        rc = pass_packets(k);
    if (rc >= 0)
        rc = avcodec_send_packet(k->dec, NULL);
    return rc >= 0 ? take_frames(k) : rc;
}

enum bf_err bf_recode(struct bf_canvas *out, struct bf_canvas *const *frames, size_t n,
                      unsigned crf, struct bf_error *err)
{
    struct coder k = {.out = out};
    enum bf_err rc;

    bf_media_silence();
    rc = open_encoder(&k, crf, err);
    if (rc == BF_OK)
        rc = open_decoder(&k, err);
    if (rc == BF_OK && (run(&k, frames, n) < 0 || !k.seen))
        rc = bf_error_set(err, BF_ERR_LIBRARY, "FFmpeg cannot code %zu frames of %ux%u pixels", n,
                          out->width, out->height);
    avcodec_free_context(&k.enc);
    avcodec_free_context(&k.dec);
    av_frame_free(&k.in);
    av_frame_free(&k.got);
    av_packet_free(&k.pkt);
    return rc;
}
