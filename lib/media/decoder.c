#include "lib/media/decoder.h"
#include "lib/base/bytes.h"
#include "lib/base/hash.h"
#include "lib/media/frame_layout.h"
#include "lib/media/media_input.h"

#include <assert.h>
#include <math.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define NO_TIME INT64_MIN
/* Where the index names a key frame after the time asked for, one this much before it is tried. */
#define SEEK_BACK_US 10000000

struct bf_decoder {
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
    struct bf_decoder_buffers buffers;
    void (*skipped)(void *ctx);
    void *skipped_ctx;
};

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

/* A plane of its own, or WebM's way: a second picture beside each, which FFmpeg may not decode. */
static bool read_alpha(const AVStream *s)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get((enum AVPixelFormat)s->codecpar->format);
    const AVDictionaryEntry *mode = av_dict_get(s->metadata, "alpha_mode", NULL, 0);

    return (desc != NULL && (desc->flags & AV_PIX_FMT_FLAG_ALPHA)) ||
           (mode != NULL && strcmp(mode->value, "0") != 0);
}

static void read_info(struct bf_decoder *v)
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
    info->has_alpha = read_alpha(v->stream);
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

static enum bf_err open_decoder(struct bf_decoder *v, struct bf_error *err)
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
    if (v->buffers.get != NULL) {
        v->dec->get_buffer2 = v->buffers.get;
        v->dec->opaque = v->buffers.opaque;
    }
#if FF_API_THREAD_SAFE_CALLBACKS
    /* Any get_buffer2 that comes here is; else its threads would take turns for each picture. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    v->dec->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#endif
    v->dec->max_pixels = BF_VIDEO_PIXELS_MAX;
    /* The exact digests must come out alike on every machine. */
    v->dec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (avcodec_open2(v->dec, codec, NULL) < 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is coded in a way that this FFmpeg cannot decode", v->path);
    return BF_OK;
}

static enum bf_err too_large(const struct bf_decoder *v, int width, int height,
                             struct bf_error *err)
{
    return bf_error_set(err, BF_ERR_LIMIT, "'%s' has frames of %dx%d pixels; the limit is %dx%d",
                        v->path, width, height, BF_VIDEO_DIM_MAX, BF_VIDEO_DIM_MAX);
}

/* rc is of the container's opening. */
static enum bf_err open_stream(struct bf_decoder *v, enum bf_err rc, struct bf_error *err)
{
    v->path = v->in.path;
    v->fmt = v->in.fmt;
    if (rc == BF_OK)
        rc = open_decoder(v, err);
    if (rc == BF_OK)
        read_info(v);
    if (rc == BF_OK && (v->info.width > BF_VIDEO_DIM_MAX || v->info.height > BF_VIDEO_DIM_MAX))
        rc = too_large(v, v->stream->codecpar->width, v->stream->codecpar->height, err);
    return rc;
}

