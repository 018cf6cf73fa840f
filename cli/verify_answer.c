#include "cli/verify_answer.h"
#include "cli/common.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>

#include <jansson.h>

/* The record that a span comes from. */
static const struct bf_record *record_of(const struct bf_answer *a, const struct bf_span *s)
{
    return s->part > 0 && s->part <= a->n_parts ? &a->part[s->part - 1].record : &a->record;
}

enum bf_making bf_answer_making(const struct bf_answer *a)
{
    const enum bf_making apart = a->mark.found ? BF_MAKING_MARKED : BF_MAKING_NONE;
    size_t i;

    if (!a->has_record || a->verdict == BF_VERDICT_UNREGISTERED)
        return apart;
    if (a->match.n_spans == 0)
        return a->record.kind == BF_RECORD_SYNTHETIC ? BF_MAKING_KNOWN : apart;
    for (i = 0; i < a->match.n_spans; i++) {
        const struct bf_span *s = &a->match.span[i];

        if (s->state != BF_SPAN_FOREIGN && record_of(a, s)->kind == BF_RECORD_SYNTHETIC)
            return a->verdict != BF_VERDICT_ALTERED || a->mark.found ? BF_MAKING_KNOWN
                                                                     : BF_MAKING_UNCERTAIN;
    }
    return apart;
}

const char *bf_answer_verdict_name(const struct bf_answer *a)
{
    switch (bf_answer_making(a)) {
    case BF_MAKING_KNOWN:
        return "known-synthetic";
    case BF_MAKING_UNCERTAIN:
        return bf_verdict_name(BF_VERDICT_INCONCLUSIVE);
    case BF_MAKING_NONE:
    case BF_MAKING_MARKED:
        break;
    }
    return bf_verdict_name(a->verdict);
}

bool bf_answer_mark(char *out, size_t cap, const struct bf_answer *a)
{
    out[0] = '\0';
    if (a->mark.found)
        snprintf(out, cap, "found: a generator made these pictures, or changed them (z %.1f%s)",
                 a->mark.z, a->mark.mirrored ? ", mirrored" : "");
    else if (bf_answer_making(a) == BF_MAKING_UNCERTAIN)
        snprintf(out, cap, "not found: it may be the real video that the record was made from");
    return out[0] != '\0';
}

/* Whether it says yes of one video stream and the file has another, which a player may take. */
static bool may_show_another(const struct bf_answer *a)
{
    return !a->same_bytes && a->in.info != NULL && a->in.info->n_video > 1 &&
           (a->verdict == BF_VERDICT_IDENTICAL || a->verdict == BF_VERDICT_SAME_CONTENT);
}

enum bf_exit bf_answer_exit(const struct bf_answer *a)
{
    enum bf_making making = bf_answer_making(a);

    if (making == BF_MAKING_KNOWN)
        return BF_EXIT_NO;
    if (making == BF_MAKING_UNCERTAIN)
        return BF_EXIT_INCONCLUSIVE;
    switch (a->verdict) {
    case BF_VERDICT_IDENTICAL:
    case BF_VERDICT_SAME_CONTENT:
        /* An issuer who vouches for what a generator marked is no reason for a yes either. */
        return a->believed == BF_BELIEVED_NO || making == BF_MAKING_MARKED || may_show_another(a)
                   ? BF_EXIT_INCONCLUSIVE
                   : BF_EXIT_YES;
    case BF_VERDICT_ALTERED:
    case BF_VERDICT_UNREGISTERED:
        return BF_EXIT_NO;
    case BF_VERDICT_INCONCLUSIVE:
        break;
    }
    return BF_EXIT_INCONCLUSIVE;
}

void bf_answer_place(char *out, size_t cap, const struct bf_changed *c)
{
    snprintf(out, cap, "from %.0f %% to %.0f %% across, %.0f %% to %.0f %% down", c->left * 100,
             c->right * 100, c->top * 100, c->bottom * 100);
}

