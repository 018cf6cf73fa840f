#include "cli/grid_paint.h"
#include "cli/report_impl.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>

enum {
    STILL_SIZE = 480,  /* pixels of the longer side */
    SHOWN_MAX = 24,    /* places of one file that get stills; hundreds help nobody */
    STILLS_A_SPAN = 3, /* near its start, in its middle, near its end */
    GRID_US = BF_DIGEST_PERIOD_US,
};

/* A second reading of the suspect, and what is drawn with. */
struct stills {
    struct bf_page *page;
    const struct bf_answer *a;
    struct bf_video *video;
    const struct bf_frame *frame; /* the one at hand; NULL before the first and after the last */
    struct bf_picture_scaler *scaler;
    struct bf_grid_paint *paint;
    struct bf_digest *digest; /* NULL where it is not at hand */
    struct bf_picture picture;
    struct bf_cli_progress progress;
};

static bool is_shown(const struct bf_span *s)
{
    return s->state >= BF_SPAN_ALTERED || s->change != BF_CHANGE_NONE;
}

/* Steps on to the first frame from us on; NULL where the video ends before. */
static enum bf_err take_frame(struct stills *s, int64_t us, struct bf_error *err)
{
    const struct bf_frame *f = s->frame;
    enum bf_err rc;

    while (f == NULL || f->pts_us < us) {
        rc = bf_video_next(s->video, &f, err);
        if (rc != BF_OK)
            return rc;
        s->frame = f;
        if (f == NULL)
            return BF_OK;
        bf_progress_step(&s->progress.sink, (uint64_t)f->pts_us, (uint64_t)s->a->in.end_us);
    }
    return BF_OK;
}

static enum bf_err put_image(struct stills *s, const char *alt, struct bf_error *err)
{
    struct bf_buf *b = &s->page->buf, jpeg = {0};
    enum bf_err rc = bf_picture_encode(&jpeg, &s->picture, BF_PICTURE_JPEG, err);

    if (rc == BF_OK) {
        bf_buf_printf(b, "<img width=\"%u\" height=\"%u\" alt=\"%s\" src=\"", s->picture.width,
                      s->picture.height, alt);
        bf_html_data(b, "image/jpeg", &jpeg);
        bf_buf_printf(b, "\">");
        rc = jpeg.failed ? bf_error_nomem(err) : BF_OK;
    }
    bf_buf_release(&jpeg);
    return rc;
}

static enum bf_err put_suspect(struct stills *s, const struct bf_span *span, const char *time,
                               struct bf_error *err)
{
    struct bf_buf *b = &s->page->buf;
    enum bf_err rc = bf_picture_scale(&s->picture, s->scaler, s->frame, err);
    char alt[120];

    if (rc != BF_OK)
        return rc;
    if (span->state == BF_SPAN_ALTERED)
        bf_span_outline(&s->picture, span);
    snprintf(alt, sizeof alt, "This copy at %s%s", time,
             span->state == BF_SPAN_ALTERED ? ", the altered region in a red box" : "");
    bf_buf_printf(b, "<figure>");
    rc = put_image(s, alt, err);
    bf_buf_printf(b, "<figcaption><b>This copy</b> at %s.%s</figcaption></figure>\n", time,
                  span->state == BF_SPAN_ALTERED ? " The box: the altered region." : "");
    return rc;
}

/* The ledger's picture of the same moment, where the record lies in the suspect's. */
static enum bf_err put_record(struct stills *s, const struct bf_span *span, int64_t suspect_us,
                              struct bf_error *err)
{
    const struct bf_match *m = &s->a->match;
    struct bf_buf *b = &s->page->buf;
    const uint8_t *grid;
    int64_t us, sample;
    char time[32], alt[160];
    enum bf_err rc;

    bf_buf_printf(b, "<figure>");
    if (s->digest == NULL || span->part != 0) {
        bf_buf_printf(b,
                      "<figcaption><b>The record</b>: its digest is not at hand, so nothing of it "
                      "can be shown.</figcaption></figure>\n");
        return BF_OK;
    }
    us = span->source_start_us +
         (int64_t)((double)(suspect_us - span->suspect_start_us) * (m->speed != 0 ? m->speed : 1));
    sample = us / GRID_US;
    if (sample >= (int64_t)bf_digest_info(s->digest)->n_samples)
        sample = (int64_t)bf_digest_info(s->digest)->n_samples - 1;
    grid = bf_digest_grid(s->digest, sample > 0 ? (uint64_t)sample : 0, err);
    if (grid == NULL)
        return BF_ERR_FORMAT;
    bf_grid_paint_luma(&s->picture, s->paint, grid);
    bf_span_outline(&s->picture, span);
    bf_duration_format(time, us > 0 ? us : 0);
    snprintf(alt, sizeof alt,
             "The record at %s as the ledger keeps it: a blurred grey picture of %u by %u cells",
             time, m->cols, m->rows);
    rc = put_image(s, alt, err);
    bf_buf_printf(
        b,
        "<figcaption><b>The record</b> at %s, as far as the ledger keeps it: a coarse grey "
        "picture of %u x %u cells, no sharper one.</figcaption></figure>\n",
        time, m->cols, m->rows);
    return rc;
}

