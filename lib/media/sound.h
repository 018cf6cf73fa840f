/*
 * sound.h - the sound of a file, packet by packet as it is coded
 *
 * As with video.h, the file is opened here and taken apart in a sandboxed process.
 */
#ifndef BF_SOUND_H
#define BF_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_SOUND_TRACKS_MAX 64
#define BF_SOUND_HEADER_MAX 60000       /* bytes of a codec's own header */
#define BF_SOUND_PACKET_MAX (16u << 20) /* bytes */
#define BF_SOUND_CHANNELS_MAX 64
#define BF_SOUND_NO_TIME INT64_MIN
/* Of a packet's times, in units of its track: sums of a few stay numbers. */
#define BF_SOUND_TIME_MAX (INT64_MAX >> 8)

enum { BF_SOUND_SKIP_BYTES = 10 };

/* FFmpeg's AVCodecParameters of a track of sound, as far as a container wants to know them. */
struct bf_sound_track {
    const char *codec; /* FFmpeg's name */
    int32_t format, bits_per_coded_sample, bits_per_raw_sample, profile, level, sample_rate,
        block_align, frame_size, initial_padding, trailing_padding, seek_preroll, disposition;
    int64_t bit_rate;
    uint32_t n_channels;
    uint64_t channel_mask; /* as many bits as channels; 0: in no known order */
    uint32_t time_base_num, time_base_den;
    char language[16];     /* "" where it is not told */
    const uint8_t *header; /* the reader's */
    size_t header_len;
};

/* The bytes are the reader's until the next call. */
struct bf_sound_packet {
    unsigned track;
    int64_t pts, dts; /* in the track's time base, from the container's 0; or BF_SOUND_NO_TIME */
    int64_t duration;
    bool key;
    bool skips; /* samples at its ends, which skip tells as AV_PKT_DATA_SKIP_SAMPLES does */
    uint8_t skip[BF_SOUND_SKIP_BYTES];
    const uint8_t *data;
    size_t size;
};

struct bf_sound;

/* A file without sound is one with no tracks. BF_ERR_LIMIT where it has more than
 * BF_SOUND_TRACKS_MAX, or a header that is too long. */
enum bf_err bf_sound_open(struct bf_sound **s, const char *path, struct bf_error *err);
void bf_sound_close(struct bf_sound **s);
unsigned bf_sound_n_tracks(const struct bf_sound *s);
const struct bf_sound_track *bf_sound_track(const struct bf_sound *s, unsigned track);
/* The next packet of any track; *p is NULL at the end, which is also where the file breaks off. */
enum bf_err bf_sound_next(struct bf_sound *s, const struct bf_sound_packet **p,
                          struct bf_error *err);

#endif