void bf_answer_each_not_checked(const struct bf_answer *a, void (*say)(void *ctx, const char *text),
                                void *ctx)
{
    char text[160], place[96];
    size_t i;

    if (!a->same_bytes && a->in.n_frames == 0) {
        say(ctx, "the video: without a valid proof there is nothing to hold it against");
        return;
    }
    if (!a->same_bytes) {
        say(ctx, a->in.info != NULL && a->in.info->n_audio > 0
                     ? "sound: another track would not be noticed"
                     : "sound: the file has none");
        say(ctx, "metadata and subtitles");
    }
    if (!a->same_bytes && a->in.info != NULL && a->in.info->n_video > 1) {
        snprintf(text, sizeof text,
                 "%u other video stream%s in the file, which a player may show instead",
                 a->in.info->n_video - 1, a->in.info->n_video == 2 ? "" : "s");
        say(ctx, text);
    }
    if (!a->same_bytes && a->in.info != NULL && a->in.info->has_alpha)
        say(ctx, "transparency: what a player shows through the pictures");
    for (i = 0; i < a->match.n_overlays; i++) {
        bf_answer_place(place, sizeof place, &a->match.overlay[i]);
        snprintf(text, sizeof text, "what lies under the logo or caption %s", place);
        say(ctx, text);
    }
    if (a->in.n_damaged > 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " damaged frames, which were compared as they decode", a->in.n_damaged);
        say(ctx, text);
    }
    if (a->n_private > 0 && a->verdict == BF_VERDICT_UNREGISTERED) {
        snprintf(text, sizeof text, "%" PRIu64 " record%s whose digest is not on this ledger",
                 a->n_private, a->n_private == 1 ? "" : "s");
        say(ctx, text);
    }
    if (a->has_record)
        say(ctx, "the time of registering: it is the issuer's own clock");
    if (a->verdict == BF_VERDICT_UNREGISTERED)
        say(ctx, "copies under 1 s, tilted ones, and those that show a small part of the picture");
    if (a->verdict == BF_VERDICT_SAME_CONTENT && a->match.n_spans > 0 &&
        a->match.span[0].state == BF_SPAN_SAME)
        say(ctx,
            "changes smaller than about one part in 400 of the picture, or shorter than 0.4 s");
}

static const char *believed_name(enum bf_believed b)
{
    return b == BF_BELIEVED_OWN ? "own" : b == BF_BELIEVED_LISTED ? "trusted" : "untrusted";
}

static void say_json(void *ctx, const char *text)
{
    json_array_append_new(ctx, json_string(text));
}

static json_t *json_box(const struct bf_changed *c)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "left", c->left, "top", c->top, "right", c->right,
                     "bottom", c->bottom);
}

static json_t *json_regions(const struct bf_changed *c, size_t n)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o, s:s, s:f, s:f}", "region", json_box(&c[i]),
                                              "change", bf_change_name(c[i].change), "strength",
                                              c[i].strength, "false_alarm", c[i].false_alarm));
    return list;
}

static json_t *json_span(const struct bf_answer *a, const struct bf_span *s)
{
    json_t *o = json_pack("{s:I, s:I, s:s}", "suspect_start_us", (json_int_t)s->suspect_start_us,
                          "suspect_end_us", (json_int_t)s->suspect_end_us, "state",
                          bf_span_state_name(s->state));

    if (s->state != BF_SPAN_FOREIGN) {
        json_object_set_new(o, "source_start_us", json_integer(s->source_start_us));
        json_object_set_new(o, "record", json_integer((json_int_t)record_of(a, s)->index));
    } else {
        json_object_set_new(o, "source_start_us", json_null());
    }
    if (s->rate != 0 && s->rate != 1)
        json_object_set_new(o, "speed", json_real(s->rate));
    if (s->change != BF_CHANGE_NONE)
        json_object_set_new(o, "change", json_string(bf_change_name(s->change)));
    if (s->state == BF_SPAN_EXACT)
        json_object_set_new(
            o, "frames",
            json_pack("{s:I, s:I, s:I, s:I}", "suspect_first", (json_int_t)s->suspect_frame,
                      "source_first", (json_int_t)s->source_frame, "source_last",
                      (json_int_t)s->source_last_frame, "count", (json_int_t)s->n_frames));
    if (s->state == BF_SPAN_ALTERED) {
        json_object_set_new(o, "region", json_box(&s->region[0]));
        json_object_set_new(o, "strength", json_real(s->region[0].strength));
        json_object_set_new(o, "false_alarm", json_real(s->region[0].false_alarm));
        json_object_set_new(o, "regions", json_regions(s->region, s->n_regions));
    }
    return o;
}

