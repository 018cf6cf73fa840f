#include "cli/commands.h"

#include <inttypes.h>

#include <jansson.h>

#include "cli/common.h"
#include "lib/base/text.h"

#define SCHEMA "bonafide.record/1"

struct log_opts {
    const char *ledger;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct log_opts, ledger), "the ledger's folder"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct log_opts, json),
     "print one JSON object a record"},
    {0},
};

static void print_line(const struct bf_record *r, const uint8_t hash32[32])
{
    char time[32], duration[32], hash[17], issuer[4 * BF_NAME_MAX + 1], title[4 * BF_TITLE_MAX + 1];

    bf_time_format(time, r->claimed_unix_s);
    bf_duration_format(duration, (int64_t)r->duration_us);
    bf_hex_format(hash, hash32, 8);
    bf_text_escape(issuer, sizeof issuer, r->issuer, strlen(r->issuer));
    bf_text_escape(title, sizeof title, r->title, strlen(r->title));
    printf("%-6" PRIu64 "  %s  %s  %12s  %s  %s%s\n", r->index, hash, time, duration, issuer, title,
           r->kind == BF_RECORD_SYNTHETIC ? "  [synthetic]" : "");
}

static enum bf_err print_record(struct bf_txn *t, uint64_t index, bool json, struct bf_error *err)
{
    struct bf_record r;
    uint8_t hash[32];
    const void *p;
    size_t n;
    enum bf_err rc = bf_ledger_record(t, index, &p, &n, err);

    if (rc == BF_OK)
        rc = bf_record_decode(&r, p, n, err);
    if (rc != BF_OK)
        return rc;
    bf_record_hash(hash, p, n);
    if (!json)
        print_line(&r, hash);
    else if (!bf_cli_print_json(
                 json_pack("{s:s, s:o}", "schema", SCHEMA, "record", bf_cli_json_record(&r, hash))))
        return bf_error_nomem(err);
    return BF_OK;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct log_opts *o = opts;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    struct bf_txn *t = NULL;
    uint64_t i, n = 0;
    enum bf_err rc;

    (void)cmd, (void)n_args, (void)args;
    rc = bf_cli_open_ledger(&l, o->ledger, true, &err);
    if (rc == BF_OK)
        rc = bf_store_begin_read(&t, bf_ledger_store(l), &err);
    if (rc == BF_OK)
        rc = bf_ledger_size(t, &n, NULL, &err);
    for (i = 0; rc == BF_OK && i < n && !ferror(stdout); i++)
        rc = print_record(t, i, o->json, &err);
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
}

const struct bf_command bf_cmd_ledger_log = {
    .name = "ledger log",
    .args = "",
    .summary = "list the records, one a line, the newest last",
    .opts = options,
    .opts_size = sizeof(struct log_opts),
    .run = run,
};
