/*
 * decode_wire.h - what the two sides of the sandbox say to each other, as bytes
 *
 * A message is one packet of a socket. What the child says is believed as far as it is checked
 * here: every number has its bounds, and names must be ones that FFmpeg knows. What depends on
 * what was said before (slots, rising times) is decode_link's to check.
 */
#ifndef BF_DECODE_WIRE_H
#define BF_DECODE_WIRE_H

#include "lib/base/bytes.h"
#include "lib/media/sound.h"
#include "lib/media/video.h"

#define BF_WIRE_SLOTS_MAX 48
#define BF_WIRE_BYTES_MAX 65536             /* of a message */
#define BF_WIRE_PART_MAX 65000              /* of a frame in one */
#define BF_WIRE_TIME_MAX (INT64_C(1) << 60) /* microseconds, either way: 36,000 years */

/* Descriptors of a child. */
enum { BF_WIRE_FD = 3, BF_WIRE_FILE_FD = 4, BF_WIRE_MEMORY_FD = 5 };

/* From the child. */
enum bf_wire_kind {
    BF_WIRE_OPENED = 1, /* info */
    BF_WIRE_WANTS_ROOM, /* for a frame of that format and size; it waits for BF_WIRE_ROOM */
    BF_WIRE_FRAME,
    BF_WIRE_END,
    BF_WIRE_SOUGHT,
    BF_WIRE_BUSY,   /* a seek goes on */
    BF_WIRE_FAILED, /* what was asked for; code and text */
    BF_WIRE_GONE,   /* the host's: the child has ended */
    BF_WIRE_PART,   /* of a frame, where there is no shared memory, or of a packet: bytes, in
                       their order */
    BF_WIRE_TRACK,  /* one for each of the file's tracks of sound, before OPENED_SOUND */
    BF_WIRE_OPENED_SOUND,
    BF_WIRE_PACKET, /* all but its bytes, which follow in parts */
};

struct bf_wire_said {
    enum bf_wire_kind kind;
    uint32_t seeks;                 /* that the child had heard of when it said so */
    struct bf_video_info info;      /* its strings are FFmpeg's own */
    uint32_t format, width, height; /* of a frame; see frame_layout */
    unsigned slot;
    uint32_t offset[BF_FRAME_PLANES], stride[BF_FRAME_PLANES]; /* of its planes in the slot */
    bool damaged;
    int64_t pts_us, start_us, end_us;
    const uint8_t *part; /* in the message itself */
    size_t part_len;
    bool has_hash;
    uint8_t hash32[32];
    enum bf_err code;
    char text[BF_ERROR_TEXT_MAX];
    int status;                    /* as of waitpid; -1 where there never was a child */
    struct bf_sound_track track;   /* its header is in the message itself */
    struct bf_sound_packet packet; /* without its data */
};

bool bf_wire_said_encode(struct bf_buf *out, const struct bf_wire_said *m);
/* False where it is no such message, or says what cannot be. */
bool bf_wire_said_decode(struct bf_wire_said *m, const void *p, size_t n);

/* From the parent, which the child believes. */
enum bf_wire_order {
    BF_WIRE_OPEN_VIDEO = 1, /* size, path */
    BF_WIRE_OPEN_PHOTO,
    BF_WIRE_OPEN_SOUND,
    BF_WIRE_NEXT, /* released: the frame before is done with; again: the end has been seen */
    BF_WIRE_ROOM, /* slots, each of slot_bytes, from offset of the memory on; no slots: in parts */
    BF_WIRE_SEEK, /* pts_us */
};

struct bf_wire_asked {
    enum bf_wire_order order;
    bool released, again;
    unsigned n_slots;
    uint64_t slot_bytes, offset;
    int64_t pts_us, size;
    char path[4096];
};

bool bf_wire_asked_encode(struct bf_buf *out, const struct bf_wire_asked *m);
bool bf_wire_asked_decode(struct bf_wire_asked *m, const void *p, size_t n);

#endif
