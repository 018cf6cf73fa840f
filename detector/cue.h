/*
 * cue.h - the measurements that speak for or against a face, by name
 *
 * A cue is one number a track; NAN where it could not be measured. What a number means is known
 * only beside the same numbers of real videos: see calibration.h.
 */
#ifndef BF_CUE_H
#define BF_CUE_H

#include <stddef.h>

enum bf_cue {
    BF_CUE_ARTIFACT,      /* the artifact network's mean logit, sure frames weigh more */
    BF_CUE_ARTIFACT_PEAK, /* its logit in the most suspicious tenth of the frames */
    BF_CUE_BLEND_AREA,    /* share of the picture that the network's map calls blended, mean */
    BF_CUE_BLEND_PEAK,    /* the map's mean logit over time where it is highest */
    BF_CUE_TEMPORAL,      /* the temporal network's mean logit over landmarks */
    BF_CUE_POSE_GAP,      /* degrees of yaw and roll between inner face and rim, median */
    BF_CUE_POSE_DRIFT,    /* how that difference changes from frame to frame, degrees */
    BF_CUE_BLINK_RATE,    /* a minute */
    BF_CUE_BLINK_LENGTH,  /* median seconds of a blink */
    BF_CUE_BLINK_DEPTH,   /* mean completeness, 1 shut */
    BF_CUE_BLINK_SIDES,   /* correlation of the two eyes' openness */
    BF_CUE_BLINK_REGIONS, /* correlation of the lids' openness with the mesh round the eyes */
    BF_CUE_OPEN_LONGEST,  /* seconds of the longest interval without a blink, over what was seen */
    BF_CUE_SHARPNESS,     /* log ratio of fine detail, inner face to its surroundings */
    BF_CUE_NOISE,         /* log ratio of noise in flat places, the same */
    BF_CUE_CHROMA,        /* difference of chroma, inner face to the skin round it */
    BF_CUE_SPECTRUM,      /* slope of the inner face's spectrum less that of its surroundings */
    BF_CUE_FLICKER,       /* log ratio of change from frame to frame that no motion explains */
    BF_CUE_SLIP,          /* log of how the inner face trembles on the head, over the landmarks */
    BF_CUE_SLIP_INNER,    /* how much the inner face goes along with the landmarks' trembling */
    BF_CUE_SLIP_EDGE,     /* the same of a band within the outline, held against one without */
    BF_CUE_SLIP_LOWER,    /* of lips and chin */
    BF_CUE_SLIP_MOUTH,    /* of the inner face's lower half, held against its upper half */
    BF_CUE_SLIP_EYES,     /* of the skin round the eyes, held against the rest */
    BF_CUES
};

struct bf_cue_kind {
    const char *name;    /* "blink-rate" */
    const char *group;   /* "network", "motion", "slip", "pose", "blink", "texture" */
    const char *unit;    /* "a minute"; "" for a plain number */
    const char *summary; /* one line for a person */
};

extern const struct bf_cue_kind bf_cue_kinds[BF_CUES];

#endif
