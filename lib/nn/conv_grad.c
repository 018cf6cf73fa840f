#include "lib/nn/conv_grad.h"
#include "lib/nn/sweep.h"

#include <math.h>

enum bf_err bf_conv_grad_check(const struct bf_conv *s, struct bf_error *err)
{
    if ((s->stride_y > 1 && s->dilation_y > 1) || (s->stride_x > 1 && s->dilation_x > 1))
        return bf_error_set(err, BF_ERR_USAGE,
                            "a convolution with both stride and dilation cannot be trained");
    return BF_OK;
}

/* One direction of one phase: input pixels first, first + stride, ... */
struct phase {
    size_t first, n;   /* input pixels */
    size_t tap0, taps; /* kernel taps tap0, tap0 + stride, ... */
    ptrdiff_t at;      /* where in dy the earliest tap of the first pixel lies */
};

static struct phase phase_of(size_t r, size_t size, size_t k, size_t stride, size_t dilation,
                             size_t pad)
{
    struct phase p = {0};
    size_t back = pad % stride;

    /* Pixels i with (i + pad) mod stride == r; tap t then meets output (i + pad - t) / stride. */
    p.first = r >= back ? r - back : r + stride - back;
    p.n = p.first < size ? (size - p.first + stride - 1) / stride : 0;
    p.tap0 = r;
    p.taps = r < k ? (k - r + stride - 1) / stride : 0;
    if (p.taps > 0)
        p.at = (ptrdiff_t)((p.first + pad - r) / stride) - (ptrdiff_t)((p.taps - 1) * dilation);
    return p;
}

/* The sweep of phase (ry, rx) over dy; false where no tap or no pixel belongs to it. */
static bool sweep_of(struct bf_sweep *sweep, struct phase *py, struct phase *px,
                     const struct bf_conv *s, size_t ry, size_t rx)
{
    *py = phase_of(ry, s->h, s->kh, s->stride_y, s->dilation_y, s->pad_top);
    *px = phase_of(rx, s->w, s->kw, s->stride_x, s->dilation_x, s->pad_left);
    if (py->taps == 0 || px->taps == 0 || py->n == 0 || px->n == 0)
        return false;
    *sweep = (struct bf_sweep){
        .n = s->n,
        .h = bf_conv_out_h(s),
        .w = bf_conv_out_w(s),
        .c = s->oc,
        .top = py->at,
        .left = px->at,
        .step_y = 1,
        .step_x = 1,
        .taps_y = py->taps,
        .taps_x = px->taps,
        .spread_y = s->dilation_y,
        .spread_x = s->dilation_x,
        .grid_h = py->n,
        .grid_w = px->n,
        .oc = s->c,
        .no_dot = 1,
        .out_image = s->h * s->w * s->c,
        .out_row = s->stride_y * s->w * s->c,
        .out_pixel = s->stride_x * s->c,
    };
    return true;
}

size_t bf_conv_grad_packed_size(const struct bf_conv *s)
{
    struct bf_sweep sweep;
    struct phase py, px;
    size_t ry, rx, n = 0;

    for (ry = 0; ry < s->stride_y; ry++)
        for (rx = 0; rx < s->stride_x; rx++)
            if (sweep_of(&sweep, &py, &px, s, ry, rx))
                n += bf_sweep_packed_size(&sweep);
    return n;
}

void bf_conv_grad_pack(float *packed, const float *w, const struct bf_conv *s, struct bf_pool *pool)
{
    ptrdiff_t tap = (ptrdiff_t)(s->c * s->oc);
    struct bf_sweep sweep;
    struct phase py, px;
    size_t ry, rx;

    for (ry = 0; ry < s->stride_y; ry++)
        for (rx = 0; rx < s->stride_x; rx++)
            if (sweep_of(&sweep, &py, &px, s, ry, rx)) {
                /* The sweep's first tap is the kernel's last. */
                size_t ty = py.tap0 + (py.taps - 1) * s->stride_y;
                size_t tx = px.tap0 + (px.taps - 1) * s->stride_x;
                struct bf_sweep_weights weights = {
                    .w = w + (ptrdiff_t)(ty * s->kw + tx) * tap,
                    .tap_y = -(ptrdiff_t)(s->stride_y * s->kw) * tap,
                    .tap_x = -(ptrdiff_t)s->stride_x * tap,
                    .in = 1,
                    .out = (ptrdiff_t)s->oc,
                };

                bf_sweep_pack(packed, &weights, &sweep, pool);
                packed += bf_sweep_packed_size(&sweep);
            }
}

