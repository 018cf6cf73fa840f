/*
 * sighting.h - features of the suspect's stills seen in records, and the geometries that they
 * agree on
 */
#ifndef BF_SIGHTING_H
#define BF_SIGHTING_H

#include "ledger/match/features.h"
#include "ledger/match/record_features.h"
#include "ledger/match/still.h"

/* One feature of a still that looks like one of a record. */
struct bf_sighting {
    uint32_t record;
    uint8_t look; /* bit 0: mirrored; above: quarter turns, as in bf_geometry */
    uint8_t source_scale;
    uint16_t still, feature;
    float x, y, scale; /* in the suspect's picture; scale of its longer side */
    float u, v;        /* in the record's picture */
    int64_t source_us;
};

struct bf_sightings {
    struct bf_sighting *item;
    size_t n, cap;
};

void bf_sightings_release(struct bf_sightings *s);
/* A feature of one of the suspect's stills. */
struct bf_still_feature {
    uint16_t still, number;
    struct bf_feature feature;
};

struct bf_still_features {
    struct bf_still_feature *item; /* still by still */
    size_t n;
};

void bf_still_features_release(struct bf_still_features *f);
enum bf_err bf_still_features_find(struct bf_still_features *f, const struct bf_stills *stills,
                                   struct bf_error *err);

/* In which positions a still is looked at. */
enum bf_looks {
    BF_LOOKS_UPRIGHT = 1, /* as it stands, and mirrored */
    BF_LOOKS_TURNED = 2,  /* the six others */
};

/*
 * Look the features up: in the ledger's index, or, where t is NULL, in one record's list. looks:
 * one or both of BF_LOOKS.
 */
enum bf_err bf_sightings_find(struct bf_sightings *s, const struct bf_still_features *f,
                              unsigned looks, struct bf_txn *t, const struct bf_feature_list *list,
                              struct bf_error *err);

/* The same moment in suspect and record, as far as a sighting tells. */
struct bf_moment_pair {
    int64_t suspect_us, source_us;
};

/* Where a record may lie in the suspect. */
struct bf_hypothesis {
    uint32_t record;
    struct bf_geometry geometry;
    unsigned n_votes, n_stills;    /* features, and stills, that agree */
    struct bf_moment_pair *moment; /* (n_moments) */
    size_t n_moments;
};

struct bf_hypotheses {
    struct bf_hypothesis *item; /* most votes first */
    size_t n;
};

/* Width and height of a record's picture; false where it is not there. */
typedef bool bf_record_shape(void *ctx, uint32_t record, uint32_t *w, uint32_t *h);

void bf_hypotheses_release(struct bf_hypotheses *h);
/* The geometries that enough sightings agree on, at most cap; one for each record and position. */
enum bf_err bf_hypotheses_find(struct bf_hypotheses *h, size_t cap, struct bf_sightings *s,
                               const struct bf_stills *stills, bf_record_shape *shape, void *ctx,
                               struct bf_error *err);

#endif
