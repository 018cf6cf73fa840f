#include "cli/commands.h"

#include <jansson.h>

#include "cli/common.h"

#define SCHEMA "bonafide.ledger-init/1"

struct init_opts {
    const char *ledger;
    const char *origin;
    bool json;
};

static const struct bf_opt options[] = {
    {0, "ledger", BF_OPT_TEXT, "DIR", offsetof(struct init_opts, ledger), "the ledger's folder"},
    {0, "origin", BF_OPT_TEXT, "NAME", offsetof(struct init_opts, origin),
     "the ledger's own name, such as example.com/ledger; without it, a random one"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct init_opts, json), "print one JSON object"},
    {0},
};

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct init_opts *o = opts;
    struct bf_ledger *l = NULL;
    struct bf_error err = {0};
    char dir[BF_PATH_MAX] = "";
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)cmd, (void)n_args, (void)args;
    rc = bf_cli_ledger_dir(dir, sizeof dir, o->ledger, &err);
    if (rc == BF_OK)
        rc = bf_ledger_init(dir, o->origin, &err);
    if (rc == BF_OK)
        rc = bf_ledger_open(&l, dir, true, &err);
    if (rc != BF_OK)
        answer = bf_cli_fail_json(o->json, SCHEMA, dir[0] ? dir : NULL, &err);
    else if (!o->json)
        printf("made the ledger '%s', named %s\n", dir, bf_ledger_origin(l));
    else if (!bf_cli_print_json(json_pack("{s:s, s:o, s:s}", "schema", SCHEMA, "ledger",
                                          bf_cli_json_text(dir), "origin", bf_ledger_origin(l))))
        answer = BF_EXIT_FAILED;
    bf_ledger_close(&l);
    return answer;
}

const struct bf_command bf_cmd_ledger_init = {
    .name = "ledger init",
    .args = "",
    .summary = "make an empty ledger",
    .opts = options,
    .opts_size = sizeof(struct init_opts),
    .run = run,
};
