#include "lib/media/decode_wire.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum {
    NAME_MAX_BYTES = 255,
    STREAMS_MAX = 1 << 16,
    PARAMETER_MAX = 1 << 30, /* of a codec */
};

/* Of one frame; the rate is told by it, and a double holds it exactly. */
#define FRAME_US_MAX (UINT64_C(1) << 50)
#define BIT_RATE_MAX (INT64_C(1) << 40)

static void put_i64(struct bf_buf *b, int64_t v)
{
    bf_buf_put_be64(b, (uint64_t)v);
}

static void put_text(struct bf_buf *b, const char *text, size_t max)
{
    size_t n = strnlen(text, max);

    bf_buf_put_be16(b, (uint16_t)n);
    bf_buf_append(b, text, n);
}

static int64_t get_time(struct bf_reader *r)
{
    int64_t t = (int64_t)bf_read_be64(r);

    if (t > BF_WIRE_TIME_MAX || t < -BF_WIRE_TIME_MAX)
        r->failed = true;
    return t;
}

/* No more than max. */
static uint32_t get_u32(struct bf_reader *r, uint32_t min, uint32_t max)
{
    uint32_t v = bf_read_be32(r);

    if (v < min || v > max)
        r->failed = true;
    return v;
}

static bool get_bool(struct bf_reader *r)
{
    uint8_t v = bf_read_u8(r);

    if (v > 1)
        r->failed = true;
    return v == 1;
}

/* At most cap - 1 bytes without a NUL among them. */
static void get_text(char *out, size_t cap, struct bf_reader *r)
{
    size_t n = bf_read_be16(r);
    const uint8_t *p = bf_read_bytes(r, n);

    out[0] = '\0';
    if (p == NULL || n >= cap || memchr(p, '\0', n) != NULL) {
        r->failed = true;
        return;
    }
    memcpy(out, p, n);
    out[n] = '\0';
}

/* FFmpeg's own string for a name that it knows. */
static const char *container_name(const char *name)
{
    const AVInputFormat *f;
    void *at = NULL;

    while ((f = av_demuxer_iterate(&at)) != NULL)
        if (strcmp(f->name, name) == 0)
            return f->name;
    return NULL;
}

static const char *codec_name(const char *name)
{
    const AVCodecDescriptor *d = avcodec_descriptor_get_by_name(name);

    return d != NULL ? d->name : NULL;
}

static void put_info(struct bf_buf *b, const struct bf_video_info *i)
{
    put_text(b, i->container, NAME_MAX_BYTES);
    put_text(b, i->codec, NAME_MAX_BYTES);
    bf_buf_put_be32(b, i->width);
    bf_buf_put_be32(b, i->height);
    bf_buf_put_be32(b, i->sar_num);
    bf_buf_put_be32(b, i->sar_den);
    bf_buf_put_be32(b, i->time_base_num);
    bf_buf_put_be32(b, i->time_base_den);
    bf_buf_put_be64(b, (uint64_t)(1e6 / i->frames_per_second + 0.5));
    put_i64(b, i->duration_us);
    bf_buf_put_u8(b, i->matrix);
    bf_buf_put_u8(b, i->primaries);
    bf_buf_put_u8(b, i->transfer);
    bf_buf_put_u8(b, (uint8_t)(i->full_range | i->has_alpha << 1));
    bf_buf_put_u8(b, (uint8_t)(i->orientation.xx + 1));
    bf_buf_put_u8(b, (uint8_t)(i->orientation.xy + 1));
    bf_buf_put_u8(b, (uint8_t)(i->orientation.yx + 1));
    bf_buf_put_u8(b, (uint8_t)(i->orientation.yy + 1));
    bf_buf_put_be32(b, i->n_video);
    bf_buf_put_be32(b, i->n_audio);
    bf_buf_put_be32(b, i->n_other);
}

static int8_t get_sign(struct bf_reader *r)
{
    uint8_t v = bf_read_u8(r);

    if (v > 2)
        r->failed = true;
    return (int8_t)(v - 1);
}

