#include "lib/media/video_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

enum {
    IO_BUFFER = 1 << 16,
    KEY_FRAMES = 50, /* at most so many pictures apart, for stepping about in it */
    HD_LINES = 720,
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
    struct SwsContext *sws;
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

static AVCodecContext *open_coder(const AVCodec *codec, const struct bf_video_writer_size *size)
{
    AVCodecContext *c = avcodec_alloc_context3(codec);
    AVDictionary *how = NULL;
    int rc;

    if (c == NULL)
        return NULL;
    c->width = (int)size->width;
    c->height = (int)size->height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->sample_aspect_ratio = (AVRational){(int)size->sar_num, (int)size->sar_den};
    c->time_base = clock_of(codec);
    c->framerate = av_d2q(size->frames_per_second, 60000);
    c->gop_size = KEY_FRAMES;
    c->max_b_frames = 0;
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = size->height >= HD_LINES ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    c->color_primaries = size->height >= HD_LINES ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M;
    c->color_trc = size->height >= HD_LINES ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    if (strcmp(codec->name, "libx264") == 0) {
        av_dict_set(&how, "preset", "veryfast", 0);
        av_dict_set(&how, "crf", "20", 0);
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
static AVCodecContext *find_coder(const struct bf_video_writer_size *size)
{
    const AVCodec *const choice[] = {
        avcodec_find_encoder_by_name("libx264"), avcodec_find_encoder_by_name("libopenh264"),
        avcodec_find_encoder(AV_CODEC_ID_H264), avcodec_find_encoder(AV_CODEC_ID_MPEG4)};
    AVCodecContext *enc = NULL;
    int i;

    for (i = 0; i < 4 && enc == NULL; i++)
        if (choice[i] != NULL)
            enc = open_coder(choice[i], size);
    return enc;
}

static enum bf_err open_container(struct bf_video_writer *w, struct bf_error *err)
{
    uint8_t *buf = av_malloc(IO_BUFFER);
    int rc;

    if (buf == NULL)
        return bf_error_nomem(err);
    w->pb = avio_alloc_context(buf, IO_BUFFER, 1, w, NULL, io_write, io_seek);
    if (w->pb == NULL) {
        av_free(buf);
        return bf_error_nomem(err);
    }
    rc = avformat_alloc_output_context2(&w->fmt, NULL, "mp4", NULL);
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
    if (rc >= 0)
        rc = avformat_write_header(w->fmt, NULL);
    if (rc < 0)
        return write_error(err, w, rc);
    return BF_OK;
}

static enum bf_err open_frame(struct bf_video_writer *w, struct bf_error *err)
{
    const int *colours =
        sws_getCoefficients(w->enc->height >= HD_LINES ? SWS_CS_ITU709 : SWS_CS_ITU601);

    w->pkt = av_packet_alloc();
    w->av = av_frame_alloc();
    w->sws = sws_getContext(w->enc->width, w->enc->height, AV_PIX_FMT_RGB24, w->enc->width,
                            w->enc->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND,
                            NULL, NULL, NULL);
    if (w->pkt == NULL || w->av == NULL || w->sws == NULL)
        return bf_error_nomem(err);
    sws_setColorspaceDetails(w->sws, colours, 1, colours, 0, 0, 1 << 16, 1 << 16);
    w->av->width = w->enc->width;
    w->av->height = w->enc->height;
    w->av->format = AV_PIX_FMT_YUV420P;
    return av_frame_get_buffer(w->av, 0) < 0 ? bf_error_nomem(err) : BF_OK;
}

enum bf_err bf_video_writer_open(struct bf_video_writer **out, int fd, const char *name,
                                 const struct bf_video_writer_size *size, struct bf_error *err)
{
    struct bf_video_writer *w = calloc(1, sizeof *w);
    enum bf_err rc;

    *out = NULL;
    if (w == NULL)
        return bf_error_nomem(err);
    av_log_set_level(AV_LOG_QUIET);
    w->fd = fd;
    w->last_pts = -1;
    w->name = strdup(name);
    w->enc = find_coder(size);
    if (w->name == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    if (w->enc == NULL) {
        rc = bf_error_set(err, BF_ERR_LIBRARY,
                          "this FFmpeg has no coder for H.264 or MPEG-4 that takes %ux%u pixels",
                          size->width, size->height);
        goto out;
    }
    rc = open_frame(w, err);
    if (rc == BF_OK)
        rc = open_container(w, err);
    if (rc != BF_OK)
        goto out;
    *out = w;
    w = NULL;
out:
    bf_video_writer_close(&w);
    return rc;
}

void bf_video_writer_close(struct bf_video_writer **out)
{
    struct bf_video_writer *w = *out;

    if (w == NULL)
        return;
    avcodec_free_context(&w->enc);
    avformat_free_context(w->fmt);
    if (w->pb != NULL)
        av_freep(&w->pb->buffer);
    avio_context_free(&w->pb);
    sws_freeContext(w->sws);
    av_frame_free(&w->av);
    av_packet_free(&w->pkt);
    free(w->name);
    free(w);
    *out = NULL;
}

/* A picture to the coder (NULL: no more), and what it gives to the container. */
static enum bf_err pass_on(struct bf_video_writer *w, AVFrame *av, struct bf_error *err)
{
    int rc = avcodec_send_frame(w->enc, av);

    while (rc >= 0) {
        rc = avcodec_receive_packet(w->enc, w->pkt);
        if (rc < 0)
            break;
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

enum bf_err bf_video_writer_add(struct bf_video_writer *w, const struct bf_picture *p,
                                int64_t pts_us, struct bf_error *err)
{
    const uint8_t *src[4] = {p->rgb, NULL, NULL, NULL};
    int stride[4] = {(int)p->width * 3, 0, 0, 0};

    if (p->width != (uint32_t)w->enc->width || p->height != (uint32_t)w->enc->height)
        return bf_error_set(err, BF_ERR_USAGE, "a picture of another size than the video's");
    if (av_frame_make_writable(w->av) < 0)
        return bf_error_nomem(err);
    sws_scale(w->sws, src, stride, 0, w->av->height, w->av->data, w->av->linesize);
    w->av->pts = av_rescale_q(pts_us, AV_TIME_BASE_Q, w->enc->time_base);
    if (w->av->pts <= w->last_pts)
        w->av->pts = w->last_pts + 1;
    w->last_pts = w->av->pts;
    return pass_on(w, w->av, err);
}

enum bf_err bf_video_writer_finish(struct bf_video_writer *w, int64_t end_us, struct bf_error *err)
{
    enum bf_err rc;
    int n;

    w->end_pts = av_rescale_q(end_us, AV_TIME_BASE_Q, w->enc->time_base);
    rc = pass_on(w, NULL, err);
    if (rc != BF_OK)
        return rc;
    n = av_write_trailer(w->fmt);
    avio_flush(w->pb);
    if (n >= 0 && w->pb->error < 0)
        n = w->pb->error;
    return n < 0 ? write_error(err, w, n) : BF_OK;
}
