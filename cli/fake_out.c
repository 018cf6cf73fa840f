#include "cli/fake_out.h"
#include "cli/beside.h"
#include "lib/base/text.h"
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
    int progress, fd;
    struct bf_key key;
    struct bf_ledger *ledger;
    struct bf_output *out;
    struct bf_mark *mark;
    struct bf_video_writer *writer;
    struct bf_enrolled enrolled;
};

static enum bf_err copy_how(struct bf_fake_out *f, const char *path, const struct bf_fake_how *how,
                            struct bf_error *err)
{
    const char *slash = strrchr(path, '/');
    char clean[BF_TITLE_MAX + 1];

    bf_text_escape(clean, sizeof clean, slash != NULL ? slash + 1 : path,
                   strlen(slash != NULL ? slash + 1 : path));
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
    if (how->key == NULL)
        return bf_error_set(err, BF_ERR_USAGE,
                            "a synthetic video is registered, which needs a key (--key FILE)");
    if (how->title != NULL && bf_enrol_title_fault(how->title) != NULL)
        return bf_error_set(err, BF_ERR_USAGE, "%s", bf_enrol_title_fault(how->title));
    return BF_OK;
}

static enum bf_err open_writer(struct bf_fake_out *f, const struct bf_video_info *info,
                               const struct bf_fake_how *how, struct bf_error *err)
{
    const struct bf_xmp xmp = {.source_type = how->composite ? BF_XMP_COMPOSITE : BF_XMP_GENERATED,
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
        rc = bf_video_writer_open_canvas(&f->writer, f->fd, f->path, info, &o, err);
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
    f->fd = -1;
    rc = check_how(how, err);
    if (rc == BF_OK)
        rc = copy_how(f, path, how, err);
    if (rc == BF_OK)
        rc = bf_output_open(&f->out, path, how->force ? BF_OUTPUT_FORCE : 0, err);
    if (rc == BF_OK)
        rc = bf_enrol_try(path, how->force, err);
    if (rc == BF_OK)
        rc = bf_cli_read_key(&f->key, how->key, how->passphrase_file, err);
    if (rc == BF_OK)
        rc = bf_enrol_open_ledger(&f->ledger, how->ledger, err);
    f->mark = bf_mark_create();
    if (rc == BF_OK && f->mark == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        rc = bf_beside_open(&f->fd, path, err);
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
    snprintf(self, sizeof self, "/proc/self/fd/%d", f->fd);
    how.input = self;
    if (rc == BF_OK)
        rc = bf_enrol(&f->enrolled, &how, f->ledger, &f->key, err);
    if (rc == BF_OK)
        rc = bf_beside_copy(f->out, f->fd, f->path, err);
    if (rc == BF_OK)
        rc = bf_output_commit(f->out, err);
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
    bf_ledger_close(&f->ledger);
    bf_key_release(&f->key);
    bf_enrolled_release(&f->enrolled);
    if (f->fd >= 0)
        close(f->fd);
    free(f->subjects);
    free(f->method);
    free(f->title);
    free(f->path);
    free(f);
    *out = NULL;
}