static void get_info(struct bf_video_info *i, struct bf_reader *r)
{
    char name[NAME_MAX_BYTES + 1];
    struct bf_orientation *o = &i->orientation;
    uint8_t flags;
    uint64_t us;

    get_text(name, sizeof name, r);
    i->container = container_name(name);
    get_text(name, sizeof name, r);
    i->codec = codec_name(name);
    i->width = get_u32(r, 0, BF_VIDEO_DIM_MAX);
    i->height = get_u32(r, 0, BF_VIDEO_DIM_MAX);
    i->sar_num = get_u32(r, 1, INT32_MAX);
    i->sar_den = get_u32(r, 1, INT32_MAX);
    i->time_base_num = get_u32(r, 1, INT32_MAX);
    i->time_base_den = get_u32(r, 1, INT32_MAX);
    us = bf_read_be64(r);
    i->frames_per_second = 1e6 / (double)us;
    i->duration_us = get_time(r);
    i->matrix = bf_read_u8(r);
    i->primaries = bf_read_u8(r);
    i->transfer = bf_read_u8(r);
    flags = bf_read_u8(r);
    i->full_range = flags & 1;
    i->has_alpha = flags & 2;
    o->xx = get_sign(r);
    o->xy = get_sign(r);
    o->yx = get_sign(r);
    o->yy = get_sign(r);
    i->n_video = get_u32(r, 0, STREAMS_MAX);
    i->n_audio = get_u32(r, 0, STREAMS_MAX);
    i->n_other = get_u32(r, 0, STREAMS_MAX);
    /* Turns by quarters and flips alone: one step each way, along one axis. */
    if (i->container == NULL || i->codec == NULL || flags > 3 || us == 0 || us > FRAME_US_MAX ||
        i->duration_us < 0 || o->xx * o->xx + o->xy * o->xy != 1 ||
        o->xx * o->xx != o->yy * o->yy || o->xy * o->xy != o->yx * o->yx)
        r->failed = true;
}

static void put_picture(struct bf_buf *b, const struct bf_wire_said *m)
{
    bf_buf_put_be32(b, m->format);
    bf_buf_put_be32(b, m->width);
    bf_buf_put_be32(b, m->height);
}

static void get_picture(struct bf_wire_said *m, struct bf_reader *r)
{
    m->format = get_u32(r, 0, INT32_MAX);
    m->width = get_u32(r, 1, BF_VIDEO_DIM_MAX);
    m->height = get_u32(r, 1, BF_VIDEO_DIM_MAX);
    if ((uint64_t)m->width * m->height > BF_VIDEO_PIXELS_MAX)
        r->failed = true;
}

/* FFmpeg's numbers of what it calls -1, -99 or unknown are small ones below 0. */
static int32_t get_i32(struct bf_reader *r)
{
    int32_t v = (int32_t)bf_read_be32(r);

    if (v < -1000 || v > PARAMETER_MAX)
        r->failed = true;
    return v;
}

enum { TRACK_NUMBERS = 12 };

static void track_numbers(int32_t *number[TRACK_NUMBERS], struct bf_sound_track *t)
{
    int32_t *const all[TRACK_NUMBERS] = {
        &t->format,          &t->bits_per_coded_sample, &t->bits_per_raw_sample, &t->profile,
        &t->level,           &t->sample_rate,           &t->block_align,         &t->frame_size,
        &t->initial_padding, &t->trailing_padding,      &t->seek_preroll,        &t->disposition};

    memcpy(number, all, sizeof all);
}

static void put_track(struct bf_buf *b, const struct bf_sound_track *track)
{
    struct bf_sound_track t = *track;
    int32_t *number[TRACK_NUMBERS];
    size_t i;

    track_numbers(number, &t);
    put_text(b, t.codec, NAME_MAX_BYTES);
    for (i = 0; i < TRACK_NUMBERS; i++)
        bf_buf_put_be32(b, (uint32_t)*number[i]);
    bf_buf_put_be64(b, (uint64_t)t.bit_rate);
    bf_buf_put_be32(b, t.n_channels);
    bf_buf_put_be64(b, t.channel_mask);
    bf_buf_put_be32(b, t.time_base_num);
    bf_buf_put_be32(b, t.time_base_den);
    put_text(b, t.language, sizeof t.language - 1);
    bf_buf_put_be16(b, (uint16_t)t.header_len);
    bf_buf_append(b, t.header, t.header_len);
}