static json_t *json_transform(const struct bf_answer *a)
{
    const struct bf_match *m = &a->match;
    const struct bf_intake *in = &a->in;
    char geometry[256];
    double fps, record_fps;

    if (!a->has_record || a->same_bytes || m->n_spans == 0 || in->info == NULL)
        return json_object();
    fps = in->end_us > 0 ? (double)in->n_frames * 1e6 / (double)in->end_us : 0;
    record_fps = a->record.duration_us > 0
                     ? (double)a->record.n_frames * 1e6 / (double)a->record.duration_us
                     : 0;
    bf_geometry_describe(geometry, sizeof geometry, &m->geometry);
    return json_pack(
        "{s:[ii], s:[ii], s:f, s:f, s:f, s:f, s:f, s:b, s:I, s:s, s:b, s:i, s:{s:f, s:f, s:f, "
        "s:f}, s:o}",
        "size", (int)in->info->width, (int)in->info->height, "record_size", (int)a->record.width,
        (int)a->record.height, "frames_per_second", fps, "record_frames_per_second", record_fps,
        "gain", m->gain, "bias", m->bias, "speed", m->speed, "trimmed", m->trimmed, "offset_us",
        (json_int_t)m->offset_us, "geometry", geometry, "mirrored", m->geometry.mirrored,
        "turned_degrees", (int)m->geometry.quarter_turns * 90, "box", "left", m->geometry.left,
        "top", m->geometry.top, "right", m->geometry.right, "bottom", m->geometry.bottom,
        "overlays", json_regions(m->overlay, m->n_overlays));
}

static json_t *json_cuts(const struct bf_match *m)
{
    json_t *cuts = json_array();
    size_t i;

    for (i = 0; i < m->n_cuts; i++)
        json_array_append_new(cuts, json_pack("{s:s, s:I, s:I, s:I}", "change",
                                              bf_change_name(m->cut[i].change), "suspect_us",
                                              (json_int_t)m->cut[i].suspect_us, "source_from_us",
                                              (json_int_t)m->cut[i].source_from_us, "source_to_us",
                                              (json_int_t)m->cut[i].source_to_us));
    return cuts;
}

static json_t *json_record(const struct bf_record *r, const uint8_t hash32[32],
                           enum bf_believed believed, const char *trusted_name)
{
    json_t *o = bf_cli_json_record(r, hash32);

    json_object_set_new(o, "trust", json_string(believed_name(believed)));
    if (believed == BF_BELIEVED_LISTED)
        json_object_set_new(o, "trusted_as", bf_cli_json_text(trusted_name));
    return o;
}

/* null where nothing was decoded */
static json_t *json_mark(const struct bf_mark_result *m)
{
    return m->n_frames == 0
               ? json_null()
               : json_pack("{s:b, s:f, s:b, s:I}", "found", m->found, "z", round(m->z * 100) / 100,
                           "mirrored", m->found && m->mirrored, "frames", (json_int_t)m->n_frames);
}

struct json_t *bf_answer_json(const struct bf_answer *a)
{
    json_t *spans = json_array(), *not_checked = json_array(), *record = json_null(),
           *others = json_array(), *chain, *o;
    size_t i;

