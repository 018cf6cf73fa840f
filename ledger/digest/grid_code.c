#include "ledger/digest/grid_code.h"
#include "lib/media/cells.h"

#include <stdlib.h>

enum { MORE_MAX = 16, LEVEL_MAX = 255 };

void bf_grid_state_init(struct bf_grid_state *s, unsigned cols, unsigned rows)
{
    s->cols = cols;
    s->rows = rows;
    s->started = false;
    memset(s->grid, 128, sizeof s->grid);
    memset(s->level, 0, sizeof s->level);
    bf_bit_models_init(&s->models.zero[0][0][0], sizeof s->models / sizeof(struct bf_bit_model));
}

struct context {
    unsigned kind, space, time, sign_space, sign_time;
};

static unsigned capped(int level)
{
    int a = abs(level);

    return a > 2 ? 2 : (unsigned)a;
}

static unsigned sign_of(int level)
{
    return level > 0 ? 2 : level < 0 ? 0 : 1;
}

/*
 * level[] holds this grid's levels up to cell (x, y) and the last grid's from there on, so one
 * array gives both the neighbours in space (left, above) and in time (here, right, below).
 */
static struct context context_at(const struct bf_grid_state *s, unsigned x, unsigned y)
{
    const int16_t *l = &s->level[y * s->cols + x];
    int left = x > 0 ? l[-1] : 0, up = y > 0 ? l[-(int)s->cols] : 0;
    int up_right = y > 0 && x + 1 < s->cols ? l[1 - (int)s->cols] : 0;
    int right = x + 1 < s->cols ? l[1] : 0, down = y + 1 < s->rows ? l[s->cols] : 0;

    return (struct context){.kind = s->started,
                            .space = capped(left) + capped(up) + (up_right != 0),
                            .time = capped(l[0]) + (right != 0) + (down != 0),
                            .sign_space = sign_of(left) + sign_of(up),
                            .sign_time = sign_of(l[0])};
}

static int predict(const struct bf_grid_state *s, unsigned x, unsigned y)
{
    const uint8_t *g = &s->grid[y * s->cols + x];

    if (s->started)
        return g[0];
    if (x > 0 && y > 0)
        return (g[-1] + g[-(int)s->cols] + 1) / 2;
    if (x > 0)
        return g[-1];
    return y > 0 ? g[-(int)s->cols] : 128;
}

static uint8_t reconstruct(int predicted, int level)
{
    int v = predicted + level * BF_GRID_STEP;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* A change of no more than 0.6 steps is none: noise would otherwise flicker between two levels. */
static int quantise(int cell, int predicted)
{
    const int step = BF_GRID_STEP * BF_CELLS_ONE;
    int d = cell - predicted * BF_CELLS_ONE;

    if (abs(d) * 10 <= step * 6)
        return 0;
    return (d < 0 ? d - step / 2 : d + step / 2) / step;
}

static struct bf_bit_model *model_more(struct bf_grid_models *m, const struct context *c, int k)
{
    return &m->more[c->kind][c->space < 2 ? 0 : c->space < 4 ? 1 : 2][k < 15 ? k : 15];
}

static void encode_level(struct bf_range_encoder *e, struct bf_grid_models *m,
                         const struct context *c, int level)
{
    int a = abs(level), k;

    bf_range_encode(e, &m->zero[c->kind][c->space][c->time], level != 0);
    if (level == 0)
        return;
    bf_range_encode(e, &m->sign[c->kind][c->sign_space][c->sign_time], level < 0);
    for (k = 1; k <= MORE_MAX; k++) {
        bf_range_encode(e, model_more(m, c, k - 1), a > k);
        if (a == k)
            return;
    }
    bf_range_encode_raw(e, (uint32_t)(a - MORE_MAX), 8);
}

static int decode_level(struct bf_range_decoder *d, struct bf_grid_models *m,
                        const struct context *c)
{
    bool negative;
    int a;

    if (!bf_range_decode(d, &m->zero[c->kind][c->space][c->time]))
        return 0;
    negative = bf_range_decode(d, &m->sign[c->kind][c->sign_space][c->sign_time]);
    for (a = 1; a <= MORE_MAX; a++)
        if (!bf_range_decode(d, model_more(m, c, a - 1)))
            return negative ? -a : a;
    a = MORE_MAX + (int)bf_range_decode_raw(d, 8);
    if (a > LEVEL_MAX)
        a = LEVEL_MAX;
    return negative ? -a : a;
}

void bf_grid_encode(struct bf_range_encoder *e, struct bf_grid_state *s, const uint16_t *cells)
{
    unsigned x, y;

    for (y = 0; y < s->rows; y++) {
        for (x = 0; x < s->cols; x++) {
            unsigned i = y * s->cols + x;
            struct context c = context_at(s, x, y);
            int p = predict(s, x, y), level = quantise(cells[i], p);

            encode_level(e, &s->models, &c, level);
            s->level[i] = (int16_t)level;
            s->grid[i] = reconstruct(p, level);
        }
    }
    s->started = true;
}

void bf_grid_decode(struct bf_range_decoder *d, struct bf_grid_state *s)
{
    unsigned x, y;

    for (y = 0; y < s->rows; y++) {
        for (x = 0; x < s->cols; x++) {
            unsigned i = y * s->cols + x;
            struct context c = context_at(s, x, y);
            int p = predict(s, x, y), level = decode_level(d, &s->models, &c);

            s->level[i] = (int16_t)level;
            s->grid[i] = reconstruct(p, level);
        }
    }
    s->started = true;
}

void bf_code_state_init(struct bf_code_state *s)
{
    memset(s, 0, sizeof *s);
    bf_bit_models_init(&s->model[0][0][0], sizeof s->model / sizeof(struct bf_bit_model));
}

static struct bf_bit_model *code_model(struct bf_code_state *s, bool later, unsigned n_changed,
                                       unsigned i)
{
    unsigned bucket = n_changed > 8 ? 8 : n_changed;

    return &s->model[later][bucket][s->changed32[i / 8] >> (i % 8) & 1];
}

/* An all-zero code is never a frame's first state: a code has 128 bits set or is flat; used to tell
 * the first one. */
static bool is_later(const struct bf_code_state *s)
{
    static const uint8_t none[32];

    return memcmp(s->code32, none, sizeof none) != 0;
}

/* Moves the window of changes to the change just coded and keeps the code. */
static void code_step(struct bf_code_state *s, const uint8_t change32[32])
{
    unsigned i;

    for (i = 0; i < 32; i++) {
        s->code32[i] ^= change32[i];
        s->changed32[i] = change32[i];
    }
}

void bf_code_encode(struct bf_range_encoder *e, struct bf_code_state *s, const uint8_t code32[32])
{
    bool later = is_later(s);
    uint8_t change32[32];
    unsigned i, n = 0;

    for (i = 0; i < 32; i++)
        change32[i] = s->code32[i] ^ code32[i];
    for (i = 0; i < 256; i++) {
        unsigned bit = change32[i / 8] >> (i % 8) & 1;

        bf_range_encode(e, code_model(s, later, n, i), bit);
        n += bit;
    }
    code_step(s, change32);
}

void bf_code_decode(struct bf_range_decoder *d, struct bf_code_state *s)
{
    bool later = is_later(s);
    uint8_t change32[32] = {0};
    unsigned i, n = 0;

    for (i = 0; i < 256; i++) {
        unsigned bit = bf_range_decode(d, code_model(s, later, n, i));

        change32[i / 8] |= (uint8_t)(bit << (i % 8));
        n += bit;
    }
    code_step(s, change32);
}
