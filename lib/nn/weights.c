#include "lib/nn/weights.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "lib/base/text.h"
#include "lib/nn/safetensors.h"

#define WEIGHTS "bonafide-weights"
#define TRAINING "bonafide-training"
/* "first/", "second/" or "mean/" before a weight's name */
#define NAME_MAX_LEN (BF_PARAM_NAME_MAX + 8)
/* From here on a half is infinite. */
#define HALF_BEYOND 65520.f
/* format, architecture, its version, optimiser, step, and the random states */
#define TEXTS_MAX (5 + BF_WEIGHTS_RANDOM_MAX)

/* One array of a file: all weights, or one of the optimiser's. */
struct part {
    const char *prefix;
    float *values;
    bool trained_only;
};

struct names {
    char (*text)[NAME_MAX_LEN];
    struct bf_safetensors_item *items;
    size_t n;
};

static enum bf_err names_create(struct names *names, size_t n, struct bf_error *err)
{
    names->text = calloc(n + 1, sizeof *names->text);
    names->items = calloc(n + 1, sizeof *names->items);
    names->n = 0;
    return names->text == NULL || names->items == NULL ? bf_error_nomem(err) : BF_OK;
}

static void names_release(struct names *names)
{
    free(names->text);
    free(names->items);
}

static void add_items(struct names *names, const struct bf_params *params, const struct part *part)
{
    size_t i;

    for (i = 0; i < params->n; i++) {
        const struct bf_param *p = &params->list[i];
        char *name = names->text[names->n];

        if (part->trained_only && !p->trained)
            continue;
        snprintf(name, NAME_MAX_LEN, "%s%s", part->prefix, p->name);
        names->items[names->n++] = (struct bf_safetensors_item){name, p->shape, p->n_dims,
                                                                part->values + p->offset, false};
    }
}

static enum bf_err save(const char *path, unsigned flags, const struct bf_params *params,
                        const struct bf_weights_kind *kind, bool half, struct bf_error *err)
{
    const struct bf_safetensors_text texts[] = {{"format", WEIGHTS},
                                                {"architecture", kind->architecture},
                                                {"architecture_version", kind->version}};
    const struct part all = {"", params->values, false};
    struct names names = {0};
    enum bf_err rc = names_create(&names, params->n, err);
    size_t i;

    if (rc == BF_OK) {
        add_items(&names, params, &all);
        for (i = 0; i < names.n; i++)
            names.items[i].half = half;
        rc = bf_safetensors_write(path, flags, names.items, names.n, texts, 3, err);
    }
    names_release(&names);
    return rc;
}

enum bf_err bf_weights_save(const char *path, unsigned flags, const struct bf_params *params,
                            const struct bf_weights_kind *kind, struct bf_error *err)
{
    return save(path, flags, params, kind, false, err);
}

enum bf_err bf_weights_save_half(const char *path, unsigned flags, const struct bf_params *params,
                                 const struct bf_weights_kind *kind, struct bf_error *err)
{
    size_t i, k;

    for (i = 0; i < params->n; i++) {
        const struct bf_param *p = &params->list[i];

        for (k = 0; k < p->n; k++)
            if (!(fabsf(params->values[p->offset + k]) < HALF_BEYOND))
                return bf_error_set(err, BF_ERR_LIMIT,
                                    "a number of the weight '%s' is too large for half precision",
                                    p->name);
    }
    return save(path, flags, params, kind, true, err);
}

enum { PARTS = 4 };

static const char *const optimisers[] = {"sgd", "adam", "adamw"};

static void parts_of(struct part *parts, const struct bf_optim *o)
{
    parts[0] = (struct part){"", o->params->values, false};
    parts[1] = (struct part){"first/", o->first, true};
    parts[2] = (struct part){"second/", o->second, true};
    parts[3] = (struct part){"mean/", o->mean, true};
}

static size_t floats_of(const struct bf_params *params, const struct part *part)
{
    return part->trained_only ? params->n_trained : params->n_floats;
}

enum bf_err bf_weights_save_training(const char *path, unsigned flags, const struct bf_optim *optim,
                                     const uint64_t *random, size_t n_random,
                                     const struct bf_weights_kind *kind, struct bf_error *err)
{
    char numbers[1 + BF_WEIGHTS_RANDOM_MAX][24], keys[BF_WEIGHTS_RANDOM_MAX][32];
    struct bf_safetensors_text texts[TEXTS_MAX] = {{"format", TRAINING},
                                                   {"architecture", kind->architecture},
                                                   {"architecture_version", kind->version},
                                                   {"optimiser", optimisers[optim->config.kind]},
                                                   {"step", numbers[0]}};
    struct names names = {0};
    struct part parts[PARTS];
    enum bf_err rc;
    size_t i;

    assert(n_random <= BF_WEIGHTS_RANDOM_MAX);
    snprintf(numbers[0], sizeof numbers[0], "%" PRIu64, optim->step);
    for (i = 0; i < n_random; i++) {
        snprintf(numbers[1 + i], sizeof numbers[1 + i], "%" PRIu64, random[i]);
        snprintf(keys[i], sizeof keys[i], "random_%zu", i);
        texts[5 + i] = (struct bf_safetensors_text){keys[i], numbers[1 + i]};
    }
    parts_of(parts, optim);
    rc = names_create(&names, PARTS * optim->params->n, err);
    for (i = 0; i < PARTS && rc == BF_OK; i++)
        if (parts[i].values != NULL)
            add_items(&names, optim->params, &parts[i]);
    if (rc == BF_OK)
        rc = bf_safetensors_write(path, flags, names.items, names.n, texts, 5 + n_random, err);
    names_release(&names);
    return rc;
}

