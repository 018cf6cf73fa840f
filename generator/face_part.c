#include "generator/face_part.h"
#include "lib/face/canonical_face.h"

static const uint16_t inner[] = {70,  63,  105, 66,  107, 336, 296, 334, 293, 300, 356,
                                 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
                                 148, 176, 149, 150, 136, 172, 58,  132, 93,  234, 127};
static const uint16_t lower[] = {195, 117, 346, 234, 454, 323, 361, 288, 397, 365, 379, 378,
                                 400, 377, 152, 148, 176, 149, 150, 136, 172, 58,  132, 93};
static const uint16_t mouth[] = {164, 167, 165, 92,  186, 57,  43,  106, 182, 83,
                                 18,  313, 406, 335, 273, 287, 410, 322, 391, 393};
static const uint16_t right_eye[] = {156, 70,  63,  105, 66,  107, 193, 244,
                                     232, 231, 230, 229, 228, 31,  226, 35};
static const uint16_t left_eye[] = {383, 300, 293, 334, 296, 336, 417, 464,
                                    452, 451, 450, 449, 448, 261, 446, 265};

static const uint16_t *points_of(size_t *n, enum bf_face_part part)
{
    static const struct {
        const uint16_t *point;
        size_t n;
    } parts[BF_PARTS] = {{bf_outline_points, BF_OUTLINE_POINTS},
                         {inner, sizeof inner / sizeof *inner},
                         {lower, sizeof lower / sizeof *lower},
                         {mouth, sizeof mouth / sizeof *mouth},
                         {right_eye, sizeof right_eye / sizeof *right_eye},
                         {left_eye, sizeof left_eye / sizeof *left_eye}};

    *n = parts[part].n;
    return parts[part].point;
}

size_t bf_face_part_outline(struct bf_point2 *out, const struct bf_point2 *point,
                            enum bf_face_part part)
{
    size_t n, i;
    const uint16_t *index = points_of(&n, part);

    for (i = 0; i < n; i++)
        out[i] = point[index[i]];
    return n;
}
