/*
 * score_pieces.h - a long video piece by piece, each judged as a video of its own
 *
 * A verdict rests on some stretches of a long video, and on all that is seen of a face there
 * together: a few seconds that were altered may lie outside them, or count for too little. So who
 * asks for it has the video gone through from end to end.
 */
#ifndef BF_SCORE_PIECES_H
#define BF_SCORE_PIECES_H

#include "cli/score_answer.h"

#define BF_SCORE_PIECE_US 7000000 /* at most: what a scorer still looks at whole */

struct bf_score_piece {
    int64_t from_us, to_us; /* of the video */
    enum bf_score_verdict verdict;
    double likelihood, low, high; /* NAN where it could not be scored */
    size_t n_faces;
    bool marked; /* the generator's mark was found in it */
};

struct bf_score_pieces {
    struct bf_score_piece *piece; /* (n), by time, all alike in length */
    size_t n;
    size_t n_of[3]; /* by verdict */
    size_t n_scored, n_marked;
    uint64_t n_damaged; /* frames, of those looked at */
    int64_t each_us;    /* how long one is */
};

/*
 * What a's every, start_us and end_us name of v is cut into pieces and each is scored; a's info is
 * there already, and v may have been read before. Release pieces with bf_score_pieces_release, also
 * where it fails. BF_ERR_LIMIT where there would be more than a million.
 */
enum bf_err bf_score_pieces_run(struct bf_score_pieces *pieces, const struct bf_score_answer *a,
                                struct bf_scorer *scorer, struct bf_video *v, int progress,
                                struct bf_error *err);
void bf_score_pieces_release(struct bf_score_pieces *pieces);

/* Where the verdict is not likely-fake and some pieces are, a sentence that says so; else empty. */
void bf_score_pieces_but(char *out, size_t cap, const struct bf_score_answer *a);
/* The lines under a verdict: how many of each kind, how many a real video would have by chance, and
 * which are likely fake; none of those, the most suspicious one. */
void bf_score_pieces_print(const struct bf_score_answer *a);
struct json_t *bf_score_pieces_json(const struct bf_score_pieces *pieces);
/* The part of a page, with its heading. */
void bf_score_pieces_report(struct bf_buf *b, const struct bf_score_answer *a);

#endif
