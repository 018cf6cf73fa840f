#include "lib/media/sound_demux.h"
#include "lib/media/media_input.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct bf_sound_demux {
    struct bf_media_input in;
    unsigned n_tracks;
    struct bf_sound_track *track;
    int stream[BF_SOUND_TRACKS_MAX]; /* of the file, by track */
    AVPacket *av;
    struct bf_sound_packet packet;
    bool ended;
};

static void set_channels(struct bf_sound_track *t, const AVChannelLayout *l)
{
    t->n_channels = l->nb_channels > 0 ? (uint32_t)l->nb_channels : 0;
    if (t->n_channels > BF_SOUND_CHANNELS_MAX)
        t->n_channels = 0;
    if (l->order == AV_CHANNEL_ORDER_NATIVE && av_popcount64(l->u.mask) == l->nb_channels)
        t->channel_mask = l->u.mask;
}

static enum bf_err describe(struct bf_sound_track *t, const AVStream *s, const char *path,
                            struct bf_error *err)
{
    const AVDictionaryEntry *language = av_dict_get(s->metadata, "language", NULL, 0);
    const AVCodecParameters *p = s->codecpar;

    if (p->extradata_size > BF_SOUND_HEADER_MAX)
        return bf_error_set(err, BF_ERR_LIMIT,
                            "the sound of '%s' has a header of more than %d bytes", path,
                            BF_SOUND_HEADER_MAX);
    *t = (struct bf_sound_track){
        .codec = avcodec_get_name(p->codec_id),
        .format = p->format,
        .bits_per_coded_sample = p->bits_per_coded_sample,
        .bits_per_raw_sample = p->bits_per_raw_sample,
        .profile = p->profile,
        .level = p->level,
        .sample_rate = p->sample_rate,
        .block_align = p->block_align,
        .frame_size = p->frame_size,
        .initial_padding = p->initial_padding,
        .trailing_padding = p->trailing_padding,
        .seek_preroll = p->seek_preroll,
        .disposition = s->disposition,
        .bit_rate = p->bit_rate > 0 ? p->bit_rate : 0,
        .time_base_num = (uint32_t)s->time_base.num,
        .time_base_den = (uint32_t)s->time_base.den,
    };
    set_channels(t, &p->ch_layout);
    if (language != NULL && strlen(language->value) < sizeof t->language)
        memcpy(t->language, language->value, strlen(language->value) + 1);
    if (p->extradata_size > 0) {
        t->header_len = (size_t)p->extradata_size;
        t->header = p->extradata;
    }
    return BF_OK;
}

static enum bf_err find_tracks(struct bf_sound_demux *d, const char *path, struct bf_error *err)
{
    const AVFormatContext *fmt = d->in.fmt;
    enum bf_err rc = BF_OK;
    unsigned i;

    for (i = 0; i < fmt->nb_streams; i++) {
        if (fmt->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            fmt->streams[i]->discard = AVDISCARD_ALL;
        else if (d->n_tracks == BF_SOUND_TRACKS_MAX)
            return bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %d sound tracks", path,
                                BF_SOUND_TRACKS_MAX);
        else
            d->stream[d->n_tracks++] = (int)i;
    }
    if (d->n_tracks == 0)
        return BF_OK;
    d->track = calloc(d->n_tracks, sizeof *d->track);
    if (d->track == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < d->n_tracks && rc == BF_OK; i++)
        rc = describe(&d->track[i], fmt->streams[d->stream[i]], path, err);
    return rc;
}

enum bf_err bf_sound_demux_open(struct bf_sound_demux **out, int fd, int64_t size, const char *path,
                                struct bf_error *err)
{
    struct bf_sound_demux *d = calloc(1, sizeof *d);
    enum bf_err rc;

    *out = NULL;
    if (d == NULL)
        return bf_error_nomem(err);
    d->in.fd = -1;
    d->av = av_packet_alloc();
    rc = d->av == NULL ? bf_error_nomem(err) : bf_media_input_attach(&d->in, fd, size, path, err);
    if (rc == BF_OK)
        rc = find_tracks(d, path, err);
    *out = d;
    if (rc != BF_OK)
        bf_sound_demux_close(out);
    return rc;
}

void bf_sound_demux_close(struct bf_sound_demux **out)
{
    struct bf_sound_demux *d = *out;

    if (d == NULL)
        return;
    av_packet_free(&d->av);
    bf_media_input_close(&d->in);
    free(d->track);
    free(d);
    *out = NULL;
}

unsigned bf_sound_demux_n_tracks(const struct bf_sound_demux *d)
{
    return d->n_tracks;
}

const struct bf_sound_track *bf_sound_demux_track(const struct bf_sound_demux *d, unsigned track)
{
    return &d->track[track];
}

/* Half a million years by any clock: what a file says beyond that is no time. */
static int64_t bounded(int64_t v)
{
    if (v == AV_NOPTS_VALUE)
        return BF_SOUND_NO_TIME;
    return v > BF_SOUND_TIME_MAX    ? BF_SOUND_TIME_MAX
           : v < -BF_SOUND_TIME_MAX ? -BF_SOUND_TIME_MAX
                                    : v;
}

static void show(struct bf_sound_demux *d, unsigned track)
{
    const AVPacket *av = d->av;
    size_t n = 0;
    const uint8_t *skip = av_packet_get_side_data(av, AV_PKT_DATA_SKIP_SAMPLES, &n);
    struct bf_sound_packet *p = &d->packet;

    *p = (struct bf_sound_packet){.track = track,
                                  .pts = bounded(av->pts),
                                  .dts = bounded(av->dts),
                                  .duration = av->duration > 0 ? bounded(av->duration) : 0,
                                  .key = (av->flags & AV_PKT_FLAG_KEY) != 0,
                                  .skips = skip != NULL && n == sizeof p->skip,
                                  .data = av->data,
                                  .size = (size_t)av->size};
    if (p->skips)
        memcpy(p->skip, skip, sizeof p->skip);
}

enum bf_err bf_sound_demux_next(struct bf_sound_demux *d, const struct bf_sound_packet **p,
                                struct bf_error *err)
{
    *p = NULL;
    while (!d->ended && d->n_tracks > 0) {
        unsigned i = 0;
        int rc;

        av_packet_unref(d->av);
        rc = av_read_frame(d->in.fmt, d->av);
        if (rc == AVERROR(EAGAIN))
            continue;
        if (rc == AVERROR(ENOMEM))
            return bf_error_nomem(err);
        /* A sound that breaks off is read as far as it goes: whoever reads the pictures is told of
         * the damage. */
        d->ended = rc < 0;
        while (i < d->n_tracks && d->stream[i] != d->av->stream_index)
            i++;
        if (d->ended || i == d->n_tracks || d->av->size <= 0)
            continue;
        if ((unsigned)d->av->size > BF_SOUND_PACKET_MAX)
            return bf_error_set(err, BF_ERR_LIMIT,
                                "the sound of '%s' has a packet of more than %u bytes", d->in.path,
                                BF_SOUND_PACKET_MAX);
        show(d, i);
        *p = &d->packet;
        return BF_OK;
    }
    return BF_OK;
}
