/*
 * params.h - the named weights of networks, their gradients, and what an optimiser steps over
 *
 * One store holds the weights of one model. Networks are built on it by name (net.h): two networks
 * that name the same weight share it, as two decoders share an encoder. Values lie in one
 * allocation, what is trained first, running statistics behind; gradients in another.
 */
#ifndef BF_PARAMS_H
#define BF_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define BF_PARAM_NAME_MAX 64 /* with its NUL */
#define BF_PARAM_DIMS_MAX 4
#define BF_PARAMS_MAX 4096

/* How a weight starts. */
enum bf_param_init {
    BF_PARAM_ZERO,
    BF_PARAM_ONE,
    BF_PARAM_QUARTER, /* PReLU */
    BF_PARAM_HE,      /* normal, deviation sqrt(2 / fan_in) (He et al. 2015) */
    BF_PARAM_UNIFORM, /* uniform within 1 / sqrt(fan_in) */
};

struct bf_param {
    char name[BF_PARAM_NAME_MAX];
    size_t shape[BF_PARAM_DIMS_MAX];
    int n_dims;
    size_t n;      /* floats */
    size_t offset; /* into values, and into grads where trained */
    enum bf_param_init init;
    size_t fan_in;
    bool trained; /* false: a running statistic */
    bool decayed; /* by AdamW: kernels and matrices, not biases and scales */
    bool frozen;  /* an optimiser leaves it alone */
};

struct bf_params {
    struct bf_param *list;
    size_t n, cap;
    float *values;    /* 64-byte aligned; NULL before bf_params_allocate */
    float *grads;     /* n_trained floats; NULL where nothing is trained */
    size_t n_floats;  /* of values, with padding */
    size_t n_trained; /* of these, at the beginning */
    uint64_t version; /* whoever changes values counts this up, so that packed copies follow */
};

enum bf_err bf_params_create(struct bf_params **p, struct bf_error *err);
void bf_params_free(struct bf_params **p);

/*
 * Find the weight of this name or add it; *index says where it is. One that is there with another
 * shape, a name that is too long or empty, and a new one after bf_params_allocate are
 * BF_ERR_USAGE.
 */
enum bf_err bf_params_declare(size_t *index, struct bf_params *p, const char *name,
                              const size_t *shape, int n_dims, enum bf_param_init init,
                              size_t fan_in, bool trained, struct bf_error *err);
/* BF_ERR_NOT_FOUND where there is none. */
enum bf_err bf_params_find(size_t *index, const struct bf_params *p, const char *name,
                           struct bf_error *err);

/* Make room for all that were declared, with gradients where training; values are drawn from seed,
 * each from its own name, so that they do not depend on the order. Once. */
enum bf_err bf_params_allocate(struct bf_params *p, bool training, uint64_t seed,
                               struct bf_error *err);

float *bf_params_value(const struct bf_params *p, size_t index);
/* NULL for what is not trained. */
float *bf_params_grad(const struct bf_params *p, size_t index);
void bf_params_zero_grads(struct bf_params *p);
/* Freeze, or thaw, every weight whose name begins with prefix; returns how many. */
size_t bf_params_freeze(struct bf_params *p, const char *prefix, bool frozen);
/* How many weights a person would count: without padding and running statistics. */
size_t bf_params_count(const struct bf_params *p);

#endif
