#include "lib/media/video_writer.h"
#include "lib/base/bytes.h"
#include "lib/media/media_input.h"
#include "lib/media/sound_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

enum {
    IO_BUFFER = 1 << 16,
    KEY_FRAMES = 50, /* at most so many pictures apart, for stepping about in it */
};

struct bf_video_writer {
    char *name;
    int fd;
    int64_t io_at;
    int io_errno; /* of the first write that failed */
    AVIOContext *pb;
    AVFormatContext *fmt;
    AVCodecContext *enc;
    AVStream *stream;
    AVPacket *pkt;
    AVFrame *av;
    struct SwsContext *sws; /* from pictures; NULL where canvases are written */
    struct bf_sound_copy *sound;
    char *xmp;
    int64_t last_pts, end_pts; /* in the coder's clock */
};

static int io_write(void *ctx, uint8_t *p, int n)
{
    struct bf_video_writer *w = ctx;
    int done = 0;

    while (done < n) {
        ssize_t k = pwrite(w->fd, p + done, (size_t)(n - done), w->io_at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            if (w->io_errno == 0)
                w->io_errno = errno;
            return AVERROR(errno);
        }
        w->io_at += k;
        done += (int)k;
    }
    return n;
}

static int64_t io_seek(void *ctx, int64_t offset, int whence)
{
    struct bf_video_writer *w = ctx;
    struct stat st;

    if (fstat(w->fd, &st) != 0)
        return AVERROR(errno);
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return st.st_size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        offset += w->io_at;
        break;
    case SEEK_END:
        offset += st.st_size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    w->io_at = offset;
    return offset;
}

static enum bf_err write_error(struct bf_error *err, const struct bf_video_writer *w, int rc)
{
    char reason[AV_ERROR_MAX_STRING_SIZE];

    if (w->io_errno != 0) {
        errno = w->io_errno;
        return bf_error_errno(err, "cannot write '%s'", w->name);
    }
    if (rc == AVERROR(ENOMEM))
        return bf_error_nomem(err);
    av_strerror(rc, reason, sizeof reason);
    return bf_error_set(err, BF_ERR_LIBRARY, "FFmpeg cannot write '%s': %s", w->name, reason);
}

/* MPEG-4's clock has at most 65535 ticks a second; 60000 holds all usual rates exactly. */
static AVRational clock_of(const AVCodec *codec)
{
    return codec->id == AV_CODEC_ID_MPEG4 ? (AVRational){1, 60000} : (AVRational){1, 1000000};
}

/* What the coder is told, by whichever way the writer was opened. */
struct plan {
    struct bf_video_writer_size size;
    struct bf_video_writer_options options;
    enum AVPixelFormat format;
    uint8_t matrix, primaries, transfer; /* H.273's numbers, which are FFmpeg's */
    bool full_range;
};

static AVCodecContext *open_coder(const AVCodec *codec, const struct plan *plan)
{
    const struct bf_video_writer_size *size = &plan->size;
    AVCodecContext *c = avcodec_alloc_context3(codec);
    AVDictionary *how = NULL;
    char crf[32];
    int rc;

    if (c == NULL)
        return NULL;
    c->width = (int)size->width;
    c->height = (int)size->height;
    c->pix_fmt = plan->format;
    c->sample_aspect_ratio = (AVRational){(int)size->sar_num, (int)size->sar_den};
    c->time_base = clock_of(codec);
    c->framerate = av_d2q(size->frames_per_second, 60000);
    c->gop_size = KEY_FRAMES;
    c->max_b_frames = 0;
    c->color_range = plan->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    c->colorspace = (enum AVColorSpace)plan->matrix;
    c->color_primaries = (enum AVColorPrimaries)plan->primaries;
    c->color_trc = (enum AVColorTransferCharacteristic)plan->transfer;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    if (strcmp(codec->name, "libx264") == 0) {
        snprintf(crf, sizeof crf, "%.2f", plan->options.crf > 0 ? plan->options.crf : 20);
        av_dict_set(&how, "preset", "veryfast", 0);
        av_dict_set(&how, "crf", crf, 0);
    } else if (codec->id == AV_CODEC_ID_MPEG4) {
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = FF_QP2LAMBDA * 4;
    } else {
        c->bit_rate = (int64_t)((double)size->width * size->height * size->frames_per_second / 8);
    }
    rc = avcodec_open2(c, codec, &how);
    av_dict_free(&how);
    if (rc < 0)
        avcodec_free_context(&c);
    return c;
}

