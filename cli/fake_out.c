#include "cli/fake_out.h"
#include "lib/media/mark.h"
#include "lib/media/video_writer.h"
#include "lib/media/xmp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMENT                                                                                 \
    "Synthetic video: its pictures were made or changed by a generator. It does not show what " \
    "happened. Marked and registered by bonafide."

struct bf_fake_out {
    char *path, *title, *method;
    uint8_t (*subjects)[32];
    size_t n_subjects;
    bool force;
    int progress;
    const struct bf_fake_desk *desk;
    struct bf_output *out;
    struct bf_mark *mark;
    struct bf_video_writer *writer;
    struct bf_enrolled enrolled;
};

enum bf_err bf_fake_desk_open(struct bf_fake_desk *d, const char *ledger, const char *key,
                              const char *passphrase_file, struct bf_error *err)
{
    enum bf_err rc = bf_cli_read_key(&d->key, key, passphrase_file, err);

    d->ledger = NULL;
    if (rc == BF_OK)
        rc = bf_enrol_open_ledger(&d->ledger, ledger, err);
    if (rc != BF_OK)
        bf_fake_desk_close(d);
    return rc;
}

void bf_fake_desk_close(struct bf_fake_desk *d)
{
    bf_ledger_close(&d->ledger);
    bf_key_release(&d->key);
}

static enum bf_err copy_how(struct bf_fake_out *f, const char *path, const struct bf_fake_how *how,
                            struct bf_error *err)
{
    char clean[BF_TITLE_MAX + 1];

    bf_enrol_title(clean, path);
    f->path = strdup(path);
    f->title = strdup(how->title != NULL ? how->title : clean);
    f->method = strdup(how->method);
    f->subjects = malloc((how->n_subjects > 0 ? how->n_subjects : 1) * 32);
    if (f->path == NULL || f->title == NULL || f->method == NULL || f->subjects == NULL)
        return bf_error_nomem(err);
    if (how->n_subjects > 0)
        memcpy(f->subjects, how->subjects, how->n_subjects * 32);
    f->n_subjects = how->n_subjects;
    f->force = how->force;
    f->desk = how->desk;
    f->progress = how->progress;
    return BF_OK;
}

/* What the record could not say must not be made. */
static enum bf_err check_how(const struct bf_fake_how *how, struct bf_error *err)
{
    if (how->n_subjects == 0)
        return bf_error_set(err, BF_ERR_USAGE,
                            "a synthetic video needs a statement of each person it shows");
    if (how->n_subjects > BF_SUBJECTS_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a synthetic video may show at most %d people",
                            BF_SUBJECTS_MAX);
    if (how->title != NULL && bf_enrol_title_fault(how->title) != NULL)
        return bf_error_set(err, BF_ERR_USAGE, "%s", bf_enrol_title_fault(how->title));
    return BF_OK;
}

static enum bf_err open_writer(struct bf_fake_out *f, const struct bf_video_info *info,
                               const struct bf_fake_how *how, struct bf_error *err)
{
    const struct bf_xmp xmp = {.source_type = BF_XMP_COMPOSITE,
                               .title = f->title,
                               .description = COMMENT,
                               .tool = "bonafide"};
    struct bf_video_writer_options o = {
        .crf = how->crf, .title = f->title, .comment = COMMENT, .sound_path = how->sound_path};
    struct bf_buf packet = {0};
    enum bf_err rc;

    if (!bf_xmp_build(&packet, &xmp)) {
        rc = bf_error_nomem(err);
    } else {
        o.xmp = (const char *)packet.data;
        rc = bf_video_writer_open_canvas(&f->writer, bf_output_fd(f->out), f->path, info, &o, err);
    }
    bf_buf_release(&packet);
    return rc;
}

enum bf_err bf_fake_out_open(struct bf_fake_out **out, const char *path,
                             const struct bf_video_info *info, const struct bf_fake_how *how,
                             struct bf_error *err)
{
    struct bf_fake_out *f = calloc(1, sizeof *f);
    enum bf_err rc;

    *out = NULL;
    if (f == NULL)
        return bf_error_nomem(err);
    rc = check_how(how, err);
    if (rc == BF_OK)
        rc = copy_how(f, path, how, err);
    if (rc == BF_OK)
        rc = bf_output_open(&f->out, path, how->force ? BF_OUTPUT_FORCE : 0, err);
    if (rc == BF_OK)
        rc = bf_enrol_try(path, how->force, err);
    f->mark = bf_mark_create();
    if (rc == BF_OK && f->mark == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        rc = open_writer(f, info, how, err);
    *out = f;
    if (rc != BF_OK)
        bf_fake_out_close(out);
    return rc;
}

enum bf_err bf_fake_out_add(struct bf_fake_out *f, struct bf_canvas *canvas, int64_t pts_us,
                            struct bf_error *err)
{
    enum bf_err rc = bf_mark_apply(f->mark, canvas, err);

    return rc == BF_OK ? bf_video_writer_add_canvas(f->writer, canvas, pts_us, err) : rc;
}

/* A proof and a digest of a video that is not there. */
static void take_back(const struct bf_enrolled *e)
{
    if (e->has_proof)
        unlink(e->proof_path);
    if (e->has_digest)
        unlink(e->digest_path);
}

enum bf_err bf_fake_out_commit(struct bf_fake_out *f, int64_t end_us, struct bf_error *err)
{
    struct bf_enrolment how = {.path = f->path,
                               .title = f->title,
                               .force = f->force,
                               .progress = f->progress,
                               .kind = BF_RECORD_SYNTHETIC,
                               .method = f->method,
                               .subjects32 = (const uint8_t(*)[32])f->subjects,
                               .n_subjects = f->n_subjects};
    char self[32];
    enum bf_err rc = bf_video_writer_finish(f->writer, end_us, err);

    /* The file has no name yet: it is read through the descriptor. */
    snprintf(self, sizeof self, "/proc/self/fd/%d", bf_output_fd(f->out));
    how.input = self;
    /* A disk that is full says so before the record is made. */
    if (rc == BF_OK)
        rc = bf_output_sync(f->out, err);
    if (rc == BF_OK)
        rc = bf_enrol(&f->enrolled, &how, f->desk->ledger, &f->desk->key, err);
    if (rc == BF_OK) {
        rc = bf_output_commit(f->out, err);
        if (rc != BF_OK)
            bf_enrol_say_recorded(err, &f->enrolled.record);
    }
    if (rc != BF_OK && !f->force)
        take_back(&f->enrolled);
    return rc;
}

const struct bf_enrolled *bf_fake_out_enrolled(const struct bf_fake_out *f)
{
    return &f->enrolled;
}

void bf_fake_out_close(struct bf_fake_out **out)
{
    struct bf_fake_out *f = *out;

    if (f == NULL)
        return;
    bf_video_writer_close(&f->writer);
    bf_mark_free(&f->mark);
    bf_output_close(&f->out);
    bf_enrolled_release(&f->enrolled);
    free(f->subjects);
    free(f->method);
    free(f->title);
    free(f->path);
    free(f);
    *out = NULL;
}
