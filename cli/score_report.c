#include "cli/score_report.h"
#include "cli/score_pieces.h"
#include "lib/base/text.h"
#include "lib/media/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FACES_SHOWN = 16
}; /* that get a part of their own; the rest are in the object for machines */

static const char *const looks[] = {
    [BF_SCORE_INCONCLUSIVE] = "unsure",
    [BF_SCORE_LIKELY_REAL] = "yes",
    [BF_SCORE_LIKELY_FAKE] = "no",
};

/* What the word means, for those who read nothing else. */
static const char *const meaning[] = {
    [BF_SCORE_INCONCLUSIVE] = "This is not a hint in either direction. The video may be real or "
                              "fake; what there is to see does not tell this detector which.",
    [BF_SCORE_LIKELY_REAL] =
        "The faces measure like those of real videos, and not like the fakes that this detector "
        "knows. That is not a proof: a fake of a new kind may measure the same.",
    [BF_SCORE_LIKELY_FAKE] =
        "A face in this video measures more like the fakes that this detector knows than like real "
        "videos. That is a likelihood, not a proof, and real videos are sometimes taken for fakes: "
        "see how often below. It says nothing about who made the video, or about the person shown.",
};

static void put_headline(struct bf_buf *b, const struct bf_score *s)
{
    struct bf_buf text = {0};

    bf_score_answer_headline(&text, s->verdict, s->likelihood, s->low, s->high);
    bf_buf_printf(b, "<h1 class=\"%s\">", looks[s->verdict]);
    bf_html_put(b, (const char *)text.data, text.len);
    bf_buf_printf(b, "</h1>\n");
    b->failed = b->failed || text.failed;
    bf_buf_release(&text);
}

/* From 0 to 100 %, with the interval as a band. */
static void put_gauge(struct bf_buf *b, double likelihood, double low, double high)
{
    double at = 100 * likelihood;

    if (!isfinite(likelihood))
        return;
    bf_buf_printf(b,
                  "<svg class=\"gauge\" role=\"img\" aria-label=\"the likelihood on a scale from 0 "
                  "to 100 percent\"><rect class=\"row\" x=\"0\" width=\"100%%\" y=\"8\" "
                  "height=\"14\"/>");
    if (isfinite(low) && isfinite(high))
        bf_buf_printf(b,
                      "<rect class=\"usual\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"8\" height=\"14\"/>",
                      100 * low, fmax(100 * (high - low), 0.2));
    bf_buf_printf(b,
                  "<line class=\"needle\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"4\" y2=\"26\"/>"
                  "<text x=\"0\" y=\"40\">0 %%: like real videos</text>"
                  "<text x=\"100%%\" y=\"40\" text-anchor=\"end\">100 %%: like known fakes</text>"
                  "</svg>\n",
                  fmin(fmax(at, 0.2), 99.8), fmin(fmax(at, 0.2), 99.8));
}

static void put_reasons(struct bf_buf *b, const struct bf_score_reason *reason, size_t n)
{
    size_t i;

    if (n == 0)
        return;
    bf_buf_printf(b, "<ul class=\"reasons\">\n");
    for (i = 0; i < n; i++) {
        bf_buf_printf(b, "<li>");
        if (reason[i].kind == BF_REASON_CUE)
            bf_buf_printf(b, "<span class=\"%s\">%s</span> ",
                          reason[i].for_fake ? "to-fake" : "to-real",
                          reason[i].for_fake ? "&#9650; towards a fake:" : "&#9660; towards real:");
        bf_html_text(b, reason[i].text);
        bf_buf_printf(b, "</li>\n");
    }
    bf_buf_printf(b, "</ul>\n");
}

void bf_score_report_verdict(struct bf_buf *b, const struct bf_score_answer *a)
{
    const struct bf_score *s = a->score;
    char mark[256], but[160];

    put_headline(b, s);
    if (!a->beside_provenance) {
        bf_buf_printf(b, "<p class=\"name\">");
        bf_html_text(b, a->file);
        bf_buf_printf(b, "</p>\n");
    }
    put_gauge(b, s->likelihood, s->low, s->high);
    bf_buf_printf(b, "<p class=\"reason\">%s</p>\n", meaning[s->verdict]);
    bf_score_pieces_but(but, sizeof but, a);
    if (but[0] != '\0')
        bf_buf_printf(b, "<p class=\"finding\"><b>But</b> %s, under \"Piece by piece\".</p>\n",
                      but);
    if (isfinite(s->likelihood))
        bf_buf_printf(b,
                      "<p class=\"soft\">The likelihood counts as if there were as many fakes as "
                      "real videos. Where fakes are rare, it is too high.</p>\n");
    if (s->mark.found) {
        bf_score_answer_mark(mark, sizeof mark, &s->mark);
        bf_buf_printf(b, "<p class=\"finding\"><b>The mark of a generator</b> is ");
        bf_html_text(b, mark);
        bf_buf_printf(b, ".</p>\n");
    }
    if (s->n_reasons > 0) {
        bf_buf_printf(b, "<h2>Why</h2>\n");
        put_reasons(b, s->reason, s->n_reasons);
    }
}

