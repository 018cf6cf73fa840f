#include "cli/face_moment.h"
#include "generator/face_chosen.h"
#include "lib/media/photo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 16,       /* the square's side is a multiple of that */
    SMALLEST = 40,   /* pixels of a face's box */
    PHOTO_LOOKS = 8, /* a face that the networks are not sure of wants to be seen more than once */
    PHOTO_STEP_US = 40000,
};

/* Of the box's longer side: what the square covers. */
#define ROOM 2.1f

struct reading {
    struct bf_moments *m;
    struct bf_face_reader *reader;
    struct bf_face_chosen chosen;
    float *pixels; /* (BF_MOMENT_SIDE_MAX, BF_MOMENT_SIDE_MAX, 3) */
    struct bf_moment now;
    struct bf_affine to_view, from_view; /* of the moment that is being gathered */
    uint32_t track;
};

static void drop(struct bf_moment *m)
{
    int i;

    for (i = 0; i < BF_MOMENT_FRAMES; i++)
        free(m->rgb[i]);
    memset(m, 0, sizeof *m);
}

/* The square round a face, as large as it is in the picture or shrunk to the largest side. */
static void place(struct reading *r, const struct bf_face *face, const struct bf_face_view *view)
{
    float wide, high, x, y, side;

    bf_face_view_aspect(view, &wide, &high);
    x = 0.5f * (face->box.left + face->box.right) * wide;
    y = 0.5f * (face->box.top + face->box.bottom) * high;
    side = ROOM * fmaxf((face->box.right - face->box.left) * wide,
                        (face->box.bottom - face->box.top) * high);
    r->now.side = (unsigned)fminf(side, BF_MOMENT_SIDE_MAX) / STEP * STEP;
    /* Whole pixels where nothing is shrunk: what the coder left stays as it is. */
    if (side <= BF_MOMENT_SIDE_MAX) {
        side = (float)r->now.side;
        x = floorf(x - side / 2) + side / 2;
        y = floorf(y - side / 2) + side / 2;
    }
    r->to_view = bf_affine_square(x, y, side, 0, (float)r->now.side);
    bf_affine_invert(&r->from_view, &r->to_view);
}

/* The face's points and box, from the picture's pixels to the square's. */
static void carry(struct bf_face *out, const struct bf_face *face, const struct bf_affine *to)
{
    struct bf_point2 a, b;
    int e, i;

    *out = *face;
    for (i = 0; i < BF_FACE_POINTS; i++) {
        a = bf_affine_apply(to, face->point[i].x, face->point[i].y);
        out->point[i] = (struct bf_point3){a.x, a.y, face->point[i].z * bf_affine_scale(to)};
    }
    for (e = 0; e < BF_EYES; e++) {
        for (i = 0; i < BF_FACE_LID_POINTS; i++)
            out->eye[e].lid[i] = bf_affine_apply(to, face->eye[e].lid[i].x, face->eye[e].lid[i].y);
        for (i = 0; i < BF_FACE_IRIS_POINTS; i++)
            out->eye[e].iris[i] =
                bf_affine_apply(to, face->eye[e].iris[i].x, face->eye[e].iris[i].y);
    }
    a = bf_affine_apply(to, face->box.left, face->box.top);
    b = bf_affine_apply(to, face->box.right, face->box.bottom);
    out->box = (struct bf_face_box){a.x, a.y, b.x, b.y};
}

static enum bf_err take(struct reading *r, const struct bf_face *face, int64_t pts_us,
                        struct bf_error *err)
{
    struct bf_face_view *view = bf_face_reader_view(r->reader);
    struct bf_moment *m = &r->now;
    struct bf_affine to_square = r->from_view;
    float wide, high;
    size_t n = (size_t)m->side * m->side * 3, i;
    enum bf_err rc;

    rc = bf_face_view_cut(r->pixels, view, m->side, &r->to_view, BF_FACE_EDGE_REPEAT, 1, 0, err);
    m->rgb[m->n_frames] = malloc(n);
    if (rc != BF_OK)
        return rc;
    if (m->rgb[m->n_frames] == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < n; i++)
        m->rgb[m->n_frames][i] = (uint8_t)fminf(fmaxf(r->pixels[i] + 0.5f, 0), 255);
    bf_face_view_aspect(view, &wide, &high);
    to_square.xx *= wide;
    to_square.yx *= wide;
    to_square.xy *= high;
    to_square.yy *= high;
    carry(&m->face[m->n_frames], face, &to_square);
    m->pts_us[m->n_frames++] = pts_us;
    return BF_OK;
}

static enum bf_err keep(struct reading *r, const struct bf_face *face, struct bf_error *err)
{
    struct bf_moments *m = r->m;
    const float *identity = bf_face_reader_identity(r->reader, face->track);
    struct bf_moment *more;

