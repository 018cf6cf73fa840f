#include "lib/nn/sweep.h"

#include <stdalign.h>

/* About as many output pixels a piece has; few enough that the band stays in a core's cache. */
#define PIXELS_TARGET 256
#define BAND_BYTES ((size_t)192 << 10)
/* More values than that for one output, and the panel of weights would leave the cache. */
#define BLOCK 1024
/* Cut a small job into about this many pieces, whatever the number of threads. */
#define PIECES_WANTED 8

/* How a sweep is cut up; from its shape alone. */
struct plan {
    const struct bf_kernel *kernel;
    int use_dot;
    int copy;              /* some pixel reaches over the edge */
    size_t k;              /* values that go into one output */
    size_t lanes, panels;  /* vectors over all channels; panels of about equally many */
    size_t seg_taps;       /* taps of a row that lie together: taps_x or 1 */
    size_t n_segs;         /* at most, over all blocks */
    size_t group;          /* images a piece */
    size_t band, n_bands;  /* rows a piece */
    size_t splits;         /* groups of panels, where there are few pixels */
    size_t band_h, band_w; /* of the copied source band */
    size_t pixels;         /* of a piece, rounded up to whole tiles */
    size_t pieces;
    size_t seg_bytes, thread_bytes;
};

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* What the packed weights depend on. */
static void plan_weights(struct plan *p, const struct bf_sweep *s)
{
    p->kernel = bf_kernel_get();
    p->k = s->taps_y * s->taps_x * s->c;
    p->seg_taps = s->spread_x == 1 ? s->taps_x : 1;
    p->use_dot = !s->no_dot && s->oc <= BF_KERNEL_DOT_MAX && p->seg_taps * s->c >= 16;
    p->lanes = ceil_div(s->oc, (size_t)p->kernel->lane);
    p->panels = p->use_dot ? 1 : ceil_div(p->lanes, (size_t)p->kernel->max_lanes);
}

/* Panel i has the vectors from first to the result. */
static size_t panel_lanes(const struct plan *p, size_t i, size_t *first)
{
    size_t each = p->lanes / p->panels, more = p->lanes % p->panels;

    *first = i * each + min_of(i, more);
    return each + (i < more);
}

static void plan_make(struct plan *p, const struct bf_sweep *s)
{
    size_t row_bytes, area = s->grid_h * s->grid_w, rows, jobs;
    ptrdiff_t bottom, right;

    plan_weights(p, s);
    p->band_w = (s->grid_w - 1) * s->step_x + (s->taps_x - 1) * s->spread_x + 1;
    bottom = s->top + (ptrdiff_t)((s->grid_h - 1) * s->step_y + (s->taps_y - 1) * s->spread_y);
    right = s->left + (ptrdiff_t)p->band_w - 1;
    p->copy = s->top < 0 || s->left < 0 || bottom >= (ptrdiff_t)s->h || right >= (ptrdiff_t)s->w;

    p->group = 1;
    if (area < PIXELS_TARGET) {
        p->band = s->grid_h;
        p->group = min_of(s->n, ceil_div(PIXELS_TARGET, area));
    } else {
        row_bytes = p->band_w * s->c * s->step_y * sizeof(float);
        rows = BAND_BYTES / row_bytes;
        p->band = min_of(s->grid_h, rows > 1 ? rows : 1);
        /* A band of few pixels would copy mostly what its neighbours copy too. */
        if (p->band * s->grid_w < PIXELS_TARGET / 2)
            p->band = min_of(s->grid_h, ceil_div(PIXELS_TARGET / 2, s->grid_w));
    }
    jobs = ceil_div(s->n, p->group) * ceil_div(s->grid_h, p->band);
    if (jobs < PIECES_WANTED && p->group > 1) {
        p->group = min_of(p->group, ceil_div(s->n, PIECES_WANTED));
        if (p->group * area < PIXELS_TARGET / 4)
            p->group = min_of(s->n, ceil_div(PIXELS_TARGET / 4, area));
    }
    if (p->group == 1 && s->n * ceil_div(s->grid_h, p->band) < PIECES_WANTED) {
        rows = ceil_div(s->grid_h * s->n, PIECES_WANTED);
        p->band = min_of(p->band, rows);
        if (p->band * s->grid_w < 48)
            p->band = min_of(s->grid_h, ceil_div(48, s->grid_w));
    }
    p->n_bands = ceil_div(s->grid_h, p->band);
    p->band = ceil_div(s->grid_h, p->n_bands);
    jobs = ceil_div(s->n, p->group) * p->n_bands;
    p->splits = jobs >= PIECES_WANTED / 2 ? 1 : min_of(p->panels, PIECES_WANTED / 2 / jobs);
    p->pieces = jobs * p->splits;

    p->band_h = (p->band - 1) * s->step_y + (s->taps_y - 1) * s->spread_y + 1;
    p->pixels = round_up(p->group * p->band * s->grid_w, BF_KERNEL_ROWS * 3);
    p->n_segs = s->taps_y * (s->taps_x / p->seg_taps) + p->k / BLOCK + 1;
    p->seg_bytes = round_up(p->n_segs * sizeof(struct bf_segment), 64);
    p->thread_bytes = round_up(p->pixels * (sizeof(float *) + sizeof(float *)), 64);
    if (p->copy)
        p->thread_bytes +=
            round_up(p->group * p->band_h * p->band_w * s->c * sizeof(float), 64) + 64;
}

