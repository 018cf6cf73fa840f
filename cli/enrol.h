/*
 * enrol.h - one video onto the ledger: decoded once, its digest kept, its record signed, its proof
 * and digest put beside it
 */
#ifndef BF_ENROL_H
#define BF_ENROL_H

#include "cli/common.h"
#include "cli/intake.h"

struct bf_enrolment {
    const char *path; /* the video: what .proof and .digest are put to */
    const char
        *input; /* where it can be read now, and what errors of reading call it; NULL: path */
    const char *title; /* NULL: the name of the file */
    bool private_digest, force;
    int progress; /* as bf_cli_progress_start has it */
    enum bf_record_kind kind;
    /* of a synthetic one: */
    const char *method;
    const uint8_t (*subjects32)[32]; /* in any order, even twice */
    size_t n_subjects;
};

struct bf_enrolled {
    struct bf_record record;
    uint8_t record_hash32[32];
    char *proof_path, *digest_path;
    bool has_proof, has_digest; /* these files are there, and this has made them */
    size_t digest_bytes;
    uint64_t n_frames, n_damaged;
    unsigned n_video;           /* video streams in the file */
    struct bf_mark_result mark; /* a generator's, in what is registered as authentic */
};

/* The title of a video that was given none: its name without the folders. */
void bf_enrol_title(char out[BF_TITLE_MAX + 1], const char *path);
/* Why the title cannot stand in a record, or NULL. */
const char *bf_enrol_title_fault(const char *title);
/* The ledger that option names or that is found, for writing; made, with a word on stderr, where
 * there is none. */
enum bf_err bf_enrol_open_ledger(struct bf_ledger **l, const char *option, struct bf_error *err);
/*
 * Whether .proof and .digest can be written beside path, without writing them: BF_ERR_EXISTS where
 * they are there and force is not.
 */
enum bf_err bf_enrol_try(const char *path, bool force, struct bf_error *err);
/*
 * out is the caller's to release, whatever is returned. On failure nothing is left behind, but for
 * this: once the record is durable it stays, the files beside the video may be missing, and the
 * sentence says so.
 * BF_ERR_EXISTS where the file is on the ledger already; but a synthetic file that is there as
 * synthetic, of the same method and subjects, as a generator makes it that is asked for the same
 * again, gets its proof and digest from the record that it has.
 */
enum bf_err bf_enrol(struct bf_enrolled *out, const struct bf_enrolment *how, struct bf_ledger *l,
                     const struct bf_key *key, struct bf_error *err);
/* Adds to err, whose cause came after the record was durable, that the record stands. */
void bf_enrol_say_recorded(struct bf_error *err, const struct bf_record *r);
void bf_enrolled_release(struct bf_enrolled *e);

#endif
