#include "ledger/match/noise.h"
#include "lib/base/spool.h"

#include <math.h>

#define SCALE_MIN 0.8f        /* luma steps: the grid is quantised to steps of three */
#define NORMAL_MEDIAN 0.6745f /* of the absolute value of a unit normal */
#define CLIP_WHITE 228.0f     /* luma beyond which a cell may hold clipped pixels */
#define CLIP_BLACK 24.0f
#define BEND_SHARE 0.7f /* of the bend of the curve over a cell that its mean may be off */
#define MOTION_MAX 0.7f
#define MOTION_STILL 0.05f /* of the motion, where the frame rate is the record's */
#define RATE_SAME 1.08     /* ratio of two frame rates up to which they are one */
#define PLACE_BOUND 2.0f
#define FLAT_SHARE 0.6f /* of the middling places' noise that flat ones have at least */
/* Of a frame's motion that another frame rate leaves: with more, mouths in copies of half the rate
 * hide. */
#define RATE_SHARE 0.6

enum {
    MIDDLE_STEEP = 3,
    R_BINS = 128,
    LEVEL_STEPS = 256 / BF_TONE_LEVELS,
    PLACE_MIN = 200,
    LEVEL_MIN = 300,
    Z_BINS = 256,
    Z_ONE = 16,
    ROWS_MAX = 1200,
};

struct counts {
    uint32_t place[BF_PLACE_KINDS][R_BINS];
    uint32_t level[BF_TONE_LEVELS][Z_BINS];
};

/* Median of a histogram of counts, in bins, within the bin by interpolation; n receives how many
 * there are. */
static float median_of(const uint32_t *count, unsigned n_bins, uint64_t *n)
{
    uint64_t below = 0;
    unsigned v;

    *n = 0;
    for (v = 0; v < n_bins; v++)
        *n += count[v];
    if (*n == 0)
        return 0;
    for (v = 0; v + 1 < n_bins && below + count[v] < (*n + 1) / 2; v++)
        below += count[v];
    return (float)v + (count[v] > 0 ? ((float)*n / 2 - (float)below) / (float)count[v] : 0);
}

static void fit_places(struct bf_noise *noise, const struct counts *c)
{
    unsigned move, steep;

    for (move = 0; move < 8; move++) {
        for (steep = 0; steep < 8; steep++) {
            unsigned i = move * 8 + steep;
            uint64_t n;
            float m = median_of(c->place[i], R_BINS, &n) - 0.5f;

            noise->place[i] = m > 0 ? m / BF_RESIDUAL_ONE / NORMAL_MEDIAN : 0;
            /* Too few to say: as noisy as the calmer or flatter kind beside it. */
            if (n < PLACE_MIN) {
                noise->place[i] = 0;
                if (move > 0)
                    noise->place[i] = noise->place[i - 8];
                if (steep > 0 && noise->place[i - 1] > noise->place[i])
                    noise->place[i] = noise->place[i - 1];
            }
            if (noise->place[i] < SCALE_MIN)
                noise->place[i] = SCALE_MIN;
        }
    }
}

/*
 * Calm places of the same steepness bound what moving ones may have: on copies with nothing changed
 * the two seldom differ by more. Otherwise an alteration that fills a kind of place for most of the
 * time (a face, in a long swap) would hide itself.
 */
static void bound_places(struct bf_noise *noise)
{
    float middle = noise->place[MIDDLE_STEEP];
    unsigned move, steep;

    for (steep = 0; steep < 8; steep++) {
        float *calm = &noise->place[steep];

        if (*calm > PLACE_BOUND * middle)
            *calm = PLACE_BOUND * middle;
        if (*calm < FLAT_SHARE * middle)
            *calm = FLAT_SHARE * middle;
        for (move = 1; move < 8; move++) {
            float *moving = &noise->place[move * 8 + steep];

            if (*moving > PLACE_BOUND * *calm)
                *moving = PLACE_BOUND * *calm;
            if (*moving < FLAT_SHARE * middle)
                *moving = FLAT_SHARE * middle;
        }
    }
}

