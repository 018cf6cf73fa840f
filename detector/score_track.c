#include "detector/score_track.h"
#include "detector/score_reason.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = BF_SCORE_MAP * BF_SCORE_MAP, AT_FIRST = 64 };

enum bf_err bf_score_gather_init(struct bf_score_gather *g, uint32_t track, size_t n_wanted,
                                 int64_t step_us, int64_t pts_us, struct bf_error *err)
{
    memset(g, 0, sizeof *g);
    g->track = g->reader_track = track;
    g->from_us = pts_us;
    g->step_us = step_us;
    g->next_us = pts_us;
    g->motion = bf_motion_evidence_create();
    g->texture = bf_texture_evidence_create();
    g->slip = bf_slip_evidence_create();
    g->look = malloc(2 * n_wanted * sizeof *g->look);
    g->points = malloc(BF_TEMPORAL_FRAMES * BF_TEMPORAL_WIDTH * sizeof *g->points);
    if (g->motion == NULL || g->texture == NULL || g->slip == NULL || g->look == NULL ||
        g->points == NULL) {
        bf_score_gather_release(g);
        return bf_error_nomem(err);
    }
    return BF_OK;
}

void bf_score_gather_release(struct bf_score_gather *g)
{
    size_t i;

    bf_motion_evidence_free(&g->motion);
    bf_texture_evidence_free(&g->texture);
    bf_slip_evidence_free(&g->slip);
    for (i = 0; i < g->n_pictures; i++)
        free(g->picture[i].rgb);
    free(g->size);
    free(g->sharp);
    free(g->look);
    free(g->points);
    memset(g, 0, sizeof *g);
}

static enum bf_err count_frame(struct bf_score_gather *g, float size, float sharpness,
                               struct bf_error *err)
{
    size_t cap = 2 * g->cap_frames + AT_FIRST;
    float *more;

    if (g->n_frames == g->cap_frames) {
        more = realloc(g->size, cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        g->size = more;
        more = realloc(g->sharp, cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        g->sharp = more;
        g->cap_frames = cap;
    }
    g->size[g->n_frames] = size;
    g->sharp[g->n_frames++] = sharpness;
    return BF_OK;
}

enum bf_err bf_score_gather_frame(struct bf_score_gather *g, const struct bf_face *face,
                                  const struct bf_point3 *mesh, struct bf_face_view *view,
                                  int64_t pts_us, struct bf_error *err)
{
    float width, height;
    const struct bf_face_box *b = &face->box;
    enum bf_err rc =
        count_frame(g, 0.5f * (b->right - b->left + b->bottom - b->top), face->sharpness, err);

    bf_face_view_size(view, &width, &height);
    g->to_us = pts_us;
    if (rc == BF_OK)
        rc = bf_motion_evidence_add(g->motion, face, mesh, width, height, pts_us, err);
    if (rc == BF_OK)
        rc = bf_texture_evidence_add(g->texture, view, mesh, pts_us, err);
    return rc == BF_OK ? bf_slip_evidence_add(g->slip, view, mesh, pts_us, err) : rc;
}

bool bf_score_gather_wants(const struct bf_score_gather *g, int64_t pts_us)
{
    return pts_us >= g->next_us;
}

/* Every other look goes, and from now on half as many come: a video whose length nobody knew is
 * seen as evenly as one whose length was told. */
static void thin(struct bf_score_gather *g)
{
    size_t i;

    for (i = 0; 2 * i < g->n_looks; i++)
        g->look[i] = g->look[2 * i];
    g->n_looks = i;
    g->step_us *= 2;
}

static void show(struct bf_score_gather *g, struct bf_score_picture *p)
{
    size_t at = g->n_pictures;

    while (at > 0 && g->picture[at - 1].logit < p->logit)
        at--;
    if (at == BF_SCORE_SHOWN_MAX) {
        free(p->rgb);
        return;
    }
    if (g->n_pictures == BF_SCORE_SHOWN_MAX)
        free(g->picture[--g->n_pictures].rgb);
    memmove(&g->picture[at + 1], &g->picture[at], (g->n_pictures - at) * sizeof *p);
    g->picture[at] = *p;
    g->n_pictures++;
}

void bf_score_gather_look(struct bf_score_gather *g, size_t n_wanted,
                          const struct bf_track_look *look, struct bf_score_picture *picture)
{
    if (g->n_looks == 2 * n_wanted)
        thin(g);
    g->look[g->n_looks++] = *look;
    if (picture != NULL)
        show(g, picture);
}

enum bf_err bf_score_gather_join(struct bf_score_gather *g, struct bf_score_gather *young,
                                 size_t n_wanted, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; i < young->n_frames && rc == BF_OK; i++)
        rc = count_frame(g, young->size[i], young->sharp[i], err);
    for (i = 0; i < young->n_looks; i++)
        bf_score_gather_look(g, n_wanted, &young->look[i], NULL);
    for (i = 0; i < young->n_pictures; i++)
        show(g, &young->picture[i]);
    young->n_pictures = 0;
    g->reader_track = young->reader_track;
    g->to_us = young->to_us;
    g->next_us = young->next_us;
    bf_score_gather_release(young);
    return rc;
}

/* --- cues
 * ------------------------------------------------------------------------------------------------
 */

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x > y ? -1 : x < y;
}

