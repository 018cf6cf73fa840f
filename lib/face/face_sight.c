#include "lib/face/face_reader_impl.h"
#include "lib/media/limits.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

enum {
    SWEEP_EVERY = 2,  /* frames between two looks of the detector */
    WHOLE_EVERY = 3,  /* looks between two at the whole picture; the others are at tiles */
    FRESH_TILES = 64, /* looked at at once where a scene begins */
    MESH_ROUNDS = 2,  /* of a face that was just found: its crop is rough at first */
};

#define FOUND_SCORE 0.5f
#define PRESENT 0.5f       /* that a face that was there still is */
#define PRESENT_NEW 0.6f   /* that one just found is one */
#define SAME_PLACE 0.35f   /* shared part of two boxes' union */
#define CONFIRM_US 1000000 /* a face that the detector has not seen for so long is shown to it */
#define LOOK_SIDE 4.0f     /* of a face's size: what is searched for one who is lost */
#define LOST_US 320000     /* for which a lost face is looked for where it should be */

void bf_face_times_spend(int64_t *on, int64_t *since)
{
    struct timespec t;
    int64_t now;

    clock_gettime(CLOCK_MONOTONIC, &t);
    now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    if (on != NULL)
        *on += now - *since;
    *since = now;
}

/* Two boxes of one face, of the mesh's and the detector's kind or of one kind. */
static bool same_face(const struct bf_face_box *a, const struct bf_face_box *b)
{
    return bf_face_box_same(a, b, SAME_PLACE, 0.7f);
}

/* Runs the mesh in crop; *good where it is a face that no other of this frame is. */
static enum bf_err look(bool *good, struct bf_face_reader *r, const struct bf_face_crop *crop,
                        float presence, float score, struct bf_error *err)
{
    struct bf_face_seen *s = &r->seen[r->n_seen];
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
    if (r->n_seen == bf_limit(BF_LIMIT_FACES))
        return bf_error_set(err, BF_ERR_LIMIT,
                            "frame %" PRIu64 " shows more faces than the limit of %" PRIu64,
                            r->n_frames, bf_limit(BF_LIMIT_FACES));
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
        struct bf_face_person *p = r->person[i];
        struct bf_face_crop crop;
        struct bf_point2 at;
        bool good;

        if (t->state == BF_TRACK_FREE || p == NULL || p->serial != t->serial)
            continue;
        if (t->state == BF_TRACK_LOST && r->pts_us - t->seen_us > LOST_US)
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

/* Whether the detector should be shown the surroundings of who is in a slot. */
static bool wants_look(const struct bf_face_reader *r, int slot, bool doubtful)
{
    const struct bf_face_track *t = &r->tracks->slot[slot];
    const struct bf_face_person *p = r->person[slot];

    if (t->state == BF_TRACK_FREE || p == NULL || p->serial != t->serial)
        return false;
    if (doubtful)
        return t->state != BF_TRACK_LOST && p->best_score < BF_STRONG_SCORE;
    return t->state == BF_TRACK_LOST || r->pts_us - p->score_us >= CONFIRM_US;
}

/* The surroundings of a face that may be none, else of somebody who was lost or whom the detector
 * has not seen for a while; false where there is nobody. */
static bool look_where(struct bf_face_tile *tile, struct bf_face_reader *r)
{
    int pass, i;

    for (pass = 0; pass < 2; pass++)
        for (i = 1; i <= BF_FACES_MAX; i++) {
            int slot = (r->last_slot + i) % BF_FACES_MAX;
            struct bf_point2 at;
            float size;

            if (!wants_look(r, slot, pass == 0))
                continue;
            at = bf_face_track_predict(&size, &r->tracks->slot[slot], r->pts_us);
            *tile = (struct bf_face_tile){at.x, at.y, LOOK_SIDE * size};
            r->last_slot = r->looked_slot = slot;
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

enum bf_err bf_face_reader_look(struct bf_face_reader *r, bool fresh, struct bf_error *err)
{
    int64_t since;
    enum bf_err rc;

    bf_face_times_spend(NULL, &since);
    r->n_seen = 0;
    r->looked_slot = -1;
    rc = follow(r, err);
    bf_face_times_spend(&r->times.mesh, &since);
    if (rc == BF_OK)
        rc = detect(r, fresh, err);
    bf_face_times_spend(&r->times.detect, &since);
    return rc;
}
