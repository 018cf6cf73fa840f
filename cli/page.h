/*
 * page.h - a page for people about some videos, a section each: head, sections, foot
 *
 * The page needs nothing but itself: styles and pictures lie in it, it runs no script and its
 * policy forbids it to load anything. It is written while the videos are looked at, so memory does
 * not grow with them.
 */
#ifndef BF_PAGE_H
#define BF_PAGE_H

#include "lib/base/html.h"
#include "lib/base/file.h"

struct bf_page {
    struct bf_output *out;
    struct bf_output *aside; /* the sections, where something is to stand before them; else NULL */
    struct bf_buf buf;       /* not yet written */
    const char *command;     /* "verify" */
    size_t n_files, n_added;
    bool broken; /* a section could not be written */
};

/* Styles of verify's and of score's sections, and the drawings that the pages' own refer to. */
extern const char bf_report_style[], bf_score_style[], bf_report_drawings[];

/* The page at path, there after bf_page_commit alone. flags: those of bf_output_open. n_files: how
 * many sections there will be. */
enum bf_err bf_page_open(struct bf_page **p, const char *path, unsigned flags, const char *command,
                         size_t n_files, struct bf_error *err);
void bf_page_close(struct bf_page **p);

/* A section begins, and before the first one the page, whose title says word and file. The caller
 * puts the section into buf, and whenever it has grown flushes it. */
void bf_page_begin(struct bf_page *p, const char *word, const char *file);
/* Puts buf into the file, and empties it. */
enum bf_err bf_page_flush(struct bf_page *p, struct bf_error *err);
/* The section ends; rc is how it went, and comes back. */
enum bf_err bf_page_end(struct bf_page *p, enum bf_err rc, struct bf_error *err);
/* The section of a file that there is no answer about. */
enum bf_err bf_page_add_failed(struct bf_page *p, const char *file, const struct bf_error *why,
                               struct bf_error *err);

/* From before the first section on: those to come are kept aside until bf_page_commit, which then
 * puts what summary has before them; section k, from 1, has the id file-k. */
enum bf_err bf_page_keep_aside(struct bf_page *p, const char *path, struct bf_error *err);
/* summary may be NULL. Leaves nothing, and says nothing more, where a section could not be
 * written. */
enum bf_err bf_page_commit(struct bf_page *p, const struct bf_buf *summary, struct bf_error *err);

/* A row of a list of facts; text is from outside. */
void bf_page_fact(struct bf_buf *b, const char *name, const char *text);
void bf_page_hash(struct bf_buf *b, const char *name, const uint8_t *p, size_t n);
/* An item of a list; ctx is the struct bf_buf. */
void bf_page_item(void *ctx, const char *text);

struct json_t;

/* The object for machines, folded away; takes j over, whose being NULL is memory that ran out. */
enum bf_err bf_page_json(struct bf_buf *b, struct json_t *j, struct bf_error *err);

#endif
