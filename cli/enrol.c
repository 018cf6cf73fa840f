#include "cli/enrol.h"
#include "ledger/match/record_index.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One file on its way to the ledger. */
struct job {
    struct bf_enrolled *to;
    const struct bf_enrolment *how;
    struct bf_ledger *ledger;
    const struct bf_key *key;
    struct bf_intake in;
    struct bf_output *digest_out, *proof_out;
    struct bf_digest_writer *writer;
    const void *blob;
    bool again; /* to->record is on the ledger already */
};

static char *with_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path) + strlen(suffix) + 1;
    char *s = malloc(n);

    if (s != NULL)
        snprintf(s, n, "%s%s", path, suffix);
    return s;
}

const char *bf_enrol_title_fault(const char *title)
{
    size_t n = strlen(title);

    return n > BF_TITLE_MAX || !bf_text_is_utf8(title, n) || bf_text_has_control(title, n)
               ? "a title is at most 256 bytes of UTF-8 without control characters"
               : NULL;
}

void bf_enrol_title(char out[BF_TITLE_MAX + 1], const char *path)
{
    const char *slash = strrchr(path, '/');

    path = slash != NULL ? slash + 1 : path;
    bf_text_escape(out, BF_TITLE_MAX + 1, path, strlen(path));
}

enum bf_err bf_enrol_open_ledger(struct bf_ledger **l, const char *option, struct bf_error *err)
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

enum bf_err bf_enrol_try(const char *path, bool force, struct bf_error *err)
{
    static const char *const suffix[] = {".proof", ".digest"};
    enum bf_err rc = BF_OK;
    int i;

    for (i = 0; i < 2 && rc == BF_OK; i++) {
        char *beside = with_suffix(path, suffix[i]);
        struct bf_output *out = NULL;

        rc = beside == NULL ? bf_error_nomem(err)
                            : bf_output_open(&out, beside, force ? BF_OUTPUT_FORCE : 0, err);
        bf_output_close(&out);
        free(beside);
    }
    return rc;
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

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* In order and each once, as a record has them. */
static enum bf_err set_making(struct bf_record *r, const struct bf_enrolment *how,
                              struct bf_error *err)
{
    size_t n = how->n_subjects, kept = 0, i;

    if (n == 0 || n > BF_SUBJECTS_MAX || strlen(how->method) > BF_METHOD_MAX)
        return bf_error_set(err, BF_ERR_USAGE,
                            "a synthetic record names its method and 1 to %d subjects",
                            BF_SUBJECTS_MAX);
    snprintf(r->method, sizeof r->method, "%s", how->method);
    memcpy(r->subjects32, how->subjects32, n * 32);
    qsort(r->subjects32, n, 32, compare_hashes);
    for (i = 0; i < n; i++)
        if (i == 0 || memcmp(r->subjects32[i], r->subjects32[kept - 1], 32) != 0)
            memmove(r->subjects32[kept++], r->subjects32[i], 32);
    memset(r->subjects32[kept], 0, (n - kept) * 32);
    r->n_subjects = kept;
    return BF_OK;
}

/* Whether r is of the making that is asked for: what the file's bytes do not tell. */
static bool same_making(const struct bf_record *r, const struct bf_enrolment *how)
{
    struct bf_record asked = {0};

    return r->kind == BF_RECORD_SYNTHETIC && how->kind == BF_RECORD_SYNTHETIC &&
           set_making(&asked, how, NULL) == BF_OK && strcmp(r->method, asked.method) == 0 &&
           r->n_subjects == asked.n_subjects &&
           memcmp(r->subjects32, asked.subjects32, 32 * asked.n_subjects) == 0;
}

/* Says which record it is where the file is on the ledger already: before decoding, so that it is
 * known at once. */
static enum bf_err find_registered(struct job *j, struct bf_error *err)
{
    struct bf_record *r = &j->to->record;
    struct bf_txn *t = NULL;
    const void *bytes;
    uint64_t index;
    size_t n;
    enum bf_err rc = bf_store_begin_read(&t, bf_ledger_store(j->ledger), err);

