/*
 * report_impl.h - what the files that write the page share
 */
#ifndef BF_REPORT_IMPL_H
#define BF_REPORT_IMPL_H

#include "cli/report.h"
#include "lib/base/file.h"
#include "lib/base/html.h"

struct bf_report {
    struct bf_output *out;
    struct bf_buf buf; /* not yet written */
    size_t n_files, n_added;
    bool broken; /* a section could not be written */
};

/* The style sheet, and the drawings that the pages' own refer to. */
extern const char bf_report_style[], bf_report_drawings[];

/* Puts buf into the file, and empties it. */
enum bf_err bf_report_flush(struct bf_report *r, struct bf_error *err);

/* The spans as a bar with times, and as a table. */
void bf_report_timeline(struct bf_buf *b, const struct bf_answer *a);
/* The record's time at the end of a span. */
int64_t bf_report_source_end(const struct bf_span *s);
/* "a region shows something else"; "" where nothing is known */
const char *bf_report_change_text(enum bf_change c);
/* What was changed, span by span, with stills. Nothing where there is nothing to show. */
enum bf_err bf_report_changes(struct bf_report *r, const struct bf_answer *a,
                              const struct bf_buf *digest, int progress, struct bf_error *err);

#endif
