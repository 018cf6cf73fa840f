#include "generator/swap_evaluate.h"
#include "generator/face_chosen.h"
#include "generator/swap_quality.h"
#include "generator/swap_sample.h"
#include "lib/face/face_identity.h"
#include "lib/face/face_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 64 }; /* of the squares in which flicker is measured */

#define DEGREES (180 / 3.14159265358979)

/* --- the model
 * ---------------------------------------------------------------------------------------- */

static enum bf_err one_person(struct bf_swap_self *out, struct bf_swap_model *m,
                              const struct bf_swap_faces *f, enum bf_swap_who who,
                              struct bf_error *err)
{
    struct bf_swap_net *net = &m->net[who];
    size_t one = (size_t)m->shape->size * m->shape->size, i;
    float *block = malloc(8 * one * sizeof *block);
    const struct bf_swap_sample s = {block, block + 3 * one, block + 6 * one, block + 7 * one};
    struct bf_swap_quality q;
    enum bf_err rc = block == NULL ? bf_error_nomem(err) : BF_OK;

    *out = (struct bf_swap_self){0};
    for (i = f->n_trained; i < f->n && rc == BF_OK; i++) {
        bf_swap_sample_plain(&s, f, i);
        memcpy(bf_net_value(net->net, net->in), s.in, 3 * one * sizeof(float));
        bf_net_forward(net->net);
        rc = bf_swap_quality_measure(&q, bf_net_value(net->net, net->rgb), s.target, s.mask,
                                     m->shape->size, err);
        out->ssim += q.ssim;
        out->psnr += q.psnr;
        out->ssim_all += q.ssim_all;
        out->psnr_all += q.psnr_all;
        out->n++;
    }
    if (out->n > 0) {
        out->ssim /= (double)out->n;
        out->psnr /= (double)out->n;
        out->ssim_all /= (double)out->n;
        out->psnr_all /= (double)out->n;
    }
    free(block);
    return rc;
}

enum bf_err bf_swap_evaluate_self(struct bf_swap_self *out, const char *model, const char *faces_a,
                                  const char *faces_b, struct bf_error *err)
{
    const char *const dir[2] = {faces_a, faces_b};
    struct bf_swap_model m = {0};
    struct bf_swap_faces f = {0};
    struct bf_pool *pool = NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int who;
    enum bf_err rc = bf_pool_create(&pool, cores > 0 ? (size_t)cores : 1, err);

    if (rc == BF_OK)
        rc = bf_swap_model_load(&m, model, 1, pool, err);
    for (who = BF_SWAP_A; who <= BF_SWAP_B && rc == BF_OK; who++) {
        rc = bf_swap_faces_load(&f, dir[who], m.shape->size, err);
        if (rc == BF_OK && memcmp(f.set.subject32, m.about.subject32[who], 32) != 0)
            rc = bf_error_set(err, BF_ERR_USAGE, "the model was not trained on the person in '%s'",
                              dir[who]);
        if (rc == BF_OK)
            rc = one_person(&out[who], &m, &f, (enum bf_swap_who)who, err);
        bf_swap_faces_release(&f);
    }
    bf_swap_model_release(&m);
    bf_pool_free(&pool);
    return rc;
}

/* --- a video
 * ------------------------------------------------------------------------------------------ */

struct one_video {
    struct bf_video *video;
    struct bf_face_reader *reader;
    struct bf_face_chosen chosen; /* of the source */
    const struct bf_frame *frame;
    const struct bf_face *face; /* in this frame; NULL: none */
    float luma[3][SIDE * SIDE]; /* of the face in the last three frames */
    unsigned n_luma;            /* how many of them follow each other */
    double flicker;
    uint64_t n_flicker;
    double near; /* frames nearer to the new person */
};

/* The mean descriptor of a set's person. */
static enum bf_err mean_identity(float *out, const char *dir, struct bf_error *err)
{
    struct bf_face_set set;
    float norm = 0;
    size_t i;
    int k;
    enum bf_err rc = bf_face_set_load(&set, dir, err);

    if (rc != BF_OK)
        return rc;
    for (k = 0; k < BF_IDENTITY_DIM; k++) {
        out[k] = 0;
        for (i = 0; i < set.n; i++)
            out[k] += set.face[i].identity[k];
        norm += out[k] * out[k];
    }
    for (k = 0; k < BF_IDENTITY_DIM && norm > 0; k++)
        out[k] /= sqrtf(norm);
    bf_face_set_release(&set);
    return BF_OK;
}

static enum bf_err open_video(struct one_video *v, const char *path, const char *models,
                              struct bf_error *err)
{
    const struct bf_face_reader_options how = {.raw = true};
    enum bf_err rc = bf_video_open(&v->video, path, err);

