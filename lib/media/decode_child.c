#include "lib/media/decode_child.h"
#include "lib/media/decode_wire.h"
#include "lib/media/decoder.h"
#include "lib/media/frame_layout.h"
#include "lib/media/frame_pool.h"
#include "lib/media/media_input.h"
#include "lib/media/photo_decode.h"
#include "lib/media/sandbox.h"
#include "lib/media/sound_demux.h"

#include <errno.h>
#include <sys/socket.h>

#include <libavutil/frame.h>

enum {
    AHEAD = 6,        /* frames that are decoded before they are asked for */
    BUSY_EVERY_S = 1, /* the other end waits longer than this before it loses patience */
};

/* A frame that the other end may look at: its memory as the decoder holds it, or a copy's slot. */
struct given {
    AVFrame *av;
    int slot;
};

struct child {
    struct bf_decoder *video;
    struct bf_sound_demux *sound;
    struct bf_picture photo; /* until it has been given */
    bool photo_left;
    struct bf_buf out;
    uint8_t in[BF_WIRE_BYTES_MAX];
    struct bf_frame_pool *pool;
    uint8_t *parts; /* where there is no shared memory: a frame, to be sent */
    size_t parts_bytes;
    struct given given[AHEAD]; /* the first has been given first */
    unsigned n_given;
    uint32_t seeks;
    bool going;      /* the first frame has been asked for */
    bool stopped;    /* the end or an error has been told */
    bool asked_room; /* for what the container says of the frames, before there are any */
    bool waiting;    /* for room */
    bool starved;    /* for a slot: none is free until one is released */
    const struct bf_frame *late; /* the frame that there was no room for */
    time_t told;                 /* that it is busy */
    bool gone;                   /* the other end */
};

/* Files may name times that no video has; the frames' own are refused, these are only told. */
static int64_t bounded(int64_t us)
{
    return us > BF_WIRE_TIME_MAX    ? BF_WIRE_TIME_MAX
           : us < -BF_WIRE_TIME_MAX ? -BF_WIRE_TIME_MAX
                                    : us;
}

static void say(struct child *c, struct bf_wire_said *m)
{
    m->seeks = c->seeks;
    if (c->video != NULL) {
        m->start_us = bounded(bf_decoder_start_us(c->video));
        m->end_us = bounded(bf_decoder_end_us(c->video));
    }
    c->out.len = 0;
    if (!bf_wire_said_encode(&c->out, m) ||
        send(BF_WIRE_FD, c->out.data, c->out.len, MSG_NOSIGNAL) < 0)
        c->gone = true;
}

static void say_failed(struct child *c, const struct bf_error *err)
{
    struct bf_wire_said m = {.kind = BF_WIRE_FAILED, .code = err->code};

    snprintf(m.text, sizeof m.text, "%s", err->text);
    c->stopped = true;
    say(c, &m);
}

static void say_busy(void *ctx)
{
    struct child *c = ctx;
    struct bf_wire_said m = {.kind = BF_WIRE_BUSY};
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || now.tv_sec < c->told + BUSY_EVERY_S)
        return;
    c->told = now.tv_sec;
    say(c, &m);
}

static void open_file(struct child *c, const struct bf_wire_asked *ask)
{
    struct bf_wire_said m = {.kind = BF_WIRE_OPENED};
    struct bf_error err = {0};
    enum bf_err rc;

    if (ask->order == BF_WIRE_OPEN_PHOTO) {
        rc = bf_photo_decode(&c->photo, BF_WIRE_FILE_FD, ask->size, ask->path, &err);
        c->photo_left = rc == BF_OK;
    } else {
        rc = bf_decoder_open(&c->video, BF_WIRE_FILE_FD, ask->size, ask->path,
                             &(struct bf_decoder_buffers){bf_frame_pool_get_buffer, c->pool}, &err);
    }
    if (rc != BF_OK) {
        say_failed(c, &err);
        return;
    }
    if (c->video != NULL) {
        bf_decoder_on_skip(c->video, say_busy, c);
        m.info = *bf_decoder_info(c->video);
        m.info.duration_us = m.info.duration_us > 0 ? bounded(m.info.duration_us) : 0;
        say(c, &m);
    }
    c->going = c->photo_left;
}

static void open_sound(struct child *c, const struct bf_wire_asked *ask)
{
    struct bf_wire_said m = {.kind = BF_WIRE_TRACK};
    struct bf_error err = {0};
    unsigned i;

    if (bf_sound_demux_open(&c->sound, BF_WIRE_FILE_FD, ask->size, ask->path, &err) != BF_OK) {
        say_failed(c, &err);
        return;
    }
    for (i = 0; i < bf_sound_demux_n_tracks(c->sound); i++) {
        m.track = *bf_sound_demux_track(c->sound, i);
        say(c, &m);
    }
    m = (struct bf_wire_said){.kind = BF_WIRE_OPENED_SOUND};
    say(c, &m);
}

