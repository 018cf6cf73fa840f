#include "cli/commands.h"
#include "cli/common.h"
#include "cli/heatmap.h"
#include "cli/report.h"
#include "cli/score_run.h"
#include "cli/verify_answer.h"
#include "ledger/match/combine.h"
#include "lib/base/file.h"

#include <inttypes.h>
#include <unistd.h>

enum { SAME_FRAMES = 5 }; /* records with the same frames that are looked at */

/* Frames alone do not make a video the same: shown at another speed they tell another story. */
#define DURATION_SLACK 0.01
#define DURATION_SLACK_US 100000

struct verify_opts {
    const char *ledger, *proof, *digest, *report, *heatmap, *weights, *models;
    struct bf_opt_list trust;
    bool json, force, score;
    int progress;
};

static const struct bf_opt options[] = {
    {'l', "ledger", BF_OPT_TEXT, "DIR", offsetof(struct verify_opts, ledger),
     "the ledger's folder"},
    {'p', "proof", BF_OPT_TEXT, "FILE", offsetof(struct verify_opts, proof),
     "check against this proof, without a ledger"},
    {'d', "digest", BF_OPT_TEXT, "FILE", offsetof(struct verify_opts, digest),
     "with --proof: the record's digest; default: the one beside the proof"},
    {'T', "trust", BF_OPT_LIST, "FILE", offsetof(struct verify_opts, trust),
     "public keys to trust; may be given several times"},
    {0, "report", BF_OPT_TEXT, "OUT.html", offsetof(struct verify_opts, report),
     "write a page that shows the answers, with stills of what was altered"},
    {0, "heatmap", BF_OPT_TEXT, "OUT.mp4", offsetof(struct verify_opts, heatmap),
     "write the video with what was altered coloured in; takes one FILE"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct verify_opts, force),
     "replace OUT.html and OUT.mp4"},
    {0, "score", BF_OPT_FLAG, NULL, offsetof(struct verify_opts, score),
     "say beside it how likely the faces are fakes, as 'bonafide score' does"},
    {0, "weights", BF_OPT_TEXT, "DIR", offsetof(struct verify_opts, weights),
     "with --score: the folder of the detector's weights"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct verify_opts, models),
     "with --score: the folder of the face networks"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct verify_opts, json),
     "print one JSON object a file"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct verify_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

/* What all files of one call share. */
struct session {
    const struct verify_opts *opts;
    struct bf_trust trust;
    size_t n_own; /* the first n_own of trust signed in this ledger */
    /* with a ledger: */
    struct bf_ledger *ledger;
    struct bf_txn *txn;
    /* with a proof: */
    struct bf_buf proof, digest;
    bool has_digest;
    /* what is written beside the answer; NULL where it was not asked for: */
    struct bf_page *report;
    struct bf_output *heatmap;
    struct bf_scorer *scorer;
};

static void set_trust(struct bf_answer *a, const struct session *s)
{
    const struct bf_issuer *who = bf_trust_find(&s->trust, a->record.issuer33);

    a->believed = BF_BELIEVED_NO;
    if (who == NULL)
        return;
    a->believed = (size_t)(who - s->trust.item) < s->n_own ? BF_BELIEVED_OWN : BF_BELIEVED_LISTED;
    snprintf(a->trusted_name, sizeof a->trusted_name, "%s", who->name);
}

/* The numbered steps of SPEC.md over a proof's text; fills in the record and the chain. */
static enum bf_proof_verdict check_proof(struct bf_answer *a, const struct session *s,
                                         const struct bf_buf *proof, struct bf_error *why)
{
    struct bf_checkpoint checkpoint = {0};
    struct bf_proof parsed;
    enum bf_proof_verdict v =
        bf_proof_check(&a->record, &checkpoint, proof->data, proof->len, &s->trust, why);

    if (v != BF_PROOF_VALID && v != BF_PROOF_UNTRUSTED)
        return v;
    if (bf_proof_parse(&parsed, proof->data, proof->len, why) != BF_OK)
        return BF_PROOF_MALFORMED;
    bf_record_hash(a->record_hash32, parsed.record, parsed.record_len);
    a->has_record = true;
    a->chain_checked = true;
    a->chain_size = checkpoint.size;
    memcpy(a->chain_root32, checkpoint.root32, 32);
    set_trust(a, s);
    return v;
}