    if (rc == BF_OK)
        rc = bf_face_reader_create(&v->reader, models, &how, err);
    if (rc == BF_OK)
        bf_face_reader_restart(v->reader, bf_video_info(v->video));
    return rc;
}

static void close_video(struct one_video *v)
{
    bf_video_close(&v->video);
    bf_face_reader_free(&v->reader);
}

static float distance(const struct bf_face *a, const struct bf_face *b)
{
    float dx = a->box.left + a->box.right - b->box.left - b->box.right;
    float dy = a->box.top + a->box.bottom - b->box.top - b->box.bottom;

    return sqrtf(dx * dx + dy * dy) / 2;
}

/* The next frame and the faces (n) in it; *n is 0 after the last. */
static enum bf_err advance(const struct bf_face **faces, size_t *n, struct one_video *v,
                           struct bf_error *err)
{
    enum bf_err rc = bf_video_next(v->video, &v->frame, err);

    v->face = NULL;
    *n = 0;
    if (rc != BF_OK || v->frame == NULL)
        return rc;
    return bf_face_reader_next(v->reader, faces, n, v->frame, err);
}

/* In the fake, whoever is where the source's face is. */
static const struct bf_face *at_place(const struct bf_face *faces, size_t n,
                                      const struct bf_face *beside)
{
    const struct bf_face *best = NULL;
    size_t i;

    for (i = 0; i < n; i++)
        if (best == NULL || distance(&faces[i], beside) < distance(best, beside))
            best = &faces[i];
    return best != NULL && distance(best, beside) <= (beside->box.right - beside->box.left) / 2
               ? best
               : NULL;
}

static enum bf_err advance_both(struct one_video *real, struct one_video *fake,
                                struct bf_error *err)
{
    const struct bf_face *faces;
    size_t n;
    enum bf_err rc = advance(&faces, &n, real, err);

    if (rc != BF_OK)
        return rc;
    real->face = bf_face_chosen_find(&real->chosen, real->reader, faces, n);
    rc = advance(&faces, &n, fake, err);
    if (rc == BF_OK && real->face != NULL)
        fake->face = at_place(faces, n, real->face);
    return rc;
}

/* What changes in a frame and changes back in the next: the second difference over time of the
 * face's luma, at the place where the source's face is. */
static enum bf_err watch_flicker(struct one_video *v, const struct bf_point3 *mesh,
                                 struct bf_error *err)
{
    struct bf_affine place;
    double sum = 0;
    enum bf_err rc;
    int i;

    if (!bf_face_align(&place, mesh, SIDE, 0.4f)) {
        v->n_luma = 0;
        return BF_OK;
    }
    memmove(v->luma[0], v->luma[1], 2 * sizeof v->luma[0]);
    rc = bf_face_view_cut_luma(v->luma[2], bf_face_reader_view(v->reader), SIDE, &place, err);
    if (rc != BF_OK)
        return rc;
    if (++v->n_luma < 3)
        return BF_OK;
    for (i = 0; i < SIDE * SIDE; i++)
        sum += fabs((double)(v->luma[1][i] - (v->luma[0][i] + v->luma[2][i]) / 2));
    v->flicker += sum / (SIDE * SIDE);
    v->n_flicker++;
    return BF_OK;
}

static enum bf_err watch_identity(struct one_video *v, struct bf_face_identity *net,
                                  const struct bf_point3 *mesh, const float *from, const float *to,
                                  struct bf_error *err)
{
    float identity[BF_IDENTITY_DIM];
    enum bf_err rc = bf_face_identity_run(identity, net, bf_face_reader_view(v->reader), mesh, err);

    if (rc == BF_OK && bf_identity_likeness(identity, to) > bf_identity_likeness(identity, from))
        v->near++;
    return rc;
}

/* Degrees by which one rotation has to be turned to be the other. */
static double angle_between(const float *a, const float *b)
{
    double trace = 0;
    int i;

    for (i = 0; i < 9; i++)
        trace += (double)a[i] * (double)b[i];
    return acos(fmax(-1, fmin(1, (trace - 1) / 2))) * DEGREES;
}

/* Sums for a correlation. */
struct sums {
    double n, x, y, xx, yy, xy;
};

static void sums_add(struct sums *s, double x, double y)
{
    s->n++;
    s->x += x;
    s->y += y;
    s->xx += x * x;
    s->yy += y * y;
    s->xy += x * y;
}

static double correlation(const struct sums *s)
{
    double x = s->n * s->xx - s->x * s->x, y = s->n * s->yy - s->y * s->y;

    return x > 1e-9 && y > 1e-9 ? (s->n * s->xy - s->x * s->y) / sqrt(x * y) : (double)NAN;
}

