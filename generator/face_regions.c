#include "generator/face_regions.h"
#include "generator/face_mask.h"

#include <math.h>
#include <stdlib.h>

enum { OUTLINE = 20 };

/* Points of the mesh round each part. */
static const uint16_t eye_right[] = {33,  7,   163, 144, 145, 153, 154, 155,
                                     133, 173, 157, 158, 159, 160, 161, 246};
static const uint16_t eye_left[] = {263, 249, 390, 373, 374, 380, 381, 382,
                                    362, 398, 384, 385, 386, 387, 388, 466};
static const uint16_t lips[] = {61,  146, 91,  181, 84,  17, 314, 405, 321, 375,
                                291, 409, 270, 269, 267, 0,  37,  39,  40,  185};

/* By how much of the picture's side each part is made larger. */
#define GROW_EYE 0.025f
#define GROW_MOUTH 0.02f
/* What each part counts for: at 96 pixels an open eye is four high, and a decoder that is not
 * pressed leaves it open for good. */
#define PART_EYE 1.f
#define PART_MOUTH 0.4f

void bf_region_face(float *mask, size_t size, const struct bf_point2 *point)
{
    bf_mask_hull(mask, size, size, point, BF_FACE_POINTS);
}

static enum bf_err add_part(float *mask, float *part, size_t size, const struct bf_point2 *point,
                            const uint16_t *index, size_t n, float grow, float part_of,
                            struct bf_error *err)
{
    struct bf_point2 outline[OUTLINE];
    enum bf_err rc;
    size_t i;

    for (i = 0; i < n; i++)
        outline[i] = point[index[i]];
    bf_mask_hull(part, size, size, outline, n);
    rc = bf_mask_erode(part, size, size, -grow * (float)size, err);
    for (i = 0; i < size * size; i++)
        mask[i] = fmaxf(mask[i], part_of * part[i]);
    return rc;
}

enum bf_err bf_region_features(float *mask, size_t size, const struct bf_point2 *point,
                               struct bf_error *err)
{
    float *part = malloc(size * size * sizeof *part);
    enum bf_err rc;
    size_t i;

    if (part == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < size * size; i++)
        mask[i] = 0;
    rc = add_part(mask, part, size, point, eye_right, sizeof eye_right / sizeof *eye_right,
                  GROW_EYE, PART_EYE, err);
    if (rc == BF_OK)
        rc = add_part(mask, part, size, point, eye_left, sizeof eye_left / sizeof *eye_left,
                      GROW_EYE, PART_EYE, err);
    if (rc == BF_OK)
        rc = add_part(mask, part, size, point, lips, sizeof lips / sizeof *lips, GROW_MOUTH,
                      PART_MOUTH, err);
    free(part);
    return rc;
}
