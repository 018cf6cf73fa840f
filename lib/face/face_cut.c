#include "lib/face/face_cut.h"

#include <math.h>
#include <string.h>

/* Steps of luma. */
#define CUT_LEAST 14.0f
#define CUT_TIMES 4.0f /* of the usual difference */
#define LIKENESS 0.6f  /* pictures that go together so well are one scene */

static float mean(const float *p)
{
    float sum = 0;
    int i;

    for (i = 0; i < BF_CUT_SIDE * BF_CUT_SIDE; i++)
        sum += p[i];
    return sum / (BF_CUT_SIDE * BF_CUT_SIDE);
}

enum bf_err bf_cut_watch_add(bool *cut, struct bf_cut_watch *w, struct bf_face_view *v,
                             struct bf_error *err)
{
    float now[BF_CUT_SIDE * BF_CUT_SIDE], width, height, a, b, diff = 0, aa = 0, bb = 0, ab = 0;
    struct bf_affine all = {0};
    enum bf_err rc;
    int i;

    *cut = false;
    bf_face_view_size(v, &width, &height);
    all.xx = width / BF_CUT_SIDE;
    all.yy = height / BF_CUT_SIDE;
    rc = bf_face_view_cut_luma(now, v, BF_CUT_SIDE, &all, err);
    if (rc != BF_OK)
        return rc;
    a = mean(w->last);
    b = mean(now);
    for (i = 0; i < BF_CUT_SIDE * BF_CUT_SIDE; i++) {
        float x = w->last[i] - a, y = now[i] - b;

        diff += fabsf(x - y) / (BF_CUT_SIDE * BF_CUT_SIDE);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    if (w->started) {
        float like = aa > 0 && bb > 0 ? ab / sqrtf(aa * bb) : 0;

        *cut = diff > CUT_LEAST && diff > CUT_TIMES * w->usual && like < LIKENESS;
        /* A picture that turns plain, or comes out of black, is another scene too. */
        if (fabsf(a - b) > 40 && like < LIKENESS)
            *cut = true;
    }
    w->usual = !w->started || *cut ? 2 : 0.9f * w->usual + 0.1f * diff;
    w->started = true;
    memcpy(w->last, now, sizeof now);
    return BF_OK;
}
