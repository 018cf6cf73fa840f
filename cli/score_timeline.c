#include "cli/score_report.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Lanes are drawn in units of their own and stretched to the page's width. */
enum { WIDE = 1000, HIGH = 60, MIDDLE = HIGH / 2, BUCKETS = 500, TICKS = 5 };

#define LOGIT_SHOWN 6.0  /* beyond it a frame stands at the edge */
#define SHUT_BELOW 0.35F /* of the usual openness */
#define GAP_SHOWN 10.0   /* degrees that a lane shows at the least */

/* A curve as few enough points to draw: of each short stretch of time the most telling value. */
struct curve {
    double value[BUCKETS]; /* NAN: nothing known */
};

static double share_of(const struct bf_score *s, int64_t us)
{
    double length = (double)(s->to_us - s->from_us), at;

    at = length > 0 ? (double)(us - s->from_us) / length : 0;
    return at < 0 ? 0 : at > 1 ? 1 : at;
}

static void curve_add(struct curve *c, const struct bf_score *s, int64_t us, double v, bool lowest)
{
    size_t i = (size_t)(share_of(s, us) * (BUCKETS - 1) + 0.5);

    if (!isfinite(v))
        return;
    if (isnan(c->value[i]) || (lowest ? v < c->value[i] : v > c->value[i]))
        c->value[i] = v;
}

static void curve_clear(struct curve *c)
{
    size_t i;

    for (i = 0; i < BUCKETS; i++)
        c->value[i] = (double)NAN;
}

/* As one path; it is not drawn over a second and more, or more than 1/50, of nothing known. */
static void put_curve(struct bf_buf *b, const struct bf_score *s, const struct curve *c, double top,
                      const char *look)
{
    double us_each = (double)(s->to_us - s->from_us) / BUCKETS;
    size_t i, last = 0, most = us_each > 0 ? (size_t)fmin(1e6 / us_each + 1, BUCKETS) : 1;
    bool any = false;

    if (most < BUCKETS / 50)
        most = BUCKETS / 50;
    bf_buf_printf(b, "<path class=\"curve %s\" d=\"", look);
    for (i = 0; i < BUCKETS; i++) {
        double v = c->value[i];

        if (isnan(v))
            continue;
        v = v < 0 ? 0 : v > top ? top : v;
        bf_buf_printf(b, "%c%.1f %.1f", any && i - last <= most ? 'L' : 'M',
                      (double)i * WIDE / (BUCKETS - 1), HIGH - 2 - (HIGH - 4) * v / top);
        any = true;
        last = i;
    }
    bf_buf_printf(b, "\"/>");
}

static void open_drawing(struct bf_buf *b, const char *label)
{
    bf_buf_printf(b,
                  "<svg class=\"lane\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\" "
                  "preserveAspectRatio=\"none\">",
                  label, WIDE, HIGH);
}

static void open_lane(struct bf_buf *b, const char *words, const char *label)
{
    bf_buf_printf(b, "<p class=\"lane\">%s</p>\n", words);
    open_drawing(b, label);
}

/* The numbers of the pictures below; those that would lie on one another stand in rows. */
static void put_numbers(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t)
{
    size_t row[BF_SCORE_SHOWN_MAX] = {0}, rows = 1, i, k;

    for (i = 0; i < t->n_pictures; i++) {
        for (k = 0; k < i; k++)
            if (fabs(share_of(s, t->picture[k].pts_us) - share_of(s, t->picture[i].pts_us)) <
                    0.04 &&
                row[k] >= row[i])
                row[i] = row[k] + 1;
        rows = row[i] >= rows ? row[i] + 1 : rows;
    }
    bf_buf_printf(b, "<svg class=\"numbers\" height=\"%zu\" aria-hidden=\"true\">", 14 * rows);
    for (i = 0; i < t->n_pictures; i++) {
        double at = 100 * share_of(s, t->picture[i].pts_us);

        bf_buf_printf(b,
                      "<text class=\"in\" x=\"%.2f%%\" y=\"%zu\" text-anchor=\"%s\">%zu"
                      "&#9662;</text>",
                      at, 14 * (rows - row[i]) - 3,
                      at < 2    ? "start"
                      : at > 98 ? "end"
                                : "middle",
                      i + 1);
    }
    bf_buf_printf(b, "</svg>\n");
}

