#include "generator/face_extract.h"
#include "generator/face_order.h"
#include "lib/base/file.h"
#include "lib/face/face_box.h"
#include "lib/face/face_identity.h"
#include "lib/face/face_reader.h"
#include "lib/media/photo.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SMALLEST = 48,
    PHOTO_LOOKS = 6, /* a face that the networks are not sure of wants to be seen more than once */
    PHOTO_STEP_US = 40000,
    PATH_CAP = 4096,
};

#define POOR 0.08f /* of quality */
/* Where the second person has more than this share of the first one's faces it is not clear whom
 * the set is to be of. */
#define RIVAL 0.5f

struct bf_extract {
    struct bf_extract_options how;
    char dir[PATH_CAP], part[PATH_CAP + 8];
    bool made;
    struct bf_face_set set;
    struct bf_face_thumb *thumb; /* (set.n) */
    struct bf_extract_counts counts;
    struct bf_face_reader *reader;
    struct bf_face_identity *identity;
    float *pixels; /* (size, size, 3) */
    struct bf_picture picture;
    uint64_t serial;
};

/* --- the folder
 * --------------------------------------------------------------------------------------- */

/* Everything in a folder of ours, and the folder. */
static void remove_folder(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[2 * PATH_CAP];

    if (d == NULL)
        return;
    while ((e = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    rmdir(dir);
}

enum bf_err bf_extract_create(struct bf_extract **out, const char *dir,
                              const struct bf_extract_options *options, struct bf_error *err)
{
    struct bf_face_reader_options how = {.raw = true};
    struct bf_extract *x = calloc(1, sizeof *x);
    size_t len = strlen(dir);
    struct stat st;
    enum bf_err rc = BF_OK;

    *out = NULL;
    if (x == NULL)
        return bf_error_nomem(err);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len >= PATH_CAP) {
        free(x);
        return bf_error_set(err, BF_ERR_USAGE, "the name of the folder is too long, or empty");
    }
    memcpy(x->dir, dir, len);
    snprintf(x->part, sizeof x->part, "%s.part", x->dir);
    x->how = *options;
    x->how.size = options->size != 0 ? options->size : BF_SET_SIZE;
    x->how.every = options->every != 0 ? options->every : 1;
    x->how.smallest = options->smallest != 0 ? options->smallest : SMALLEST;
    x->set.size = x->how.size;
    x->set.crowd = x->how.crowd;
    memcpy(x->set.subject32, options->subject32, 32);
    x->set.subject = strdup(options->subject);
    x->pixels = malloc((size_t)x->how.size * x->how.size * 3 * sizeof *x->pixels);
    how.smallest = (float)x->how.smallest / 2;
    if (x->set.subject == NULL || x->pixels == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK && lstat(x->dir, &st) == 0)
        rc = bf_error_set(err, BF_ERR_EXISTS, "'%s' exists already", x->dir);
    if (rc == BF_OK)
        rc = bf_picture_create(&x->picture, x->how.size, x->how.size, err);
    if (rc == BF_OK)
        rc = bf_face_reader_create(&x->reader, x->how.models, &how, err);
    if (rc == BF_OK)
        rc = bf_face_identity_open(&x->identity, x->how.models, NULL, err);
    if (rc == BF_OK) {
        remove_folder(x->part); /* what a run that was cut off has left */
        if (mkdir(x->part, 0777) != 0)
            rc = bf_error_errno(err, "cannot make the folder '%s'", x->part);
        else
            x->made = true;
    }
    if (rc == BF_OK)
        *out = x;
    else
        bf_extract_free(&x);
    return rc;
}

void bf_extract_free(struct bf_extract **out)
{
    struct bf_extract *x = *out;

    if (x == NULL)
        return;
    if (x->made)
        remove_folder(x->part);
    bf_face_identity_close(&x->identity);
    bf_face_reader_free(&x->reader);
    bf_picture_release(&x->picture);
    bf_face_set_release(&x->set);
    free(x->thumb);
    free(x->pixels);
    free(x);
    *out = NULL;
}

/* --- one face
 * ----------------------------------------------------------------------------------------- */

static enum bf_err write_picture(struct bf_extract *x, const char *file, struct bf_error *err)
{
    struct bf_buf png = {0};
    char path[2 * PATH_CAP];
    size_t n = (size_t)x->how.size * x->how.size * 3, i;
    enum bf_err rc;

    for (i = 0; i < n; i++) {
        float v = x->pixels[i] + 0.5f;

        x->picture.rgb[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    snprintf(path, sizeof path, "%s/%s", x->part, file);
    rc = bf_picture_encode(&png, &x->picture, BF_PICTURE_PNG, err);
    if (rc == BF_OK)
        rc = bf_file_write(path, 0, &png, err);
    bf_buf_release(&png);
    return rc;
}

/* Where the picture's square lies in the frame, with pixels made square, and the mesh there. */
static bool place(struct bf_affine *to_frame, struct bf_point3 *mesh, const struct bf_extract *x,
                  const struct bf_face *face)
{
    bf_face_view_mesh(mesh, bf_face_reader_view(x->reader), face);
    return bf_face_align(to_frame, mesh, (float)x->how.size, BF_SET_EYE_DISTANCE);
}

static enum bf_err describe(struct bf_set_face *f, struct bf_extract *x, const struct bf_face *face,
                            const struct bf_affine *to_frame, const struct bf_point3 *mesh,
                            struct bf_error *err)
{
    const float *identity = bf_face_reader_identity(x->reader, face->track);
    struct bf_affine back;
    int i;

    if (!bf_affine_invert(&back, to_frame))
        return bf_error_set(err, BF_ERR_FORMAT, "a face without extent");
    for (i = 0; i < BF_FACE_POINTS; i++)
        f->point[i] = bf_affine_apply(&back, mesh[i].x, mesh[i].y);
    f->yaw_deg = face->pose.yaw_deg;
    f->pitch_deg = face->pose.pitch_deg;
    f->roll_deg = face->pose.roll_deg;
    for (i = 0; i < BF_EYES; i++)
        f->gap[i] = face->eye[i].gap;
    f->sharpness = face->sharpness;
    f->quality = face->quality;
    f->size = bf_face_box_size(&face->box);
    if (identity == NULL)
        return bf_face_identity_run(f->identity, x->identity, bf_face_reader_view(x->reader), mesh,
                                    err);
    memcpy(f->identity, identity, sizeof f->identity);
    return BF_OK;
}

static enum bf_err take(struct bf_extract *x, const struct bf_face *face,
                        const struct bf_frame *frame, unsigned source, struct bf_error *err)
{
    struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_affine to_frame;
    struct bf_face_thumb *thumbs;
    struct bf_set_face *f;
    enum bf_err rc;

    x->counts.n_seen++;
    if (face->quality < POOR || face->box.right - face->box.left < (float)x->how.smallest ||
        face->box.bottom - face->box.top < (float)x->how.smallest ||
        !place(&to_frame, mesh, x, face)) {
        x->counts.n_poor++;
        return BF_OK;
    }
    rc = bf_face_view_cut(x->pixels, bf_face_reader_view(x->reader), x->how.size, &to_frame,
                          BF_FACE_EDGE_REPEAT, 1, 0, err);
    if (rc != BF_OK)
        return rc;
    thumbs = realloc(x->thumb, (x->set.n + 1) * sizeof *thumbs);
    if (thumbs == NULL)
        return bf_error_nomem(err);
    x->thumb = thumbs;
    bf_face_thumb_make(&thumbs[x->set.n], x->pixels, x->how.size);
    if (!x->how.keep_alike && bf_face_thumb_known(thumbs, x->set.n)) {
        x->counts.n_alike++;
        return BF_OK;
    }
    f = bf_face_set_add(&x->set);
    if (f == NULL)
        return bf_error_set(err, BF_ERR_LIMIT, "a set has at most %d faces", BF_SET_FACES_MAX);
    f->source = source;
    f->frame = frame->index;
    f->pts_us = frame->pts_us;
    f->track = face->track;
    snprintf(f->file, sizeof f->file, "9%08llu.png", (unsigned long long)++x->serial);
    rc = describe(f, x, face, &to_frame, mesh, err);
    return rc == BF_OK ? write_picture(x, f->file, err) : rc;
}

static enum bf_err look_at(struct bf_extract *x, const struct bf_frame *frame,
                           const struct bf_face *faces, size_t n, unsigned source,
                           struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++)
        if (x->how.track == 0 || faces[i].track == x->how.track)
            rc = take(x, &faces[i], frame, source, err);
    return rc;
}

/* --- one file
 * ----------------------------------------------------------------------------------------- */

static bool stopped(const struct bf_extract *x)
{
    return x->how.stop != NULL && x->how.stop(x->how.stop_ctx);
}

static enum bf_err add_video(struct bf_extract *x, const char *path,
                             const struct bf_progress *progress, struct bf_error *err)
{
    struct bf_video *video = NULL;
    const struct bf_frame *frame;
    const struct bf_face *faces;
    enum bf_err rc = bf_video_open(&video, path, err);
    const struct bf_video_info *info;
    size_t n, before = x->counts.n_seen;
    unsigned source;

    if (rc != BF_OK)
        return rc;
    info = bf_video_info(video);
    bf_face_reader_restart(x->reader, info);
    rc = bf_face_set_source(&source, &x->set, path, err);
    while (rc == BF_OK) {
        rc = bf_video_next(video, &frame, err);
        if (rc != BF_OK || frame == NULL)
            break;
        if (stopped(x))
            rc = bf_error_set(err, BF_ERR_IO, "stopped; nothing was kept");
        /* The reader follows faces from frame to frame, and so sees all of them. */
        if (rc == BF_OK)
            rc = bf_face_reader_next(x->reader, &faces, &n, frame, err);
        if (rc == BF_OK && frame->index % x->how.every == 0)
            rc = look_at(x, frame, faces, n, source, err);
        x->counts.n_frames++;
        bf_progress_step(progress, (uint64_t)frame->pts_us, (uint64_t)info->duration_us);
    }
    x->counts.n_empty_files += rc == BF_OK && x->counts.n_seen == before;
    bf_video_close(&video);
    return rc;
}

static enum bf_err add_photo(struct bf_extract *x, const char *path, struct bf_error *err)
{
    struct bf_picture photo = {0};
    struct bf_video_info info = {.sar_num = 1, .sar_den = 1, .orientation = {1, 0, 0, 1}};
    const struct bf_face *faces = NULL;
    struct bf_frame frame;
    unsigned source;
    size_t n = 0;
    int look;
    enum bf_err rc = bf_photo_read(&photo, path, err);

    if (rc != BF_OK)
        return rc;
    info.width = photo.width;
    info.height = photo.height;
    bf_photo_frame(&frame, &photo);
    bf_face_reader_restart(x->reader, &info);
    rc = bf_face_set_source(&source, &x->set, path, err);
    for (look = 0; look < PHOTO_LOOKS && n == 0 && rc == BF_OK; look++) {
        frame.pts_us = (int64_t)look * PHOTO_STEP_US;
        rc = bf_face_reader_next(x->reader, &faces, &n, &frame, err);
    }
    frame.pts_us = 0;
    if (rc == BF_OK)
        rc = look_at(x, &frame, faces, n, source, err);
    x->counts.n_frames++;
    x->counts.n_empty_files += rc == BF_OK && n == 0;
    bf_picture_release(&photo);
    return rc;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static enum bf_err add_folder(struct bf_extract *x, const char *path,
                              void (*bad)(void *ctx, const struct bf_error *why), void *bad_ctx,
                              const struct bf_progress *progress, struct bf_error *err)
{
    struct dirent **list = NULL;
    int n = scandir(path, &list, visible, alphasort), i;
    struct bf_error why = {0};
    char file[2 * PATH_CAP];
    enum bf_err rc = n < 0 ? bf_error_errno(err, "cannot read the folder '%s'", path) : BF_OK;
    enum bf_err one;

    for (i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name);
        free(list[i]);
        if (rc != BF_OK || !bf_photo_is_one(file))
            continue;
        x->counts.n_files++;
        if (stopped(x)) {
            rc = bf_error_set(err, BF_ERR_IO, "stopped; nothing was kept");
            continue;
        }
        one = add_photo(x, file, &why);
        if (one == BF_ERR_FORMAT || one == BF_ERR_LIMIT) {
            x->counts.n_bad_files++;
            if (bad != NULL)
                bad(bad_ctx, &why);
        } else if (one != BF_OK) {
            rc = bf_error_set(err, one, "%s", why.text);
        }
        bf_progress_step(progress, (uint64_t)i + 1, (uint64_t)n);
    }
    free(list);
    return rc;
}

enum bf_err bf_extract_add(struct bf_extract *x, const char *path,
                           void (*bad)(void *ctx, const struct bf_error *why), void *bad_ctx,
                           const struct bf_progress *progress, struct bf_error *err)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return add_folder(x, path, bad, bad_ctx, progress, err);
    x->counts.n_files++;
    return bf_photo_is_one(path) ? add_photo(x, path, err) : add_video(x, path, progress, err);
}

/* --- the end
 * ------------------------------------------------------------------------------------------ */

/* Keep the faces for which keep (n) says so, and remove the pictures of the others. */
static void keep_only(struct bf_extract *x, const bool *keep)
{
    char path[2 * PATH_CAP];
    size_t i, n = 0;

    for (i = 0; i < x->set.n; i++) {
        if (!keep[i]) {
            snprintf(path, sizeof path, "%s/%s", x->part, x->set.face[i].file);
            unlink(path);
            continue;
        }
        x->set.face[n] = x->set.face[i];
        x->thumb[n++] = x->thumb[i];
    }
    x->set.n = n;
}

static enum bf_err drop_others(struct bf_extract *x, struct bf_error *err)
{
    unsigned *person = calloc(x->set.n + 1, sizeof *person);
    bool *keep = calloc(x->set.n + 1, sizeof *keep);
    size_t count[2] = {0, 0}, i;
    enum bf_err rc = BF_OK;

    if (person == NULL || keep == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    x->counts.n_people = bf_face_set_people(person, &x->set);
    if (x->how.crowd)
        goto out;
    for (i = 0; i < x->set.n; i++) {
        keep[i] = person[i] == 0;
        if (person[i] < 2)
            count[person[i]]++;
    }
    if (x->how.track == 0 && (float)count[1] > RIVAL * (float)count[0]) {
        rc = bf_error_set(err, BF_ERR_USAGE,
                          "there are different people: %zu faces of one and %zu of another; give "
                          "files of one person, or choose by --track",
                          count[0], count[1]);
        goto out;
    }
    x->counts.n_others = x->set.n - count[0];
    keep_only(x, keep);
out:
    free(person);
    free(keep);
    return rc;
}

/* Name the pictures by their places in order (n) and write the list of them. */
static enum bf_err put_in_order(struct bf_extract *x, const size_t *order, struct bf_error *err)
{
    struct bf_set_face *sorted = malloc(x->set.n * sizeof *sorted);
    char from[2 * PATH_CAP], to[2 * PATH_CAP];
    enum bf_err rc = sorted == NULL ? bf_error_nomem(err) : BF_OK;
    size_t i;

    for (i = 0; i < x->set.n && rc == BF_OK; i++) {
        sorted[i] = x->set.face[order[i]];
        snprintf(from, sizeof from, "%s/%s", x->part, sorted[i].file);
        snprintf(sorted[i].file, sizeof sorted[i].file, "%06zu.png", i + 1);
        snprintf(to, sizeof to, "%s/%s", x->part, sorted[i].file);
        if (rename(from, to) != 0)
            rc = bf_error_errno(err, "cannot rename '%s'", from);
    }
    if (rc == BF_OK) {
        memcpy(x->set.face, sorted, x->set.n * sizeof *sorted);
        rc = bf_face_set_save(&x->set, x->part, err);
    }
    free(sorted);
    return rc;
}

enum bf_err bf_extract_finish(struct bf_extract *x, struct bf_extract_counts *counts,
                              struct bf_error *err)
{
    size_t *order = NULL;
    enum bf_err rc = BF_OK;

    if (x->set.n == 0)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND,
                          x->counts.n_seen == 0 ? "there is no face in what was given"
                                                : "no face is large and sharp enough");
    if (rc == BF_OK)
        rc = drop_others(x, err);
    *counts = x->counts;
    counts->n_kept = x->set.n;
    if (rc == BF_OK) {
        order = malloc(x->set.n * sizeof *order);
        rc = order == NULL ? bf_error_nomem(err) : BF_OK;
    }
    if (rc == BF_OK) {
        bf_face_set_order(order, &x->set, x->thumb, x->how.order);
        rc = put_in_order(x, order, err);
    }
    if (rc == BF_OK && rename(x->part, x->dir) != 0)
        rc = bf_error_errno(err, "cannot name the folder '%s'", x->dir);
    if (rc == BF_OK)
        x->made = false;
    free(order);
    return rc;
}
