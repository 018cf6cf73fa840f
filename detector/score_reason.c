#include "detector/score_reason.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Further outside of what was seen in fitting than that many deviations nothing is concluded. */
#define STRANGE 8
/* The median sharpness of a face below which too little is left of it. */
#define DULL 0.04f
/* A cue is named where it moves the odds by that much. */
#define SPEAKS 0.35
enum { CUES_NAMED = 5 };

__attribute__((format(printf, 6, 7))) static void add(struct bf_score_reason *list, size_t *n,
                                                      enum bf_score_reason_kind kind,
                                                      enum bf_cue cue, bool for_fake,
                                                      const char *fmt, ...)
{
    struct bf_score_reason *r;
    va_list ap;

    if (*n == BF_SCORE_REASONS_MAX)
        return;
    r = &list[(*n)++];
    r->kind = kind;
    r->cue = cue;
    r->for_fake = for_fake;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
}

#define ADD(t, kind, ...) \
    add((t)->reason, &(t)->n_reasons, kind, BF_CUE_ARTIFACT, false, __VA_ARGS__)

/* A cue's summary without what says how to read its number, as in "..., 0 alike". */
static int words(const char *summary)
{
    const char *end = strrchr(summary, ',');

    return end != NULL && end[1] == ' ' && end[2] >= '0' && end[2] <= '9' ? (int)(end - summary)
                                                                          : (int)strlen(summary);
}

/* How much each cue moves the log odds away from a usual real video's. */
static void say_cues(struct bf_score_track *t, const struct bf_calibration *c)
{
    double move[BF_CUES];
    bool said[BF_CUES] = {false};
    int i, k;

    bf_calibration_scale(move, c, t->cue);
    for (i = 0; i < BF_CUES; i++)
        move[i] *= c->weight[0][i];
    for (k = 0; k < CUES_NAMED; k++) {
        int best = -1;

        for (i = 0; i < BF_CUES; i++)
            if (!said[i] && fabs(move[i]) >= SPEAKS &&
                (best < 0 || fabs(move[i]) > fabs(move[best])))
                best = i;
        if (best < 0)
            break;
        said[best] = true;
        add(t->reason, &t->n_reasons, BF_REASON_CUE, (enum bf_cue)best, move[best] > 0,
            "%.*s: %s than in %.0f %% of real videos, which points to %s",
            words(bf_cue_kinds[best].summary), bf_cue_kinds[best].summary,
            t->percentile[best] < 50 ? "lower" : "higher",
            fmin(t->percentile[best] < 50 ? 100 - t->percentile[best] : t->percentile[best], 99),
            move[best] > 0 ? "a fake" : "a real one");
    }
    if (k == 0)
        ADD(t, BF_REASON_USUAL, "no cue that counts stands out from what real videos have");
}

void bf_score_judge_track(struct bf_score_track *t, const struct bf_calibration *c)
{
    double strange;

    t->verdict = BF_SCORE_INCONCLUSIVE;
    t->likelihood = t->low = t->high = (double)NAN;
    if (c == NULL)
        return;
    if (t->n_scored < BF_SCORE_FEWEST || t->to_us - t->from_us < BF_SCORE_SHORTEST_US) {
        ADD(t, BF_REASON_SHORT, "the face is seen for %.1f s in %zu frames that could be used",
            (double)(t->to_us - t->from_us) * 1e-6, t->n_scored);
        return;
    }
    t->likelihood = bf_calibration_likelihood(&t->low, &t->high, c, t->cue);
    strange = bf_calibration_strangeness(c, t->cue);
    if (t->size < BF_SCORE_SMALLEST)
        ADD(t, BF_REASON_SMALL_FACE, "the face is %.0f pixels wide; under %d nothing is concluded",
            (double)t->size, BF_SCORE_SMALLEST);
    if (t->sharpness < DULL)
        ADD(t, BF_REASON_COMPRESSED, "compression or blur has left too little of the face");
    if (strange > STRANGE)
        ADD(t, BF_REASON_STRANGE, "the measurements are unlike anything in training");
    if (t->n_reasons == 0) {
        if (t->likelihood >= c->fake_above)
            t->verdict = BF_SCORE_LIKELY_FAKE;
        else if (t->likelihood < c->real_below)
            t->verdict = BF_SCORE_LIKELY_REAL;
        else
            ADD(t, BF_REASON_BETWEEN,
                "a likelihood of %.2f lies where real and fake videos cannot be told apart (%.2f "
                "to "
                "%.2f)",
                t->likelihood, c->real_below, c->fake_above);
    }
    say_cues(t, c);
}

enum bf_score_verdict bf_score_of_cues(double *likelihood, const struct bf_calibration *c,
                                       const double cue[BF_CUES], float size, float sharpness)
{
    struct bf_score_track t = {.n_scored = BF_SCORE_FEWEST,
                               .to_us = BF_SCORE_SHORTEST_US,
                               .size = size,
                               .sharpness = sharpness};

    memcpy(t.cue, cue, sizeof t.cue);
    bf_score_judge_track(&t, c);
    *likelihood = t.likelihood;
    return t.verdict;
}

/* Beside a face that could be judged: somebody much smaller, or hardly seen. */
static bool is_bystander(const struct bf_score_track *t, const struct bf_score *s)
{
    size_t i;

    for (i = 0; i < s->n_tracks; i++) {
        const struct bf_score_track *other = &s->track[i];

        if (other->verdict != BF_SCORE_INCONCLUSIVE &&
            (2 * t->size < other->size || 4 * t->n_frames < other->n_frames))
            return true;
    }
    return false;
}

void bf_score_judge(struct bf_score *s)
{
    const struct bf_score_track *best = NULL;
    size_t i;

    s->verdict = BF_SCORE_INCONCLUSIVE;
    s->likelihood = s->low = s->high = (double)NAN;
    if (s->n_tracks == 0) {
        ADD(s, BF_REASON_NO_FACE, "no face was found");
        return;
    }
    /* One face that is likely fake makes the video so; none may be open where it is likely real,
     * but for those who are hardly seen. */
    for (i = 0; i < s->n_tracks && best == NULL; i++)
        if (s->track[i].verdict == BF_SCORE_LIKELY_FAKE)
            best = &s->track[i];
    for (i = 0; i < s->n_tracks && best == NULL; i++)
        if (s->track[i].verdict == BF_SCORE_INCONCLUSIVE && !isnan(s->track[i].likelihood) &&
            !is_bystander(&s->track[i], s))
            best = &s->track[i];
    for (i = 0; i < s->n_tracks && best == NULL; i++)
        if (s->track[i].verdict == BF_SCORE_LIKELY_REAL)
            best = &s->track[i];
    if (best == NULL)
        best = &s->track[0];
    s->verdict = best->verdict;
    s->likelihood = best->likelihood;
    s->low = best->low;
    s->high = best->high;
    memcpy(s->reason, best->reason, sizeof s->reason);
    s->n_reasons = best->n_reasons;
}