static void get_track(struct bf_sound_track *t, struct bf_reader *r)
{
    int32_t *number[TRACK_NUMBERS];
    char name[NAME_MAX_BYTES + 1];
    const AVCodecDescriptor *d;
    size_t i;

    track_numbers(number, t);
    get_text(name, sizeof name, r);
    d = avcodec_descriptor_get_by_name(name);
    for (i = 0; i < TRACK_NUMBERS; i++)
        *number[i] = get_i32(r);
    t->bit_rate = (int64_t)bf_read_be64(r);
    t->n_channels = get_u32(r, 0, BF_SOUND_CHANNELS_MAX);
    t->channel_mask = bf_read_be64(r);
    t->time_base_num = get_u32(r, 1, INT32_MAX);
    t->time_base_den = get_u32(r, 1, INT32_MAX);
    get_text(t->language, sizeof t->language, r);
    t->header_len = bf_read_be16(r);
    t->header = bf_read_bytes(r, t->header_len);
    if (d == NULL || d->type != AVMEDIA_TYPE_AUDIO || t->bit_rate < 0 ||
        t->bit_rate > BIT_RATE_MAX || t->header_len > BF_SOUND_HEADER_MAX || t->sample_rate < 0 ||
        (t->channel_mask != 0 && (uint32_t)av_popcount64(t->channel_mask) != t->n_channels))
        r->failed = true;
    else
        t->codec = d->name;
}

static int64_t get_sound_time(struct bf_reader *r, bool or_none)
{
    int64_t t = (int64_t)bf_read_be64(r);

    if (!(or_none && t == BF_SOUND_NO_TIME) && (t > BF_SOUND_TIME_MAX || t < -BF_SOUND_TIME_MAX))
        r->failed = true;
    return t;
}

static void put_packet(struct bf_buf *b, const struct bf_sound_packet *p)
{
    bf_buf_put_be32(b, p->track);
    put_i64(b, p->pts);
    put_i64(b, p->dts);
    put_i64(b, p->duration);
    bf_buf_put_u8(b, p->key);
    bf_buf_put_u8(b, p->skips);
    bf_buf_append(b, p->skip, sizeof p->skip);
    bf_buf_put_be32(b, (uint32_t)p->size);
}

static void get_packet(struct bf_sound_packet *p, struct bf_reader *r)
{
    const uint8_t *skip;

    p->track = get_u32(r, 0, BF_SOUND_TRACKS_MAX - 1);
    p->pts = get_sound_time(r, true);
    p->dts = get_sound_time(r, true);
    p->duration = get_sound_time(r, false);
    p->key = get_bool(r);
    p->skips = get_bool(r);
    skip = bf_read_bytes(r, sizeof p->skip);
    if (skip != NULL)
        memcpy(p->skip, skip, sizeof p->skip);
    p->size = get_u32(r, 1, BF_SOUND_PACKET_MAX);
    r->failed |= p->duration < 0;
}

static void put_clock(struct bf_buf *b, const struct bf_wire_said *m)
{
    put_i64(b, m->start_us);
    put_i64(b, m->end_us);
}

static void get_clock(struct bf_wire_said *m, struct bf_reader *r)
{
    m->start_us = get_time(r);
    m->end_us = get_time(r);
}

bool bf_wire_said_encode(struct bf_buf *b, const struct bf_wire_said *m)
{
    unsigned i;

    bf_buf_put_u8(b, (uint8_t)m->kind);
    bf_buf_put_be32(b, m->seeks);
    switch (m->kind) {
    case BF_WIRE_OPENED:
        put_info(b, &m->info);
        break;
    case BF_WIRE_FRAME:
        bf_buf_put_u8(b, (uint8_t)m->slot);
        bf_buf_put_u8(b, m->damaged);
        for (i = 0; i < BF_FRAME_PLANES; i++) {
            bf_buf_put_be32(b, m->offset[i]);
            bf_buf_put_be32(b, m->stride[i]);
        }
        put_i64(b, m->pts_us);
        put_clock(b, m);
        put_picture(b, m);
        break;
    case BF_WIRE_WANTS_ROOM:
        put_picture(b, m);
        break;
    case BF_WIRE_PART:
        bf_buf_append(b, m->part, m->part_len);
        break;
    case BF_WIRE_END:
        bf_buf_put_u8(b, m->has_hash);
        bf_buf_append(b, m->hash32, sizeof m->hash32);
        put_clock(b, m);
        break;
    case BF_WIRE_SOUGHT:
        put_clock(b, m);
        break;
    case BF_WIRE_BUSY:
    case BF_WIRE_OPENED_SOUND:
        break;
    case BF_WIRE_TRACK:
        put_track(b, &m->track);
        break;
    case BF_WIRE_PACKET:
        put_packet(b, &m->packet);
        break;
    case BF_WIRE_FAILED:
        put_clock(b, m);
        bf_buf_put_u8(b, (uint8_t)m->code);
        put_text(b, m->text, sizeof m->text - 1);
        break;
    case BF_WIRE_GONE:
        bf_buf_put_be32(b, (uint32_t)m->status);
        break;
    }
    return !b->failed;
}

