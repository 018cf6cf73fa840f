/*
 * bonafide-check - whether a proof holds, and whether a file is the one it was made for; offline,
 * and without anything that reads video or a ledger
 */
#include <inttypes.h>
#include <unistd.h>

#include "ledger/chain/proof.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

enum {
    EXIT_YES = 0,
    EXIT_NO = 1,
    EXIT_FAILED = 2,
    EXIT_UNTRUSTED = 3,
};

#define TRUST_FILES_MAX 32

struct check {
    const char *file; /* NULL: the proof alone */
    const char *proof;
    const char *trust[TRUST_FILES_MAX];
    size_t n_trust;
    bool json;
};

static const char usage_text[] =
    "usage: bonafide-check [--json] [FILE] --proof PROOF --trust TRUST\n"
    "\n"
    "Says whether PROOF holds: that an issuer in the file TRUST signed its record, and that the "
    "record is on the ledger\n"
    "whose signed checkpoint the proof carries. With FILE it also says whether FILE is, byte for "
    "byte, the file of that\n"
    "record. A re-encoded copy is another file: 'bonafide verify' is for those.\n"
    "\n"
    "  --proof PROOF   the .proof file\n"
    "  --trust TRUST   public keys of the issuers you believe; may be given several times\n"
    "  --json          print one JSON object\n"
    "  --help          print this\n"
    "\n"
    "exit status: 0 yes, 1 no, 2 could not answer (usage, or a file cannot be read), 3 the proof "
    "holds, but its issuer is\n"
    "not one you trust\n";

static int usage(const char *what, const char *arg)
{
    char shown[256];

    bf_text_escape(shown, sizeof shown, arg, strlen(arg));
    fprintf(stderr, "bonafide-check: %s%s%s\ntry 'bonafide-check --help'\n", what,
            arg[0] ? " " : "", shown);
    return EXIT_FAILED;
}

/* The value of option name at argv[*i], written --name=VALUE or --name VALUE; false where argv[*i]
 * is not that option. */
static bool take_value(const char **value, const char *name, int argc, char **argv, int *i)
{
    size_t n = strlen(name);

    if (strncmp(argv[*i], name, n) != 0 || (argv[*i][n] != '\0' && argv[*i][n] != '='))
        return false;
    if (argv[*i][n] == '=')
        *value = argv[*i] + n + 1;
    else
        *value = *i + 1 < argc ? argv[++*i] : NULL;
    return true;
}

/* -1 to go on, else the exit status. */
static int parse_args(struct check *c, int argc, char **argv)
{
    bool only_files = false;
    int i;

    for (i = 1; i < argc; i++) {
        const char *value = NULL;

        if (!only_files && strcmp(argv[i], "--") == 0) {
            only_files = true;
        } else if (only_files || argv[i][0] != '-') {
            if (c->file != NULL)
                return usage("one FILE at a time, and not", argv[i]);
            c->file = argv[i];
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage_text, stdout);
            return EXIT_YES;
        } else if (strcmp(argv[i], "--json") == 0) {
            c->json = true;
        } else if (take_value(&value, "--proof", argc, argv, &i)) {
            if (value == NULL || c->proof != NULL)
                return usage("--proof names one file", "");
            c->proof = value;
        } else if (take_value(&value, "--trust", argc, argv, &i)) {
            if (value == NULL || c->n_trust == TRUST_FILES_MAX)
                return usage("--trust names a file, at most 32 times", "");
            c->trust[c->n_trust++] = value;
        } else {
            return usage("unknown option", argv[i]);
        }
    }
    if (c->proof == NULL || c->n_trust == 0)
        return usage("--proof and --trust must be given", "");
    return -1;
}

static enum bf_err read_trust(struct bf_trust *trust, const struct check *c, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; rc == BF_OK && i < c->n_trust; i++) {
        struct bf_buf text = {0};

        rc = bf_file_read(&text, c->trust[i], BF_TRUST_FILE_MAX, err);
        if (rc == BF_OK)
            rc = bf_trust_parse(trust, text.data, text.len, c->trust[i], err);
        bf_buf_release(&text);
    }
    return rc;
}

/* A JSON string. Everything that comes here was escaped by bf_text_escape or is a valid name, so
 * quotes and backslashes are what is left to do. */
static void print_string(const char *key, const char *text)
{
    const char *p;

    printf(",\"%s\":\"", key);
    for (p = text; *p != '\0'; p++)
        if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else
            putchar(*p);
    putchar('"');
}

static void print_escaped(const char *key, const char *text)
{
    char shown[4096];

    bf_text_escape(shown, sizeof shown, text, strlen(text));
    print_string(key, shown);
}

static void print_json(const struct check *c, const char *verdict, const char *proof,
                       const struct bf_record *r, const struct bf_checkpoint *cp,
                       const struct bf_issuer *trusted, const char *reason)
{
    char hex[2 * BF_PUBLIC33_SIZE + 1], time[32];

    printf("{\"schema\":\"bonafide.check/1\"");
    if (c->file != NULL)
        print_escaped("file", c->file);
    print_string("verdict", verdict);
    print_string("proof", proof);
    if (r != NULL) {
        printf(",\"record\":{\"index\":%" PRIu64, r->index);
        bf_hex_format(hex, r->file32, 32);
        print_string("file_sha256", hex);
        print_escaped("issuer", r->issuer);
        bf_hex_format(hex, r->issuer33, sizeof r->issuer33);
        print_string("issuer_key", hex);
        print_escaped("title", r->title);
        bf_time_format(time, r->claimed_unix_s);
        print_string("registered_at", time);
        printf("},\"chain\":{\"size\":%" PRIu64, cp->size);
        print_string("origin", cp->origin);
        bf_hex_format(hex, cp->root32, 32);
        print_string("root", hex);
        putchar('}');
        if (trusted != NULL)
            print_escaped("trusted_as", trusted->name);
    }
    if (reason[0] != '\0')
        print_string("reason", reason);
    puts("}");
}

