#include "lib/face/face_reader.h"
#include "lib/face/face_cut.h"
#include "lib/face/face_identity.h"
#include "lib/face/face_quality.h"
#include "lib/face/head_pose.h"
#include "lib/face/landmark_filter.h"
#include "lib/nn/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BLINKS_MAX = 64,
    SWEEP_EVERY = 2,  /* frames between two looks of the detector */
    WHOLE_EVERY = 3,  /* looks between two at the whole picture; the others are at tiles */
    FRESH_TILES = 64, /* looked at at once where a scene begins */
    LOOK_LOST = 8,    /* frames for which a lost face is looked for where it should be */
    MESH_ROUNDS = 2,  /* of a face that was just found: its crop is rough at first */
};

#define FOUND_SCORE 0.5f
#define PRESENT 0.5f     /* that a face that was there still is */
#define PRESENT_NEW 0.6f /* that one just found is one */
#define STRONG_SCORE 0.75f
#define STRONG_PRESENCE 0.9f
#define SAME_PLACE 0.35f   /* shared part of two boxes' union */
#define CONFIRM_US 1000000 /* a face that the detector has not seen for so long is shown to it */
#define UNCONFIRMED_US 2500000
#define LOOK_SIDE 4.0f /* of a face's size: what is searched for one who is lost */
#define IDENTITY_EVERY_US 1000000
#define IDENTITY_SIZE 40.0f /* pixels */
#define IDENTITY_TURN 50.0f /* degrees */
#define EYES_SIZE 40.0f
#define EYE_HIDDEN 35.0f /* degrees of yaw past which the far eye says nothing */
#define EYES_TURN 65.0f  /* and past which neither does */

/* A face seen in this frame. */
struct seen {
    struct bf_face_landmarks marks;
    struct bf_face_box box;
    float score; /* of the detector in this frame; 0 where it did not look or did not find it */
    bool has_identity;
    float identity[BF_IDENTITY_DIM];
};

/* What is remembered of the person in a slot of the tracks. */
struct person {
    uint32_t serial; /* the track's */
    struct bf_face_crop crop;
    float score;
    int64_t score_us, identity_us;
    struct bf_landmark_filter filter;
    struct bf_blink_watch blink;
};

struct bf_face_reader {
    struct bf_face_reader_options options;
    struct bf_pool *pool;
    struct bf_face_view *view;
    struct bf_face_detector *detector;
    struct bf_face_mesh *mesh;
    struct bf_face_identity *identity;
    struct bf_cut_watch cut;
    uint32_t sar_num, sar_den;
    float width, height, wide, high; /* of the view */
    struct bf_face_tile tile[BF_TILES_MAX];
    size_t n_tiles, next_tile;
    int last_slot; /* that was searched for */
    uint64_t n_frames;
    int64_t pts_us;
    struct bf_face_found found[BF_FOUND_MAX];
    struct seen *seen; /* (BF_FACES_MAX) */
    size_t n_seen;
    struct bf_face_tracks *tracks;
    struct person *person[BF_FACES_MAX];
    struct bf_face *face; /* (BF_FACES_MAX) */
    size_t n_faces;
    struct bf_blink blink[BLINKS_MAX];
    size_t n_blinks;
    struct bf_face_times times;
};

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void spend(int64_t *on, int64_t *since)
{
    int64_t now = clock_ns();

    *on += now - *since;
    *since = now;
}

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

static float area(const struct bf_face_box *b)
{
    return b->right > b->left && b->bottom > b->top ? (b->right - b->left) * (b->bottom - b->top)
                                                    : 0;
}

static float shared_area(const struct bf_face_box *a, const struct bf_face_box *b)
{
    const struct bf_face_box both = {fmaxf(a->left, b->left), fmaxf(a->top, b->top),
                                     fminf(a->right, b->right), fminf(a->bottom, b->bottom)};

    return area(&both);
}

/* Two boxes of one face, of the mesh's and the detector's kind or of one kind. */
static bool same_face(const struct bf_face_box *a, const struct bf_face_box *b)
{
    float shared = shared_area(a, b);

    return shared > SAME_PLACE * (area(a) + area(b) - shared) ||
           shared > 0.7f * fminf(area(a), area(b));
}