bool bf_wire_said_decode(struct bf_wire_said *m, const void *p, size_t n)
{
    struct bf_reader r;
    const uint8_t *hash32;
    unsigned i;

    bf_reader_init(&r, p, n);
    *m =
        (struct bf_wire_said){.kind = (enum bf_wire_kind)bf_read_u8(&r), .seeks = bf_read_be32(&r)};
    switch (m->kind) {
    case BF_WIRE_OPENED:
        get_info(&m->info, &r);
        break;
    case BF_WIRE_FRAME:
        m->slot = bf_read_u8(&r);
        m->damaged = get_bool(&r);
        for (i = 0; i < BF_FRAME_PLANES; i++) {
            m->offset[i] = bf_read_be32(&r);
            m->stride[i] = bf_read_be32(&r);
        }
        m->pts_us = get_time(&r);
        get_clock(m, &r);
        get_picture(m, &r);
        r.failed |= m->slot >= BF_WIRE_SLOTS_MAX;
        break;
    case BF_WIRE_WANTS_ROOM:
        get_picture(m, &r);
        break;
    case BF_WIRE_PART:
        m->part_len = r.left;
        m->part = bf_read_bytes(&r, r.left);
        r.failed |= m->part_len == 0 || m->part_len > BF_WIRE_PART_MAX;
        break;
    case BF_WIRE_END:
        m->has_hash = get_bool(&r);
        hash32 = bf_read_bytes(&r, sizeof m->hash32);
        if (hash32 != NULL)
            memcpy(m->hash32, hash32, sizeof m->hash32);
        get_clock(m, &r);
        break;
    case BF_WIRE_SOUGHT:
        get_clock(m, &r);
        break;
    case BF_WIRE_BUSY:
    case BF_WIRE_OPENED_SOUND:
        break;
    case BF_WIRE_TRACK:
        get_track(&m->track, &r);
        break;
    case BF_WIRE_PACKET:
        get_packet(&m->packet, &r);
        break;
    case BF_WIRE_FAILED:
        get_clock(m, &r);
        m->code = (enum bf_err)bf_read_u8(&r);
        get_text(m->text, sizeof m->text, &r);
        /* Those that decoding can end with; a child has nothing to say of keys and ledgers. */
        r.failed |= m->code != BF_ERR_IO && m->code != BF_ERR_NOMEM && m->code != BF_ERR_FORMAT &&
                    m->code != BF_ERR_LIMIT && m->code != BF_ERR_LIBRARY;
        break;
    case BF_WIRE_GONE:
        m->status = (int)bf_read_be32(&r);
        break;
    default:
        return false;
    }
    return bf_reader_done(&r);
}

bool bf_wire_asked_encode(struct bf_buf *b, const struct bf_wire_asked *m)
{
    bf_buf_put_u8(b, (uint8_t)m->order);
    bf_buf_put_u8(b, m->released);
    bf_buf_put_u8(b, m->again);
    bf_buf_put_u8(b, (uint8_t)m->n_slots);
    bf_buf_put_be64(b, m->slot_bytes);
    bf_buf_put_be64(b, m->offset);
    put_i64(b, m->pts_us);
    put_i64(b, m->size);
    put_text(b, m->path, sizeof m->path - 1);
    return !b->failed;
}

bool bf_wire_asked_decode(struct bf_wire_asked *m, const void *p, size_t n)
{
    struct bf_reader r;

    bf_reader_init(&r, p, n);
    m->order = (enum bf_wire_order)bf_read_u8(&r);
    m->released = get_bool(&r);
    m->again = get_bool(&r);
    m->n_slots = bf_read_u8(&r);
    m->slot_bytes = bf_read_be64(&r);
    m->offset = bf_read_be64(&r);
    m->pts_us = (int64_t)bf_read_be64(&r);
    m->size = (int64_t)bf_read_be64(&r);
    get_text(m->path, sizeof m->path, &r);
    return bf_reader_done(&r) && m->n_slots <= BF_WIRE_SLOTS_MAX;
}
