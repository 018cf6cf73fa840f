#include "ledger/match/outline.h"
#include "ledger/match/residual.h"

#include <math.h>
#include <stdlib.h>

enum {
    PERIOD = BF_DIGEST_PERIOD_US,
    RANGE_US = 400000, /* how far the line may move, in steps of */
    STEP_US = 50000,
    FINE_RANGE_US = 40000,
    FINE_STEP_US = 10000,
    MARGIN = RANGE_US / PERIOD + 2, /* samples of the record before and after the run's own */
    SAMPLES_MAX = 2 * BF_OUTLINE_RUN_US / PERIOD + 2 * MARGIN, /* at twice the speed */
    SAMPLES_MIN = 8,
    CELLS_MIN = 20,
    ENDS_US = 20000, /* by which a sample may reach over the run's ends */
};

/* Luma steps from one cell to the next at an edge, and the deviation over time of what moves: both
 * of the record. */
#define EDGE 4.0
#define MOVES 1.5
/* Share of the cells that are counted, those that fit best. */
#define COUNTED 0.75
/* What another line has to leave of the squared difference to take the place of the run's. */
#define BETTER 0.98

struct sums {
    double x, e, xx, ee, xe;
};

/* One cell's say: a difference, and what it is measured by. */
struct part {
    double off, by;
};

struct look {
    const struct bf_run *run;
    const struct bf_trace *suspect;
    struct bf_tone tone;
    int64_t first; /* sample of the record */
    unsigned n_samples, cols, rows, n_cells;
    uint8_t grid[SAMPLES_MAX][BF_GRID_CELLS];
    uint16_t cell[BF_GRID_CELLS]; /* (n_cells): those looked at */
    double edge[BF_GRID_CELLS];   /* (n_cells): luma steps of the suspect from cell to cell */
    float x[BF_GRID_CELLS];
    double difference[BF_GRID_CELLS];
    struct sums sums[BF_GRID_CELLS]; /* (n_cells) */
    struct part part[BF_GRID_CELLS]; /* scratch, (n_cells) */
};

/* The record's samples that the run may come to lie on. */
static enum bf_err take_samples(struct look *l, struct bf_digest *source, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(source);
    int64_t a = bf_run_source_us(l->run, l->run->start_us) / PERIOD,
            b = bf_run_source_us(l->run, l->run->end_us) / PERIOD, first = (a < b ? a : b) - MARGIN,
            end = (a < b ? b : a) + MARGIN, k;

    first = first < 0 ? 0 : first;
    end = end > (int64_t)info->n_samples ? (int64_t)info->n_samples : end;
    end = end > first + SAMPLES_MAX ? first + SAMPLES_MAX : end;
    l->first = first;
    l->cols = info->cols;
    l->rows = info->rows;
    for (k = first; k < end; k++) {
        const uint8_t *grid = bf_digest_grid(source, (uint64_t)k, err);

        if (grid == NULL)
            return BF_ERR_FORMAT;
        memcpy(l->grid[l->n_samples++], grid, (size_t)l->cols * l->rows);
    }
    return BF_OK;
}

/* Sums over time of a cell, and of what the suspect should show there. */
static void sum_cell(double *sum, double *squares, double *expected, const struct look *l,
                     unsigned i)
{
    unsigned k;

    *sum = *squares = *expected = 0;
    for (k = 0; k < l->n_samples; k++) {
        double v = l->grid[k][i];

        *sum += v;
        *squares += v * v;
        *expected += (double)l->tone.at[l->grid[k][i]];
    }
}

