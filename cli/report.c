#include "cli/report_impl.h"

#include "cli/score_report.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdarg.h>

static void put_verdict(struct bf_buf *b, const struct bf_answer *a)
{
    static const char *const look[] = {[BF_EXIT_YES] = "yes",
                                       [BF_EXIT_NO] = "no",
                                       [BF_EXIT_FAILED] = "unsure",
                                       [BF_EXIT_INCONCLUSIVE] = "unsure"};
    struct bf_buf text = {0};
    char mark[160];

    bf_answer_headline(&text, a);
    /* Unregistered says nothing against a video. */
    bf_buf_printf(
        b, "<h1 class=\"%s\">",
        a->verdict == BF_VERDICT_UNREGISTERED && !a->mark.found ? "none" : look[bf_answer_exit(a)]);
    bf_html_put(b, (const char *)text.data, text.len);
    bf_buf_printf(b, "</h1>\n");
    bf_buf_release(&text);
    if (a->reason[0] != '\0') {
        bf_buf_printf(b, "<p class=\"reason\">because ");
        bf_html_text(b, a->reason);
        bf_buf_printf(b, "</p>\n");
    }
    if (bf_answer_mark(mark, sizeof mark, a)) {
        bf_buf_printf(b, "<p>The mark of a generator is ");
        bf_html_text(b, mark);
        bf_buf_printf(b, ".</p>\n");
    }
    if (a->verdict == BF_VERDICT_UNREGISTERED && !a->mark.found)
        bf_buf_printf(b,
                      "<p>This does not mean that the video is false: it means that nothing here "
                      "vouches for it.</p>\n");
}

/* Where it comes from and what its faces look like are two answers, and stay two. */
static void put_verdicts(struct bf_buf *b, const struct bf_answer *a)
{
    if (a->score == NULL) {
        put_verdict(b, a);
        return;
    }
    bf_buf_printf(b, "<div class=\"sides\">\n<div><p class=\"side\">Where it comes from</p>\n");
    put_verdict(b, a);
    bf_buf_printf(b, "</div>\n<div><p class=\"side\">What its faces look like</p>\n");
    bf_score_report_verdict(b, a->score);
    bf_buf_printf(b, "</div>\n</div>\n");
}

static void put_record(struct bf_buf *b, const struct bf_record *r, const uint8_t hash32[32],
                       enum bf_believed believed, const char *trusted_name)
{
    bool warn = believed == BF_BELIEVED_NO;
    struct bf_buf text = {0};
    char line[64], time_text[32];

    bf_buf_printf(b, "<dl>\n");
    snprintf(line, sizeof line, "%" PRIu64, r->index);
    bf_page_fact(b, "record", line);
    bf_page_fact(b, "title", r->title);
    if (r->kind == BF_RECORD_SYNTHETIC) {
        bf_page_fact(b, "kind", "synthetic: made by a generator");
        bf_page_fact(b, "method", r->method);
    }
    bf_page_hash(b, "hash", hash32, 32);
    bf_answer_issuer(&text, r, believed, trusted_name);
    bf_buf_printf(b, "<dt>issuer</dt><dd%s>", warn ? " class=\"warn\"" : "");
    bf_html_put(b, (const char *)text.data, text.len);
    bf_buf_printf(b, "%s</dd>\n",
                  warn ? ". DO NOT TRUST what it vouches for unless you know "
                         "better"
                       : "");
    bf_buf_release(&text);
    bf_page_hash(b, "issuer's key", r->issuer33, 33);
    bf_time_format(time_text, r->claimed_unix_s);
    snprintf(line, sizeof line, "%s, by the issuer's clock", time_text);
    bf_page_fact(b, "registered", line);
    bf_buf_printf(b, "</dl>\n");
}

static void put_records(struct bf_buf *b, const struct bf_answer *a)
{
    size_t i;

    if (!a->has_record)
        return;
    bf_buf_printf(b, "<h2>The record</h2>\n");
    put_record(b, &a->record, a->record_hash32, a->believed, a->trusted_name);
    for (i = 0; i < a->n_parts; i++) {
        const struct bf_answer_part *p = &a->part[i];

        bf_buf_printf(b, "<h2>Another record that parts of it come from</h2>\n");
        put_record(b, &p->record, p->record_hash32, p->believed, p->trusted_name);
    }
}

static void put_file(struct bf_buf *b, const struct bf_answer *a)
{
    char size[32], length[32];

    bf_buf_printf(b, "<h2>The file</h2>\n<dl>\n");
    bf_page_fact(b, "name", a->file);
    if (a->in.info != NULL) {
        bf_size_format(size, a->in.file_size);
        bf_page_fact(b, "size", size);
        bf_duration_format(length, a->in.end_us > 0 ? a->in.end_us : a->in.info->duration_us);
        bf_buf_printf(b, "<dt>video</dt><dd>%s, %ux%u, %s</dd>\n", a->in.info->codec,
                      a->in.info->width, a->in.info->height, length);
        bf_page_hash(b, "SHA-256", a->in.file32, 32);
    }
    bf_buf_printf(b, "</dl>\n");
}

