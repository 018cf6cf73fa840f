#include "cli/commands.h"

#include <inttypes.h>

#include <jansson.h>

#include "cli/common.h"
#include "ledger/chain/ledger_compare.h"
#include "lib/base/text.h"

#define SCHEMA "bonafide.ledger-compare/1"

struct compare_opts {
    struct bf_opt_list trust;
    int progress;
    bool json;
};

static const struct bf_opt options[] = {
    {'T', "trust", BF_OPT_LIST, "FILE", offsetof(struct compare_opts, trust),
     "keys that may sign for this ledger; may be given again"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct compare_opts, progress),
     "show how far it is"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct compare_opts, json), "print one JSON object"},
    {0},
};

static const char *kind_name(enum bf_history_kind kind)
{
    switch (kind) {
    case BF_HISTORY_LEDGER:
        return "ledger";
    case BF_HISTORY_EXPORT:
        return "export";
    case BF_HISTORY_CHECKPOINT:
        return "checkpoint";
    case BF_HISTORY_PROOF:
        return "proof";
    }
    return "unknown";
}

static const char *relation_name(enum bf_relation relation)
{
    switch (relation) {
    case BF_RELATION_SAME:
        return "same";
    case BF_RELATION_PREFIX:
        return "prefix";
    case BF_RELATION_ROLLED_BACK:
        return "rolled-back";
    case BF_RELATION_FORKED:
        return "forked";
    }
    return "unknown";
}

/* A path as a terminal may see it. */
struct shown {
    char text[BF_PATH_MAX];
};

static const char *show(struct shown *s, const char *path)
{
    bf_text_escape(s->text, sizeof s->text, path, strlen(path));
    return s->text;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_proof(const struct bf_comparison *c, const struct bf_trust *trust)
{
    char hex[2 * BF_PUBLIC33_SIZE + 1];
    struct shown path;
    size_t i;

    for (i = 0; i < 2; i++) {
        const struct bf_signer *s = c->proof[i];
        const struct bf_issuer *who;

        if (s == NULL)
            continue;
        bf_hex_format(hex, s->public33, sizeof s->public33);
        who = bf_trust_find(trust, s->public33);
        printf("\n%s, %" PRIu64 " record%s, signed by %s\n  %s%s\n\n%.*s",
               show(&path, c->side[i].path), s->size, plural(s->size), hex,
               who != NULL ? "whom you trust as " : "whom you do not trust",
               who != NULL ? who->name : "", (int)s->note.len, (const char *)s->note.data);
    }
}

static void print_report(const struct bf_comparison *c, const struct bf_trust *trust)
{
    const struct bf_history *first = &c->side[c->shorter], *second = &c->side[!c->shorter];
    struct shown a, b;

    show(&a, first->path);
    show(&b, second->path);
    switch (c->relation) {
    case BF_RELATION_SAME:
        printf("SAME: '%s' and '%s' have the same %" PRIu64 " record%s\n", a.text, b.text,
               first->size, plural(first->size));
        return;
    case BF_RELATION_PREFIX:
        printf("PREFIX: '%s' (%" PRIu64 " record%s) is the beginning of '%s' (%" PRIu64
               " record%s): %" PRIu64 " more\n",
               a.text, first->size, plural(first->size), b.text, second->size, plural(second->size),
               c->n_more);
        return;
    case BF_RELATION_ROLLED_BACK:
        printf("ROLLED BACK: '%s' has %" PRIu64 " record%s, where %" PRIu64 " were signed for: it "
               "has lost %" PRIu64 ", or is an old copy\n",
               a.text, first->size, plural(first->size), second->size, c->n_more);
        break;
    case BF_RELATION_FORKED:
        if (c->has_record)
            printf("FORKED: record %" PRIu64 " of '%s' is not the one of '%s'\n", c->record, a.text,
                   b.text);
        else
            printf("FORKED: the first %" PRIu64 " record%s of '%s' and '%s' are not the same\n",
                   bf_history_has_records(first) ? second->size : first->size,
                   plural(bf_history_has_records(first) ? second->size : first->size), a.text,
                   b.text);
        break;
    }
    print_proof(c, trust);
}

static json_t *json_side(const struct bf_history *h)
{
    return json_pack("{s:o, s:s, s:I, s:o}", "file", bf_cli_json_text(h->path), "kind",
                     kind_name(h->kind), "size", (json_int_t)h->size, "root",
                     bf_cli_json_hex(h->root32, 32));
}

static json_t *json_proof(const struct bf_comparison *c, const struct bf_trust *trust)
{
    json_t *all = json_array();
    size_t i;

    for (i = 0; i < 2; i++) {
        const struct bf_signer *s = c->proof[i];
        const struct bf_issuer *who;

        if (s == NULL)
            continue;
        who = bf_trust_find(trust, s->public33);
        json_array_append_new(
            all,
            json_pack("{s:o, s:o, s:o, s:I, s:s#}", "file", bf_cli_json_text(c->side[i].path),
                      "signer_key", bf_cli_json_hex(s->public33, sizeof s->public33), "trusted_as",
                      who != NULL ? bf_cli_json_text(who->name) : json_null(), "size",
                      (json_int_t)s->size, "checkpoint", (const char *)s->note.data, s->note.len));
    }
    return all;
}

static bool print_json(const struct bf_comparison *c, const struct bf_trust *trust)
{
    const bool ordered = c->relation != BF_RELATION_SAME;

    return bf_cli_print_json(
        json_pack("{s:s, s:s, s:s, s:[o, o], s:o, s:I, s:o, s:o}", "schema", SCHEMA, "verdict",
                  relation_name(c->relation), "origin", c->side[0].origin, "sides",
                  json_side(&c->side[0]), json_side(&c->side[1]), "shorter",
                  ordered && c->n_more > 0 ? json_integer((json_int_t)c->shorter) : json_null(),
                  "more", (json_int_t)c->n_more, "first_different",
                  c->has_record ? json_integer((json_int_t)c->record) : json_null(), "proof",
                  json_proof(c, trust)));
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct compare_opts *o = opts;
    const char *const path[2] = {args[0], args[1]};
    struct bf_cli_progress progress;
    struct bf_comparison c = {0};
    struct bf_trust trust = {0};
    struct bf_error err = {0};
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)cmd, (void)n_args;
    rc = bf_cli_read_trust(&trust, &o->trust, &err);
    if (rc == BF_OK) {
        bf_cli_progress_start(&progress, "comparing", "records", 1, o->progress);
        rc = bf_ledger_compare(&c, path, &trust, &progress.sink, &err);
        bf_cli_progress_end(&progress);
    }
    if (rc != BF_OK)
        answer = bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
    else if (c.relation == BF_RELATION_FORKED || c.relation == BF_RELATION_ROLLED_BACK)
        answer = BF_EXIT_NO;
    if (rc == BF_OK && !o->json)
        print_report(&c, &trust);
    else if (rc == BF_OK && !print_json(&c, &trust))
        answer = BF_EXIT_FAILED;
    bf_comparison_release(&c);
    bf_trust_release(&trust);
    return answer;
}

const struct bf_command bf_cmd_ledger_compare = {
    .name = "ledger compare",
    .args = "A B",
    .summary = "whether two ledgers, exports or checkpoints are of one history",
    .opts = options,
    .opts_size = sizeof(struct compare_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
