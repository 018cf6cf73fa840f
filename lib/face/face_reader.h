/*
 * face_reader.h - frames in, faces out: who is where, with landmarks, pose, eyes and blinks
 *
 * Each frame is answered at once. A face that the networks are sure of is reported in the frame
 * where it is found; one that they are not is watched for some frames first, so that a pattern that
 * looks like a face for a moment is not one. Between detections a face is followed by its own
 * landmarks. A cut ends all tracks.
 */
#ifndef BF_FACE_READER_H
#define BF_FACE_READER_H

#include "lib/face/blink.h"
#include "lib/face/face_track.h"
#include "lib/face/face_view.h"
#include "lib/media/video.h"

struct bf_face_reader_options {
    unsigned n_threads; /* 0: two */
    float smallest;     /* pixels of the smallest face to look for; 0: 24 */
    bool raw;           /* landmarks as the networks give them, with their jitter */
    bool no_eyes;       /* leave out lids, irises, openness and blinks */
};

struct bf_face_reader;

/*
 * For the frames of one video, or several one after another (see bf_face_reader_restart). models is
 * the folder with the networks' files; a missing one is BF_ERR_IO, a damaged one BF_ERR_FORMAT.
 * options may be NULL.
 */
enum bf_err bf_face_reader_create(struct bf_face_reader **r, const char *models,
                                  const struct bf_face_reader_options *options,
                                  struct bf_error *err);
void bf_face_reader_free(struct bf_face_reader **r);

/* Forget everybody; the frames to come are those of info's video, whose pixel aspect they have. */
void bf_face_reader_restart(struct bf_face_reader *r, const struct bf_video_info *info);

/*
 * The faces in frame, sorted by track; *faces (n) is the reader's, until the next call.
 * BF_ERR_NOMEM, or BF_ERR_FORMAT where the pixels cannot be read.
 */
enum bf_err bf_face_reader_next(struct bf_face_reader *r, const struct bf_face **faces, size_t *n,
                                const struct bf_frame *frame, struct bf_error *err);

/* The last frame, ready for cutting parts out of it; the reader's, until the next call. Its
 * coordinates have square pixels: see bf_face_view_mesh. */
struct bf_face_view *bf_face_reader_view(const struct bf_face_reader *r);

/* The blinks that ended in the last frame; the reader's, until the next call. */
const struct bf_blink *bf_face_reader_blinks(const struct bf_face_reader *r, size_t *n);

/* The mean descriptor of a track's person so far, (BF_IDENTITY_DIM) of unit length; NULL where
 * there is none, or the track is long gone. */
const float *bf_face_reader_identity(const struct bf_face_reader *r, uint32_t track);

/* Where the time goes, in nanoseconds since the reader was made. */
struct bf_face_times {
    int64_t view, detect, mesh, eyes, identity, rest;
    uint64_t n_frames, n_detect, n_mesh, n_eyes, n_identity;
};
const struct bf_face_times *bf_face_reader_times(const struct bf_face_reader *r);

#endif
