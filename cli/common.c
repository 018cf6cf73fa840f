#include "cli/common.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/passphrase.h"
#include "cli/secret_guard.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/* $variable/rest, else $HOME/fallback/rest; false where neither is set. A relative path in an XDG
 * variable is ignored, as its specification says. */
static bool xdg_path(char *out, size_t cap, const char *variable, const char *fallback,
                     const char *rest, bool *fits)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    int n;

    if (base != NULL && base[0] == '/')
        n = snprintf(out, cap, "%s/%s", base, rest);
    else if (home != NULL && home[0] != '\0')
        n = snprintf(out, cap, "%s/%s/%s", home, fallback, rest);
    else
        return false;
    *fits = n >= 0 && (size_t)n < cap;
    return true;
}

enum bf_err bf_cli_ledger_dir(char *out, size_t cap, const char *option, struct bf_error *err)
{
    const char *named = option != NULL ? option : getenv("BONAFIDE_LEDGER");
    bool fits = true;

    if (option != NULL && option[0] == '\0')
        return bf_error_set(err, BF_ERR_USAGE, "the ledger's folder has no name");
    if (named != NULL && named[0] != '\0')
        fits = strlen(named) < cap && snprintf(out, cap, "%s", named) >= 0;
    else if (!xdg_path(out, cap, "XDG_DATA_HOME", ".local/share", "bonafide/ledger", &fits))
        return bf_error_set(
            err, BF_ERR_USAGE,
            "there is no home folder to look for a ledger in; name one with --ledger");
    if (!fits)
        return bf_error_set(err, BF_ERR_LIMIT, "the ledger's path is too long");
    return BF_OK;
}

enum bf_err bf_cli_open_ledger(struct bf_ledger **l, const char *option, bool read_only,
                               struct bf_error *err)
{
    char dir[BF_PATH_MAX];
    enum bf_err rc = bf_cli_ledger_dir(dir, sizeof dir, option, err);

    *l = NULL;
    if (rc == BF_OK)
        rc = bf_ledger_open(l, dir, read_only, err);
    if (rc == BF_ERR_NOT_FOUND)
        bf_error_set(err, rc, "there is no ledger at '%s'; make one with 'bonafide ledger init'",
                     dir);
    return rc;
}

enum bf_err bf_cli_read_key(struct bf_key *key, const char *path, const char *passphrase_file,
                            struct bf_error *err)
{
    struct bf_passphrase pass = {.len = 0};
    struct bf_buf pem = {0};
    char prompt[BF_PATH_MAX + 32], shown[BF_PATH_MAX];
    bool encrypted = false;
    enum bf_err rc;

    bf_secret_guard();
    /* Room at once: a buffer that grows leaves its old contents behind. */
    if (!bf_buf_reserve(&pem, 4 * BF_KEY_FILE_MAX))
        return bf_error_nomem(err);
    rc = bf_file_read(&pem, path, BF_KEY_FILE_MAX, err);
    if (rc == BF_OK)
        rc = bf_key_is_encrypted(&encrypted, pem.data, pem.len, path, err);
    if (rc == BF_OK && encrypted && passphrase_file != NULL) {
        rc = bf_passphrase_read(&pass, passphrase_file, err);
    } else if (rc == BF_OK && encrypted) {
        bf_text_escape(shown, sizeof shown, path, strlen(path));
        snprintf(prompt, sizeof prompt, "passphrase for '%s': ", shown);
        rc = bf_passphrase_ask(&pass, prompt, NULL, err);
    }
    if (rc == BF_OK)
        rc = bf_key_decode(key, pem.data, pem.len, encrypted ? pass.text : NULL, pass.len, path,
                           err);
    bf_passphrase_release(&pass);
    explicit_bzero(pem.data, pem.cap);
    bf_buf_release(&pem);
    return rc;
}

static enum bf_err read_trust_file(struct bf_trust *trust, const char *path, struct bf_error *err)
{
    struct bf_buf text = {0};
    enum bf_err rc = bf_file_read(&text, path, BF_TRUST_FILE_MAX, err);

    if (rc == BF_OK)
        rc = bf_trust_parse(trust, text.data, text.len, path, err);
    bf_buf_release(&text);
    return rc;
}

enum bf_err bf_cli_read_trust(struct bf_trust *trust, const struct bf_opt_list *files,
                              struct bf_error *err)
{
    char path[BF_PATH_MAX];
    bool fits = false;
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; rc == BF_OK && i < files->n; i++)
        rc = read_trust_file(trust, files->item[i], err);
    if (files->n > 0 ||
        !xdg_path(path, sizeof path, "XDG_CONFIG_HOME", ".config", "bonafide/trust", &fits) ||
        !fits || access(path, F_OK) != 0)
        return rc;
    return read_trust_file(trust, path, err);
}

