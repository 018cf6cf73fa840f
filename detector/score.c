#include "detector/score.h"
#include "detector/block_set.h"
#include "detector/score_nets.h"
#include "detector/score_reason.h"
#include "lib/base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FRAMES = 32, /* of a track */
    PATH_CAP = 4096,
    FILE_MAX = 4 << 20, /* bytes of calibration and card */
    CELLS = BF_SCORE_MAP * BF_SCORE_MAP,
    STEP_UNKNOWN_US = 200000, /* between looks where nobody knows how long the video is */
    WHOLE_US = 7000000,       /* shorter videos are looked at whole */
    /* of others BF_SCORE_STRETCH_US at a time, for some blinks and some words: */
    STRETCHES_MOST = 8,         /* in at most so many places */
    STRETCH_EACH_US = 30000000, /* and two at first, one more for each so much */
    YOUNG = 50,                 /* frames after which a track is not taken for an older one's */
};

const char *const bf_score_verdict_names[] = {"inconclusive", "likely-real", "likely-fake"};

/* A chip that waits for the network. */
struct waiting {
    size_t track; /* index of the gather */
    struct bf_score_frame frame;
    struct bf_score_picture picture; /* rgb NULL: none wanted */
};

struct bf_scorer {
    size_t n_wanted;
    bool pictures;
    struct bf_pool *pool;
    struct bf_face_reader *reader;
    struct bf_mark_reader *mark;
    struct bf_score_nets nets;
    struct bf_block_gather *blocks; /* of whoever watches */
    struct bf_calibration calibration;
    bool calibrated;
    struct bf_buf card;
    float *work; /* (BF_SCORE_PICTURE, BF_SCORE_PICTURE, 3) */

    /* of the video */
    struct bf_score_gather *gather; /* (BF_SCORE_TRACKS_MAX) */
    size_t n_gathers, n_left_out;
    uint32_t last_left_out;     /* the reader's tracks are numbered as they begin */
    const struct bf_face *face; /* (n_faces): of the frame at hand */
    size_t n_faces;
    struct waiting waiting[BF_SCORE_SWEEP];
    size_t n_waiting;
    struct bf_score_sample *sample;
    size_t n_samples, cap_samples;
    int64_t stride_us; /* from the start of a stretch to the next; 0: all is looked at */
    size_t n_stretches;
    int64_t step_us, from_us, to_us;
    uint64_t n_frames, n_analysed;
    uint32_t width, height;
};

/* --- opening
 * ------------------------------------------------------------------------------------------------
 */

static const char *in_dir(char path[PATH_CAP], const char *dir, const char *name)
{
    snprintf(path, PATH_CAP, "%s/%s", dir, name);
    return path;
}

enum bf_err bf_score_calibration(struct bf_calibration *c, const char *weights,
                                 struct bf_error *err)
{
    struct bf_buf text = {0};
    char path[PATH_CAP];
    enum bf_err rc = bf_file_read(&text, in_dir(path, weights, "calibration.json"), FILE_MAX, err);

    if (rc == BF_OK)
        rc = bf_calibration_parse(c, text.data, text.len, path, err);
    bf_buf_release(&text);
    return rc;
}

static enum bf_err open_tables(struct bf_scorer *s, const char *dir, bool uncalibrated,
                               struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc;

    if (uncalibrated)
        return BF_OK;
    rc = bf_score_calibration(&s->calibration, dir, err);
    s->calibrated = rc == BF_OK;
    in_dir(path, dir, "card.json");
    if (rc == BF_OK && access(path, F_OK) == 0) {
        rc = bf_file_read(&s->card, path, FILE_MAX, err);
        if (rc == BF_OK && !bf_buf_append(&s->card, "", 1))
            rc = bf_error_nomem(err);
    }
    return rc;
}

enum bf_err bf_scorer_create(struct bf_scorer **out, const struct bf_scorer_options *options,
                             struct bf_error *err)
{
    struct bf_scorer *s = calloc(1, sizeof *s);
    struct bf_face_reader_options how = {.n_threads =
                                             options->n_threads > 0 ? options->n_threads : 2};
    enum bf_err rc;

