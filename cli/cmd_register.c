#include "cli/commands.h"
#include "cli/common.h"
#include "cli/intake.h"
#include "ledger/match/record_index.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
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
    {0},
};

/* One file on its way to the ledger. */
struct job {
    const struct register_opts *opts;
    struct bf_ledger *ledger;
    const struct bf_key *key;
    const char *path;
    struct bf_intake in;
    struct bf_output *digest_out, *proof_out;
    struct bf_digest_writer *writer;
    char *proof_path, *digest_path;
    const void *blob;
    size_t blob_len;
    uint8_t record_hash32[32];
};

static char *with_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path) + strlen(suffix) + 1;
    char *s = malloc(n);

    if (s != NULL)
        snprintf(s, n, "%s%s", path, suffix);
    return s;
}

static enum bf_err write_blob(void *ctx, const void *p, size_t n, struct bf_error *err)
{
    struct job *j = ctx;

    return bf_output_write(j->digest_out, p, n, err);
}

static enum bf_err take_frame(void *ctx, const struct bf_frame_digest *f, struct bf_error *err)
{
    struct job *j = ctx;

    return bf_digest_writer_add(j->writer, f, err);
}

/* Says which record it is where the file is on the ledger already: before decoding, so that it is
 * known at once. */
static enum bf_err refuse_registered(struct job *j, struct bf_error *err)
{
    struct bf_txn *t = NULL;
    uint64_t index;
    enum bf_err rc = bf_store_begin_read(&t, bf_ledger_store(j->ledger), err);

    if (rc != BF_OK)
        return rc;
    rc = bf_ledger_find_file(t, j->in.file32, &index, err);
    bf_txn_abort(&t);
    if (rc == BF_OK)
        return bf_error_set(err, BF_ERR_EXISTS, "'%s' is registered already, as record %" PRIu64,
                            j->path, index);
    return rc == BF_ERR_NOT_FOUND ? BF_OK : rc;
}

/* Inside the ledger's transaction: index the codes, and put the proof on the disk, so that both
 * stand or neither. */
static enum bf_err before_commit(void *ctx, struct bf_txn *t, const struct bf_appended *done,
                                 size_t n, struct bf_error *err)
{
    struct job *j = ctx;
    struct bf_buf proof = {0};
    enum bf_err rc = BF_OK;

    (void)n;
    memcpy(j->record_hash32, done->hash32, 32);
    bf_output_close(&j->proof_out);
    if (!j->opts->private_digest)
        rc = bf_record_index_add(t, done->index, j->blob, j->blob_len, err);
    if (rc == BF_OK)
        rc = bf_ledger_prove(t, &proof, done->index, err);
    if (rc == BF_OK)
        rc =
            bf_output_open(&j->proof_out, j->proof_path, j->opts->force ? BF_OUTPUT_FORCE : 0, err);
    if (rc == BF_OK)
        rc = bf_output_write(j->proof_out, proof.data, proof.len, err);
    if (rc == BF_OK)
        rc = bf_output_sync(j->proof_out, err);
    bf_buf_release(&proof);
    return rc;
}

static void draft_record(struct bf_record *r, const struct job *j,
                         const struct bf_digest_info *info)
{
    const char *title = j->opts->title, *slash = strrchr(j->path, '/');
    char clean[BF_TITLE_MAX + 1];

    if (title == NULL) {
        bf_text_escape(clean, sizeof clean, slash ? slash + 1 : j->path,
                       strlen(slash ? slash + 1 : j->path));
        title = clean;
    }
    *r = (struct bf_record){.kind = BF_RECORD_AUTHENTIC,
                            .file_size = j->in.file_size,
                            .time_base_num = j->in.info->time_base_num,
                            .time_base_den = j->in.info->time_base_den,
                            .n_frames = info->n_frames,
                            .duration_us = info->duration_us,
                            .width = info->width,
                            .height = info->height,
                            .claimed_unix_s = (int64_t)time(NULL)};
    memcpy(r->file32, j->in.file32, 32);
    memcpy(r->stream32, j->in.stream32, 32);
    memcpy(r->frames32, j->in.frames32, 32);
    snprintf(r->title, sizeof r->title, "%s", title);
}

/* Everything up to the answer; on failure nothing is left behind. */
static enum bf_err run_job(struct job *j, struct bf_record *record, struct bf_error *err)
{
    unsigned flags = j->opts->force ? BF_OUTPUT_FORCE : 0;
    struct bf_cli_progress progress;
    struct bf_digest_info info;
    struct bf_appended done;
    uint8_t digest32[32];
    enum bf_err rc;

