#include "cli/score_answer.h"
#include "cli/common.h"
#include "cli/score_pieces.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

static const char *const reason_names[] = {
    [BF_REASON_NO_FACE] = "no-face", [BF_REASON_SMALL_FACE] = "small-face",
    [BF_REASON_SHORT] = "short",     [BF_REASON_COMPRESSED] = "compressed",
    [BF_REASON_STRANGE] = "strange", [BF_REASON_BETWEEN] = "between",
    [BF_REASON_CUE] = "cue",         [BF_REASON_USUAL] = "usual",
};

enum bf_exit bf_score_answer_exit(const struct bf_score *s)
{
    switch (s->verdict) {
    case BF_SCORE_LIKELY_REAL:
        return BF_EXIT_YES;
    case BF_SCORE_LIKELY_FAKE:
        return BF_EXIT_NO;
    case BF_SCORE_INCONCLUSIVE:
        break;
    }
    return BF_EXIT_INCONCLUSIVE;
}

const char *bf_score_verdict_words(enum bf_score_verdict v)
{
    return v == BF_SCORE_LIKELY_REAL   ? "likely real"
           : v == BF_SCORE_LIKELY_FAKE ? "likely fake"
                                       : "inconclusive";
}

void bf_score_percent(char out[16], double share)
{
    if (!isfinite(share))
        snprintf(out, 16, "-");
    else if (share > 0.99)
        snprintf(out, 16, "over 99 %%");
    else if (share < 0.01)
        snprintf(out, 16, "under 1 %%");
    else
        snprintf(out, 16, "%.0f %%", share * 100);
}

void bf_score_answer_headline(struct bf_buf *out, enum bf_score_verdict verdict, double likelihood,
                              double low, double high)
{
    char p[16], from[16], to[16];

    bf_score_percent(p, likelihood);
    bf_score_percent(from, low);
    bf_score_percent(to, high);
    switch (verdict) {
    case BF_SCORE_LIKELY_REAL:
        bf_buf_printf(out, "LIKELY REAL: the likelihood of a fake is %s", p);
        break;
    case BF_SCORE_LIKELY_FAKE:
        bf_buf_printf(out, "LIKELY FAKE: the likelihood of a fake is %s", p);
        break;
    case BF_SCORE_INCONCLUSIVE:
        bf_buf_printf(out, "INCONCLUSIVE: the detector cannot tell");
        return;
    }
    if (isfinite(low) && isfinite(high))
        bf_buf_printf(out, " (90 %% interval: %s to %s)", from, to);
}

void bf_score_answer_mark(char *out, size_t cap, const struct bf_mark_result *m)
{
    if (m->found)
        snprintf(out, cap,
                 "found: bonafide's generator made these pictures, or changed them (z %.1f%s); "
                 "this is no part of the likelihood",
                 m->z, m->mirrored ? ", mirrored" : "");
    else
        snprintf(out, cap, "not found, which says nothing: other generators do not lay it");
}

static size_t n_unscored(const struct bf_score *s)
{
    size_t i, n = 0;

    for (i = 0; i < s->n_tracks; i++)
        n += isnan(s->track[i].likelihood);
    return n;
}

static void say_part(const struct bf_score_answer *a, void (*say)(void *ctx, const char *text),
                     void *ctx)
{
    char text[160], from[32], to[32];

    bf_duration_format(from, a->start_us);
    bf_duration_format(to, a->end_us);
    if (a->start_us > 0 && a->end_us > 0)
        snprintf(text, sizeof text, "the video before %s and after %s", from, to);
    else if (a->start_us > 0)
        snprintf(text, sizeof text, "the video before %s", from);
    else
        snprintf(text, sizeof text, "the video after %s", to);
    if (a->start_us > 0 || a->end_us > 0)
        say(ctx, text);
    if (a->every > 1) {
        snprintf(text, sizeof text, "frames between those looked at, which were 1 in %" PRIu64,
                 a->every);
        say(ctx, text);
    }
}

