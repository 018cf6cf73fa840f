/*
 * What a decoder or a reader of sound says that has been taken over: whatever it is, the program's
 * end bounds it, and what it gives out as a frame or a packet can be read.
 *
 * The input is messages, each behind its length in two bytes.
 */
#include "tests/fuzz/replay.h"

#include "lib/media/decode_link.h"
#include "lib/media/decode_wire.h"
#include "lib/media/sound_link.h"

#include <math.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLS = 24 };

static void check_message(const uint8_t *p, size_t n)
{
    static struct bf_wire_said m;
    struct bf_buf again = {0};

    if (!bf_wire_said_decode(&m, p, n))
        return;
    MUST(m.width <= BF_VIDEO_DIM_MAX && m.height <= BF_VIDEO_DIM_MAX);
    MUST(m.slot < BF_WIRE_SLOTS_MAX && memchr(m.text, '\0', sizeof m.text) != NULL);
    /* one message has one form */
    MUST(bf_wire_said_encode(&again, &m));
    MUST(again.len == n && memcmp(again.data, p, n) == 0);
    bf_buf_release(&again);
}

/* Puts all messages in the socket. */
static void say(int fd, const uint8_t *data, size_t size)
{
    struct bf_reader r;

    bf_reader_init(&r, data, size);
    while (r.left >= 2) {
        size_t n = bf_read_be16(&r);
        const uint8_t *p;

        n = n > r.left ? r.left : n;
        p = bf_read_bytes(&r, n);
        if (p == NULL || n == 0)
            break;
        check_message(p, n);
        if (send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
    }
}

static void look_at(const struct bf_frame *f)
{
    volatile unsigned sum = 0;
    unsigned i;

    MUST(f->n_planes >= 1 && f->n_planes <= BF_FRAME_PLANES && f->pixel_format != NULL);
    MUST(f->width >= 1 && f->height >= 1);
    for (i = 0; i < f->n_planes; i++) {
        const struct bf_plane *p = &f->plane[i];

        MUST(p->rows >= 1 && p->row_bytes >= 1 && (size_t)p->stride >= p->row_bytes);
        sum += p->data[0];
        sum += p->data[(size_t)p->stride * (p->rows - 1) + p->row_bytes - 1];
    }
    sum += f->luma[0];
    sum += f->luma[(size_t)f->luma_stride * (f->height - 1) + f->width * f->luma_bytes - 1];
    (void)sum;
}

static void as_video(const uint8_t *data, size_t size)
{
    struct bf_decode_link *l = NULL;
    const struct bf_frame *f;
    struct bf_error err = {0};
    int64_t last = INT64_MIN;
    uint8_t hash32[32];
    int pair[2], i;

    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    say(pair[1], data, size);
    shutdown(pair[1], SHUT_WR);
    if (bf_decode_link_attach(&l, pair[0], &err) == BF_OK) {
        const struct bf_video_info *info = bf_decode_link_info(l);

        MUST(info->container != NULL && info->codec != NULL && info->sar_num > 0 &&
             info->sar_den > 0 && info->duration_us >= 0 && isfinite(info->frames_per_second));
        for (i = 0; i < CALLS; i++) {
            if (i == CALLS / 2) {
                last = INT64_MIN;
                if (bf_decode_link_seek(l, 0, &err) != BF_OK)
                    MUST(err.text[0] != '\0');
            } else if (bf_decode_link_next(l, &f, &err) != BF_OK) {
                MUST(err.text[0] != '\0');
            } else if (f != NULL) {
                MUST(f->pts_us > last);
                last = f->pts_us;
                look_at(f);
            } else if (i < CALLS / 2) {
                bf_decode_link_stream_hash(l, hash32);
            }
        }
    }
    bf_decode_link_close(&l);
    close(pair[1]);
}

static void as_sound(const uint8_t *data, size_t size)
{
    const struct bf_sound_packet *p;
    struct bf_sound_link *l = NULL;
    struct bf_error err = {0};
    volatile unsigned sum = 0;
    int pair[2], i;

    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    say(pair[1], data, size);
    shutdown(pair[1], SHUT_WR);
    if (bf_sound_link_attach(&l, pair[0], &err) == BF_OK) {
        unsigned n = bf_sound_link_n_tracks(l);

        MUST(n <= BF_SOUND_TRACKS_MAX);
        for (i = 0; i < CALLS; i++) {
            if (bf_sound_link_next(l, &p, &err) != BF_OK) {
                MUST(err.text[0] != '\0');
            } else if (p != NULL) {
                MUST(p->track < n && p->size >= 1 && p->size <= BF_SOUND_PACKET_MAX);
                sum += p->data[0];
                sum += p->data[p->size - 1];
            }
        }
    }
    (void)sum;
    bf_sound_link_close(&l);
    close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_video(data, size);
    as_sound(data, size);
    return 0;
}