    *out = s;
    if (s == NULL)
        return bf_error_nomem(err);
    s->n_wanted = options->n_frames > 0 ? options->n_frames : FRAMES;
    if (s->n_wanted > BF_SCORE_FRAMES_MAX)
        s->n_wanted = BF_SCORE_FRAMES_MAX;
    s->pictures = !options->no_pictures;
    s->gather = calloc(BF_SCORE_TRACKS_MAX, sizeof *s->gather);
    s->work = malloc((size_t)BF_SCORE_PICTURE * BF_SCORE_PICTURE * 3 * sizeof *s->work);
    if (s->gather == NULL || s->work == NULL)
        rc = bf_error_nomem(err);
    else
        rc = bf_pool_create(&s->pool, how.n_threads, err);
    if (rc == BF_OK)
        rc = bf_score_nets_open(&s->nets, options->weights, options->baseline, s->pool, err);
    if (rc == BF_OK)
        rc = open_tables(s, options->weights, options->uncalibrated, err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&s->reader, options->models, &how, err);
    if (rc != BF_OK)
        bf_scorer_free(out);
    return rc;
}

static void forget_video(struct bf_scorer *s)
{
    size_t i;

    for (i = 0; s->gather != NULL && i < s->n_gathers; i++)
        bf_score_gather_release(&s->gather[i]);
    for (i = 0; i < s->n_waiting; i++)
        free(s->waiting[i].picture.rgb);
    free(s->sample);
    s->sample = NULL;
    s->n_gathers = s->n_waiting = s->n_samples = s->cap_samples = s->n_left_out = 0;
    s->last_left_out = 0;
    s->n_frames = s->n_analysed = 0;
    s->n_stretches = 0;
    s->from_us = s->to_us = 0;
    bf_mark_reader_free(&s->mark);
}

void bf_scorer_free(struct bf_scorer **out)
{
    struct bf_scorer *s = *out;

    if (s == NULL)
        return;
    forget_video(s);
    bf_face_reader_free(&s->reader);
    bf_score_nets_close(&s->nets);
    bf_pool_free(&s->pool);
    bf_buf_release(&s->card);
    free(s->gather);
    free(s->work);
    free(s);
    *out = NULL;
}

void bf_scorer_watch_blocks(struct bf_scorer *s, struct bf_block_gather *gather)
{
    s->blocks = gather;
}

const char *bf_scorer_card(const struct bf_scorer *s)
{
    return s->card.len > 0 ? (const char *)s->card.data : NULL;
}

enum bf_err bf_scorer_start(struct bf_scorer *s, const struct bf_video_info *info,
                            int64_t duration_us, struct bf_error *err)
{
    int64_t seen = duration_us;

    forget_video(s);
    bf_face_reader_restart(s->reader, info);
    s->mark = bf_mark_reader_create();
    s->width = info->width;
    s->height = info->height;
    s->stride_us = 0;
    if (duration_us > WHOLE_US) {
        int64_t n = 2 + (duration_us - WHOLE_US) / STRETCH_EACH_US;

        n = n < STRETCHES_MOST ? n : STRETCHES_MOST;
        s->stride_us = (duration_us - BF_SCORE_STRETCH_US) / (n - 1);
        seen = n * BF_SCORE_STRETCH_US;
    }
    s->step_us = seen > 0 ? seen / (int64_t)s->n_wanted : STEP_UNKNOWN_US;
    return s->mark != NULL ? BF_OK : bf_error_nomem(err);
}

int64_t bf_scorer_next_us(const struct bf_scorer *s, int64_t pts_us)
{
    int64_t into;

    if (s->stride_us <= BF_SCORE_STRETCH_US)
        return pts_us;
    into = (pts_us - s->from_us) % s->stride_us;
    return into < BF_SCORE_STRETCH_US ? pts_us : pts_us + s->stride_us - into;
}

/* --- frames
 * ------------------------------------------------------------------------------------------------
 */

