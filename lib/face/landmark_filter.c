#include "lib/face/landmark_filter.h"

#define GAP_US 200000

/* Cut-offs in hertz: of a point at rest, what is added for each face's size a second, and of the
 * speed itself. Lids fall faster than heads turn. */
struct pace {
    float rest, moving, speed;
};

static const struct pace of_mesh = {1.5f, 18, 2}, of_eyes = {3, 30, 4};

/* Of an exponential mean at that cut-off. */
static float share(float hz, float seconds)
{
    float r = 6.2831853f * hz * seconds;

    return r / (r + 1);
}

static float step(float *value, float *speed, float x, float size, float seconds,
                  const struct pace *p)
{
    float moved = (x - *value) / seconds, hz;

    *speed += share(p->speed, seconds) * (moved - *speed);
    hz = p->rest + p->moving * (*speed < 0 ? -*speed : *speed) / size;
    *value += share(hz, seconds) * (x - *value);
    return *value;
}

void bf_landmark_filter_apply(struct bf_landmark_filter *f, struct bf_point3 *mesh,
                              struct bf_face_eye *eyes, float size, int64_t pts_us)
{
    float seconds = (float)(pts_us - f->pts_us) / 1e6f;
    bool fresh = !f->started || pts_us - f->pts_us > GAP_US || seconds <= 0 || !(size > 0);
    int n = 0, i, e, k;

#define FILTER(x, pace)                                                       \
    do {                                                                      \
        if (fresh) {                                                          \
            f->value[n] = (x);                                                \
            f->speed[n] = 0;                                                  \
        } else {                                                              \
            (x) = step(&f->value[n], &f->speed[n], (x), size, seconds, pace); \
        }                                                                     \
        n++;                                                                  \
    } while (0)

    for (i = 0; i < BF_FACE_POINTS; i++) {
        FILTER(mesh[i].x, &of_mesh);
        FILTER(mesh[i].y, &of_mesh);
        FILTER(mesh[i].z, &of_mesh);
    }
    for (e = 0; e < BF_EYES; e++) {
        for (k = 0; k < BF_FACE_LID_POINTS; k++) {
            FILTER(eyes[e].lid[k].x, &of_eyes);
            FILTER(eyes[e].lid[k].y, &of_eyes);
        }
        for (k = 0; k < BF_FACE_IRIS_POINTS; k++) {
            FILTER(eyes[e].iris[k].x, &of_eyes);
            FILTER(eyes[e].iris[k].y, &of_eyes);
        }
    }
#undef FILTER
    f->started = true;
    f->pts_us = pts_us;
}