/*
 * Only where the copy's tones come to an end: a cell of which some pixels are clipped follows no
 * curve. Elsewhere a level is no place, and a factor for it would hide a face of its own
 * brightness.
 */
static void fit_levels(struct bf_noise *noise, const struct counts *c)
{
    unsigned i;

    for (i = 0; i < BF_TONE_LEVELS; i++) {
        uint64_t n;
        float m = median_of(c->level[i], Z_BINS, &n) / Z_ONE / NORMAL_MEDIAN;
        float shown = ((float)i + 0.5f) * LEVEL_STEPS;
        bool clipped = shown > CLIP_WHITE || shown < CLIP_BLACK;

        noise->level[i] = n < LEVEL_MIN || m < 1 || !clipped ? 1 : m > 4 ? 4 : m;
    }
}

enum bf_err bf_noise_fit(struct bf_noise *noise, const struct bf_spool *rows,
                         const struct bf_run *run, const struct bf_trace *suspect,
                         struct bf_digest *source, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    struct counts *c = calloc(1, sizeof *c);
    uint64_t n_rows = bf_spool_rows(rows), step = n_rows / ROWS_MAX + 1, k;
    double suspect_frame_us = (double)bf_trace_end_us(suspect) / (double)bf_trace_frames(suspect) *
                              fabs(run->rate); /* of the record's time */
    double source_frame_us = (double)info->duration_us / (double)info->n_frames;
    const uint8_t *visible = bf_trace_comparable(suspect);
    unsigned i, n = info->cols * info->rows;

    if (c == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < BF_TONE_LEVELS; i++)
        noise->level[i] = 1;
    /*
     * Another frame rate shows each picture early or late by up to half of a frame; the best shift
     * takes away what all cells have in common, and about a third of a frame's motion is left.
     */
    noise->motion = MOTION_STILL;
    if (suspect_frame_us > RATE_SAME * source_frame_us ||
        source_frame_us > RATE_SAME * suspect_frame_us)
        noise->motion = (float)(RATE_SHARE * suspect_frame_us / BF_DIGEST_PERIOD_US);
    if (noise->motion > MOTION_MAX)
        noise->motion = MOTION_MAX;
    for (k = 0; k < n_rows; k += step) {
        const struct bf_residual_row *row = bf_spool_row(rows, k);

        for (i = 0; i < n; i++) {
            int r = abs(row->residual[i]);

            if (visible[i] && !bf_residual_is_cut_off(row, i))
                c->place[row->place[i]][r < R_BINS ? r : R_BINS - 1]++;
        }
    }
    fit_places(noise, c);
    bound_places(noise);
    for (k = 0; k < n_rows; k += step) {
        const struct bf_residual_row *row = bf_spool_row(rows, k);

        for (i = 0; i < n; i++) {
            float z = sqrtf(bf_noise_square(noise, row, i, 200)) * Z_ONE;

            if (visible[i])
                c->level[row->expected[i] / LEVEL_STEPS]
                        [z < Z_BINS - 1 ? (unsigned)z : Z_BINS - 1]++;
        }
    }
    fit_levels(noise, c);
    free(c);
    return BF_OK;
}

float bf_noise_variance(const struct bf_noise *noise, const struct bf_residual_row *row, unsigned i)
{
    float p = noise->place[row->place[i]] * noise->level[row->expected[i] / LEVEL_STEPS];
    float m = noise->motion * (float)row->motion[i], b = BEND_SHARE * (float)row->bend[i];

    return p * p + m * m + b * b;
}

float bf_noise_square(const struct bf_noise *noise, const struct bf_residual_row *row, unsigned i,
                      float cap)
{
    float r = (float)row->residual[i] / BF_RESIDUAL_ONE;
    float z2 = r * r / bf_noise_variance(noise, row, i);

    return z2 < cap ? z2 : cap;
}

float bf_noise_calm(const struct bf_noise *noise)
{
    return noise->place[MIDDLE_STEEP];
}