/* Each frame that the network saw as a bar from the middle: up where it looks rather fake. */
static void put_logits(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t)
{
    struct curve c, sure;
    size_t i, n = 0;

    if (t->n_scored == 0)
        return;
    curve_clear(&c);
    curve_clear(&sure);
    for (i = 0; i < t->n_scored; i++) {
        curve_add(&c, s, t->frame[i].pts_us, (double)t->frame[i].logit, false);
        curve_add(&sure, s, t->frame[i].pts_us, (double)t->frame[i].certainty, false);
    }
    bf_buf_printf(b, "<p class=\"lane\">How single frames look to the artifact network: up, more "
                     "like a fake; down, more like a real face; pale, it is not sure</p>\n");
    if (t->n_pictures > 0)
        put_numbers(b, s, t);
    open_drawing(b, "bars, one for each frame that the artifact network saw");
    bf_buf_printf(b, "<line class=\"zero\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDE, MIDDLE,
                  MIDDLE);
    for (i = 0; i < BUCKETS; i++)
        n += isfinite(c.value[i]);
    for (i = 0; i < BUCKETS; i++) {
        double v = c.value[i], x = (double)i * WIDE / (BUCKETS - 1), h;
        double width = n > 80 ? 2 : 5, opacity = 0.3 + 0.7 * fmin(1, fmax(0, sure.value[i]));

        if (isnan(v))
            continue;
        v = v > LOGIT_SHOWN ? LOGIT_SHOWN : v < -LOGIT_SHOWN ? -LOGIT_SHOWN : v;
        h = fmax(fabs(v) / LOGIT_SHOWN * (MIDDLE - 2), 1);
        bf_buf_printf(b,
                      "<rect class=\"%s\" x=\"%.1f\" width=\"%.0f\" y=\"%.1f\" height=\"%.1f\" "
                      "opacity=\"%.2f\"/>",
                      v > 0 ? "fake" : "real", fmin(fmax(x - width / 2, 0), WIDE - width), width,
                      v > 0 ? MIDDLE - h : MIDDLE, h, opacity);
    }
    bf_buf_printf(b, "</svg>\n");
}