    for (i = 0; i < a->match.n_spans; i++)
        json_array_append_new(spans, json_span(a, &a->match.span[i]));
    bf_answer_each_not_checked(a, say_json, not_checked);
    if (a->has_record)
        record = json_record(&a->record, a->record_hash32, a->believed, a->trusted_name);
    for (i = 0; i < a->n_parts; i++)
        json_array_append_new(others, json_record(&a->part[i].record, a->part[i].record_hash32,
                                                  a->part[i].believed, a->part[i].trusted_name));
    chain = json_pack("{s:I, s:o, s:b}", "size", (json_int_t)a->chain_size, "root",
                      a->chain_size > 0 ? bf_cli_json_hex(a->chain_root32, 32) : json_null(),
                      "checked", a->chain_checked);
    o = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:f, s:o, s:o}", "schema", BF_VERIFY_SCHEMA,
                  "file", bf_cli_json_text(a->file), "verdict", bf_answer_verdict_name(a), "record",
                  record, "spans", spans, "transform", json_transform(a), "coverage",
                  a->match.coverage, "chain", chain, "not_checked", not_checked);
    if (o != NULL && a->reason[0] != '\0')
        json_object_set_new(o, "reason", bf_cli_json_text(a->reason));
    json_object_set_new(o, "other_records", others);
    json_object_set_new(o, "cuts", json_cuts(&a->match));
    if (strcmp(bf_answer_verdict_name(a), bf_verdict_name(a->verdict)) != 0)
        json_object_set_new(o, "relation", json_string(bf_verdict_name(a->verdict)));
    json_object_set_new(o, "mark", json_mark(&a->mark));
    if (a->score != NULL)
        json_object_set_new(o, "score", bf_score_answer_json(a->score));
    return o;
}

bool bf_answer_print_json(const struct bf_answer *a)
{
    return bf_cli_print_json(bf_answer_json(a));
}

/* Of a synthetic record: what the file is to it comes second. */
static void headline_synthetic(struct bf_buf *out, const struct bf_answer *a, const char *title,
                               bool certain)
{
    const char *relation = a->same_bytes                           ? "the same file as"
                           : a->verdict == BF_VERDICT_IDENTICAL    ? "the same frames as"
                           : a->verdict == BF_VERDICT_SAME_CONTENT ? "a copy of"
                           : a->verdict == BF_VERDICT_INCONCLUSIVE ? "perhaps a copy of"
                                                                   : "parts are of";

    bf_buf_printf(out, "%s: %s record %" PRIu64 " (%s), which a generator made",
                  certain ? "KNOWN SYNTHETIC" : "INCONCLUSIVE", relation, a->record.index, title);
}

void bf_answer_headline(struct bf_buf *out, const struct bf_answer *a)
{
    enum bf_making making = bf_answer_making(a);
    char title[BF_TITLE_MAX * 4 + 1];

    bf_text_escape(title, sizeof title, a->record.title, strlen(a->record.title));
    if (a->has_record && a->believed == BF_BELIEVED_NO)
        bf_buf_printf(out, "by an issuer you DO NOT TRUST: ");
    if (making == BF_MAKING_KNOWN || making == BF_MAKING_UNCERTAIN) {
        headline_synthetic(out, a, title, making == BF_MAKING_KNOWN);
        return;
    }
    if (may_show_another(a))
        bf_buf_printf(out, "beside ANOTHER VIDEO STREAM: ");
    if (making == BF_MAKING_MARKED)
        bf_buf_printf(out, "MADE BY A GENERATOR, as its mark says; ");
    switch (a->verdict) {
    case BF_VERDICT_IDENTICAL:
        bf_buf_printf(out, "IDENTICAL to record %" PRIu64 " (%s): %s", a->record.index, title,
                      a->same_bytes ? "the same file" : "the same frames in another container");
        break;
    case BF_VERDICT_SAME_CONTENT:
        bf_buf_printf(out, "SAME CONTENT as record %" PRIu64 " (%s)", a->record.index, title);
        break;
    case BF_VERDICT_ALTERED:
        bf_buf_printf(out, "ALTERED: made from record %" PRIu64 " (%s), and not the same",
                      a->record.index, title);
        break;
    case BF_VERDICT_UNREGISTERED:
        bf_buf_printf(out, "UNREGISTERED%s",
                      a->offline ? ": this proof does not vouch for it"
                                 : ": no record of this ledger has these pictures");
        break;
    case BF_VERDICT_INCONCLUSIVE:
        bf_buf_printf(out, "INCONCLUSIVE");
        break;
    }
}