void bf_score_answer_each_not_checked(const struct bf_score_answer *a,
                                      void (*say)(void *ctx, const char *text), void *ctx)
{
    const struct bf_score *s = a->score;
    size_t unscored = n_unscored(s);
    char text[240];

    say_part(a, say, ctx);
    if (s->n_stretches > 0) {
        snprintf(text, sizeof text,
                 "%sthe video outside %zu stretch%s of %.1f s, in which alone faces were looked "
                 "for%s",
                 a->pieces != NULL ? "for the verdict: " : "", s->n_stretches,
                 s->n_stretches == 1 ? "" : "es", BF_SCORE_STRETCH_US * 1e-6,
                 a->pieces != NULL ? "" : ": 'bonafide score --pieces' goes through all of it");
        say(ctx, text);
    }
    if (unscored > 0) {
        snprintf(text, sizeof text, "%zu face%s that could not be scored", unscored,
                 unscored == 1 ? "" : "s");
        say(ctx, text);
    }
    if (s->n_tracks_left_out > 0) {
        snprintf(text, sizeof text, "%zu more face%s: at most %d of one video are scored",
                 s->n_tracks_left_out, s->n_tracks_left_out == 1 ? "" : "s", BF_SCORE_TRACKS_MAX);
        say(ctx, text);
    }
    say(ctx, "all but the faces: scenery, lettering, objects, and whether a video was made from "
             "nothing");
    say(ctx, a->info != NULL && a->info->n_audio == 0 ? "sound: the file has none"
                                                      : "sound: a cloned voice is not noticed");
    say(ctx, "kinds of fakes that the detector was not trained on");
    say(ctx, "who is shown, what is said, and whether it is shown in its own context");
    if (!a->beside_provenance)
        say(ctx, "where the video comes from: 'bonafide verify' asks a ledger");
    say(ctx, "the file's metadata");
    if (a->info != NULL && a->info->n_video > 1) {
        snprintf(text, sizeof text, "%u other video stream%s in the file", a->info->n_video - 1,
                 a->info->n_video == 2 ? "" : "s");
        say(ctx, text);
    }
    if (a->n_damaged > 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " damaged frame%s, looked at as %s: damage can look like a fake",
                 a->n_damaged, a->n_damaged == 1 ? "" : "s",
                 a->n_damaged == 1 ? "it decodes" : "they decode");
        say(ctx, text);
    }
}

static double rate(const json_t *row, const char *name)
{
    const json_t *j = json_object_get(row, name);

    return json_is_number(j) ? json_number_value(j) : (double)NAN;
}

size_t bf_score_card_each(const char *card,
                          void (*say)(void *ctx, const struct bf_score_rates *rates), void *ctx)
{
    json_t *root = card != NULL ? json_loads(card, 0, NULL) : NULL;
    const json_t *rows = json_object_get(root, "evaluation");
    size_t i, n = 0;

    for (i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *material = json_string_value(json_object_get(row, "material"));
        json_int_t count = json_integer_value(json_object_get(row, "n"));
        struct bf_score_rates r = {.material = material,
                                   .n = count > 0 ? (uint64_t)count : 0,
                                   .auc = rate(row, "auc"),
                                   .false_alarm = rate(row, "false_alarm_rate"),
                                   .miss = rate(row, "miss_rate"),
                                   .inconclusive = rate(row, "inconclusive_rate")};

        if (material == NULL)
            continue;
        if (say != NULL)
            say(ctx, &r);
        n++;
    }
    json_decref(root);
    return n;
}

/* JSON has no NAN; four digits are more than is known. */
static json_t *json_number(double x)
{
    return isfinite(x) ? json_real(round(x * 1e4) / 1e4) : json_null();
}

static json_t *json_interval(double low, double high)
{
    return isfinite(low) && isfinite(high)
               ? json_pack("[o, o]", json_number(low), json_number(high))
               : json_null();
}