static enum bf_err put_heat(struct stills *s, const struct bf_span *span, const char *time,
                            struct bf_error *err)
{
    const struct bf_heat_row *row = bf_heat_at(&s->a->match, s->frame->pts_us);
    struct bf_buf *b = &s->page->buf;
    enum bf_err rc;
    char alt[120];

    bf_buf_printf(b, "<figure>");
    if (row == NULL || span->part != 0) {
        bf_buf_printf(b,
                      "<figcaption><b>The difference</b>: not measured at %s.</figcaption>"
                      "</figure>\n",
                      time);
        return BF_OK;
    }
    rc = bf_picture_scale(&s->picture, s->scaler, s->frame, err);
    if (rc != BF_OK)
        return rc;
    bf_grid_paint_heat(&s->picture, s->paint, row->cell);
    bf_span_outline(&s->picture, span);
    snprintf(alt, sizeof alt,
             "This copy at %s, coloured where it differs from the record by more than noise", time);
    rc = put_image(s, alt, err);
    bf_buf_printf(
        b,
        "<figcaption><b>The difference</b> at %s, laid over this copy: yellow to dark red "
        "where it is beyond noise.</figcaption></figure>\n",
        time);
    return rc;
}

/* How often chance alone would show as much. */
static void put_chance(struct bf_buf *b, double p)
{
    double n = p > 1e-300 ? 1 / p : 1e300, digit = 1;

    if (n >= 1e9) {
        bf_buf_printf(b,
                      "fewer than one in a thousand million unchanged copies would show as much");
    } else if (n >= 1e6) {
        bf_buf_printf(b, "fewer than one in a million unchanged copies would show as much");
    } else if (n >= 10) {
        /* One digit of it is all that means anything. */
        while (digit * 10 <= n)
            digit *= 10;
        bf_buf_printf(b, "about one in %.0f unchanged copies would show as much",
                      floor(n / digit) * digit);
    } else {
        bf_buf_printf(b, "about %.0f in 100 unchanged copies would show as much",
                      p < 1 ? 100 * p : 100);
    }
}

static void put_words(struct bf_buf *b, const struct bf_span *s)
{
    const char *change = bf_report_change_text(s->change);
    char from[32], to[32], place[96];
    unsigned i;

    bf_duration_format(from, s->suspect_start_us);
    bf_duration_format(to, s->suspect_end_us);
    if (s->state == BF_SPAN_FOREIGN && change[0] == '\0')
        change = "not of the record";
    else if (change[0] == '\0')
        change = "shows something else";
    bf_buf_printf(b, "<h3>%s &#8211; %s: %s</h3>\n", from, to, change);
    if (s->state != BF_SPAN_ALTERED)
        return;
    for (i = 0; i < s->n_regions; i++) {
        const struct bf_changed *c = &s->region[i];

        bf_answer_place(place, sizeof place, c);
        bf_buf_printf(b, "<dl>\n<dt>region</dt><dd>%s</dd>\n", place);
        if (c->change != BF_CHANGE_NONE)
            bf_buf_printf(b, "<dt>kind</dt><dd>%s</dd>\n", bf_change_name(c->change));
        bf_buf_printf(b,
                      "<dt>strength</dt><dd>%.*f times this copy's own noise (mean squared "
                      "difference)</dd>\n<dt>false alarm</dt><dd>",
                      c->strength < 10 ? 1 : 0, c->strength);
        put_chance(b, c->false_alarm);
        bf_buf_printf(b, "</dd>\n</dl>\n");
    }
}

static enum bf_err put_stills(struct stills *s, const struct bf_span *span, struct bf_error *err)
{
    int64_t length = span->suspect_end_us - span->suspect_start_us;
    bool altered = span->state == BF_SPAN_ALTERED;
    int i, n = altered ? STILLS_A_SPAN : 1;
    enum bf_err rc = BF_OK;
    char time[32];

    bf_buf_printf(&s->page->buf, "<div class=\"%s\">\n", altered ? "stills" : "one");
    for (i = 0; i < n && rc == BF_OK; i++) {
        rc = take_frame(s, span->suspect_start_us + length * (2 * i + 1) / (2 * n), err);
        if (rc != BF_OK || s->frame == NULL)
            break;
        bf_duration_format(time, s->frame->pts_us);
        rc = put_suspect(s, span, time, err);
        if (rc == BF_OK && altered)
            rc = put_record(s, span, s->frame->pts_us, err);
        if (rc == BF_OK && altered)
            rc = put_heat(s, span, time, err);
        if (rc == BF_OK)
            rc = bf_page_flush(s->page, err);
    }
    bf_buf_printf(&s->page->buf, "</div>\n");
    return rc;
}

