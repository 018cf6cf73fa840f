#include "lib/media/mark.h"
#include "lib/media/cells.h"
#include "lib/media/mark_pattern.h"

#include <math.h>
#include <stdlib.h>

enum {
    FINE = 2, /* cells that the picture's texture is seen by to a cell of the mark, each way */
    DITHER = 64,
};

/* Of what is added, the mean square in luma steps that rounding takes. */
#define ROUNDING 0.2
/* Of a field drawn bilinearly between independent values, beside theirs. */
#define BILINEAR (4.0 / 9)

/*
 * How much is added, and what a cell takes beside the others: by the deviation of the luma in it,
 * from flat on. In small pictures a strong coder leaves nothing of the weak cells, and one looks at
 * them less closely: all cells alike. Between the two sizes, in between.
 */
struct manner {
    double side; /* the shorter, in pixels */
    float power; /* mean square in luma steps */
    float flat, most;
    float flat_step; /* of a flat cell, at most: more is seen as blotches on a plain wall */
};
static const struct manner small = {320, 3.85f, 1.0f, 1.0f, 3.8f}, /* 42.3 dB */
    large = {720, 3.49f, 0.5f, 1.5f, 1.0f};                        /* 42.7 dB */
#define TEXTURE 12.0f
/* In the dark the eye sees more: half below the one luma, all from the other on. */
#define DARK 20
#define LIT 70
#define STEP_MAX 3.8f /* luma steps at a cell's middle */

struct bf_mark {
    struct bf_cells *cells;
    uint16_t fine[FINE * FINE * BF_MARK_CELLS];
    int8_t sign[2][BF_MARK_CELLS]; /* high, wide */
    float step[BF_MARK_CELLS];
    float dither[DITHER * DITHER]; /* 0 to 1 */
    float *row;                    /* (rows, width): step between the cells of a row */
    size_t row_size;
};

