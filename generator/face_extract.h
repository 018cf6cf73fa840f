/*
 * face_extract.h - videos and photographs in, a folder of aligned faces out, one person's
 * or a crowd's
 *
 * Pictures are gathered in DIR.part, which takes the name DIR when all is done: a run that was cut
 * off leaves no half a set.
 */
#ifndef BF_FACE_EXTRACT_H
#define BF_FACE_EXTRACT_H

#include "generator/face_set.h"
#include "lib/base/progress.h"

enum bf_extract_order {
    BF_EXTRACT_AS_FOUND,
    BF_EXTRACT_BY_SHARPNESS,  /* sharpest first */
    BF_EXTRACT_BY_POSE,       /* by yaw, from the picture's left */
    BF_EXTRACT_BY_SIMILARITY, /* each beside the one most like it */
};

struct bf_extract_options {
    const char *models; /* folder of the face networks */
    unsigned size;      /* of the pictures; 0: BF_SET_SIZE */
    unsigned every;     /* frames; 0: each */
    unsigned smallest;  /* pixels of a face's side; 0: 48 */
    uint32_t track;     /* this one of each video alone; 0: the person seen most */
    bool keep_alike;    /* keep what hardly differs from a face that is there already */
    bool crowd;         /* keep everybody: the set is of many people */
    enum bf_extract_order order;
    const char *subject; /* file name of the statement */
    uint8_t subject32[32];
    bool (*stop)(void *ctx); /* asked now and then; true: give up; may be NULL */
    void *stop_ctx;
};

/* What became of the faces that were seen. */
struct bf_extract_counts {
    size_t n_files, n_bad_files, n_empty_files; /* given; not readable; without a face */
    uint64_t n_frames;                          /* looked at */
    size_t n_seen, n_poor, n_alike, n_others, n_kept;
    size_t n_people; /* among the faces that were good enough */
};

struct bf_extract;

/* dir must not exist; BF_ERR_EXISTS where it does. */
enum bf_err bf_extract_create(struct bf_extract **x, const char *dir,
                              const struct bf_extract_options *options, struct bf_error *err);
/*
 * The faces of one video, photograph, or folder of photographs (not its subfolders). A damaged
 * photograph in a folder is counted, and *bad (may be NULL) says which and why; a damaged file that
 * was named is an error. progress counts microseconds of video.
 */
enum bf_err bf_extract_add(struct bf_extract *x, const char *path,
                           void (*bad)(void *ctx, const struct bf_error *why), void *bad_ctx,
                           const struct bf_progress *progress, struct bf_error *err);
/*
 * Drop what is alike and who is another, put the rest in order, and name the folder. counts is
 * filled in whatever the answer. BF_ERR_NOT_FOUND where no face is left; BF_ERR_USAGE where two
 * people are seen nearly as often, so that it is not clear whom the set is of. Of a crowd nobody
 * is another.
 */
enum bf_err bf_extract_finish(struct bf_extract *x, struct bf_extract_counts *counts,
                              struct bf_error *err);
/* Removes DIR.part where it was not finished. */
void bf_extract_free(struct bf_extract **x);

#endif