    j->proof_path = with_suffix(j->path, ".proof");
    j->digest_path = with_suffix(j->path, ".digest");
    if (j->proof_path == NULL || j->digest_path == NULL)
        return bf_error_nomem(err);
    rc = bf_intake_open(&j->in, j->path, err);
    if (rc == BF_OK)
        rc = refuse_registered(j, err);
    /* Both outputs are tried before the work is done; the proof's is opened anew when it is known.
     */
    if (rc == BF_OK)
        rc = bf_output_open(&j->proof_out, j->proof_path, flags, err);
    if (rc == BF_OK)
        rc = bf_output_open(&j->digest_out, j->digest_path, flags, err);
    if (rc == BF_OK)
        rc = bf_digest_writer_create(&j->writer, j->in.cols, j->in.rows, j->in.info->width,
                                     j->in.info->height, write_blob, j, err);
    if (rc != BF_OK)
        return rc;
    bf_cli_progress_start(&progress, j->path, "s", 1e6, j->opts->progress);
    rc = bf_intake_run(&j->in, take_frame, j, &progress.sink, err);
    bf_cli_progress_end(&progress);
    if (rc == BF_OK)
        rc = bf_digest_writer_finish(j->writer, digest32, &info, j->in.end_us, err);
    if (rc == BF_OK)
        rc = bf_output_sync(j->digest_out, err);
    if (rc == BF_OK)
        rc = bf_output_map(j->digest_out, &j->blob, &j->blob_len, err);
    if (rc == BF_OK && !j->opts->private_digest)
        rc = bf_ledger_put_blob(j->ledger, digest32, j->blob, j->blob_len, err);
    if (rc != BF_OK)
        return rc;
    draft_record(record, j, &info);
    memcpy(record->digest32, digest32, 32);
    rc = bf_ledger_append(j->ledger, &done, record, 1, j->key, before_commit, j, err);
    /* The record is durable now; the files beside the video can be made again by 'ledger prove' and
     * a new digest. */
    if (rc == BF_OK)
        rc = bf_output_commit(j->digest_out, err);
    if (rc == BF_OK)
        rc = bf_output_commit(j->proof_out, err);
    return rc;
}

static void release_job(struct job *j)
{
    bf_digest_writer_free(&j->writer);
    bf_output_close(&j->digest_out);
    bf_output_close(&j->proof_out);
    bf_intake_close(&j->in);
    free(j->proof_path);
    free(j->digest_path);
}

static void warn_about(const struct job *j)
{
    if (j->in.n_damaged > 0)
        bf_cli_warn("'%s': %" PRIu64 " of %" PRIu64
                    " frames are damaged; they are registered as they decode",
                    j->path, j->in.n_damaged, j->in.n_frames);
    if (j->in.info != NULL && j->in.info->n_video > 1)
        bf_cli_warn("'%s' has %u video streams; only the main one is registered", j->path,
                    j->in.info->n_video);
}

static void print_json(const struct job *j, const struct bf_record *r)
{
    json_t *o = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:i, s:b}", "schema", SCHEMA, "file", bf_cli_json_text(j->path),
        "record", bf_cli_json_record(r, j->record_hash32), "proof", bf_cli_json_text(j->proof_path),
        "digest", bf_cli_json_text(j->digest_path), "digest_bytes", (int)j->blob_len,
        "digest_on_ledger", !j->opts->private_digest);

    bf_cli_print_json(o);
}

static void print_text(const struct job *j, const struct bf_record *r)
{
    char name[1024], size[32];

    bf_text_escape(name, sizeof name, j->path, strlen(j->path));
    bf_size_format(size, j->blob_len);
    printf("registered %s\n", name);
    bf_cli_print_record(r, j->record_hash32);
    printf("  wrote      %s.proof, %s.digest (%s)\n", name, name, size);
}

static enum bf_exit register_file(struct job *j)
{
    struct bf_record record = {0};
    struct bf_error err = {0};
    enum bf_exit rc = BF_EXIT_YES;

    if (run_job(j, &record, &err) != BF_OK) {
        rc = bf_cli_fail_json(j->opts->json, SCHEMA, j->path, &err);
    } else {
        warn_about(j);
        if (j->opts->json)
            print_json(j, &record);
        else
            print_text(j, &record);
        fflush(stdout);
    }
    release_job(j);
    return rc;
}

/* Opens the ledger, and makes it where there is none. */
static enum bf_err open_ledger(struct bf_ledger **l, const char *option, struct bf_error *err)
{
    char dir[BF_PATH_MAX];
    enum bf_err rc = bf_cli_ledger_dir(dir, sizeof dir, option, err);

    if (rc != BF_OK)
        return rc;
    rc = bf_ledger_open(l, dir, false, err);
    if (rc != BF_ERR_NOT_FOUND)
        return rc;
    rc = bf_ledger_init(dir, NULL, err);
    if (rc != BF_OK && rc != BF_ERR_EXISTS)
        return rc;
    rc = bf_ledger_open(l, dir, false, err);
    if (rc == BF_OK)
        fprintf(stderr, "bonafide: made a new ledger in '%s'\n", dir);
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
    if (o->title != NULL &&
        (strlen(o->title) > BF_TITLE_MAX || !bf_text_is_utf8(o->title, strlen(o->title)) ||
         bf_text_has_control(o->title, strlen(o->title))))
        return bf_cli_usage(cmd, "a title is at most %d bytes of UTF-8 without control characters",
                            BF_TITLE_MAX);
    if (bf_cli_read_key(&key, o->key, o->passphrase_file, &err) != BF_OK ||
        open_ledger(&ledger, o->ledger, &err) != BF_OK) {
        bf_key_release(&key);
        return bf_cli_fail_json(o->json, SCHEMA, NULL, &err);
    }
    for (i = 0; i < n_args; i++) {
        struct job j = {.opts = o, .ledger = ledger, .key = &key, .path = args[i]};

        worst = bf_exit_worse(worst, register_file(&j));
    }
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