static struct bf_rgb heat_colour(float p)
{
    static const struct bf_rgb stop[] = {{255, 225, 0}, {255, 90, 0}, {170, 0, 60}};
    float at = (p - 0.3F) / 0.7F * 2, f;
    int i;

    at = at < 0 ? 0 : at > 1.999F ? 1.999F : at;
    i = (int)at;
    f = at - (float)i;
    return (struct bf_rgb){
        (uint8_t)((float)stop[i].r + f * ((float)stop[i + 1].r - (float)stop[i].r)),
        (uint8_t)((float)stop[i].g + f * ((float)stop[i + 1].g - (float)stop[i].g)),
        (uint8_t)((float)stop[i].b + f * ((float)stop[i + 1].b - (float)stop[i].b))};
}

/* The map between its places, at (x, y) of the picture. */
static float map_at(const float *map, int x, int y)
{
    const float scale = (float)BF_SCORE_MAP / BF_SCORE_PICTURE;
    float u = ((float)x + 0.5F) * scale - 0.5F, v = ((float)y + 0.5F) * scale - 0.5F;
    int i, j, i1, j1;

    u = u < 0 ? 0 : u;
    v = v < 0 ? 0 : v;
    i = (int)u;
    j = (int)v;
    i1 = i + 1 < BF_SCORE_MAP ? i + 1 : i;
    j1 = j + 1 < BF_SCORE_MAP ? j + 1 : j;
    u -= (float)i;
    v -= (float)j;
    return (map[j * BF_SCORE_MAP + i] * (1 - u) + map[j * BF_SCORE_MAP + i1] * u) * (1 - v) +
           (map[j1 * BF_SCORE_MAP + i] * (1 - u) + map[j1 * BF_SCORE_MAP + i1] * u) * v;
}

static void draw_heat(struct bf_picture *p, const float *map)
{
    int x, y;

    for (y = 0; y < BF_SCORE_PICTURE; y++) {
        for (x = 0; x < BF_SCORE_PICTURE; x++) {
            const struct bf_rect pixel = {x, y, x + 1, y + 1};
            float chance = map_at(map, x, y);

            if (chance > 0.3F)
                bf_picture_fill(p, &pixel, heat_colour(chance),
                                (uint8_t)(60 + 130 * (chance < 1 ? chance : 1)));
        }
    }
}

static enum bf_err put_image(struct bf_buf *b, const struct bf_picture *p, const char *alt,
                             const char *time, struct bf_error *err)
{
    struct bf_buf jpeg = {0};
    enum bf_err rc = bf_picture_encode(&jpeg, p, BF_PICTURE_JPEG, err);

    if (rc == BF_OK) {
        bf_buf_printf(b, "<img width=\"%u\" height=\"%u\" alt=\"%s at %s\" src=\"", p->width,
                      p->height, alt, time);
        bf_html_data(b, "image/jpeg", &jpeg);
        bf_buf_printf(b, "\">");
    }
    bf_buf_release(&jpeg);
    return rc;
}

static enum bf_err put_picture(struct bf_buf *b, const struct bf_score_picture *from, size_t number,
                               struct bf_picture *p, struct bf_error *err)
{
    float most = 0;
    char time[32];
    enum bf_err rc;
    size_t i;

    for (i = 0; i < BF_SCORE_MAP * BF_SCORE_MAP; i++)
        most = from->map[i] > most ? from->map[i] : most;
    bf_duration_format(time, from->pts_us);
    memcpy(p->rgb, from->rgb, (size_t)BF_SCORE_PICTURE * BF_SCORE_PICTURE * 3);
    bf_buf_printf(b, "<figure><div class=\"pair\">");
    rc = put_image(b, p, "the face as it is", time, err);
    draw_heat(p, from->map);
    if (rc == BF_OK)
        rc = put_image(b, p, "the same face under the heat map", time, err);
    bf_buf_printf(b,
                  "</div><figcaption><b>%zu</b>: at %s; looks %s alone (logit %+.1f)%s"
                  "</figcaption></figure>\n",
                  number, time,
                  from->logit > 0 ? "rather like a fake in this frame"
                                  : "rather real in this frame",
                  (double)from->logit, most > 0.5F ? "" : "; no place in it stands out as blended");
    return rc;
}

static enum bf_err put_pictures(struct bf_page *page, const struct bf_score_track *t,
                                struct bf_error *err)
{
    struct bf_buf *b = &page->buf;
    struct bf_picture p = {0};
    enum bf_err rc = BF_OK;
    size_t i;