/* Record index of the ledger, checked all the way to the checkpoint. */
static enum bf_err take_record(struct bf_answer *a, const struct session *s, uint64_t index,
                               struct bf_error *err)
{
    struct bf_buf proof = {0};
    struct bf_error why = {0};
    enum bf_err rc = bf_ledger_prove(s->txn, &proof, index, err);
    enum bf_proof_verdict v;

    if (rc == BF_OK) {
        v = check_proof(a, s, &proof, &why);
        if (v != BF_PROOF_VALID && v != BF_PROOF_UNTRUSTED)
            rc = bf_error_set(err, BF_ERR_FORMAT,
                              "the ledger is damaged: record %" PRIu64 " does not verify (%s)",
                              index, why.text);
    }
    bf_buf_release(&proof);
    return rc;
}

static enum bf_err add_to_trace(void *ctx, const struct bf_frame_digest *f, struct bf_error *err)
{
    return bf_trace_add(ctx, f, err);
}

static enum bf_err decode_suspect(struct bf_answer *a, struct bf_trace **trace,
                                  const struct session *s, struct bf_error *err)
{
    struct bf_cli_progress progress;
    enum bf_err rc = bf_trace_create(trace, a->in.cols, a->in.rows, bf_cli_tmp_dir(), err);

    if (rc != BF_OK)
        return rc;
    a->in.stills = a->stills = bf_stills_create(a->in.info);
    a->in.mark = bf_mark_reader_create();
    a->in.scorer = s->scorer;
    if (a->stills == NULL || a->in.mark == NULL)
        return bf_error_nomem(err);
    bf_cli_progress_start(&progress, a->file, "s", 1e6, s->opts->progress);
    rc = bf_intake_run(&a->in, add_to_trace, *trace, &progress.sink, err);
    bf_cli_progress_end(&progress);
    if (rc == BF_OK)
        bf_mark_reader_finish(&a->mark, a->in.mark);
    return rc == BF_OK ? bf_trace_seal(*trace, a->in.end_us, err) : rc;
}

static bool same_duration(const struct bf_answer *a, const struct bf_record *r)
{
    double d = (double)a->in.end_us - (double)r->duration_us,
           slack = DURATION_SLACK * (double)r->duration_us;

    if (slack < DURATION_SLACK_US)
        slack = DURATION_SLACK_US;
    return d > -slack && d < slack;
}

/* The record is known by now: all of the suspect is all of it. */
static enum bf_err set_identical(struct bf_answer *a, struct bf_error *err)
{
    struct bf_span *s = calloc(1, sizeof *s);

    if (s == NULL)
        return bf_error_nomem(err);
    s->state = BF_SPAN_EXACT;
    s->suspect_end_us = a->same_bytes ? (int64_t)a->record.duration_us : a->in.end_us;
    s->n_frames = a->record.n_frames;
    s->rate = 1;
    s->source_last_frame = a->record.n_frames - 1;
    a->verdict = BF_VERDICT_IDENTICAL;
    a->match = (struct bf_match){.span = s,
                                 .n_spans = 1,
                                 .coverage = 1,
                                 .gain = 1,
                                 .speed = 1,
                                 .geometry = BF_GEOMETRY_SAME};
    return BF_OK;
}