void bf_conv_grad_input(float *dx, const float *dy, const float *packed, const struct bf_conv *s,
                        bool add, void *scratch, struct bf_pool *pool)
{
    struct bf_rectifier none = {1, INFINITY};
    struct bf_sweep sweep;
    struct phase py, px;
    size_t ry, rx;

    /* Pixels that no tap reaches. */
    if (!add && (s->kh < s->stride_y || s->kw < s->stride_x))
        memset(dx, 0, s->n * s->h * s->w * s->c * sizeof *dx);
    for (ry = 0; ry < s->stride_y; ry++)
        for (rx = 0; rx < s->stride_x; rx++)
            if (sweep_of(&sweep, &py, &px, s, ry, rx)) {
                sweep.add = add;
                bf_sweep_run(dx + (py.first * s->w + px.first) * s->c, dy, packed, NULL, &sweep,
                             none, scratch, pool);
                packed += bf_sweep_packed_size(&sweep);
            }
}

/* --- by the weights ------------------------------------------------------------------------------
 */

/* Weights that one thread works on at a time stay in its cache. */
#define BLOCK_BYTES ((size_t)256 << 10)
/* Pixels summed at a time, so that the gradient's panel stays in the first cache. */
#define BAND_PIXELS 128
#define PIECES_WANTED 8

/* Adds src[0..n - 1] to dst. */
static void add_to(float *dst, const float *src, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        dst[i] += src[i];
}

/*
 * The sum for weights (ty, tx, i, j) runs over all output pixels whose tap (ty, tx) is inside. With
 * few input channels the picture is first copied with zeros round it; then one row of taps is one
 * tap of kw * c channels.
 */
struct weights_plan {
    const struct bf_kernel *kernel;
    bool copy;
    bool turned;      /* few output channels: they are the rows of a tile */
    size_t ph, pw;    /* picture, with its zeros where copied */
    size_t taps_x, c; /* as the tiles see them */
    size_t tile;      /* channels in a tile */
    size_t tiles_c;   /* tiles of one tap */
    size_t tiles;     /* of all */
    size_t block;     /* tiles worked on together */
    size_t copy_bytes;
    size_t sum_floats;    /* of one part */
    size_t turned_floats; /* of a tile of a turned part: oc rows of BF_KERNEL_WIDTH */
    size_t parts, part;   /* parts of the batch, each with a sum of its own; images in one */
};

struct weights_job {
    float *dw;
    const float *x, *dy;
    const struct bf_conv *s;
    struct weights_plan p;
    size_t oh, ow, band;
    float *copy, *sums;
};

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static void weights_plan_make(struct weights_plan *p, const struct bf_conv *s)
{
    size_t bytes;

    p->kernel = bf_kernel_get();
    p->turned = s->oc <= 4 && s->kw * s->c >= 16 && s->dilation_x == 1;
    p->copy = (s->c < 8 && s->dilation_x == 1) || p->turned;
    p->ph = p->copy ? s->pad_top + s->h + s->pad_bottom : s->h;
    p->pw = p->copy ? s->pad_left + s->w + s->pad_right : s->w;
    p->taps_x = p->copy ? 1 : s->kw;
    p->c = p->copy ? s->kw * s->c : s->c;
    p->tile =
        p->turned ? (size_t)(p->kernel->lane * p->kernel->max_lanes) : (size_t)p->kernel->rows;
    p->tiles_c = ceil_div(p->c, p->tile);
    /* Nine channels are better five and four than eight and one. */
    if (!p->turned)
        p->tile = ceil_div(p->c, p->tiles_c);
    p->tiles = s->kh * p->taps_x * p->tiles_c;
    bytes = p->tile * s->oc * sizeof(float);
    p->block = BLOCK_BYTES / bytes > 0 ? BLOCK_BYTES / bytes : 1;
    if (p->block > ceil_div(p->tiles, PIECES_WANTED))
        p->block = ceil_div(p->tiles, PIECES_WANTED);
    /* Few weights and many pixels: each thread takes pictures of its own, and the sums of a fixed
     * number of parts are added in order. */
    p->part = s->n;
    p->turned_floats = s->oc * BF_KERNEL_WIDTH;
    p->sum_floats = p->turned ? p->tiles * p->turned_floats : s->kh * s->kw * s->c * s->oc;
    if (p->turned || p->sum_floats * sizeof(float) <= BLOCK_BYTES)
        p->part = ceil_div(s->n, PIECES_WANTED);
    p->parts = ceil_div(s->n, p->part);
    p->copy_bytes = p->copy ? s->n * p->ph * p->pw * s->c * sizeof(float) : 0;
}

