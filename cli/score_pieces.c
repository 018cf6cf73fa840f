#include "cli/score_pieces.h"
#include "cli/common.h"
#include "cli/score_run.h"
#include "lib/base/text.h"

#include <math.h>
#include <stdlib.h>

#include <jansson.h>

enum {
    PIECES_MAX = 1000000,
    SHOWN = 12, /* lines of text at most */
    WIDE = 1000,
    HIGH = 60,  /* of the drawing, in units of its own */
    ROWS = 200, /* of the page's table at most */
};

/* --- going through
 * -------------------------------------------------------------------------------------- */

struct pass {
    struct bf_score_pieces *pieces;
    struct bf_scorer *scorer;
    const struct bf_video_info *info;
    size_t cap;
    bool open;
    struct bf_score_piece now; /* of the frames since it was opened */
};

static enum bf_err open_piece(struct pass *p, int64_t from_us, struct bf_error *err)
{
    p->now = (struct bf_score_piece){.from_us = from_us, .to_us = from_us + p->pieces->each_us};
    p->open = true;
    return bf_scorer_start(p->scorer, p->info, p->pieces->each_us, err);
}

static enum bf_err close_piece(struct pass *p, struct bf_error *err)
{
    struct bf_score_pieces *pieces = p->pieces;
    struct bf_score score = {0};
    struct bf_score_piece *grown;
    enum bf_err rc;

    p->open = false;
    if (pieces->n == PIECES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the video has more than %d pieces", PIECES_MAX);
    if (pieces->n == p->cap) {
        p->cap = 2 * p->cap + 16;
        grown = realloc(pieces->piece, p->cap * sizeof *grown);
        if (grown == NULL)
            return bf_error_nomem(err);
        pieces->piece = grown;
    }
    rc = bf_scorer_finish(&score, p->scorer, err);
    if (rc != BF_OK)
        return rc;
    p->now.verdict = score.verdict;
    p->now.likelihood = score.likelihood;
    p->now.low = score.low;
    p->now.high = score.high;
    p->now.marked = score.mark.found;
    p->now.n_faces = score.n_tracks + score.n_tracks_left_out;
    pieces->piece[pieces->n++] = p->now;
    pieces->n_of[score.verdict]++;
    pieces->n_scored += isfinite(score.likelihood);
    pieces->n_marked += score.mark.found;
    bf_score_release(&score);
    return BF_OK;
}

/* The frame's piece is the open one afterwards. */
static enum bf_err go_to(struct pass *p, int64_t pts_us, int64_t start_us, struct bf_error *err)
{
    const int64_t each = p->pieces->each_us;
    const int64_t at = pts_us > start_us ? (pts_us - start_us) / each : 0;
    enum bf_err rc = BF_OK;

    if (p->open && pts_us < p->now.to_us)
        return BF_OK;
    if (p->open)
        rc = close_piece(p, err);
    return rc == BF_OK ? open_piece(p, start_us + at * each, err) : rc;
}

enum bf_err bf_score_pieces_run(struct bf_score_pieces *pieces, const struct bf_score_answer *a,
                                struct bf_scorer *scorer, struct bf_video *v, int progress,
                                struct bf_error *err)
{
    struct pass p = {.pieces = pieces, .scorer = scorer, .info = bf_video_info(v)};
    const int64_t end_us = bf_score_end_us(a);
    const int64_t span_us = end_us > a->start_us ? end_us - a->start_us : 0;
    const int64_t n = (span_us + BF_SCORE_PIECE_US - 1) / BF_SCORE_PIECE_US;
    const uint64_t every = a->every > 0 ? a->every : 1;
    const struct bf_frame *frame = NULL;
    struct bf_cli_progress line;
    uint64_t n_seen = 0;
    enum bf_err rc;