/* The same frames: identical where they are shown at the same times, as far as that is known. */
static enum bf_err judge_frames(bool *done, struct bf_answer *a, const struct bf_trace *trace,
                                const void *blob, size_t n_blob, struct bf_error *err)
{
    struct bf_digest *d = NULL;
    struct bf_match m = {0};
    enum bf_err rc = BF_OK;

    *done = false;
    if (memcmp(a->in.frames32, a->record.frames32, 32) != 0)
        return BF_OK;
    if (blob != NULL) {
        rc = bf_digest_open(&d, blob, n_blob, "of the record", err);
        if (rc == BF_OK)
            rc = bf_match_digest(&m, trace, d, bf_cli_tmp_dir(), err);
        bf_digest_close(&d);
        if (rc != BF_OK)
            return rc;
    }
    if (same_duration(a, &a->record) && (blob == NULL || m.speed == 1)) {
        bf_match_release(&m);
        rc = set_identical(a, err);
        *done = true;
    } else if (blob != NULL) {
        a->match = m;
        a->verdict = m.verdict;
        snprintf(a->reason, sizeof a->reason, "%s", m.reason);
        *done = true;
    }
    return rc;
}

/* The suspect decoded again, for another geometry. */
struct retracing {
    const struct bf_answer *a;
    const struct session *s;
};

static enum bf_err retrace(void *ctx, struct bf_trace **trace, const struct bf_geometry *g,
                           unsigned cols, unsigned rows, struct bf_error *err)
{
    const struct retracing *r = ctx;
    struct bf_cli_progress progress;
    enum bf_err rc;

    bf_cli_progress_start(&progress, r->a->file, "s", 1e6, r->s->opts->progress);
    rc = bf_intake_retrace(trace, &r->a->in, r->a->file, g, cols, rows, bf_cli_tmp_dir(),
                           &progress.sink, err);
    bf_cli_progress_end(&progress);
    return rc;
}

static void take_find(struct bf_answer *a, struct bf_find *f)
{
    bf_match_release(&a->match);
    a->match = f->match;
    f->match = (struct bf_match){0};
    bf_buf_release(&a->digest);
    a->digest = f->blob;
    f->blob = (struct bf_buf){0};
    a->verdict = a->match.verdict;
    snprintf(a->reason, sizeof a->reason, "%s", a->match.reason);
}

static enum bf_err record_of(struct bf_record *r, struct bf_txn *t, uint64_t index,
                             struct bf_error *err)
{
    const void *p;
    size_t n;
    enum bf_err rc = bf_ledger_record(t, index, &p, &n, err);

    return rc == BF_OK ? bf_record_decode(r, p, n, err) : rc;
}

/* Frames first: records with the same tree of frames. */
static enum bf_err find_same_frames(bool *done, struct bf_answer *a, const struct session *s,
                                    const struct bf_trace *trace, struct bf_error *err)
{
    uint64_t index[SAME_FRAMES];
    size_t n = 0, i;
    enum bf_err rc = bf_ledger_find_frames(s->txn, a->in.frames32, index, SAME_FRAMES, &n, err);

    *done = false;
    if (rc == BF_ERR_NOT_FOUND)
        return BF_OK;
    for (i = 0; rc == BF_OK && i < n && !*done; i++) {
        struct bf_buf blob = {0};

        rc = take_record(a, s, index[i], err);
        if (rc == BF_OK && bf_ledger_has_blob(s->txn, a->record.digest32))
            rc = bf_ledger_get_blob(s->txn, &blob, a->record.digest32, err);
        if (rc == BF_OK)
            rc = judge_frames(done, a, trace, blob.data, blob.len, err);
        bf_buf_release(&blob);
    }
    if (rc == BF_OK && !*done)
        a->has_record = a->chain_checked = false;
    return rc;
}

static enum bf_err blob_of(void *ctx, struct bf_buf *blob, uint64_t index, struct bf_error *err)
{
    const struct session *s = ctx;
    struct bf_record r;
    enum bf_err rc = record_of(&r, s->txn, index, err);

    return rc == BF_OK ? bf_ledger_get_blob(s->txn, blob, r.digest32, err) : rc;
}

/* The other records that a compilation is made of, each checked like the first. */
static enum bf_err take_parts(struct bf_answer *a, const struct session *s, struct bf_finds *finds,
                              struct bf_error *err)
{
    size_t part[BF_PARTS_MAX], n, i;
    enum bf_err rc = bf_finds_combine(finds, part, &n, err);

