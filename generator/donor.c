#include "generator/donor.h"
#include "generator/face_chosen.h"
#include "generator/face_place.h"
#include "generator/face_set.h"
#include "lib/media/photo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    PHOTO_LOOKS = 8, /* a face that the networks are not sure of wants to be seen more than once */
    PHOTO_STEP_US = 40000,
    PATH_CAP = 4096,
};

struct loading {
    struct bf_donor *donor;
    struct bf_face_reader *reader;
    struct bf_face_view *view; /* of a set's pictures */
    size_t most;               /* faces */
    struct bf_face_chosen chosen;
};

float bf_mouth_gap(const struct bf_point2 *point)
{
    float wide = hypotf(point[291].x - point[61].x, point[291].y - point[61].y);

    return wide > 0 ? hypotf(point[14].x - point[13].x, point[14].y - point[13].y) / wide : 0;
}

enum bf_err bf_donor_add(struct bf_donor *d, struct bf_face_view *view, const struct bf_face *face,
                         int64_t pts_us, bool follows, struct bf_error *err)
{
    enum { N = BF_DONOR_SIZE * BF_DONOR_SIZE * 3 };
    struct bf_point3 mesh[BF_FACE_POINTS];
    struct bf_affine to_view, to_square;
    struct bf_donor_face *f;
    float *pixels;
    enum bf_err rc;
    size_t i;

    if (d->n == BF_DONOR_FACES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a donor has at most %d faces", BF_DONOR_FACES_MAX);
    bf_face_view_mesh(mesh, view, face);
    if (!bf_face_align(&to_view, mesh, BF_DONOR_SIZE, BF_PLACE_EYE_DISTANCE) ||
        !bf_affine_invert(&to_square, &to_view))
        return BF_OK;
    if (d->face == NULL)
        d->face = calloc(BF_DONOR_FACES_MAX, sizeof *d->face);
    pixels = malloc(N * sizeof *pixels);
    f = d->face != NULL ? &d->face[d->n] : NULL;
    if (f != NULL)
        f->rgb = malloc(N);
    if (f == NULL || f->rgb == NULL || pixels == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = bf_face_view_cut(pixels, view, BF_DONOR_SIZE, &to_view, BF_FACE_EDGE_REPEAT, 1, 0, err);
    if (rc != BF_OK)
        goto out;
    for (i = 0; i < N; i++)
        f->rgb[i] = (uint8_t)fminf(fmaxf(pixels[i] + 0.5f, 0), 255);
    f->pts_us = pts_us;
    f->yaw_deg = face->pose.yaw_deg;
    f->pitch_deg = face->pose.pitch_deg;
    for (i = 0; i < BF_FACE_POINTS; i++)
        f->point[i] = bf_affine_apply(&to_square, mesh[i].x, mesh[i].y);
    f->mouth = bf_mouth_gap(f->point);
    f->follows = follows;
    d->n++;
out:
    if (rc != BF_OK && f != NULL) {
        free(f->rgb);
        f->rgb = NULL;
    }
    free(pixels);
    return rc;
}

static enum bf_err from_video(struct loading *l, const char *path,
                              const struct bf_progress *progress, struct bf_error *err)
{
    const struct bf_video_info *info;
    const struct bf_frame *frame;
    const struct bf_face *faces, *face;
    struct bf_video *video = NULL;
    bool follows = false;
    enum bf_err rc = bf_video_open(&video, path, err);
    size_t n;

    if (rc != BF_OK)
        return rc;
    info = bf_video_info(video);
    bf_face_reader_restart(l->reader, info);
    while (l->donor->n < l->most && (rc = bf_video_next(video, &frame, err)) == BF_OK &&
           frame != NULL) {
        rc = bf_face_reader_next(l->reader, &faces, &n, frame, err);
        face = rc == BF_OK ? bf_face_chosen_find(&l->chosen, l->reader, faces, n) : NULL;
        if (face != NULL)
            rc = bf_donor_add(l->donor, bf_face_reader_view(l->reader), face, frame->pts_us,
                              follows, err);
        if (rc != BF_OK)
            break;
        follows = face != NULL;
        bf_progress_step(progress, (uint64_t)frame->pts_us,
                         info->duration_us > 0 ? (uint64_t)info->duration_us : 0);
    }
    bf_video_close(&video);
    return rc;
}

static enum bf_err from_photo(struct loading *l, const char *path, struct bf_error *err)
{
    struct bf_video_info info = {.sar_num = 1, .sar_den = 1};
    const struct bf_face *faces, *face = NULL;
    struct bf_picture picture = {0};
    struct bf_frame frame;
    size_t n;
    int look;
    enum bf_err rc = bf_photo_read(&picture, path, err);

    if (rc != BF_OK)
        return rc;
    bf_photo_frame(&frame, &picture);
    info.width = picture.width;
    info.height = picture.height;
    bf_face_reader_restart(l->reader, &info);
    for (look = 0; rc == BF_OK && look < PHOTO_LOOKS; look++) {
        frame.index = (uint64_t)look;
        frame.pts_us = (int64_t)look * PHOTO_STEP_US;
        rc = bf_face_reader_next(l->reader, &faces, &n, &frame, err);
        face = rc == BF_OK ? bf_face_chosen_find(&l->chosen, l->reader, faces, n) : NULL;
    }
    if (face != NULL)
        rc = bf_donor_add(l->donor, bf_face_reader_view(l->reader), face, 0, false, err);
    bf_picture_release(&picture);
    return rc;
}

/* A set holds its own landmarks, so nothing is looked for. */
static enum bf_err set_face(struct loading *l, const struct bf_face_set *set, size_t k,
                            struct bf_error *err)
{
    const struct bf_set_face *from = &set->face[k];
    struct bf_face face = {.pose = {.yaw_deg = from->yaw_deg, .pitch_deg = from->pitch_deg}};
    struct bf_picture picture = {0};
    struct bf_frame frame;
    char path[PATH_CAP];
    size_t i;
    enum bf_err rc;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", set->dir, from->file) >= sizeof path)
        return bf_error_set(err, BF_ERR_LIMIT, "the name of '%s' is too long", set->dir);
    rc = bf_photo_read(&picture, path, err);
    if (rc != BF_OK)
        return rc;
    bf_photo_frame(&frame, &picture);
    for (i = 0; i < BF_FACE_POINTS; i++)
        face.point[i] = (struct bf_point3){from->point[i].x, from->point[i].y, 0};
    rc = bf_face_view_set(l->view, &frame, 1, 1, err);
    if (rc == BF_OK)
        rc = bf_donor_add(l->donor, l->view, &face, from->pts_us, false, err);
    bf_picture_release(&picture);
    return rc;
}

static enum bf_err from_set(struct loading *l, const char *dir, struct bf_error *err)
{
    struct bf_face_set set = {0};
    enum bf_err rc = bf_face_set_load(&set, dir, err);
    size_t step, i;

    if (rc == BF_OK && set.crowd)
        rc = bf_error_set(err, BF_ERR_USAGE,
                          "the faces in '%s' are of a crowd: a donor is one person", dir);
    /* Of a large set as many as there is room for, from all of it. */
    step = (set.n + l->most - 1) / l->most;
    for (i = 0; rc == BF_OK && i < set.n; i += step)
        rc = set_face(l, &set, i, err);
    bf_face_set_release(&set);
    return rc;
}

enum bf_err bf_donor_load(struct bf_donor *d, const char *path, uint32_t track, size_t most,
                          struct bf_face_reader *reader, const struct bf_progress *progress,
                          struct bf_error *err)
{
    struct loading l = {.donor = d,
                        .reader = reader,
                        .view = bf_face_view_create(),
                        .most = most > 0 && most < BF_DONOR_FACES_MAX ? most : BF_DONOR_FACES_MAX};
    struct stat st;
    enum bf_err rc = BF_OK;

    memset(d, 0, sizeof *d);
    bf_face_chosen_init(&l.chosen, track);
    if (l.view == NULL)
        rc = bf_error_nomem(err);
    else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        rc = from_set(&l, path, err);
    else if (bf_photo_is_one(path))
        rc = from_photo(&l, path, err);
    else
        rc = from_video(&l, path, progress, err);
    if (rc == BF_OK && d->n == 0)
        rc = track != 0
                 ? bf_error_set(err, BF_ERR_NOT_FOUND, "'%s' has no face of number %u", path, track)
                 : bf_error_set(err, BF_ERR_NOT_FOUND, "there is no face in '%s'", path);
    bf_face_view_free(&l.view);
    if (rc != BF_OK)
        bf_donor_release(d);
    return rc;
}

void bf_donor_release(struct bf_donor *d)
{
    size_t i;

    for (i = 0; i < d->n; i++)
        free(d->face[i].rgb);
    free(d->face);
    memset(d, 0, sizeof *d);
}