__attribute__((format(printf, 4, 5))) static void
put_property(struct bf_buf *b, const char *name, const char *here, const char *record, ...)
{
    char text[200];
    va_list args;

    va_start(args, record);
    vsnprintf(text, sizeof text, record, args);
    va_end(args);
    bf_buf_printf(b, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n", name, here,
                  text);
}

/* What was done to the record to get this copy, as far as it can be told. */
static void put_transform(struct bf_buf *b, const struct bf_answer *a)
{
    const struct bf_match *m = &a->match;
    const struct bf_intake *in = &a->in;
    char here[200];
    size_t i;

    if (!a->has_record || a->same_bytes || m->n_spans == 0 || in->info == NULL)
        return;
    bf_buf_printf(b, "<h2>How this copy was made</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
                     "<th scope=\"col\">Property</th><th scope=\"col\">This copy</th>"
                     "<th scope=\"col\">The record</th></tr></thead>\n<tbody>\n");
    snprintf(here, sizeof here, "%ux%u", in->info->width, in->info->height);
    put_property(b, "size", here, "%ux%u", a->record.width, a->record.height);
    snprintf(here, sizeof here, "%.4g",
             in->end_us > 0 ? (double)in->n_frames * 1e6 / (double)in->end_us : 0);
    put_property(b, "frames a second", here, "%.4g",
                 a->record.duration_us > 0
                     ? (double)a->record.n_frames * 1e6 / (double)a->record.duration_us
                     : 0);
    if (m->speed == 1 || m->speed == 0)
        snprintf(here, sizeof here, "as the record");
    else
        snprintf(here, sizeof here, "%.3g times the record's%s",
                 m->speed < 0 ? -m->speed : m->speed, m->speed < 0 ? ", backwards" : "");
    put_property(b, "speed", here, "1");
    if (m->gain < 0.97 || m->gain > 1.03 || m->bias < -3 || m->bias > 3)
        snprintf(here, sizeof here, "x %.2f %+.0f of 255", m->gain, m->bias);
    else
        snprintf(here, sizeof here, "as the record");
    put_property(b, "brightness", here, "x 1 +0");
    if (!(m->geometry.right > m->geometry.left) ||
        bf_geometry_describe(here, sizeof here, &m->geometry) == 0)
        snprintf(here, sizeof here, "as the record");
    put_property(b, "picture", here, "whole");
    for (i = 0; i < m->n_overlays; i++) {
        bf_answer_place(here, sizeof here, &m->overlay[i]);
        put_property(b, "logo or caption", here, "none there");
    }
    bf_duration_format(here, (int64_t)a->record.duration_us);
    put_property(b, "trimmed", m->trimmed ? "yes: part of the record is missing" : "no", "%s long",
                 here);
    bf_buf_printf(b, "</tbody></table></div>\n");
}

static void put_checked(struct bf_buf *b, const struct bf_answer *a)
{
    char length[32];

    bf_buf_printf(b, "<h2>What was checked</h2>\n<ul>\n");
    if (a->chain_checked)
        bf_buf_printf(b,
                      "<li>the record's signature, its place among %" PRIu64
                      " record%s, the signed checkpoint</li>\n",
                      a->chain_size, a->chain_size == 1 ? "" : "s");
    bf_duration_format(length, a->in.end_us);
    if (a->same_bytes)
        bf_buf_printf(b, "<li>every byte of the file, against the record's SHA-256</li>\n");
    else if (a->in.n_frames > 0)
        bf_buf_printf(b, "<li>the pictures: %" PRIu64 " frames, %s</li>\n", a->in.n_frames, length);
    if (!a->chain_checked && !a->same_bytes && a->in.n_frames == 0)
        bf_buf_printf(b, "<li>nothing</li>\n");
    bf_buf_printf(b, "</ul>\n<h2>What was not checked</h2>\n<ul>\n");
    bf_answer_each_not_checked(a, bf_page_item, b);
    bf_buf_printf(b, "</ul>\n");
}

enum bf_err bf_report_add(struct bf_page *p, const struct bf_answer *a, const struct bf_buf *digest,
                          int progress, struct bf_error *err)
{
    enum bf_err rc;

    bf_page_begin(p, bf_answer_verdict_name(a), a->file);
    put_verdicts(&p->buf, a);
    put_file(&p->buf, a);
    put_records(&p->buf, a);
    bf_report_timeline(&p->buf, a);
    rc = bf_report_changes(p, a, digest, progress, err);
    put_transform(&p->buf, a);
    put_checked(&p->buf, a);
    if (rc == BF_OK && a->score != NULL) {
        bf_buf_printf(&p->buf, "<h2 class=\"part\">The score: what its faces look like</h2>\n");
        rc = bf_score_report_evidence(p, a->score, err);
    }
    if (rc == BF_OK)
        rc = bf_page_json(&p->buf, bf_answer_json(a), err);
    return bf_page_end(p, rc, err);
}
