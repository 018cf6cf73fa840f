#include "cli/commands.h"

#include <jansson.h>

#include "cli/common.h"
#include "cli/record_arg.h"
#include "lib/base/file.h"

#define SCHEMA "bonafide.proof/1"

struct prove_opts {
    const char *ledger;
    const char *output;
    bool force;
    bool json;
};

static const struct bf_opt options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct prove_opts, output),
     "write to FILE, not to standard output"},
    {0, "force", BF_OPT_FLAG, NULL, offsetof(struct prove_opts, force),
     "replace the output file where it exists"},
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct prove_opts, ledger), "the ledger's folder"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct prove_opts, json), "print one JSON object"},
    {0},
};

static enum bf_err prove(struct bf_buf *out, uint64_t *index, const char *ledger, const char *arg,
                         struct bf_error *err)
{
    struct bf_ledger *l = NULL;
    struct bf_txn *t = NULL;
    enum bf_err rc = bf_cli_open_ledger(&l, ledger, true, err);

    if (rc == BF_OK)
        rc = bf_store_begin_read(&t, bf_ledger_store(l), err);
    if (rc == BF_OK)
        rc = bf_cli_find_record(index, t, arg, err);
    if (rc == BF_OK)
        rc = bf_ledger_prove(t, out, *index, err);
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct prove_opts *o = opts;
    struct bf_error err = {0};
    struct bf_buf text = {0};
    uint64_t index = 0;
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)cmd, (void)n_args;
    rc = prove(&text, &index, o->ledger, args[0], &err);
    if (rc == BF_OK && o->output != NULL)
        rc = bf_file_write(o->output, o->force ? BF_OUTPUT_FORCE : 0, &text, &err);
    if (rc != BF_OK) {
        answer = bf_cli_fail_json(o->json, SCHEMA, o->output, &err);
    } else if (o->json) {
        if (!bf_cli_print_json(json_pack("{s:s, s:o, s:I, s:s#}", "schema", SCHEMA, "file",
                                         o->output ? bf_cli_json_text(o->output) : json_null(),
                                         "index", (json_int_t)index, "proof",
                                         (const char *)text.data, text.len)))
            answer = BF_EXIT_FAILED;
    } else if (o->output == NULL) {
        fwrite(text.data, 1, text.len, stdout);
    }
    bf_buf_release(&text);
    return answer;
}

const struct bf_command bf_cmd_ledger_prove = {
    .name = "ledger prove",
    .args = "RECORD",
    .summary = "print what proves offline that a record is on the ledger",
    .opts = options,
    .opts_size = sizeof(struct prove_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
