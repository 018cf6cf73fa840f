#include "cli/commands.h"

#include <jansson.h>

#include "cli/common.h"

#define SCHEMA "bonafide.checkpoint/1"

struct checkpoint_opts {
    const char *ledger;
    const char *key;
    const char *passphrase_file;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "key", BF_OPT_TEXT, "FILE", offsetof(struct checkpoint_opts, key),
     "sign the present size and root with this key"},
    {0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct checkpoint_opts, passphrase_file),
     "read the passphrase from the first line of FILE"},
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct checkpoint_opts, ledger),
     "the ledger's folder"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct checkpoint_opts, json), "print one JSON object"},
    {0},
};

static enum bf_err newest(struct bf_buf *note, struct bf_ledger *l, struct bf_error *err)
{
    struct bf_txn *t = NULL;
    const void *p;
    size_t n;
    enum bf_err rc = bf_store_begin_read(&t, bf_ledger_store(l), err);

    if (rc == BF_OK)
        rc = bf_ledger_last_checkpoint(t, &p, &n, err);
    if (rc == BF_OK && !bf_buf_append(note, p, n))
        rc = bf_error_nomem(err);
    bf_txn_abort(&t);
    return rc;
}

static enum bf_err sign(struct bf_buf *note, struct bf_ledger *l, const struct checkpoint_opts *o,
                        struct bf_error *err)
{
    struct bf_key key = {0};
    enum bf_err rc = bf_cli_read_key(&key, o->key, o->passphrase_file, err);

    if (rc == BF_OK)
        rc = bf_ledger_checkpoint(l, note, &key, err);
    bf_key_release(&key);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct checkpoint_opts *o = opts;
    struct bf_checkpoint c;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    struct bf_buf note = {0};
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)cmd, (void)n_args, (void)args;
    rc = bf_cli_open_ledger(&l, o->ledger, o->key == NULL, &err);
    if (rc == BF_OK)
        rc = o->key ? sign(&note, l, o, &err) : newest(&note, l, &err);
    if (rc == BF_OK)
        rc = bf_checkpoint_parse(&c, note.data, note.len, &err);
    if (rc != BF_OK)
        answer = bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
    else if (!o->json)
        fwrite(note.data, 1, note.len, stdout);
    else if (!bf_cli_print_json(json_pack(
                 "{s:s, s:s, s:I, s:o, s:I, s:s#}", "schema", SCHEMA, "origin", c.origin, "size",
                 (json_int_t)c.size, "root", bf_cli_json_hex(c.root32, 32), "signatures",
                 (json_int_t)c.n_sigs, "checkpoint", (const char *)note.data, note.len)))
        answer = BF_EXIT_FAILED;
    bf_buf_release(&note);
    bf_ledger_close(&l);
    return answer;
}

const struct bf_command bf_cmd_ledger_checkpoint = {
    .name = "ledger checkpoint",
    .args = "",
    .summary = "print the newest signed checkpoint, or sign one",
    .opts = options,
    .opts_size = sizeof(struct checkpoint_opts),
    .run = run,
};
