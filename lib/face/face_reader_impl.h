/*
 * face_reader_impl.h - what the files that read faces share
 */
#ifndef BF_FACE_READER_IMPL_H
#define BF_FACE_READER_IMPL_H

#include "lib/face/face_box.h"
#include "lib/face/face_cut.h"
#include "lib/face/face_identity.h"
#include "lib/face/face_reader.h"
#include "lib/face/landmark_filter.h"

#define BF_BLINKS_MAX 64 /* that end in one frame */

/* From here on the networks are sure. */
#define BF_STRONG_PRESENCE 0.9f
#define BF_STRONG_SCORE 0.75f

/* A face seen in this frame. */
struct bf_face_seen {
    struct bf_face_landmarks marks;
    struct bf_face_box box;
    float score; /* of the detector in this frame; 0 where it did not look or did not find it */
    bool has_identity;
    float identity[BF_IDENTITY_DIM];
};

/* What is remembered of the person in a slot of the tracks. */
struct bf_face_person {
    uint32_t serial; /* the track's */
    struct bf_face_crop crop;
    float score, best_score; /* of the detector: the last, the best */
    unsigned n_denied;       /* looks of the detector in a row that did not find it */
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
    int last_slot, looked_slot; /* that was searched for; in this frame, or -1 */
    uint64_t n_frames;
    int64_t pts_us;
    struct bf_face_found found[BF_FOUND_MAX];
    struct bf_face_seen *seen; /* (BF_FACES_MAX) */
    size_t n_seen;
    struct bf_face_tracks *tracks;
    struct bf_face_person *person[BF_FACES_MAX];
    struct bf_face *face; /* (BF_FACES_MAX) */
    size_t n_faces;
    struct bf_blink blink[BF_BLINKS_MAX];
    size_t n_blinks;
    struct bf_face_times times;
};

/* Fills seen: those who were there, where they should be now, and whom the detector finds. fresh: a
 * scene begins. */
enum bf_err bf_face_reader_look(struct bf_face_reader *r, bool fresh, struct bf_error *err);

/* Adds to face all that is said of s, who is p on track t. */
enum bf_err bf_face_reader_describe(struct bf_face_reader *r, struct bf_face_seen *s,
                                    struct bf_face_person *p, const struct bf_face_track *t,
                                    struct bf_error *err);

/* Adds the time since *since to *on, and begins anew; on may be NULL. */
void bf_face_times_spend(int64_t *on, int64_t *since);

#endif