static float box_size(const struct bf_face_box *b)
{
    return (b->right - b->left + b->bottom - b->top) / 2;
}

/* Runs the mesh in crop; *good where it is a face that no other of this frame is. */
static enum bf_err look(bool *good, struct bf_face_reader *r, const struct bf_face_crop *crop,
                        float presence, float score, struct bf_error *err)
{
    struct seen *s = &r->seen[r->n_seen];
    enum bf_err rc;
    size_t i;

    *good = false;
    if (r->n_seen == BF_FACES_MAX)
        return BF_OK;
    rc = bf_face_mesh_run(&s->marks, r->mesh, r->view, crop, err);
    r->times.n_mesh++;
    if (rc != BF_OK || s->marks.presence < presence ||
        !bf_face_mesh_plausible(s->marks.point, crop))
        return rc;
    s->box = bf_face_mesh_box(s->marks.point);
    s->score = score;
    s->has_identity = false;
    for (i = 0; i < r->n_seen; i++)
        if (same_face(&s->box, &r->seen[i].box))
            return BF_OK;
    *good = true;
    return BF_OK;
}

/* Those who were there before, each where he should be now. */
static enum bf_err follow(struct bf_face_reader *r, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    int i;

    for (i = 0; rc == BF_OK && i < BF_FACES_MAX; i++) {
        const struct bf_face_track *t = &r->tracks->slot[i];
        struct person *p = r->person[i];
        struct bf_face_crop crop;
        struct bf_point2 at;
        bool good;

        if (t->state == BF_TRACK_FREE || p == NULL || p->serial != t->serial)
            continue;
        if (t->state == BF_TRACK_LOST && r->pts_us - t->seen_us > LOOK_LOST * 40000)
            continue;
        at = bf_face_track_predict(NULL, t, r->pts_us);
        crop = p->crop;
        crop.x += at.x - t->centre.x;
        crop.y += at.y - t->centre.y;
        rc = look(&good, r, &crop, PRESENT, 0, err);
        if (rc == BF_OK && good)
            r->n_seen++;
    }
    return rc;
}

/* What the detector finds that is not among the seen. */
static enum bf_err take_found(struct bf_face_reader *r, size_t n, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i, k;

    for (i = 0; rc == BF_OK && i < n; i++) {
        const struct bf_face_found *f = &r->found[i];
        struct bf_face_crop crop = bf_face_crop_of_found(f);
        bool good = true;
        int round;

        for (k = 0; k < r->n_seen; k++)
            if (same_face(&f->box, &r->seen[k].box))
                break;
        if (k < r->n_seen) {
            r->seen[k].score = fmaxf(r->seen[k].score, f->score);
            continue;
        }
        for (round = 0; rc == BF_OK && good && round < MESH_ROUNDS; round++) {
            rc = look(&good, r, &crop, PRESENT_NEW, f->score, err);
            if (rc == BF_OK && good)
                crop = bf_face_crop_of_mesh(r->seen[r->n_seen].marks.point);
        }
        if (rc == BF_OK && good)
            r->n_seen++;
    }
    return rc;
}

/* The surroundings of somebody who was lost, or whom the detector has not seen for a while; false
 * where there is nobody. */
static bool look_where(struct bf_face_tile *tile, struct bf_face_reader *r)
{
    int i;

    for (i = 1; i <= BF_FACES_MAX; i++) {
        int slot = (r->last_slot + i) % BF_FACES_MAX;
        const struct bf_face_track *t = &r->tracks->slot[slot];
        const struct person *p = r->person[slot];
        struct bf_point2 at;
        float size;

        if (t->state == BF_TRACK_FREE || p == NULL || p->serial != t->serial ||
            (t->state != BF_TRACK_LOST && r->pts_us - p->score_us < CONFIRM_US))
            continue;
        at = bf_face_track_predict(&size, t, r->pts_us);
        *tile = (struct bf_face_tile){at.x, at.y, LOOK_SIDE * size};
        r->last_slot = slot;
        return true;
    }
    return false;
}

/* The detector's share of this frame: many tiles where a scene begins, else one of them by turns,
 * or where somebody needs looking for. */
