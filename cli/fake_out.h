/*
 * fake_out.h - a synthetic video on its way out: marked, labelled, registered, and only then named
 *
 * There is no way to leave out the mark, the label or the record. A kill at any moment leaves
 * nothing, or a record without its video, or all of it.
 */
#ifndef BF_FAKE_OUT_H
#define BF_FAKE_OUT_H

#include "cli/enrol.h"
#include "lib/media/canvas.h"

/* Where fakes are registered: opened before anything is made, so that what cannot be registered is
 * not begun. */
struct bf_fake_desk {
    struct bf_key key;
    struct bf_ledger *ledger;
};

/* The strings are as options give them; the ledger is made where there is none. d needs no release
 * where this fails. */
enum bf_err bf_fake_desk_open(struct bf_fake_desk *d, const char *ledger, const char *key,
                              const char *passphrase_file, struct bf_error *err);
void bf_fake_desk_close(struct bf_fake_desk *d);

struct bf_fake_how {
    const struct bf_fake_desk *desk; /* outlives the fake */
    const char *title;               /* NULL: the name of the file */
    const char *method;              /* "swap", "blend" */
    const uint8_t (*subjects)[32];   /* SHA-256 of each statement; 1 to BF_SUBJECTS_MAX */
    size_t n_subjects;
    const char *sound_path; /* a file whose sound is kept; or NULL */
    bool force;             /* replace OUT, OUT.proof, OUT.digest */
    double crf;             /* 0: the writer's own */
    int progress;           /* of the registering, as bf_cli_progress_start has it */
};

struct bf_fake_out;

/*
 * For frames of info's video, to path (.mp4, or .mov for sound that MP4 does not hold). The
 * three files are tried here. how's strings and hashes are copied, info too.
 */
enum bf_err bf_fake_out_open(struct bf_fake_out **f, const char *path,
                             const struct bf_video_info *info, const struct bf_fake_how *how,
                             struct bf_error *err);
/* Marks the canvas, which is of info's video, and writes it; pts_us rises from 0. */
enum bf_err bf_fake_out_add(struct bf_fake_out *f, struct bf_canvas *canvas, int64_t pts_us,
                            struct bf_error *err);
/*
 * Ends the video at end_us, registers it, then names OUT.digest, OUT.proof and OUT. The same video
 * as one that the ledger has as synthetic gets no second record. On failure none of the three is
 * there, unless it replaced another; where the record is, the sentence says so.
 */
enum bf_err bf_fake_out_commit(struct bf_fake_out *f, int64_t end_us, struct bf_error *err);
/* After a commit: what was registered; lives until bf_fake_out_close. */
const struct bf_enrolled *bf_fake_out_enrolled(const struct bf_fake_out *f);
/* Without a commit nothing stays. */
void bf_fake_out_close(struct bf_fake_out **f);

#endif
