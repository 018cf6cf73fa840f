#include "lib/media/decode_link.h"
#include "lib/media/decode_talk.h"
#include "lib/media/frame_layout.h"
#include "lib/media/limits.h"

#include <assert.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Slots for all pictures that a decoder refers to, those that it works on, and those that it has
 * decoded ahead. Those that it does not use cost no memory. Where pictures are very large there
 * are fewer, and the decoder keeps some in memory of its own.
 */
enum { SLOTS = BF_WIRE_SLOTS_MAX, SLOTS_MIN = 4 };
#define SLOTS_BYTES (UINT64_C(2) << 30)
#define MEMORY_MAX (UINT64_C(24) << 30)

struct bf_decode_link {
    struct bf_decode_talk talk;
    uint8_t *memory; /* the slots, for reading */
    bool in_parts;   /* memory is of our own, and frames are sent as bytes */
    size_t file_bytes, slot_bytes;
    unsigned n_slots;

    struct bf_video_info info;
    struct bf_frame frame;
    uint64_t n_frames;
    int64_t last_pts_us, start_us, end_us;
    bool photo;
    bool first;   /* no frame has been given since opening or seeking */
    bool held;    /* frame has been given and not released */
    bool stopped; /* the end or an error has been heard */
    bool has_hash;
    uint8_t hash32[32];
};

static enum bf_err failed(struct bf_decode_link *l, struct bf_error *err)
{
    l->start_us = l->talk.said.start_us;
    l->end_us = l->talk.said.end_us;
    l->stopped = true;
    return bf_decode_talk_failed(&l->talk, err);
}

static void unmap(struct bf_decode_link *l)
{
    if (l->in_parts)
        free(l->memory);
    else if (l->memory != NULL)
        munmap(l->memory, l->slot_bytes * l->n_slots);
    l->memory = NULL;
    l->slot_bytes = l->n_slots = 0;
}

/* The limit on the size of files (ulimit -f) counts for shared memory as well. */
static bool may_grow_to(uint64_t bytes)
{
    struct rlimit r;

    return getrlimit(RLIMIT_FSIZE, &r) != 0 || r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= bytes;
}

/* Frames come as bytes of the socket, which takes longer. */
static enum bf_err do_in_parts(struct bf_decode_link *l, const struct bf_frame_layout *layout,
                               struct bf_error *err)
{
    const struct bf_wire_asked m = {.order = BF_WIRE_ROOM, .slot_bytes = layout->bytes};

    unmap(l);
    l->in_parts = true;
    l->memory = malloc(layout->bytes);
    if (l->memory == NULL)
        return bf_decode_talk_lose(&l->talk, BF_ERR_NOMEM,
                                   "there is not enough memory for its frames", err);
    l->slot_bytes = layout->bytes;
    l->n_slots = 1;
    return bf_decode_talk_ask(&l->talk, &m, err);
}

/*
 * For frames like the one that said tells of. No frame is held when this is asked for. The new
 * slots lie behind the old, in which the decoder may still have pictures that others are told by.
 */
static enum bf_err make_room(struct bf_decode_link *l, struct bf_error *err)
{
    struct bf_wire_asked m = {.order = BF_WIRE_ROOM, .offset = l->file_bytes};
    const size_t page = 65536;
    struct bf_frame_layout layout;
    size_t slot, least = 2 * l->slot_bytes;
    void *p;