/* FFmpeg lists coders that need hardware which is not there: the first that opens is taken. */
static AVCodecContext *find_coder(const struct plan *plan)
{
    const AVCodec *const choice[] = {
        avcodec_find_encoder_by_name("libx264"), avcodec_find_encoder_by_name("libopenh264"),
        avcodec_find_encoder(AV_CODEC_ID_H264), avcodec_find_encoder(AV_CODEC_ID_MPEG4)};
    AVCodecContext *enc = NULL;
    int i;

    for (i = 0; i < 4 && enc == NULL; i++)
        if (choice[i] != NULL)
            enc = open_coder(choice[i], plan);
    return enc;
}

static bool is_mov(const char *name)
{
    size_t n = strlen(name);

    return n >= 4 && strcasecmp(name + n - 4, ".mov") == 0;
}

static enum bf_err open_container(struct bf_video_writer *w, const struct plan *plan,
                                  struct bf_error *err)
{
    const struct bf_video_writer_options *o = &plan->options;
    uint8_t *buf = av_malloc(IO_BUFFER);
    int rc;

    if (buf == NULL)
        return bf_error_nomem(err);
    w->pb = avio_alloc_context(buf, IO_BUFFER, 1, w, NULL, io_write, io_seek);
    if (w->pb == NULL) {
        av_free(buf);
        return bf_error_nomem(err);
    }
    rc = avformat_alloc_output_context2(&w->fmt, NULL, is_mov(w->name) ? "mov" : "mp4", NULL);
    if (rc < 0)
        return write_error(err, w, rc);
    w->fmt->pb = w->pb;
    w->fmt->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    w->stream = avformat_new_stream(w->fmt, NULL);
    if (w->stream == NULL)
        return bf_error_nomem(err);
    w->stream->time_base = w->enc->time_base;
    w->stream->avg_frame_rate = w->enc->framerate;
    w->stream->sample_aspect_ratio = w->enc->sample_aspect_ratio;
    rc = avcodec_parameters_from_context(w->stream->codecpar, w->enc);
    if (rc >= 0 && o->title != NULL)
        rc = av_dict_set(&w->fmt->metadata, "title", o->title, 0);
    if (rc >= 0 && o->comment != NULL)
        rc = av_dict_set(&w->fmt->metadata, "comment", o->comment, 0);
    if (rc >= 0 && o->sound_path != NULL) {
        enum bf_err e = bf_sound_copy_open(&w->sound, o->sound_path, w->fmt, w->name, err);

        if (e != BF_OK)
            return e;
    }
    if (rc >= 0)
        rc = avformat_write_header(w->fmt, NULL);
    if (rc < 0)
        return write_error(err, w, rc);
    return BF_OK;
}

static enum bf_err open_frame(struct bf_video_writer *w, struct bf_error *err)
{
    w->pkt = av_packet_alloc();
    w->av = av_frame_alloc();
    if (w->pkt == NULL || w->av == NULL)
        return bf_error_nomem(err);
    w->av->width = w->enc->width;
    w->av->height = w->enc->height;
    w->av->format = w->enc->pix_fmt;
    return av_frame_get_buffer(w->av, 0) < 0 ? bf_error_nomem(err) : BF_OK;
}

static enum bf_err open_scaler(struct bf_video_writer *w, struct bf_error *err)
{
    const int *colours =
        sws_getCoefficients(w->enc->height >= BF_VIDEO_HD_LINES ? SWS_CS_ITU709 : SWS_CS_ITU601);

    w->sws = sws_getContext(w->enc->width, w->enc->height, AV_PIX_FMT_RGB24, w->enc->width,
                            w->enc->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND,
                            NULL, NULL, NULL);
    if (w->sws == NULL)
        return bf_error_nomem(err);
    sws_setColorspaceDetails(w->sws, colours, 1, colours, 0, 0, 1 << 16, 1 << 16);
    return BF_OK;
}

