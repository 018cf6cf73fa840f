#include "lib/media/sound_copy.h"
#include "lib/media/media_input.h"
#include "lib/media/video.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum { STREAMS_MAX = 64 };

struct track {
    AVStream *in, *out;
    int64_t next_dts; /* in out's clock: the least that the next packet may have */
    int64_t end;      /* of the last packet, for those that follow without a time */
    AVPacket
        *before; /* the last packet that ends before the video starts: decoders want a run-up */
    bool begun;
};

struct bf_sound_copy {
    struct bf_media_input in;
    AVFormatContext *out;
    int64_t start_us; /* of the video in the file's clock */
    struct track track[STREAMS_MAX];
    int n_tracks;
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

static enum bf_err add_track(struct bf_sound_copy *s, AVStream *in, const char *out_name,
                             struct bf_error *err)
{
    struct track *t = &s->track[s->n_tracks];
    const AVDictionaryEntry *language = av_dict_get(in->metadata, "language", NULL, 0);

    if (avformat_query_codec(s->out->oformat, in->codecpar->codec_id, FF_COMPLIANCE_NORMAL) != 1)
        return bf_error_set(
            err, BF_ERR_FORMAT, "'%s' cannot hold sound of the kind in '%s' (%s); %s", out_name,
            s->in.path, avcodec_get_name(in->codecpar->codec_id),
            strcmp(s->out->oformat->name, "mov") == 0 ? "convert the sound first"
                                                      : "name it .mov, or convert the sound first");
    t->in = in;
    t->out = avformat_new_stream(s->out, NULL);
    t->before = av_packet_alloc();
    s->n_tracks++;
    if (t->out == NULL || t->before == NULL ||
        avcodec_parameters_copy(t->out->codecpar, in->codecpar) < 0)
        return bf_error_nomem(err);
    t->out->codecpar->codec_tag = 0; /* the container's own word for it */
    t->out->time_base = in->time_base;
    t->out->disposition = in->disposition;
    t->next_dts = INT64_MIN;
    if (language != NULL && av_dict_set(&t->out->metadata, "language", language->value, 0) < 0)
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
    s->in.fd = -1;
    s->out = to;
    s->pkt = av_packet_alloc();
    rc = s->pkt == NULL ? bf_error_nomem(err) : bf_media_input_open(&s->in, path, err);
    for (i = 0; rc == BF_OK && i < s->in.fmt->nb_streams; i++) {
        AVStream *in = s->in.fmt->streams[i];

        if (in->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            in->discard = AVDISCARD_ALL;
        else if (s->n_tracks == STREAMS_MAX)
            rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %d sound tracks", path,
                              STREAMS_MAX);
        else
            rc = add_track(s, in, out_name, err);
    }
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
    int i;

    if (s == NULL)
        return;
    for (i = 0; i < s->n_tracks; i++)
        av_packet_free(&s->track[i].before);
    av_packet_free(&s->pkt);
    bf_media_input_close(&s->in);
    free(s);
    *out = NULL;
}

static struct track *track_of(struct bf_sound_copy *s, int stream)
{
    int i;

    for (i = 0; i < s->n_tracks; i++)
        if (s->track[i].in->index == stream)
            return &s->track[i];
    return NULL;
}

/* Half a million years: what a file says beyond that is no time, and sums of it would overflow. */
#define FARTHEST (INT64_MAX >> 8)

static int64_t bounded(int64_t v)
{
    return v > FARTHEST ? FARTHEST : v < -FARTHEST ? -FARTHEST : v;
}

/* In the clock of the video that is written, and told from its first frame. */
static void set_times(struct bf_sound_copy *s, struct track *t)
{
    const AVRational from = t->in->time_base, to = t->out->time_base;
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

static enum bf_err read_packet(struct bf_sound_copy *s, struct bf_error *err)
{
    while (s->held == NULL && !s->ended) {
        int rc = av_read_frame(s->in.fmt, s->pkt);

        if (rc == AVERROR(EAGAIN))
            continue;
        if (rc == AVERROR(ENOMEM))
            return bf_error_nomem(err);
        if (rc < 0) {
            /* A sound that breaks off is copied as far as it goes: whoever reads the pictures is
             * told of the damage. */
            s->ended = true;
            break;
        }
        s->held = track_of(s, s->pkt->stream_index);
        if (s->held == NULL)
            av_packet_unref(s->pkt);
        else
            set_times(s, s->held);
    }
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