/* Where the record's time jumps: what the copy shows from there on. */
static enum bf_err put_cut(struct stills *s, const struct bf_cut *c, bool with_still,
                           struct bf_error *err)
{
    struct bf_span here = {.state = BF_SPAN_SAME, .change = c->change};
    struct bf_buf *b = &s->page->buf;
    char at[32], from[32], to[32];
    enum bf_err rc = BF_OK;

    bf_duration_format(at, c->suspect_us);
    bf_duration_format(from, c->source_from_us);
    bf_duration_format(to, c->source_to_us);
    bf_buf_printf(b,
                  "<h3>%s: %s</h3>\n<dl>\n<dt>the record</dt><dd>its time jumps from %s to %s</dd>"
                  "\n<dt>kind</dt><dd>%s</dd>\n</dl>\n<div class=\"one\">\n",
                  at, bf_report_change_text(c->change), from, to, bf_change_name(c->change));
    if (with_still)
        rc = take_frame(s, c->suspect_us, err);
    if (with_still && rc == BF_OK && s->frame != NULL) {
        bf_duration_format(at, s->frame->pts_us);
        rc = put_suspect(s, &here, at, err);
    }
    bf_buf_printf(b, "</div>\n");
    return rc == BF_OK ? bf_page_flush(s->page, err) : rc;
}

static enum bf_err open_stills(struct stills *s, const struct bf_buf *digest, struct bf_error *err)
{
    enum bf_err rc = bf_video_open(&s->video, s->a->file, err);
    uint32_t w, h;

    if (rc != BF_OK)
        return rc;
    bf_picture_fit(&w, &h, bf_video_info(s->video), STILL_SIZE);
    rc = bf_picture_create(&s->picture, w, h, err);
    if (rc == BF_OK)
        rc = bf_grid_paint_create(&s->paint, &s->a->match, w, h, err);
    s->scaler = bf_picture_scaler_create();
    if (rc == BF_OK && s->scaler == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK && digest->len > 0)
        rc = bf_digest_open(&s->digest, digest->data, digest->len, "of the record", err);
    /* Cells of another shape than the match's cannot be laid over it. */
    if (rc == BF_OK && s->digest != NULL &&
        (bf_digest_info(s->digest)->cols != s->a->match.cols ||
         bf_digest_info(s->digest)->rows != s->a->match.rows ||
         bf_digest_info(s->digest)->n_samples == 0))
        bf_digest_close(&s->digest);
    return rc;
}

static void put_legend(struct bf_buf *b)
{
    bf_buf_printf(b,
                  "<p class=\"soft\"><svg class=\"key\" aria-hidden=\"true\"><rect "
                  "width=\"100%%\" height=\"100%%\" fill=\"url(#g-heat)\"/></svg>"
                  "The colours over the third of each three pictures: from yellow, %d times the "
                  "copy's own noise, to dark red, %d times and more.</p>\n",
                  BF_HEAT_SHOWN / 16, BF_HEAT_FULL / 16);
}

/* Spans and cuts in the order of the suspect's time: the video is read once. */
static enum bf_err put_all(struct stills *s, struct bf_error *err)
{
    const struct bf_match *m = &s->a->match;
    size_t i, n = 0, k = 0;
    enum bf_err rc = BF_OK;

    for (i = 0; i < m->n_spans && rc == BF_OK; i++) {
        const struct bf_span *span = &m->span[i];

        for (; k < m->n_cuts && m->cut[k].suspect_us <= span->suspect_start_us && rc == BF_OK; k++)
            rc = put_cut(s, &m->cut[k], n++ < SHOWN_MAX, err);
        if (rc != BF_OK || !is_shown(span))
            continue;
        put_words(&s->page->buf, span);
        if (n++ < SHOWN_MAX)
            rc = put_stills(s, span, err);
    }
    if (n > SHOWN_MAX)
        bf_buf_printf(&s->page->buf,
                      "<p class=\"soft\">Only the first %d places have stills.</p>\n", SHOWN_MAX);
    return rc;
}

enum bf_err bf_report_changes(struct bf_page *p, const struct bf_answer *a,
                              const struct bf_buf *digest, int progress, struct bf_error *err)
{
    const struct bf_match *m = &a->match;
    struct stills s = {.page = p, .a = a};
    size_t i, n = m->n_cuts, n_altered = 0;
    enum bf_err rc;

    for (i = 0; i < m->n_spans; i++) {
        n += is_shown(&m->span[i]);
        n_altered += m->span[i].state == BF_SPAN_ALTERED;
    }
    if (n == 0)
        return BF_OK;
    bf_buf_printf(&p->buf, "<h2>What is not as the record has it</h2>\n");
    if (n_altered > 0)
        put_legend(&p->buf);
    bf_cli_progress_start(&s.progress, a->file, "s", 1e6, progress);
    rc = open_stills(&s, digest, err);
    if (rc == BF_OK)
        rc = put_all(&s, err);
    bf_cli_progress_end(&s.progress);
    bf_digest_close(&s.digest);
    bf_grid_paint_free(&s.paint);
    bf_picture_scaler_free(&s.scaler);
    bf_picture_release(&s.picture);
    bf_video_close(&s.video);
    return rc;
}
