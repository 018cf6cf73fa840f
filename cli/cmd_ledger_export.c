#include "cli/commands.h"

#include <inttypes.h>

#include <jansson.h>

#include "cli/common.h"

#define SCHEMA "bonafide.ledger-export/1"

struct export_opts {
    const char *ledger;
    const char *output;
    int progress;
    bool force;
    bool json;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct export_opts, output),
     "where the export goes"},
    {0, "force", BF_OPT_FLAG, NULL, offsetof(struct export_opts, force),
     "replace the output file where it exists"},
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct export_opts, ledger), "the ledger's folder"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct export_opts, progress),
     "show how far it is"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct export_opts, json), "print one JSON object"},
    {0},
};

static enum bf_err export(const struct export_opts *o, struct bf_ledger *l, struct bf_error *err) {
    struct bf_cli_progress progress; struct bf_output *out = NULL;
    enum bf_err rc = bf_output_open(&out, o->output, o->force ? BF_OUTPUT_FORCE : 0, err);

    if (rc == BF_OK){bf_cli_progress_start(&progress, "exporting", "records", 1, o->progress);
                     rc = bf_ledger_export(l, out, &progress.sink, err);
                     bf_cli_progress_end(&progress);}
if (rc == BF_OK) rc = bf_output_commit(out, err);
bf_output_close(&out);
return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct export_opts *o = opts;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)n_args, (void)args;
    if (o->output == NULL)
        return bf_cli_usage(cmd, "'ledger export' needs -o FILE");
    rc = bf_cli_open_ledger(&l, o->ledger, true, &err);
    if (rc == BF_OK)
        rc = export(o, l, &err);
    if (rc != BF_OK)
        answer = bf_cli_fail_json(o->json, SCHEMA, o->output, &err);
    else if (!o->json)
        printf("wrote '%s', all of %s\n", o->output, bf_ledger_origin(l));
    else if (!bf_cli_print_json(json_pack("{s:s, s:o, s:s}", "schema", SCHEMA, "file",
                                          bf_cli_json_text(o->output), "origin",
                                          bf_ledger_origin(l))))
        answer = BF_EXIT_FAILED;
    bf_ledger_close(&l);
    return answer;
}

const struct bf_command bf_cmd_ledger_export = {
    .name = "ledger export",
    .args = "",
    .summary = "write the whole ledger to one file",
    .opts = options,
    .opts_size = sizeof(struct export_opts),
    .run = run,
};