    if (rc != BF_OK || n == 0)
        return rc;
    a->part = calloc(n, sizeof *a->part);
    if (a->part == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < n && rc == BF_OK; i++) {
        struct bf_answer other = {.file = a->file};
        struct bf_answer_part *p = &a->part[i];

        rc = take_record(&other, s, finds->item[part[i]].record, err);
        p->record = other.record;
        p->believed = other.believed;
        memcpy(p->record_hash32, other.record_hash32, 32);
        snprintf(p->trusted_name, sizeof p->trusted_name, "%s", other.trusted_name);
        a->n_parts = i + 1;
    }
    return rc;
}

static enum bf_err find_alike(struct bf_answer *a, struct session *s, const struct bf_trace *trace,
                              struct bf_error *err)
{
    struct retracing again = {a, s};
    const struct bf_suspect suspect = {trace, a->stills, bf_cli_tmp_dir(), retrace, &again};
    struct bf_finds finds = {0};
    enum bf_err rc = bf_search_ledger(&finds, &suspect, s->txn, blob_of, s, err);

    a->verdict = BF_VERDICT_UNREGISTERED;
    if (rc == BF_OK && finds.n > 0) {
        rc = take_parts(a, s, &finds, err);
        take_find(a, &finds.item[0]);
    }
    if (rc == BF_OK && finds.n > 0)
        rc = take_record(a, s, finds.item[0].record, err);
    bf_finds_release(&finds);
    return rc;
}

struct private_count {
    const struct session *s;
    uint64_t n;
};

static bool count_private(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct private_count *c = ctx;
    struct bf_record r;

    (void)key, (void)key_len;
    if (bf_record_decode(&r, p, n, NULL) == BF_OK && !bf_ledger_has_blob(c->s->txn, r.digest32))
        c->n++;
    return true;
}

static enum bf_err verify_on_ledger(struct bf_answer *a, struct session *s, struct bf_error *err)
{
    struct bf_trace *trace = NULL;
    struct private_count c = {s, 0};
    uint64_t index;
    bool done = false;
    enum bf_err rc = bf_ledger_find_file(s->txn, a->in.file32, &index, err);

    if (rc == BF_OK) {
        a->same_bytes = true;
        rc = take_record(a, s, index, err);
        return rc == BF_OK ? set_identical(a, err) : rc;
    }
    if (rc != BF_ERR_NOT_FOUND)
        return rc;
    rc = bf_ledger_size(s->txn, &a->chain_size, a->chain_root32, err);
    if (rc == BF_OK)
        rc = decode_suspect(a, &trace, s, err);
    if (rc == BF_OK)
        rc = find_same_frames(&done, a, s, trace, err);
    if (rc == BF_OK && !done)
        rc = find_alike(a, s, trace, err);
    if (rc == BF_OK && a->verdict == BF_VERDICT_UNREGISTERED) {
        rc = bf_txn_each(s->txn, BF_TABLE_RECORDS, NULL, 0, count_private, &c, err);
        a->n_private = c.n;
    }
    bf_trace_free(&trace);
    return rc;
}

static enum bf_err verify_offline(struct bf_answer *a, const struct session *s,
                                  struct bf_error *err)
{
    struct retracing again = {a, s};
    struct bf_trace *trace = NULL;
    struct bf_error why = {0};
    bool done = false;
    enum bf_proof_verdict v = check_proof(a, s, &s->proof, &why);
    enum bf_err rc;

