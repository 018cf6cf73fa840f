/*
 * What the sides of the sandbox say to each other: each message comes through as it was said, and
 * what cannot be is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/media/decode_link.h"
#include "lib/media/decode_wire.h"
#include "lib/media/frame_layout.h"
#include "lib/media/sound_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <libavutil/pixfmt.h>

static const struct bf_wire_said opened = {.kind = BF_WIRE_OPENED,
                                           .info = {.container = "mov,mp4,m4a,3gp,3g2,mj2",
                                                    .codec = "h264",
                                                    .width = 1280,
                                                    .height = 720,
                                                    .sar_num = 4,
                                                    .sar_den = 3,
                                                    .time_base_num = 1,
                                                    .time_base_den = 90000,
                                                    .frames_per_second = 1e6 / 33367,
                                                    .duration_us = 60000000,
                                                    .matrix = 1,
                                                    .primaries = 1,
                                                    .transfer = 13,
                                                    .full_range = true,
                                                    .has_alpha = true,
                                                    .orientation = {0, 1, -1, 0},
                                                    .n_video = 1,
                                                    .n_audio = 2,
                                                    .n_other = 3}};

static const struct bf_wire_said a_frame = {.kind = BF_WIRE_FRAME,
                                            .format = AV_PIX_FMT_YUV420P,
                                            .width = 64,
                                            .height = 48,
                                            .slot = 1,
                                            .offset = {0, 4096, 8192},
                                            .stride = {64, 64, 64},
                                            .damaged = true,
                                            .pts_us = 40000,
                                            .start_us = -7,
                                            .end_us = 80000};

static const struct bf_wire_said a_track = {.kind = BF_WIRE_TRACK,
                                            .track = {.codec = "aac",
                                                      .format = 8,
                                                      .profile = -99,
                                                      .level = -99,
                                                      .sample_rate = 44100,
                                                      .frame_size = 1024,
                                                      .initial_padding = 1024,
                                                      .disposition = 1,
                                                      .bit_rate = 128000,
                                                      .n_channels = 2,
                                                      .channel_mask = 3,
                                                      .time_base_num = 1,
                                                      .time_base_den = 44100,
                                                      .language = "eng",
                                                      .header = (const uint8_t *)"\x12\x10",
                                                      .header_len = 2}};

static const struct bf_wire_said a_packet = {
    .kind = BF_WIRE_PACKET,
    .packet = {.pts = BF_SOUND_NO_TIME, .dts = -1024, .duration = 1024, .key = true, .size = 5}};

static bool passes(struct bf_wire_said *got, const struct bf_wire_said *m)
{
    struct bf_buf b = {0};
    bool ok;
    size_t n;

    assert_true(bf_wire_said_encode(&b, m));
    assert_true(b.len <= BF_WIRE_BYTES_MAX);
    ok = bf_wire_said_decode(got, b.data, b.len);
    /* none of its beginnings is a message, nor what has more behind it */
    for (n = 0; n < b.len; n++)
        assert_false(bf_wire_said_decode(got, b.data, n));
    bf_buf_put_u8(&b, 0);
    assert_false(bf_wire_said_decode(got, b.data, b.len));
    bf_wire_said_decode(got, b.data, b.len - 1);
    bf_buf_release(&b);
    return ok;
}

