/*
 * What an altered region looks like, on rows whose residuals are drawn: what stands still, and what
 * moves in its own way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/match/change_kind.h"
#include "lib/base/spool.h"

#include <math.h>

enum { COLS = 12, ROWS = 6, CELLS = COLS * ROWS, N = 60 };

/* A box of COLS x ROWS cells over a picture of 30 luma steps. */
struct drawn {
    double contrast; /* that the box lies above the picture */
    double wobble;   /* of its cells over time, as a deviation, each in its own way */
    double rim;      /* of the cells round it, which lie 2 above the picture */
    unsigned n;      /* rows */
    double area;
};

/* Even, of deviation 1, by cell and moment. */
static double noise_at(unsigned cell, unsigned k)
{
    uint32_t h = (cell * 2654435761u) ^ (k * 2246822519u);

    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    h *= 3266489917u;
    h ^= h >> 16;
    return ((double)h / 4294967296.0 - 0.5) * sqrt(12);
}

static enum bf_change kind_of(const struct drawn *d)
{
    static struct bf_residual_row row;
    static struct bf_noise noise;
    uint8_t mask[BF_GRID_CELLS] = {0};
    struct bf_spool *rows;
    enum bf_change kind;
    unsigned i, k;

    for (i = 0; i < BF_PLACE_KINDS; i++)
        noise.place[i] = 1.3f;
    for (i = 0; i < BF_TONE_LEVELS; i++)
        noise.level[i] = 1;
    assert_int_equal(bf_spool_open(&rows, "/tmp", sizeof row, NULL), BF_OK);
    for (k = 0; k < d->n; k++) {
        for (i = 0; i < CELLS; i++) {
            unsigned x = i % COLS, y = i / COLS;
            bool rim = x == 0 || y == 0 || x == COLS - 1 || y == ROWS - 1;
            double apart =
                rim ? 2 + d->rim * noise_at(i, k) : d->contrast + d->wobble * noise_at(i, k);

            row.expected[i] = 30;
            row.residual[i] = (int16_t)lrint(apart * BF_RESIDUAL_ONE);
            mask[i] = 1;
        }
        assert_int_equal(bf_spool_append(rows, &row, NULL), BF_OK);
    }
    assert_int_equal(bf_spool_seal(rows, NULL), BF_OK);
    kind = bf_change_kind(rows, &noise, mask, CELLS, 0, d->n - 1, d->area);
    bf_spool_close(&rows);
    return kind;
}

static void still(void **state)
{
    static const struct drawn logos[] = {
        {.contrast = 40, .wobble = 1, .rim = 1, .n = N, .area = 0.02},
        {.contrast = 40, .wobble = 1, .rim = 1, .n = 14, .area = 0.02},
        {.contrast = -25, .wobble = 2, .rim = 1, .n = N, .area = 0.02},
        /* a white box in a dark corner: a coder has more to do there than in the corner */
        {.contrast = 110, .wobble = 3.8, .rim = 3.8, .n = N, .area = 0.02},
        /* a faint one, beside which something moves */
        {.contrast = 60, .wobble = 1.5, .rim = 9, .n = N, .area = 0.02},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof logos / sizeof *logos; i++)
        assert_int_equal(kind_of(&logos[i]), BF_CHANGE_OVERLAY);
}

static void moving(void **state)
{
    static const struct drawn others[] = {
        {.contrast = 8, .wobble = 3.5, .rim = 1, .n = N, .area = 0.02},  /* a face like the other */
        {.contrast = 60, .wobble = 4, .rim = 1, .n = N, .area = 0.02},   /* a calm one, elsewhere */
        {.contrast = 110, .wobble = 12, .rim = 1, .n = N, .area = 0.02}, /* and one that talks */
        {.contrast = 40, .wobble = 1, .rim = 1, .n = 13, .area = 0.02},  /* too short to say */
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(kind_of(&others[i]), BF_CHANGE_REGION);
}

static void everywhere(void **state)
{
    static const struct drawn d = {.contrast = 20, .wobble = 1, .rim = 1, .n = N, .area = 0.7};

    (void)state;
    assert_int_equal(kind_of(&d), BF_CHANGE_GRADE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(still),
        cmocka_unit_test(moving),
        cmocka_unit_test(everywhere),
    };

    return cmocka_run_group_tests_name("change_kind", tests, NULL, NULL);
}