size_t bf_sweep_packed_size(const struct bf_sweep *s)
{
    struct plan p;

    plan_weights(&p, s);
    return p.use_dot ? p.k * s->oc : p.k * p.lanes * (size_t)p.kernel->lane;
}

struct pack_job {
    float *packed;
    const struct bf_sweep_weights *w;
    const struct bf_sweep *s;
    struct plan p;
};

/* One tap: c rows of width floats, of which n come from w. */
static void pack_tap(float *out, const float *w, const struct bf_sweep_weights *at, size_t c,
                     size_t width, size_t n)
{
    size_t i, j;

    if (at->out == 1) {
        for (i = 0; i < c; i++, out += width) {
            memcpy(out, w + (ptrdiff_t)i * at->in, n * sizeof *out);
            for (j = n; j < width; j++)
                out[j] = 0;
        }
        return;
    }
    for (j = 0; j < n; j++)
        for (i = 0; i < c; i++)
            out[i * width + j] = w[(ptrdiff_t)i * at->in + (ptrdiff_t)j * at->out];
    for (; j < width; j++)
        for (i = 0; i < c; i++)
            out[i * width + j] = 0;
}

static void pack_panel(void *arg, size_t panel, size_t thread)
{
    const struct pack_job *job = arg;
    const struct bf_sweep *s = job->s;
    const struct bf_sweep_weights *w = job->w;
    size_t lane = (size_t)job->p.kernel->lane, first, lanes, ty, tx, i, j, width, n;
    float *out = job->packed;

    (void)thread;
    if (job->p.use_dot) {
        for (j = 0; j < s->oc; j++)
            for (ty = 0; ty < s->taps_y; ty++)
                for (tx = 0; tx < s->taps_x; tx++)
                    for (i = 0; i < s->c; i++)
                        *out++ = w->w[(ptrdiff_t)ty * w->tap_y + (ptrdiff_t)tx * w->tap_x +
                                      (ptrdiff_t)i * w->in + (ptrdiff_t)j * w->out];
        return;
    }
    lanes = panel_lanes(&job->p, panel, &first);
    width = lanes * lane;
    n = min_of(width, s->oc - first * lane);
    out += job->p.k * first * lane;
    for (ty = 0; ty < s->taps_y; ty++)
        for (tx = 0; tx < s->taps_x; tx++, out += s->c * width)
            pack_tap(out,
                     w->w + (ptrdiff_t)ty * w->tap_y + (ptrdiff_t)tx * w->tap_x +
                         (ptrdiff_t)(first * lane) * w->out,
                     w, s->c, width, n);
}

void bf_sweep_pack(float *packed, const struct bf_sweep_weights *w, const struct bf_sweep *s,
                   struct bf_pool *pool)
{
    struct pack_job job = {.packed = packed, .w = w, .s = s};

    plan_weights(&job.p, s);
    bf_pool_run(pool, pack_panel, &job, job.p.panels);
}

size_t bf_sweep_scratch_size(const struct bf_sweep *s, size_t n_threads)
{
    struct plan p;

    plan_make(&p, s);
    return p.seg_bytes + n_threads * p.thread_bytes;
}

struct run_job {
    float *y;
    const float *x, *packed, *bias;
    const struct bf_sweep *s;
    struct bf_rectifier end;
    struct plan p;
    struct bf_segment *segs;
    char *threads; /* scratch of thread 0; thread_bytes each */
};

