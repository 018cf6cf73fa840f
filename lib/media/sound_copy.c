#include "lib/media/sound_copy.h"
#include "lib/media/sound.h"
#include "lib/media/video.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct track {
    AVStream *out;
    AVRational clock; /* of the file's times */
    int64_t next_dts; /* in out's clock: the least that the next packet may have */
    int64_t end;      /* of the last packet, for those that follow without a time */
    AVPacket
        *before; /* the last packet that ends before the video starts: decoders want a run-up */
    bool begun;
};

struct bf_sound_copy {
    struct bf_sound *in;
    AVFormatContext *out;
    int64_t start_us; /* of the video in the file's clock */
    struct track track[BF_SOUND_TRACKS_MAX];
    unsigned n_tracks;
    AVPacket *pkt;
    struct track *held; /* whose packet pkt is, where it has been read and not written */
    bool ended;
};

/* The moment that bf_frame.pts_us counts from. The first frame that decodes is it, which only
 * decoding tells. */
static int64_t first_frame_us(const char *path)
{
    struct bf_video *v = NULL;
    const struct bf_frame *f = NULL;
    int64_t us = 0;

    if (bf_video_open(&v, path, NULL) == BF_OK && bf_video_next(v, &f, NULL) == BF_OK && f != NULL)
        us = bf_video_start_us(v);
    bf_video_close(&v);
    return us;
}

/* As AVCodecParameters, but for the codec's kind. */
static bool set_parameters(AVCodecParameters *p, const struct bf_sound_track *t)
{
    p->codec_type = AVMEDIA_TYPE_AUDIO;
    p->format = t->format;
    p->bit_rate = t->bit_rate;
    p->bits_per_coded_sample = t->bits_per_coded_sample;
    p->bits_per_raw_sample = t->bits_per_raw_sample;
    p->profile = t->profile;
    p->level = t->level;
    p->sample_rate = t->sample_rate;
    p->block_align = t->block_align;
    p->frame_size = t->frame_size;
    p->initial_padding = t->initial_padding;
    p->trailing_padding = t->trailing_padding;
    p->seek_preroll = t->seek_preroll;
    if (t->channel_mask != 0) {
        if (av_channel_layout_from_mask(&p->ch_layout, t->channel_mask) < 0)
            return false;
    } else {
        p->ch_layout.order = AV_CHANNEL_ORDER_UNSPEC;
        p->ch_layout.nb_channels = (int)t->n_channels;
    }
    if (t->header_len == 0)
        return true;
    p->extradata = av_mallocz(t->header_len + AV_INPUT_BUFFER_PADDING_SIZE);
    if (p->extradata == NULL)
        return false;
    memcpy(p->extradata, t->header, t->header_len);
    p->extradata_size = (int)t->header_len;
    return true;
}

static enum bf_err add_track(struct bf_sound_copy *s, const struct bf_sound_track *in,
                             const char *path, const char *out_name, struct bf_error *err)
{
    struct track *t = &s->track[s->n_tracks];
    const AVCodecDescriptor *d = avcodec_descriptor_get_by_name(in->codec);
    enum AVCodecID codec = d != NULL ? d->id : AV_CODEC_ID_NONE;

    if (avformat_query_codec(s->out->oformat, codec, FF_COMPLIANCE_NORMAL) != 1)
        return bf_error_set(
            err, BF_ERR_FORMAT, "'%s' cannot hold sound of the kind in '%s' (%s); %s", out_name,
            path, in->codec,
            strcmp(s->out->oformat->name, "mov") == 0 ? "convert the sound first"
                                                      : "name it .mov, or convert the sound first");
    t->out = avformat_new_stream(s->out, NULL);
    t->before = av_packet_alloc();
    s->n_tracks++;
    if (t->out == NULL || t->before == NULL || !set_parameters(t->out->codecpar, in))
        return bf_error_nomem(err);
    t->out->codecpar->codec_id = codec;
    t->clock = (AVRational){(int)in->time_base_num, (int)in->time_base_den};
    t->out->time_base = t->clock;
    t->out->disposition = in->disposition;
    t->next_dts = INT64_MIN;
    if (in->language[0] != '\0' && av_dict_set(&t->out->metadata, "language", in->language, 0) < 0)
        return bf_error_nomem(err);
    return BF_OK;
}

enum bf_err bf_sound_copy_open(struct bf_sound_copy **out, const char *path, AVFormatContext *to,
                               const char *out_name, struct bf_error *err)
{
    struct bf_sound_copy *s = calloc(1, sizeof *s);
    enum bf_err rc;
    unsigned i;

    *out = NULL;
    if (s == NULL)
        return bf_error_nomem(err);
    s->out = to;
    s->pkt = av_packet_alloc();
    rc = s->pkt == NULL ? bf_error_nomem(err) : bf_sound_open(&s->in, path, err);
    for (i = 0; rc == BF_OK && i < bf_sound_n_tracks(s->in); i++)
        rc = add_track(s, bf_sound_track(s->in, i), path, out_name, err);
    if (rc == BF_OK && s->n_tracks > 0)
        s->start_us = first_frame_us(path);
    *out = s;
    if (rc != BF_OK)
        bf_sound_copy_close(out);
    return rc;
}

