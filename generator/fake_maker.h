/*
 * fake_maker.h - the ways of changing a face in a video that need no trained network, by name
 *
 * A maker is for one person in one video. Whatever it decides by chance it decides once, from its
 * seed, and moves slowly, so that a clip does not flicker. The same seed, donor and frames give the
 * same pixels.
 */
#ifndef BF_FAKE_MAKER_H
#define BF_FAKE_MAKER_H

#include "generator/colour_transfer.h"
#include "generator/face_patch.h"

struct bf_donor;

/* Whose pixels come into the face. */
enum bf_fake_need {
    BF_FAKE_OWN_FRAME, /* its own, of the same frame */
    BF_FAKE_OWN_VIDEO, /* its own, of other times: the donor is the video itself */
    BF_FAKE_DONOR,     /* another person's */
};

struct bf_fake_options {
    uint64_t seed;
    float strength; /* 0 to 1: how far the change goes */
    float aspect;   /* of a pixel as shown, wide to high */
    const struct bf_donor
        *donor;                 /* lives as long as the maker; empty where the method needs none */
    bool seamless;              /* Poisson blending where the method pastes */
    enum bf_colour_mode colour; /* of pastes */
};

struct bf_fake_method {
    const char *name;
    const char *summary;
    enum bf_fake_need need;
    /* How the kind is called among those who make and detect them. */
    const char *family;
    enum bf_err (*create)(void **maker, const struct bf_fake_options *options,
                          struct bf_error *err);
    /* What the face in this frame becomes, into patch, which is not yet put on the canvas. */
    enum bf_err (*change)(struct bf_face_patch *patch, void *maker, const struct bf_canvas *canvas,
                          const struct bf_face *face, int64_t pts_us, struct bf_error *err);
    void (*release)(void *maker); /* frees it */
};

/* Ends with a row whose name is NULL. */
extern const struct bf_fake_method bf_fake_methods[];
/* NULL where there is none of this name. */
const struct bf_fake_method *bf_fake_method_find(const char *name);

#endif