static enum bf_err open_writer(struct bf_video_writer **out, int fd, const char *name,
                               const struct plan *plan, struct bf_error *err)
{
    struct bf_video_writer *w = calloc(1, sizeof *w);
    enum bf_err rc;

    *out = NULL;
    if (w == NULL)
        return bf_error_nomem(err);
    bf_media_silence();
    w->fd = fd;
    w->last_pts = -1;
    w->name = strdup(name);
    w->xmp = plan->options.xmp != NULL ? strdup(plan->options.xmp) : NULL;
    w->enc = find_coder(plan);
    if (w->name == NULL || (plan->options.xmp != NULL && w->xmp == NULL)) {
        rc = bf_error_nomem(err);
        goto out;
    }
    if (w->enc == NULL) {
        rc = bf_error_set(err, BF_ERR_LIBRARY,
                          "this FFmpeg has no coder for H.264 or MPEG-4 that takes %ux%u pixels",
                          plan->size.width, plan->size.height);
        goto out;
    }
    rc = open_frame(w, err);
    if (rc == BF_OK)
        rc = open_container(w, plan, err);
    if (rc != BF_OK)
        goto out;
    *out = w;
    w = NULL;
out:
    bf_video_writer_close(&w);
    return rc;
}

enum bf_err bf_video_writer_open(struct bf_video_writer **w, int fd, const char *name,
                                 const struct bf_video_writer_size *size, struct bf_error *err)
{
    bool hd = size->height >= BF_VIDEO_HD_LINES;
    const struct plan plan = {.size = *size,
                              .format = AV_PIX_FMT_YUV420P,
                              .matrix = hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M,
                              .primaries = hd ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M,
                              .transfer = hd ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M};
    enum bf_err rc = open_writer(w, fd, name, &plan, err);

    if (rc == BF_OK)
        rc = open_scaler(*w, err);
    if (rc != BF_OK)
        bf_video_writer_close(w);
    return rc;
}

enum bf_err bf_video_writer_open_canvas(struct bf_video_writer **w, int fd, const char *name,
                                        const struct bf_video_info *info,
                                        const struct bf_video_writer_options *options,
                                        struct bf_error *err)
{
    const struct plan plan = {
        .size = {info->width, info->height, info->sar_num, info->sar_den, info->frames_per_second},
        .options = *options,
        .format = (info->width | info->height) & 1 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P,
        .matrix = info->matrix,
        .primaries = info->primaries,
        .transfer = info->transfer,
        .full_range = info->full_range};

    return open_writer(w, fd, name, &plan, err);
}

void bf_video_writer_close(struct bf_video_writer **out)
{
    struct bf_video_writer *w = *out;

    if (w == NULL)
        return;
    bf_sound_copy_close(&w->sound);
    avcodec_free_context(&w->enc);
    avformat_free_context(w->fmt);
    if (w->pb != NULL)
        av_freep(&w->pb->buffer);
    avio_context_free(&w->pb);
    sws_freeContext(w->sws);
    av_frame_free(&w->av);
    av_packet_free(&w->pkt);
    free(w->xmp);
    free(w->name);
    free(w);
    *out = NULL;
}

/* Sound goes in as far as the pictures have come, so that players find both near each other. */
static enum bf_err pass_sound(struct bf_video_writer *w, int64_t until_us, struct bf_error *err)
{
    int rc = 0;
    enum bf_err e = w->sound != NULL ? bf_sound_copy_run(w->sound, until_us, &rc, err) : BF_OK;

    return rc < 0 ? write_error(err, w, rc) : e;
}

/* A picture to the coder (NULL: no more), and what it gives to the container. */
static enum bf_err pass_on(struct bf_video_writer *w, AVFrame *av, struct bf_error *err)
{
    int rc = avcodec_send_frame(w->enc, av);

