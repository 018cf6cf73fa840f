/*
 * face_json.h - what was seen of faces, one JSON object a line, schema bonafide.faces/1
 *
 * Written by hand, not by way of a tree of objects: a line holds some fifteen hundred numbers, and
 * there is one for every face of every frame.
 */
#ifndef BF_FACE_JSON_H
#define BF_FACE_JSON_H

#include "lib/base/bytes.h"
#include "lib/face/blink.h"

#define BF_FACES_SCHEMA "bonafide.faces/1"

/* What is known of a track when the video ends. */
struct bf_track_sum {
    uint32_t track;
    int64_t first_us, last_us;
    uint64_t n_frames, n_blinks;
    double quality; /* sum over the frames */
};

/* Each appends one line to out; memory that ran out shows in out->failed. file is JSON text with
 * its quotes. */
void bf_face_json_face(struct bf_buf *out, const char *file, uint64_t frame, int64_t pts_us,
                       const struct bf_face *f, bool landmarks);
void bf_face_json_blink(struct bf_buf *out, const char *file, const struct bf_blink *b);
void bf_face_json_track(struct bf_buf *out, const char *file, const struct bf_track_sum *t);
void bf_face_json_end(struct bf_buf *out, const char *file, uint64_t n_frames,
                      uint64_t n_frames_with_face, size_t n_tracks, uint64_t n_blinks,
                      int64_t end_us);

#endif