/* named where it is not empty, else the first of two folders below the program's own that has file
 * in it; BF_ERR_NOT_FOUND without a sentence. */
static enum bf_err find_folder(char *out, size_t cap, const char *named,
                               const char *const beside[2], const char *file, struct bf_error *err)
{
    char self[BF_PATH_MAX], path[BF_PATH_MAX], *slash;
    ssize_t n;
    size_t i;

    if (named != NULL && named[0] != '\0') {
        if ((size_t)snprintf(out, cap, "%s", named) >= cap)
            return bf_error_set(err, BF_ERR_LIMIT, "the folder's name is too long");
        return BF_OK;
    }
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    for (i = 0; slash != NULL && i < 2; i++)
        if ((size_t)snprintf(out, cap, "%s%s", self, beside[i]) < cap &&
            (size_t)snprintf(path, sizeof path, "%s/%s", out, file) < sizeof path &&
            access(path, R_OK) == 0)
            return BF_OK;
    return BF_ERR_NOT_FOUND;
}

enum bf_err bf_cli_models_dir(char *out, size_t cap, const char *option, struct bf_error *err)
{
    static const char *const beside[2] = {"/../models", "/../share/bonafide/models"};
    enum bf_err rc = find_folder(out, cap, option != NULL ? option : getenv("BONAFIDE_MODELS"),
                                 beside, "blazeface.json", err);

    if (rc == BF_ERR_NOT_FOUND)
        bf_error_set(err, rc,
                     "there are no face networks here; 'make models' fetches them, and --models "
                     "or BONAFIDE_MODELS names their folder");
    return rc;
}

enum bf_err bf_cli_detector_dir(char *out, size_t cap, const char *option, struct bf_error *err)
{
    static const char *const beside[2] = {"/../../detector/weights", "/../share/bonafide/detector"};
    enum bf_err rc = find_folder(out, cap, option != NULL ? option : getenv("BONAFIDE_DETECTOR"),
                                 beside, ".", err);

    if (rc == BF_ERR_NOT_FOUND)
        bf_error_set(err, rc,
                     "the detector's weights are not here; --weights or BONAFIDE_DETECTOR names "
                     "their folder");
    return rc;
}

const char *bf_cli_tmp_dir(void)
{
    const char *dir = getenv("TMPDIR");

    return dir != NULL && dir[0] == '/' ? dir : "/tmp";
}

bool bf_cli_same_file(const char *a, const char *b)
{
    struct stat at_a, at_b;

    return a != NULL && b != NULL && stat(a, &at_a) == 0 && stat(b, &at_b) == 0 &&
           at_a.st_dev == at_b.st_dev && at_a.st_ino == at_b.st_ino;
}

enum bf_err bf_cli_check_output(const char *path, bool force, struct bf_error *err)
{
    struct bf_output *out = NULL;
    enum bf_err rc = BF_OK;

    if (path != NULL)
        rc = bf_output_open(&out, path, force ? BF_OUTPUT_FORCE : 0, err);
    bf_output_close(&out);
    return rc;
}

bool bf_cli_is_one_of(const char *out, int n_args, char **args)
{
    int i;

    for (i = 0; i < n_args; i++)
        if (bf_cli_same_file(out, args[i]))
            return true;
    return false;
}

/* The folder of path, as a file; false where it is not there. */
static bool folder_of(struct stat *st, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[BF_PATH_MAX];

    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
             slash != NULL ? path : ".");
    return stat(folder, st) == 0;
}

bool bf_cli_same_name(const char *a, const char *b)
{
    const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
    struct stat at_a, at_b;

    return strcmp(slash_a != NULL ? slash_a + 1 : a, slash_b != NULL ? slash_b + 1 : b) == 0 &&
           folder_of(&at_a, a) && folder_of(&at_b, b) && at_a.st_dev == at_b.st_dev &&
           at_a.st_ino == at_b.st_ino;
}

bool bf_cli_print_json(struct json_t *j)
{
    char *text = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

    json_decref(j);
    if (text == NULL) {
        fputs("bonafide: not enough memory\n", stderr);
        return false;
    }
    puts(text);
    free(text);
    return true;
}

static const char *code_name(enum bf_err code)
{
    switch (code) {
    case BF_OK:
        break;
    case BF_ERR_IO:
        return "io";
    case BF_ERR_NOMEM:
        return "memory";
    case BF_ERR_FORMAT:
        return "format";
    case BF_ERR_LIMIT:
        return "limit";
    case BF_ERR_USAGE:
        return "usage";
    case BF_ERR_EXISTS:
        return "exists";
    case BF_ERR_NOT_FOUND:
        return "not-found";
    case BF_ERR_AUTH:
        return "auth";
    case BF_ERR_LIBRARY:
        return "library";
    }
    return "unknown";
}

