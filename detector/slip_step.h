/*
 * slip_step.h - how a face slips on its head from one frame to the next
 *
 * The mesh's outline, drawn at six sizes, is followed from frame to frame (point_flow.h). An affine
 * motion is fitted to the points that a region is measured by; what its own points move besides is
 * its slip.
 */
#ifndef BF_SLIP_STEP_H
#define BF_SLIP_STEP_H

#include <assert.h>
#include <stdint.h>

#include "detector/slip_evidence.h"
#include "lib/face/canonical_face.h"
#include "lib/face/face_align.h"

enum bf_slip_region {
    BF_SLIP_INNER,
    BF_SLIP_EDGE,
    BF_SLIP_LOWER, /* lips and chin */
    BF_SLIP_MOUTH, /* the lower half of the inner face */
    BF_SLIP_LIDS,  /* the skin round the eyes up to the brows */
};

static_assert(BF_SLIP_LIDS + 1 == BF_SLIP_REGIONS, "BF_SLIP_REGIONS says how many there are");

#define BF_SLIP_SIDE 224 /* of the pictures */

/* Lengths in widths of the face; NAN: not seen. */
struct bf_slip_step {
    struct bf_point2 slip[BF_SLIP_REGIONS];
    struct bf_point2 tremble; /* of the landmarks on the rim against the rim */
    /* Logs, against what a region is measured by, and last of the rim as they are. */
    float detail[BF_SLIP_REGIONS + 1], rest[BF_SLIP_REGIONS + 1];
};

/* before and now are luma (BF_SLIP_SIDE, BF_SLIP_SIDE), 0 to 255, cut at one place; was and is
 * (BF_OUTLINE_POINTS) where the outline is in each, in pixels. */
void bf_slip_step_take(struct bf_slip_step *s, const float *before, const float *now,
                       const struct bf_point2 *was, const struct bf_point2 *is);

#endif
