#include "lib/media/decode_link.h"
#include "lib/media/decode_host.h"
#include "lib/media/decode_wire.h"
#include "lib/media/frame_layout.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Slots for all pictures that a decoder refers to, those that it works on, and those that it has
 * decoded ahead. Those that it does not use cost no memory. Where pictures are very large there
 * are fewer, and the decoder keeps some in memory of its own.
 */
enum { SLOTS = BF_WIRE_SLOTS_MAX, SLOTS_MIN = 4 };
#define SLOTS_BYTES (UINT64_C(2) << 30)
#define MEMORY_MAX (UINT64_C(24) << 30)

/* Of patience: what a slow disk reads in a second, what is decoded of the largest frames, and how
 * many messages that answer nothing (a seek says each second that it goes on). */
enum { BYTES_PER_S = 8 << 20, PIXELS_PER_S = 2 << 20, OTHERS_MAX = 100000, CROWD_MAX = 16 };

static atomic_uint patience_s = 30;

struct bf_decode_link {
    char *path;
    int wire, memory_fd;
    int64_t size;
    uint8_t *memory; /* the slots, for reading */
    bool in_parts;   /* memory is of our own, and frames are sent as bytes */
    size_t file_bytes, slot_bytes;
    unsigned n_slots;
    struct bf_buf out;
    uint8_t in[BF_WIRE_BYTES_MAX];
    struct bf_wire_said said;

    struct bf_video_info info;
    struct bf_frame frame;
    uint64_t n_frames;
    int64_t last_pts_us, start_us, end_us;
    bool photo;
    bool first;   /* no frame has been given since opening or seeking */
    bool held;    /* frame has been given and not released */
    bool stopped; /* the end or an error has been heard */
    uint32_t seeks;
    bool has_hash;
    uint8_t hash32[32];
    struct bf_error lost; /* why there is no decoder any more */
};

void bf_decode_link_set_patience(unsigned seconds)
{
    atomic_store(&patience_s, seconds);
}

/* No word of this decoder is heard again, and it ends. */
static enum bf_err lose(struct bf_decode_link *l, enum bf_err code, const char *why,
                        struct bf_error *err)
{
    bf_error_set(&l->lost, code, "refused '%s': %s", l->path, why);
    if (l->wire >= 0)
        close(l->wire);
    l->wire = -1;
    return bf_error_set(err, code, "%s", l->lost.text);
}

static enum bf_err nonsense(struct bf_decode_link *l, struct bf_error *err)
{
    return lose(l, BF_ERR_FORMAT, "its decoder said what makes no sense", err);
}

