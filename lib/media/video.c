#include "lib/media/video.h"
#include "lib/base/bytes.h"
#include "lib/base/hash.h"
#include "lib/media/media_input.h"

#include <assert.h>
#include <math.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define NO_TIME INT64_MIN
/* Where the index names a key frame after the time asked for, one this much before it is tried. */
#define SEEK_BACK_US 10000000

struct bf_video {
    struct bf_media_input in;
    const char *path;     /* in's */
    AVFormatContext *fmt; /* in's */
    AVCodecContext *dec;
    AVStream *stream;
    AVPacket *pkt;
    AVFrame *av;
    struct SwsContext *sws;
    uint8_t *gray;
    size_t gray_size;
    struct bf_sha256 *stream_hash;

    struct bf_video_info info;
    struct bf_frame frame;
    uint64_t n_frames;
    int64_t base_pts, last_pts_us, last_duration_us;
    int64_t nominal_us; /* of one frame, by the container */
    bool draining, ended;
    bool decoded; /* any frame at all */
    bool sought;  /* what is read from here on is not all of the stream */
    bool held;    /* av has the next frame, its time in held_us */
    int64_t held_us;
};

const char *bf_video_libraries(void)
{
    static char text[160];
    unsigned f = avformat_version(), c = avcodec_version(), s = swscale_version();

    snprintf(text, sizeof text, "libavformat %u.%u.%u, libavcodec %u.%u.%u, libswscale %u.%u.%u",
             f >> 16, f >> 8 & 255, f & 255, c >> 16, c >> 8 & 255, c & 255, s >> 16, s >> 8 & 255,
             s & 255);
    return text;
}

static int8_t unit(int32_t m)
{
    return (int8_t)(m > 1 << 15 ? 1 : m < -(1 << 15) ? -1 : 0);
}

/*
 * The container's display matrix maps decoded (x, y) to shown (a x + c y, b x + d y). It is
 * orthogonal for the turns and flips that cameras write; any other is ignored, as players do.
 */
static struct bf_orientation read_orientation(const AVStream *st)
{
    struct bf_orientation o = {1, 0, 0, 1};
    const int32_t *m =
        (const int32_t *)(const void *)av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    int8_t a, b, c, d;

    if (m == NULL)
        return o;
    a = unit(m[0]);
    b = unit(m[1]);
    c = unit(m[3]);
    d = unit(m[4]);
    if (a * d - b * c == 0 || (a != 0 && (b != 0 || c != 0)) || (a == 0 && d != 0))
        return o;
    /* The inverse of an orthogonal matrix is its transpose. */
    return (struct bf_orientation){a, b, c, d};
}

/* What has no luma of its own gets that of the usual matrix of its size. */
static void read_colour(struct bf_video_info *info, const AVCodecParameters *par)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get((enum AVPixelFormat)par->format);
    bool hd = info->height >= BF_VIDEO_HD_LINES;

    info->primaries = (uint8_t)par->color_primaries;
    info->transfer = (uint8_t)par->color_trc;
    if (desc != NULL && (desc->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))) {
        info->matrix = hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
        return;
    }
    info->matrix = (uint8_t)par->color_space;
    info->full_range = par->color_range == AVCOL_RANGE_JPEG ||
                       (desc != NULL && strncmp(desc->name, "yuvj", 4) == 0);
}

static void read_info(struct bf_video *v)
{
    struct bf_video_info *info = &v->info;
    const AVCodecParameters *par = v->stream->codecpar;
    AVRational sar = av_guess_sample_aspect_ratio(v->fmt, v->stream, NULL);
    AVRational rate = v->stream->avg_frame_rate;
    int main_stream = v->stream->index;
    unsigned i;

    info->container = v->fmt->iformat->name;
    info->codec = avcodec_get_name(par->codec_id);
    info->orientation = read_orientation(v->stream);
    info->width = (uint32_t)par->width;
    info->height = (uint32_t)par->height;
    info->sar_num = sar.num > 0 && sar.den > 0 ? (uint32_t)sar.num : 1;
    info->sar_den = sar.num > 0 && sar.den > 0 ? (uint32_t)sar.den : 1;
    if (info->orientation.xx == 0) {
        uint32_t t = info->width;

        info->width = info->height;
        info->height = t;
        t = info->sar_num;
        info->sar_num = info->sar_den;
        info->sar_den = t;
    }
    info->time_base_num = (uint32_t)v->stream->time_base.num;
    info->time_base_den = (uint32_t)v->stream->time_base.den;
    if (v->stream->duration > 0)
        info->duration_us = av_rescale_q(v->stream->duration, v->stream->time_base, AV_TIME_BASE_Q);
    else if (v->fmt->duration > 0)
        info->duration_us = v->fmt->duration;
    if (rate.num <= 0 || rate.den <= 0)
        rate = v->stream->r_frame_rate;
    v->nominal_us = rate.num > 0 && rate.den > 0 ? av_rescale(1000000, rate.den, rate.num) : 40000;
    if (v->nominal_us < 1)
        v->nominal_us = 1;
    info->frames_per_second = 1e6 / (double)v->nominal_us;
    read_colour(info, par);
    for (i = 0; i < v->fmt->nb_streams; i++) {
        const AVStream *s = v->fmt->streams[i];

        if (s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            info->n_audio++;
        else if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
                 !(s->disposition & AV_DISPOSITION_ATTACHED_PIC))
            info->n_video++;
        else
            info->n_other++;
        if ((int)i != main_stream)
            v->fmt->streams[i]->discard = AVDISCARD_ALL;
    }
}