    if (t->n_pictures == 0 || t->picture[0].rgb == NULL)
        return BF_OK;
    bf_buf_printf(b, "<h4>The frames that look most like a fake</h4>\n<div class=\"faces\">\n");
    rc = bf_picture_create(&p, BF_SCORE_PICTURE, BF_SCORE_PICTURE, err);
    for (i = 0; i < t->n_pictures && rc == BF_OK; i++) {
        rc = put_picture(b, &t->picture[i], i + 1, &p, err);
        if (rc == BF_OK)
            rc = bf_page_flush(page, err);
    }
    bf_buf_printf(
        b, "</div>\n<p class=\"soft\"><svg class=\"key\" aria-hidden=\"true\"><rect "
           "width=\"100%%\" height=\"100%%\" fill=\"url(#g-heat)\"/></svg>Left, the face as "
           "it is in the video; right, the same with the network's guess of where something "
           "was blended in, from yellow (three in ten) to dark red (certain). There are such "
           "frames in every real video too: these are the most suspicious ones, not a "
           "fair choice.</p>\n");
    bf_picture_release(&p);
    return rc;
}

/* Those of the most suspicious face stand beside the verdict already. */
static bool same_reasons(const struct bf_score *s, const struct bf_score_track *t)
{
    size_t i;

    if (s->n_reasons != t->n_reasons)
        return false;
    for (i = 0; i < s->n_reasons; i++)
        if (strcmp(s->reason[i].text, t->reason[i].text) != 0)
            return false;
    return true;
}

static enum bf_err put_track(struct bf_page *page, const struct bf_score *s,
                             const struct bf_score_track *t, struct bf_error *err)
{
    char from[32], to[32], p[16], low[16], high[16];
    struct bf_buf *b = &page->buf;
    enum bf_err rc;

    bf_duration_format(from, t->from_us);
    bf_duration_format(to, t->to_us);
    bf_buf_printf(b, "<section>\n<h3>Face %" PRIu32 ": <span class=\"%s\">%s</span>", t->track,
                  looks[t->verdict], bf_score_verdict_words(t->verdict));
    if (isfinite(t->likelihood)) {
        bf_score_percent(p, t->likelihood);
        bf_score_percent(low, t->low);
        bf_score_percent(high, t->high);
        bf_buf_printf(b, ", likelihood of a fake %s (%s to %s)", p, low, high);
    }
    bf_buf_printf(b, "</h3>\n<p>From %s to %s, about %.0f pixels wide, seen in %" PRIu64 " frame%s",
                  from, to, (double)t->size, t->n_frames, t->n_frames == 1 ? "" : "s");
    if (t->n_scored > 0)
        bf_buf_printf(b, ", of which the network looked at %zu", t->n_scored);
    bf_buf_printf(b, ".</p>\n");
    if (!same_reasons(s, t))
        put_reasons(b, t->reason, t->n_reasons);
    bf_score_timeline(b, s, t);
    rc = put_pictures(page, t, err);
    if (isfinite(t->likelihood))
        bf_score_cues(b, t);
    bf_buf_printf(b, "</section>\n");
    return rc == BF_OK ? bf_page_flush(page, err) : rc;
}

static enum bf_err put_faces(struct bf_page *page, const struct bf_score *s, struct bf_error *err)
{
    size_t n = s->n_tracks < FACES_SHOWN ? s->n_tracks : FACES_SHOWN, i;
    enum bf_err rc = BF_OK;

    if (n == 0)
        return BF_OK;
    bf_buf_printf(&page->buf, "<h2>The face%s over time</h2>\n", n == 1 ? "" : "s");
    bf_score_presence(&page->buf, s, n);
    for (i = 0; i < n && rc == BF_OK; i++)
        rc = put_track(page, s, &s->track[i], err);
    if (s->n_tracks > n)
        bf_buf_printf(&page->buf,
                      "<p class=\"soft\">The %zu most suspicious faces of %zu have a part of their "
                      "own.</p>\n",
                      n, s->n_tracks);
    return rc;
}

static void put_file(struct bf_buf *b, const struct bf_score_answer *a)
{
    const struct bf_score *s = a->score;
    char from[32], to[32], line[200];

    bf_buf_printf(b, "<h2>The file, and what was looked at</h2>\n<dl>\n");
    bf_page_fact(b, "name", a->file);
    if (a->info != NULL) {
        bf_duration_format(to, a->info->duration_us);
        snprintf(line, sizeof line, "%s, %ux%u, %s", a->info->codec, a->info->width,
                 a->info->height, a->info->duration_us > 0 ? to : "of unknown length");
        bf_page_fact(b, "video", line);
    }
    bf_duration_format(from, s->from_us);
    bf_duration_format(to, s->to_us);
    snprintf(line, sizeof line,
             "%" PRIu64 " frames from %s to %s; faces were looked for in %" PRIu64, s->n_frames,
             from, to, s->n_analysed);
    bf_page_fact(b, "looked at", line);
    if (s->mark.n_frames > 0 && !s->mark.found) {
        bf_score_answer_mark(line, sizeof line, &s->mark);
        bf_page_fact(b, "mark", line);
    }
    bf_buf_printf(b, "</dl>\n");
}