static json_t *json_reasons(const struct bf_score_reason *reason, size_t n)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < n; i++) {
        const struct bf_score_reason *r = &reason[i];
        json_t *o = json_pack("{s:s, s:o}", "kind", reason_names[r->kind], "text",
                              bf_cli_json_text(r->text));

        if (r->kind == BF_REASON_CUE) {
            json_object_set_new(o, "cue", json_string(bf_cue_kinds[r->cue].name));
            json_object_set_new(o, "points_to", json_string(r->for_fake ? "fake" : "real"));
        }
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *json_track(const struct bf_score_track *t)
{
    json_t *cues = json_object(), *frames = json_array(), *suspicious = json_array();
    size_t i;

    for (i = 0; i < BF_CUES; i++)
        json_object_set_new(cues, bf_cue_kinds[i].name,
                            json_pack("{s:o, s:o, s:s}", "value", json_number(t->cue[i]),
                                      "percentile", json_number(t->percentile[i]), "unit",
                                      bf_cue_kinds[i].unit));
    for (i = 0; i < t->n_scored; i++)
        json_array_append_new(frames,
                              json_pack("{s:I, s:o, s:o}", "pts_us", (json_int_t)t->frame[i].pts_us,
                                        "logit", json_number((double)t->frame[i].logit),
                                        "certainty", json_number((double)t->frame[i].certainty)));
    for (i = 0; i < t->n_pictures; i++)
        json_array_append_new(suspicious, json_integer(t->picture[i].pts_us));
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "track",
        (json_int_t)t->track, "from_us", (json_int_t)t->from_us, "to_us", (json_int_t)t->to_us,
        "frames", (json_int_t)t->n_frames, "size", json_number((double)t->size), "verdict",
        bf_score_verdict_names[t->verdict], "likelihood", json_number(t->likelihood), "interval",
        json_interval(t->low, t->high), "reasons", json_reasons(t->reason, t->n_reasons), "cues",
        cues, "frames_scored", frames, "suspicious_us", suspicious);
}

static json_t *json_mark(const struct bf_mark_result *m)
{
    return m->n_frames == 0
               ? json_null()
               : json_pack("{s:b, s:o, s:b, s:I}", "found", m->found, "z", json_number(m->z),
                           "mirrored", m->found && m->mirrored, "frames", (json_int_t)m->n_frames);
}

static void say_json(void *ctx, const char *text)
{
    json_array_append_new(ctx, bf_cli_json_text(text));
}

struct json_t *bf_score_answer_json(const struct bf_score_answer *a)
{
    const struct bf_score *s = a->score;
    json_t *tracks = json_array(), *not_checked = json_array(),
           *card = a->card != NULL ? json_loads(a->card, 0, NULL) : NULL, *out;
    size_t i;

    for (i = 0; i < s->n_tracks; i++)
        json_array_append_new(tracks, json_track(&s->track[i]));
    bf_score_answer_each_not_checked(a, say_json, not_checked);
    out = json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
        "schema", BF_SCORE_SCHEMA, "file", bf_cli_json_text(a->file), "verdict",
        bf_score_verdict_names[s->verdict], "likelihood", json_number(s->likelihood), "interval",
        json_interval(s->low, s->high), "reasons", json_reasons(s->reason, s->n_reasons), "tracks",
        tracks, "mark", json_mark(&s->mark), "tracks_left_out", (json_int_t)s->n_tracks_left_out,
        "frames", (json_int_t)s->n_frames, "frames_analysed", (json_int_t)s->n_analysed, "from_us",
        (json_int_t)s->from_us, "to_us", (json_int_t)s->to_us, "width", (json_int_t)s->width,
        "height", (json_int_t)s->height, "not_checked", not_checked, "model",
        card != NULL ? card : json_null());
    if (a->pieces != NULL)
        json_object_set_new(out, "pieces", bf_score_pieces_json(a->pieces));
    return out;
}

bool bf_score_answer_print_json(const struct bf_score_answer *a)
{
    return bf_cli_print_json(bf_score_answer_json(a));
}

static void print_reasons(const struct bf_score_reason *reason, size_t n)
{
    char text[4 * sizeof reason->text];
    size_t i;

    for (i = 0; i < n; i++) {
        bf_text_escape(text, sizeof text, reason[i].text, strlen(reason[i].text));
        printf("  %-11s %s\n", i == 0 ? "because" : "", text);
    }
}

