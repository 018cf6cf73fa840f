#include "cli/commands.h"

#include <inttypes.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/common.h"
#include "ledger/digest/digest.h"
#include "ledger/match/record_index.h"

#define SCHEMA "bonafide.ledger-import/1"

struct import_opts {
    const char *ledger;
    int progress;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct import_opts, ledger),
     "the ledger's folder; made where there is none"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct import_opts, progress),
     "show how far it is"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct import_opts, json), "print one JSON object"},
    {0},
};

/* A new record whose digest came along can be found by its frames at once. */
static enum bf_err index_record(void *ctx, struct bf_txn *t, uint64_t index,
                                const struct bf_record *r, struct bf_error *err)
{
    struct bf_buf blob = {0};
    enum bf_err rc;

    (void)ctx;
    if (!bf_ledger_has_blob(t, r->digest32))
        return BF_OK;
    rc = bf_ledger_get_blob(t, &blob, r->digest32, err);
    if (rc == BF_OK)
        rc = bf_record_index_add(t, index, blob.data, blob.len, err);
    bf_buf_release(&blob);
    return rc;
}

static enum bf_err import(const char *dir, const char *path, uint64_t *n_new, int on,
                          struct bf_error *err)
{
    static const struct bf_import_hooks hooks = {.check_blob = bf_digest_check,
                                                 .after_record = index_record};
    struct bf_cli_progress progress;
    int fd = -1;
    enum bf_err rc = bf_file_open(&fd, path, err);

    if (rc != BF_OK)
        return rc;
    bf_cli_progress_start(&progress, "importing", "MB", 1e6, on);
    rc = bf_ledger_import(dir, fd, path, n_new, &hooks, &progress.sink, err);
    bf_cli_progress_end(&progress);
    close(fd);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct import_opts *o = opts;
    struct bf_error err = {0};
    char dir[BF_PATH_MAX];
    uint64_t n_new = 0;
    enum bf_err rc;

    (void)cmd, (void)n_args;
    rc = bf_cli_ledger_dir(dir, sizeof dir, o->ledger, &err);
    if (rc == BF_OK)
        rc = import(dir, args[0], &n_new, o->progress, &err);
    if (rc != BF_OK)
        return bf_cli_fail_json(o->json, SCHEMA, args[0], &err);
    if (!o->json)
        printf("imported %" PRIu64 " new record%s into '%s'\n", n_new, n_new == 1 ? "" : "s", dir);
    else if (!bf_cli_print_json(json_pack("{s:s, s:o, s:o, s:I}", "schema", SCHEMA, "file",
                                          bf_cli_json_text(args[0]), "ledger",
                                          bf_cli_json_text(dir), "new_records", (json_int_t)n_new)))
        return BF_EXIT_FAILED;
    return BF_EXIT_YES;
}

const struct bf_command bf_cmd_ledger_import = {
    .name = "ledger import",
    .args = "FILE",
    .summary = "read an export into a ledger, after verifying all of it",
    .opts = options,
    .opts_size = sizeof(struct import_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
