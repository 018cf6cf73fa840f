#include "lib/face/face_quality.h"

#include <math.h>

enum { SIDE = 96 };

/* A ratio of details of SHARP_NONE is no sharpness, SHARP_FULL all there can be. */
#define SHARP_NONE 0.25f
#define SHARP_FULL 0.75f

/* Mean of 3 x 3 pixels step apart. */
static void blur(float *out, const float *in, int step)
{
    int x, y, i, j;

    for (y = 0; y < SIDE; y++)
        for (x = 0; x < SIDE; x++) {
            float sum = 0;

            for (j = -step; j <= step; j += step)
                for (i = -step; i <= step; i += step) {
                    int u = x + i, w = y + j;

                    u = u < 0 ? 0 : u < SIDE ? u : SIDE - 1;
                    w = w < 0 ? 0 : w < SIDE ? w : SIDE - 1;
                    sum += in[w * SIDE + u];
                }
            out[y * SIDE + x] = sum / 9;
        }
}

enum bf_err bf_face_sharpness(float *out, struct bf_face_view *v, const struct bf_point3 *mesh,
                              struct bf_error *err)
{
    float a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE], fine = 0, coarse = 0, r;
    struct bf_affine place;
    enum bf_err rc;
    int i;

    *out = 0;
    if (!bf_face_align(&place, mesh, SIDE, 0.4f))
        return BF_OK;
    rc = bf_face_view_cut_luma(a, v, SIDE, &place, err);
    if (rc != BF_OK)
        return rc;
    blur(b, a, 1);
    blur(c, b, 2);
    for (i = 0; i < SIDE * SIDE; i++) {
        fine += fabsf(a[i] - b[i]);
        coarse += fabsf(b[i] - c[i]);
    }
    /* A plain surface has no detail to be sharp: half a step of luma everywhere is none. */
    r = fine / (coarse + 0.5f * SIDE * SIDE);
    r = (r - SHARP_NONE) / (SHARP_FULL - SHARP_NONE);
    *out = r < 0 ? 0 : r > 1 ? 1 : r;
    return BF_OK;
}

/* 0 at none, 1 at full, straight between. */
static float ramp(float x, float none, float full)
{
    float r = (x - none) / (full - none);

    return r < 0 ? 0 : r > 1 ? 1 : r;
}

float bf_face_quality(float size, float sharpness, const struct bf_head_pose *pose, float presence)
{
    float away = hypotf(pose->yaw_deg, pose->pitch_deg);

    return ramp(size, 12, 96) * (0.3f + 0.7f * sharpness) * ramp(away, 90, 25) *
           ramp(presence, 0.4f, 0.95f);
}