/* The variance of what was added as x - y: its mean is no part of it. */
static double spread(const struct sums *s)
{
    double mean = (s->x - s->y) / s->n;

    return (s->xx - 2 * s->xy + s->yy) / s->n - mean * mean;
}

static double open_eyes(const struct bf_face *f)
{
    return (double)(f->eye[BF_EYE_RIGHT].gap + f->eye[BF_EYE_LEFT].gap) / 2;
}

/* Of one measure in the source and in the fake. */
struct pairs {
    struct sums eyes, yaw, pitch, roll;
};

static enum bf_err compare(struct bf_swap_video *out, struct pairs *pairs, struct one_video *real,
                           struct one_video *fake, struct bf_face_identity *net, const float *from,
                           const float *to, struct bf_error *err)
{
    struct bf_point3 mesh[BF_FACE_POINTS], fake_mesh[BF_FACE_POINTS];
    enum bf_err rc;

    if (real->face == NULL || fake->face == NULL) {
        real->n_luma = fake->n_luma = 0;
        return BF_OK;
    }
    out->n_both++;
    out->pose_deg += angle_between(real->face->pose.rotation, fake->face->pose.rotation);
    sums_add(&pairs->eyes, open_eyes(real->face), open_eyes(fake->face));
    sums_add(&pairs->yaw, (double)real->face->pose.yaw_deg, (double)fake->face->pose.yaw_deg);
    sums_add(&pairs->pitch, (double)real->face->pose.pitch_deg, (double)fake->face->pose.pitch_deg);
    sums_add(&pairs->roll, (double)real->face->pose.roll_deg, (double)fake->face->pose.roll_deg);
    bf_face_view_mesh(mesh, bf_face_reader_view(real->reader), real->face);
    bf_face_view_mesh(fake_mesh, bf_face_reader_view(fake->reader), fake->face);
    rc = watch_flicker(real, mesh, err);
    if (rc == BF_OK)
        rc = watch_flicker(fake, mesh, err);
    if (rc == BF_OK)
        rc = watch_identity(real, net, mesh, from, to, err);
    return rc == BF_OK ? watch_identity(fake, net, fake_mesh, from, to, err) : rc;
}

enum bf_err bf_swap_evaluate_video(struct bf_swap_video *out, const char *source, const char *fake,
                                   const char *faces_a, const char *faces_b, enum bf_swap_who to,
                                   uint32_t track, const char *models,
                                   const struct bf_progress *progress, struct bf_error *err)
{
    float who[2][BF_IDENTITY_DIM];
    struct one_video *v = calloc(2, sizeof *v);
    struct bf_face_identity *net = NULL;
    struct pairs pairs = {0};
    enum bf_err rc = v == NULL ? bf_error_nomem(err) : BF_OK;

    *out = (struct bf_swap_video){0};
    if (rc == BF_OK)
        rc = mean_identity(who[BF_SWAP_A], faces_a, err);
    if (rc == BF_OK)
        rc = mean_identity(who[BF_SWAP_B], faces_b, err);
    if (rc == BF_OK)
        rc = bf_face_identity_open(&net, models, NULL, err);
    if (rc == BF_OK)
        rc = open_video(&v[0], source, models, err);
    if (rc == BF_OK)
        bf_face_chosen_init(&v[0].chosen, track);
    if (rc == BF_OK)
        rc = open_video(&v[1], fake, models, err);
    while (rc == BF_OK) {
        rc = advance_both(&v[0], &v[1], err);
        if (rc != BF_OK || (v[0].frame == NULL && v[1].frame == NULL))
            break;
        if (v[0].frame == NULL || v[1].frame == NULL) {
            rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' and '%s' are not of the same length",
                              source, fake);
            break;
        }
        bf_progress_step(progress, (uint64_t)v[0].frame->pts_us,
                         (uint64_t)bf_video_info(v[0].video)->duration_us);
        out->n_frames++;
        rc = compare(out, &pairs, &v[0], &v[1], net, who[1 - to], who[to], err);
    }
    if (rc == BF_OK && out->n_both > 0) {
        double n = (double)out->n_both;

        out->pose_deg /= n;
        out->following_deg =
            sqrt(fmax(0, spread(&pairs.yaw) + spread(&pairs.pitch) + spread(&pairs.roll)));
        out->identity = v[1].near / n;
        out->identity_source = v[0].near / n;
        out->eyes = correlation(&pairs.eyes);
        out->flicker = v[0].flicker > 0 ? v[1].flicker / v[0].flicker : (double)NAN;
    }
    if (v != NULL) {
        close_video(&v[0]);
        close_video(&v[1]);
    }
    bf_face_identity_close(&net);
    free(v);
    return rc;
}
