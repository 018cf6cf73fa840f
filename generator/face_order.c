#include "generator/face_order.h"

#include <stdlib.h>

/* Mean difference in steps of luma below which two faces teach the same: about what the noise of a
 * camera and of a coder makes. */
#define ALIKE 1.1f

void bf_face_thumb_make(struct bf_face_thumb *t, const float *rgb, unsigned size)
{
    unsigned x, y;

    for (y = 0; y < BF_THUMB_SIDE; y++)
        for (x = 0; x < BF_THUMB_SIDE; x++) {
            unsigned x0 = x * size / BF_THUMB_SIDE, x1 = (x + 1) * size / BF_THUMB_SIDE;
            unsigned y0 = y * size / BF_THUMB_SIDE, y1 = (y + 1) * size / BF_THUMB_SIDE, u, v;
            float sum = 0;

            for (v = y0; v < y1; v++)
                for (u = x0; u < x1; u++) {
                    const float *p = rgb + 3 * ((size_t)v * size + u);

                    sum += 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
                }
            sum = sum / (float)((x1 - x0) * (y1 - y0)) + 0.5f;
            t->luma[y * BF_THUMB_SIDE + x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
}

static unsigned distance(const struct bf_face_thumb *a, const struct bf_face_thumb *b)
{
    unsigned sum = 0;
    size_t i;

    for (i = 0; i < sizeof a->luma; i++)
        sum += (unsigned)abs((int)a->luma[i] - (int)b->luma[i]);
    return sum;
}

bool bf_face_thumb_known(const struct bf_face_thumb *thumb, size_t n)
{
    size_t i;

    for (i = n; i-- > 0;)
        if ((float)distance(&thumb[i], &thumb[n]) < ALIKE * (float)sizeof thumb->luma)
            return true;
    return false;
}

struct key {
    float value;
    size_t index;
};

static int by_value(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Begins with the first and goes on with the nearest that is left. */
static void by_similarity(size_t *order, const struct bf_face_thumb *thumb, size_t n)
{
    size_t i, k, best, swap;
    unsigned least, d;

    for (i = 0; i < n; i++)
        order[i] = i;
    for (i = 1; i < n; i++) {
        best = i;
        least = ~0u;
        for (k = i; k < n; k++) {
            d = distance(&thumb[order[i - 1]], &thumb[order[k]]);
            if (d < least) {
                least = d;
                best = k;
            }
        }
        swap = order[i];
        order[i] = order[best];
        order[best] = swap;
    }
}

void bf_face_set_order(size_t *order, const struct bf_face_set *set,
                       const struct bf_face_thumb *thumb, enum bf_extract_order how)
{
    struct key *key = how == BF_EXTRACT_BY_SHARPNESS || how == BF_EXTRACT_BY_POSE
                          ? malloc((set->n + 1) * sizeof *key)
                          : NULL;
    size_t i;

    if (how == BF_EXTRACT_BY_SIMILARITY) {
        by_similarity(order, thumb, set->n);
        return;
    }
    for (i = 0; i < set->n; i++)
        order[i] = i;
    if (key == NULL)
        return;
    for (i = 0; i < set->n; i++)
        key[i] = (struct key){
            how == BF_EXTRACT_BY_POSE ? set->face[i].yaw_deg : -set->face[i].sharpness, i};
    qsort(key, set->n, sizeof *key, by_value);
    for (i = 0; i < set->n; i++)
        order[i] = key[i].index;
    free(key);
}
