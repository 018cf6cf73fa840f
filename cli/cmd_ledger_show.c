#include "cli/commands.h"

#include <jansson.h>

#include "cli/common.h"
#include "cli/record_arg.h"

#define SCHEMA "bonafide.record/1"

struct show_opts {
    const char *ledger;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct show_opts, ledger), "the ledger's folder"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct show_opts, json), "print one JSON object"},
    {0},
};

/* *answer is NO where the record is there and its signature does not hold. */
static enum bf_err show(enum bf_exit *answer, struct bf_txn *t, const char *arg, bool json,
                        struct bf_error *err)
{
    struct bf_record r;
    uint8_t hash[32];
    uint64_t index = 0;
    const void *p;
    size_t n;
    bool holds;
    enum bf_err rc = bf_cli_find_record(&index, t, arg, err);

    if (rc == BF_OK)
        rc = bf_ledger_record(t, index, &p, &n, err);
    if (rc == BF_OK)
        rc = bf_record_decode(&r, p, n, err);
    if (rc != BF_OK)
        return rc;
    bf_record_hash(hash, p, n);
    holds = bf_record_check(p, n);
    if (!json) {
        bf_cli_print_record(&r, hash);
        printf("%-12s %s\n", "signature",
               holds ? "verifies under the issuer key" : "DOES NOT VERIFY");
    } else if (!bf_cli_print_json(json_pack("{s:s, s:o, s:b, s:b}", "schema", SCHEMA, "record",
                                            bf_cli_json_record(&r, hash), "signature_valid", holds,
                                            "has_digest", bf_ledger_has_blob(t, r.digest32)))) {
        return bf_error_nomem(err);
    }
    *answer = holds ? BF_EXIT_YES : BF_EXIT_NO;
    return BF_OK;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct show_opts *o = opts;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    struct bf_txn *t = NULL;
    enum bf_exit answer = BF_EXIT_FAILED;
    enum bf_err rc;

    (void)cmd, (void)n_args;
    rc = bf_cli_open_ledger(&l, o->ledger, true, &err);
    if (rc == BF_OK)
        rc = bf_store_begin_read(&t, bf_ledger_store(l), &err);
    if (rc == BF_OK)
        rc = show(&answer, t, args[0], o->json, &err);
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    return rc == BF_OK ? answer : bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
}

const struct bf_command bf_cmd_ledger_show = {
    .name = "ledger show",
    .args = "RECORD",
    .summary = "show one record, by its index or its hash",
    .opts = options,
    .opts_size = sizeof(struct show_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
