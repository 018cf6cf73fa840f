/*
 * verify_answer.h - what verify found out about one file, and how it is told
 */
#ifndef BF_VERIFY_ANSWER_H
#define BF_VERIFY_ANSWER_H

#include "cli/cli.h"
#include "cli/intake.h"
#include "cli/score_answer.h"
#include "ledger/chain/proof.h"
#include "ledger/match/match.h"
#include "ledger/match/still.h"

#define BF_VERIFY_SCHEMA "bonafide.verify/1"

enum bf_believed {
    BF_BELIEVED_NO = 1, /* the trust list has no such key */
    BF_BELIEVED_LISTED, /* in a trust file */
    BF_BELIEVED_OWN,    /* has signed in this ledger on this machine */
};

/* Another record that parts of the suspect come from. */
struct bf_answer_part {
    struct bf_record record;
    uint8_t record_hash32[32];
    enum bf_believed believed;
    char trusted_name[BF_NAME_MAX + 1];
};

struct bf_answer {
    const char *file;
    enum bf_verdict verdict;
    char reason[BF_REASON_MAX];
    bool has_record;
    struct bf_record record;
    uint8_t record_hash32[32];
    enum bf_believed believed;
    char trusted_name[BF_NAME_MAX + 1]; /* the reader's word for the key, where LISTED */
    bool chain_checked;                 /* every step of the proof holds */
    uint64_t chain_size;
    uint8_t chain_root32[32];
    struct bf_match match;       /* spans; none where the bytes are the same */
    struct bf_buf digest;        /* the record's blob, where it was read */
    struct bf_answer_part *part; /* spans of part k + 1 come from part[k] */
    size_t n_parts;
    struct bf_stills *stills;
    struct bf_mark_result mark; /* n_frames 0 where it was not read */
    bool same_bytes;
    bool offline;
    const struct bf_score_answer *score; /* beside it, never part of it; NULL where none is */
    uint64_t n_private;                  /* records whose digests are not on the ledger */
    struct bf_intake in;                 /* what the suspect is like */
};

/*
 * What the answer says of a generator. A match with a synthetic record is a copy of a synthetic
 * video; but where only parts of it match, it may as well be the real video that the record was
 * made from, which the mark alone tells apart.
 */
enum bf_making {
    BF_MAKING_NONE = 1,  /* nothing points to a generator */
    BF_MAKING_KNOWN,     /* of a synthetic record */
    BF_MAKING_UNCERTAIN, /* shares pictures with one, and has no mark */
    BF_MAKING_MARKED,    /* of no synthetic record, and has the mark */
};
enum bf_making bf_answer_making(const struct bf_answer *a);
/* "identical", "altered" and so on; "known-synthetic" whatever it is to a synthetic record. */
const char *bf_answer_verdict_name(const struct bf_answer *a);
/* What the mark says, as a sentence; false, and nothing in out, where it says nothing. */
bool bf_answer_mark(char *out, size_t cap, const struct bf_answer *a);

enum bf_exit bf_answer_exit(const struct bf_answer *a);
void bf_answer_print(const struct bf_answer *a);
bool bf_answer_print_json(const struct bf_answer *a);

struct json_t;

/* The object that --json prints, the caller's; NULL where memory ran out. */
struct json_t *bf_answer_json(const struct bf_answer *a);
/* Appended to out, control characters escaped: "ALTERED: made from record 0 (a.mp4), and not the
 * same", and who the issuer is and whether it is trusted. */
void bf_answer_headline(struct bf_buf *out, const struct bf_answer *a);
void bf_answer_issuer(struct bf_buf *out, const struct bf_record *r, enum bf_believed believed,
                      const char *trusted_name);
/* Where a region lies: "from 12 % to 30 % across, 5 % to 9 % down". */
void bf_answer_place(char *out, size_t cap, const struct bf_changed *c);
/* Calls say with each sentence on what the verdict does not speak of. */
void bf_answer_each_not_checked(const struct bf_answer *a, void (*say)(void *ctx, const char *text),
                                void *ctx);

#endif