/* Edges that move, away from what the suspect does not show. */
static void choose_cells(struct look *l)
{
    const uint8_t *counted = bf_trace_counted(l->suspect);
    static const int next[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    unsigned x, y, k;

    for (y = 1; y + 1 < l->rows; y++) {
        for (x = 1; x + 1 < l->cols; x++) {
            unsigned i = y * l->cols + x;
            double sum, squares, expected, s[4], e[4], n = l->n_samples;
            bool shown = counted[i];

            sum_cell(&sum, &squares, &expected, l, i);
            if (squares / n - sum / n * (sum / n) < MOVES * MOVES)
                continue;
            for (k = 0; k < 4; k++) {
                unsigned j = (unsigned)((int)i + next[k][1] * (int)l->cols + next[k][0]);

                shown = shown && counted[j];
                sum_cell(&s[k], &squares, &e[k], l, j);
            }
            if (!shown || hypot(s[1] - s[0], s[3] - s[2]) / 2 / n < EDGE)
                continue;
            l->edge[l->n_cells] = hypot(e[1] - e[0], e[3] - e[2]) / 2 / n;
            l->cell[l->n_cells++] = (uint16_t)i;
        }
    }
}

/* Takes what the suspect shows while the record shows sample k, as the offset has it; false where
 * that is not in the run. */
static bool take_shown(struct look *l, int64_t offset_us, unsigned k)
{
    struct bf_run line = *l->run;
    int64_t from, to;

    line.offset_us = offset_us;
    bf_run_shown_us(&from, &to, &line, l->first + k);
    return from >= line.start_us - ENDS_US && to <= line.end_us + ENDS_US &&
           bf_trace_mean(l->suspect, l->x, from, to) >= (to - from) / 2;
}

/* Sums of suspect and record at an offset; returns over how many samples. */
static unsigned add_up(struct look *l, int64_t offset_us)
{
    unsigned k, c, n = 0;

    memset(l->sums, 0, l->n_cells * sizeof *l->sums);
    for (k = 0; k < l->n_samples; k++) {
        if (!take_shown(l, offset_us, k))
            continue;
        n++;
        for (c = 0; c < l->n_cells; c++) {
            struct sums *a = &l->sums[c];
            double x = (double)l->x[l->cell[c]], e = (double)l->tone.at[l->grid[k][l->cell[c]]];

            a->x += x;
            a->e += e;
            a->xx += x * x;
            a->ee += e * e;
            a->xe += x * e;
        }
    }
    return n;
}

/* Mean squared difference of suspect and record at an offset. */
static double cost_at(struct look *l, int64_t offset_us)
{
    unsigned c, n = add_up(l, offset_us);
    double sum = 0;

    if (n < SAMPLES_MIN)
        return HUGE_VAL;
    for (c = 0; c < l->n_cells; c++)
        sum += l->sums[c].xx + l->sums[c].ee - 2 * l->sums[c].xe;
    return sum / n;
}

static int64_t best_within(struct look *l, int64_t middle, int64_t range, int64_t step,
                           double *cost)
{
    int64_t best = middle, o;

    for (o = middle - range; o <= middle + range; o += step) {
        double c = o == middle ? *cost : cost_at(l, o);

        if (c < *cost) {
            *cost = c;
            best = o;
        }
    }
    return best;
}

static int by_ratio(const void *p, const void *q)
{
    const struct part *a = p, *b = q;
    double x = a->off * b->by, y = b->off * a->by;

    return (x > y) - (x < y);
}

/* Of the parts that are least off beside their measure, all together. */
static double counted_ratio(struct look *l)
{
    unsigned c, n = (unsigned)(COUNTED * l->n_cells);
    double off = 0, by = 0;

    qsort(l->part, l->n_cells, sizeof *l->part, by_ratio);
    for (c = 0; c < n; c++) {
        off += l->part[c].off;
        by += l->part[c].by;
    }
    return by > 0 ? off / by : HUGE_VAL;
}

/*
 * How far the mean pictures are apart about the cells looked at, over 3 x 3 cells: what coding
 * leaves there is as often up as down, and what lies elsewhere in another take is wider than a
 * cell.
 */
static double pooled_difference(struct look *l, int64_t offset_us)
{
    const uint8_t *counted = bf_trace_counted(l->suspect);
    unsigned all = l->cols * l->rows, k, i, c, n = 0;
    double squares = 0;

    memset(l->difference, 0, all * sizeof *l->difference);
    for (k = 0; k < l->n_samples; k++) {
        if (!take_shown(l, offset_us, k))
            continue;
        n++;
        for (i = 0; i < all; i++)
            l->difference[i] += (double)(l->x[i] - l->tone.at[l->grid[k][i]]);
    }
    for (c = 0; c < l->n_cells; c++) {
        double sum = 0, n_near = 0;
        unsigned x, y;

        for (y = 0; y < 3; y++) {
            for (x = 0; x < 3; x++) {
                i = l->cell[c] - l->cols - 1 + y * l->cols + x;
                if (counted[i]) {
                    sum += l->difference[i];
                    n_near++;
                }
            }
        }
        squares += sum / n_near * (sum / n_near);
    }
    return sqrt(squares / l->n_cells) / n;
}

static void take_measures(struct bf_run *run, struct look *l)
{
    double n = add_up(l, run->offset_us);
    unsigned c;

    run->outlined = true;
    for (c = 0; c < l->n_cells; c++) {
        const struct sums *a = &l->sums[c];

        l->part[c] = (struct part){fabs(a->x - a->e) / n, l->edge[c]};
    }
    run->outline_apart = counted_ratio(l);
    for (c = 0; c < l->n_cells; c++) {
        const struct sums *a = &l->sums[c];
        double xx = a->xx - a->x * a->x / n, ee = a->ee - a->e * a->e / n,
               xe = a->xe - a->x * a->e / n;

        l->part[c] = (struct part){fmax(0, xx + ee - 2 * xe), ee};
    }
    run->outline_strays = counted_ratio(l);
    run->outline_difference = pooled_difference(l, run->offset_us);
}

enum bf_err bf_outline_measure(bool *moved, struct bf_run *run, const struct bf_trace *suspect,
                               struct bf_digest *source, struct bf_error *err)
{
    struct look *l;
    double at_first, cost;
    int64_t best;
    enum bf_err rc;

    *moved = false;
    run->outlined = false;
    if (run->end_us - run->start_us >= BF_OUTLINE_RUN_US)
        return BF_OK;
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return bf_error_nomem(err);
    l->run = run;
    l->suspect = suspect;
    rc = bf_tone_fit(&l->tone, run, suspect, source, err);
    if (rc == BF_OK)
        rc = take_samples(l, source, err);
    if (rc != BF_OK || l->n_samples < SAMPLES_MIN)
        goto out;
    choose_cells(l);
    cost = at_first = l->n_cells < CELLS_MIN ? HUGE_VAL : cost_at(l, run->offset_us);
    if (cost == HUGE_VAL)
        goto out;
    /* Another rate was chosen together with its offset. */
    if (run->rate == 1) {
        best = best_within(l, run->offset_us, RANGE_US, STEP_US, &cost);
        best = best_within(l, best, FINE_RANGE_US, FINE_STEP_US, &cost);
        *moved = cost < BETTER * at_first;
        if (*moved)
            run->offset_us = best;
    }
    take_measures(run, l);
out:
    free(l);
    return rc;
}
