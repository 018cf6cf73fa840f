/*
 * score_report.h - score's answers as sections of a page: verdict, faces over time, suspicious
 * frames, cues, what was not looked at, how often the detector errs
 */
#ifndef BF_SCORE_REPORT_H
#define BF_SCORE_REPORT_H

#include "cli/page.h"
#include "cli/score_answer.h"

/* The section of one file. */
enum bf_err bf_score_report_add(struct bf_page *p, const struct bf_score_answer *a,
                                struct bf_error *err);

/*
 * Its two parts, for a page that has more to say of the file: the verdict with its reasons, and all
 * that it rests on, with headings from h2 on. The second flushes the page as it grows.
 */
void bf_score_report_verdict(struct bf_buf *b, const struct bf_score_answer *a);
enum bf_err bf_score_report_evidence(struct bf_page *p, const struct bf_score_answer *a,
                                     struct bf_error *err);

/* The table of all files of a page whose sections were kept aside. */
void bf_score_report_table(struct bf_buf *b, const struct bf_score_line *line, size_t n);

/* How each frame of the track looks to the network, the openness of the eyes and the pose gap over
 * the time that was seen; the track's pictures are marked by number. */
void bf_score_timeline(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t);
/* When each of the first n faces is in the picture. */
void bf_score_presence(struct bf_buf *b, const struct bf_score *s, size_t n);
/* All cues of a track, each with its place among real videos. */
void bf_score_cues(struct bf_buf *b, const struct bf_score_track *t);

#endif