static void copy_image(void *arg, size_t i, size_t thread)
{
    const struct weights_job *job = arg;
    const struct bf_conv *s = job->s;
    const struct weights_plan *p = &job->p;
    float *out = job->copy + i * p->ph * p->pw * s->c;
    size_t y, row = s->w * s->c;

    (void)thread;
    memset(out, 0, p->ph * p->pw * s->c * sizeof *out);
    for (y = 0; y < s->h; y++)
        memcpy(out + ((y + s->pad_top) * p->pw + s->pad_left) * s->c, job->x + (i * s->h + y) * row,
               row * sizeof *out);
}

/* Outputs first..last - 1 of n whose tap at offset tap falls on 0..size - 1 of the picture. */
static void outputs_inside(size_t *first, size_t *last, size_t tap, size_t stride, size_t pad,
                           size_t size, size_t n)
{
    *first = tap >= pad ? 0 : ceil_div(pad - tap, stride);
    *last = tap >= pad + size ? 0 : ceil_div(pad + size - tap, stride);
    if (*last > n)
        *last = n;
    if (*first > *last)
        *first = *last;
}

/* Rows b0..b1 - 1 of the outputs of one image, added to one tile. */
static void add_tile(const struct weights_job *job, float *dw, size_t image, size_t b0, size_t b1,
                     size_t tile)
{
    const struct bf_conv *s = job->s;
    const struct weights_plan *p = &job->p;
    size_t i = tile % p->tiles_c * p->tile, tx = tile / p->tiles_c % p->taps_x;
    size_t ty = tile / p->tiles_c / p->taps_x, rows = p->c - i < p->tile ? p->c - i : p->tile;
    size_t pad_y = p->copy ? 0 : s->pad_top, pad_x = p->copy ? 0 : s->pad_left;
    size_t at_y = ty * s->dilation_y, at_x = p->copy ? 0 : tx * s->dilation_x;
    size_t y0, y1, x0, x1, j, width;
    size_t lane = (size_t)p->kernel->lane, lanes = ceil_div(s->oc, lane);
    size_t panels = ceil_div(lanes, (size_t)p->kernel->max_lanes);
    const float *x = (p->copy ? job->copy : job->x) + image * p->ph * p->pw * s->c + i;
    const float *dy = job->dy + image * job->oh * job->ow * s->oc;
    float *c = dw + ((ty * p->taps_x + tx) * p->c + i) * s->oc;
    struct bf_area area = {
        .a_row = s->stride_y * p->pw * s->c,
        .a_step = s->stride_x * s->c,
        .b_row = job->ow * s->oc,
        .b_step = s->oc,
    };

    outputs_inside(&y0, &y1, at_y, s->stride_y, pad_y, p->ph, job->oh);
    outputs_inside(&x0, &x1, at_x, s->stride_x, pad_x, p->pw, job->ow);
    y0 = y0 > b0 ? y0 : b0;
    y1 = y1 < b1 ? y1 : b1;
    if (y0 >= y1 || x0 >= x1)
        return;
    area.n_y = y1 - y0;
    area.n_x = x1 - x0;
    x += ((y0 * s->stride_y + at_y - pad_y) * p->pw + x0 * s->stride_x + at_x - pad_x) * s->c;
    dy += (y0 * job->ow + x0) * s->oc;
    if (p->turned) {
        struct bf_area swapped = {area.n_y,    area.n_x,   area.b_row,
                                  area.b_step, area.a_row, area.a_step};

        p->kernel->outer((int)s->oc, rows, dw + tile * p->turned_floats, BF_KERNEL_WIDTH, dy, x,
                         &swapped);
        return;
    }
    for (j = 0; j < s->oc; j += width) {
        width = ceil_div(lanes, panels) * lane;
        width = s->oc - j < width ? s->oc - j : width;
        p->kernel->outer((int)rows, width, c + j, s->oc, x, dy + j, &area);
    }
}

