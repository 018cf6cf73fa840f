/*
 * copy_fixture.h - copies of a drawn scene that an encoder has been over, with patches that show
 * something else, through any geometry and at any rate
 */
#ifndef BF_COPY_FIXTURE_H
#define BF_COPY_FIXTURE_H

#include "tests/unit/video_fixture.h"

#include "ledger/match/align.h"

#define COPY_W 192
#define COPY_H 108
#define COPY_PATCHES 2

/* What a patch of the record's picture shows in the copy. */
enum patch_kind {
    PATCH_NONE,
    PATCH_MOVES, /* other content, which moves in its own way */
    PATCH_STAYS, /* a picture that stands still, and hides what is behind it */
    PATCH_VEIL,  /* half of it, half of the scene */
    PATCH_LIGHT, /* the scene, darker on one side */
};

struct patch {
    enum patch_kind kind;
    double from_s, to_s; /* of the record's time */
    double left, top, right, bottom;
};

struct copy {
    struct scene scene; /* the record: seed; the copy: noise */
    uint32_t take;      /* the same set, and another motion; 0: the record's */
    double gain, bias;  /* 0 gain: 1 */
    double gamma;       /* 0: 1 */
    double flicker;     /* luma steps, of each frame's own light */
    double blocks; /* luma steps of noise that a block keeps for half a second, as encoders do */
    double rate, offset_s; /* record time = rate x copy time + offset; 0 rate: 1 */
    struct patch patch[COPY_PATCHES];
};

static inline double copy_rate(const struct copy *c)
{
    return c->rate != 0 ? c->rate : 1;
}

static inline double patch_luma(const struct patch *p, uint32_t seed, double v, double x, double y,
                                double s)
{
    if (p->kind == PATCH_NONE || s < p->from_s || s >= p->to_s || x < p->left || x >= p->right ||
        y < p->top || y >= p->bottom)
        return v;
    switch (p->kind) {
    case PATCH_MOVES:
        return 128 + 80 * fixture_smooth(seed + 901, x * 24 + 2.1 * s, y * 16 - 1.7 * s);
    case PATCH_STAYS:
        return 128 + 90 * fixture_smooth(seed + 902, x * 24, y * 16);
    case PATCH_VEIL:
        return v / 2 + 64 + 45 * fixture_smooth(seed + 902, x * 24, y * 16);
    default:
        return v * (0.4 + 0.6 * x);
    }
}

/* Between -1 and 1, another one for each of a, b and c. */
static inline double copy_random(uint32_t seed, uint32_t a, uint32_t b, uint32_t c)
{
    return (double)fixture_hash(seed * 31u + a * 500009u + b * 4099u + c) / 2147483648.0 - 1;
}

/*
 * What pixels show of the record's picture under a geometry: where in it each lies, and what is
 * behind all that moves. Drawn once, since it is most of the work.
 */
struct canvas {
    uint32_t seed;
    struct bf_geometry geometry;
    unsigned w, h;
    float u[COPY_W * COPY_H], v[COPY_W * COPY_H], back[COPY_W * COPY_H];
};

static inline bool same_geometry(const struct bf_geometry *a, const struct bf_geometry *b)
{
    return a->mirrored == b->mirrored && a->quarter_turns == b->quarter_turns &&
           a->left == b->left && a->top == b->top && a->right == b->right && a->bottom == b->bottom;
}

static inline void canvas_set(struct canvas *cv, uint32_t seed, unsigned w, unsigned h,
                              const struct bf_geometry *g)
{
    unsigned x, y;

    assert_true(w * h <= COPY_W * COPY_H);
    cv->seed = seed;
    cv->geometry = *g;
    cv->w = w;
    cv->h = h;
    for (y = 0; y < h; y++) {
        for (x = 0; x < w; x++) {
            double u, v;

            bf_geometry_to_record(g, &u, &v, (x + 0.5) / w, (y + 0.5) / h);
            cv->u[y * w + x] = (float)u;
            cv->v[y * w + x] = (float)v;
            cv->back[y * w + x] = (float)(128 + 60 * fixture_smooth(seed, u * 9, v * 6) +
                                          25 * fixture_smooth(seed + 7, u * 27, v * 16));
        }
    }
}

/* A moment of the copy: the head's place and what it shows. */
struct moment {
    double s, hx, hy, turn, roll, light;
    uint32_t frame;
};

static inline struct moment copy_moment(const struct copy *c, uint64_t i, double fps)
{
    uint32_t seed = c->scene.seed + c->take * 1000u;
    double s = copy_rate(c) * (double)i / fps + c->offset_s,
           m = s * (c->scene.speed > 0 ? c->scene.speed : 1);

    return (struct moment){.s = s,
                           .hx = 0.5 + 0.12 * fixture_smooth(seed + 1, m * 0.9, 0.5),
                           .hy = 0.5 + 0.08 * fixture_smooth(seed + 2, m * 1.1, 0.5),
                           .turn = 5 * fixture_smooth(seed + 4, m * 1.3, 0.1),
                           .roll = m * 0.7,
                           .light = c->flicker * copy_random(c->scene.seed, (uint32_t)i, 0, 5),
                           .frame = (uint32_t)i};
}

