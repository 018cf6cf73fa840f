#include "lib/face/face_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_US 1500000 /* a lost track */
#define TENTATIVE_FRAMES 4
#define FOUND_TWICE 2   /* the mesh network alone takes a pattern for a face and follows it */
#define RETURN_FRAMES 8 /* in which a new face may turn out to be somebody who was lost */
#define FAR 1e6f        /* the distance of what may not be */
/* Gates: how far from the expected place, in sizes, and how much larger or smaller. */
#define GATE_PLACE 0.6f
#define GATE_PLACE_LOST 1.2f /* more for each second out of sight */
#define GATE_SIZE 0.5f       /* of the logarithm */
#define VELOCITY_KEEP 0.6f
#define GROW_MOST 0.15f    /* of the logarithm */
#define MOVE_MOST 0.75f    /* sizes */
#define EXPECT_MOST_S 0.4f /* after so long out of sight one may have stopped */
/* Likeness of descriptors. */
#define OTHER 0.58f
#define IDENTITY_WEIGHT 2.0f

float bf_identity_likeness(const float *a, const float *b)
{
    float sum = 0;
    int i;

    for (i = 0; i < BF_IDENTITY_DIM; i++)
        sum += a[i] * b[i];
    return sum;
}

struct bf_point2 bf_face_track_predict(float *size, const struct bf_face_track *t, int64_t pts_us)
{
    float s = (float)(pts_us - t->seen_us) / 1e6f, grown, dx, dy, away;

    s = s < EXPECT_MOST_S ? s : EXPECT_MOST_S;
    /* Who is about to be hidden seems to grow and to rush: no further than this is believed. */
    grown = t->growth * s;
    grown = grown < -GROW_MOST ? -GROW_MOST : grown > GROW_MOST ? GROW_MOST : grown;
    dx = t->velocity.x * s;
    dy = t->velocity.y * s;
    away = hypotf(dx, dy) / (MOVE_MOST * t->size);
    away = away > 1 ? away : 1;
    if (size != NULL)
        *size = t->size * expf(grown);
    return (struct bf_point2){t->centre.x + dx / away, t->centre.y + dy / away};
}

/* Distance of a sight from where the track is expected, FAR where a gate is closed. */
static float place_distance(const struct bf_face_track *t, const struct bf_face_sight *s,
                            int64_t pts_us)
{
    float size, away = (float)(pts_us - t->seen_us) / 1e6f, ratio, d;
    struct bf_point2 at = bf_face_track_predict(&size, t, pts_us);

    d = hypotf(s->centre.x - at.x, s->centre.y - at.y) / (size > 1 ? size : 1);
    ratio = fabsf(logf((s->size > 1 ? s->size : 1) / (size > 1 ? size : 1)));
    if (d > GATE_PLACE + GATE_PLACE_LOST * (t->state == BF_TRACK_LOST ? away : 0) ||
        ratio > GATE_SIZE)
        return FAR;
    return d + ratio;
}

static float distance(const struct bf_face_track *t, const struct bf_face_sight *s, int64_t pts_us)
{
    float d = place_distance(t, s, pts_us), like;

    if (d >= FAR || s->identity == NULL || t->n_identity == 0)
        return d;
    like = bf_identity_likeness(s->identity, t->identity);
    /* Out of sight anybody may have come: who returns must look the same. */
    if (like < (t->state == BF_TRACK_LOST ? BF_IDENTITY_SAME : OTHER))
        return FAR;
    return d + IDENTITY_WEIGHT * (1 - like);
}

bool bf_face_tracks_wants_identity(const struct bf_face_tracks *t, const struct bf_face_sight *s,
                                   int64_t pts_us)
{
    unsigned n = 0, i;

    for (i = 0; i < BF_FACES_MAX; i++) {
        const struct bf_face_track *k = &t->slot[i];

        if (k->state == BF_TRACK_FREE || k->n_identity == 0 || place_distance(k, s, pts_us) >= FAR)
            continue;
        if (k->state == BF_TRACK_LOST)
            return true;
        n++;
    }
    return n > 1;
}

/*
 * Least sum: row i of cost (n, n) is given column column_of[i]. Shortest augmenting paths with
 * potentials; scratch holds 3 n floats behind 3 n ints.
 */
