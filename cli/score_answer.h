/*
 * score_answer.h - what score found out about one file, and how it is told
 */
#ifndef BF_SCORE_ANSWER_H
#define BF_SCORE_ANSWER_H

#include "cli/cli.h"
#include "detector/score.h"

#define BF_SCORE_SCHEMA "bonafide.score/1"

struct bf_score_pieces;

struct bf_score_answer {
    const char *file;
    const struct bf_score *score;
    const struct bf_score_pieces *pieces; /* NULL: it was not gone through piece by piece */
    const struct bf_video_info *info;     /* of the file; NULL where it is not known */
    const char *card;                     /* the model card's figures as JSON text; NULL: none */
    uint64_t every;                       /* each so many-th frame was looked at; 0 or 1: all */
    int64_t start_us, end_us;             /* that were asked for; end_us 0: all the rest */
    uint64_t n_damaged;                   /* frames, of those looked at */
    bool beside_provenance;               /* stands beside verify's answer */
};

enum bf_exit bf_score_answer_exit(const struct bf_score *s);
void bf_score_answer_print(const struct bf_score_answer *a);
bool bf_score_answer_print_json(const struct bf_score_answer *a);

struct json_t;

/* The object that --json prints, the caller's; NULL where memory ran out. */
struct json_t *bf_score_answer_json(const struct bf_score_answer *a);
/* Appended to out: "LIKELY FAKE: 93 % (90 % interval 81 % to 98 %)". */
void bf_score_answer_headline(struct bf_buf *out, enum bf_score_verdict verdict, double likelihood,
                              double low, double high);
/* "93 %"; never "0 %" or "100 %", which nobody can know; "-" of NAN. */
void bf_score_percent(char out[16], double share);
/* "likely fake" */
const char *bf_score_verdict_words(enum bf_score_verdict v);
/* What the mark says, as a sentence. */
void bf_score_answer_mark(char *out, size_t cap, const struct bf_mark_result *m);
/* Calls say with each sentence on what the verdict does not speak of. */
void bf_score_answer_each_not_checked(const struct bf_score_answer *a,
                                      void (*say)(void *ctx, const char *text), void *ctx);

/* How the detector did on one kind of material; what the card does not say is NAN. */
struct bf_score_rates {
    const char *material; /* as the card has it */
    uint64_t n;
    double auc, false_alarm, miss, inconclusive;
};
/* Calls say with each row of the card's evaluation; returns how many there were, 0 also where the
 * card is missing or not to be read. */
size_t bf_score_card_each(const char *card,
                          void (*say)(void *ctx, const struct bf_score_rates *rates), void *ctx);

/* One file of several, for the table of all. */
struct bf_score_line {
    const char *file;
    bool failed; /* there is no answer; else: */
    enum bf_score_verdict verdict;
    double likelihood;
    size_t n_faces;
    bool marked;
};
void bf_score_print_table(const struct bf_score_line *line, size_t n);

#endif