void bf_answer_issuer(struct bf_buf *out, const struct bf_record *r, enum bf_believed believed,
                      const char *trusted_name)
{
    char name[BF_NAME_MAX * 4 + 1], as[BF_NAME_MAX * 4 + 1];

    bf_text_escape(name, sizeof name, r->issuer, strlen(r->issuer));
    bf_text_escape(as, sizeof as, trusted_name, strlen(trusted_name));
    if (believed == BF_BELIEVED_OWN)
        bf_buf_printf(out, "%s (a key that signs in this ledger)", name);
    else if (believed == BF_BELIEVED_LISTED)
        bf_buf_printf(out, "%s (trusted as \"%s\")", name, as);
    else
        bf_buf_printf(out, "UNKNOWN: calls itself \"%s\"; you do not trust this key", name);
}

static void print_headline(const struct bf_answer *a)
{
    struct bf_buf text = {0};
    char file[1024];

    bf_text_escape(file, sizeof file, a->file, strlen(a->file));
    bf_answer_headline(&text, a);
    printf("%s: %.*s\n", file, (int)text.len, (const char *)text.data);
    bf_buf_release(&text);
    if (a->reason[0] != '\0')
        printf("  %-11s %s\n", "because", a->reason);
    if (bf_answer_mark(file, sizeof file, a))
        printf("  %-11s %s\n", "mark", file);
}

static void print_issuer(const struct bf_answer *a)
{
    struct bf_buf text = {0};
    char time[32], key[67];

    bf_answer_issuer(&text, &a->record, a->believed, a->trusted_name);
    printf("  %-11s %.*s\n", "issuer", (int)text.len, (const char *)text.data);
    bf_buf_release(&text);
    bf_hex_format(key, a->record.issuer33, 33);
    if (a->believed == BF_BELIEVED_NO)
        printf("  %-11s %s\n", "", key);
    bf_time_format(time, a->record.claimed_unix_s);
    printf("  %-11s %s, by the issuer's clock\n", "registered", time);
    if (a->record.kind == BF_RECORD_SYNTHETIC)
        printf("  %-11s synthetic: made by the method '%s'\n", "kind", a->record.method);
}

static void print_span(const struct bf_answer *a, const struct bf_span *s)
{
    char from[32], to[32], source[32], source_end[32], which[48] = "the record", place[96];
    int64_t end =
        s->source_start_us + (int64_t)(s->rate * (double)(s->suspect_end_us - s->suspect_start_us));
    unsigned i;

    bf_duration_format(from, s->suspect_start_us);
    bf_duration_format(to, s->suspect_end_us);
    bf_duration_format(source, s->source_start_us);
    bf_duration_format(source_end, end > 0 ? end : 0);
    if (a->n_parts > 0)
        snprintf(which, sizeof which, "record %" PRIu64, record_of(a, s)->index);
    printf("  %9s - %-9s  ", from, to);
    switch (s->state) {
    case BF_SPAN_EXACT:
        printf("exact    frames %" PRIu64 " to %" PRIu64 " of %s, bit for bit", s->source_frame,
               s->source_last_frame, which);
        if (s->n_frames <= s->source_last_frame - s->source_frame)
            printf(" (%" PRIu64 " of them)", s->n_frames);
        putchar('\n');
        break;
    case BF_SPAN_SAME:
        printf("same     as %s - %s of %s\n", source, source_end, which);
        break;
    case BF_SPAN_ALTERED:
        printf("ALTERED  against %s - %s of %s, ", source, source_end, which);
        for (i = 0; i < s->n_regions; i++) {
            bf_answer_place(place, sizeof place, &s->region[i]);
            printf("%s%s", i > 0 ? "; and " : "", place);
        }
        putchar('\n');
        break;
    case BF_SPAN_FOREIGN:
        printf("FOREIGN  not of %s\n", a->n_parts > 0 ? "any of these records" : "the record");
        break;
    }
}

