/*
 * fake_plan.h - a set of labelled videos as a plan says it: which real ones, which fakes of them,
 * how strong, how compressed, in which split (SPEC.md, "Plans")
 *
 * All that chance decides about an item comes from the plan's seed, the video's name, the method
 * and the item's number, so that a plan that grows keeps the items it had; of donors, all but those
 * that a new video wins by lot.
 */
#ifndef BF_FAKE_PLAN_H
#define BF_FAKE_PLAN_H

#include "generator/fake_maker.h"

#define BF_PLAN_SCHEMA "bonafide.plan/1"
#define BF_PLAN_BYTES_MAX (16u << 20)
#define BF_PLAN_VIDEOS_MAX 10000
#define BF_PLAN_METHODS_MAX 64
#define BF_PLAN_COUNT_MAX 1000
#define BF_PLAN_ITEMS_MAX 1000000
#define BF_PLAN_CRF_MAX 16
#define BF_PLAN_FILE_MAX 4000 /* bytes of a name in the plan */
#define BF_PLAN_NAME_MAX 160
#define BF_PLAN_SWAP "swap" /* the method that a trained model makes */

enum bf_split { BF_SPLIT_TRAIN, BF_SPLIT_CALIBRATION, BF_SPLIT_TEST, BF_SPLITS };
extern const char *const bf_split_names[BF_SPLITS];

struct bf_plan_video {
    char *file;    /* as the plan names it */
    char *path;    /* from here */
    char *person;  /* whose face it is */
    char *subject; /* path of the person's statement */
    uint32_t track;
    bool donor;   /* may lend its face to others */
    uint64_t key; /* a number of its file's name, by which donors are drawn */
    enum bf_split split;
};

struct bf_plan_method {
    char *name;
    const struct bf_fake_method *method; /* NULL: a trained model's */
    char *model;                         /* its folder; of BF_PLAN_SWAP alone */
    char *person;                        /* of BF_PLAN_SWAP: in whose videos; else NULL: in all */
    bool to_a;                   /* of BF_PLAN_SWAP: the model's person a is put in, not b */
    unsigned count;              /* fakes of each video */
    float strength[2], seamless; /* from, to; share of Poisson blending */
};

struct bf_plan {
    uint64_t seed;
    struct bf_plan_video *video;
    size_t n_videos;
    struct bf_plan_method method[BF_PLAN_METHODS_MAX];
    size_t n_methods;
    unsigned crf[BF_PLAN_CRF_MAX];
    size_t n_crf;
    float half; /* share at half size */
    double split[BF_SPLITS];
};

struct bf_plan_item {
    size_t video;
    const struct bf_plan_method *method; /* NULL: a real one, coded as the fakes are */
    size_t donor;                        /* video; SIZE_MAX: none */
    uint64_t seed;
    float strength;
    bool seamless;
    enum bf_colour_mode colour;
    unsigned crf;
    bool half;
    char file[BF_PLAN_NAME_MAX]; /* below the set's folder: "fake/self/0001-talk.0.mp4" */
    char mask[BF_PLAN_NAME_MAX]; /* "masks/self/0001-talk.0.mp4"; "": of a real one */
};

struct bf_plan_items {
    struct bf_plan_item *item; /* (n): reals and fakes of the first video, then of the next */
    size_t n;
    size_t n_without_donor; /* fakes left out: nobody else in that split lends a face */
};

/*
 * Read a plan of n bytes. Paths in it are from folder; name is what errors call it. BF_ERR_FORMAT
 * says what is wrong and where. Release with bf_plan_release.
 */
enum bf_err bf_plan_parse(struct bf_plan *p, const void *text, size_t n, const char *folder,
                          const char *name, struct bf_error *err);
void bf_plan_release(struct bf_plan *p);

/*
 * All that the plan asks for, in a fixed order; free out->item. A donor is another person of the
 * same split, so that nobody is seen in two. Each (crf, size) that a video's fakes have one real
 * copy has too, so that compression tells nothing. BF_ERR_LIMIT where they are more than
 * BF_PLAN_ITEMS_MAX.
 */
enum bf_err bf_plan_expand(struct bf_plan_items *out, const struct bf_plan *p,
                           struct bf_error *err);

/* The person's split: by the SHA-256 of the name alone, whatever else is in the plan. */
enum bf_split bf_plan_split(const char *person, const double split[BF_SPLITS]);

#endif
