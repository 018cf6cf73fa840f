/*
 * report.h - verify's answers as one page for people: verdict, timeline, stills, what was not
 * checked
 *
 * The page needs nothing but itself: styles and pictures lie in it, it runs no script and its
 * policy forbids it to load anything. It is written while the videos are looked at, so memory does
 * not grow with them.
 */
#ifndef BF_REPORT_H
#define BF_REPORT_H

#include "cli/verify_answer.h"

struct bf_report;

/* The page at path, there after bf_report_commit alone. flags: those of bf_output_open. n_files:
 * how many sections there will be. */
enum bf_err bf_report_open(struct bf_report **r, const char *path, unsigned flags, size_t n_files,
                           struct bf_error *err);
void bf_report_close(struct bf_report **r);
/*
 * The section of one file; decodes it once more where there is something to show. digest: the
 * record's blob, empty where it is not at hand. progress: as the option says.
 */
enum bf_err bf_report_add(struct bf_report *r, const struct bf_answer *a,
                          const struct bf_buf *digest, int progress, struct bf_error *err);
/* The section of a file that there is no answer about. */
enum bf_err bf_report_add_failed(struct bf_report *r, const char *file, const struct bf_error *why,
                                 struct bf_error *err);
/* Leaves nothing, and says nothing more, where a section could not be written. */
enum bf_err bf_report_commit(struct bf_report *r, struct bf_error *err);

#endif