/* All that wait, through the network and to their tracks. */
static void sweep(struct bf_scorer *s)
{
    struct bf_track_look look[BF_SCORE_SWEEP] = {0};
    size_t i, k;

    if (s->n_waiting == 0)
        return;
    for (i = 0; i < s->n_waiting; i++)
        look[i].frame = s->waiting[i].frame;
    bf_score_nets_look(look, &s->nets, s->n_waiting);
    for (i = 0; i < s->n_waiting; i++) {
        struct waiting *w = &s->waiting[i];

        for (k = 0; k < CELLS; k++) {
            look[i].area += look[i].map[k] > 0 ? 1.f / CELLS : 0;
            w->picture.map[k] = 1 / (1 + expf(-look[i].map[k]));
        }
        w->picture.logit = look[i].frame.logit;
        w->picture.pts_us = look[i].frame.pts_us;
        bf_score_gather_look(&s->gather[w->track], s->n_wanted, &look[i], &w->picture);
    }
    s->n_waiting = 0;
}

static enum bf_err picture_of(struct bf_score_picture *p, struct bf_scorer *s,
                              struct bf_face_view *view, const struct bf_affine *window,
                              struct bf_error *err)
{
    const float zoom = (float)BF_CHIP_WINDOW / BF_SCORE_PICTURE;
    const struct bf_affine larger = {.xx = zoom, .yy = zoom};
    struct bf_affine to = bf_affine_chain(&larger, window);
    size_t n = (size_t)BF_SCORE_PICTURE * BF_SCORE_PICTURE * 3, i;
    enum bf_err rc =
        bf_face_view_cut(s->work, view, BF_SCORE_PICTURE, &to, BF_FACE_EDGE_REPEAT, 1, 0, err);

    if (rc != BF_OK)
        return rc;
    p->rgb = malloc(n);
    if (p->rgb == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < n; i++)
        p->rgb[i] = (uint8_t)fminf(fmaxf(s->work[i] + 0.5f, 0), 255);
    return BF_OK;
}

/* One face for the network's next sweep. */
static enum bf_err queue(struct bf_scorer *s, size_t track, const struct bf_face *face,
                         const struct bf_point3 *mesh, int64_t pts_us, struct bf_error *err)
{
    struct bf_face_view *view = bf_face_reader_view(s->reader);
    struct waiting *w = &s->waiting[s->n_waiting];
    float *in = s->nets.window + s->n_waiting * BF_CHIP_WINDOW_FLOATS;
    struct bf_affine window;
    enum bf_err rc;

    if (!bf_chip_place_window(&window, mesh))
        return BF_OK;
    memset(w, 0, sizeof *w);
    w->track = track;
    w->frame = (struct bf_score_frame){pts_us, 0, face->quality};
    rc = bf_chip_cut_window(in, view, &window, err);
    if (rc == BF_OK && s->pictures)
        rc = picture_of(&w->picture, s, view, &window, err);
    if (rc != BF_OK)
        return rc;
    if (++s->n_waiting == BF_SCORE_SWEEP)
        sweep(s);
    s->gather[track].next_us = pts_us + s->gather[track].step_us;
    return BF_OK;
}

/* The face's points for the temporal network; a full block is judged, and half of it kept for the
 * next. */
static void add_points(struct bf_scorer *s, struct bf_score_gather *g, const struct bf_point3 *mesh,
                       int64_t pts_us)
{
    const size_t half = BF_TEMPORAL_FRAMES / 2 * BF_TEMPORAL_WIDTH;

    if ((s->nets.temporal.net == NULL && s->blocks == NULL) ||
        bf_slip_evidence_passed_over(g->slip))
        return;
    if (g->n_points > 0 && pts_us - g->points_us > BF_TEMPORAL_GAP_US)
        g->n_points = 0;
    g->points_us = pts_us;
    if (!bf_temporal_points(g->points + g->n_points * BF_TEMPORAL_WIDTH, mesh))
        return;
    bf_slip_evidence_last(g->points + g->n_points * BF_TEMPORAL_WIDTH + BF_TEMPORAL_PLACES,
                          g->slip);
    if (++g->n_points < BF_TEMPORAL_FRAMES)
        return;
    if (s->blocks != NULL)
        bf_block_gather_add(s->blocks, g->points);
    if (s->nets.temporal.net != NULL) {
        g->temporal_sum += (double)bf_score_nets_block(&s->nets, g->points);
        g->n_blocks++;
    }
    memmove(g->points, g->points + half, half * sizeof *g->points);
    g->n_points = BF_TEMPORAL_FRAMES / 2;
}