static enum bf_err detect(struct bf_face_reader *r, bool fresh, struct bf_error *err)
{
    size_t n = 0, n_now = 1, i;
    enum bf_err rc = BF_OK;
    struct bf_face_tile tile = r->tile[0];
    uint64_t turn = r->n_frames / SWEEP_EVERY;

    if (fresh) {
        n_now = r->n_tiles < FRESH_TILES ? r->n_tiles : FRESH_TILES;
        r->next_tile = n_now;
    } else if (r->n_frames % SWEEP_EVERY != 0) {
        n_now = look_where(&tile, r);
    } else if (r->n_tiles > 1 && turn % WHOLE_EVERY != 0) {
        /* Tile 0 is the whole picture, and has its own turn. */
        r->next_tile = r->next_tile < r->n_tiles ? r->next_tile : 1;
        tile = r->tile[r->next_tile++];
    }
    /* Merged tile by tile, for a crowd is found many times over. */
    for (i = 0; rc == BF_OK && i < n_now; i++) {
        rc = bf_face_detector_run(r->found, &n, r->detector, r->view, fresh ? &r->tile[i] : &tile,
                                  FOUND_SCORE, err);
        n = bf_face_found_merge(r->found, n);
        r->times.n_detect++;
    }
    return rc == BF_OK ? take_found(r, n, err) : rc;
}

static enum bf_err identify(struct bf_face_reader *r, struct seen *s, struct bf_error *err)
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
        struct seen *s = &r->seen[i];

        sight[i] = (struct bf_face_sight){
            .centre = {(s->box.left + s->box.right) / 2, (s->box.top + s->box.bottom) / 2},
            .size = box_size(&s->box),
            .strong = s->score >= STRONG_SCORE && s->marks.presence >= STRONG_PRESENCE};
        if (bf_face_tracks_wants_identity(r->tracks, &sight[i], r->pts_us))
            rc = identify(r, s, err);
        if (s->has_identity)
            sight[i].identity = s->identity;
    }
    return rc == BF_OK ? bf_face_tracks_assign(slot_of, r->tracks, sight, r->n_seen, r->pts_us, err)
                       : rc;
}

/* The person in a slot, a new one where the track is. */
static struct person *person_of(struct bf_face_reader *r, int slot)
{
    struct person *p = r->person[slot];
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

/* One gap for both eyes: by how well each can be seen. Negative where neither can. */
static float gap_of(const struct bf_face_eye *eye, const struct bf_head_pose *pose)
{
    if (fabsf(pose->yaw_deg) > EYES_TURN || fabsf(pose->pitch_deg) > EYES_TURN)
        return -1;
    /* With the nose to the picture's right the left eye is the far one. */
    if (pose->yaw_deg > EYE_HIDDEN)
        return eye[BF_EYE_RIGHT].gap;
    if (pose->yaw_deg < -EYE_HIDDEN)
        return eye[BF_EYE_LEFT].gap;
    return (eye[BF_EYE_RIGHT].gap + eye[BF_EYE_LEFT].gap) / 2;
}

static void to_shown(struct bf_face *f, float wide, float high)
{
    int i, e;

    for (i = 0; i < BF_FACE_POINTS; i++) {
        f->point[i].x /= wide;
        f->point[i].z /= wide;
        f->point[i].y /= high;
    }
    for (e = 0; e < BF_EYES; e++) {
        for (i = 0; i < BF_FACE_LID_POINTS; i++) {
            f->eye[e].lid[i].x /= wide;
            f->eye[e].lid[i].y /= high;
        }
        for (i = 0; i < BF_FACE_IRIS_POINTS; i++) {
            f->eye[e].iris[i].x /= wide;
            f->eye[e].iris[i].y /= high;
        }
    }
}

static void watch_eyes(struct bf_face_reader *r, struct bf_face *f, struct person *p, float gap)
{
    struct bf_blink b;

    if (bf_blink_watch_add(&b, &f->openness, &p->blink, r->pts_us, gap) &&
        r->n_blinks < BLINKS_MAX) {
        b.track = f->track;
        r->blink[r->n_blinks++] = b;
    }
}

/* Everything that is said of one face. */
static enum bf_err describe(struct bf_face_reader *r, struct seen *s, struct person *p,
                            const struct bf_face_track *t, struct bf_error *err)
{
    struct bf_face *f = &r->face[r->n_faces];
    float size = box_size(&s->box), gap = -1;
    int64_t since = clock_ns();
    enum bf_err rc = BF_OK;

    if (!r->options.no_eyes && size >= EYES_SIZE) {
        rc = bf_face_mesh_eyes(&s->marks, r->mesh, r->view, err);
        r->times.n_eyes++;
    }
    spend(&r->times.eyes, &since);
    if (rc != BF_OK)
        return rc;
    *f = (struct bf_face){.track = t->id, .score = p->score, .presence = s->marks.presence};
    memcpy(f->point, s->marks.point, sizeof f->point);
    memcpy(f->eye, s->marks.eye, sizeof f->eye);
    if (!r->options.raw)
        bf_landmark_filter_apply(&p->filter, f->point, f->eye, size, r->pts_us);
    if (!bf_head_pose_of_mesh(&f->pose, f->point, r->width, r->height))
        return BF_OK; /* no head stands like that */
    if (!r->options.no_eyes && size >= EYES_SIZE)
        gap = gap_of(s->marks.eye, &f->pose);
    watch_eyes(r, f, p, gap);
    rc = bf_face_sharpness(&f->sharpness, r->view, f->point, err);
    f->quality = bf_face_quality(size, f->sharpness, &f->pose, f->presence);
    to_shown(f, r->wide, r->high);
    f->box = bf_face_mesh_box(f->point);
    r->n_faces++;
    spend(&r->times.rest, &since);
    return rc;
}

/* A descriptor now and then, and soon after a person appears. */
static enum bf_err hear(struct bf_face_reader *r, struct seen *s, int slot, struct bf_error *err)
{
    const struct bf_face_track *t = &r->tracks->slot[slot];
    struct person *p = r->person[slot];
    enum bf_err rc;