static void print_parts(const struct bf_answer *a)
{
    char title[BF_TITLE_MAX * 4 + 1];
    size_t i;

    for (i = 0; i < a->n_parts; i++) {
        const struct bf_answer_part *p = &a->part[i];
        struct bf_buf text = {0};

        bf_text_escape(title, sizeof title, p->record.title, strlen(p->record.title));
        bf_answer_issuer(&text, &p->record, p->believed, p->trusted_name);
        printf("  %-11s record %" PRIu64 " (%s), issued by %.*s\n", i == 0 ? "and of" : "",
               p->record.index, title, (int)text.len, (const char *)text.data);
        bf_buf_release(&text);
    }
}

static void print_geometry(const struct bf_answer *a)
{
    char text[256];
    size_t i;

    if (a->match.n_spans > 0 && bf_geometry_describe(text, sizeof text, &a->match.geometry) > 0)
        printf("  %-11s %s\n", "shown", text);
    for (i = 0; i < a->match.n_overlays; i++) {
        bf_answer_place(text, sizeof text, &a->match.overlay[i]);
        printf("  %-11s with a logo or caption over it %s\n", "shown", text);
    }
}

static void print_copy(const struct bf_answer *a)
{
    const struct bf_intake *in = &a->in;
    double fps = in->end_us > 0 ? (double)in->n_frames * 1e6 / (double)in->end_us : 0;
    double record_fps = a->record.duration_us > 0
                            ? (double)a->record.n_frames * 1e6 / (double)a->record.duration_us
                            : 0;

    printf("  %-11s %s, %ux%u", "this copy", in->info->codec, in->info->width, in->info->height);
    if (in->info->width != a->record.width || in->info->height != a->record.height)
        printf(" (record: %ux%u)", a->record.width, a->record.height);
    printf(", %.4g frames a second", fps);
    if (fps < 0.99 * record_fps || fps > 1.01 * record_fps)
        printf(" (record: %.4g)", record_fps);
    if (a->match.trimmed)
        printf(", trimmed");
    if (a->match.n_spans > 0 &&
        (a->match.gain < 0.97 || a->match.gain > 1.03 || a->match.bias < -3 || a->match.bias > 3))
        printf(", brightness x %.2f %+.0f", a->match.gain, a->match.bias);
    putchar('\n');
}

static void say_text(void *ctx, const char *text)
{
    bool *first = ctx;

    printf("  %-11s %s\n", *first ? "not checked" : "", text);
    *first = false;
}

void bf_answer_print(const struct bf_answer *a)
{
    bool first = true;
    size_t i;

    print_headline(a);
    if (a->has_record) {
        print_issuer(a);
        if (!a->same_bytes && a->in.info != NULL)
            print_copy(a);
        print_geometry(a);
        print_parts(a);
    }
    for (i = 0; i < a->match.n_spans; i++)
        print_span(a, &a->match.span[i]);
    if (a->chain_checked)
        printf("  %-11s the record's signature, its place among %" PRIu64
               " record%s, the signed checkpoint\n",
               "checked", a->chain_size, a->chain_size == 1 ? "" : "s");
    bf_answer_each_not_checked(a, say_text, &first);
    if (a->score != NULL)
        bf_score_answer_print(a->score);
}
