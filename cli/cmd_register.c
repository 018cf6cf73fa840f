#include "cli/commands.h"
#include "cli/enrol.h"
#include "lib/base/text.h"

#include <inttypes.h>

#include <jansson.h>

#define SCHEMA "bonafide.register/1"

struct register_opts {
    const char *key, *ledger, *title, *passphrase_file;
    bool private_digest, force, json;
    int progress;
};

static const struct bf_opt options[] = {
    {'k', "key", BF_OPT_TEXT, "FILE", offsetof(struct register_opts, key),
     "the issuer's key (required)"},
    {'l', "ledger", BF_OPT_TEXT, "DIR", offsetof(struct register_opts, ledger),
     "the ledger's folder; made where there is none"},
    {'t', "title", BF_OPT_TEXT, "TEXT", offsetof(struct register_opts, title),
     "title in the record; default: the file's name"},
    {0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct register_opts, passphrase_file),
     "read the key's passphrase from FILE's first line"},
    {0, "private", BF_OPT_FLAG, NULL, offsetof(struct register_opts, private_digest),
     "keep the digest off the ledger: only its root is signed"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct register_opts, force),
     "replace FILE.proof and FILE.digest"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct register_opts, json),
     "print one JSON object a file"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct register_opts, progress),
     "show progress, or never"},
    BF_OPT_DECODING,
    {0},
};

static void warn_about(const char *path, const struct bf_enrolled *e)
{
    if (e->n_damaged > 0)
        bf_cli_warn("'%s': %" PRIu64 " of %" PRIu64
                    " frames are damaged; they are registered as they decode",
                    path, e->n_damaged, e->n_frames);
    if (e->mark.found)
        bf_cli_warn("'%s' carries the mark of a generator, and is registered as authentic now",
                    path);
    if (e->n_video > 1)
        bf_cli_warn("'%s' has %u video streams; only the main one is registered", path, e->n_video);
}

static void print_json(const char *path, const struct bf_enrolled *e, bool private_digest)
{
    json_t *o = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:i, s:b}", "schema", SCHEMA, "file", bf_cli_json_text(path),
        "record", bf_cli_json_record(&e->record, e->record_hash32), "proof",
        bf_cli_json_text(e->proof_path), "digest", bf_cli_json_text(e->digest_path), "digest_bytes",
        (int)e->digest_bytes, "digest_on_ledger", !private_digest);

    bf_cli_print_json(o);
}

static void print_text(const char *path, const struct bf_enrolled *e)
{
    char name[1024], size[32];

    bf_text_escape(name, sizeof name, path, strlen(path));
    bf_size_format(size, e->digest_bytes);
    printf("registered %s\n", name);
    bf_cli_print_record(&e->record, e->record_hash32);
    printf("  wrote      %s.proof, %s.digest (%s)\n", name, name, size);
}

static enum bf_exit register_file(const struct register_opts *o, struct bf_ledger *ledger,
                                  const struct bf_key *key, const char *path)
{
    const struct bf_enrolment how = {.path = path,
                                     .title = o->title,
                                     .private_digest = o->private_digest,
                                     .force = o->force,
                                     .progress = o->progress,
                                     .kind = BF_RECORD_AUTHENTIC};
    struct bf_enrolled done;
    struct bf_error err = {0};
    enum bf_exit rc = BF_EXIT_YES;

    if (bf_enrol(&done, &how, ledger, key, &err) != BF_OK) {
        rc = bf_cli_fail_json(o->json, SCHEMA, path, &err);
    } else {
        warn_about(path, &done);
        if (o->json)
            print_json(path, &done, o->private_digest);
        else
            print_text(path, &done);
        fflush(stdout);
    }
    bf_enrolled_release(&done);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct register_opts *o = opts;
    struct bf_ledger *ledger = NULL;
    struct bf_error err = {0};
    enum bf_exit worst = BF_EXIT_YES;
    struct bf_key key = {0};
    int i;

    if (o->key == NULL)
        return bf_cli_usage(cmd, "'register' needs --key FILE");
    if (o->title != NULL && bf_enrol_title_fault(o->title) != NULL)
        return bf_cli_usage(cmd, "%s", bf_enrol_title_fault(o->title));
    if (bf_cli_read_key(&key, o->key, o->passphrase_file, &err) != BF_OK ||
        bf_enrol_open_ledger(&ledger, o->ledger, &err) != BF_OK) {
        bf_key_release(&key);
        return bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
    }
    for (i = 0; i < n_args; i++)
        worst = bf_exit_worse(worst, register_file(o, ledger, &key, args[i]));
    bf_ledger_close(&ledger);
    bf_key_release(&key);
    return worst;
}

const struct bf_command bf_cmd_register = {
    .name = "register",
    .args = "FILE...",
    .summary = "record authentic videos on the ledger, signed",
    .opts = options,
    .opts_size = sizeof(struct register_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