    if (!bf_frame_layout_set(&layout, l->talk.said.format, l->talk.said.width,
                             l->talk.said.height) ||
        layout.bytes <= l->slot_bytes)
        return bf_decode_talk_nonsense(&l->talk, err);
    slot = bf_frame_layout_room(&layout);
    /* So that frames which grow step by step cannot make it more than twice what the last ones
     * want. */
    slot = ((slot > least ? slot : least) + page - 1) / page * page;
    m.n_slots = SLOTS_BYTES / slot < SLOTS ? (unsigned)(SLOTS_BYTES / slot) : SLOTS;
    if (m.n_slots < SLOTS_MIN)
        m.n_slots = SLOTS_MIN;
    m.slot_bytes = slot;
    if (l->in_parts || !may_grow_to(m.offset + slot * m.n_slots))
        return do_in_parts(l, &layout, err);
    unmap(l);
    if (bf_decode_talk_memory_limited() && m.offset + slot * m.n_slots > bf_limit(BF_LIMIT_MEMORY)
                                                                             << 20)
        return bf_decode_talk_too_much_memory(&l->talk, err);
    if (slot * m.n_slots > MEMORY_MAX - m.offset)
        return bf_decode_talk_lose(&l->talk, BF_ERR_LIMIT, "its frames want too much memory", err);
    if (ftruncate(l->talk.memory_fd, (off_t)(m.offset + slot * m.n_slots)) != 0)
        return bf_decode_talk_lose(&l->talk, BF_ERR_NOMEM,
                                   "there is not enough memory for its frames", err);
    l->file_bytes = m.offset + slot * m.n_slots;
    p = mmap(NULL, slot * m.n_slots, PROT_READ, MAP_SHARED, l->talk.memory_fd, (off_t)m.offset);
    if (p == MAP_FAILED)
        return bf_decode_talk_lose(&l->talk, BF_ERR_NOMEM,
                                   "there is not enough memory for its frames", err);
    l->memory = p;
    l->slot_bytes = slot;
    l->n_slots = m.n_slots;
    return bf_decode_talk_ask(&l->talk, &m, err);
}

static enum bf_err take_frame(struct bf_decode_link *l, struct bf_error *err)
{
    const struct bf_wire_said *m = &l->talk.said;
    struct bf_frame_layout layout;

    if (m->slot >= l->n_slots || !bf_frame_layout_set(&layout, m->format, m->width, m->height) ||
        !bf_frame_layout_place(&layout, m->offset, m->stride, l->slot_bytes) ||
        (!l->first && m->pts_us <= l->last_pts_us))
        return bf_decode_talk_nonsense(&l->talk, err);
    l->frame = (struct bf_frame){.index = l->n_frames,
                                 .pts_us = m->pts_us,
                                 .width = m->width,
                                 .height = m->height,
                                 .orientation = l->info.orientation,
                                 .damaged = m->damaged};
    bf_frame_layout_show(&l->frame, &layout, l->memory + m->slot * l->slot_bytes);
    l->n_frames++;
    l->first = false;
    l->held = true;
    l->last_pts_us = m->pts_us;
    l->start_us = m->start_us;
    l->end_us = m->end_us;
    return l->in_parts ? bf_decode_talk_hear_bytes(&l->talk, l->memory, layout.bytes, err) : BF_OK;
}

enum bf_err bf_decode_link_next(struct bf_decode_link *l, const struct bf_frame **frame,
                                struct bf_error *err)
{
    const struct bf_wire_asked m = {
        .order = BF_WIRE_NEXT, .released = l->held, .again = l->stopped};
    enum bf_err rc = bf_decode_talk_ask(&l->talk, &m, err);

    *frame = NULL;
    l->held = l->stopped = false;
    while (rc == BF_OK && (rc = bf_decode_talk_hear(&l->talk, err)) == BF_OK) {
        switch (l->talk.said.kind) {
        case BF_WIRE_WANTS_ROOM:
            rc = make_room(l, err);
            break;
        case BF_WIRE_FRAME:
            rc = take_frame(l, err);
            if (rc == BF_OK)
                *frame = &l->frame;
            return rc;
        case BF_WIRE_END:
            l->stopped = true;
            l->start_us = l->talk.said.start_us;
            l->end_us = l->talk.said.end_us;
            l->has_hash = l->talk.said.has_hash && l->talk.seeks == 0;
            memcpy(l->hash32, l->talk.said.hash32, sizeof l->hash32);
            return BF_OK;
        case BF_WIRE_FAILED:
            return failed(l, err);
        default:
            return bf_decode_talk_nonsense(&l->talk, err);
        }
    }
    return rc;
}