    if (rc != BF_OK)
        return rc;
    rc = bf_ledger_find_file(t, j->in.file32, &index, err);
    if (rc == BF_ERR_NOT_FOUND) {
        rc = BF_OK;
    } else if (rc == BF_OK) {
        rc = bf_ledger_record(t, index, &bytes, &n, err);
        if (rc == BF_OK)
            rc = bf_record_decode(r, bytes, n, err);
        j->again = rc == BF_OK && same_making(r, j->how);
        if (j->again)
            bf_record_hash(j->to->record_hash32, bytes, n);
        else if (rc == BF_OK)
            rc = bf_error_set(err, BF_ERR_EXISTS, "'%s' is registered already, as record %" PRIu64,
                              j->how->path, index);
    }
    bf_txn_abort(&t);
    return rc;
}

static enum bf_err write_proof(struct job *j, struct bf_txn *t, uint64_t index,
                               struct bf_error *err)
{
    struct bf_buf proof = {0};
    enum bf_err rc = bf_ledger_prove(t, &proof, index, err);

    bf_output_close(&j->proof_out);
    if (rc == BF_OK)
        rc = bf_output_open(&j->proof_out, j->to->proof_path, j->how->force ? BF_OUTPUT_FORCE : 0,
                            err);
    if (rc == BF_OK)
        rc = bf_output_write(j->proof_out, proof.data, proof.len, err);
    if (rc == BF_OK)
        rc = bf_output_sync(j->proof_out, err);
    bf_buf_release(&proof);
    return rc;
}

/* Inside the ledger's transaction: index the codes, and put the proof on the disk, so that both
 * stand or neither. */
static enum bf_err before_commit(void *ctx, struct bf_txn *t, const struct bf_appended *done,
                                 size_t n, struct bf_error *err)
{
    struct job *j = ctx;
    enum bf_err rc = BF_OK;

    (void)n;
    memcpy(j->to->record_hash32, done->hash32, 32);
    if (!j->how->private_digest)
        rc = bf_record_index_add(t, done->index, j->blob, j->to->digest_bytes, err);
    return rc == BF_OK ? write_proof(j, t, done->index, err) : rc;
}

static enum bf_err draft_record(struct bf_record *r, const struct job *j,
                                const struct bf_digest_info *info, const uint8_t digest32[32],
                                struct bf_error *err)
{
    char title[BF_TITLE_MAX + 1];

    bf_enrol_title(title, j->how->path);
    *r = (struct bf_record){.kind = j->how->kind,
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
    memcpy(r->digest32, digest32, 32);
    snprintf(r->title, sizeof r->title, "%s", j->how->title != NULL ? j->how->title : title);
    return r->kind == BF_RECORD_SYNTHETIC ? set_making(r, j->how, err) : BF_OK;
}

/* Appends the record, or takes up the one that is there. Durable when it answers. */
static enum bf_err record_it(struct job *j, const struct bf_digest_info *info,
                             const uint8_t digest32[32], struct bf_error *err)
{
    struct bf_appended done;
    struct bf_txn *t = NULL;
    enum bf_err rc;

    if (j->again) {
        rc = bf_store_begin_read(&t, bf_ledger_store(j->ledger), err);
        if (rc == BF_OK)
            rc = write_proof(j, t, j->to->record.index, err);
        bf_txn_abort(&t);
        return rc;
    }
    rc = draft_record(&j->to->record, j, info, digest32, err);
    if (rc == BF_OK && !j->how->private_digest)
        rc = bf_ledger_put_blob(j->ledger, digest32, j->blob, j->to->digest_bytes, err);
    if (rc == BF_OK)
        rc = bf_ledger_append(j->ledger, &done, &j->to->record, 1, j->key, before_commit, j, err);
    return rc;
}

/* The record is durable now: 'ledger prove' can make its proof again, whatever happens. */
static enum bf_err name_files(struct job *j, struct bf_error *err)
{
    enum bf_err rc = bf_output_commit(j->digest_out, err);