static void comes_through(void **state)
{
    static struct bf_wire_said m, got;

    (void)state;
    assert_true(passes(&got, &opened));
    assert_string_equal(got.info.container, opened.info.container);
    assert_string_equal(got.info.codec, "h264");
    assert_int_equal(got.info.sar_num, 4);
    assert_true(got.info.frames_per_second == opened.info.frames_per_second);
    assert_int_equal(got.info.orientation.yx, -1);
    assert_int_equal(got.info.n_other, 3);
    assert_true(got.info.full_range && got.info.has_alpha);
    assert_true(passes(&got, &a_frame));
    assert_int_equal(got.slot, 1);
    assert_int_equal(got.start_us, -7);
    assert_true(got.damaged);
    m = (struct bf_wire_said){.kind = BF_WIRE_FAILED, .seeks = 3, .code = BF_ERR_FORMAT};
    snprintf(m.text, sizeof m.text, "it is damaged");
    assert_true(passes(&got, &m));
    assert_string_equal(got.text, "it is damaged");
    assert_int_equal(got.seeks, 3);
    m = (struct bf_wire_said){.kind = BF_WIRE_END, .has_hash = true, .hash32 = {1, 2, 3}};
    assert_true(passes(&got, &m));
    assert_memory_equal(got.hash32, m.hash32, 32);
    m = (struct bf_wire_said){.kind = BF_WIRE_GONE, .status = -1};
    assert_true(passes(&got, &m));
    assert_int_equal(got.status, -1);
    assert_true(passes(&got, &a_track));
    assert_string_equal(got.track.codec, "aac");
    assert_string_equal(got.track.language, "eng");
    assert_int_equal(got.track.profile, -99);
    assert_int_equal(got.track.disposition, 1);
    assert_int_equal(got.track.channel_mask, 3);
    assert_int_equal(got.track.header_len, 2);
    assert_true(passes(&got, &a_packet));
    assert_true(got.packet.pts == BF_SOUND_NO_TIME);
    assert_int_equal(got.packet.dts, -1024);
    assert_int_equal(got.packet.size, 5);
}

#define CHANGED(from, field, value) (m = (from), m.field = (value), !passes(&got, &m))

static void what_cannot_be(void **state)
{
    static struct bf_wire_said m, got;

    (void)state;
    assert_true(CHANGED(opened, info.container, "no such thing"));
    assert_true(CHANGED(opened, info.codec, ""));
    assert_true(CHANGED(opened, info.width, BF_VIDEO_DIM_MAX + 1));
    assert_true(CHANGED(opened, info.sar_den, 0));
    assert_true(CHANGED(opened, info.time_base_den, 0));
    assert_true(CHANGED(opened, info.duration_us, -1));
    assert_true(CHANGED(opened, info.duration_us, INT64_MAX));
    assert_true(CHANGED(opened, info.orientation.xx, 1));
    assert_true(CHANGED(opened, info.orientation.xy, 0));
    assert_true(CHANGED(opened, info.n_audio, UINT32_MAX));
    assert_true(CHANGED(a_frame, width, 0));
    assert_true(CHANGED(a_frame, height, BF_VIDEO_DIM_MAX + 1));
    m = a_frame;
    m.width = m.height = BF_VIDEO_DIM_MAX;
    assert_false(passes(&got, &m));
    assert_true(CHANGED(a_frame, format, UINT32_MAX));
    assert_true(CHANGED(a_frame, slot, BF_WIRE_SLOTS_MAX));
    assert_true(CHANGED(a_frame, pts_us, INT64_MAX));
    assert_true(CHANGED(a_frame, end_us, INT64_MIN));
    assert_true(CHANGED(a_track, track.codec, "h264")); /* which is no sound */
    assert_true(CHANGED(a_track, track.sample_rate, -1));
    assert_true(CHANGED(a_track, track.time_base_den, 0));
    assert_true(CHANGED(a_track, track.n_channels, 3));
    assert_true(CHANGED(a_track, track.n_channels, BF_SOUND_CHANNELS_MAX + 1));
    assert_true(CHANGED(a_track, track.bit_rate, -1));
    assert_true(CHANGED(a_track, track.block_align, INT32_MAX));
    assert_true(CHANGED(a_packet, packet.track, BF_SOUND_TRACKS_MAX));
    assert_true(CHANGED(a_packet, packet.size, 0));
    assert_true(CHANGED(a_packet, packet.size, BF_SOUND_PACKET_MAX + 1));
    assert_true(CHANGED(a_packet, packet.dts, INT64_MAX));
    assert_true(CHANGED(a_packet, packet.duration, -1));
    m = (struct bf_wire_said){.kind = BF_WIRE_FAILED, .code = BF_OK};
    assert_false(passes(&got, &m));
    m.code = BF_ERR_AUTH;
    assert_false(passes(&got, &m));
    m = (struct bf_wire_said){.kind = BF_WIRE_END};
    m.kind = (enum bf_wire_kind)77;
    assert_false(bf_wire_said_decode(&got, "\x4d\0\0\0\0", 5));
}

