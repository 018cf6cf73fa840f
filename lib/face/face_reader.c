#include "lib/face/face_reader_impl.h"
#include "lib/face/head_pose.h"
#include "lib/nn/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_SURE 0.7f /* of the detector, that may confirm a face */
/* Denied so often, a face that the detector was never sure of is none; one that it once was sure of
 * has gone, and what is followed is something else, if that also goes on for so long. */
#define DENIED_DOUBTFUL 2
#define DENIED 8
#define DENIED_US 3000000
#define IDENTITY_EVERY_US 1000000
#define IDENTITY_SIZE 40.0f /* pixels */
#define IDENTITY_TURN 50.0f /* degrees */

enum bf_err bf_face_reader_create(struct bf_face_reader **out, const char *models,
                                  const struct bf_face_reader_options *options,
                                  struct bf_error *err)
{
    struct bf_face_reader *r = calloc(1, sizeof *r);
    enum bf_err rc;

    *out = NULL;
    if (r == NULL)
        return bf_error_nomem(err);
    if (options != NULL)
        r->options = *options;
    if (r->options.n_threads == 0)
        r->options.n_threads = 2;
    if (!(r->options.smallest > 0))
        r->options.smallest = 24;
    r->sar_num = r->sar_den = 1;
    rc = bf_pool_create(&r->pool, r->options.n_threads, err);
    if (rc == BF_OK)
        rc = bf_face_detector_open(&r->detector, models, r->pool, err);
    if (rc == BF_OK)
        rc = bf_face_mesh_open(&r->mesh, models, r->pool, err);
    if (rc == BF_OK)
        rc = bf_face_identity_open(&r->identity, models, r->pool, err);
    r->view = bf_face_view_create();
    r->seen = malloc(BF_FACES_MAX * sizeof *r->seen);
    r->face = malloc(BF_FACES_MAX * sizeof *r->face);
    r->tracks = calloc(1, sizeof *r->tracks);
    if (rc == BF_OK && (r->view == NULL || r->seen == NULL || r->face == NULL || r->tracks == NULL))
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        *out = r;
    else
        bf_face_reader_free(&r);
    return rc;
}

static void forget_people(struct bf_face_reader *r)
{
    int i;

    for (i = 0; i < BF_FACES_MAX; i++) {
        free(r->person[i]);
        r->person[i] = NULL;
    }
}

void bf_face_reader_free(struct bf_face_reader **r)
{
    if (*r == NULL)
        return;
    forget_people(*r);
    bf_face_identity_close(&(*r)->identity);
    bf_face_mesh_close(&(*r)->mesh);
    bf_face_detector_close(&(*r)->detector);
    bf_face_view_free(&(*r)->view);
    bf_pool_free(&(*r)->pool);
    free((*r)->seen);
    free((*r)->face);
    free((*r)->tracks);
    free(*r);
    *r = NULL;
}

void bf_face_reader_restart(struct bf_face_reader *r, const struct bf_video_info *info)
{
    forget_people(r);
    memset(r->tracks, 0, sizeof *r->tracks);
    memset(&r->cut, 0, sizeof r->cut);
    r->sar_num = info->sar_num;
    r->sar_den = info->sar_den;
    r->n_faces = r->n_blinks = r->n_tiles = 0;
    r->n_frames = 0;
    r->last_slot = 0;
}

struct bf_face_view *bf_face_reader_view(const struct bf_face_reader *r)
{
    return r->view;
}

const struct bf_blink *bf_face_reader_blinks(const struct bf_face_reader *r, size_t *n)
{
    *n = r->n_blinks;
    return r->blink;
}

const float *bf_face_reader_identity(const struct bf_face_reader *r, uint32_t track)
{
    int i;

    for (i = 0; i < BF_FACES_MAX; i++)
        if (r->tracks->slot[i].id == track && r->tracks->slot[i].n_identity > 0)
            return r->tracks->slot[i].identity;
    return NULL;
}

const struct bf_face_times *bf_face_reader_times(const struct bf_face_reader *r)
{
    return &r->times;
}

static enum bf_err identify(struct bf_face_reader *r, struct bf_face_seen *s, struct bf_error *err)
{
    if (s->has_identity)
        return BF_OK;
    s->has_identity = true;
    r->times.n_identity++;
    return bf_face_identity_run(s->identity, r->identity, r->view, s->marks.point, err);
}

/* Hands the seen to the tracks; slot_of is (n_seen). */
static enum bf_err assign(int *slot_of, struct bf_face_reader *r, struct bf_error *err)
{
    struct bf_face_sight sight[BF_FACES_MAX];
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; rc == BF_OK && i < r->n_seen; i++) {
        struct bf_face_seen *s = &r->seen[i];

        sight[i] = (struct bf_face_sight){
            .centre = {(s->box.left + s->box.right) / 2, (s->box.top + s->box.bottom) / 2},
            .size = bf_face_box_size(&s->box),
            .found = s->score >= FOUND_SURE,
            .strong = s->score >= BF_STRONG_SCORE && s->marks.presence >= BF_STRONG_PRESENCE};
        if (bf_face_tracks_wants_identity(r->tracks, &sight[i], r->pts_us))
            rc = identify(r, s, err);
        if (s->has_identity)
            sight[i].identity = s->identity;
    }
    return rc == BF_OK ? bf_face_tracks_assign(slot_of, r->tracks, sight, r->n_seen, r->pts_us, err)
                       : rc;
}

