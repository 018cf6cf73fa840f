#include "cli/commands.h"

#include <jansson.h>

#include "cli/common.h"
#include "cli/passphrase.h"
#include "cli/secret_guard.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define SCHEMA "bonafide.key/1"

struct key_opts {
    const char *output;
    const char *name;
    const char *passphrase_file;
    bool no_passphrase;
    bool force;
    bool pem;
    bool json;
};

#define OPT_PASSPHRASE_FILE                                                                    \
    {                                                                                          \
        0, "passphrase-file", BF_OPT_TEXT, "FILE", offsetof(struct key_opts, passphrase_file), \
            "read the passphrase from the first line of FILE"                                  \
    }
#define OPT_JSON                                                                               \
    {                                                                                          \
        0, "json", BF_OPT_FLAG, NULL, offsetof(struct key_opts, json), "print one JSON object" \
    }
#define OPT_FORCE                                                        \
    {                                                                    \
        0, "force", BF_OPT_FLAG, NULL, offsetof(struct key_opts, force), \
            "replace the output file where it exists"                    \
    }

static enum bf_exit fail(const struct key_opts *o, const char *file, const struct bf_error *err)
{
    return bf_cli_fail_json(o->json, SCHEMA, file, err);
}

/* The public half as all three commands answer with it. file is the key's or NULL. */
static enum bf_exit answer_json(const char *file, const uint8_t public33[33], const char *name,
                                json_t *more)
{
    json_t *j =
        json_pack("{s:s, s:o, s:o, s:o}", "schema", SCHEMA, "file",
                  file ? bf_cli_json_text(file) : json_null(), "name", bf_cli_json_text(name),
                  "public_key", bf_cli_json_hex(public33, BF_PUBLIC33_SIZE));

    if (j != NULL && more != NULL)
        json_object_update(j, more);
    json_decref(more);
    return bf_cli_print_json(j) ? BF_EXIT_YES : BF_EXIT_FAILED;
}

/* Everything that can be refused is, before anybody types a passphrase. */
static enum bf_err check_output(const char *path, unsigned flags, struct bf_error *err)
{
    struct bf_output *out = NULL;
    enum bf_err rc = bf_output_open(&out, path, flags, err);

    bf_output_close(&out);
    return rc;
}

static enum bf_exit run_new(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct key_opts *o = opts;
    const unsigned flags = BF_OUTPUT_PRIVATE | (o->force ? BF_OUTPUT_FORCE : 0);
    struct bf_passphrase pass = {.len = 0};
    struct bf_error err = {0};
    struct bf_buf pem = {0};
    struct bf_key key = {0};
    char hex[2 * BF_PUBLIC33_SIZE + 1];
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;

    (void)n_args, (void)args;
    if (o->output == NULL || o->name == NULL)
        return bf_cli_usage(cmd, "'key new' needs -o FILE and --name NAME");
    if (o->no_passphrase && o->passphrase_file != NULL)
        return bf_cli_usage(cmd, "--no-passphrase and --passphrase-file contradict each other");
    bf_secret_guard();
    rc = bf_key_generate(&key, o->name, &err);
    if (rc == BF_OK)
        rc = check_output(o->output, flags, &err);
    if (rc == BF_OK && o->passphrase_file != NULL)
        rc = bf_passphrase_read(&pass, o->passphrase_file, &err);
    else if (rc == BF_OK && !o->no_passphrase)
        rc = bf_passphrase_ask(&pass, "passphrase for the new key: ", "the same once more: ", &err);
    if (rc == BF_OK)
        rc = bf_key_encode(&pem, &key, o->no_passphrase ? NULL : pass.text, pass.len, &err);
    if (rc == BF_OK)
        rc = bf_file_write(o->output, flags, &pem, &err);
    bf_passphrase_release(&pass);
    explicit_bzero(key.secret32, sizeof key.secret32);
    if (rc != BF_OK) {
        answer = fail(o, o->output, &err);
    } else if (o->json) {
        answer = answer_json(o->output, key.public33, key.name,
                             json_pack("{s:b}", "encrypted", !o->no_passphrase));
    } else {
        bf_hex_format(hex, key.public33, sizeof key.public33);
        printf("%-12s %s\n%-12s %s\n%-12s %s\n", "name", key.name, "public key", hex, "encrypted",
               o->no_passphrase ? "no: whoever reads the file can sign in this name" : "yes");
    }
    bf_key_release(&key);
    if (pem.data != NULL)
        explicit_bzero(pem.data, pem.cap);
    bf_buf_release(&pem);
    return answer;
}

/* The public halves in a file: of a key, or of a trust list's lines, which need no passphrase. */
static enum bf_err read_public(struct bf_trust *trust, bool *encrypted, bool *secret,
                               const char *path, const char *passphrase_file, struct bf_error *err)
{
    struct bf_buf text = {0};
    struct bf_key key = {0};
    enum bf_err rc;

    *encrypted = false;
    bf_secret_guard();
    if (!bf_buf_reserve(&text, 2 * BF_TRUST_FILE_MAX))
        return bf_error_nomem(err);
    rc = bf_file_read(&text, path, BF_TRUST_FILE_MAX, err);
    *secret =
        rc == BF_OK && bf_key_is_encrypted(encrypted, text.data, text.len, path, NULL) == BF_OK;
    if (rc == BF_OK && !*secret) {
        rc = bf_trust_parse(trust, text.data, text.len, path, err);
        if (rc == BF_OK && trust->n == 0)
            rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' holds no key", path);
    } else if (rc == BF_OK) {
        rc = bf_cli_read_key(&key, path, passphrase_file, err);
        if (rc == BF_OK)
            rc = bf_trust_add(trust, key.public33, key.name, err);
    }
    bf_key_release(&key);
    explicit_bzero(text.data, text.cap);
    bf_buf_release(&text);
    return rc;
}

