#include "lib/face/face_quality.h"
#include "lib/face/face_reader_impl.h"
#include "lib/face/head_pose.h"

#include <math.h>
#include <string.h>

#define EYES_SIZE 40.0f
#define EYE_HIDDEN 35.0f /* degrees of yaw past which the far eye says nothing */
#define EYES_TURN 65.0f  /* and past which neither does */

/* One gap for both eyes: by how well each can be seen. Negative where neither can. */
static float gap_of(const struct bf_face_eye *eye, const struct bf_head_pose *pose)
{
    if (fabsf(pose->yaw_deg) > EYES_TURN || fabsf(pose->pitch_deg) > EYES_TURN)
        return -1;
    /* With the nose to the picture's right the left eye is the far one. */
    if (pose->yaw_deg > EYE_HIDDEN)
        return eye[BF_EYE_RIGHT].gap;
    if (pose->yaw_deg < -EYE_HIDDEN)
        return eye[BF_EYE_LEFT].gap;
    return (eye[BF_EYE_RIGHT].gap + eye[BF_EYE_LEFT].gap) / 2;
}

static void to_shown(struct bf_face *f, float wide, float high)
{
    int i, e;

    for (i = 0; i < BF_FACE_POINTS; i++) {
        f->point[i].x /= wide;
        f->point[i].z /= wide;
        f->point[i].y /= high;
    }
    for (e = 0; e < BF_EYES; e++) {
        for (i = 0; i < BF_FACE_LID_POINTS; i++) {
            f->eye[e].lid[i].x /= wide;
            f->eye[e].lid[i].y /= high;
        }
        for (i = 0; i < BF_FACE_IRIS_POINTS; i++) {
            f->eye[e].iris[i].x /= wide;
            f->eye[e].iris[i].y /= high;
        }
    }
}

static void watch_eyes(struct bf_face_reader *r, struct bf_face *f, struct bf_face_person *p,
                       float gap)
{
    struct bf_blink b;

    if (bf_blink_watch_add(&b, &f->openness, &p->blink, r->pts_us, gap) &&
        r->n_blinks < BF_BLINKS_MAX) {
        b.track = f->track;
        r->blink[r->n_blinks++] = b;
    }
}

/* Everything that is said of one face. */
enum bf_err bf_face_reader_describe(struct bf_face_reader *r, struct bf_face_seen *s,
                                    struct bf_face_person *p, const struct bf_face_track *t,
                                    struct bf_error *err)
{
    struct bf_face *f = &r->face[r->n_faces];
    float size = bf_face_box_size(&s->box), gap = -1;
    int64_t since;
    enum bf_err rc = BF_OK;

    bf_face_times_spend(NULL, &since);
    if (!r->options.no_eyes && size >= EYES_SIZE) {
        rc = bf_face_mesh_eyes(&s->marks, r->mesh, r->view, err);
        r->times.n_eyes++;
    }
    bf_face_times_spend(&r->times.eyes, &since);
    if (rc != BF_OK)
        return rc;
    *f = (struct bf_face){.track = t->id, .score = p->score, .presence = s->marks.presence};
    memcpy(f->point, s->marks.point, sizeof f->point);
    memcpy(f->eye, s->marks.eye, sizeof f->eye);
    if (!r->options.raw)
        bf_landmark_filter_apply(&p->filter, f->point, f->eye, size, r->pts_us);
    if (!bf_head_pose_of_mesh(&f->pose, f->point, r->width, r->height))
        return BF_OK; /* no head stands like that */
    if (!r->options.no_eyes && size >= EYES_SIZE)
        gap = gap_of(s->marks.eye, &f->pose);
    watch_eyes(r, f, p, gap);
    rc = bf_face_sharpness(&f->sharpness, r->view, f->point, err);
    f->quality = bf_face_quality(size, f->sharpness, &f->pose, f->presence);
    to_shown(f, r->wide, r->high);
    f->box = bf_face_mesh_box(f->point);
    r->n_faces++;
    bf_face_times_spend(&r->times.rest, &since);
    return rc;
}