enum bf_exit bf_cli_fail_json(bool json, const char *schema, const char *file,
                              const struct bf_error *err)
{
    if (json)
        bf_cli_print_json(json_pack("{s:s, s:o, s:{s:s, s:o}}", "schema", schema, "file",
                                    file ? bf_cli_json_text(file) : json_null(), "error", "code",
                                    code_name(err->code), "message", bf_cli_json_text(err->text)));
    return bf_cli_fail(err);
}

struct json_t *bf_cli_json_text(const char *text)
{
    size_t n = strlen(text), cap = 4 * n + 1;
    char *escaped;
    json_t *j;

    if (bf_text_is_utf8(text, n))
        return json_stringn(text, n);
    escaped = malloc(cap);
    if (escaped == NULL)
        return NULL;
    bf_text_escape(escaped, cap, text, n);
    j = json_string(escaped);
    free(escaped);
    return j;
}

struct json_t *bf_cli_json_hex(const uint8_t *p, size_t n)
{
    char hex[2 * 64 + 1];

    if (n > 64)
        return NULL;
    bf_hex_format(hex, p, n);
    return json_string(hex);
}

static const char *kind_name(enum bf_record_kind kind)
{
    return kind == BF_RECORD_SYNTHETIC ? "synthetic" : "authentic";
}

struct json_t *bf_cli_json_record(const struct bf_record *r, const uint8_t hash32[32])
{
    char time[32], base[32];
    json_t *o, *subjects;
    size_t i;

    bf_time_format(time, r->claimed_unix_s);
    snprintf(base, sizeof base, "%" PRIu32 "/%" PRIu32, r->time_base_num, r->time_base_den);
    o = json_pack(
        "{s:I, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:s, "
        "s:o}",
        "index", (json_int_t)r->index, "hash", bf_cli_json_hex(hash32, 32), "kind",
        kind_name(r->kind), "title", bf_cli_json_text(r->title), "issuer",
        bf_cli_json_text(r->issuer), "issuer_key", bf_cli_json_hex(r->issuer33, sizeof r->issuer33),
        "registered_at", time, "file_sha256", bf_cli_json_hex(r->file32, 32), "file_size",
        (json_int_t)r->file_size, "stream_sha256", bf_cli_json_hex(r->stream32, 32), "frames_root",
        bf_cli_json_hex(r->frames32, 32), "digest_root", bf_cli_json_hex(r->digest32, 32), "frames",
        (json_int_t)r->n_frames, "duration_us", (json_int_t)r->duration_us, "width",
        (json_int_t)r->width, "height", (json_int_t)r->height, "time_base", base, "previous",
        bf_cli_json_hex(r->prev32, 32));
    if (o == NULL || r->kind != BF_RECORD_SYNTHETIC)
        return o;
    subjects = json_array();
    for (i = 0; i < r->n_subjects; i++)
        json_array_append_new(subjects, bf_cli_json_hex(r->subjects32[i], 32));
    json_object_set_new(o, "method", bf_cli_json_text(r->method));
    json_object_set_new(o, "subjects", subjects);
    return o;
}

static void print_text(const char *label, const char *text)
{
    char shown[4 * BF_TITLE_MAX + 1];

    bf_text_escape(shown, sizeof shown, text, strlen(text));
    printf("%-12s %s\n", label, shown);
}

static void print_hash(const char *label, const uint8_t *p, size_t n)
{
    char hex[2 * BF_PUBLIC33_SIZE + 1];

    bf_hex_format(hex, p, n);
    printf("%-12s %s\n", label, hex);
}

void bf_cli_print_record(const struct bf_record *r, const uint8_t hash32[32])
{
    char time[32], duration[32], size[32];
    size_t i;

    bf_time_format(time, r->claimed_unix_s);
    bf_duration_format(duration, (int64_t)r->duration_us);
    bf_size_format(size, r->file_size);
    printf("%-12s %" PRIu64 "\n", "record", r->index);
    print_hash("hash", hash32, 32);
    print_text("title", r->title);
    print_text("issuer", r->issuer);
    print_hash("issuer key", r->issuer33, sizeof r->issuer33);
    printf("%-12s %s by the issuer's clock\n", "registered", time);
    if (r->kind == BF_RECORD_SYNTHETIC) {
        print_text("kind", "synthetic: made by a generator");
        print_text("method", r->method);
        for (i = 0; i < r->n_subjects; i++)
            print_hash(i == 0 ? "subjects" : "", r->subjects32[i], 32);
    } else {
        print_text("kind", "authentic");
    }
    printf("%-12s %" PRIu32 "x%" PRIu32 ", %" PRIu64 " frames, %s, %s\n", "video", r->width,
           r->height, r->n_frames, duration, size);
    print_hash("file", r->file32, 32);
    print_hash("stream", r->stream32, 32);
    print_hash("frames", r->frames32, 32);
    print_hash("digest", r->digest32, 32);
    print_hash("previous", r->prev32, 32);
}
