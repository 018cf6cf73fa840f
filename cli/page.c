#include "cli/page.h"

#include "cli/commands.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

enum bf_err bf_page_open(struct bf_page **out, const char *path, unsigned flags,
                         const char *command, size_t n_files, struct bf_error *err)
{
    struct bf_page *p = calloc(1, sizeof *p);
    enum bf_err rc;

    *out = NULL;
    if (p == NULL)
        return bf_error_nomem(err);
    p->command = command;
    p->n_files = n_files;
    rc = bf_output_open(&p->out, path, flags, err);
    if (rc == BF_OK)
        *out = p;
    else
        bf_page_close(&p);
    return rc;
}

void bf_page_close(struct bf_page **p)
{
    if (*p == NULL)
        return;
    bf_output_close(&(*p)->out);
    bf_output_close(&(*p)->aside);
    bf_buf_release(&(*p)->buf);
    free(*p);
    *p = NULL;
}

/* Never committed: a file without a name in the page's own folder, which has the room. */
enum bf_err bf_page_keep_aside(struct bf_page *p, const char *path, struct bf_error *err)
{
    return bf_output_open(&p->aside, path, BF_OUTPUT_FORCE, err);
}

enum bf_err bf_page_flush(struct bf_page *p, struct bf_error *err)
{
    struct bf_output *out = p->aside != NULL ? p->aside : p->out;
    enum bf_err rc =
        p->buf.failed ? bf_error_nomem(err) : bf_output_write(out, p->buf.data, p->buf.len, err);

    p->buf.len = 0;
    return rc;
}

static void put_style(struct bf_buf *b, char hash[64])
{
    uint8_t hash32[32];
    struct bf_buf style = {0};

    bf_buf_append(&style, bf_report_style, strlen(bf_report_style));
    bf_buf_append(&style, bf_score_style, strlen(bf_score_style));
    bf_sha256(hash32, style.data, style.len);
    bf_base64_format(hash, hash32, sizeof hash32);
    b->failed = b->failed || style.failed;
    bf_buf_append(b, style.data, style.len);
    bf_buf_release(&style);
}

static void put_head(struct bf_buf *b, const struct bf_page *p, const char *word, const char *file)
{
    struct bf_buf style = {0};
    char hash[64];

    put_style(&style, hash);
    bf_buf_printf(b,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "img-src data:; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
                  hash);
    if (p->n_files > 1) {
        bf_buf_printf(b, "bonafide %s: %zu videos", p->command, p->n_files);
    } else {
        bf_buf_printf(b, "%s: ", word);
        bf_html_text(b, file);
    }
    bf_buf_printf(b, "</title>\n<style>");
    b->failed = b->failed || style.failed;
    bf_buf_append(b, style.data, style.len);
    bf_buf_release(&style);
    bf_buf_printf(b, "</style>\n</head>\n<body>\n");
    bf_buf_append(b, bf_report_drawings, strlen(bf_report_drawings));
    bf_buf_printf(b, "<main>\n");
}

static void put_foot(struct bf_buf *b, const char *command)
{
    char time_text[32];

    bf_time_format(time_text, (int64_t)time(NULL));
    bf_buf_printf(b,
                  "<footer><p>Written by bonafide %s at %s. This page repeats an answer and is not "
                  "signed itself: whoever relies on it runs <code>bonafide %s</code> on the "
                  "file.</p></footer>\n</main>\n</body>\n</html>\n",
                  BF_VERSION, time_text, command);
}

void bf_page_begin(struct bf_page *p, const char *word, const char *file)
{
    if (p->n_added++ == 0 && p->aside == NULL)
        put_head(&p->buf, p, word, file);
    if (p->aside != NULL)
        bf_buf_printf(&p->buf, "<article id=\"file-%zu\">\n", p->n_added);
    else
        bf_buf_printf(&p->buf, "<article>\n");
}

enum bf_err bf_page_end(struct bf_page *p, enum bf_err rc, struct bf_error *err)
{
    bf_buf_printf(&p->buf, "</article>\n");
    if (rc == BF_OK)
        rc = bf_page_flush(p, err);
    p->broken = p->broken || rc != BF_OK;
    return rc;
}

enum bf_err bf_page_add_failed(struct bf_page *p, const char *file, const struct bf_error *why,
                               struct bf_error *err)
{
    struct bf_buf *b = &p->buf;

    bf_page_begin(p, "no answer", file);
    bf_buf_printf(b, "<h1 class=\"unsure\">NO ANSWER: ");
    bf_html_text(b, why->text);
    bf_buf_printf(b, "</h1>\n<h2>The file</h2>\n<dl>\n");
    bf_page_fact(b, "name", file);
    bf_buf_printf(b, "</dl>\n<h2>What was not checked</h2>\n<ul><li>anything: there is "
                     "no answer</li></ul>\n");
    return bf_page_end(p, BF_OK, err);
}

/* The head and the summary, and after them the sections that were kept aside. */
static enum bf_err put_aside_back(struct bf_page *p, const struct bf_buf *summary,
                                  struct bf_error *err)
{
    struct bf_output *aside = p->aside;
    const void *sections;
    enum bf_err rc;
    size_t n;

    p->aside = NULL;
    put_head(&p->buf, p, "", "");
    if (summary != NULL)
        bf_buf_append(&p->buf, summary->data, summary->len);
    rc = bf_page_flush(p, err);
    if (rc == BF_OK)
        rc = bf_output_map(aside, &sections, &n, err);
    if (rc == BF_OK)
        rc = bf_output_write(p->out, sections, n, err);
    bf_output_close(&aside);
    return rc;
}

enum bf_err bf_page_commit(struct bf_page *p, const struct bf_buf *summary, struct bf_error *err)
{
    enum bf_err rc = BF_OK;

    if (p->broken)
        return BF_OK;
    if (p->aside != NULL)
        rc = put_aside_back(p, summary, err);
    put_foot(&p->buf, p->command);
    if (rc == BF_OK)
        rc = bf_page_flush(p, err);
    return rc == BF_OK ? bf_output_commit(p->out, err) : rc;
}

void bf_page_fact(struct bf_buf *b, const char *name, const char *text)
{
    bf_buf_printf(b, "<dt>%s</dt><dd>", name);
    bf_html_text(b, text);
    bf_buf_printf(b, "</dd>\n");
}

void bf_page_hash(struct bf_buf *b, const char *name, const uint8_t *p, size_t n)
{
    char hex[2 * 33 + 1];

    bf_hex_format(hex, p, n);
    bf_buf_printf(b, "<dt>%s</dt><dd><code>%s</code></dd>\n", name, hex);
}

void bf_page_item(void *ctx, const char *text)
{
    struct bf_buf *b = ctx;

    bf_buf_printf(b, "<li>");
    bf_html_text(b, text);
    bf_buf_printf(b, "</li>\n");
}

/* ASCII alone, so that nothing in it can turn the direction of the text. */
enum bf_err bf_page_json(struct bf_buf *b, struct json_t *j, struct bf_error *err)
{
    char *text = j != NULL
                     ? json_dumps(j, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))
                     : NULL;

    json_decref(j);
    if (text == NULL)
        return bf_error_nomem(err);
    bf_buf_printf(b, "<details><summary>The same for machines (JSON)</summary>\n<pre>");
    bf_html_put(b, text, strlen(text));
    bf_buf_printf(b, "</pre></details>\n");
    free(text);
    return BF_OK;
}
