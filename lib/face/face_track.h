/*
 * face_track.h - which face of this frame is whose of the frames before
 *
 * Faces seen in one frame are given to the tracks so that the sum of their distances is least
 * (Kuhn, 1955, as shortest augmenting paths), within gates of place, size and identity. Where a
 * face could be more than one person's, or somebody's who was out of sight, the identity descriptor
 * decides: a track ends sooner than it takes another person.
 */
#ifndef BF_FACE_TRACK_H
#define BF_FACE_TRACK_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/face/face.h"

#define BF_IDENTITY_DIM 1024
/* Two descriptors whose product is more than that are one person's. */
#define BF_IDENTITY_SAME 0.65f

/* A face seen in one frame. */
struct bf_face_sight {
    struct bf_point2 centre;
    float size;            /* mean side of its box */
    bool strong;           /* certain enough to be reported at once */
    bool found;            /* by the detector, in this frame */
    const float *identity; /* (BF_IDENTITY_DIM) of unit length; NULL where it was not computed */
};

enum bf_track_state {
    BF_TRACK_FREE,
    BF_TRACK_TENTATIVE, /* not yet sure to be a face: nothing is said of it */
    BF_TRACK_SEEN,      /* in the last frame */
    BF_TRACK_LOST,      /* a moment ago, and may come back */
};

struct bf_face_track {
    uint32_t id;     /* from 1, in the order in which they are reported; 0 while tentative */
    uint32_t serial; /* another for each person that was in the slot */
    enum bf_track_state state;
    struct bf_point2 centre, velocity; /* pixels, pixels a second */
    float size, growth;                /* growth: of the size's logarithm, a second */
    int64_t seen_us;
    unsigned n_seen, n_needed;       /* frames; before it is reported */
    unsigned n_found;                /* of them with the detector's word */
    unsigned n_identity, n_other;    /* descriptors heard; in a row that were not this person's */
    float identity[BF_IDENTITY_DIM]; /* mean of the descriptors, of unit length */
};

struct bf_face_tracks {
    struct bf_face_track slot[BF_FACES_MAX];
    uint32_t n_ids, n_serials; /* handed out so far */
};

/* Where a track is expected at pts_us; size may be NULL. */
struct bf_point2 bf_face_track_predict(float *size, const struct bf_face_track *t, int64_t pts_us);

/* Whether bf_face_tracks_assign should be told the sight's identity: it lies where more than one
 * track, or one that is lost, might be. */
bool bf_face_tracks_wants_identity(const struct bf_face_tracks *t, const struct bf_face_sight *s,
                                   int64_t pts_us);

/*
 * Give each of n sights, at most BF_FACES_MAX, a track, most of them the one they are nearest to. A
 * new face where somebody is lost is watched for some frames more, in which it may turn out to be
 * that person: slot_of (n) receives its slot, or -1 where
 * there is no room for another. Tracks not seen are lost, and freed once they have been for longer
 * than a second and a half, the tentative ones at once. pts_us rises from call to call.
 */
enum bf_err bf_face_tracks_assign(int *slot_of, struct bf_face_tracks *t,
                                  const struct bf_face_sight *sights, size_t n, int64_t pts_us,
                                  struct bf_error *err);

/* The track's person seen once more, as identity. false where for the second time in a row it was
 * somebody else: the track's id is then a new one, and the person's identity that one. */
bool bf_face_track_hear(struct bf_face_tracks *t, int slot, const float *identity);

/* A cut: what follows is another scene. */
void bf_face_tracks_end(struct bf_face_tracks *t);

/* Cosine of two descriptors of unit length. */
float bf_identity_likeness(const float *a, const float *b);

#endif
