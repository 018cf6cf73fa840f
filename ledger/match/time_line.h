/*
 * time_line.h - how a record's clock runs against a suspect's: a vote's line, moved to where the
 * block means fit best
 */
#ifndef BF_TIME_LINE_H
#define BF_TIME_LINE_H

#include "ledger/match/coarse.h"
#include "ledger/match/motion.h"
#include "ledger/match/votes.h"

#define BF_MOMENTS_MARGIN_US 700000 /* by which moments reach beyond where a line has votes */
/* Luma steps: a moment that fits no line better than this belongs to none. */
#define BF_DISTANCE_NONE 9.0f

/* Suspect luma = the record's through these. */
struct bf_line_fit {
    float gain, bias;
};

/* The moments that a line is fitted on, spread evenly. */
struct bf_line_moments {
    const struct bf_trace *suspect;
    size_t *k;       /* (n): which; moment k is around bf_moment_us(k) */
    float *x;        /* (n, BF_COARSE_CELLS): block means of the suspect */
    float *distance; /* scratch, as long */
    size_t n;
    size_t counted; /* how many of them an offset is judged on: those that fit best */
    struct bf_shown shown;
};

static inline int64_t bf_line_at(const struct bf_time_line *l, int64_t suspect_us)
{
    return l->offset_us + (int64_t)(l->rate * (double)suspect_us);
}

static inline int64_t bf_moment_us(size_t k)
{
    return (int64_t)k * BF_ALIGN_STEP_US + BF_ALIGN_STEP_US / 2;
}

/* Block means of the suspect in moment k, (BF_COARSE_CELLS); false where it shows nothing then. */
bool bf_moment_shown(float *out, const struct bf_trace *t, size_t k);

/* Room for moments; shown is the caller's to set. */
enum bf_err bf_line_moments_create(struct bf_line_moments *m, struct bf_error *err);
void bf_line_moments_release(struct bf_line_moments *m);
/* Those between the two times, with a margin. Half of them are counted, so that a line may hold for
 * a part. */
void bf_line_moments_choose(struct bf_line_moments *m, const struct bf_trace *t, int64_t from_us,
                            int64_t to_us);

/*
 * Moves the line, by up to range_us, to where the moments fit the record best, in steps from
 * BF_ALIGN_STEP_US to 5 ms, and its rate with it where that is not 1. *f receives gain and bias. At
 * the record's own rate the smaller steps are judged on moments moved to the record's samples:
 * halfway between two samples their blend has less noise, and would draw the line there.
 */
void bf_line_refine(struct bf_time_line *line, const struct bf_line_moments *m,
                    struct bf_coarse *source, int64_t range_us, struct bf_line_fit *f);

#endif