static void put_rate(struct bf_buf *b, double share)
{
    char text[16];

    bf_score_percent(text, share);
    bf_buf_printf(b, "<td>%s</td>", isfinite(share) ? text : "not known");
}

static void put_rates(void *ctx, const struct bf_score_rates *r)
{
    struct bf_buf *b = ctx;

    bf_buf_printf(b, "<tr><th scope=\"row\">");
    bf_html_text(b, r->material);
    bf_buf_printf(b, "</th><td>%" PRIu64 "</td>", r->n);
    put_rate(b, r->false_alarm);
    put_rate(b, r->miss);
    put_rate(b, r->inconclusive);
    if (isfinite(r->auc))
        bf_buf_printf(b, "<td>%.3f</td></tr>\n", r->auc);
    else
        bf_buf_printf(b, "<td>not known</td></tr>\n");
}

static void put_card(struct bf_buf *b, const char *card)
{
    bf_buf_printf(b, "<h2>How often this detector errs</h2>\n");
    if (bf_score_card_each(card, NULL, NULL) == 0) {
        bf_buf_printf(b, "<p class=\"warn\">No figures are known for these weights: nobody can say "
                         "how far to trust the answer.</p>\n");
        return;
    }
    bf_buf_printf(b,
                  "<p>Measured when the detector was made, on videos of people it was not trained "
                  "on. Look for the kind that is most like this video; on others, and on fakes "
                  "made in a new way, expect more errors than these.</p>\n"
                  "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Kind of video</th>"
                  "<th scope=\"col\">Videos</th><th scope=\"col\">Real, but called likely fake"
                  "</th><th scope=\"col\">Fake, but called likely real</th><th scope=\"col\">"
                  "Inconclusive</th><th scope=\"col\">AUC (1: always right, 0.5: a coin)</th>"
                  "</tr></thead>\n<tbody>\n");
    bf_score_card_each(card, put_rates, b);
    bf_buf_printf(b, "</tbody></table></div>\n");
}

enum bf_err bf_score_report_evidence(struct bf_page *p, const struct bf_score_answer *a,
                                     struct bf_error *err)
{
    enum bf_err rc = put_faces(p, a->score, err);

    if (a->pieces != NULL)
        bf_score_pieces_report(&p->buf, a);
    put_file(&p->buf, a);
    bf_buf_printf(&p->buf, "<h2>What was not examined</h2>\n<ul>\n");
    bf_score_answer_each_not_checked(a, bf_page_item, &p->buf);
    bf_buf_printf(&p->buf, "</ul>\n");
    put_card(&p->buf, a->card);
    return rc;
}

enum bf_err bf_score_report_add(struct bf_page *p, const struct bf_score_answer *a,
                                struct bf_error *err)
{
    enum bf_err rc;

    bf_page_begin(p, bf_score_verdict_words(a->score->verdict), a->file);
    bf_score_report_verdict(&p->buf, a);
    rc = bf_score_report_evidence(p, a, err);
    if (rc == BF_OK)
        rc = bf_page_json(&p->buf, bf_score_answer_json(a), err);
    return bf_page_end(p, rc, err);
}

void bf_score_report_table(struct bf_buf *b, const struct bf_score_line *line, size_t n)
{
    char p[16];
    size_t i;

    bf_buf_printf(
        b,
        "<h2>%zu videos</h2>\n<div class=\"wide\"><table>\n<thead><tr><th "
        "scope=\"col\">File</th><th scope=\"col\">Verdict</th><th scope=\"col\">Likelihood "
        "of a fake</th><th scope=\"col\">Faces</th></tr></thead>\n<tbody>\n",
        n);
    for (i = 0; i < n; i++) {
        const struct bf_score_line *l = &line[i];

        bf_buf_printf(b, "<tr><th scope=\"row\"><a href=\"#file-%zu\">", i + 1);
        bf_html_text(b, l->file);
        bf_score_percent(p, l->likelihood);
        if (l->failed)
            bf_buf_printf(b, "</a></th><td>no answer</td><td></td><td></td></tr>\n");
        else
            bf_buf_printf(b, "</a></th><td>%s%s</td><td>%s</td><td>%zu</td></tr>\n",
                          bf_score_verdict_words(l->verdict),
                          l->marked ? ", and it has a generator's mark" : "", p, l->n_faces);
    }
    bf_buf_printf(b, "</tbody></table></div>\n");
}
