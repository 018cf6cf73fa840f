#include "lib/face/blink.h"

#include <math.h>
#include <string.h>

/* Of the histogram. */
#define GAP_MAX 0.64f
#define HALF_LIFE_S 20.0f
#define QUANTILE 0.75f
/* What is believed of a person not yet seen: eyes this open, with the weight of so many seconds. */
#define PRIOR_GAP 0.3f
#define PRIOR_S 0.4f
/* The networks never draw shut lids quite shut: this part of the usual gap counts as none. */
#define SHUT_PART 0.25f
/* Openness. */
#define FALLEN 0.5f
#define LEVEL_LEAST 0.6f /* eyes less open than that before a fall are looking down */
/* Of the level before the fall. */
#define OPEN 0.9f
#define RISEN 0.65f
#define LEVEL_US 500000
#define LOST_US 400000  /* eyes unseen for as long end a blink unseen */
#define FALL_US 350000  /* from open to half open; lids that sink more slowly look down */
#define BLINK_US 900000 /* eyes shut for longer are not blinking */

static float distance(const struct bf_point2 *a, const struct bf_point2 *b)
{
    return hypotf(a->x - b->x, a->y - b->y);
}

float bf_eye_gap(const struct bf_point2 *lid)
{
    /* Lower point i faces upper point 8 + i; the three in the middle move most. */
    float width = distance(&lid[0], &lid[8]), sum = 0;
    int i;

    for (i = 3; i <= 5; i++)
        sum += distance(&lid[i], &lid[8 + i]);
    sum /= 3 * width;
    return width > 0 && sum <= 4 ? sum : 0; /* no eye is like that */
}

static void learn(struct bf_blink_watch *w, float gap, float seconds)
{
    float keep = exp2f(-seconds / HALF_LIFE_S);
    int i, bin = (int)(gap / GAP_MAX * BF_BLINK_BINS);

    for (i = 0; i < BF_BLINK_BINS; i++)
        w->usual[i] *= keep;
    bin = bin < 0 ? 0 : bin < BF_BLINK_BINS ? bin : BF_BLINK_BINS - 1;
    w->usual[bin] += seconds;
}

float bf_blink_watch_usual(const struct bf_blink_watch *w)
{
    float total = 0, sum = 0;
    int i;

    for (i = 0; i < BF_BLINK_BINS; i++)
        total += w->usual[i];
    for (i = 0; i < BF_BLINK_BINS; i++) {
        if (sum + w->usual[i] >= QUANTILE * total && w->usual[i] > 0)
            break;
        sum += w->usual[i];
    }
    if (i == BF_BLINK_BINS)
        return PRIOR_GAP;
    return ((float)i + (QUANTILE * total - sum) / w->usual[i]) * GAP_MAX / BF_BLINK_BINS;
}

void bf_blink_watch_init(struct bf_blink_watch *w)
{
    memset(w, 0, sizeof *w);
    w->last_us = INT64_MIN;
    learn(w, PRIOR_GAP, PRIOR_S);
}

static float openness_of(const struct bf_blink_watch *w, float gap)
{
    float usual = bf_blink_watch_usual(w), open;

    open = (gap / usual - SHUT_PART) / (1 - SHUT_PART);
    return open < 0 ? 0 : open > 1.5f ? 1.5f : open;
}

/* How open the eyes were just before, and when they last were: then the lids began to fall. */
static int64_t onset_of(float *level, const struct bf_blink_watch *w, int64_t now_us)
{
    int64_t at = now_us;
    unsigned i;

    *level = 0;
    for (i = 1; i <= w->n_recent; i++) {
        unsigned k = (w->at + BF_BLINK_RECENT - i) % BF_BLINK_RECENT;

        if (now_us - w->recent[k].pts_us > LEVEL_US)
            break;
        *level = fmaxf(*level, fminf(w->recent[k].openness, 1));
    }
    for (i = 1; i <= w->n_recent && at == now_us; i++) {
        unsigned k = (w->at + BF_BLINK_RECENT - i) % BF_BLINK_RECENT;

        if (w->recent[k].openness >= OPEN * *level)
            at = w->recent[k].pts_us;
    }
    return at;
}

/* Of a blink that has ended: how long the lids were within a fifth of their lowest. */
static int64_t closed_of(const struct bf_blink_watch *w, int64_t onset_us, float lowest)
{
    int64_t sum = 0, after = w->last_us;
    unsigned i;

    for (i = 1; i <= w->n_recent; i++) {
        unsigned k = (w->at + BF_BLINK_RECENT - i) % BF_BLINK_RECENT;

        if (w->recent[k].pts_us < onset_us)
            break;
        if (w->recent[k].openness <= lowest + 0.2f * (1 - lowest))
            sum += after - w->recent[k].pts_us;
        after = w->recent[k].pts_us;
    }
    return sum;
}

static void remember(struct bf_blink_watch *w, int64_t pts_us, float open)
{
    w->recent[w->at].pts_us = pts_us;
    w->recent[w->at].openness = open;
    w->at = (w->at + 1) % BF_BLINK_RECENT;
    if (w->n_recent < BF_BLINK_RECENT)
        w->n_recent++;
}

bool bf_blink_watch_add(struct bf_blink *blink, float *openness, struct bf_blink_watch *w,
                        int64_t pts_us, float gap)
{
    float seconds, open;
    bool ended = false;

    *openness = -1;
    if (gap < 0)
        return false;
    seconds = w->last_us == INT64_MIN ? 0.04f : (float)(pts_us - w->last_us) / 1e6f;
    if (w->last_us != INT64_MIN && pts_us - w->last_us > LOST_US) {
        w->shut = false;
        w->n_recent = 0;
    }
    learn(w, gap, seconds > 0.1f ? 0.1f : seconds);
    w->last_us = pts_us;
    *openness = open = openness_of(w, gap);
    if (!w->shut && open < FALLEN) {
        w->shut = true;
        w->onset_us = onset_of(&w->level, w, pts_us);
        w->quick =
            w->level >= LEVEL_LEAST && w->onset_us < pts_us && pts_us - w->onset_us <= FALL_US;
        w->lowest = open;
    } else if (w->shut && open > fmaxf(RISEN * w->level, FALLEN)) {
        w->shut = false;
        ended = w->quick && pts_us - w->onset_us <= BLINK_US;
        if (ended)
            *blink = (struct bf_blink){.onset_us = w->onset_us,
                                       .duration_us = pts_us - w->onset_us,
                                       .closed_us = closed_of(w, w->onset_us, w->lowest),
                                       .completeness = 1 - w->lowest};
    }
    if (w->shut && open < w->lowest)
        w->lowest = open;
    remember(w, pts_us, open);
    return ended;
}