static enum bf_exit run_show(const struct bf_command *cmd, const void *opts, int n_args,
                             char **args)
{
    const struct key_opts *o = opts;
    struct bf_error err = {0};
    struct bf_trust trust = {0};
    bool encrypted, secret;
    enum bf_exit answer = BF_EXIT_YES;
    size_t i;

    (void)cmd, (void)n_args;
    if (read_public(&trust, &encrypted, &secret, args[0], o->passphrase_file, &err) != BF_OK) {
        bf_trust_release(&trust);
        return fail(o, args[0], &err);
    }
    for (i = 0; i < trust.n; i++) {
        char hex[2 * BF_PUBLIC33_SIZE + 1];

        bf_hex_format(hex, trust.item[i].public33, BF_PUBLIC33_SIZE);
        if (o->json)
            answer = bf_exit_worse(
                answer,
                answer_json(args[0], trust.item[i].public33, trust.item[i].name,
                            json_pack("{s:b, s:b}", "secret", secret, "encrypted", encrypted)));
        else
            printf("%s%-12s %s\n%-12s %s\n%-12s %s\n", i > 0 ? "\n" : "", "name",
                   trust.item[i].name, "public key", hex, "holds",
                   !secret     ? "the public half alone"
                   : encrypted ? "the secret half, under a passphrase"
                               : "the secret half, with no passphrase");
    }
    bf_trust_release(&trust);
    return answer;
}

static enum bf_exit run_export(const struct bf_command *cmd, const void *opts, int n_args,
                               char **args)
{
    const struct key_opts *o = opts;
    struct bf_error err = {0};
    struct bf_trust trust = {0};
    struct bf_buf text = {0};
    bool encrypted, secret;
    enum bf_exit answer = BF_EXIT_YES;
    enum bf_err rc;
    size_t i;

    (void)cmd, (void)n_args;
    rc = read_public(&trust, &encrypted, &secret, args[0], o->passphrase_file, &err);
    for (i = 0; rc == BF_OK && i < trust.n; i++) {
        if (o->pem)
            rc = bf_key_encode_public(&text, trust.item[i].public33, &err);
        else if (!bf_trust_format(&text, trust.item[i].public33, trust.item[i].name))
            rc = bf_error_nomem(&err);
    }
    if (rc == BF_OK && o->output != NULL)
        rc = bf_file_write(o->output, o->force ? BF_OUTPUT_FORCE : 0, &text, &err);
    if (rc != BF_OK)
        answer = fail(o, args[0], &err);
    else if (o->json)
        answer =
            answer_json(args[0], trust.item[0].public33, trust.item[0].name,
                        json_pack("{s:s#, s:o}", "text", (const char *)text.data, text.len,
                                  "output", o->output ? bf_cli_json_text(o->output) : json_null()));
    else if (o->output == NULL)
        fwrite(text.data, 1, text.len, stdout);
    bf_buf_release(&text);
    bf_trust_release(&trust);
    return answer;
}

static const struct bf_opt new_options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct key_opts, output),
     "where the key goes, mode 0600"},
    {0, "name", BF_OPT_TEXT, "NAME", offsetof(struct key_opts, name),
     "the issuer's name, which every record carries"},
    {0, "no-passphrase", BF_OPT_FLAG, NULL, offsetof(struct key_opts, no_passphrase),
     "do not encrypt the key"},
    OPT_PASSPHRASE_FILE,
    OPT_FORCE,
    OPT_JSON,
    {0},
};

static const struct bf_opt show_options[] = {OPT_PASSPHRASE_FILE, OPT_JSON, {0}};

static const struct bf_opt export_options[] = {
    {'o', "output", BF_OPT_TEXT, "FILE", offsetof(struct key_opts, output),
     "write to FILE, not to standard output"},
    {0, "pem", BF_OPT_FLAG, NULL, offsetof(struct key_opts, pem),
     "a SubjectPublicKeyInfo PEM, for other tools"},
    OPT_PASSPHRASE_FILE,
    OPT_FORCE,
    OPT_JSON,
    {0},
};

const struct bf_command bf_cmd_key_new = {
    .name = "key new",
    .args = "",
    .summary = "make an issuer's key",
    .opts = new_options,
    .opts_size = sizeof(struct key_opts),
    .run = run_new,
};

const struct bf_command bf_cmd_key_show = {
    .name = "key show",
    .args = "FILE",
    .summary = "show whose key a file holds",
    .opts = show_options,
    .opts_size = sizeof(struct key_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

const struct bf_command bf_cmd_key_export = {
    .name = "key export",
    .args = "FILE",
    .summary = "print the public half, as a line for a trust file",
    .opts = export_options,
    .opts_size = sizeof(struct key_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_export,
};