static bool is_here(const struct bf_scorer *s, uint32_t track)
{
    size_t i;

    for (i = 0; i < s->n_faces; i++)
        if (s->face[i].track == track)
            return true;
    return false;
}

/* Somebody who was seen before and is not now: a cut, or what was left out of a long video, ends a
 * track, but not a person. */
static size_t seen_before(const struct bf_scorer *s, const float *identity)
{
    size_t i;

    for (i = 0; i < s->n_gathers; i++)
        if (s->gather[i].known && !is_here(s, s->gather[i].reader_track) &&
            bf_identity_likeness(s->gather[i].identity, identity) > BF_IDENTITY_SAME)
            return i;
    return SIZE_MAX;
}

/* Who somebody is may be known some frames after the track has begun: the gather at young is that
 * of the one at old. Returns where that one is then. */
static size_t join(struct bf_scorer *s, size_t old, size_t young, enum bf_err *rc,
                   struct bf_error *err)
{
    const uint32_t from = s->gather[young].track, to = s->gather[old].track;
    const size_t last = s->n_gathers - 1;
    size_t i;

    *rc = bf_score_gather_join(&s->gather[old], &s->gather[young], s->n_wanted, err);
    for (i = 0; i < s->n_samples; i++)
        if (s->sample[i].track == from)
            s->sample[i].track = to;
    for (i = 0; i < s->n_waiting; i++) {
        if (s->waiting[i].track == young)
            s->waiting[i].track = old;
        if (s->waiting[i].track == last)
            s->waiting[i].track = young;
    }
    s->gather[young] = s->gather[last];
    memset(&s->gather[last], 0, sizeof s->gather[last]);
    s->n_gathers--;
    return old == last ? young : old;
}

/* The place of a track's gather; SIZE_MAX where there is no room for another. */
static size_t gather_of(struct bf_scorer *s, uint32_t track, int64_t pts_us, enum bf_err *rc,
                        struct bf_error *err)
{
    const float *identity = bf_face_reader_identity(s->reader, track);
    struct bf_score_gather *g;
    size_t i = 0, before;

    while (i < s->n_gathers && s->gather[i].reader_track != track)
        i++;
    if (identity != NULL &&
        (i == s->n_gathers || (!s->gather[i].known && s->gather[i].n_frames < YOUNG))) {
        before = seen_before(s, identity);
        if (before != SIZE_MAX)
            i = i < s->n_gathers ? join(s, before, i, rc, err) : before;
    }
    if (i == BF_SCORE_TRACKS_MAX) {
        s->n_left_out += track > s->last_left_out;
        s->last_left_out = track > s->last_left_out ? track : s->last_left_out;
        return SIZE_MAX;
    }
    g = &s->gather[i];
    if (*rc == BF_OK && i == s->n_gathers) {
        *rc = bf_score_gather_init(g, track, s->n_wanted, s->step_us, pts_us, err);
        s->n_gathers += *rc == BF_OK;
    }
    if (*rc != BF_OK)
        return SIZE_MAX;
    g->reader_track = track;
    if (identity != NULL) {
        memcpy(g->identity, identity, sizeof g->identity);
        g->known = true;
    }
    return i;
}

static enum bf_err add_sample(struct bf_scorer *s, const struct bf_score_sample *sample,
                              struct bf_error *err)
{
    struct bf_score_sample *more;
    size_t cap = 2 * s->cap_samples + 256;

    if (s->n_samples == s->cap_samples) {
        more = realloc(s->sample, cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        s->sample = more;
        s->cap_samples = cap;
    }
    s->sample[s->n_samples++] = *sample;
    return BF_OK;
}

static enum bf_err add_face(struct bf_scorer *s, const struct bf_face *face, int64_t pts_us,
                            struct bf_error *err)
{
    struct bf_face_view *view = bf_face_reader_view(s->reader);
    struct bf_point3 mesh[BF_FACE_POINTS];
    enum bf_err rc = BF_OK;
    size_t at = gather_of(s, face->track, pts_us, &rc, err);
    struct bf_score_gather *g;