static enum bf_err gone(struct bf_decode_link *l, int status, struct bf_error *err)
{
    if (status == -1)
        return lose(l, BF_ERR_LIBRARY, "no decoder could be started", err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return lose(l, BF_ERR_FORMAT, "its decoder was stopped (a forbidden system call)", err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return lose(l, BF_ERR_FORMAT, "its decoder was killed", err);
    return lose(l, BF_ERR_FORMAT, "its decoder crashed", err);
}

static enum bf_err ask(struct bf_decode_link *l, const struct bf_wire_asked *m,
                       struct bf_error *err)
{
    if (l->wire < 0)
        return bf_error_set(err, l->lost.code, "%s", l->lost.text);
    l->out.len = 0;
    if (!bf_wire_asked_encode(&l->out, m))
        return bf_error_nomem(err);
    /* Where the other end has gone, what it left to be read says why. One that lets hundreds of
     * orders lie must not make us wait. */
    while (send(l->wire, l->out.data, l->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return nonsense(l, err);
        if (errno == EPIPE || errno == ECONNRESET)
            break;
        /* What was not said is not answered: nobody must wait for it. */
        if (errno != EINTR) {
            char why[128];

            snprintf(why, sizeof why, "its decoder cannot be spoken to: %s", strerror(errno));
            return lose(l, errno == ENOMEM ? BF_ERR_NOMEM : BF_ERR_IO, why, err);
        }
    }
    return BF_OK;
}

/* How many want each of the processors: where hundreds do, a sound decoder is silent for long. */
static uint64_t crowd(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    double load;

    if (n < 1 || getloadavg(&load, 1) != 1 || load <= (double)n)
        return 1;
    return load < (double)n * CROWD_MAX ? (uint64_t)(load / (double)n + 0.5) : CROWD_MAX;
}

/*
 * Waits for the socket. In steps of a second: while this program is stopped (Ctrl-Z, a laptop
 * asleep) the decoder is as well, and the clock must not count that.
 */
static bool wait_for(struct bf_decode_link *l)
{
    uint64_t pixels = (uint64_t)l->info.width * l->info.height, waited = 0;
    uint64_t most = (uint64_t)l->size / BYTES_PER_S + pixels / PIXELS_PER_S;
    struct pollfd p = {.fd = l->wire, .events = POLLIN};

    most += atomic_load(&patience_s);
    for (;;) {
        int n = poll(&p, 1, 1000);

        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (n == 0 && waited++ >= most && waited > most * crowd())
            return false;
    }
}

/* The next message into said. */
static enum bf_err hear_one(struct bf_decode_link *l, struct bf_error *err)
{
    ssize_t n;

    if (l->wire < 0)
        return bf_error_set(err, l->lost.code, "%s", l->lost.text);
    do {
        n = recv(l->wire, l->in, sizeof l->in, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(l))
                return lose(l, BF_ERR_LIMIT, "decoding it took too long", err);
            errno = EINTR;
        }
        /* The other end closed with orders unread, and what it said before is still to be heard. */
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n <= 0)
        return lose(l, BF_ERR_FORMAT, "its decoder crashed", err);
    if (!bf_wire_said_decode(&l->said, l->in, (size_t)n))
        return nonsense(l, err);
    return l->said.kind == BF_WIRE_GONE ? gone(l, l->said.status, err) : BF_OK;
}

/* The next message that answers what was asked last. */
static enum bf_err hear(struct bf_decode_link *l, struct bf_error *err)
{
    unsigned n_others;
    enum bf_err rc = BF_OK;

    for (n_others = 0; n_others < OTHERS_MAX && rc == BF_OK; n_others++) {
        rc = hear_one(l, err);
        if (rc == BF_OK && l->said.seeks > l->seeks)
            rc = nonsense(l, err);
        else if (rc == BF_OK && l->said.kind != BF_WIRE_BUSY && l->said.seeks == l->seeks)
            return BF_OK;
    }
    return rc == BF_OK ? nonsense(l, err) : rc;
}

static enum bf_err failed(struct bf_decode_link *l, struct bf_error *err)
{
    l->start_us = l->said.start_us;
    l->end_us = l->said.end_us;
    l->stopped = true;
    if (l->said.code == BF_ERR_NOMEM)
        return bf_error_nomem(err);
    return bf_error_set(err, l->said.code, "%s", l->said.text);
}

/* A memory file that can only grow: no access to it can fault, whatever the other end does. */
static enum bf_err create_memory(struct bf_decode_link *l, struct bf_error *err)
{
    l->memory_fd = memfd_create("bonafide frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (l->memory_fd < 0 || fcntl(l->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return bf_error_errno(err, "cannot share memory with a decoder");
    return BF_OK;
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
        return lose(l, BF_ERR_NOMEM, "there is not enough memory for its frames", err);
    l->slot_bytes = layout->bytes;
    l->n_slots = 1;
    return ask(l, &m, err);
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

    if (!bf_frame_layout_set(&layout, l->said.format, l->said.width, l->said.height) ||
        layout.bytes <= l->slot_bytes)
        return nonsense(l, err);
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
    if (slot * m.n_slots > MEMORY_MAX - m.offset)
        return lose(l, BF_ERR_LIMIT, "its frames want too much memory", err);
    if (ftruncate(l->memory_fd, (off_t)(m.offset + slot * m.n_slots)) != 0)
        return lose(l, BF_ERR_NOMEM, "there is not enough memory for its frames", err);
    l->file_bytes = m.offset + slot * m.n_slots;
    p = mmap(NULL, slot * m.n_slots, PROT_READ, MAP_SHARED, l->memory_fd, (off_t)m.offset);
    if (p == MAP_FAILED)
        return lose(l, BF_ERR_NOMEM, "there is not enough memory for its frames", err);
    l->memory = p;
    l->slot_bytes = slot;
    l->n_slots = m.n_slots;
    return ask(l, &m, err);
}

/* All bytes of the frame that has been told of. */
static enum bf_err take_parts(struct bf_decode_link *l, size_t bytes, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t n = 0;

    while (n < bytes && (rc = hear(l, err)) == BF_OK) {
        if (l->said.kind != BF_WIRE_PART || l->said.part_len > bytes - n)
            return nonsense(l, err);
        memcpy(l->memory + n, l->said.part, l->said.part_len);
        n += l->said.part_len;
    }
    return rc;
}

static enum bf_err take_frame(struct bf_decode_link *l, struct bf_error *err)
{
    const struct bf_wire_said *m = &l->said;
    struct bf_frame_layout layout;

    if (m->slot >= l->n_slots || !bf_frame_layout_set(&layout, m->format, m->width, m->height) ||
        !bf_frame_layout_place(&layout, m->offset, m->stride, l->slot_bytes) ||
        (!l->first && m->pts_us <= l->last_pts_us))
        return nonsense(l, err);
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
    return l->in_parts ? take_parts(l, layout.bytes, err) : BF_OK;
}

enum bf_err bf_decode_link_next(struct bf_decode_link *l, const struct bf_frame **frame,
                                struct bf_error *err)
{
    const struct bf_wire_asked m = {
        .order = BF_WIRE_NEXT, .released = l->held, .again = l->stopped};
    enum bf_err rc = ask(l, &m, err);

    *frame = NULL;
    l->held = l->stopped = false;
    while (rc == BF_OK && (rc = hear(l, err)) == BF_OK) {
        switch (l->said.kind) {
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
            l->start_us = l->said.start_us;
            l->end_us = l->said.end_us;
            l->has_hash = l->said.has_hash && l->seeks == 0;
            memcpy(l->hash32, l->said.hash32, sizeof l->hash32);
            return BF_OK;
        case BF_WIRE_FAILED:
            return failed(l, err);
        default:
            return nonsense(l, err);
        }
    }
    return rc;
}

enum bf_err bf_decode_link_seek(struct bf_decode_link *l, int64_t pts_us, struct bf_error *err)
{
    const struct bf_wire_asked m = {.order = BF_WIRE_SEEK, .pts_us = pts_us};
    enum bf_err rc = ask(l, &m, err);

    l->held = l->stopped = l->has_hash = false;
    l->first = true;
    l->n_frames = 0;
    l->seeks++;
    if (rc == BF_OK)
        rc = hear(l, err);
    if (rc != BF_OK)
        return rc;
    if (l->said.kind == BF_WIRE_FAILED)
        return failed(l, err);
    if (l->said.kind != BF_WIRE_SOUGHT)
        return nonsense(l, err);
    l->start_us = l->said.start_us;
    l->end_us = l->said.end_us;
    return BF_OK;
}

static enum bf_err begin(struct bf_decode_link *l, struct bf_error *err)
{
    struct bf_wire_asked m = {.order = l->photo ? BF_WIRE_OPEN_PHOTO : BF_WIRE_OPEN_VIDEO,
                              .size = l->size};
    enum bf_err rc;

    snprintf(m.path, sizeof m.path, "%s", l->path);
    rc = ask(l, &m, err);
    if (rc != BF_OK || l->photo)
        return rc;
    rc = hear(l, err);
    if (rc == BF_OK && l->said.kind == BF_WIRE_FAILED)
        return failed(l, err);
    if (rc == BF_OK && l->said.kind != BF_WIRE_OPENED)
        return nonsense(l, err);
    if (rc == BF_OK)
        l->info = l->said.info;
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
    l->wire = wire;
    l->memory_fd = -1;
    l->size = size;
    l->photo = what == BF_DECODE_PHOTO;
    l->info.orientation = (struct bf_orientation){1, 0, 0, 1};
    l->first = true;
    l->path = strdup(path);
    rc = l->path == NULL ? bf_error_nomem(err) : create_memory(l, err);
    if (rc == BF_OK && wire < 0)
        rc = bf_decode_host_fork(&l->wire, fd, l->memory_fd, err);
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
    if (l->wire >= 0)
        close(l->wire);
    unmap(l);
    if (l->memory_fd >= 0)
        close(l->memory_fd);
    bf_buf_release(&l->out);
    free(l->path);
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
    assert(l->seeks == 0);
    memcpy(hash32, l->hash32, 32);
}
