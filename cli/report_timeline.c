#include "cli/report_impl.h"
#include "lib/base/text.h"

#include <math.h>

enum {
    LABELS_MAX = 12,
    LABEL_GAP = 16, /* percent of the width that a label needs for itself on a telephone */
    WORD_GAP = 10,  /* and a word inside the bar; not on a telephone below 20 */
};

static const char *const state_text[] = {
    [BF_SPAN_EXACT] = "exact: the record's own frames, bit for bit",
    [BF_SPAN_SAME] = "same: the record's content",
    [BF_SPAN_ALTERED] = "ALTERED: follows the record, and shows something else",
    [BF_SPAN_FOREIGN] = "FOREIGN: not of the record",
};

const char *bf_report_change_text(enum bf_change c)
{
    static const struct {
        const char *name, *text;
    } change[] = {
        {"region-replaced", "a region shows something else"},
        {"overlay", "something lies over the picture"},
        {"grade", "the whole picture is changed in light or colour"},
        {"inserted", "time that is not of the record was put in"},
        {"replaced", "time of the record was replaced by something else"},
        {"removed", "time of the record is missing here"},
        {"re-ordered", "time of the record stands in another place"},
        {"speed", "slower, faster or backwards"},
    };
    size_t i;

    for (i = 0; i < sizeof change / sizeof *change; i++)
        if (strcmp(change[i].name, bf_change_name(c)) == 0)
            return change[i].text;
    return "";
}

int64_t bf_report_source_end(const struct bf_span *s)
{
    return s->source_start_us +
           (int64_t)llround((double)(s->suspect_end_us - s->suspect_start_us) * s->rate);
}

/* "0:20.5": tenths are what a bar can show. */
static void short_time(char out[32], int64_t us)
{
    size_t n;

    bf_duration_format(out, us >= 0 ? (us + 50000) / 100000 * 100000 : 0);
    n = strlen(out);
    if (n > 4 && out[n - 4] == '.')
        out[n - 2] = '\0';
}

struct labels {
    double at[LABELS_MAX]; /* percent */
    size_t n;
};

static bool take_place(struct labels *l, double at)
{
    size_t i;

    for (i = 0; i < l->n; i++)
        if (fabs(l->at[i] - at) < LABEL_GAP)
            return false;
    if (l->n == LABELS_MAX)
        return false;
    l->at[l->n++] = at;
    return true;
}

static void put_label(struct bf_buf *b, double at, int64_t us, int64_t source_us)
{
    const char *anchor = at < 1 ? "start" : at > 99 ? "end" : "middle";
    char time[32];

    short_time(time, us);
    bf_buf_printf(b,
                  "<line class=\"tick\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"32\" y2=\"38\"/>"
                  "<text x=\"%.3f%%\" y=\"29\" text-anchor=\"%s\">%s</text>\n",
                  at, at, at, anchor, time);
    if (source_us < 0)
        return;
    short_time(time, source_us);
    bf_buf_printf(b, "<text x=\"%.3f%%\" y=\"84\" text-anchor=\"%s\">%s</text>\n", at, anchor,
                  time);
}

static void put_rect(struct bf_buf *b, const struct bf_span *s, int64_t end_us)
{
    double from = 100.0 * (double)s->suspect_start_us / (double)end_us,
           to = 100.0 * (double)s->suspect_end_us / (double)end_us;
    const char *name = bf_span_state_name(s->state);

    bf_buf_printf(b,
                  "<rect x=\"%.3f%%\" width=\"%.3f%%\" y=\"38\" height=\"30\" "
                  "fill=\"url(#p-%s)\"/>\n",
                  from, to - from, name);
    /* However short, it must be seen. */
    if (s->state >= BF_SPAN_ALTERED && to - from < 0.5)
        bf_buf_printf(b,
                      "<line x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"34\" y2=\"72\" stroke-width=\"3\" "
                      "stroke=\"url(#p-%s)\"/>\n",
                      (from + to) / 2, (from + to) / 2 + 0.001, name);
    if (to - from >= WORD_GAP)
        bf_buf_printf(b,
                      "<text class=\"in %s%s\" x=\"%.3f%%\" y=\"58\" text-anchor=\"middle\">%s"
                      "</text>\n",
                      name, to - from < LABEL_GAP + 4 ? " opt" : "", (from + to) / 2,
                      s->state == BF_SPAN_ALTERED   ? "ALTERED"
                      : s->state == BF_SPAN_FOREIGN ? "FOREIGN"
                                                    : name);
}