uint64_t bf_mark_random(uint64_t *state)
{
    uint64_t v = *state += UINT64_C(0x9e3779b97f4a7c15);

    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

bool bf_mark_is_wide(uint32_t width, uint32_t height)
{
    return (uint64_t)height * 50 <= (uint64_t)width * 51;
}

void bf_mark_draw(int8_t sign[BF_MARK_CELLS], bool wide)
{
    uint64_t state = UINT64_C(0x73796e7468657469); /* "syntheti" */
    unsigned x, y;

    for (y = 0; y < BF_MARK_SHORT; y++) {
        uint64_t bits = bf_mark_random(&state);

        for (x = 0; x < BF_MARK_LONG; x++)
            sign[wide ? y * BF_MARK_LONG + x : x * BF_MARK_SHORT + y] = bits >> x & 1 ? 1 : -1;
    }
}

struct bf_mark *bf_mark_create(void)
{
    struct bf_mark *m = calloc(1, sizeof *m);
    uint64_t state = 1;
    int i;

    if (m == NULL)
        return NULL;
    m->cells = bf_cells_create();
    if (m->cells == NULL) {
        bf_mark_free(&m);
        return NULL;
    }
    bf_mark_draw(m->sign[0], false);
    bf_mark_draw(m->sign[1], true);
    for (i = 0; i < DITHER * DITHER; i++)
        m->dither[i] = (float)(bf_mark_random(&state) >> 40) / (1 << 24);
    return m;
}

void bf_mark_free(struct bf_mark **m)
{
    if (*m == NULL)
        return;
    bf_cells_free(&(*m)->cells);
    free((*m)->row);
    free(*m);
    *m = NULL;
}

static struct manner manner_of(const struct bf_canvas *c)
{
    double side = c->width < c->height ? c->width : c->height;
    float t = (float)((side - small.side) / (large.side - small.side));

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return (struct manner){side, small.power + t * (large.power - small.power),
                           small.flat + t * (large.flat - small.flat),
                           small.most + t * (large.most - small.most),
                           small.flat_step + t * (large.flat_step - small.flat_step)};
}

/* How much the cell takes, by the texture in it and just outside. */
static float share(const struct bf_mark *m, const struct manner *how, unsigned cols, unsigned rows,
                   unsigned x, unsigned y)
{
    const int wide = (int)(cols * FINE), high = (int)(rows * FINE);
    int left = (int)(x * FINE) - 1, top = (int)(y * FINE) - 1, i, j, n = 0;
    float sum = 0, squares = 0, variance, f;

    for (j = top < 0 ? 0 : top; j < top + FINE + 2 && j < high; j++) {
        for (i = left < 0 ? 0 : left; i < left + FINE + 2 && i < wide; i++, n++) {
            float v = (float)m->fine[j * wide + i] / BF_CELLS_ONE;

            sum += v;
            squares += v * v;
        }
    }
    sum /= (float)n;
    variance = squares / (float)n - sum * sum;
    f = how->flat + sqrtf(variance > 0 ? variance : 0) / TEXTURE;
    f = f > how->most ? how->most : f;
    return sum >= LIT ? f : sum < DARK ? f / 2 : f * (0.5f + 0.5f * (sum - DARK) / (LIT - DARK));
}

/* The most that a cell of that share may take. */
static float limit(const struct manner *how, float share_of_cell)
{
    float texture = 2 * (share_of_cell - how->flat);

    texture = texture < 0 ? 0 : texture > 1 ? 1 : texture;
    return how->flat_step + texture * (STEP_MAX - how->flat_step);
}

/* The steps of a frame: the power there is, shared out by what the cells take, as far as they may.
 */
static void set_steps(struct bf_mark *m, const struct manner *how, const int8_t *sign,
                      unsigned cols, unsigned rows)
{
    float squares = 0, gain;
    unsigned x, y, i;

    for (y = 0; y < rows; y++) {
        for (x = 0; x < cols; x++) {
            float f = share(m, how, cols, rows, x, y);

            m->step[y * cols + x] = f;
            squares += f * f;
        }
    }
    gain = sqrtf((how->power - (float)ROUNDING) / (float)BILINEAR * BF_MARK_CELLS / squares);
    for (i = 0; i < BF_MARK_CELLS; i++) {
        float s = m->step[i] * gain, most = limit(how, m->step[i]);

        m->step[i] = (s > most ? most : s) * (float)sign[i];
    }
}

/* Where pixel i of n lies between the middles of cells: *t of the way from *a to *b. */
static void between(unsigned *a, unsigned *b, float *t, uint32_t i, uint32_t n, unsigned cells)
{
    float at = ((float)i + 0.5f) * (float)cells / (float)n - 0.5f;

    at = at < 0 ? 0 : at;
    *a = (unsigned)at;
    *b = *a + 1 < cells ? *a + 1 : *a;
    *t = at - (float)*a;
}

static void spread_rows(struct bf_mark *m, uint32_t width, unsigned cols, unsigned rows)
{
    unsigned a, b, k;
    uint32_t x;
    float t;

    for (x = 0; x < width; x++) {
        between(&a, &b, &t, x, width, cols);
        for (k = 0; k < rows; k++) {
            const float *s = m->step + k * cols;

            m->row[(size_t)k * width + x] = s[a] + t * (s[b] - s[a]);
        }
    }
}

/* The dither makes a step of a part of one: so many pixels in a hundred go by one. It is the same
 * in all frames, as the steps are, so that a coder keeps it where nothing moves. */
static void add_row(uint8_t *restrict p, const float *restrict a, const float *restrict b, float t,
                    const float *restrict dither, uint32_t n)
{
    uint32_t x, i;

    for (x = 0; x < n; x += DITHER) {
        uint32_t k = n - x < DITHER ? n - x : DITHER;

        for (i = 0; i < k; i++) {
            float step = a[x + i] + t * (b[x + i] - a[x + i]);
            /* Rounded down; what is below 0 is not, for no step is as large as 16. */
            int v = (int)((float)p[x + i] + step + dither[i] + 16) - 16;

            p[x + i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

enum bf_err bf_mark_apply(struct bf_mark *m, struct bf_canvas *c, struct bf_error *err)
{
    const struct manner how = manner_of(c);
    bool wide = bf_mark_is_wide(c->width, c->height);
    unsigned cols = wide ? BF_MARK_LONG : BF_MARK_SHORT, rows = BF_MARK_CELLS / cols, a, b;
    const struct bf_frame luma = {.width = c->width,
                                  .height = c->height,
                                  .orientation = {1, 0, 0, 1},
                                  .luma = c->plane[0],
                                  .luma_stride = c->stride[0],
                                  .luma_bytes = 1,
                                  .luma_bits = 8};
    enum bf_err rc = bf_cells_compute(m->fine, m->cells, &luma, FINE * cols, FINE * rows, err);
    size_t need = (size_t)rows * c->width;
    uint32_t y;
    float t;

    if (rc != BF_OK)
        return rc;
    if (m->row_size < need) {
        free(m->row);
        m->row_size = 0;
        m->row = malloc(need * sizeof *m->row);
        if (m->row == NULL)
            return bf_error_nomem(err);
        m->row_size = need;
    }
    set_steps(m, &how, m->sign[wide], cols, rows);
    spread_rows(m, c->width, cols, rows);
    for (y = 0; y < c->height; y++) {
        between(&a, &b, &t, y, c->height, rows);
        add_row(c->plane[0] + (ptrdiff_t)y * c->stride[0], m->row + (size_t)a * c->width,
                m->row + (size_t)b * c->width, t, m->dither + (size_t)(y % DITHER) * DITHER,
                c->width);
    }
    return BF_OK;
}