static enum bf_err open_decoder(struct bf_video *v, struct bf_error *err)
{
    const AVCodec *codec = NULL;
    int s = av_find_best_stream(v->fmt, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);

    if (s >= 0 && (v->fmt->streams[s]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        s = AVERROR_STREAM_NOT_FOUND;
    if (s == AVERROR_DECODER_NOT_FOUND)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is coded in a way that this FFmpeg cannot decode", v->path);
    if (s < 0)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' has no video stream", v->path);
    v->stream = v->fmt->streams[s];
    v->dec = avcodec_alloc_context3(codec);
    if (v->dec == NULL || avcodec_parameters_to_context(v->dec, v->stream->codecpar) < 0)
        return bf_error_nomem(err);
    v->dec->pkt_timebase = v->stream->time_base;
    v->dec->thread_count = 0;
    v->dec->max_pixels = BF_VIDEO_PIXELS_MAX;
    /* The exact digests must come out alike on every machine. */
    v->dec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (avcodec_open2(v->dec, codec, NULL) < 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is coded in a way that this FFmpeg cannot decode", v->path);
    return BF_OK;
}

static enum bf_err open_stream(struct bf_video *v, const char *path, struct bf_error *err)
{
    enum bf_err rc = bf_media_input_open(&v->in, path, err);

    v->path = v->in.path;
    v->fmt = v->in.fmt;
    if (rc == BF_OK)
        rc = open_decoder(v, err);
    if (rc == BF_OK)
        read_info(v);
    return rc;
}

enum bf_err bf_video_open(struct bf_video **out, const char *path, struct bf_error *err)
{
    struct bf_video *v = calloc(1, sizeof *v);
    enum bf_err rc;

    *out = NULL;
    if (v == NULL)
        return bf_error_nomem(err);
    v->in.fd = -1;
    v->base_pts = AV_NOPTS_VALUE;
    v->last_pts_us = NO_TIME;
    v->pkt = av_packet_alloc();
    v->av = av_frame_alloc();
    v->stream_hash = bf_sha256_create();
    if (v->pkt == NULL || v->av == NULL || v->stream_hash == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = open_stream(v, path, err);
    if (rc != BF_OK)
        goto out;
    *out = v;
    v = NULL;
out:
    bf_video_close(&v);
    return rc;
}

void bf_video_close(struct bf_video **out)
{
    struct bf_video *v = *out;

    if (v == NULL)
        return;
    sws_freeContext(v->sws);
    avcodec_free_context(&v->dec);
    av_packet_free(&v->pkt);
    av_frame_free(&v->av);
    bf_sha256_free(&v->stream_hash);
    bf_media_input_close(&v->in);
    free(v->gray);
    free(v);
    *out = NULL;
}

const struct bf_video_info *bf_video_info(const struct bf_video *v)
{
    return &v->info;
}

int64_t bf_video_start_us(const struct bf_video *v)
{
    return v->base_pts == AV_NOPTS_VALUE
               ? 0
               : av_rescale_q(v->base_pts, v->stream->time_base, AV_TIME_BASE_Q);
}

int64_t bf_video_end_us(const struct bf_video *v)
{
    return v->last_pts_us == NO_TIME ? 0 : v->last_pts_us + v->last_duration_us;
}

static enum bf_err cut_off(const struct bf_video *v, struct bf_error *err)
{
    if (v->sought)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged or cut off", v->path);
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged or cut off after %llu frames", v->path,
                        (unsigned long long)v->n_frames);
}

/* One packet of our stream to the decoder, or the end of them. */
static enum bf_err feed(struct bf_video *v, struct bf_error *err)
{
    for (;;) {
        uint8_t len[4];
        int rc = av_read_frame(v->fmt, v->pkt);

        if (rc == AVERROR(EAGAIN))
            continue;
        if (rc == AVERROR_EOF) {
            v->draining = true;
            avcodec_send_packet(v->dec, NULL);
            return BF_OK;
        }
        if (rc < 0)
            return rc == AVERROR(ENOMEM) ? bf_error_nomem(err) : cut_off(v, err);
        if (v->pkt->stream_index != v->stream->index) {
            av_packet_unref(v->pkt);
            continue;
        }
        if (v->pkt->flags & AV_PKT_FLAG_CORRUPT) {
            av_packet_unref(v->pkt);
            return cut_off(v, err);
        }
        if (!v->sought) {
            bf_put_be32(len, (uint32_t)v->pkt->size);
            bf_sha256_update(v->stream_hash, len, sizeof len);
            bf_sha256_update(v->stream_hash, v->pkt->data, (size_t)v->pkt->size);
        }
        /* A packet that does not decode costs its frames, not the file: what follows may be whole.
         */
        rc = avcodec_send_packet(v->dec, v->pkt);
        av_packet_unref(v->pkt);
        if (rc == AVERROR(ENOMEM))
            return bf_error_nomem(err);
        return BF_OK;
    }
}

static int64_t frame_time_us(struct bf_video *v)
{
    int64_t ts = v->av->best_effort_timestamp, since_base, us;
    bool first = v->last_pts_us == NO_TIME;

    if (ts == AV_NOPTS_VALUE)
        return first ? 0 : v->last_pts_us + v->nominal_us;
    if (v->base_pts == AV_NOPTS_VALUE)
        v->base_pts = ts - (first ? 0
                                  : av_rescale_q(v->last_pts_us + v->nominal_us, AV_TIME_BASE_Q,
                                                 v->stream->time_base));
    if (__builtin_sub_overflow(ts, v->base_pts, &since_base))
        return first ? 0 : v->last_pts_us + v->nominal_us;
    us = av_rescale_q(since_base, v->stream->time_base, AV_TIME_BASE_Q);
    /* A clock that stands still or runs back (broken files, wrapped counters) must not fold frames
     * into one. */
    if (!first && us <= v->last_pts_us)
        us = v->last_pts_us + 1;
    return us;
}

/* Luma where it is a plane of its own; else by conversion to 8-bit grey. */
static enum bf_err set_luma(struct bf_video *v, const AVPixFmtDescriptor *desc,
                            struct bf_error *err)
{
    struct bf_frame *f = &v->frame;
    const AVComponentDescriptor *y = &desc->comp[0];
    bool plain =
        !(desc->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                         AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_HWACCEL)) &&
        y->plane == 0 && y->offset == 0 &&
        ((y->depth == 8 && y->step == 1) || (y->depth > 8 && y->depth <= 16 && y->step == 2));

    if (plain) {
        f->luma = f->plane[0].data;
        f->luma_stride = f->plane[0].stride;
        f->luma_bytes = y->depth == 8 ? 1 : 2;
        /* Twelve bits are more than a mean over a cell can show, and keep its sums within 32. */
        f->luma_bits = y->depth > 12 ? 12 : (unsigned)y->depth;
        f->luma_shift = (unsigned)y->shift + (unsigned)y->depth - f->luma_bits;
        return BF_OK;
    }
    size_t stride = ((size_t)f->width + 63) / 64 * 64;
    uint8_t *dst[4] = {NULL};
    int dst_stride[4] = {(int)stride, 0, 0, 0};

    if (v->gray_size < stride * f->height) {
        free(v->gray);
        v->gray_size = stride * f->height;
        v->gray = malloc(v->gray_size);
        if (v->gray == NULL) {
            v->gray_size = 0;
            return bf_error_nomem(err);
        }
    }
    dst[0] = v->gray;
    v->sws =
        sws_getCachedContext(v->sws, v->av->width, v->av->height, (enum AVPixelFormat)v->av->format,
                             v->av->width, v->av->height, AV_PIX_FMT_GRAY8,
                             SWS_POINT | SWS_BITEXACT | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (v->sws == NULL || sws_scale(v->sws, (const uint8_t *const *)v->av->data, v->av->linesize, 0,
                                    v->av->height, dst, dst_stride) < 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' has pixels of a kind that cannot be read (%s)", v->path,
                            desc->name);
    f->luma = v->gray;
    f->luma_stride = (ptrdiff_t)stride;
    f->luma_bytes = 1;
    f->luma_bits = 8;
    f->luma_shift = 0;
    return BF_OK;
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

static enum bf_err describe_frame(struct bf_video *v, struct bf_error *err)
{
    struct bf_frame *f = &v->frame;
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get((enum AVPixelFormat)v->av->format);
    int row_bytes[4] = {0}, i;

    if (desc == NULL || v->av->width <= 0 || v->av->height <= 0 ||
        v->av->width > BF_VIDEO_DIM_MAX || v->av->height > BF_VIDEO_DIM_MAX)
        return bf_error_set(err, BF_ERR_LIMIT,
                            "'%s' has frames of %dx%d pixels; the limit is %dx%d", v->path,
                            v->av->width, v->av->height, BF_VIDEO_DIM_MAX, BF_VIDEO_DIM_MAX);
    if (av_image_fill_linesizes(row_bytes, (enum AVPixelFormat)v->av->format, v->av->width) < 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' has pixels of a kind that cannot be read (%s)", v->path,
                            desc->name);
    *f = (struct bf_frame){.index = v->n_frames,
                           .pts_us = v->held_us,
                           .width = (uint32_t)v->av->width,
                           .height = (uint32_t)v->av->height,
                           .pixel_format = plain_name(desc),
                           .orientation = v->info.orientation,
                           .damaged = v->av->decode_error_flags != 0 ||
                                      (v->av->flags & AV_FRAME_FLAG_CORRUPT)};
    for (i = 0; i < BF_FRAME_PLANES && v->av->data[i] != NULL && row_bytes[i] > 0; i++) {
        bool chroma = i == 1 || i == 2;

        f->plane[i].data = v->av->data[i];
        f->plane[i].stride = v->av->linesize[i];
        f->plane[i].row_bytes = (size_t)row_bytes[i];
        f->plane[i].rows =
            chroma ? (uint32_t)AV_CEIL_RSHIFT(v->av->height, desc->log2_chroma_h) : f->height;
        f->n_planes++;
    }
    /* A palette is part of the picture, though it is no plane of it. */
    if ((desc->flags & AV_PIX_FMT_FLAG_PAL) && f->n_planes == 1 && v->av->data[1] != NULL) {
        f->plane[1] = (struct bf_plane){v->av->data[1], AVPALETTE_SIZE, AVPALETTE_SIZE, 1};
        f->n_planes = 2;
    }
    return set_luma(v, desc, err);
}

/* The next frame into av and its time into held_us; held stays false at the end. */
static enum bf_err hold_next(struct bf_video *v, struct bf_error *err)
{
    while (!v->held && !v->ended) {
        int rc = avcodec_receive_frame(v->dec, v->av);
        enum bf_err e;

        if (rc == AVERROR_EOF || (rc < 0 && rc != AVERROR(EAGAIN) && v->draining)) {
            v->ended = true;
        } else if (rc < 0) {
            e = v->draining ? BF_OK : feed(v, err);
            if (e != BF_OK)
                return e;
        } else {
            v->held = v->decoded = true;
            v->held_us = frame_time_us(v);
            v->last_pts_us = v->held_us;
            v->last_duration_us =
                v->av->pkt_duration > 0
                    ? av_rescale_q(v->av->pkt_duration, v->stream->time_base, AV_TIME_BASE_Q)
                    : 0;
            if (v->last_duration_us <= 0 || v->last_duration_us > 60000000)
                v->last_duration_us = v->nominal_us;
        }
    }
    return BF_OK;
}

enum bf_err bf_video_next(struct bf_video *v, const struct bf_frame **frame, struct bf_error *err)
{
    enum bf_err rc = hold_next(v, err);

    *frame = NULL;
    if (rc == BF_OK && v->held) {
        v->held = false;
        rc = describe_frame(v, err);
        if (rc != BF_OK)
            return rc;
        v->n_frames++;
        *frame = &v->frame;
    }
    if (rc != BF_OK || *frame != NULL)
        return rc;
    if (!v->decoded)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' has no frame that can be decoded", v->path);
    if (v->n_frames == 1 && !v->sought &&
        (strcmp(v->info.container, "gif") == 0 || strcmp(v->info.container, "apng") == 0))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is a still image, not a video", v->path);
    return BF_OK;
}

/* Nothing has been read of what comes now. */
static void forget(struct bf_video *v)
{
    v->draining = v->ended = v->held = false;
    v->last_pts_us = NO_TIME;
    v->last_duration_us = 0;
}

/* Holds the first frame from pts_us on. */
static enum bf_err skip_to(struct bf_video *v, int64_t pts_us, struct bf_error *err)
{
    enum bf_err rc;

    while ((rc = hold_next(v, err)) == BF_OK && v->held && v->held_us < pts_us)
        v->held = false;
    return rc;
}

/*
 * Jumps to a key frame that is shown no later than pts_us, by the container's index, in which
 * back_us before that is looked for. *landed is
 * false where there is none, or it is not known: what comes before the first key frame may be drawn
 * with pieces of pictures that were never read.
 */
static enum bf_err jump(bool *landed, struct bf_video *v, int64_t back_us, int64_t pts_us,
                        struct bf_error *err)
{
    int64_t ts = av_rescale_q(pts_us - back_us, AV_TIME_BASE_Q, v->stream->time_base);
    enum bf_err rc;

    *landed = false;
    if (v->base_pts == AV_NOPTS_VALUE || __builtin_add_overflow(ts, v->base_pts, &ts) ||
        av_seek_frame(v->fmt, v->stream->index, ts, AVSEEK_FLAG_BACKWARD) < 0)
        return BF_OK;
    avcodec_flush_buffers(v->dec);
    forget(v);
    while ((rc = hold_next(v, err)) == BF_OK && v->held && !v->av->key_frame)
        v->held = false;
    if (rc == BF_OK && v->held)
        *landed = v->av->best_effort_timestamp != AV_NOPTS_VALUE && v->held_us <= pts_us;
    return rc == BF_ERR_FORMAT ? BF_OK : rc;
}

/* From the start, by opening it anew: not every container can be read twice. */
static enum bf_err restart(struct bf_video *v, struct bf_error *err)
{
    const struct stat before = v->in.st;
    char *path = strdup(v->path);
    enum bf_err rc;

    if (path == NULL)
        return bf_error_nomem(err);
    avcodec_free_context(&v->dec);
    bf_media_input_close(&v->in);
    v->fmt = NULL;
    v->stream = NULL;
    v->info = (struct bf_video_info){0};
    v->base_pts = AV_NOPTS_VALUE;
    forget(v);
    rc = open_stream(v, path, err);
    if (rc == BF_OK && (v->in.st.st_dev != before.st_dev || v->in.st.st_ino != before.st_ino ||
                        v->in.st.st_size != before.st_size))
        rc = bf_error_set(err, BF_ERR_IO, "'%s' changed while it was being read", path);
    free(path);
    v->ended = rc != BF_OK;
    return rc;
}

enum bf_err bf_video_seek(struct bf_video *v, int64_t pts_us, struct bf_error *err)
{
    bool landed = false;
    enum bf_err rc = BF_OK;

    /* The clock of pts_us begins with the first frame. */
    if (!v->decoded)
        rc = hold_next(v, err);
    if (rc != BF_OK)
        return rc;
    v->n_frames = 0;
    v->sought = true;
    if (v->held && v->held_us >= pts_us && v->held_us == 0)
        return BF_OK;
    rc = jump(&landed, v, 0, pts_us, err);
    if (rc == BF_OK && !landed && pts_us > SEEK_BACK_US)
        rc = jump(&landed, v, SEEK_BACK_US, pts_us, err);
    if (rc == BF_OK && !landed)
        rc = restart(v, err);
    return rc == BF_OK ? skip_to(v, pts_us, err) : rc;
}

void bf_video_stream_hash(struct bf_video *v, uint8_t hash32[32])
{
    assert(!v->sought);
    bf_sha256_finish(v->stream_hash, hash32);
}

enum bf_err bf_video_file_hash(struct bf_video *v, uint8_t hash32[32], uint64_t *size,
                               struct bf_error *err)
{
    struct stat now;
    enum bf_err rc = bf_hash_fd(hash32, size, v->in.fd, v->path, err);

    if (rc != BF_OK)
        return rc;
    if (fstat(v->in.fd, &now) != 0)
        return bf_error_errno(err, "cannot stat '%s'", v->path);
    if (now.st_size != v->in.st.st_size || now.st_mtim.tv_sec != v->in.st.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != v->in.st.st_mtim.tv_nsec)
        return bf_error_set(err, BF_ERR_IO, "'%s' changed while it was being read", v->path);
    return BF_OK;
}