static void layouts(void **state)
{
    struct bf_frame_layout l;
    uint32_t format;
    unsigned i;

    (void)state;
    assert_true(bf_frame_layout_set(&l, AV_PIX_FMT_YUV420P, 99, 55));
    assert_int_equal(l.n_planes, 3);
    assert_int_equal(l.plane[1].row_bytes, 50);
    assert_int_equal(l.plane[1].rows, 28);
    assert_false(l.grey);
    assert_true(bf_frame_layout_set(&l, AV_PIX_FMT_RGB24, 99, 55));
    assert_true(l.grey);
    assert_true(bf_frame_layout_set(&l, AV_PIX_FMT_PAL8, 99, 55));
    assert_int_equal(l.plane[1].row_bytes, 1024);
    assert_true(bf_frame_layout_set(&l, AV_PIX_FMT_YUVJ420P, 99, 55));
    assert_string_equal(l.pixel_format, "yuv420p");
    assert_false(bf_frame_layout_set(&l, AV_PIX_FMT_VAAPI, 99, 55));
    assert_false(bf_frame_layout_set(&l, UINT32_MAX, 99, 55));
    assert_false(bf_frame_layout_set(&l, AV_PIX_FMT_YUV420P, 0, 55));
    assert_false(bf_frame_layout_set(&l, AV_PIX_FMT_YUV420P, 16384, 16384));
    /* where a decoder says */
    assert_true(bf_frame_layout_set(&l, AV_PIX_FMT_YUV420P, 64, 48));
    assert_true(bf_frame_layout_place(&l, (uint32_t[4]){0, 6144, 7680}, (uint32_t[4]){128, 64, 64},
                                      7680 + 64 * 23 + 32 + 128));
    assert_int_equal(l.plane[1].offset, 6144);
    assert_false(bf_frame_layout_place(&l, (uint32_t[4]){0, 6144, 7680}, (uint32_t[4]){128, 64, 64},
                                       7680 + 64 * 23 + 32 + 127));
    assert_false(bf_frame_layout_place(&l, (uint32_t[4]){0}, (uint32_t[4]){63, 64, 64}, 1 << 20));
    /* whatever the format, all planes lie behind one another inside */
    for (format = 0; format < 400; format++) {
        size_t end = 0;

        if (!bf_frame_layout_set(&l, format, 333, 77))
            continue;
        for (i = 0; i < l.n_planes; i++) {
            assert_true(l.plane[i].offset >= end && l.plane[i].stride >= l.plane[i].row_bytes);
            end = l.plane[i].offset + l.plane[i].stride * l.plane[i].rows;
        }
        assert_true(end < l.bytes);
        assert_true(!l.grey || (l.grey_offset >= end && l.grey_stride >= 333 &&
                                l.grey_offset + l.grey_stride * 77 < l.bytes));
    }
}

static void put(int fd, const struct bf_wire_said *m)
{
    struct bf_buf b = {0};

    assert_true(bf_wire_said_encode(&b, m));
    assert_int_equal(send(fd, b.data, b.len, 0), b.len);
    bf_buf_release(&b);
}