static void assign(int *column_of, const float *cost, int n, int *ints, float *floats)
{
    int *row_of = ints, *from = ints + (n + 1), *done = ints + 2 * (n + 1), i, j;
    float *u = floats, *v = floats + (n + 1), *least = floats + 2 * (n + 1);

    memset(ints, 0, 3 * (size_t)(n + 1) * sizeof *ints);
    memset(floats, 0, 3 * (size_t)(n + 1) * sizeof *floats);
    /* Rows and columns count from 1; column 0 stands for the row that wants a place. */
    for (i = 1; i <= n; i++) {
        int at = 0;

        row_of[0] = i;
        for (j = 0; j <= n; j++) {
            least[j] = INFINITY;
            done[j] = 0;
        }
        do {
            int row = row_of[at], next = 0;
            float step = INFINITY;

            done[at] = 1;
            for (j = 1; j <= n; j++) {
                float d;

                if (done[j])
                    continue;
                d = cost[(row - 1) * n + j - 1] - u[row] - v[j];
                if (d < least[j]) {
                    least[j] = d;
                    from[j] = at;
                }
                if (least[j] < step) {
                    step = least[j];
                    next = j;
                }
            }
            for (j = 0; j <= n; j++) {
                if (done[j]) {
                    u[row_of[j]] += step;
                    v[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            at = next;
        } while (row_of[at] != 0);
        while (at != 0) {
            row_of[at] = row_of[from[at]];
            at = from[at];
        }
    }
    for (j = 1; j <= n; j++)
        column_of[row_of[j] - 1] = j - 1;
}

static void see(struct bf_face_track *t, const struct bf_face_sight *s, int64_t pts_us)
{
    float dt = (float)(pts_us - t->seen_us) / 1e6f, keep = VELOCITY_KEEP;

    if (t->n_seen > 0 && dt > 0 && dt < EXPECT_MOST_S) {
        if (t->n_seen == 1)
            keep = 0;
        t->velocity.x = keep * t->velocity.x + (1 - keep) * (s->centre.x - t->centre.x) / dt;
        t->velocity.y = keep * t->velocity.y + (1 - keep) * (s->centre.y - t->centre.y) / dt;
        t->growth = keep * t->growth + (1 - keep) * logf(s->size / t->size) / dt;
    } else {
        t->velocity = (struct bf_point2){0, 0};
        t->growth = 0;
    }
    t->centre = s->centre;
    t->size = s->size > 1 ? s->size : 1;
    t->seen_us = pts_us;
    t->n_seen++;
    t->n_found += s->found;
    if (t->state == BF_TRACK_LOST)
        t->state = BF_TRACK_SEEN;
}

/* A lost track that the sight is in reach of, and where its identity is known the one most alike;
 * -1 where there is none. */
static int lost_near(const struct bf_face_tracks *t, const struct bf_face_sight *s, int64_t pts_us,
                     bool alike)
{
    float best = FAR;
    int found = -1, i;

    for (i = 0; i < BF_FACES_MAX; i++) {
        const struct bf_face_track *k = &t->slot[i];
        float d;

        if (k->state != BF_TRACK_LOST || (alike && k->n_identity == 0))
            continue;
        d = alike ? distance(k, s, pts_us) : place_distance(k, s, pts_us);
        if (d < best) {
            best = d;
            found = i;
        }
    }
    return found;
}

static int begin(struct bf_face_tracks *t, const struct bf_face_sight *s, int64_t pts_us)
{
    int i;

    for (i = 0; i < BF_FACES_MAX; i++) {
        struct bf_face_track *k = &t->slot[i];

        if (k->state != BF_TRACK_FREE)
            continue;
        memset(k, 0, sizeof *k);
        k->serial = ++t->n_serials;
        k->state = BF_TRACK_TENTATIVE;
        k->n_needed = lost_near(t, s, pts_us, false) >= 0 ? RETURN_FRAMES : 0;
        see(k, s, pts_us);
        return i;
    }
    return -1;
}

/* A tentative track becomes that of somebody who has come back, or one of its own. Returns the slot
 * it is now in. */
static int settle(struct bf_face_tracks *t, int slot, const struct bf_face_sight *s, int64_t pts_us)
{
    struct bf_face_track *k = &t->slot[slot];
    int back;

    if (k->state != BF_TRACK_TENTATIVE)
        return slot;
    back = s->identity != NULL ? lost_near(t, s, pts_us, true) : -1;
    if (back >= 0) {
        k->state = BF_TRACK_FREE;
        see(&t->slot[back], s, pts_us);
        return back;
    }
    if (k->n_needed == 0 && !s->strong)
        k->n_needed = TENTATIVE_FRAMES;
    if ((k->n_seen >= k->n_needed && (s->strong || k->n_found >= FOUND_TWICE)) ||
        (s->strong && k->n_needed <= TENTATIVE_FRAMES)) {
        k->state = BF_TRACK_SEEN;
        k->id = ++t->n_ids;
    }
    return slot;
}

static void lose(struct bf_face_track *k, int64_t pts_us)
{
    if (k->state == BF_TRACK_TENTATIVE || pts_us - k->seen_us > KEEP_US)
        k->state = BF_TRACK_FREE;
    else if (k->state == BF_TRACK_SEEN)
        k->state = BF_TRACK_LOST;
}

enum bf_err bf_face_tracks_assign(int *slot_of, struct bf_face_tracks *t,
                                  const struct bf_face_sight *sights, size_t n, int64_t pts_us,
                                  struct bf_error *err)
{
    int live[BF_FACES_MAX], n_live = 0, side, i, j;
    int column_of[BF_FACES_MAX];
    float *cost;
    int *ints;

    for (i = 0; i < BF_FACES_MAX; i++)
        if (t->slot[i].state != BF_TRACK_FREE)
            live[n_live++] = i;
    side = n_live > (int)n ? n_live : (int)n;
    for (i = 0; i < (int)n; i++)
        slot_of[i] = -1;
    if (side > 0) {
        cost = malloc(((size_t)side * (size_t)side + 3 * (size_t)(side + 1)) * sizeof *cost);
        ints = malloc(3 * (size_t)(side + 1) * sizeof *ints);
        if (cost == NULL || ints == NULL) {
            free(cost);
            free(ints);
            return bf_error_nomem(err);
        }
        for (i = 0; i < side; i++)
            for (j = 0; j < side; j++)
                cost[i * side + j] = i < (int)n && j < n_live
                                         ? distance(&t->slot[live[j]], &sights[i], pts_us)
                                         : FAR;
        assign(column_of, cost, side, ints, cost + (size_t)side * (size_t)side);
        for (i = 0; i < (int)n; i++)
            if (cost[i * side + column_of[i]] < FAR)
                slot_of[i] = live[column_of[i]];
        free(cost);
        free(ints);
    }
    for (j = 0; j < n_live; j++) {
        for (i = 0; i < (int)n && slot_of[i] != live[j]; i++)
            ;
        if (i == (int)n)
            lose(&t->slot[live[j]], pts_us);
    }
    for (i = 0; i < (int)n; i++) {
        if (slot_of[i] >= 0)
            see(&t->slot[slot_of[i]], &sights[i], pts_us);
        else
            slot_of[i] = begin(t, &sights[i], pts_us);
        if (slot_of[i] >= 0)
            slot_of[i] = settle(t, slot_of[i], &sights[i], pts_us);
    }
    return BF_OK;
}

static void learn(struct bf_face_track *k, const float *identity)
{
    float keep = k->n_identity < 8 ? (float)k->n_identity / (float)(k->n_identity + 1) : 0.88f,
          norm = 0;
    int i;

    for (i = 0; i < BF_IDENTITY_DIM; i++) {
        k->identity[i] = keep * k->identity[i] + (1 - keep) * identity[i];
        norm += k->identity[i] * k->identity[i];
    }
    norm = norm > 0 ? 1 / sqrtf(norm) : 0;
    for (i = 0; i < BF_IDENTITY_DIM; i++)
        k->identity[i] *= norm;
    k->n_identity++;
    k->n_other = 0;
}

bool bf_face_track_hear(struct bf_face_tracks *t, int slot, const float *identity)
{
    struct bf_face_track *k = &t->slot[slot];

    if (k->n_identity == 0 || bf_identity_likeness(k->identity, identity) >= OTHER) {
        learn(k, identity);
        return true;
    }
    if (++k->n_other < 2)
        return true;
    k->serial = ++t->n_serials;
    if (k->id != 0)
        k->id = ++t->n_ids;
    k->n_identity = 0;
    learn(k, identity);
    return false;
}

void bf_face_tracks_end(struct bf_face_tracks *t)
{
    int i;

    for (i = 0; i < BF_FACES_MAX; i++)
        t->slot[i].state = BF_TRACK_FREE;
}