    if (at == SIZE_MAX)
        return rc;
    g = &s->gather[at];
    bf_face_view_mesh(mesh, view, face);
    rc = bf_score_gather_frame(g, face, mesh, view, pts_us, err);
    add_points(s, g, mesh, pts_us);
    if (rc == BF_OK && bf_score_gather_wants(g, pts_us))
        rc = queue(s, at, face, mesh, pts_us, err);
    return rc == BF_OK
               ? add_sample(s,
                            &(struct bf_score_sample){pts_us, g->track, face->openness,
                                                      bf_motion_evidence_pose_gap(g->motion)},
                            err)
               : rc;
}

static enum bf_err add_blinks(struct bf_scorer *s, struct bf_error *err)
{
    size_t n, i, k;
    const struct bf_blink *blink = bf_face_reader_blinks(s->reader, &n);
    enum bf_err rc = BF_OK;

    for (i = 0; i < n; i++)
        for (k = 0; k < s->n_gathers && rc == BF_OK; k++)
            if (s->gather[k].reader_track == blink[i].track)
                rc = bf_motion_evidence_blink(s->gather[k].motion, &blink[i], err);
    return rc;
}

enum bf_err bf_scorer_frame(struct bf_scorer *s, const struct bf_frame *frame, struct bf_error *err)
{
    size_t i;
    enum bf_err rc = bf_mark_reader_add(s->mark, frame, err);

    if (s->n_frames++ == 0)
        s->from_us = frame->pts_us;
    s->to_us = frame->pts_us;
    if (rc != BF_OK || bf_scorer_next_us(s, frame->pts_us) > frame->pts_us)
        return rc;
    rc = bf_face_reader_next(s->reader, &s->face, &s->n_faces, frame, err);
    s->n_analysed++;
    if (s->stride_us > BF_SCORE_STRETCH_US)
        s->n_stretches = (size_t)((frame->pts_us - s->from_us) / s->stride_us) + 1;
    for (i = 0; i < s->n_faces && rc == BF_OK; i++)
        rc = add_face(s, &s->face[i], frame->pts_us, err);
    return rc == BF_OK ? add_blinks(s, err) : rc;
}

/* --- the end
 * ------------------------------------------------------------------------------------------------
 */

/* Scored before not scored, then the more suspicious, then the one seen more. */
static int more_suspicious(const void *a, const void *b)
{
    const struct bf_score_track *x = a, *y = b;
    double p = isnan(x->likelihood) ? -1 : x->likelihood,
           q = isnan(y->likelihood) ? -1 : y->likelihood;

    if (p > q || p < q)
        return p > q ? -1 : 1;
    return x->n_frames > y->n_frames ? -1 : x->n_frames < y->n_frames;
}

enum bf_err bf_scorer_finish(struct bf_score *score, struct bf_scorer *s, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    memset(score, 0, sizeof *score);
    sweep(s);
    score->track = calloc(s->n_gathers + 1, sizeof *score->track);
    if (score->track == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < s->n_gathers && rc == BF_OK; i++, score->n_tracks++)
        rc = bf_score_gather_finish(&score->track[i], &s->gather[i],
                                    s->calibrated ? &s->calibration : NULL, err);
    qsort(score->track, score->n_tracks, sizeof *score->track, more_suspicious);
    score->n_tracks_left_out = s->n_left_out;
    score->sample = s->sample;
    score->n_samples = s->n_samples;
    s->sample = NULL;
    s->n_samples = s->cap_samples = 0;
    bf_mark_reader_finish(&score->mark, s->mark);
    score->n_frames = s->n_frames;
    score->n_analysed = s->n_analysed;
    score->n_stretches = s->n_stretches;
    score->from_us = s->from_us;
    score->to_us = s->to_us;
    score->width = s->width;
    score->height = s->height;
    bf_score_judge(score);
    if (rc != BF_OK)
        bf_score_release(score);
    return rc;
}

void bf_score_release(struct bf_score *score)
{
    size_t i, k;

    for (i = 0; i < score->n_tracks; i++) {
        free(score->track[i].frame);
        for (k = 0; k < score->track[i].n_pictures; k++)
            free(score->track[i].picture[k].rgb);
    }
    free(score->track);
    free(score->sample);
    memset(score, 0, sizeof *score);
}
