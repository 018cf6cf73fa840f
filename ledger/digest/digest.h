/*
 * digest.h - the digest blob of a video: exact hashes, lookup codes and the grid over time, in
 * segments
 *
 * SPEC.md "Frame digests" gives the bytes. A blob is segments and a trailer; the trailer's SHA-256
 * is the digest root that a record signs. The trailer holds the roots of three trees (frames,
 * lookup parts, grid parts), so each part can be shown and proved without the others.
 */
#ifndef BF_DIGEST_H
#define BF_DIGEST_H

#include "ledger/digest/frame_digest.h"

#define BF_DIGEST_PERIOD_US 100000 /* one grid sample: the mean over this long of what is shown */
#define BF_DIGEST_SEGMENT_SAMPLES 128 /* samples a segment, the last may have fewer */
#define BF_DIGEST_SEGMENT_FRAMES 65536
#define BF_DIGEST_SAMPLES_MAX (10 * 3600 * 200) /* 200 hours */
#define BF_DIGEST_STILL_US INT64_C(600000000)   /* longest time one frame may stand */
#define BF_DIGEST_BYTES_MAX (UINT64_C(8) << 30)

struct bf_digest_info {
    unsigned cols, rows;
    uint32_t width, height; /* as shown */
    uint64_t n_frames, n_samples;
    uint64_t duration_us;
    uint32_t n_segments;
    uint8_t frames32[32], lookup32[32], grid32[32];
};

/* Takes bytes in order; what it returns other than BF_OK stops the writer and is returned. */
typedef enum bf_err bf_digest_sink(void *ctx, const void *p, size_t n, struct bf_error *err);

struct bf_digest_writer;

enum bf_err bf_digest_writer_create(struct bf_digest_writer **w, unsigned cols, unsigned rows,
                                    uint32_t width, uint32_t height, bf_digest_sink *sink,
                                    void *ctx, struct bf_error *err);
void bf_digest_writer_free(struct bf_digest_writer **w);
/* Frames in display order. Memory: one segment, however many frames. */
enum bf_err bf_digest_writer_add(struct bf_digest_writer *w, const struct bf_frame_digest *f,
                                 struct bf_error *err);
/* end_us: when the last frame goes. digest32 receives the root, info (may be NULL) what the trailer
 * says. */
enum bf_err bf_digest_writer_finish(struct bf_digest_writer *w, uint8_t digest32[32],
                                    struct bf_digest_info *info, int64_t end_us,
                                    struct bf_error *err);

/* A verdict: the n bytes are a whole blob, its trees are right, and its root is digest32. */
bool bf_digest_check(const uint8_t digest32[32], const void *p, size_t n);

/* Reading. The blob's bytes are the caller's and must outlive the reader. */
struct bf_digest;

/* Checks the form alone, not the trees. */
enum bf_err bf_digest_open(struct bf_digest **d, const void *p, size_t n, const char *name,
                           struct bf_error *err);
void bf_digest_close(struct bf_digest **d);
const struct bf_digest_info *bf_digest_info(const struct bf_digest *d);
void bf_digest_root(const struct bf_digest *d, uint8_t digest32[32]);

/* One frame as the blob keeps it. */
struct bf_digest_frame {
    int64_t pts_us;
    const uint8_t *exact32;
    uint8_t code32[BF_CODE32_SIZE];
};

/*
 * Visit the frames from index first on, in order; stops where fn returns false. BF_ERR_FORMAT where
 * the blob is damaged.
 */
enum bf_err bf_digest_frames(struct bf_digest *d, uint64_t first,
                             bool (*fn)(void *ctx, uint64_t i, const struct bf_digest_frame *f),
                             void *ctx, struct bf_error *err);
/*
 * Grid sample i, (rows, cols) luma 0 to 255, within 2 of the mean of what was shown in [i, i+1)
 * periods. NULL with err set where the blob is damaged. The pointer lives until the reader has been
 * asked for samples of eight other segments.
 */
const uint8_t *bf_digest_grid(struct bf_digest *d, uint64_t i, struct bf_error *err);

#endif