static float median(const float *v, size_t n)
{
    float *copy = n > 0 ? malloc(n * sizeof *copy) : NULL, m;

    if (copy == NULL)
        return 0;
    memcpy(copy, v, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, descending);
    m = copy[n / 2];
    free(copy);
    return m;
}

float bf_score_gather_size(const struct bf_score_gather *g)
{
    return median(g->size, g->n_frames);
}

float bf_score_gather_sharpness(const struct bf_score_gather *g)
{
    return median(g->sharp, g->n_frames);
}

double bf_score_gather_baseline(const struct bf_score_gather *g)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < g->n_looks; i++)
        sum += (double)g->look[i].baseline;
    return g->n_looks > 0 ? sum / (double)g->n_looks : (double)NAN;
}

static void look_cues(double cue[BF_CUES], const struct bf_score_gather *g)
{
    double sum = 0, weight = 0, area = 0, peak = 0;
    float logit[2 * BF_SCORE_FRAMES_MAX], mean[CELLS] = {0}, best = -INFINITY;
    size_t n = g->n_looks, top = (n + 9) / 10, i, k;

    if (n == 0)
        return;
    for (i = 0; i < n; i++) {
        const struct bf_track_look *l = &g->look[i];
        double w = 0.1 + (double)l->frame.certainty;

        sum += w * (double)l->frame.logit;
        area += w * (double)l->area;
        weight += w;
        logit[i] = l->frame.logit;
        for (k = 0; k < CELLS; k++)
            mean[k] += l->map[k] / (float)n;
    }
    qsort(logit, n, sizeof *logit, descending);
    for (i = 0; i < top; i++)
        peak += (double)logit[i] / (double)top;
    for (k = 0; k < CELLS; k++)
        best = fmaxf(best, mean[k]);
    cue[BF_CUE_ARTIFACT] = sum / weight;
    cue[BF_CUE_ARTIFACT_PEAK] = peak;
    cue[BF_CUE_BLEND_AREA] = area / weight;
    cue[BF_CUE_BLEND_PEAK] = (double)best;
}

enum bf_err bf_score_gather_cues(double cue[BF_CUES], const struct bf_score_gather *g,
                                 struct bf_error *err)
{
    int i;

    for (i = 0; i < BF_CUES; i++)
        cue[i] = (double)NAN;
    look_cues(cue, g);
    if (g->n_blocks > 0)
        cue[BF_CUE_TEMPORAL] = g->temporal_sum / (double)g->n_blocks;
    bf_motion_evidence_finish(cue, g->motion);
    bf_texture_evidence_finish(cue, g->texture);
    return bf_slip_evidence_finish(cue, g->slip, err);
}

enum bf_err bf_score_gather_finish(struct bf_score_track *t, struct bf_score_gather *g,
                                   const struct bf_calibration *c, struct bf_error *err)
{
    size_t i;
    enum bf_err rc;

    memset(t, 0, sizeof *t);
    t->track = g->track;
    t->from_us = g->from_us;
    t->to_us = g->to_us;
    t->n_frames = g->n_frames;
    t->size = bf_score_gather_size(g);
    t->sharpness = bf_score_gather_sharpness(g);
    t->baseline = bf_score_gather_baseline(g);
    rc = bf_score_gather_cues(t->cue, g, err);
    if (rc != BF_OK)
        return rc;
    for (i = 0; i < BF_CUES; i++)
        t->percentile[i] =
            c != NULL ? bf_calibration_percentile(c, (enum bf_cue)i, t->cue[i]) : (double)NAN;
    t->frame = malloc((g->n_looks + 1) * sizeof *t->frame);
    if (t->frame == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < g->n_looks; i++)
        t->frame[i] = g->look[i].frame;
    t->n_scored = g->n_looks;
    memcpy(t->picture, g->picture, sizeof t->picture);
    t->n_pictures = g->n_pictures;
    g->n_pictures = 0;
    bf_score_judge_track(t, c);
    return BF_OK;
}