/* n bytes, in as many messages as they take. */
static void say_bytes(struct child *c, const uint8_t *p, size_t n)
{
    struct bf_wire_said part = {.kind = BF_WIRE_PART};

    for (; n > 0 && !c->gone; p += part.part_len, n -= part.part_len) {
        part.part = p;
        part.part_len = n < BF_WIRE_PART_MAX ? n : BF_WIRE_PART_MAX;
        say(c, &part);
    }
}

/* One for each time it is asked for. */
static void give_packet(struct child *c)
{
    struct bf_wire_said m = {.kind = BF_WIRE_PACKET};
    const struct bf_sound_packet *p;
    struct bf_error err = {0};

    c->going = false;
    if (bf_sound_demux_next(c->sound, &p, &err) != BF_OK) {
        say_failed(c, &err);
    } else if (p == NULL) {
        m.kind = BF_WIRE_END;
        say(c, &m);
    } else {
        m.packet = *p;
        say(c, &m);
        say_bytes(c, p->data, p->size);
    }
}

static void release_first(struct child *c)
{
    if (c->n_given == 0)
        return;
    if (c->given[0].av != NULL)
        av_frame_free(&c->given[0].av);
    else
        bf_frame_pool_put(c->pool, c->given[0].slot);
    c->n_given--;
    c->starved = false;
    memmove(c->given, c->given + 1, c->n_given * sizeof *c->given);
}

/* Where the decoder drew f: false where that is not in one slot of the pool. */
static bool drawn_in_slot(struct bf_wire_said *m, const struct child *c,
                          const struct bf_frame_layout *l, const struct bf_frame *f)
{
    uint8_t *slot_at = NULL, *at;
    int slot = bf_frame_pool_find(c->pool, f->plane[0].data, &slot_at);
    unsigned i;

    if (slot < 0 || l->grey)
        return false;
    m->slot = (unsigned)slot;
    for (i = 0; i < f->n_planes; i++) {
        if (bf_frame_pool_find(c->pool, f->plane[i].data, &at) != slot || f->plane[i].stride <= 0)
            return false;
        m->offset[i] = (uint32_t)(f->plane[i].data - slot_at);
        m->stride[i] = (uint32_t)f->plane[i].stride;
    }
    return true;
}

static bool copied_to_slot(struct bf_wire_said *m, struct child *c, const struct bf_frame_layout *l,
                           const struct bf_frame *f)
{
    uint8_t *at = NULL;
    int slot = bf_frame_pool_take(c->pool, &at);
    unsigned i;

    if (slot < 0)
        return false;
    m->slot = (unsigned)slot;
    for (i = 0; i < l->n_planes; i++) {
        m->offset[i] = (uint32_t)l->plane[i].offset;
        m->stride[i] = (uint32_t)l->plane[i].stride;
    }
    bf_frame_layout_store(at, l, f);
    return true;
}

static void give_parts(struct child *c, struct bf_wire_said *m, const struct bf_frame_layout *l,
                       const struct bf_frame *f)
{
    unsigned i;

    bf_frame_layout_store(c->parts, l, f);
    for (i = 0; i < l->n_planes; i++) {
        m->offset[i] = (uint32_t)l->plane[i].offset;
        m->stride[i] = (uint32_t)l->plane[i].stride;
    }
    say(c, m);
    say_bytes(c, c->parts, l->bytes);
}

/* A frame, or a word that there must be more room first, or a free slot. */
static void give(struct child *c, const struct bf_frame *f)
{
    struct bf_wire_said m = {.kind = BF_WIRE_FRAME,
                             .format = bf_frame_layout_format(f->pixel_format),
                             .width = f->width,
                             .height = f->height,
                             .damaged = f->damaged,
                             .pts_us = f->pts_us};
    struct given *g = &c->given[c->n_given];
    struct bf_error err = {0};
    struct bf_frame_layout l;

    c->late = NULL;
    *g = (struct given){0};
    if (!bf_frame_layout_set(&l, m.format, m.width, m.height)) {
        bf_error_set(&err, BF_ERR_FORMAT, "pixels of a kind that cannot be read (%s)",
                     f->pixel_format);
        say_failed(c, &err);
        return;
    }
    if (c->parts != NULL && l.bytes <= c->parts_bytes) {
        give_parts(c, &m, &l, f);
        return;
    }
    if (c->parts != NULL || l.bytes > bf_frame_pool_slot_bytes(c->pool)) {
        c->late = f;
        c->waiting = true;
        m.kind = BF_WIRE_WANTS_ROOM;
    } else if (drawn_in_slot(&m, c, &l, f)) {
        g->av = bf_decoder_keep(c->video);
        if (g->av == NULL) {
            bf_error_nomem(&err);
            say_failed(c, &err);
            return;
        }
        c->n_given++;
    } else if (copied_to_slot(&m, c, &l, f)) {
        g->slot = (int)m.slot;
        c->n_given++;
    } else {
        c->late = f;
        c->starved = true;
        return;
    }
    say(c, &m);
}

