/*
 * swap_model.h - the swap autoencoder: one encoder for both people, a decoder with a mask for each
 *
 * The scheme of 2017: what the encoder makes of a face must serve both decoders, so it holds pose
 * and expression, and the decoder adds whose face it is. A model is a folder: model.json says what
 * it is and of whom, model.safetensors has the weights and, for going on, the optimiser's state.
 */
#ifndef BF_SWAP_MODEL_H
#define BF_SWAP_MODEL_H

#include "lib/nn/net.h"
#include "lib/nn/weights.h"

#define BF_SWAP_SCHEMA "bonafide.swap-model/1"
#define BF_SWAP_EYE_DISTANCE 0.28f /* between the eyes' middles, of the side of what it sees */
#define BF_SWAP_NAME_MAX 256

enum bf_swap_preset { BF_SWAP_QUICK, BF_SWAP_STANDARD, BF_SWAP_FINE, BF_SWAP_PRESETS };
enum bf_swap_who { BF_SWAP_A, BF_SWAP_B };

struct bf_swap_shape {
    const char *name, *architecture;
    unsigned size;       /* side of the pictures in and out */
    unsigned width;      /* channels of the encoder's first layer, which double three times */
    unsigned code;       /* numbers between encoder and decoders */
    unsigned bottom;     /* channels at a sixteenth of the size */
    unsigned up[4];      /* and at an eighth, a quarter, a half, the whole of it */
    unsigned iterations; /* of training, unless asked otherwise */
};

extern const struct bf_swap_shape bf_swap_shapes[BF_SWAP_PRESETS];

/* The preset of this name, or false. */
bool bf_swap_preset_parse(enum bf_swap_preset *out, const char *name);

struct bf_swap_net {
    struct bf_net *net;
    int in;   /* (size, size, 3) RGB in 0..1 */
    int rgb;  /* (size, size, 3), the face as who's, 0..1 */
    int mask; /* (size, size, 1), how far each pixel is this face and not something before it */
};

/* Of what and how a model was made. */
struct bf_swap_about {
    enum bf_swap_preset preset;
    uint64_t seed;
    unsigned batch; /* faces of each person a step */
    char subject[2][BF_SWAP_NAME_MAX];
    uint8_t subject32[2][32];
};

struct bf_swap_model {
    struct bf_swap_about about;
    const struct bf_swap_shape *shape;
    struct bf_weights_kind kind;
    struct bf_params *params;
    struct bf_swap_net net[2];
};

/* The networks on weights of their own, drawn from the seed; planned for batch faces by the caller.
 */
enum bf_err bf_swap_model_create(struct bf_swap_model *m, const struct bf_swap_about *about,
                                 bool training, struct bf_error *err);
void bf_swap_model_release(struct bf_swap_model *m);

/* model.json of the folder. BF_ERR_NOT_FOUND where there is none. */
enum bf_err bf_swap_about_load(struct bf_swap_about *about, const char *dir, struct bf_error *err);
enum bf_err bf_swap_about_save(const struct bf_swap_about *about, const char *dir,
                               struct bf_error *err);
/* The model in dir, for running: both networks planned for batches of n. */
enum bf_err bf_swap_model_load(struct bf_swap_model *m, const char *dir, size_t n,
                               struct bf_pool *pool, struct bf_error *err);

#endif
