/*
 * optim.h - optimisers, schedules and gradient clipping
 *
 * A training step: bf_params_zero_grads, forward, losses, backward, bf_optim_clip where wanted,
 * bf_optim_step.
 */
#ifndef BF_OPTIM_H
#define BF_OPTIM_H

#include "lib/nn/params.h"
#include "lib/nn/pool.h"

enum bf_optim_kind {
    BF_OPTIM_SGD,   /* with momentum, as PyTorch has it */
    BF_OPTIM_ADAM,  /* Kingma, Ba 2015; decay is added to the gradient */
    BF_OPTIM_ADAMW, /* Loshchilov, Hutter 2019; decay shrinks the weights */
};

struct bf_optim_config {
    enum bf_optim_kind kind;
    float beta1; /* momentum of SGD too */
    float beta2;
    float epsilon;
    float decay; /* of kernels and matrices; biases, scales and slopes are not decayed */
};

struct bf_optim {
    struct bf_optim_config config;
    struct bf_params *params;
    float *first;  /* (params->n_trained): mean of gradients, or momentum */
    float *second; /* mean of squares; NULL for SGD */
    float *mean;   /* of the weights over late steps; NULL where it is not kept */
    uint64_t step; /* how many were taken */
    struct bf_optim_span *spans;
    size_t n_spans;
};

/* params has its memory, with gradients, and outlives the optimiser. */
enum bf_err bf_optim_create(struct bf_optim **o, struct bf_params *params,
                            const struct bf_optim_config *config, struct bf_error *err);
void bf_optim_free(struct bf_optim **o);

/*
 * From now on keep a running mean of the weights, over some thousand steps (fewer in a run's first
 * ones): what is reached at a high rate lies round a better place (Polyak, Juditsky, 1992; Izmailov
 * et al., 2018). Running statistics, which are not trained, stay as they are.
 */
enum bf_err bf_optim_keep_mean(struct bf_optim *o, struct bf_error *err);
/* Exchange the weights and their mean, and with the next call back. No step in between. */
void bf_optim_swap_mean(struct bf_optim *o);

/* One step at this rate over all weights that are not frozen. */
void bf_optim_step(struct bf_optim *o, float rate, struct bf_pool *pool);
/* The norm of all gradients that are not frozen, which are scaled down where it is above most. */
float bf_optim_clip(struct bf_optim *o, float most, struct bf_pool *pool);

/* The rate of step, counted from 0: rises in a line over warmup steps, then falls from base to last
 * at step total along half a cosine, or a line. Past total it is last. */
float bf_schedule_cosine(uint64_t step, uint64_t warmup, uint64_t total, float base, float last);
float bf_schedule_linear(uint64_t step, uint64_t warmup, uint64_t total, float base, float last);

/* What a run keeps beside its weights: the steps it is for, and where it was last taken further
 * than it had been for. */
enum { BF_SCHEDULE_TOTAL, BF_SCHEDULE_RESTARTED, BF_SCHEDULE_N };

/* Begin, or take up again at step, a run for total steps. */
void bf_schedule_begin(uint64_t schedule[BF_SCHEDULE_N], uint64_t step, uint64_t total,
                       uint64_t warmup);
/* What the rate of step is multiplied by. A run that goes on beyond what it was begun for leaves a
 * valley at the end of its schedule: the full rate at once throws it out for good, so that it is
 * led up again over so many steps. 1 in a run that was never taken further. */
float bf_schedule_lead(const uint64_t schedule[BF_SCHEDULE_N], uint64_t step, uint64_t over);

#endif