static void put_eyes(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t)
{
    bool any = false, shut = false;
    struct curve c;
    size_t i;

    curve_clear(&c);
    for (i = 0; i < s->n_samples; i++) {
        if (s->sample[i].track != t->track || s->sample[i].openness < 0)
            continue;
        curve_add(&c, s, s->sample[i].pts_us, (double)s->sample[i].openness, true);
        any = true;
    }
    if (!any)
        return;
    open_lane(b,
              "The eyes: up, as open as this person's usually are; down, shut. A mark below the "
              "curve: shut, or nearly",
              "a curve of the openness of the eyes");
    put_curve(b, s, &c, 1.4, "eyes");
    for (i = 0; i < s->n_samples; i++) {
        const struct bf_score_sample *m = &s->sample[i];
        bool now = m->openness < SHUT_BELOW;

        if (m->track != t->track || m->openness < 0)
            continue;
        if (now && !shut) {
            double x = share_of(s, m->pts_us) * WIDE;

            bf_buf_printf(b, "<line class=\"blink\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                          x, x, HIGH - 7, HIGH);
        }
        shut = now;
    }
    bf_buf_printf(b, "</svg>\n");
}

static void put_pose(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t)
{
    double most = 0, top = GAP_SHOWN;
    struct curve c;
    char words[200];
    bool any = false;
    size_t i;

    curve_clear(&c);
    for (i = 0; i < s->n_samples; i++) {
        double gap = (double)s->sample[i].pose_gap;

        if (s->sample[i].track != t->track || !isfinite(gap))
            continue;
        curve_add(&c, s, s->sample[i].pts_us, gap, false);
        most = fmax(most, gap);
        any = true;
    }
    if (!any)
        return;
    if (most > top)
        top = most;
    snprintf(words, sizeof words,
             "How far the inner face is turned from the whole head: bottom, 0 degrees; top, %.0f. "
             "A pasted face does not always follow the head",
             top);
    open_lane(b, words, "a curve of the difference between two poses");
    put_curve(b, s, &c, top, "pose");
    bf_buf_printf(b, "</svg>\n");
}

static void put_scale(struct bf_buf *b, const struct bf_score *s)
{
    char time[32];
    int i;

    bf_buf_printf(b, "<svg class=\"scale\" aria-hidden=\"true\">");
    for (i = 0; i < TICKS; i++) {
        int64_t us = s->from_us + (s->to_us - s->from_us) * i / (TICKS - 1);
        size_t n;

        /* Tenths are what this width can show. */
        bf_duration_format(time, (us + 50000) / 100000 * 100000);
        n = strlen(time);
        if (n > 4 && time[n - 4] == '.')
            time[n - 2] = '\0';
        bf_buf_printf(b,
                      "<line class=\"tick\" x1=\"%d%%\" x2=\"%d%%\" y1=\"0\" y2=\"5\"/>"
                      "<text x=\"%d%%\" y=\"17\" text-anchor=\"%s\">%s</text>",
                      i * 100 / (TICKS - 1), i * 100 / (TICKS - 1), i * 100 / (TICKS - 1),
                      i == 0           ? "start"
                      : i == TICKS - 1 ? "end"
                                       : "middle",
                      time);
    }
    bf_buf_printf(b, "</svg>\n");
}

void bf_score_timeline(struct bf_buf *b, const struct bf_score *s, const struct bf_score_track *t)
{
    if (s->to_us <= s->from_us)
        return;
    bf_buf_printf(b, "<div class=\"lanes\">\n");
    put_logits(b, s, t);
    put_eyes(b, s, t);
    put_pose(b, s, t);
    put_scale(b, s);
    bf_buf_printf(b, "</div>\n");
}

void bf_score_presence(struct bf_buf *b, const struct bf_score *s, size_t n)
{
    size_t i;

    if (n == 0 || s->to_us <= s->from_us)
        return;
    bf_buf_printf(b,
                  "<svg class=\"presence\" height=\"%zu\" role=\"img\" aria-label=\"when each face "
                  "is in the picture; the sections below say the same\">\n",
                  n * 24);
    for (i = 0; i < n; i++) {
        const struct bf_score_track *t = &s->track[i];
        double from = 100 * share_of(s, t->from_us), to = 100 * share_of(s, t->to_us);

        bf_buf_printf(b,
                      "<rect class=\"row\" x=\"0\" width=\"100%%\" y=\"%zu\" height=\"20\"/>"
                      "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%zu\" height=\"20\"/>"
                      "<text x=\"%.2f%%\" dx=\"%d\" y=\"%zu\" text-anchor=\"%s\">face %" PRIu32
                      ": %s</text>\n",
                      i * 24, bf_score_verdict_names[t->verdict], from, fmax(to - from, 0.3),
                      i * 24, from < 70 ? from : to, from < 70 ? 6 : -6, i * 24 + 14,
                      from < 70 ? "start" : "end", t->track, bf_score_verdict_words(t->verdict));
    }
    bf_buf_printf(b, "</svg>\n");
    put_scale(b, s);
}

/* In words, which need no figure to be read off a drawing. */
static void put_place(struct bf_buf *b, double p)
{
    if (p >= 99.95)
        bf_buf_printf(b, "higher than in all real videos it knows");
    else if (p <= 0.05)
        bf_buf_printf(b, "lower than in all real videos it knows");
    else if (p > 95)
        bf_buf_printf(b, "higher than in %.*f %% of real videos", p > 99 ? 1 : 0, p);
    else if (p < 5)
        bf_buf_printf(b, "lower than in %.*f %% of real videos", p < 1 ? 1 : 0, 100 - p);
    else
        bf_buf_printf(b, "as in real videos (%.0f %% of them are lower)", p);
}

static void put_cue(struct bf_buf *b, enum bf_cue cue, double value, double percentile)
{
    const struct bf_cue_kind *k = &bf_cue_kinds[cue];

    bf_buf_printf(b, "<tr><th scope=\"row\">%s<br><code>%s</code></th><td>", k->summary, k->name);
    if (isfinite(value))
        bf_buf_printf(b, "%.3g %s", value, k->unit);
    else
        bf_buf_printf(b, "not measured");
    bf_buf_printf(b, "</td><td>");
    if (isfinite(percentile)) {
        double p = fmin(fmax(percentile, 0), 100);

        bf_buf_printf(b,
                      "<svg class=\"place\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
                      "aria-hidden=\"true\"><rect class=\"row\" width=\"100\" height=\"10\"/>"
                      "<rect class=\"usual\" x=\"5\" width=\"90\" height=\"10\"/>"
                      "<rect class=\"%s\" x=\"%.1f\" width=\"2\" height=\"10\"/></svg>",
                      p > 95 || p < 5 ? "rare" : "here", fmin(p, 98));
        put_place(b, p);
    }
    bf_buf_printf(b, "</td></tr>\n");
}

void bf_score_cues(struct bf_buf *b, const struct bf_score_track *t)
{
    static const struct {
        const char *name, *words;
    } group[] = {
        {"network", "Traces of blending, as networks see them"},
        {"motion", "How the face moves"},
        {"slip", "Whether the face trembles on the head, as what is laid on does"},
        {"pose", "How the face sits on the head"},
        {"blink", "Blinking"},
        {"texture", "Skin, noise and colour, against what surrounds the face"},
    };
    size_t g, i;

    bf_buf_printf(b,
                  "<h4>What was measured</h4>\n<div class=\"wide\"><table class=\"cues\">\n<thead>"
                  "<tr><th scope=\"col\">Measurement</th><th scope=\"col\">Here</th>"
                  "<th scope=\"col\">Among real videos (the pale band: nine tenths of them)</th>"
                  "</tr></thead>\n");
    for (g = 0; g < sizeof group / sizeof *group; g++) {
        bf_buf_printf(b,
                      "<tbody><tr><th class=\"group\" scope=\"rowgroup\" colspan=\"3\">%s</th>"
                      "</tr>\n",
                      group[g].words);
        for (i = 0; i < BF_CUES; i++)
            if (strcmp(bf_cue_kinds[i].group, group[g].name) == 0)
                put_cue(b, (enum bf_cue)i, t->cue[i], t->percentile[i]);
        bf_buf_printf(b, "</tbody>\n");
    }
    bf_buf_printf(b, "</table></div>\n<p class=\"soft\">A rare value is no proof: one in ten real "
                     "values lies outside the pale band.</p>\n");
}