    if (!s->has_identity) {
        bool due = t->n_seen >= 2 && t->state == BF_TRACK_SEEN &&
                   box_size(&s->box) >= IDENTITY_SIZE && s->marks.presence >= STRONG_PRESENCE &&
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

static enum bf_err report(struct bf_face_reader *r, const int *slot_of, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; rc == BF_OK && i < r->n_seen; i++) {
        struct bf_face_track *t;
        struct seen *s = &r->seen[i];
        struct person *p;
        int64_t since = clock_ns();

        if (slot_of[i] < 0)
            continue;
        t = &r->tracks->slot[slot_of[i]];
        p = person_of(r, slot_of[i]);
        if (p == NULL)
            return bf_error_nomem(err);
        rc = hear(r, s, slot_of[i], err);
        spend(&r->times.identity, &since);
        p = person_of(r, slot_of[i]);
        p->crop = bf_face_crop_of_mesh(s->marks.point);
        if (s->score > 0) {
            p->score = s->score;
            p->score_us = r->pts_us;
        }
        if (r->pts_us - p->score_us > UNCONFIRMED_US && s->marks.presence < STRONG_PRESENCE) {
            /* Followed for long, and the detector has never agreed. */
            t->state = BF_TRACK_FREE;
            continue;
        }
        if (rc == BF_OK && t->state == BF_TRACK_SEEN)
            rc = describe(r, s, p, t, err);
    }
    qsort(r->face, r->n_faces, sizeof *r->face, by_track);
    return rc;
}

enum bf_err bf_face_reader_next(struct bf_face_reader *r, const struct bf_face **faces, size_t *n,
                                const struct bf_frame *frame, struct bf_error *err)
{
    int slot_of[BF_FACES_MAX];
    int64_t since = clock_ns();
    bool cut = false;
    float width = r->width, height = r->height;
    enum bf_err rc = bf_face_view_set(r->view, frame, r->sar_num, r->sar_den, err);

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
    spend(&r->times.view, &since);
    rc = follow(r, err);
    spend(&r->times.mesh, &since);
    if (rc == BF_OK)
        rc = detect(r, cut, err);
    spend(&r->times.detect, &since);
    if (rc == BF_OK)
        rc = assign(slot_of, r, err);
    spend(&r->times.identity, &since);
    if (rc == BF_OK)
        rc = report(r, slot_of, err);
    r->n_frames++;
    r->times.n_frames++;
    *n = rc == BF_OK ? r->n_faces : 0;
    return rc;
}