/* The segments of the values from on, at most BLOCK of them; returns how many values. */
static size_t fill_segments(struct bf_segment *seg, size_t *n_seg, const struct plan *p,
                            const struct bf_sweep *s, size_t row, size_t from, size_t most)
{
    size_t one = p->seg_taps * s->c, across = s->taps_x / p->seg_taps, k = from, n = 0;

    while (k < p->k && k - from < most) {
        size_t index = k / one, in = k % one, len = min_of(one - in, most - (k - from));

        seg[n].offset = (ptrdiff_t)((index / across) * s->spread_y * row +
                                    (index % across) * s->spread_x * s->c + in);
        seg[n++].n = len;
        k += len;
    }
    *n_seg = n;
    return k - from;
}

/* Copies rows [y0, y0 + rows) and columns from s->left on of one image, zeros where it has none. */
static void copy_band(float *out, const float *image, const struct bf_sweep *s, ptrdiff_t y0,
                      size_t rows, size_t cols)
{
    size_t before = s->left < 0 ? min_of((size_t)-s->left, cols) : 0, inside = 0, i;
    size_t first = s->left > 0 ? (size_t)s->left : 0;

    if (first < s->w)
        inside = min_of(cols - before, s->w - first);
    for (i = 0; i < rows; i++, out += cols * s->c) {
        ptrdiff_t y = y0 + (ptrdiff_t)i;

        if (y < 0 || y >= (ptrdiff_t)s->h) {
            memset(out, 0, cols * s->c * sizeof *out);
            continue;
        }
        memset(out, 0, before * s->c * sizeof *out);
        memcpy(out + before * s->c, image + ((size_t)y * s->w + first) * s->c,
               inside * s->c * sizeof *out);
        memset(out + (before + inside) * s->c, 0, (cols - before - inside) * s->c * sizeof *out);
    }
}

/* Where the values of each output pixel of a piece begin, and where the outputs go. */
static size_t fill_pixels(const float **from, float **to, const struct run_job *job,
                          const float *source, size_t image_step, size_t row_step, size_t image,
                          size_t n_images, size_t g0, size_t g1)
{
    const struct bf_sweep *s = job->s;
    size_t i, gy, gx, n = 0;

    for (i = 0; i < n_images; i++)
        for (gy = g0; gy < g1; gy++) {
            const float *in = source + i * image_step + (gy - g0) * s->step_y * row_step;
            float *out = job->y + (image + i) * s->out_image + gy * s->out_row;

            for (gx = 0; gx < s->grid_w; gx++, n++) {
                from[n] = in + gx * s->step_x * s->c;
                to[n] = out + gx * s->out_pixel;
            }
        }
    /* Whole tiles: what is beyond repeats the last pixel and goes nowhere. */
    for (i = n; i % (BF_KERNEL_ROWS * 3) != 0; i++) {
        from[i] = from[n - 1];
        to[i] = NULL;
    }
    return n;
}

/* One tile whose rows or columns are not all wanted: by way of a block on the stack. */
static void ragged_tile(const struct plan *p, int lanes, size_t n_rows, size_t n_cols,
                        float *const *to, size_t column, const float *const *from,
                        const struct bf_segment *seg, size_t n_seg, const float *b,
                        const float *init, struct bf_rectifier end)
{
    alignas(64) float block[BF_KERNEL_ROWS][BF_KERNEL_WIDTH];
    float *c[BF_KERNEL_ROWS];
    size_t i, rows = (size_t)p->kernel->rows;

    for (i = 0; i < rows; i++) {
        c[i] = block[i];
        if (init == NULL) {
            memset(block[i], 0, sizeof block[i]);
            if (i < n_rows)
                memcpy(block[i], to[i] + column, n_cols * sizeof(float));
        }
    }
    p->kernel->tile(lanes, c, from, seg, n_seg, b, init, end);
    for (i = 0; i < n_rows; i++)
        memcpy(to[i] + column, block[i], n_cols * sizeof(float));
}

static void run_panel(const struct run_job *job, const float *const *from, float *const *to,
                      size_t pixels, size_t panel, size_t k0, size_t k_n,
                      const struct bf_segment *seg, size_t n_seg)
{
    static const struct bf_rectifier nothing = {1, __builtin_inff()};
    const struct plan *p = &job->p;
    size_t lane = (size_t)p->kernel->lane, rows = (size_t)p->kernel->rows, first, i, t;
    size_t lanes = panel_lanes(p, panel, &first), width = lanes * lane, column = first * lane;
    size_t n_cols = min_of(width, job->s->oc - column);
    const float *b = job->packed + p->k * first * lane + k0 * width, *init = NULL;
    struct bf_rectifier end = k0 + k_n == p->k ? job->end : nothing;
    float start[BF_KERNEL_WIDTH] = {0}, *c[BF_KERNEL_ROWS];

    if (k0 == 0 && !job->s->add) {
        if (job->bias != NULL)
            memcpy(start, job->bias + column, n_cols * sizeof(float));
        init = start;
    }
    for (t = 0; t < pixels; t += rows) {
        if (n_cols < width || t + rows > pixels) {
            ragged_tile(p, (int)lanes, min_of(rows, pixels - t), n_cols, to + t, column, from + t,
                        seg, n_seg, b, init, end);
            continue;
        }
        for (i = 0; i < rows; i++)
            c[i] = to[t + i] + column;
        p->kernel->tile((int)lanes, c, from + t, seg, n_seg, b, init, end);
    }
}