/* A decoder that has been taken over, by what it says after a good beginning. */
static void liar(const struct bf_wire_said *lie)
{
    struct bf_wire_said room = a_frame;
    struct bf_decode_link *l = NULL;
    const struct bf_frame *f = NULL;
    struct bf_error err = {0};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    room.kind = BF_WIRE_WANTS_ROOM;
    put(pair[1], &opened);
    put(pair[1], &room);
    put(pair[1], &a_frame);
    put(pair[1], lie);
    assert_int_equal(bf_decode_link_attach(&l, pair[0], &err), BF_OK);
    assert_int_equal(bf_decode_link_next(l, &f, &err), BF_OK);
    assert_non_null(f);
    assert_int_equal(f->width, 64);
    assert_int_equal(bf_decode_link_next(l, &f, &err), BF_ERR_FORMAT);
    assert_null(f);
    assert_non_null(strstr(err.text, "makes no sense"));
    assert_int_equal(bf_decode_link_next(l, &f, &err), BF_ERR_FORMAT);
    bf_decode_link_close(&l);
    close(pair[1]);
}

static void is_not_believed(void **state)
{
    struct bf_wire_said m;

    (void)state;
    liar(&a_frame); /* its time does not rise */
    m = a_frame;
    m.pts_us++;
    m.stride[1] = 31; /* rows that overlap */
    liar(&m);
    m.stride[1] = UINT32_MAX; /* and that lie far outside */
    liar(&m);
    m.stride[1] = 64;
    m.offset[2] = UINT32_MAX;
    liar(&m);
    m.offset[2] = 8192;
    m.width = 640; /* larger than the room it asked for */
    liar(&m);
    m = a_frame;
    m.kind = BF_WIRE_WANTS_ROOM; /* for what has room */
    liar(&m);
    m = a_frame;
    m.seeks = 1; /* there was none */
    liar(&m);
    liar(&opened);
    m = (struct bf_wire_said){.kind = BF_WIRE_SOUGHT};
    liar(&m);
}

/* A reader of sound: one track, a packet of five bytes, and then the lie. */
static void sound_liar(const struct bf_wire_said *lie)
{
    struct bf_wire_said m = {.kind = BF_WIRE_OPENED_SOUND};
    const struct bf_sound_packet *p = NULL;
    struct bf_sound_link *l = NULL;
    struct bf_error err = {0};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    put(pair[1], &a_track);
    put(pair[1], &m);
    put(pair[1], &a_packet);
    m = (struct bf_wire_said){
        .kind = BF_WIRE_PART, .part = (const uint8_t *)"sound", .part_len = 3};
    put(pair[1], &m);
    m.part += 3;
    m.part_len = 2;
    put(pair[1], &m);
    put(pair[1], lie);
    assert_int_equal(bf_sound_link_attach(&l, pair[0], &err), BF_OK);
    assert_int_equal(bf_sound_link_n_tracks(l), 1);
    assert_memory_equal(bf_sound_link_track(l, 0)->header, "\x12\x10", 2);
    assert_int_equal(bf_sound_link_next(l, &p, &err), BF_OK);
    assert_int_equal(p->size, 5);
    assert_memory_equal(p->data, "sound", 5);
    assert_int_equal(bf_sound_link_next(l, &p, &err), BF_ERR_FORMAT);
    assert_null(p);
    assert_non_null(strstr(err.text, "makes no sense"));
    assert_int_equal(bf_sound_link_next(l, &p, &err), BF_ERR_FORMAT);
    bf_sound_link_close(&l);
    close(pair[1]);
}

static void sound_is_not_believed(void **state)
{
    struct bf_wire_said m = a_packet;

    (void)state;
    m.packet.track = 1; /* there is no such track */
    sound_liar(&m);
    sound_liar(&a_track); /* too late */
    sound_liar(&a_frame);
    m = (struct bf_wire_said){
        .kind = BF_WIRE_PART, .part = (const uint8_t *)"more", .part_len = 4}; /* of nothing */
    sound_liar(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_through),
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(layouts),
        cmocka_unit_test(is_not_believed),
        cmocka_unit_test(sound_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