    a->offline = true;
    if (v != BF_PROOF_VALID && v != BF_PROOF_UNTRUSTED) {
        a->verdict = BF_VERDICT_UNREGISTERED;
        snprintf(a->reason, sizeof a->reason, "the proof is not valid (%s): %.180s",
                 bf_proof_verdict_name(v), why.text);
        return BF_OK;
    }
    if (memcmp(a->in.file32, a->record.file32, 32) == 0) {
        a->same_bytes = true;
        return set_identical(a, err);
    }
    if (s->has_digest && !bf_digest_check(a->record.digest32, s->digest.data, s->digest.len))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the digest is not that of the record in the proof, or it is damaged");
    rc = decode_suspect(a, &trace, s, err);
    if (rc == BF_OK)
        rc = judge_frames(&done, a, trace, s->has_digest ? s->digest.data : NULL, s->digest.len,
                          err);
    if (rc == BF_OK && !done && s->has_digest) {
        const struct bf_suspect suspect = {trace, a->stills, bf_cli_tmp_dir(), retrace, &again};
        struct bf_finds finds = {0};

        rc = bf_search_record(&finds, &suspect, s->digest.data, s->digest.len, err);
        a->has_record = rc == BF_OK && finds.n > 0;
        a->verdict = BF_VERDICT_UNREGISTERED;
        snprintf(a->reason, sizeof a->reason, "nothing of the proof's record is in it");
        if (a->has_record)
            take_find(a, &finds.item[0]);
        bf_finds_release(&finds);
    } else if (rc == BF_OK && !done) {
        a->verdict = BF_VERDICT_INCONCLUSIVE;
        snprintf(a->reason, sizeof a->reason,
                 "it is not the registered file, and without the record's digest a copy cannot be "
                 "recognised");
    }
    bf_trace_free(&trace);
    return rc;
}