enum bf_err bf_decoder_open(struct bf_decoder **out, int fd, int64_t size, const char *path,
                            const struct bf_decoder_buffers *buffers, struct bf_error *err)
{
    struct bf_decoder *v = calloc(1, sizeof *v);
    enum bf_err rc;

    *out = NULL;
    if (v == NULL)
        return bf_error_nomem(err);
    v->in.fd = -1;
    if (buffers != NULL)
        v->buffers = *buffers;
    v->base_pts = AV_NOPTS_VALUE;
    v->last_pts_us = NO_TIME;
    v->pkt = av_packet_alloc();
    v->av = av_frame_alloc();
    v->stream_hash = bf_sha256_create();
    if (v->pkt == NULL || v->av == NULL || v->stream_hash == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = open_stream(v, bf_media_input_attach(&v->in, fd, size, path, err), err);
    if (rc != BF_OK)
        goto out;
    *out = v;
    v = NULL;
out:
    bf_decoder_close(&v);
    return rc;
}

void bf_decoder_close(struct bf_decoder **out)
{
    struct bf_decoder *v = *out;

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

void bf_decoder_expects(uint32_t *format, uint32_t *width, uint32_t *height,
                        const struct bf_decoder *v)
{
    const AVCodecParameters *par = v->stream->codecpar;

    *format = (uint32_t)par->format;
    *width = (uint32_t)par->width;
    *height = (uint32_t)par->height;
}

AVFrame *bf_decoder_keep(const struct bf_decoder *v)
{
    return av_frame_clone(v->av);
}

void bf_decoder_on_skip(struct bf_decoder *v, void (*fn)(void *ctx), void *ctx)
{
    v->skipped = fn;
    v->skipped_ctx = ctx;
}

const struct bf_video_info *bf_decoder_info(const struct bf_decoder *v)
{
    return &v->info;
}

int64_t bf_decoder_start_us(const struct bf_decoder *v)
{
    return v->base_pts == AV_NOPTS_VALUE
               ? 0
               : av_rescale_q(v->base_pts, v->stream->time_base, AV_TIME_BASE_Q);
}

int64_t bf_decoder_end_us(const struct bf_decoder *v)
{
    return v->last_pts_us == NO_TIME ? 0 : v->last_pts_us + v->last_duration_us;
}

static enum bf_err cut_off(const struct bf_decoder *v, struct bf_error *err)
{
    if (v->sought)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged or cut off", v->path);
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged or cut off after %llu frames", v->path,
                        (unsigned long long)v->n_frames);
}

/* One packet of our stream to the decoder, or the end of them. */
static enum bf_err feed(struct bf_decoder *v, struct bf_error *err)
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

static int64_t frame_time_us(struct bf_decoder *v)
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

/* Luma by conversion to 8-bit grey, where it is no plane of its own. */
static enum bf_err make_grey(struct bf_decoder *v, const struct bf_frame_layout *l,
                             struct bf_error *err)
{
    uint8_t *dst[4] = {NULL};
    int dst_stride[4] = {(int)l->grey_stride, 0, 0, 0};
    size_t size = l->grey_stride * v->frame.height;

    if (v->gray_size < size) {
        free(v->gray);
        v->gray_size = size;
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
                            l->pixel_format);
    v->frame.luma = v->gray;
    v->frame.luma_stride = (ptrdiff_t)l->grey_stride;
    return BF_OK;
}

static enum bf_err describe_frame(struct bf_decoder *v, struct bf_error *err)
{
    struct bf_frame *f = &v->frame;
    const char *name = av_get_pix_fmt_name((enum AVPixelFormat)v->av->format);
    struct bf_frame_layout l;
    unsigned i;
    bool whole;

    if (v->av->width <= 0 || v->av->height <= 0 || v->av->width > BF_VIDEO_DIM_MAX ||
        v->av->height > BF_VIDEO_DIM_MAX)
        return too_large(v, v->av->width, v->av->height, err);
    *f = (struct bf_frame){.index = v->n_frames,
                           .pts_us = v->held_us,
                           .width = (uint32_t)v->av->width,
                           .height = (uint32_t)v->av->height,
                           .orientation = v->info.orientation,
                           .damaged = v->av->decode_error_flags != 0 ||
                                      (v->av->flags & AV_FRAME_FLAG_CORRUPT)};
    whole = bf_frame_layout_set(&l, (uint32_t)v->av->format, f->width, f->height);
    for (i = 0; whole && i < l.n_planes; i++) {
        f->plane[i] = (struct bf_plane){v->av->data[i], v->av->linesize[i], l.plane[i].row_bytes,
                                        l.plane[i].rows};
        whole = v->av->data[i] != NULL;
        if (f->plane[i].rows == 1) /* a palette says nothing of it */
            f->plane[i].stride = (ptrdiff_t)f->plane[i].row_bytes;
    }
    if (!whole)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' has pixels of a kind that cannot be read (%s)", v->path,
                            name != NULL ? name : "unknown");
    f->pixel_format = l.pixel_format;
    f->n_planes = l.n_planes;
    f->luma = f->plane[0].data;
    f->luma_stride = f->plane[0].stride;
    f->luma_bytes = l.luma_bytes;
    f->luma_bits = l.luma_bits;
    f->luma_shift = l.luma_shift;
    return l.grey ? make_grey(v, &l, err) : BF_OK;
}

/* The next frame into av and its time into held_us; held stays false at the end. */
static enum bf_err hold_next(struct bf_decoder *v, struct bf_error *err)
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

enum bf_err bf_decoder_next(struct bf_decoder *v, const struct bf_frame **frame,
                            struct bf_error *err)
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
static void forget(struct bf_decoder *v)
{
    v->draining = v->ended = v->held = false;
    v->last_pts_us = NO_TIME;
    v->last_duration_us = 0;
}

/* Holds the first frame from pts_us on. */
static enum bf_err skip_to(struct bf_decoder *v, int64_t pts_us, struct bf_error *err)
{
    enum bf_err rc;

    while ((rc = hold_next(v, err)) == BF_OK && v->held && v->held_us < pts_us) {
        v->held = false;
        if (v->skipped != NULL)
            v->skipped(v->skipped_ctx);
    }
    return rc;
}

/*
 * Jumps to a key frame that is shown no later than pts_us, by the container's index, in which
 * back_us before that is looked for. *landed is
 * false where there is none, or it is not known: what comes before the first key frame may be drawn
 * with pieces of pictures that were never read.
 */
static enum bf_err jump(bool *landed, struct bf_decoder *v, int64_t back_us, int64_t pts_us,
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
static enum bf_err restart(struct bf_decoder *v, struct bf_error *err)
{
    enum bf_err rc;

    avcodec_free_context(&v->dec);
    v->fmt = NULL;
    v->stream = NULL;
    v->info = (struct bf_video_info){0};
    v->base_pts = AV_NOPTS_VALUE;
    forget(v);
    rc = open_stream(v, bf_media_input_reopen(&v->in, err), err);
    v->ended = rc != BF_OK;
    return rc;
}

enum bf_err bf_decoder_seek(struct bf_decoder *v, int64_t pts_us, struct bf_error *err)
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

void bf_decoder_stream_hash(struct bf_decoder *v, uint8_t hash32[32])
{
    assert(!v->sought);
    bf_sha256_finish(v->stream_hash, hash32);
}

bool bf_decoder_sought(const struct bf_decoder *v)
{
    return v->sought;
}
