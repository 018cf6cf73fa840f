#include "lib/nn/params.h"
#include "lib/nn/random.h"

#include <assert.h>
#include <math.h>

/* Each begins on a cache line. */
#define ALIGN_FLOATS 16
/* 4 GiB of weights */
#define FLOATS_MAX ((size_t)1 << 30)

enum bf_err bf_params_create(struct bf_params **p, struct bf_error *err)
{
    *p = calloc(1, sizeof **p);
    if (*p == NULL)
        return bf_error_nomem(err);
    (*p)->version = 1;
    return BF_OK;
}

void bf_params_free(struct bf_params **p)
{
    if (*p == NULL)
        return;
    free((*p)->list);
    free((*p)->values);
    free((*p)->grads);
    free(*p);
    *p = NULL;
}

enum bf_err bf_params_find(size_t *index, const struct bf_params *p, const char *name,
                           struct bf_error *err)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        if (strcmp(p->list[i].name, name) == 0) {
            *index = i;
            return BF_OK;
        }
    return bf_error_set(err, BF_ERR_NOT_FOUND, "there is no weight '%s'", name);
}

static bool same_shape(const struct bf_param *a, const size_t *shape, int n_dims)
{
    return a->n_dims == n_dims && memcmp(a->shape, shape, (size_t)n_dims * sizeof *shape) == 0;
}

enum bf_err bf_params_declare(size_t *index, struct bf_params *p, const char *name,
                              const size_t *shape, int n_dims, enum bf_param_init init,
                              size_t fan_in, bool trained, struct bf_error *err)
{
    struct bf_param *param;
    size_t n = 1;
    int i;

    assert(n_dims >= 1 && n_dims <= BF_PARAM_DIMS_MAX);
    if (bf_params_find(index, p, name, NULL) == BF_OK) {
        if (!same_shape(&p->list[*index], shape, n_dims))
            return bf_error_set(err, BF_ERR_USAGE, "the weight '%s' has another shape", name);
        return BF_OK;
    }
    if (name[0] == '\0' || strlen(name) >= BF_PARAM_NAME_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "the name '%s' of a weight is empty or too long",
                            name);
    if (p->values != NULL)
        return bf_error_set(err, BF_ERR_USAGE, "the weight '%s' comes too late", name);
    for (i = 0; i < n_dims; i++) {
        if (shape[i] == 0 || shape[i] > FLOATS_MAX / n)
            return bf_error_set(err, BF_ERR_LIMIT, "the weight '%s' is empty or too large", name);
        n *= shape[i];
    }
    if (p->n == BF_PARAMS_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d weights", BF_PARAMS_MAX);
    if (p->n == p->cap) {
        size_t cap = p->cap > 0 ? 2 * p->cap : 32;
        struct bf_param *list = realloc(p->list, cap * sizeof *list);

        if (list == NULL)
            return bf_error_nomem(err);
        p->list = list;
        p->cap = cap;
    }
    param = &p->list[p->n];
    *param = (struct bf_param){.n_dims = n_dims,
                               .n = n,
                               .init = init,
                               .fan_in = fan_in,
                               .trained = trained,
                               .decayed = trained && n_dims > 1};
    memcpy(param->name, name, strlen(name));
    memcpy(param->shape, shape, (size_t)n_dims * sizeof *shape);
    *index = p->n++;
    return BF_OK;
}

static void draw(float *v, const struct bf_param *p, uint64_t seed)
{
    struct bf_random r = {seed};
    const char *c;
    size_t i;

    for (c = p->name; *c != '\0'; c++)
        r.state = bf_random_mix(r.state ^ (uint64_t)(unsigned char)*c);
    for (i = 0; i < p->n; i++)
        switch (p->init) {
        case BF_PARAM_ZERO:
            v[i] = 0;
            break;
        case BF_PARAM_ONE:
            v[i] = 1;
            break;
        case BF_PARAM_QUARTER:
            v[i] = 0.25f;
            break;
        case BF_PARAM_HE:
            v[i] = bf_random_normal(&r) * sqrtf(2 / (float)p->fan_in);
            break;
        case BF_PARAM_UNIFORM:
            v[i] = (2 * bf_random_uniform(&r) - 1) / sqrtf((float)p->fan_in);
            break;
        }
}

enum bf_err bf_params_allocate(struct bf_params *p, bool training, uint64_t seed,
                               struct bf_error *err)
{
    size_t i, at = 0;
    int trained;

    if (p->values != NULL)
        return bf_error_set(err, BF_ERR_USAGE, "the weights have their memory already");
    for (trained = 1; trained >= 0; trained--) {
        for (i = 0; i < p->n; i++)
            if (p->list[i].trained == (trained == 1)) {
                p->list[i].offset = at;
                at += (p->list[i].n + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
                if (at > FLOATS_MAX)
                    return bf_error_set(err, BF_ERR_LIMIT, "the weights are more than 4 GiB");
            }
        if (trained)
            p->n_trained = at;
    }
    p->n_floats = at;
    p->values = aligned_alloc(64, (at + ALIGN_FLOATS) * sizeof(float));
    if (p->values != NULL && training)
        p->grads = aligned_alloc(64, (p->n_trained + ALIGN_FLOATS) * sizeof(float));
    if (p->values == NULL || (training && p->grads == NULL)) {
        free(p->values);
        p->values = NULL;
        return bf_error_nomem(err);
    }
    memset(p->values, 0, at * sizeof(float));
    bf_params_zero_grads(p);
    for (i = 0; i < p->n; i++)
        draw(p->values + p->list[i].offset, &p->list[i], seed);
    p->version++;
    return BF_OK;
}

float *bf_params_value(const struct bf_params *p, size_t index)
{
    return p->values + p->list[index].offset;
}

float *bf_params_grad(const struct bf_params *p, size_t index)
{
    return p->grads != NULL && p->list[index].trained ? p->grads + p->list[index].offset : NULL;
}

void bf_params_zero_grads(struct bf_params *p)
{
    if (p->grads != NULL)
        memset(p->grads, 0, p->n_trained * sizeof(float));
}

size_t bf_params_freeze(struct bf_params *p, const char *prefix, bool frozen)
{
    size_t i, n = 0;

    for (i = 0; i < p->n; i++)
        if (strncmp(p->list[i].name, prefix, strlen(prefix)) == 0) {
            p->list[i].frozen = frozen;
            n++;
        }
    return n;
}

size_t bf_params_count(const struct bf_params *p)
{
    size_t i, n = 0;

    for (i = 0; i < p->n; i++)
        if (p->list[i].trained)
            n += p->list[i].n;
    return n;
}
