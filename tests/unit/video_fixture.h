/*
 * video_fixture.h - moving pictures made by arithmetic: a drawn scene, as frames, as digests and as
 * YUV4MPEG files
 */
#ifndef BF_VIDEO_FIXTURE_H
#define BF_VIDEO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include "ledger/digest/digest.h"
#include "ledger/match/trace.h"
#include "lib/base/bytes.h"
#include "lib/media/cells.h"

/* What a copy does to the scene. */
struct scene {
    uint32_t seed;                   /* another seed, another scene */
    double start_s;                  /* of the scene's time */
    double speed;                    /* 0: 1 */
    double pan;                      /* widths a second that the camera turns by */
    double gain, bias;               /* 0 gain: 1 */
    double noise;                    /* luma steps, uniform */
    double alter_from_s, alter_to_s; /* in the copy's time: a block shows something else */
};

static inline uint32_t fixture_hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352d;
    x ^= x >> 15;
    x *= 0x846ca68b;
    return x ^ x >> 16;
}

/* Smooth noise in the plane, between -1 and 1. */
static inline double fixture_smooth(uint32_t seed, double x, double y)
{
    int ix = (int)floor(x), iy = (int)floor(y), k;
    double fx = x - ix, fy = y - iy, v[4];

    for (k = 0; k < 4; k++)
        v[k] = (double)fixture_hash(seed + (uint32_t)(ix + (k & 1)) * 7919u +
                                    (uint32_t)(iy + (k >> 1)) * 104729u) /
                   2147483648.0 -
               1;
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    return (v[0] * (1 - fx) + v[1] * fx) * (1 - fy) + (v[2] * (1 - fx) + v[3] * fx) * fy;
}

/* Luma of the scene at (x, y) in 0 to 1, at time s: a still background, and a "head" that wanders
 * and changes. */
static inline double fixture_luma(const struct scene *sc, double x, double y, double s)
{
    double t = sc->start_s + s * (sc->speed > 0 ? sc->speed : 1), v;
    double hx = 0.5 + 0.12 * fixture_smooth(sc->seed + 1, t * 0.9, 0.5),
           hy = 0.5 + 0.08 * fixture_smooth(sc->seed + 2, t * 1.1, 0.5);

    x += sc->pan * t;
    v = 128 + 70 * fixture_smooth(sc->seed, x * 9, y * 6);
    double dx = (x - hx) / 0.17, dy = (y - hy) / 0.3;
    bool altered = s >= sc->alter_from_s && s < sc->alter_to_s;

    if (dx * dx + dy * dy < 1)
        v = 140 + 60 * fixture_smooth(sc->seed + (altered ? 77 : 3),
                                      dx * 3 + 5 * fixture_smooth(sc->seed + 4, t * 1.3, 0.1),
                                      dy * 3 + t * 0.7);
    v = v * (sc->gain > 0 ? sc->gain : 1) + sc->bias;
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* The digest of frame i at fps frames a second, cells (54, 96). */
static inline void fixture_digest(struct bf_frame_digest *f, const struct scene *sc, uint64_t i,
                                  double fps)
{
    double s = (double)i / fps;
    unsigned x, y;

    memset(f, 0, sizeof *f);
    f->pts_us = (int64_t)(s * 1e6 + 0.5);
    for (y = 0; y < BF_GRID_SHORT; y++) {
        for (x = 0; x < BF_GRID_LONG; x++) {
            uint32_t h = fixture_hash((uint32_t)i * 5003u + y * BF_GRID_LONG + x + sc->seed * 31u);
            double v = fixture_luma(sc, (x + 0.5) / BF_GRID_LONG, (y + 0.5) / BF_GRID_SHORT, s) +
                       sc->noise * ((double)h / 2147483648.0 - 1);

            v = v < 0 ? 0 : v > 255 ? 255 : v;
            f->cells[y * BF_GRID_LONG + x] = (uint16_t)(v * BF_CELLS_ONE);
        }
    }
    bf_code_compute(f->code32, &f->contrast, f->cells, BF_GRID_LONG, BF_GRID_SHORT);
    /* Any bytes do for an exact hash, as long as the same cells give the same. */
    memcpy(f->exact32, f->code32, 32);
    bf_put_be32(f->exact32, fixture_hash((uint32_t)f->cells[100] * 65536u + f->cells[2000]));
    bf_put_be32(f->exact32 + 4, fixture_hash((uint32_t)f->cells[2500] * 65536u + f->cells[4000]));
}

static inline enum bf_err fixture_sink(void *ctx, const void *p, size_t n, struct bf_error *err)
{
    return bf_buf_append(ctx, p, n) ? BF_OK : bf_error_nomem(err);
}

static inline void fixture_blob(struct bf_buf *blob, uint8_t digest32[32],
                                struct bf_digest_info *info, const struct scene *sc, double seconds,
                                double fps)
{
    struct bf_digest_writer *w = NULL;
    struct bf_frame_digest *f = malloc(sizeof *f);
    uint64_t i, n = (uint64_t)(seconds * fps);

    assert_non_null(f);
    assert_int_equal(bf_digest_writer_create(&w, BF_GRID_LONG, BF_GRID_SHORT, 640, 360,
                                             fixture_sink, blob, NULL),
                     BF_OK);
    for (i = 0; i < n; i++) {
        fixture_digest(f, sc, i, fps);
        assert_int_equal(bf_digest_writer_add(w, f, NULL), BF_OK);
    }
    assert_int_equal(
        bf_digest_writer_finish(w, digest32, info, (int64_t)((double)n / fps * 1e6), NULL), BF_OK);
    bf_digest_writer_free(&w);
    free(f);
}

static inline struct bf_trace *fixture_trace(const struct scene *sc, double seconds, double fps)
{
    struct bf_trace *t = NULL;
    struct bf_frame_digest *f = malloc(sizeof *f);
    uint64_t i, n = (uint64_t)(seconds * fps);

    assert_non_null(f);
    assert_int_equal(bf_trace_create(&t, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL), BF_OK);
    for (i = 0; i < n; i++) {
        fixture_digest(f, sc, i, fps);
        assert_int_equal(bf_trace_add(t, f, NULL), BF_OK);
    }
    assert_int_equal(bf_trace_seal(t, (int64_t)((double)n / fps * 1e6), NULL), BF_OK);
    free(f);
    return t;
}

/* Writes n frames of the scene as 8-bit 4:2:0 at 10 frames a second; name receives the path of a
 * file to unlink. */
static inline void fixture_y4m(char name[64], const struct scene *sc, unsigned width,
                               unsigned height, unsigned n)
{
    unsigned i, x, y;
    FILE *out;
    int fd;

    snprintf(name, 64, "/tmp/bonafide-test-XXXXXX.y4m");
    fd = mkstemps(name, 4);
    assert_true(fd >= 0);
    out = fdopen(fd, "wb");
    assert_non_null(out);
    fprintf(out, "YUV4MPEG2 W%u H%u F10:1 Ip A1:1 C420jpeg\n", width, height);
    for (i = 0; i < n; i++) {
        fputs("FRAME\n", out);
        for (y = 0; y < height; y++)
            for (x = 0; x < width; x++)
                fputc((int)fixture_luma(sc, (x + 0.5) / width, (y + 0.5) / height, i / 10.0), out);
        for (x = 0; x < 2 * ((width + 1) / 2) * ((height + 1) / 2); x++)
            fputc((int)(x % 64) + 100, out);
    }
    assert_int_equal(fclose(out), 0);
}

#endif
