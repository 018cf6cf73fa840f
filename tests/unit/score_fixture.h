/*
 * score_fixture.h - scores made up by arithmetic, with a drawn face
 */
#ifndef BF_SCORE_FIXTURE_H
#define BF_SCORE_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/score_answer.h"

#define SCORE_CARD                                                                     \
    "{\"evaluation\":[{\"material\":\"people & shows <new>\",\"n\":240,\"auc\":0.941," \
    "\"false_alarm_rate\":0.05,\"miss_rate\":0.12,\"inconclusive_rate\":0.21},"        \
    "{\"material\":\"the same, strongly compressed\",\"n\":240,\"auc\":0.832,"         \
    "\"false_alarm_rate\":0.06,\"miss_rate\":0.19},{\"n\":3}]}"

static inline uint8_t *fixture_face(int turn)
{
    uint8_t *rgb = malloc((size_t)BF_SCORE_PICTURE * BF_SCORE_PICTURE * 3);
    int x, y;

    for (y = 0; rgb != NULL && y < BF_SCORE_PICTURE; y++) {
        for (x = 0; x < BF_SCORE_PICTURE; x++) {
            double u = (x - 96.0 - turn) / 62, v = (y - 100.0) / 80;
            uint8_t *p = rgb + ((size_t)y * BF_SCORE_PICTURE + (size_t)x) * 3;
            bool eye = fabs(fabs(u) - 0.42) < 0.16 && fabs(v + 0.22) < 0.07,
                 mouth = fabs(u) < 0.35 && fabs(v - 0.45 - 0.1 * u * u) < 0.05,
                 skin = u * u + v * v < 1;

            p[0] = (uint8_t)(eye || mouth ? 70 : skin ? 226 - 30 * u : 110 + y / 4);
            p[1] = (uint8_t)(eye ? 60 : mouth ? 50 : skin ? 178 - 30 * u : 140 + y / 4);
            p[2] = (uint8_t)(eye ? 50 : mouth ? 60 : skin ? 140 - 30 * u : 165 + x / 8);
        }
    }
    return rgb;
}

static inline void fixture_reason(struct bf_score_reason *r, enum bf_score_reason_kind kind,
                                  enum bf_cue cue, bool for_fake, const char *text)
{
    *r = (struct bf_score_reason){.kind = kind, .cue = cue, .for_fake = for_fake};
    snprintf(r->text, sizeof r->text, "%s", text);
}

/* One face of a video of 20 s, every cue measured but one. */
static inline void fixture_track(struct bf_score_track *t, uint32_t number, double lean)
{
    size_t i, k;

    *t = (struct bf_score_track){.track = number,
                                 .from_us = 1200000,
                                 .to_us = 18400000,
                                 .n_frames = 430,
                                 .size = 183,
                                 .verdict = lean > 0 ? BF_SCORE_LIKELY_FAKE : BF_SCORE_LIKELY_REAL,
                                 .likelihood = 1 / (1 + exp(-lean)),
                                 .low = 1 / (1 + exp(-lean + 1)),
                                 .high = 1 / (1 + exp(-lean - 1)),
                                 .n_scored = 32,
                                 .n_pictures = 3};
    for (i = 0; i < BF_CUES; i++) {
        t->cue[i] = i == BF_CUE_BLINK_SIDES ? (double)NAN : lean + (double)i / 3;
        t->percentile[i] =
            i == BF_CUE_BLINK_SIDES ? (double)NAN : fmod(96 + 37.0 * (double)i * (double)i, 100.01);
    }
    t->frame = calloc(t->n_scored, sizeof *t->frame);
    for (i = 0; t->frame != NULL && i < t->n_scored; i++)
        t->frame[i] = (struct bf_score_frame){.pts_us = t->from_us +
                                                        (t->to_us - t->from_us) * (int64_t)i / 31,
                                              .logit = (float)(lean + 2.5 * sin((double)i * 1.7)),
                                              .certainty = (float)(0.5 + 0.5 * cos((double)i))};
    for (i = 0; i < t->n_pictures; i++) {
        struct bf_score_picture *p = &t->picture[i];

        p->pts_us = i < 2 ? 6000000 + (int64_t)i * 200000 : 15000000;
        p->logit = (float)(lean + 2 - (double)i);
        p->rgb = fixture_face((int)i * 4);
        for (k = 0; k < BF_SCORE_MAP * BF_SCORE_MAP; k++) {
            double u = ((double)(k % BF_SCORE_MAP) - 16) / 9,
                   v = ((double)(k / BF_SCORE_MAP) - 17) / 11;

            p->map[k] = (float)(lean > 0 ? exp(-4 * fabs(u * u + v * v - 1)) : 0.1);
        }
    }
    fixture_reason(&t->reason[t->n_reasons++], BF_REASON_CUE, BF_CUE_BLEND_AREA, lean > 0,
                   "the share that looks blended in is larger than in 99 % of real videos");
    fixture_reason(&t->reason[t->n_reasons++], BF_REASON_CUE, BF_CUE_BLINK_RATE, lean < 0,
                   "the eyes blink as often as in real videos");
}