static enum bf_err wants(const struct bf_safetensors *s, const char *path, const char *key,
                         const char *value, struct bf_error *err)
{
    const char *there = bf_safetensors_metadata(s, key);

    if (there == NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' does not name its %s", path, key);
    if (strcmp(there, value) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' has %s '%s' where '%s' is wanted", path, key,
                            there, value);
    return BF_OK;
}

static bool same_shape(const struct bf_safetensors_tensor *t, const struct bf_param *p)
{
    return t->n_dims == p->n_dims &&
           memcmp(t->shape, p->shape, (size_t)p->n_dims * sizeof *p->shape) == 0;
}

/* Reads one part into values, which has the layout of params. */
static enum bf_err read_part(float *values, const struct bf_safetensors *s, const char *path,
                             const struct bf_params *params, const struct part *part,
                             struct bf_error *err)
{
    char name[NAME_MAX_LEN];
    size_t i, k;

    for (i = 0; i < params->n; i++) {
        const struct bf_param *p = &params->list[i];
        const struct bf_safetensors_tensor *t;

        if (part->trained_only && !p->trained)
            continue;
        snprintf(name, sizeof name, "%s%s", part->prefix, p->name);
        t = bf_safetensors_find(s, name);
        if (t == NULL)
            return bf_error_set(err, BF_ERR_FORMAT, "'%s' lacks the weight '%s'", path, name);
        if (!same_shape(t, p) || t->type == BF_SAFETENSORS_OTHER)
            return bf_error_set(err, BF_ERR_FORMAT, "the weight '%s' in '%s' has another shape",
                                name, path);
        bf_safetensors_read(values + p->offset, t);
        for (k = 0; k < p->n; k++)
            if (!isfinite(values[p->offset + k]))
                return bf_error_set(err, BF_ERR_FORMAT, "the weight '%s' in '%s' is not a number",
                                    name, path);
    }
    return BF_OK;
}

static enum bf_err open_kind(struct bf_safetensors **s, const char *path,
                             const struct bf_weights_kind *kind, struct bf_error *err)
{
    enum bf_err rc = bf_safetensors_open(s, path, err);

    if (rc == BF_OK)
        rc = wants(*s, path, "architecture", kind->architecture, err);
    if (rc == BF_OK)
        rc = wants(*s, path, "architecture_version", kind->version, err);
    return rc;
}

enum bf_err bf_weights_load(struct bf_params *params, const char *path,
                            const struct bf_weights_kind *kind, struct bf_error *err)
{
    struct part all = {"", params->values, false};
    struct bf_safetensors *s = NULL;
    float *values = NULL;
    enum bf_err rc = open_kind(&s, path, kind, err);

    if (rc != BF_OK)
        goto out;
    values = calloc(params->n_floats + 1, sizeof *values);
    if (values == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = read_part(values, s, path, params, &all, err);
    if (rc == BF_OK) {
        memcpy(params->values, values, params->n_floats * sizeof *values);
        params->version++;
    }
out:
    free(values);
    bf_safetensors_close(&s);
    return rc;
}

static enum bf_err read_number(uint64_t *v, const struct bf_safetensors *s, const char *path,
                               const char *key, struct bf_error *err)
{
    const char *text = bf_safetensors_metadata(s, key);

    if (text == NULL || !bf_u64_parse(v, UINT64_MAX, text, strlen(text)))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' does not say its %s", path, key);
    return BF_OK;
}

static enum bf_err read_numbers(uint64_t *step, uint64_t *random, size_t n_random,
                                const struct bf_safetensors *s, const char *path,
                                struct bf_error *err)
{
    char key[32];
    enum bf_err rc = read_number(step, s, path, "step", err);
    size_t i;

    for (i = 0; i < n_random && rc == BF_OK; i++) {
        snprintf(key, sizeof key, "random_%zu", i);
        rc = read_number(&random[i], s, path, key, err);
    }
    return rc;
}

enum bf_err bf_weights_load_training(struct bf_optim *optim, uint64_t *random, size_t n_random,
                                     const char *path, const struct bf_weights_kind *kind,
                                     struct bf_error *err)
{
    const struct bf_params *params = optim->params;
    uint64_t step = 0, states[BF_WEIGHTS_RANDOM_MAX] = {0};
    struct bf_safetensors *s = NULL;
    float *values[PARTS] = {NULL};
    struct part parts[PARTS];
    enum bf_err rc;
    size_t i;

    assert(n_random <= BF_WEIGHTS_RANDOM_MAX);
    parts_of(parts, optim);
    if ((rc = open_kind(&s, path, kind, err)) != BF_OK ||
        (rc = wants(s, path, "format", TRAINING, err)) != BF_OK ||
        (rc = wants(s, path, "optimiser", optimisers[optim->config.kind], err)) != BF_OK ||
        (rc = read_numbers(&step, states, n_random, s, path, err)) != BF_OK)
        goto out;
    for (i = 0; i < PARTS; i++) {
        if (parts[i].values == NULL)
            continue;
        values[i] = calloc(floats_of(params, &parts[i]) + 1, sizeof(float));
        if (values[i] == NULL) {
            rc = bf_error_nomem(err);
            goto out;
        }
        if ((rc = read_part(values[i], s, path, params, &parts[i], err)) != BF_OK)
            goto out;
    }
    for (i = 0; i < PARTS; i++)
        if (values[i] != NULL)
            memcpy(parts[i].values, values[i], floats_of(params, &parts[i]) * sizeof(float));
    optim->step = step;
    optim->params->version++;
    if (n_random > 0)
        memcpy(random, states, n_random * sizeof *random);
out:
    for (i = 0; i < PARTS; i++)
        free(values[i]);
    bf_safetensors_close(&s);
    return rc;
}