void bf_sound_copy_close(struct bf_sound_copy **out)
{
    struct bf_sound_copy *s = *out;
    unsigned i;

    if (s == NULL)
        return;
    for (i = 0; i < s->n_tracks; i++)
        av_packet_free(&s->track[i].before);
    av_packet_free(&s->pkt);
    bf_sound_close(&s->in);
    free(s);
    *out = NULL;
}

/* Sums of it must not overflow. */
static int64_t bounded(int64_t v)
{
    return v > BF_SOUND_TIME_MAX    ? BF_SOUND_TIME_MAX
           : v < -BF_SOUND_TIME_MAX ? -BF_SOUND_TIME_MAX
                                    : v;
}

/* In the clock of the video that is written, and told from its first frame. */
static void set_times(struct bf_sound_copy *s, struct track *t)
{
    const AVRational from = t->clock, to = t->out->time_base;
    int64_t shift = bounded(av_rescale_q(s->start_us, AV_TIME_BASE_Q, to));
    AVPacket *p = s->pkt;

    if (p->dts == AV_NOPTS_VALUE)
        p->dts = p->pts;
    if (p->pts == AV_NOPTS_VALUE)
        p->pts = p->dts;
    if (p->pts == AV_NOPTS_VALUE) {
        p->pts = p->dts = t->end;
    } else {
        p->pts = bounded(av_rescale_q(p->pts, from, to)) - shift;
        p->dts = bounded(av_rescale_q(p->dts, from, to)) - shift;
    }
    p->duration = bounded(av_rescale_q(p->duration, from, to));
    if (p->dts < t->next_dts)
        p->dts = t->next_dts;
    if (p->pts < p->dts)
        p->pts = p->dts;
    t->next_dts = p->dts + 1;
    t->end = bounded(p->pts + p->duration);
}

/* Into pkt, which has its own bytes. */
static enum bf_err fill_packet(struct bf_sound_copy *s, const struct bf_sound_packet *p,
                               struct bf_error *err)
{
    uint8_t *skip;

    av_packet_unref(s->pkt);
    if (av_new_packet(s->pkt, (int)p->size) < 0)
        return bf_error_nomem(err);
    memcpy(s->pkt->data, p->data, p->size);
    s->pkt->pts = p->pts != BF_SOUND_NO_TIME ? p->pts : AV_NOPTS_VALUE;
    s->pkt->dts = p->dts != BF_SOUND_NO_TIME ? p->dts : AV_NOPTS_VALUE;
    s->pkt->duration = p->duration;
    s->pkt->flags = p->key ? AV_PKT_FLAG_KEY : 0;
    if (!p->skips)
        return BF_OK;
    skip = av_packet_new_side_data(s->pkt, AV_PKT_DATA_SKIP_SAMPLES, sizeof p->skip);
    if (skip == NULL)
        return bf_error_nomem(err);
    memcpy(skip, p->skip, sizeof p->skip);
    return BF_OK;
}

static enum bf_err read_packet(struct bf_sound_copy *s, struct bf_error *err)
{
    const struct bf_sound_packet *p;
    enum bf_err rc;

    if (s->held != NULL || s->ended)
        return BF_OK;
    rc = bf_sound_next(s->in, &p, err);
    s->ended = rc == BF_OK && p == NULL;
    if (rc == BF_OK && p != NULL)
        rc = fill_packet(s, p, err);
    if (rc != BF_OK || s->ended)
        return rc;
    s->held = &s->track[p->track];
    set_times(s, s->held);
    return BF_OK;
}

static int write_packet(struct bf_sound_copy *s, struct track *t, AVPacket *p)
{
    int rc;

    p->stream_index = t->out->index;
    p->pos = -1;
    t->begun = true;
    rc = av_write_frame(s->out, p);
    av_packet_unref(p);
    return rc;
}

static int write_held(struct bf_sound_copy *s)
{
    struct track *t = s->held;
    int rc = 0;

    s->held = NULL;
    if (!t->begun && s->pkt->pts + s->pkt->duration <= 0) {
        av_packet_unref(t->before);
        av_packet_move_ref(t->before, s->pkt);
        return 0;
    }
    if (!t->begun && t->before->data != NULL)
        rc = write_packet(s, t, t->before);
    return rc >= 0 ? write_packet(s, t, s->pkt) : rc;
}

enum bf_err bf_sound_copy_run(struct bf_sound_copy *s, int64_t until_us, int *rc,
                              struct bf_error *err)
{
    *rc = 0;
    if (s->n_tracks == 0)
        return BF_OK;
    for (;;) {
        enum bf_err e = read_packet(s, err);

        if (e != BF_OK || s->ended)
            return e;
        if (av_compare_ts(s->pkt->pts, s->held->out->time_base, until_us, AV_TIME_BASE_Q) >= 0)
            return BF_OK;
        *rc = write_held(s);
        if (*rc < 0)
            return BF_ERR_LIBRARY;
    }
}