static void print_track(const struct bf_score_track *t)
{
    char from[32], to[32], p[16], low[16], high[16], why[4 * sizeof t->reason[0].text];

    bf_duration_format(from, t->from_us);
    bf_duration_format(to, t->to_us);
    printf("  face %-6" PRIu32 " %s - %s, %.0f pixels, %" PRIu64 " frame%s: %s", t->track, from, to,
           (double)t->size, t->n_frames, t->n_frames == 1 ? "" : "s",
           bf_score_verdict_words(t->verdict));
    if (isfinite(t->likelihood)) {
        bf_score_percent(p, t->likelihood);
        bf_score_percent(low, t->low);
        bf_score_percent(high, t->high);
        printf(", %s (%s to %s)", p, low, high);
    } else if (t->n_reasons > 0) {
        bf_text_escape(why, sizeof why, t->reason[0].text, strlen(t->reason[0].text));
        printf(": %s", why);
    }
    putchar('\n');
}

static void print_rates(void *ctx, const struct bf_score_rates *r)
{
    char material[512], alarm[16], miss[16], unsure[16];
    size_t *n = ctx;

    if ((*n)++ > 0)
        return;
    bf_text_escape(material, sizeof material, r->material, strlen(r->material));
    bf_score_percent(alarm, r->false_alarm);
    bf_score_percent(miss, r->miss);
    bf_score_percent(unsure, r->inconclusive);
    printf("  %-11s of %" PRIu64 " videos of the kind '%s', reals called fake: %s; fakes called "
           "real: %s; inconclusive: %s\n",
           "it errs", r->n, material, alarm, miss, unsure);
}

static void say_text(void *ctx, const char *text)
{
    bool *first = ctx;

    printf("  %-11s %s\n", *first ? "not checked" : "", text);
    *first = false;
}

void bf_score_answer_print(const struct bf_score_answer *a)
{
    const struct bf_score *s = a->score;
    struct bf_buf text = {0};
    bool first = true;
    char line[1024];
    size_t i, n = 0;

    bf_text_escape(line, sizeof line, a->file, strlen(a->file));
    bf_score_answer_headline(&text, s->verdict, s->likelihood, s->low, s->high);
    printf("%s: %.*s\n", line, (int)text.len, (const char *)text.data);
    bf_buf_release(&text);
    bf_score_pieces_but(line, sizeof line, a);
    if (line[0] != '\0')
        printf("  %-11s %s\n", "but", line);
    print_reasons(s->reason, s->n_reasons);
    if (s->mark.found) {
        bf_score_answer_mark(line, sizeof line, &s->mark);
        printf("  %-11s %s\n", "mark", line);
    }
    for (i = 0; i < s->n_tracks; i++)
        print_track(&s->track[i]);
    if (a->pieces != NULL)
        bf_score_pieces_print(a);
    bf_score_card_each(a->card, print_rates, &n);
    if (n == 0)
        printf("  %-11s no figures are known for these weights\n", "it errs");
    else if (n > 1)
        printf("  %-11s %zu other kind%s of material: see --report or --json\n", "", n - 1,
               n == 2 ? "" : "s");
    bf_score_answer_each_not_checked(a, say_text, &first);
}

void bf_score_print_table(const struct bf_score_line *line, size_t n)
{
    char file[1024], p[16];
    size_t i;

    printf("\n%-13s %-10s %5s  %s\n", "verdict", "likelihood", "faces", "file");
    for (i = 0; i < n; i++) {
        const struct bf_score_line *l = &line[i];

        bf_text_escape(file, sizeof file, l->file, strlen(l->file));
        if (l->failed) {
            printf("%-13s %-10s %5s  %s\n", "no answer", "-", "-", file);
            continue;
        }
        bf_score_percent(p, l->likelihood);
        printf("%-13s %-10s %5zu  %s%s\n", bf_score_verdict_words(l->verdict), p, l->n_faces, file,
               l->marked ? " (has a generator's mark)" : "");
    }
}
