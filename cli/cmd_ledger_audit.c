#include "cli/commands.h"

#include <inttypes.h>

#include <jansson.h>

#include "cli/common.h"
#include "ledger/digest/digest.h"
#include "ledger/match/index_audit.h"

#define SCHEMA "bonafide.audit/1"

struct audit_opts {
    const char *ledger;
    int progress;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct audit_opts, ledger), "the ledger's folder"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct audit_opts, progress),
     "show how far it is"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct audit_opts, json), "print one JSON object"},
    {0},
};

static bool print_report(const struct bf_audit *a, const char *origin, bool json)
{
    if (json)
        return bf_cli_print_json(
            json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o, s:o}", "schema", SCHEMA, "origin",
                      origin, "clean", a->clean, "records", (json_int_t)a->n_records, "nodes",
                      (json_int_t)a->n_nodes, "checkpoints", (json_int_t)a->n_checkpoints,
                      "digests", (json_int_t)a->n_blobs, "first_bad_record",
                      a->has_bad_record ? json_integer((json_int_t)a->bad_record) : json_null(),
                      "reason", a->clean ? json_null() : bf_cli_json_text(a->why.text)));
    if (!a->clean)
        printf("NOT CLEAN: %s\n", a->why.text);
    else
        printf("clean: %" PRIu64 " records, %" PRIu64 " tree nodes, %" PRIu64
               " checkpoints and %" PRIu64 " digests of %s hold\n",
               a->n_records, a->n_nodes, a->n_checkpoints, a->n_blobs, origin);
    return true;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct audit_opts *o = opts;
    struct bf_cli_progress progress;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    struct bf_audit a = {0};
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)cmd, (void)n_args, (void)args;
    rc = bf_cli_open_ledger(&l, o->ledger, true, &err);
    if (rc == BF_OK) {
        bf_cli_progress_start(&progress, "auditing", "records", 1, o->progress);
        rc = bf_ledger_audit(&a, l, bf_digest_check, &progress.sink, &err);
        bf_cli_progress_end(&progress);
    }
    if (rc == BF_OK && a.clean) {
        bf_cli_progress_start(&progress, "lookup tables", "records", 1, o->progress);
        rc = bf_index_audit(&a.clean, &a.why, l, &progress.sink, &err);
        bf_cli_progress_end(&progress);
    }
    if (rc != BF_OK)
        answer = bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
    else if (!print_report(&a, bf_ledger_origin(l), o->json))
        answer = BF_EXIT_FAILED;
    else if (!a.clean)
        answer = BF_EXIT_NO;
    bf_ledger_close(&l);
    return answer;
}

const struct bf_command bf_cmd_ledger_audit = {
    .name = "ledger audit",
    .args = "",
    .summary = "re-verify every record, tree node, checkpoint and digest",
    .opts = options,
    .opts_size = sizeof(struct audit_opts),
    .run = run,
};