static void put_bar(struct bf_buf *b, const struct bf_match *m)
{
    const struct bf_span *last = &m->span[m->n_spans - 1];
    int64_t end_us = last->suspect_end_us;
    struct labels labels = {0};
    int important;
    size_t i;

    bf_buf_printf(b,
                  "<svg class=\"bar\" role=\"img\" aria-label=\"The %zu span%s of this copy, "
                  "drawn; the table below says the same\">\n"
                  "<text class=\"soft\" x=\"0\" y=\"12\">time in this copy</text>\n",
                  m->n_spans, m->n_spans == 1 ? "" : "s");
    for (i = 0; i < m->n_spans; i++)
        put_rect(b, &m->span[i], end_us);
    for (i = 0; i < m->n_cuts; i++) {
        double at = 100.0 * (double)m->cut[i].suspect_us / (double)end_us;

        bf_buf_printf(b, "<line class=\"cut\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"33\" y2=\"73\"/>\n",
                      at, at);
    }
    bf_buf_printf(b, "<rect class=\"edge\" x=\"0\" width=\"100%%\" y=\"38\" height=\"30\"/>\n");
    take_place(&labels, 0);
    put_label(b, 0, 0, m->span[0].source_start_us);
    take_place(&labels, 100);
    put_label(b, 100, end_us, last->state == BF_SPAN_FOREIGN ? -1 : bf_report_source_end(last));
    /* The edges of what is wrong first, then the others where there is room. */
    for (important = 1; important >= 0; important--) {
        for (i = 1; i < m->n_spans; i++) {
            const struct bf_span *s = &m->span[i];
            bool wrong = s->state >= BF_SPAN_ALTERED || s[-1].state >= BF_SPAN_ALTERED;
            double at = 100.0 * (double)s->suspect_start_us / (double)end_us;

            if (wrong == (important == 1) && take_place(&labels, at))
                put_label(b, at, s->suspect_start_us, s->source_start_us);
        }
    }
    bf_buf_printf(b, "<text class=\"soft\" x=\"0\" y=\"102\">time in the record</text>\n</svg>\n");
}

/* Jumps of the record's time, which lie between two spans and last no time. */
static void put_cuts(struct bf_buf *b, const struct bf_match *m)
{
    char at[32], from[32], to[32];
    size_t i;

    if (m->n_cuts == 0)
        return;
    bf_buf_printf(b, "<p>The record's time jumps (dashed lines above):</p>\n<ul>\n");
    for (i = 0; i < m->n_cuts; i++) {
        const struct bf_cut *c = &m->cut[i];

        bf_duration_format(at, c->suspect_us);
        bf_duration_format(from, c->source_from_us);
        bf_duration_format(to, c->source_to_us);
        bf_buf_printf(b, "<li>at %s, from %s to %s of the record: %s</li>\n", at, from, to,
                      bf_report_change_text(c->change));
    }
    bf_buf_printf(b, "</ul>\n");
}

static void put_row(struct bf_buf *b, const struct bf_answer *a, const struct bf_span *s)
{
    const char *name = bf_span_state_name(s->state);
    char from[32], to[32];

    bf_duration_format(from, s->suspect_start_us);
    bf_duration_format(to, s->suspect_end_us);
    bf_buf_printf(b,
                  "<tr><th scope=\"row\">%s&#160;&#8211; %s</th><td><svg class=\"key\" "
                  "aria-hidden=\"true\"><rect width=\"100%%\" height=\"100%%\" "
                  "fill=\"url(#p-%s)\"/></svg>%s",
                  from, to, name, state_text[s->state]);
    if (s->change != BF_CHANGE_NONE)
        bf_buf_printf(b, " (%s)", bf_change_name(s->change));
    bf_buf_printf(b, "</td><td>");
    if (s->state == BF_SPAN_FOREIGN) {
        bf_buf_printf(b, "none");
    } else {
        bf_duration_format(from, s->source_start_us);
        bf_duration_format(to, bf_report_source_end(s));
        bf_buf_printf(b, "%s&#160;&#8211; %s", from, to);
        if (s->part > 0 && s->part <= a->n_parts)
            bf_buf_printf(b, " of record %llu",
                          (unsigned long long)a->part[s->part - 1].record.index);
    }
    bf_buf_printf(b, "</td></tr>\n");
}

void bf_report_timeline(struct bf_buf *b, const struct bf_answer *a)
{
    const struct bf_match *m = &a->match;
    size_t i;

    if (m->n_spans == 0 || m->span[m->n_spans - 1].suspect_end_us <= 0)
        return;
    bf_buf_printf(b, "<h2>Where in the video</h2>\n");
    put_bar(b, m);
    bf_buf_printf(b, "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">In this copy</th>"
                     "<th scope=\"col\">What it is</th><th scope=\"col\">In the record</th></tr>"
                     "</thead>\n<tbody>\n");
    for (i = 0; i < m->n_spans; i++)
        put_row(b, a, &m->span[i]);
    bf_buf_printf(b, "</tbody></table></div>\n");
    put_cuts(b, m);
}