/* Luma that the copy shows at a pixel whose point of the record's picture is (x, y). */
static inline double copy_luma(const struct copy *c, const struct moment *m, uint32_t pixel,
                               double x, double y, double back)
{
    double dx = (x - m->hx) / 0.17, dy = (y - m->hy) / 0.3, v = back;
    uint32_t seed = c->scene.seed;
    unsigned k;

    if (dx * dx + dy * dy < 1)
        v = 140 + 60 * fixture_smooth(seed + 3, dx * 3 + m->turn, dy * 3 + m->roll);
    for (k = 0; k < COPY_PATCHES; k++)
        v = patch_luma(&c->patch[k], seed + k * 50, v, x, y, m->s);
    if (c->gamma > 0)
        v = 255 * pow(v / 255, c->gamma);
    v = v * (c->gain > 0 ? c->gain : 1) + c->bias + m->light;
    if (c->blocks > 0)
        v += c->blocks *
             copy_random(seed, (uint32_t)(2 * m->s), (uint32_t)(x * 30), (uint32_t)(y * 17) + 7000);
    if (c->scene.noise > 0)
        v += c->scene.noise * copy_random(seed, m->frame, pixel, 11);
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

static inline struct bf_frame copy_frame(uint8_t *luma, unsigned w, unsigned h, int64_t pts_us)
{
    return (struct bf_frame){.pts_us = pts_us,
                             .width = w,
                             .height = h,
                             .luma = luma,
                             .luma_stride = (ptrdiff_t)w,
                             .luma_bytes = 1,
                             .luma_bits = 8,
                             .orientation = {1, 0, 0, 1}};
}

/* Frame i as pixels: the record's picture lies in it as the geometry says, grey round it. */
static inline void copy_draw(uint8_t *luma, unsigned w, unsigned h, const struct copy *c,
                             const struct bf_geometry *g, uint64_t i, double fps)
{
    static struct canvas cv;
    struct moment m = copy_moment(c, i, fps);
    uint32_t k;

    if (cv.w != w || cv.h != h || cv.seed != c->scene.seed || !same_geometry(&cv.geometry, g))
        canvas_set(&cv, c->scene.seed, w, h, g);
    for (k = 0; k < w * h; k++) {
        double u = (double)cv.u[k], v = (double)cv.v[k];

        luma[k] = (uint8_t)(u < 0 || v < 0 || u >= 1 || v >= 1
                                ? 30
                                : copy_luma(c, &m, k, u, v, (double)cv.back[k]) + 0.5);
    }
}

/* The trace of the record's picture in a copy of n frames that shows it so. */
static inline struct bf_trace *copy_trace(const struct copy *c, const struct bf_geometry *g,
                                          double seconds, double fps)
{
    static uint8_t luma[COPY_W * COPY_H];
    uint64_t i, n = (uint64_t)(seconds * fps);
    struct bf_trace *t = NULL;

    assert_int_equal(bf_trace_create_within(&t, g, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", NULL),
                     BF_OK);
    for (i = 0; i < n; i++) {
        struct bf_frame f =
            copy_frame(luma, COPY_W, COPY_H, (int64_t)((double)i / fps * 1e6 + 0.5));

        copy_draw(luma, COPY_W, COPY_H, c, g, i, fps);
        assert_int_equal(bf_trace_add_within(t, &f, NULL), BF_OK);
    }
    assert_int_equal(bf_trace_seal(t, (int64_t)((double)n / fps * 1e6), NULL), BF_OK);
    return t;
}

/* The run that the whole copy is. */
static inline struct bf_run copy_run(const struct copy *c, double seconds)
{
    return (struct bf_run){.end_us = (int64_t)(seconds * 1e6),
                           .offset_us = (int64_t)(c->offset_s * 1e6),
                           .rate = copy_rate(c),
                           .gain = c->gain > 0 ? c->gain : 1,
                           .bias = c->bias};
}

/* A scene as it is registered: through the same pixels as its copies. */
struct record {
    struct bf_buf blob;
    struct bf_digest *digest;
};

static inline void record_open_scene(struct record *r, const struct scene *scene, double seconds,
                                     double fps)
{
    static uint8_t luma[COPY_W * COPY_H];
    struct copy c = {.scene = *scene};
    struct bf_digest_writer *w = NULL;
    struct bf_cells *cells = bf_cells_create();
    struct bf_frame_digest *d = calloc(1, sizeof *d);
    uint64_t i, n = (uint64_t)(seconds * fps);
    uint8_t root32[32];

    *r = (struct record){0};
    assert_non_null(cells);
    assert_non_null(d);
    assert_int_equal(bf_digest_writer_create(&w, BF_GRID_LONG, BF_GRID_SHORT, COPY_W, COPY_H,
                                             fixture_sink, &r->blob, NULL),
                     BF_OK);
    for (i = 0; i < n; i++) {
        struct bf_frame f = copy_frame(luma, COPY_W, COPY_H, 0);

        copy_draw(luma, COPY_W, COPY_H, &c, &BF_GEOMETRY_SAME, i, fps);
        assert_int_equal(bf_cells_compute(d->cells, cells, &f, BF_GRID_LONG, BF_GRID_SHORT, NULL),
                         BF_OK);
        bf_code_compute(d->code32, &d->contrast, d->cells, BF_GRID_LONG, BF_GRID_SHORT);
        d->pts_us = (int64_t)((double)i / fps * 1e6 + 0.5);
        assert_int_equal(bf_digest_writer_add(w, d, NULL), BF_OK);
    }
    assert_int_equal(
        bf_digest_writer_finish(w, root32, NULL, (int64_t)((double)n / fps * 1e6), NULL), BF_OK);
    assert_int_equal(bf_digest_open(&r->digest, r->blob.data, r->blob.len, "record", NULL), BF_OK);
    bf_digest_writer_free(&w);
    bf_cells_free(&cells);
    free(d);
}

static inline void record_open(struct record *r, uint32_t seed, double seconds, double fps)
{
    struct scene scene = {.seed = seed};

    record_open_scene(r, &scene, seconds, fps);
}

static inline void record_close(struct record *r)
{
    bf_digest_close(&r->digest);
    bf_buf_release(&r->blob);
}

#endif