    while (rc >= 0) {
        enum bf_err e;

        rc = avcodec_receive_packet(w->enc, w->pkt);
        if (rc < 0)
            break;
        e = pass_sound(w, av_rescale_q(w->pkt->pts, w->enc->time_base, AV_TIME_BASE_Q), err);
        if (e != BF_OK) {
            av_packet_unref(w->pkt);
            return e;
        }
        if (w->end_pts > w->last_pts && w->pkt->pts == w->last_pts)
            w->pkt->duration = w->end_pts - w->last_pts;
        w->pkt->stream_index = w->stream->index;
        av_packet_rescale_ts(w->pkt, w->enc->time_base, w->stream->time_base);
        rc = av_write_frame(w->fmt, w->pkt);
        av_packet_unref(w->pkt);
        if (rc >= 0 && w->pb->error < 0)
            rc = w->pb->error;
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? BF_OK : write_error(err, w, rc);
}

static enum bf_err pass_frame(struct bf_video_writer *w, int64_t pts_us, struct bf_error *err)
{
    w->av->pts = av_rescale_q(pts_us, AV_TIME_BASE_Q, w->enc->time_base);
    if (w->av->pts <= w->last_pts)
        w->av->pts = w->last_pts + 1;
    w->last_pts = w->av->pts;
    return pass_on(w, w->av, err);
}

enum bf_err bf_video_writer_add(struct bf_video_writer *w, const struct bf_picture *p,
                                int64_t pts_us, struct bf_error *err)
{
    const uint8_t *src[4] = {p->rgb, NULL, NULL, NULL};
    int stride[4] = {(int)p->width * 3, 0, 0, 0};

    if (w->sws == NULL || p->width != (uint32_t)w->enc->width ||
        p->height != (uint32_t)w->enc->height)
        return bf_error_set(err, BF_ERR_USAGE, "a picture of another size than the video's");
    if (av_frame_make_writable(w->av) < 0)
        return bf_error_nomem(err);
    sws_scale(w->sws, src, stride, 0, w->av->height, w->av->data, w->av->linesize);
    return pass_frame(w, pts_us, err);
}

enum bf_err bf_video_writer_add_canvas(struct bf_video_writer *w, const struct bf_canvas *c,
                                       int64_t pts_us, struct bf_error *err)
{
    unsigned i, shift = w->enc->pix_fmt == AV_PIX_FMT_YUV420P ? 1 : 0;

    if (w->sws != NULL || c->width != (uint32_t)w->enc->width ||
        c->height != (uint32_t)w->enc->height || c->chroma_shift != shift)
        return bf_error_set(err, BF_ERR_USAGE, "a canvas of another form than the video's");
    if (av_frame_make_writable(w->av) < 0)
        return bf_error_nomem(err);
    for (i = 0; i < 3; i++) {
        unsigned s = i == 0 ? 0 : shift;
        uint32_t width = (c->width + s) >> s, height = (c->height + s) >> s, y;

        for (y = 0; y < height; y++)
            memcpy(w->av->data[i] + (ptrdiff_t)y * w->av->linesize[i],
                   c->plane[i] + (ptrdiff_t)y * c->stride[i], width);
    }
    return pass_frame(w, pts_us, err);
}

/* ISO base media files take boxes of anybody's own at their end; this is where XMP Part 3 wants
 * the packet in an MP4 file. */
static enum bf_err write_xmp(struct bf_video_writer *w, struct bf_error *err)
{
    static const uint8_t uuid[16] = {0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                     0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac};
    size_t n = strlen(w->xmp);
    struct bf_buf box = {0};
    int rc;

    bf_buf_put_be32(&box, (uint32_t)(8 + sizeof uuid + n));
    bf_buf_append(&box, "uuid", 4);
    bf_buf_append(&box, uuid, sizeof uuid);
    if (!bf_buf_append(&box, w->xmp, n)) {
        bf_buf_release(&box);
        return bf_error_nomem(err);
    }
    w->io_at = lseek(w->fd, 0, SEEK_END);
    rc = io_write(w, box.data, (int)box.len);
    bf_buf_release(&box);
    return rc < 0 ? write_error(err, w, rc) : BF_OK;
}

enum bf_err bf_video_writer_finish(struct bf_video_writer *w, int64_t end_us, struct bf_error *err)
{
    enum bf_err rc;
    int n;

    w->end_pts = av_rescale_q(end_us, AV_TIME_BASE_Q, w->enc->time_base);
    rc = pass_on(w, NULL, err);
    if (rc == BF_OK)
        rc = pass_sound(w, end_us, err);
    if (rc != BF_OK)
        return rc;
    n = av_write_trailer(w->fmt);
    avio_flush(w->pb);
    if (n >= 0 && w->pb->error < 0)
        n = w->pb->error;
    if (n < 0)
        return write_error(err, w, n);
    return w->xmp != NULL ? write_xmp(w, err) : BF_OK;
}
