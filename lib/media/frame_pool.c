#include "lib/media/frame_pool.h"
#include "lib/media/decode_wire.h"
#include "lib/media/frame_layout.h"

#include <pthread.h>
#include <sys/mman.h>

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>

enum {
    RESERVE = 2, /* slots that are for copies alone, so that there is always a way on */
    PLANE_BEHIND =
        128, /* that vector code may write behind a plane; FFmpeg's own pools have less */
    SKEW_STEP = 17 * 64,
};

/* Of one mapping. A buffer of an area that has been replaced is not used again. */
struct area {
    struct bf_frame_pool *pool;
    uint8_t *memory;
    size_t slot_bytes;
    unsigned n, n_free;
    uint8_t free_slot[BF_WIRE_SLOTS_MAX]; /* the last is the next: it may still be in the cache */
    bool drawn[BF_WIRE_SLOTS_MAX];        /* to, once */
};

struct bf_frame_pool {
    pthread_mutex_t lock;
    struct area *area; /* NULL at first */
};

struct bf_frame_pool *bf_frame_pool_create(void)
{
    struct bf_frame_pool *p = calloc(1, sizeof *p);

    if (p != NULL)
        pthread_mutex_init(&p->lock, NULL);
    return p;
}

bool bf_frame_pool_map(struct bf_frame_pool *p, int fd, uint64_t offset, unsigned n,
                       size_t slot_bytes)
{
    struct area *a = calloc(1, sizeof *a);
    void *m;
    unsigned i;

    if (a == NULL)
        return false;
    m = mmap(NULL, n * slot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (m == MAP_FAILED) {
        free(a);
        return false;
    }
    *a = (struct area){.pool = p, .memory = m, .slot_bytes = slot_bytes, .n = n, .n_free = n};
    for (i = 0; i < n; i++)
        a->free_slot[i] = (uint8_t)(n - 1 - i);
    pthread_mutex_lock(&p->lock);
    p->area = a;
    pthread_mutex_unlock(&p->lock);
    return true;
}

size_t bf_frame_pool_slot_bytes(const struct bf_frame_pool *p)
{
    return p->area != NULL ? p->area->slot_bytes : 0;
}

/* All pages that a picture takes of a slot nobody has written to, which costs less than a fault
 * for each. A kernel that cannot do it says so, and the faults come. */
static void get_pages(uint8_t *at, size_t bytes)
{
    enum { POPULATE_WRITE = 23 }; /* MADV_POPULATE_WRITE of Linux 5.14; headers may be older */

    madvise(at, bytes, POPULATE_WRITE);
}

/*
 * Where pictures begin in a slot: each elsewhere. A decoder that takes over what did not change
 * reads one picture and writes the other at the same place; if the two addresses were the same but
 * for whole pages, they would be in each other's way in the cache, and that costs some percent.
 */
static size_t skew(int slot)
{
    return (size_t)slot * SKEW_STEP % BF_FRAME_SKEW;
}

/* -1 where none has room for bytes, or no more than keep are free. */
static int take(struct bf_frame_pool *p, size_t bytes, unsigned keep, uint8_t **at,
                struct area **area)
{
    struct area *a;
    int slot = -1;
    bool first = false;

    pthread_mutex_lock(&p->lock);
    a = *area = p->area;
    if (a != NULL && a->n_free > keep && bytes <= a->slot_bytes) {
        slot = a->free_slot[--a->n_free];
        *at = a->memory + (size_t)slot * a->slot_bytes;
        first = bytes > 0 && !a->drawn[slot];
        a->drawn[slot] |= first;
    }
    pthread_mutex_unlock(&p->lock);
    if (first)
        get_pages(*at, bytes);
    return slot;
}

static void put(struct area *a, int slot)
{
    pthread_mutex_lock(&a->pool->lock);
    a->free_slot[a->n_free++] = (uint8_t)slot;
    pthread_mutex_unlock(&a->pool->lock);
}

int bf_frame_pool_take(struct bf_frame_pool *p, uint8_t **at)
{
    struct area *a;

    return take(p, 0, 0, at, &a);
}

void bf_frame_pool_put(struct bf_frame_pool *p, int slot)
{
    put(p->area, slot);
}

int bf_frame_pool_find(const struct bf_frame_pool *p, const uint8_t *data, uint8_t **at)
{
    const struct area *a = p->area;
    size_t slot;

    if (a == NULL || (uintptr_t)data < (uintptr_t)a->memory ||
        (uintptr_t)data >= (uintptr_t)a->memory + a->n * a->slot_bytes)
        return -1;
    slot = (size_t)(data - a->memory) / a->slot_bytes;
    *at = a->memory + slot * a->slot_bytes;
    return (int)slot;
}

/* FFmpeg lets go of a buffer. */
static void let_go(void *opaque, uint8_t *data)
{
    struct area *a = opaque;

    put(a, (int)((size_t)(data - a->memory) / a->slot_bytes));
}

/* Strides and places of the planes of a picture as the decoder wants it, as FFmpeg's own pools lay
 * them out. The bytes of all, 0 where it is not for here. */
static size_t place(size_t offset[4], int linesize[4], AVCodecContext *dec, const AVFrame *av)
{
    int align[AV_NUM_DATA_POINTERS], w = av->width, h = av->height, i, unaligned;
    ptrdiff_t stride[4];
    size_t size[4], bytes = 0;
    struct bf_frame_layout l;

    if (!(dec->codec->capabilities & AV_CODEC_CAP_DR1) || w <= 0 || h <= 0 ||
        !bf_frame_layout_set(&l, (uint32_t)av->format, (uint32_t)w, (uint32_t)h) || l.grey)
        return 0;
    avcodec_align_dimensions2(dec, &w, &h, align);
    do {
        if (av_image_fill_linesizes(linesize, (enum AVPixelFormat)av->format, w) < 0)
            return 0;
        w += w & ~(w - 1);
        for (unaligned = 0, i = 0; i < 4; i++)
            unaligned |= linesize[i] % align[i];
    } while (unaligned);
    for (i = 0; i < 4; i++)
        stride[i] = linesize[i];
    if (av_image_fill_plane_sizes(size, (enum AVPixelFormat)av->format, h, stride) < 0)
        return 0;
    for (i = 0; i < 4; i++) {
        offset[i] = bytes;
        if (size[i] > 0)
            bytes += (size[i] + PLANE_BEHIND + 63) / 64 * 64;
    }
    return bytes;
}

int bf_frame_pool_get_buffer(AVCodecContext *dec, AVFrame *av, int flags)
{
    struct bf_frame_pool *p = dec->opaque;
    size_t offset[4], bytes;
    int linesize[4], i, slot;
    uint8_t *at = NULL;
    struct area *a;

    bytes = place(offset, linesize, dec, av);
    slot = bytes > 0 ? take(p, bytes + BF_FRAME_SKEW, RESERVE, &at, &a) : -1;
    if (slot < 0)
        return avcodec_default_get_buffer2(dec, av, flags);
    av->buf[0] = av_buffer_create(at, a->slot_bytes, let_go, a, 0);
    if (av->buf[0] == NULL) {
        put(a, slot);
        return AVERROR(ENOMEM);
    }
    for (i = 0; i < 4; i++) {
        av->data[i] = linesize[i] > 0 ? at + skew(slot) + offset[i] : NULL;
        av->linesize[i] = linesize[i];
    }
    av->extended_data = av->data;
    return 0;
}