/* One block of tiles, over all images in their order. */
static void add_block(void *arg, size_t block, size_t thread)
{
    struct weights_job *job = arg;
    const struct weights_plan *p = &job->p;
    size_t t0 = block * p->block, t1 = t0 + p->block < p->tiles ? t0 + p->block : p->tiles;
    size_t image, b, t;

    (void)thread;
    for (image = 0; image < job->s->n; image++)
        for (b = 0; b < job->oh; b += job->band)
            for (t = t0; t < t1; t++)
                add_tile(job, job->dw, image, b, b + job->band, t);
}

/* All tiles, over the images of one part. */
static void add_part(void *arg, size_t part, size_t thread)
{
    struct weights_job *job = arg;
    const struct weights_plan *p = &job->p;
    size_t image, b, t;
    size_t last = (part + 1) * p->part < job->s->n ? (part + 1) * p->part : job->s->n;
    float *sum = job->sums + part * p->sum_floats;

    (void)thread;
    memset(sum, 0, p->sum_floats * sizeof *sum);
    for (image = part * p->part; image < last; image++)
        for (b = 0; b < job->oh; b += job->band)
            for (t = 0; t < p->tiles; t++)
                add_tile(job, sum, image, b, b + job->band, t);
}

/* Adds one part of turned tiles to dw. */
static void add_turned(float *dw, const float *sum, const struct bf_conv *s,
                       const struct weights_plan *p)
{
    size_t t, i, j;

    for (t = 0; t < p->tiles; t++, sum += p->turned_floats) {
        size_t first = t % p->tiles_c * p->tile;
        float *c = dw + (t / p->tiles_c * p->c + first) * s->oc;

        for (i = 0; i < p->tile && first + i < p->c; i++)
            for (j = 0; j < s->oc; j++)
                c[i * s->oc + j] += sum[j * BF_KERNEL_WIDTH + i];
    }
}

size_t bf_conv_grad_scratch_size(const struct bf_conv *s, size_t n_threads)
{
    struct weights_plan p;
    struct bf_sweep sweep;
    struct phase py, px;
    size_t ry, rx, most, n;

    weights_plan_make(&p, s);
    most = p.copy_bytes;
    if (p.parts > 1 || p.turned)
        most += p.parts * p.sum_floats * sizeof(float);
    for (ry = 0; ry < s->stride_y; ry++)
        for (rx = 0; rx < s->stride_x; rx++)
            if (sweep_of(&sweep, &py, &px, s, ry, rx)) {
                n = bf_sweep_scratch_size(&sweep, n_threads);
                most = n > most ? n : most;
            }
    return most;
}

void bf_conv_grad_weights(float *dw, const float *x, const float *dy, const struct bf_conv *s,
                          void *scratch, struct bf_pool *pool)
{
    struct weights_job job = {
        .dw = dw,
        .x = x,
        .dy = dy,
        .s = s,
        .oh = bf_conv_out_h(s),
        .ow = bf_conv_out_w(s),
        .copy = scratch,
    };

    weights_plan_make(&job.p, s);
    job.band = ceil_div(BAND_PIXELS, job.ow);
    if (job.p.copy)
        bf_pool_run(pool, copy_image, &job, s->n);
    if (job.p.parts > 1 || job.p.turned) {
        size_t i;

        job.sums = (float *)((char *)scratch + job.p.copy_bytes);
        bf_pool_run(pool, add_part, &job, job.p.parts);
        for (i = 0; i < job.p.parts; i++)
            if (job.p.turned)
                add_turned(dw, job.sums + i * job.p.sum_floats, s, &job.p);
            else
                add_to(dw, job.sums + i * job.p.sum_floats, job.p.sum_floats);
        return;
    }
    bf_pool_run(pool, add_block, &job, ceil_div(job.p.tiles, job.p.block));
}