/* The person in a slot, a new one where the track is. */
static struct bf_face_person *person_of(struct bf_face_reader *r, int slot)
{
    struct bf_face_person *p = r->person[slot];
    uint32_t serial = r->tracks->slot[slot].serial;

    if (p == NULL)
        p = r->person[slot] = calloc(1, sizeof *p);
    if (p == NULL || p->serial == serial)
        return p;
    memset(p, 0, sizeof *p);
    p->serial = serial;
    p->score_us = r->pts_us;
    bf_blink_watch_init(&p->blink);
    return p;
}

/* A descriptor now and then, and soon after a person appears. */
static enum bf_err hear(struct bf_face_reader *r, struct bf_face_seen *s, int slot,
                        struct bf_error *err)
{
    const struct bf_face_track *t = &r->tracks->slot[slot];
    struct bf_face_person *p = r->person[slot];
    enum bf_err rc;

    if (!s->has_identity) {
        bool due = t->n_seen >= 2 && t->state == BF_TRACK_SEEN &&
                   bf_face_box_size(&s->box) >= IDENTITY_SIZE &&
                   s->marks.presence >= BF_STRONG_PRESENCE &&
                   (t->n_identity == 0 || r->pts_us - p->identity_us >= IDENTITY_EVERY_US);
        struct bf_head_pose pose;

        if (!due || !bf_head_pose_of_mesh(&pose, s->marks.point, r->width, r->height) ||
            fabsf(pose.yaw_deg) > IDENTITY_TURN)
            return BF_OK;
        rc = identify(r, s, err);
        if (rc != BF_OK)
            return rc;
    }
    p->identity_us = r->pts_us;
    bf_face_track_hear(r->tracks, slot, s->identity);
    return BF_OK;
}

static int by_track(const void *a, const void *b)
{
    uint32_t x = ((const struct bf_face *)a)->track, y = ((const struct bf_face *)b)->track;

    return x < y ? -1 : x > y;
}

/* The mesh network says face of much that is none, and follows it: the detector has the last word.
 */
static bool is_denied(const struct bf_face_reader *r, const struct bf_face_person *p)
{
    if (p->best_score < BF_STRONG_SCORE)
        return p->n_denied >= DENIED_DOUBTFUL;
    return p->n_denied >= DENIED && r->pts_us - p->score_us > DENIED_US;
}

static enum bf_err report(struct bf_face_reader *r, const int *slot_of, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; rc == BF_OK && i < r->n_seen; i++) {
        struct bf_face_track *t;
        struct bf_face_seen *s = &r->seen[i];
        struct bf_face_person *p;
        int64_t since;

        bf_face_times_spend(NULL, &since);
        if (slot_of[i] < 0)
            continue;
        t = &r->tracks->slot[slot_of[i]];
        p = person_of(r, slot_of[i]);
        if (p == NULL)
            return bf_error_nomem(err);
        rc = hear(r, s, slot_of[i], err);
        bf_face_times_spend(&r->times.identity, &since);
        p = person_of(r, slot_of[i]);
        p->crop = bf_face_crop_of_mesh(s->marks.point);
        if (s->score > 0) {
            p->score = s->score;
            p->best_score = s->score > p->best_score ? s->score : p->best_score;
            p->score_us = r->pts_us;
            p->n_denied = 0;
        } else if (slot_of[i] == r->looked_slot) {
            p->n_denied++;
        }
        if (is_denied(r, p)) {
            t->state = BF_TRACK_FREE;
            continue;
        }
        if (rc == BF_OK && t->state == BF_TRACK_SEEN)
            rc = bf_face_reader_describe(r, s, p, t, err);
    }
    qsort(r->face, r->n_faces, sizeof *r->face, by_track);
    return rc;
}

enum bf_err bf_face_reader_next(struct bf_face_reader *r, const struct bf_face **faces, size_t *n,
                                const struct bf_frame *frame, struct bf_error *err)
{
    int slot_of[BF_FACES_MAX];
    int64_t since;
    bool cut = false;
    float width = r->width, height = r->height;
    enum bf_err rc;

    bf_face_times_spend(NULL, &since);
    rc = bf_face_view_set(r->view, frame, r->sar_num, r->sar_den, err);
    r->n_faces = r->n_blinks = r->n_seen = 0;
    *faces = r->face;
    *n = 0;
    r->pts_us = frame->pts_us;
    if (rc == BF_OK)
        rc = bf_cut_watch_add(&cut, &r->cut, r->view, err);
    if (rc != BF_OK)
        return rc;
    bf_face_view_size(r->view, &r->width, &r->height);
    bf_face_view_aspect(r->view, &r->wide, &r->high);
    if (r->n_tiles == 0 || width != r->width || height != r->height) {
        r->n_tiles = bf_face_tiles_plan(r->tile, r->width, r->height, r->options.smallest);
        cut = true;
    }
    if (cut)
        bf_face_tracks_end(r->tracks);
    bf_face_times_spend(&r->times.view, &since);
    rc = bf_face_reader_look(r, cut, err);
    bf_face_times_spend(NULL, &since);
    if (rc == BF_OK)
        rc = assign(slot_of, r, err);
    bf_face_times_spend(&r->times.identity, &since);
    if (rc == BF_OK)
        rc = report(r, slot_of, err);
    r->n_frames++;
    r->times.n_frames++;
    *n = rc == BF_OK ? r->n_faces : 0;
    return rc;
}