static void run_dot(const struct run_job *job, const float *const *from, float *const *to,
                    size_t pixels)
{
    const struct plan *p = &job->p;
    float start[BF_KERNEL_DOT_MAX] = {0}, spare[BF_KERNEL_DOT_MAX], *c[BF_KERNEL_DOT_ROWS];
    size_t t, i;

    if (job->bias != NULL)
        memcpy(start, job->bias, job->s->oc * sizeof(float));
    for (t = 0; t < pixels; t += BF_KERNEL_DOT_ROWS) {
        for (i = 0; i < BF_KERNEL_DOT_ROWS; i++)
            c[i] = t + i < pixels ? to[t + i] : spare;
        p->kernel->dot((int)job->s->oc, c, from + t, job->segs,
                       job->s->taps_y * (job->s->taps_x / p->seg_taps), job->packed, p->k, start,
                       job->end);
    }
}

static void run_piece(void *arg, size_t piece, size_t thread)
{
    const struct run_job *job = arg;
    const struct bf_sweep *s = job->s;
    const struct plan *p = &job->p;
    size_t split = piece % p->splits, band = piece / p->splits % p->n_bands;
    size_t image = piece / p->splits / p->n_bands * p->group, i, k, k_n, n_seg, pixels;
    size_t n_images = min_of(p->group, s->n - image);
    size_t g0 = band * p->band, g1 = min_of(s->grid_h, g0 + p->band);
    char *scratch = job->threads + thread * p->thread_bytes;
    const float **from = (const float **)scratch;
    float **to = (float **)(scratch + p->pixels * sizeof(float *));
    const struct bf_segment *seg = job->segs;

    if (g0 >= g1)
        return;
    if (p->copy) {
        float *copy = (float *)(scratch + round_up(p->pixels * 2 * sizeof(float *), 64));
        size_t row = p->band_w * s->c;
        size_t rows = (g1 - g0 - 1) * s->step_y + (s->taps_y - 1) * s->spread_y + 1;

        for (i = 0; i < n_images; i++)
            copy_band(copy + i * rows * row, job->x + (image + i) * s->h * s->w * s->c, s,
                      s->top + (ptrdiff_t)(g0 * s->step_y), rows, p->band_w);
        pixels = fill_pixels(from, to, job, copy, rows * row, row, image, n_images, g0, g1);
    } else {
        const float *source = job->x + image * s->h * s->w * s->c +
                              ((size_t)s->top + g0 * s->step_y) * s->w * s->c +
                              (size_t)s->left * s->c;

        pixels = fill_pixels(from, to, job, source, s->h * s->w * s->c, s->w * s->c, image,
                             n_images, g0, g1);
    }
    if (p->use_dot) {
        run_dot(job, from, to, pixels);
        return;
    }
    for (k = 0; k < p->k; k += k_n, seg += n_seg) {
        /* The blocks were cut in this order: count this one's segments by their lengths. */
        for (k_n = 0, n_seg = 0; k_n < min_of(BLOCK, p->k - k); n_seg++)
            k_n += seg[n_seg].n;
        for (i = split; i < p->panels; i += p->splits)
            run_panel(job, from, to, pixels, i, k, k_n, seg, n_seg);
    }
}

void bf_sweep_run(float *y, const float *x, const float *packed, const float *bias,
                  const struct bf_sweep *s, struct bf_rectifier end, void *scratch,
                  struct bf_pool *pool)
{
    struct run_job job = {.y = y, .x = x, .packed = packed, .bias = bias, .s = s, .end = end};
    size_t k, n_seg, n = 0, row;

    plan_make(&job.p, s);
    job.segs = scratch;
    job.threads = (char *)scratch + job.p.seg_bytes;
    row = (job.p.copy ? job.p.band_w : s->w) * s->c;
    for (k = 0; k < job.p.k; n += n_seg)
        k +=
            fill_segments(job.segs + n, &n_seg, &job.p, s, row, k, job.p.use_dot ? job.p.k : BLOCK);
    bf_pool_run(pool, run_piece, &job, job.p.pieces);
}
