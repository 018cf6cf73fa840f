#include "lib/face/landmark_filter.h"

#define REST_HZ 3.0f   /* cut-off of a point at rest */
#define SPEED_HZ 30.0f /* more for each face's size a second */
#define DERIVE_HZ 4.0f /* cut-off of the speed itself */
#define GAP_US 200000

/* Of an exponential mean at that cut-off. */
static float share(float hz, float seconds)
{
    float r = 6.2831853f * hz * seconds;

    return r / (r + 1);
}

static float step(float *value, float *speed, float x, float size, float seconds)
{
    float moved = (x - *value) / seconds, hz;

    *speed += share(DERIVE_HZ, seconds) * (moved - *speed);
    hz = REST_HZ + SPEED_HZ * (*speed < 0 ? -*speed : *speed) / size;
    *value += share(hz, seconds) * (x - *value);
    return *value;
}

void bf_landmark_filter_apply(struct bf_landmark_filter *f, struct bf_point3 *mesh,
                              struct bf_face_eye *eyes, float size, int64_t pts_us)
{
    float seconds = (float)(pts_us - f->pts_us) / 1e6f;
    bool fresh = !f->started || pts_us - f->pts_us > GAP_US || seconds <= 0 || !(size > 0);
    int n = 0, i, e, k;

#define FILTER(x)                                                       \
    do {                                                                \
        if (fresh) {                                                    \
            f->value[n] = (x);                                          \
            f->speed[n] = 0;                                            \
        } else {                                                        \
            (x) = step(&f->value[n], &f->speed[n], (x), size, seconds); \
        }                                                               \
        n++;                                                            \
    } while (0)

    for (i = 0; i < BF_FACE_POINTS; i++) {
        FILTER(mesh[i].x);
        FILTER(mesh[i].y);
        FILTER(mesh[i].z);
    }
    for (e = 0; e < BF_EYES; e++) {
        for (k = 0; k < BF_FACE_LID_POINTS; k++) {
            FILTER(eyes[e].lid[k].x);
            FILTER(eyes[e].lid[k].y);
        }
        for (k = 0; k < BF_FACE_IRIS_POINTS; k++) {
            FILTER(eyes[e].iris[k].x);
            FILTER(eyes[e].iris[k].y);
        }
    }
#undef FILTER
    f->started = true;
    f->pts_us = pts_us;
}
