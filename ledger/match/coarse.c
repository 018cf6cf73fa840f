#include "ledger/match/coarse.h"

struct bf_coarse {
    struct bf_digest *source;
    const struct bf_digest_info *info;
    const uint8_t *counted;
    uint16_t **seg; /* per segment (samples, BF_COARSE_CELLS), luma x 64; NULL until asked for */
    struct bf_error error;
};

enum bf_err bf_coarse_create(struct bf_coarse **out, struct bf_digest *source,
                             const uint8_t *counted, struct bf_error *err)
{
    struct bf_coarse *c = calloc(1, sizeof *c);

    *out = c;
    if (c == NULL)
        return bf_error_nomem(err);
    c->source = source;
    c->counted = counted;
    c->info = bf_digest_info(source);
    c->seg = calloc(c->info->n_segments, sizeof *c->seg);
    if (c->seg == NULL) {
        bf_coarse_free(out);
        return bf_error_nomem(err);
    }
    return BF_OK;
}

void bf_coarse_free(struct bf_coarse **out)
{
    struct bf_coarse *c = *out;
    uint32_t i;

    if (c == NULL)
        return;
    for (i = 0; c->seg != NULL && i < c->info->n_segments; i++)
        free(c->seg[i]);
    free(c->seg);
    free(c);
    *out = NULL;
}

static bool load(struct bf_coarse *c, uint32_t seg)
{
    uint64_t first = (uint64_t)seg * BF_DIGEST_SEGMENT_SAMPLES, k;
    uint16_t *rows = calloc((size_t)BF_DIGEST_SEGMENT_SAMPLES * BF_COARSE_CELLS, sizeof *rows);
    float mean[BF_COARSE_CELLS];
    unsigned i;

    if (rows == NULL) {
        bf_error_nomem(&c->error);
        return false;
    }
    for (k = 0; k < BF_DIGEST_SEGMENT_SAMPLES && first + k < c->info->n_samples; k++) {
        const uint8_t *grid = bf_digest_grid(c->source, first + k, &c->error);

        if (grid == NULL) {
            free(rows);
            return false;
        }
        bf_coarse_of_grid(mean, grid, c->info->cols, c->info->rows, c->counted);
        for (i = 0; i < BF_COARSE_CELLS; i++)
            rows[k * BF_COARSE_CELLS + i] = (uint16_t)(mean[i] * 64);
    }
    c->seg[seg] = rows;
    return true;
}

static const uint16_t *row_at(struct bf_coarse *c, uint64_t sample)
{
    uint32_t seg = (uint32_t)(sample / BF_DIGEST_SEGMENT_SAMPLES);

    if (c->seg[seg] == NULL && (c->error.code != BF_OK || !load(c, seg)))
        return NULL;
    return c->seg[seg] + sample % BF_DIGEST_SEGMENT_SAMPLES * BF_COARSE_CELLS;
}

bool bf_coarse_at(struct bf_coarse *c, float *out, int64_t us)
{
    const uint16_t *a, *b;
    int64_t t = us - BF_DIGEST_PERIOD_US / 2;
    uint64_t i;
    float w;
    unsigned k;

    /* A re-encoder's clock may run a little over either end. */
    if (us < -BF_DIGEST_PERIOD_US || us >= (int64_t)c->info->duration_us + BF_DIGEST_PERIOD_US)
        return false;
    if (t < 0)
        t = 0;
    if (t >= (int64_t)(c->info->n_samples - 1) * BF_DIGEST_PERIOD_US)
        t = (int64_t)(c->info->n_samples - 1) * BF_DIGEST_PERIOD_US;
    i = (uint64_t)t / BF_DIGEST_PERIOD_US;
    w = (float)(t % BF_DIGEST_PERIOD_US) / BF_DIGEST_PERIOD_US;
    a = row_at(c, i);
    b = i + 1 < c->info->n_samples ? row_at(c, i + 1) : a;
    if (a == NULL || b == NULL)
        return false;
    for (k = 0; k < BF_COARSE_CELLS; k++)
        out[k] = ((1 - w) * (float)a[k] + w * (float)b[k]) / 64;
    return true;
}

enum bf_err bf_coarse_status(const struct bf_coarse *c, struct bf_error *err)
{
    if (c->error.code != BF_OK && err != NULL)
        *err = c->error;
    return c->error.code;
}