/* The page's section, and the video; failed is the reason why there is no answer, or NULL. */
static enum bf_exit show(const struct session *s, const struct bf_answer *a,
                         const struct bf_error *failed)
{
    struct bf_error err = {0};
    enum bf_err rc = BF_OK;

    if (s->report != NULL && failed != NULL)
        rc = bf_page_add_failed(s->report, a->file, failed, &err);
    else if (s->report != NULL)
        rc = bf_report_add(s->report, a, a->offline ? &s->digest : &a->digest, s->opts->progress,
                           &err);
    if (rc == BF_OK && s->heatmap != NULL && failed == NULL) {
        rc = bf_heatmap_write(s->heatmap, s->opts->heatmap, a, s->opts->progress, &err);
        if (rc == BF_OK)
            rc = bf_output_commit(s->heatmap, &err);
    }
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

static enum bf_exit verify_file(struct session *s, const char *path)
{
    struct bf_answer a = {.file = path};
    struct bf_score_answer beside = {.file = path};
    struct bf_score score = {0};
    struct bf_error err = {0};
    enum bf_exit rc;
    enum bf_err e = bf_intake_open(&a.in, path, &err);

    if (e == BF_OK)
        e = s->ledger != NULL ? verify_on_ledger(&a, s, &err) : verify_offline(&a, s, &err);
    if (e == BF_OK && s->scorer != NULL) {
        e = bf_score_beside(&score, &beside, s->scorer, &a.in, s->opts->progress, &err);
        a.score = e == BF_OK ? &beside : NULL;
    }
    if (e != BF_OK) {
        rc = bf_cli_fail_json(s->opts->json, BF_VERIFY_SCHEMA, path, &err);
    } else {
        rc = bf_answer_exit(&a);
        if (!s->opts->json)
            bf_answer_print(&a);
        else if (!bf_answer_print_json(&a))
            rc = BF_EXIT_FAILED;
        fflush(stdout);
    }
    rc = bf_exit_worse(rc, show(s, &a, e == BF_OK ? NULL : &err));
    if (a.score != NULL)
        bf_score_release(&score);
    bf_match_release(&a.match);
    bf_buf_release(&a.digest);
    free(a.part);
    bf_stills_free(&a.stills);
    bf_mark_reader_free(&a.in.mark);
    bf_intake_close(&a.in);
    return rc;
}

static enum bf_err open_on_ledger(struct session *s, struct bf_error *err)
{
    char dir[BF_PATH_MAX];
    enum bf_err rc = bf_cli_ledger_dir(dir, sizeof dir, s->opts->ledger, err);

    if (rc == BF_OK)
        rc = bf_ledger_open(&s->ledger, dir, true, err);
    if (rc == BF_OK)
        rc = bf_store_begin_read(&s->txn, bf_ledger_store(s->ledger), err);
    if (rc == BF_OK)
        rc = bf_ledger_own_keys(s->txn, &s->trust, err);
    s->n_own = s->trust.n;
    return rc;
}

/* The digest beside the proof is used where it is there; one that is named must be. */
static enum bf_err open_offline(struct session *s, struct bf_error *err)
{
    const char *proof = s->opts->proof, *path = s->opts->digest;
    size_t n = strlen(proof);
    char *beside = NULL;
    enum bf_err rc = bf_file_read(&s->proof, proof, BF_PROOF_MAX, err);

    if (rc == BF_OK && path == NULL && n > 6 && strcmp(proof + n - 6, ".proof") == 0) {
        beside = malloc(n + 2);
        if (beside == NULL)
            return bf_error_nomem(err);
        snprintf(beside, n + 2, "%.*s.digest", (int)(n - 6), proof);
        int fd = -1;

        if (bf_file_open(&fd, beside, NULL) == BF_OK) {
            close(fd);
            path = beside;
        }
    }
    if (rc == BF_OK && path != NULL) {
        rc = bf_file_read(&s->digest, path, (size_t)BF_DIGEST_BYTES_MAX, err);
        s->has_digest = rc == BF_OK;
    }
    free(beside);
    return rc;
}

/* Tried before the work is done. */
static enum bf_err open_outputs(struct session *s, size_t n_files, struct bf_error *err)
{
    unsigned flags = s->opts->force ? BF_OUTPUT_FORCE : 0;
    enum bf_err rc = BF_OK;

    if (s->opts->report != NULL)
        rc = bf_page_open(&s->report, s->opts->report, flags, "verify", n_files, err);
    if (rc == BF_OK && s->opts->heatmap != NULL)
        rc = bf_output_open(&s->heatmap, s->opts->heatmap, flags, err);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct verify_opts *o = opts;
    struct session s = {.opts = o};
    struct bf_error err = {0};
    enum bf_exit worst = BF_EXIT_YES;
    enum bf_err rc;
    int i;

    if (o->proof != NULL && o->ledger != NULL)
        return bf_cli_usage(cmd, "--proof and --ledger exclude each other");
    if (o->digest != NULL && o->proof == NULL)
        return bf_cli_usage(cmd, "--digest goes with --proof");
    if ((o->weights != NULL || o->models != NULL) && !o->score)
        return bf_cli_usage(cmd, "--weights and --models go with --score");
    if (o->heatmap != NULL && n_args != 1)
        return bf_cli_usage(cmd, "--heatmap takes one FILE");
    if (bf_cli_is_one_of(o->report, n_args, args) || bf_cli_is_one_of(o->heatmap, n_args, args))
        return bf_cli_usage(cmd, "--report and --heatmap do not replace a FILE");
    rc = o->proof != NULL ? open_offline(&s, &err) : open_on_ledger(&s, &err);
    if (rc == BF_OK)
        rc = bf_cli_read_trust(&s.trust, &o->trust, &err);
    if (rc == BF_OK)
        rc = open_outputs(&s, (size_t)n_args, &err);
    if (rc == BF_OK && o->score)
        rc = bf_score_open(&s.scorer, o->weights, o->models, 0, o->report != NULL, &err);
    if (rc != BF_OK)
        worst = bf_cli_fail_json(o->json, BF_VERIFY_SCHEMA, NULL, &err);
    for (i = 0; rc == BF_OK && i < n_args; i++)
        worst = bf_exit_worse(worst, verify_file(&s, args[i]));
    if (rc == BF_OK && s.report != NULL && bf_page_commit(s.report, NULL, &err) != BF_OK)
        worst = bf_exit_worse(worst, bf_cli_fail(&err));
    bf_page_close(&s.report);
    bf_scorer_free(&s.scorer);
    bf_output_close(&s.heatmap);
    bf_txn_abort(&s.txn);
    bf_ledger_close(&s.ledger);
    bf_trust_release(&s.trust);
    bf_buf_release(&s.proof);
    bf_buf_release(&s.digest);
    return worst;
}

const struct bf_command bf_cmd_verify = {
    .name = "verify",
    .args = "FILE...",
    .summary = "say whether videos are what was registered",
    .opts = options,
    .opts_size = sizeof(struct verify_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