    if (m->n == m->cap) {
        m->cap = 2 * m->cap + 8;
        more = realloc(m->moment, m->cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        m->moment = more;
    }
    m->moment[m->n++] = r->now;
    memset(&r->now, 0, sizeof r->now);
    if (identity != NULL) {
        memcpy(m->identity, identity, sizeof m->identity);
        m->known = true;
    }
    return BF_OK;
}

/* One frame: begins a moment where one is due, or goes on with it. */
static enum bf_err look(struct reading *r, const struct bf_face *face, int64_t pts_us,
                        unsigned n_frames, bool due, struct bf_error *err)
{
    enum bf_err rc = BF_OK;

    if (r->now.n_frames > 0 && (face == NULL || face->track != r->track))
        drop(&r->now);
    if (face == NULL)
        return BF_OK;
    if (r->now.n_frames == 0) {
        if (!due || face->box.right - face->box.left < SMALLEST)
            return BF_OK;
        place(r, face, bf_face_reader_view(r->reader));
        r->track = face->track;
        rc = bf_donor_add(&r->m->donor, bf_face_reader_view(r->reader), face, pts_us, false, err);
    }
    if (rc == BF_OK)
        rc = take(r, face, pts_us, err);
    if (rc == BF_OK && r->now.n_frames == n_frames)
        rc = keep(r, face, err);
    return rc;
}

static enum bf_err from_video(struct reading *r, const char *path, size_t n_wanted,
                              struct bf_error *err)
{
    const struct bf_video_info *info;
    const struct bf_frame *frame;
    const struct bf_face *faces, *face;
    struct bf_video *video = NULL;
    int64_t step, next = 0;
    size_t n;
    enum bf_err rc = bf_video_open(&video, path, err);

    if (rc != BF_OK)
        return rc;
    info = bf_video_info(video);
    bf_face_reader_restart(r->reader, info);
    step = info->duration_us / (int64_t)(n_wanted + 1);
    while (r->m->n < n_wanted && (rc = bf_video_next(video, &frame, err)) == BF_OK &&
           frame != NULL) {
        size_t before = r->m->n;

        rc = bf_face_reader_next(r->reader, &faces, &n, frame, err);
        if (rc != BF_OK)
            break;
        face = bf_face_chosen_find(&r->chosen, r->reader, faces, n);
        rc = look(r, face, frame->pts_us, BF_MOMENT_FRAMES, frame->pts_us >= next, err);
        if (rc != BF_OK)
            break;
        if (r->m->n > before)
            next = frame->pts_us + step;
    }
    bf_video_close(&video);
    return rc;
}

static enum bf_err from_photo(struct reading *r, const char *path, struct bf_error *err)
{
    struct bf_video_info info = {.sar_num = 1, .sar_den = 1};
    struct bf_picture picture = {0};
    const struct bf_face *faces, *face = NULL;
    struct bf_frame frame;
    size_t n;
    int i;
    enum bf_err rc = bf_photo_read(&picture, path, err);

    if (rc != BF_OK)
        return rc;
    bf_photo_frame(&frame, &picture);
    info.width = picture.width;
    info.height = picture.height;
    bf_face_reader_restart(r->reader, &info);
    for (i = 0; rc == BF_OK && i < PHOTO_LOOKS && face == NULL; i++) {
        frame.index = (uint64_t)i;
        frame.pts_us = (int64_t)i * PHOTO_STEP_US;
        rc = bf_face_reader_next(r->reader, &faces, &n, &frame, err);
        if (rc == BF_OK)
            face = bf_face_chosen_find(&r->chosen, r->reader, faces, n);
    }
    if (rc == BF_OK)
        rc = look(r, face, 0, 1, true, err);
    bf_picture_release(&picture);
    return rc;
}

enum bf_err bf_moments_read(struct bf_moments *m, const char *path, size_t n_wanted,
                            struct bf_face_reader *reader, struct bf_error *err)
{
    struct reading r = {.m = m, .reader = reader};
    enum bf_err rc;

    memset(m, 0, sizeof *m);
    bf_face_chosen_init(&r.chosen, 0);
    r.pixels = malloc((size_t)BF_MOMENT_SIDE_MAX * BF_MOMENT_SIDE_MAX * 3 * sizeof *r.pixels);
    if (r.pixels == NULL)
        rc = bf_error_nomem(err);
    else if (bf_photo_is_one(path))
        rc = from_photo(&r, path, err);
    else
        rc = from_video(&r, path, n_wanted, err);
    drop(&r.now);
    free(r.pixels);
    if (rc != BF_OK)
        bf_moments_release(m);
    return rc;
}

void bf_moments_release(struct bf_moments *m)
{
    size_t i;

    for (i = 0; i < m->n; i++)
        drop(&m->moment[i]);
    free(m->moment);
    bf_donor_release(&m->donor);
    memset(m, 0, sizeof *m);
}