    j->to->has_digest = rc == BF_OK;
    if (rc == BF_OK)
        rc = bf_output_commit(j->proof_out, err);
    j->to->has_proof = rc == BF_OK && j->to->has_digest;
    if (rc != BF_OK)
        bf_enrol_say_recorded(err, &j->to->record);
    return rc;
}

/* Everything up to the answer; on failure nothing is left behind. */
static enum bf_err run_job(struct job *j, struct bf_error *err)
{
    const char *path = j->how->path, *input = j->how->input != NULL ? j->how->input : path;
    unsigned flags = j->how->force ? BF_OUTPUT_FORCE : 0;
    struct bf_cli_progress progress;
    struct bf_digest_info info;
    uint8_t digest32[32];
    enum bf_err rc;

    j->to->proof_path = with_suffix(path, ".proof");
    j->to->digest_path = with_suffix(path, ".digest");
    if (j->to->proof_path == NULL || j->to->digest_path == NULL)
        return bf_error_nomem(err);
    rc = bf_intake_open(&j->in, input, err);
    if (rc == BF_OK)
        rc = find_registered(j, err);
    /* Both outputs are tried before the work is done; the proof's is opened anew when it is known.
     */
    if (rc == BF_OK)
        rc = bf_output_open(&j->proof_out, j->to->proof_path, flags, err);
    if (rc == BF_OK)
        rc = bf_output_open(&j->digest_out, j->to->digest_path, flags, err);
    if (rc == BF_OK)
        rc = bf_digest_writer_create(&j->writer, j->in.cols, j->in.rows, j->in.info->width,
                                     j->in.info->height, write_blob, j, err);
    if (rc != BF_OK)
        return rc;
    /* A generator knows that it has marked what it made. */
    if (j->how->kind == BF_RECORD_AUTHENTIC && (j->in.mark = bf_mark_reader_create()) == NULL)
        return bf_error_nomem(err);
    bf_cli_progress_start(&progress, path, "s", 1e6, j->how->progress);
    rc = bf_intake_run(&j->in, take_frame, j, &progress.sink, err);
    bf_cli_progress_end(&progress);
    if (rc == BF_OK)
        rc = bf_digest_writer_finish(j->writer, digest32, &info, j->in.end_us, err);
    if (rc == BF_OK)
        rc = bf_output_sync(j->digest_out, err);
    if (rc == BF_OK)
        rc = bf_output_map(j->digest_out, &j->blob, &j->to->digest_bytes, err);
    if (rc == BF_OK)
        rc = record_it(j, &info, digest32, err);
    return rc == BF_OK ? name_files(j, err) : rc;
}

enum bf_err bf_enrol(struct bf_enrolled *out, const struct bf_enrolment *how, struct bf_ledger *l,
                     const struct bf_key *key, struct bf_error *err)
{
    struct job j = {.to = out, .how = how, .ledger = l, .key = key};
    enum bf_err rc;

    *out = (struct bf_enrolled){0};
    rc = run_job(&j, err);
    if (j.in.mark != NULL)
        bf_mark_reader_finish(&out->mark, j.in.mark);
    bf_mark_reader_free(&j.in.mark);
    out->n_frames = j.in.n_frames;
    out->n_damaged = j.in.n_damaged;
    out->n_video = j.in.info != NULL ? j.in.info->n_video : 0;
    bf_digest_writer_free(&j.writer);
    bf_output_close(&j.digest_out);
    bf_output_close(&j.proof_out);
    bf_intake_close(&j.in);
    return rc;
}

void bf_enrol_say_recorded(struct bf_error *err, const struct bf_record *r)
{
    char why[BF_ERROR_TEXT_MAX];

    if (err == NULL)
        return;
    snprintf(why, sizeof why, "%s", err->text);
    bf_error_set(err, err->code, "%.900s; it is on the ledger all the same, as record %" PRIu64,
                 why, r->index);
}

void bf_enrolled_release(struct bf_enrolled *e)
{
    free(e->proof_path);
    free(e->digest_path);
    *e = (struct bf_enrolled){0};
}