    memset(pieces, 0, sizeof *pieces);
    /* Alike in length, so that the last is not too short to be judged. */
    pieces->each_us = n > 0 ? (span_us + n - 1) / n : BF_SCORE_PIECE_US;
    bf_cli_progress_start(&line, a->file, "s", 1e6, progress);
    rc = bf_video_seek(v, a->start_us, err);
    while (rc == BF_OK && (rc = bf_video_next(v, &frame, err)) == BF_OK && frame != NULL) {
        if (a->end_us > 0 && frame->pts_us >= a->end_us)
            break;
        rc = go_to(&p, frame->pts_us, a->start_us, err);
        if (rc == BF_OK && n_seen++ % every == 0) {
            pieces->n_damaged += frame->damaged;
            rc = bf_scorer_frame(scorer, frame, err);
        }
        bf_progress_step(&line.sink, (uint64_t)(frame->pts_us - a->start_us), (uint64_t)span_us);
    }
    if (rc == BF_OK && p.open)
        rc = close_piece(&p, err);
    bf_cli_progress_end(&line);
    return rc;
}

void bf_score_pieces_release(struct bf_score_pieces *pieces)
{
    free(pieces->piece);
    memset(pieces, 0, sizeof *pieces);
}

/* --- telling
 * -------------------------------------------------------------------------------------------- */

/* The card's first row is of all material. */
static void first_alarms(void *ctx, const struct bf_score_rates *r)
{
    double *rate = ctx;

    if (isnan(*rate))
        *rate = r->false_alarm;
}

/* How many of as many pieces of a real video are called fake. */
static void by_chance(char *out, size_t cap, const struct bf_score_answer *a)
{
    double rate = (double)NAN, n = (double)a->pieces->n_scored;

    bf_score_card_each(a->card, first_alarms, &rate);
    if (isnan(rate))
        snprintf(out, cap, "how many would be called fake by chance is not known");
    else
        snprintf(out, cap, "by chance %.*f of %zu pieces of a real video %s called fake",
                 n * rate < 10 ? 1 : 0, n * rate, a->pieces->n_scored,
                 n * rate >= 0.95 && n * rate < 1.05 ? "is" : "are");
}

static void count_text(char *out, size_t cap, const struct bf_score_pieces *p)
{
    snprintf(out, cap,
             "%zu of %.1f s, each judged by itself: %zu likely fake, %zu likely real, %zu "
             "inconclusive",
             p->n, (double)p->each_us * 1e-6, p->n_of[BF_SCORE_LIKELY_FAKE],
             p->n_of[BF_SCORE_LIKELY_REAL], p->n_of[BF_SCORE_INCONCLUSIVE]);
}

void bf_score_pieces_but(char *out, size_t cap, const struct bf_score_answer *a)
{
    size_t n = a->pieces != NULL ? a->pieces->n_of[BF_SCORE_LIKELY_FAKE] : 0;

    out[0] = '\0';
    if (n > 0 && a->score->verdict != BF_SCORE_LIKELY_FAKE)
        snprintf(out, cap, "by %s %zu of the %zu pieces %s likely fake: look at %s",
                 n == 1 ? "itself" : "themselves", n, a->pieces->n, n == 1 ? "is" : "are",
                 n == 1 ? "it" : "them");
}

static const struct bf_score_piece *most_suspicious(const struct bf_score_pieces *p)
{
    const struct bf_score_piece *most = NULL;
    size_t i;

    for (i = 0; i < p->n; i++)
        if (isfinite(p->piece[i].likelihood) &&
            (most == NULL || p->piece[i].likelihood > most->likelihood))
            most = &p->piece[i];
    return most;
}

static void print_piece(const struct bf_score_piece *piece, const char *lead)
{
    char from[32], to[32], p[16], low[16], high[16];

    bf_duration_format(from, piece->from_us);
    bf_duration_format(to, piece->to_us);
    bf_score_percent(p, piece->likelihood);
    bf_score_percent(low, piece->low);
    bf_score_percent(high, piece->high);
    printf("  %-11s %s%s - %s: %s, %s (%s to %s)\n", "", lead, from, to,
           bf_score_verdict_words(piece->verdict), p, low, high);
}

void bf_score_pieces_print(const struct bf_score_answer *a)
{
    const struct bf_score_pieces *p = a->pieces;
    const struct bf_score_piece *most = most_suspicious(p);
    size_t i, n = 0;
    char text[200];

    count_text(text, sizeof text, p);
    printf("  %-11s %s\n", "pieces", text);
    by_chance(text, sizeof text, a);
    printf("  %-11s %s\n", "", text);
    if (p->n_marked > 0)
        printf("  %-11s bonafide's generator made, or changed, %zu of them: they have its mark\n",
               "", p->n_marked);
    for (i = 0; i < p->n; i++)
        if (p->piece[i].verdict == BF_SCORE_LIKELY_FAKE && n++ < SHOWN)
            print_piece(&p->piece[i], "");
    if (n > SHOWN)
        printf("  %-11s and %zu more: see --report or --json\n", "", n - SHOWN);
    if (n == 0 && most != NULL)
        print_piece(most, "most suspicious: ");
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(round(x * 1e4) / 1e4) : json_null();
}

struct json_t *bf_score_pieces_json(const struct bf_score_pieces *p)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < p->n; i++) {
        const struct bf_score_piece *q = &p->piece[i];
        json_t *interval = isfinite(q->low) && isfinite(q->high)
                               ? json_pack("[o, o]", number(q->low), number(q->high))
                               : json_null();

