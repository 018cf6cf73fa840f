#include "detector/cue.h"

const struct bf_cue_kind bf_cue_kinds[BF_CUES] = {
    [BF_CUE_ARTIFACT] = {"artifact", "network", "", ""},
    [BF_CUE_ARTIFACT_PEAK] = {"artifact-peak", "network", "", ""},
    [BF_CUE_BLEND_AREA] = {"blend-area", "network", "", ""},
    [BF_CUE_TEMPORAL] = {"temporal", "motion", "", ""},
    [BF_CUE_POSE_GAP] = {"pose-gap", "pose", "", ""},
    [BF_CUE_POSE_DRIFT] = {"pose-drift", "pose", "", ""},
    [BF_CUE_BLINK_RATE] = {"blink-rate", "blink", "", ""},
    [BF_CUE_BLINK_LENGTH] = {"blink-length", "blink", "", ""},
    [BF_CUE_BLINK_DEPTH] = {"blink-depth", "blink", "", ""},
    [BF_CUE_BLINK_SIDES] = {"blink-sides", "blink", "", ""},
    [BF_CUE_BLINK_REGIONS] = {"blink-regions", "blink", "", ""},
    [BF_CUE_OPEN_LONGEST] = {"open-longest", "blink", "", ""},
    [BF_CUE_SHARPNESS] = {"sharpness", "texture", "", ""},
    [BF_CUE_NOISE] = {"noise", "texture", "", ""},
    [BF_CUE_CHROMA] = {"chroma", "texture", "", ""},
    [BF_CUE_SPECTRUM] = {"spectrum", "texture", "", ""},
    [BF_CUE_FLICKER] = {"flicker", "texture", "", ""},
};