static void print_text(const struct check *c, const char *verdict, const struct bf_record *r,
                       const struct bf_checkpoint *cp, const struct bf_issuer *trusted,
                       const char *reason)
{
    char shown[4 * BF_TITLE_MAX + 1], time[32];

    printf("%s%s%s\n", verdict, reason[0] ? ": " : "", reason);
    if (r == NULL)
        return;
    bf_text_escape(shown, sizeof shown, r->title, strlen(r->title));
    printf("record %" PRIu64 " of %s, '%s'\n", r->index, cp->origin, shown);
    bf_text_escape(shown, sizeof shown, trusted ? trusted->name : r->issuer,
                   strlen(trusted ? trusted->name : r->issuer));
    printf("issuer '%s', %s\n", shown,
           trusted ? "whom you trust by this name" : "by its own word alone");
    bf_time_format(time, r->claimed_unix_s);
    printf("registered %s by the issuer's clock\n", time);
    if (c->file == NULL)
        printf("not checked: any file, as none was given\n");
}

/* The words of bonafide's own JSON, for the failures that reading files can have. */
static const char *code_name(enum bf_err code)
{
    switch (code) {
    case BF_ERR_IO:
        return "io";
    case BF_ERR_NOMEM:
        return "memory";
    case BF_ERR_LIMIT:
        return "limit";
    default:
        return "format";
    }
}

static int fail(const struct check *c, const struct bf_error *err)
{
    if (c->json) {
        printf("{\"schema\":\"bonafide.check/1\"");
        if (c->file != NULL)
            print_escaped("file", c->file);
        printf(",\"error\":{\"code\":\"%s\"", code_name(err->code));
        print_string("message", err->text);
        puts("}}");
    }
    fprintf(stderr, "bonafide-check: %s\n", err->text);
    return EXIT_FAILED;
}

/* The answer, once everything was read. file32 is NULL where no file was given. */
static int answer(const struct check *c, const struct bf_buf *proof, const struct bf_trust *trust,
                  const uint8_t *file32)
{
    struct bf_error why = {0};
    struct bf_checkpoint cp;
    struct bf_record r;
    enum bf_proof_verdict v = bf_proof_check(&r, &cp, proof->data, proof->len, trust, &why);
    bool holds = v == BF_PROOF_VALID || v == BF_PROOF_UNTRUSTED;
    const struct bf_issuer *trusted = holds ? bf_trust_find(trust, r.issuer33) : NULL;
    const char *verdict, *reason = why.text;
    int status;

    if (!holds) {
        verdict = "not proved";
        status = EXIT_NO;
    } else if (file32 != NULL && memcmp(file32, r.file32, 32) != 0) {
        verdict = "another file";
        reason = "the proof holds, and it is for a file with other bytes";
        status = EXIT_NO;
    } else if (r.kind == BF_RECORD_SYNTHETIC) {
        verdict = "known synthetic";
        reason = "the record is of a video that a generator made";
        status = EXIT_NO;
    } else if (v == BF_PROOF_UNTRUSTED) {
        verdict = "untrusted issuer";
        status = EXIT_UNTRUSTED;
    } else {
        verdict = file32 != NULL ? "identical" : "proved";
        status = EXIT_YES;
    }
    if (c->json)
        print_json(c, verdict, bf_proof_verdict_name(v), holds ? &r : NULL, &cp, trusted, reason);
    else
        print_text(c, verdict, holds ? &r : NULL, &cp, trusted, reason);
    return status;
}

static int run(const struct check *c)
{
    struct bf_buf proof = {0};
    struct bf_trust trust = {0};
    struct bf_error err = {0};
    uint8_t file32[32];
    uint64_t size = 0;
    int fd = -1, status;
    enum bf_err rc = read_trust(&trust, c, &err);

    if (rc == BF_OK) {
        rc = bf_file_read(&proof, c->proof, BF_PROOF_MAX, &err);
        /* A proof that is too long is not a proof, which is an answer. */
        if (rc == BF_ERR_LIMIT)
            rc = BF_OK;
    }
    if (rc == BF_OK && c->file != NULL)
        rc = bf_file_open(&fd, c->file, &err);
    if (rc == BF_OK && c->file != NULL)
        rc = bf_hash_fd(file32, &size, fd, c->file, &err);
    if (fd >= 0)
        close(fd);
    status = rc == BF_OK ? answer(c, &proof, &trust, c->file ? file32 : NULL) : fail(c, &err);
    bf_buf_release(&proof);
    bf_trust_release(&trust);
    return status;
}

int main(int argc, char **argv)
{
    struct check c = {0};
    int status = parse_args(&c, argc, argv);

    if (status < 0)
        status = run(&c);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bonafide-check: cannot write the answer to standard output\n");
        status = EXIT_FAILED;
    }
    return status;
}