static void say_end(struct child *c)
{
    struct bf_wire_said m = {.kind = BF_WIRE_END};

    if (c->video != NULL && !bf_decoder_sought(c->video)) {
        m.has_hash = true;
        bf_decoder_stream_hash(c->video, m.hash32);
    }
    c->stopped = true;
    say(c, &m);
}

/* Before the first frame, so that it can be drawn where it is going to be seen. */
static bool ask_room(struct child *c)
{
    struct bf_wire_said m = {.kind = BF_WIRE_WANTS_ROOM};
    struct bf_frame_layout l;

    if (c->asked_room || c->video == NULL)
        return false;
    c->asked_room = true;
    bf_decoder_expects(&m.format, &m.width, &m.height, c->video);
    if (!bf_frame_layout_set(&l, m.format, m.width, m.height))
        return false;
    c->waiting = true;
    say(c, &m);
    return true;
}

static void produce(struct child *c)
{
    const struct bf_frame *f = c->late;
    struct bf_error err = {0};
    static struct bf_frame photo;

    if (c->sound != NULL) {
        give_packet(c);
        return;
    }
    if (f != NULL) {
        give(c, f);
        return;
    }
    if (ask_room(c))
        return;
    if (c->video == NULL) {
        if (c->photo_left)
            bf_photo_frame(&photo, &c->photo);
        f = c->photo_left ? &photo : NULL;
        c->photo_left = false;
    } else if (bf_decoder_next(c->video, &f, &err) != BF_OK) {
        say_failed(c, &err);
        return;
    }
    if (f != NULL)
        give(c, f);
    else
        say_end(c);
}

static void take_room(struct child *c, const struct bf_wire_asked *ask)
{
    struct bf_error err = {0};

    c->waiting = false;
    if (ask->n_slots == 0) {
        free(c->parts);
        c->parts = malloc((size_t)ask->slot_bytes);
        c->parts_bytes = (size_t)ask->slot_bytes;
        if (c->parts != NULL)
            return;
        bf_error_nomem(&err);
        say_failed(c, &err);
    } else if (!bf_frame_pool_map(c->pool, BF_WIRE_MEMORY_FD, ask->offset, ask->n_slots,
                                  (size_t)ask->slot_bytes)) {
        bf_error_nomem(&err);
        say_failed(c, &err);
    }
}

static void seek(struct child *c, int64_t pts_us)
{
    struct bf_wire_said m = {.kind = BF_WIRE_SOUGHT};
    struct bf_error err = {0};

    c->seeks++;
    while (c->n_given > 0)
        release_first(c);
    c->late = NULL;
    c->waiting = false;
    c->going = c->stopped = false;
    if (c->video == NULL || bf_decoder_seek(c->video, pts_us, &err) != BF_OK)
        say_failed(c, &err);
    else
        say(c, &m);
    /* What comes after a seek that failed is asked for as after one that did not. */
    c->stopped = false;
}

static void obey(struct child *c, const struct bf_wire_asked *ask)
{
    switch (ask->order) {
    case BF_WIRE_OPEN_VIDEO:
    case BF_WIRE_OPEN_PHOTO:
        open_file(c, ask);
        break;
    case BF_WIRE_OPEN_SOUND:
        open_sound(c, ask);
        break;
    case BF_WIRE_NEXT:
        if (ask->released)
            release_first(c);
        c->going = true;
        if (ask->again)
            c->stopped = false;
        break;
    case BF_WIRE_ROOM:
        take_room(c, ask);
        break;
    case BF_WIRE_SEEK:
        seek(c, ask->pts_us);
        break;
    }
}

/* One order, or none where wait is false and none has come. */
static bool listen_once(struct child *c, struct bf_wire_asked *ask, bool wait)
{
    ssize_t n;

    do
        n = recv(BF_WIRE_FD, c->in, sizeof c->in, wait ? 0 : MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0 || !bf_wire_asked_decode(ask, c->in, (size_t)n)) {
        c->gone = true;
        return false;
    }
    return true;
}

void bf_decode_child_run(void)
{
    static struct child c;
    static struct bf_wire_asked ask;
    struct bf_error err = {0};

    bf_media_silence();
    c.pool = bf_frame_pool_create();
    if (c.pool == NULL)
        return;
    if (bf_sandbox_enter(BF_WIRE_FD, BF_WIRE_MEMORY_FD + 1, &err) != BF_OK) {
        say_failed(&c, &err);
        return;
    }
    while (!c.gone) {
        bool idle = !c.going || c.stopped || c.waiting || c.starved || c.n_given == AHEAD;

        if (listen_once(&c, &ask, idle))
            obey(&c, &ask);
        else if (!c.gone && !idle)
            produce(&c);
    }
}