enum bf_err bf_decode_link_seek(struct bf_decode_link *l, int64_t pts_us, struct bf_error *err)
{
    const struct bf_wire_asked m = {.order = BF_WIRE_SEEK, .pts_us = pts_us};
    enum bf_err rc = bf_decode_talk_ask(&l->talk, &m, err);

    l->held = l->stopped = l->has_hash = false;
    l->first = true;
    l->n_frames = 0;
    l->talk.seeks++;
    if (rc == BF_OK)
        rc = bf_decode_talk_hear(&l->talk, err);
    if (rc != BF_OK)
        return rc;
    if (l->talk.said.kind == BF_WIRE_FAILED)
        return failed(l, err);
    if (l->talk.said.kind != BF_WIRE_SOUGHT)
        return bf_decode_talk_nonsense(&l->talk, err);
    l->start_us = l->talk.said.start_us;
    l->end_us = l->talk.said.end_us;
    return BF_OK;
}

static enum bf_err begin(struct bf_decode_link *l, struct bf_error *err)
{
    struct bf_wire_asked m = {.order = l->photo ? BF_WIRE_OPEN_PHOTO : BF_WIRE_OPEN_VIDEO,
                              .size = l->talk.size};
    enum bf_err rc;

    snprintf(m.path, sizeof m.path, "%s", l->talk.path);
    rc = bf_decode_talk_ask(&l->talk, &m, err);
    if (rc != BF_OK || l->photo)
        return rc;
    rc = bf_decode_talk_hear(&l->talk, err);
    if (rc == BF_OK && l->talk.said.kind == BF_WIRE_FAILED)
        return failed(l, err);
    if (rc == BF_OK && l->talk.said.kind != BF_WIRE_OPENED)
        return bf_decode_talk_nonsense(&l->talk, err);
    if (rc == BF_OK)
        l->info = l->talk.said.info;
    l->talk.pixels = (uint64_t)l->info.width * l->info.height;
    return rc;
}

/* wire is a decoder's, or -1: one is to be started. */
static enum bf_err open_link(struct bf_decode_link **out, enum bf_decode_what what, int fd,
                             int wire, int64_t size, const char *path, struct bf_error *err)
{
    struct bf_decode_link *l = calloc(1, sizeof *l);
    enum bf_err rc;

    *out = NULL;
    if (l == NULL) {
        if (wire >= 0)
            close(wire);
        return bf_error_nomem(err);
    }
    l->photo = what == BF_DECODE_PHOTO;
    l->info.orientation = (struct bf_orientation){1, 0, 0, 1};
    l->first = true;
    rc = bf_decode_talk_open(&l->talk, fd, wire, size, path, err);
    if (rc == BF_OK)
        rc = begin(l, err);
    if (rc == BF_OK)
        *out = l;
    else
        bf_decode_link_close(&l);
    return rc;
}

enum bf_err bf_decode_link_open(struct bf_decode_link **l, enum bf_decode_what what, int fd,
                                int64_t size, const char *path, struct bf_error *err)
{
    return open_link(l, what, fd, -1, size, path, err);
}

enum bf_err bf_decode_link_attach(struct bf_decode_link **l, int wire, struct bf_error *err)
{
    return open_link(l, BF_DECODE_VIDEO, -1, wire, 1, "a test", err);
}

void bf_decode_link_close(struct bf_decode_link **out)
{
    struct bf_decode_link *l = *out;

    if (l == NULL)
        return;
    bf_decode_talk_close(&l->talk);
    unmap(l);
    free(l);
    *out = NULL;
}

const struct bf_video_info *bf_decode_link_info(const struct bf_decode_link *l)
{
    return &l->info;
}

int64_t bf_decode_link_start_us(const struct bf_decode_link *l)
{
    return l->start_us;
}

int64_t bf_decode_link_end_us(const struct bf_decode_link *l)
{
    return l->end_us;
}

void bf_decode_link_stream_hash(const struct bf_decode_link *l, uint8_t hash32[32])
{
    assert(l->talk.seeks == 0);
    memcpy(hash32, l->hash32, 32);
}