static inline void fixture_score(struct bf_score *s, enum bf_score_verdict verdict)
{
    size_t i, n = 0;

    *s = (struct bf_score){.verdict = verdict,
                           .likelihood = (double)NAN,
                           .low = (double)NAN,
                           .high = (double)NAN,
                           .n_frames = 500,
                           .n_analysed = 500,
                           .to_us = 20000000,
                           .width = 1280,
                           .height = 720,
                           .mark = {.z = 0.7, .n_frames = 40}};
    s->track = calloc(2, sizeof *s->track);
    s->sample = calloc(1000, sizeof *s->sample);
    if (s->track == NULL || s->sample == NULL)
        return;
    for (i = 0; i < 430; i++) {
        double at = 1.2 + (double)i * 0.04, blink = fmod(at, 4.1);

        s->sample[n++] = (struct bf_score_sample){
            .pts_us = (int64_t)(at * 1e6),
            .openness = blink < 0.2 ? 0.1F : (float)(1 + 0.08 * sin(at * 3)),
            .pose_gap = i > 100 && i < 140 ? NAN : (float)(4 + 3 * sin(at))};
    }
    s->n_samples = n;
    if (verdict == BF_SCORE_INCONCLUSIVE) {
        s->n_tracks = 1;
        fixture_track(&s->track[0], 0, 0.2);
        s->track[0].verdict = BF_SCORE_INCONCLUSIVE;
        s->track[0].likelihood = s->track[0].low = s->track[0].high = (double)NAN;
        s->track[0].size = 41;
        s->track[0].n_scored = 0;
        s->track[0].n_reasons = 0;
        free(s->track[0].picture[0].rgb);
        free(s->track[0].picture[1].rgb);
        free(s->track[0].picture[2].rgb);
        s->track[0].n_pictures = 0;
        fixture_reason(&s->track[0].reason[s->track[0].n_reasons++], BF_REASON_SMALL_FACE, 0, false,
                       "the face is 41 pixels wide, and under 64 nothing can be told");
        s->reason[s->n_reasons++] = s->track[0].reason[0];
        return;
    }
    s->n_tracks = 2;
    fixture_track(&s->track[0], 0, verdict == BF_SCORE_LIKELY_FAKE ? 2.6 : -2.6);
    fixture_track(&s->track[1], 1, -3);
    s->track[1].from_us = 12000000;
    s->likelihood = s->track[0].likelihood;
    s->low = s->track[0].low;
    s->high = s->track[0].high;
    s->n_reasons = s->track[0].n_reasons;
    memcpy(s->reason, s->track[0].reason, sizeof s->reason);
}

static inline void fixture_score_release(struct bf_score *s)
{
    size_t i, k;

    for (i = 0; i < s->n_tracks; i++) {
        for (k = 0; k < s->track[i].n_pictures; k++)
            free(s->track[i].picture[k].rgb);
        free(s->track[i].frame);
    }
    free(s->track);
    free(s->sample);
    *s = (struct bf_score){0};
}

#endif