        json_array_append_new(list,
                              json_pack("{s:I, s:I, s:s, s:o, s:o, s:I, s:b}", "from_us",
                                        (json_int_t)q->from_us, "to_us", (json_int_t)q->to_us,
                                        "verdict", bf_score_verdict_names[q->verdict], "likelihood",
                                        number(q->likelihood), "interval", interval, "faces",
                                        (json_int_t)q->n_faces, "mark", q->marked));
    }
    return list;
}

/* A bar for each piece, as high as a fake is likely. */
static void put_bars(struct bf_buf *b, const struct bf_score_pieces *p)
{
    const double wide = (double)WIDE / (double)p->n;
    size_t i;

    bf_buf_printf(b,
                  "<svg class=\"lane presence\" role=\"img\" aria-label=\"How likely each piece is "
                  "a fake\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">",
                  WIDE, HIGH);
    for (i = 0; i < p->n; i++) {
        const struct bf_score_piece *q = &p->piece[i];
        double high = isfinite(q->likelihood) ? 2 + (HIGH - 2) * q->likelihood : 0;

        bf_buf_printf(b,
                      "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
                      "height=\"%.1f\"/>",
                      bf_score_verdict_names[q->verdict], (double)i * wide, HIGH - high,
                      wide > 4 ? wide - 1 : wide, high);
    }
    bf_buf_printf(b, "</svg>\n");
}

static void put_row(struct bf_buf *b, const struct bf_score_piece *q)
{
    char from[32], to[32], p[16];

    bf_duration_format(from, q->from_us);
    bf_duration_format(to, q->to_us);
    bf_score_percent(p, q->likelihood);
    bf_buf_printf(b, "<tr><th scope=\"row\">%s - %s</th><td>%s</td><td>%s</td><td>%zu</td></tr>\n",
                  from, to, bf_score_verdict_words(q->verdict), p, q->n_faces);
}

void bf_score_pieces_report(struct bf_buf *b, const struct bf_score_answer *a)
{
    const struct bf_score_pieces *p = a->pieces;
    char text[200];
    size_t i;

    if (p->n == 0)
        return;
    count_text(text, sizeof text, p);
    bf_buf_printf(b, "<h2>Piece by piece</h2>\n<p>Pieces: %s; ", text);
    by_chance(text, sizeof text, a);
    bf_buf_printf(
        b,
        "%s. The verdict above does not rest on these.</p>\n"
        "<p class=\"lane\">How likely a fake is, from the first piece to the last: blue likely "
        "real, yellow inconclusive, red likely fake; no bar where a piece could not be "
        "scored</p>\n",
        text);
    put_bars(b, p);
    bf_buf_printf(b, "<details><summary>All pieces</summary><div class=\"wide\"><table>\n"
                     "<thead><tr><th scope=\"col\">From, to</th><th scope=\"col\">Verdict</th>"
                     "<th scope=\"col\">Likelihood of a fake</th><th scope=\"col\">Faces</th></tr>"
                     "</thead>\n<tbody>\n");
    for (i = 0; i < p->n && i < ROWS; i++)
        put_row(b, &p->piece[i]);
    bf_buf_printf(b, "</tbody></table></div></details>\n");
    if (p->n > ROWS)
        bf_buf_printf(b, "<p class=\"soft\">The first %d of %zu; the object below has all.</p>\n",
                      ROWS, p->n);
}
