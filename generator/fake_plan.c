#include "generator/fake_plan.h"
#include "lib/base/bytes.h"
#include "lib/base/hash.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

const char *const bf_split_names[BF_SPLITS] = {"train", "calibration", "test"};

/* A plan being read: which part of it, for errors. */
struct reading {
    struct bf_plan *plan;
    const char *folder, *name;
    struct bf_error *err;
};

static enum bf_err wrong(const struct reading *r, const char *where, const char *what)
{
    return bf_error_set(r->err, BF_ERR_FORMAT, "plan '%s': %s %s", r->name, where, what);
}

static char *joined(const char *folder, const char *file)
{
    size_t n = strlen(folder) + strlen(file) + 2;
    char *out;

    if (file[0] == '/' || folder[0] == '\0')
        return strdup(file);
    out = malloc(n);
    if (out != NULL)
        snprintf(out, n, "%s/%s", folder, file);
    return out;
}

/* Nothing but what keys names, which ends with NULL. */
static enum bf_err only_has(const struct reading *r, json_t *object, const char *const *keys,
                            const char *where)
{
    char what[128];
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach(object, key, value)
    {
        for (i = 0; keys[i] != NULL && strcmp(keys[i], key) != 0; i++)
            ;
        if (keys[i] == NULL) {
            snprintf(what, sizeof what, "has '%.64s', which nobody knows", key);
            return wrong(r, where, what);
        }
    }
    return BF_OK;
}

static bool is_name(const json_t *j)
{
    return json_is_string(j) && json_string_length(j) > 0 &&
           json_string_length(j) < BF_PLAN_FILE_MAX &&
           strpbrk(json_string_value(j), "\t\n\r") == NULL;
}

static enum bf_err read_video(struct reading *r, json_t *j, size_t k)
{
    static const char *const keys[] = {"file", "person", "subject", "track", "donor", NULL};
    struct bf_plan_video *v = &r->plan->video[k];
    json_t *file = json_object_get(j, "file"), *person = json_object_get(j, "person"),
           *subject = json_object_get(j, "subject"), *track = json_object_get(j, "track"),
           *donor = json_object_get(j, "donor");
    uint8_t hash32[32];
    char where[64];

    snprintf(where, sizeof where, "videos[%zu]", k);
    if (!json_is_object(j))
        return wrong(r, where, "is no object");
    if (only_has(r, j, keys, where) != BF_OK)
        return BF_ERR_FORMAT;
    if (!is_name(file))
        return wrong(r, where, "needs a 'file'");
    if (!is_name(person))
        return wrong(r, where, "needs a 'person'");
    if (!is_name(subject))
        return wrong(r, where, "needs a 'subject', the person's consent or the data set's terms");
    if (track != NULL && (!json_is_integer(track) || json_integer_value(track) < 1 ||
                          json_integer_value(track) > 1000000))
        return wrong(r, where, "has a 'track' that is no number from 1");
    if (donor != NULL && !json_is_boolean(donor))
        return wrong(r, where, "has a 'donor' that is neither true nor false");
    v->track = (uint32_t)json_integer_value(track);
    v->donor = donor == NULL || json_is_true(donor);
    v->file = strdup(json_string_value(file));
    v->path = joined(r->folder, json_string_value(file));
    v->person = strdup(json_string_value(person));
    v->subject = joined(r->folder, json_string_value(subject));
    if (v->file == NULL || v->path == NULL || v->person == NULL || v->subject == NULL)
        return bf_error_nomem(r->err);
    bf_sha256(hash32, v->file, strlen(v->file));
    v->key = bf_get_be64(hash32);
    v->split = bf_plan_split(v->person, r->plan->split);
    return BF_OK;
}

/* A share from 0 to 1. */
static bool is_share(const json_t *j)
{
    return json_is_number(j) && json_number_value(j) >= 0 && json_number_value(j) <= 1;
}

static enum bf_err read_swap(struct reading *r, json_t *j, struct bf_plan_method *m,
                             const char *where)
{
    json_t *model = json_object_get(j, "model"), *person = json_object_get(j, "person"),
           *to = json_object_get(j, "to");
    bool swap = m->method == NULL;

    if (!swap)
        return model == NULL && person == NULL && to == NULL
                   ? BF_OK
                   : wrong(r, where, "has 'model', 'person' or 'to', which only 'swap' takes");
    if (!is_name(model) || !is_name(person))
        return wrong(r, where, "needs a 'model' and the 'person' whose videos it is for");
    if (to != NULL && (!json_is_string(to) || (strcmp(json_string_value(to), "a") != 0 &&
                                               strcmp(json_string_value(to), "b") != 0)))
        return wrong(r, where, "has a 'to' that is neither a nor b");
    m->to_a = to != NULL && strcmp(json_string_value(to), "a") == 0;
    m->model = joined(r->folder, json_string_value(model));
    m->person = strdup(json_string_value(person));
    return m->model != NULL && m->person != NULL ? BF_OK : bf_error_nomem(r->err);
}

static enum bf_err read_method(struct reading *r, json_t *j, size_t k)
{
    static const char *const keys[] = {"method", "count",  "strength", "seamless",
                                       "model",  "person", "to",       NULL};
    struct bf_plan_method *m = &r->plan->method[k];
    json_t *name = json_object_get(j, "method"), *count = json_object_get(j, "count"),
           *strength = json_object_get(j, "strength"), *seamless = json_object_get(j, "seamless");
    char where[64];
    size_t i;

    snprintf(where, sizeof where, "methods[%zu]", k);
    if (!json_is_object(j))
        return wrong(r, where, "is no object");
    if (only_has(r, j, keys, where) != BF_OK)
        return BF_ERR_FORMAT;
    if (!is_name(name))
        return wrong(r, where, "needs a 'method'");
    m->method = bf_fake_method_find(json_string_value(name));
    if (m->method == NULL && strcmp(json_string_value(name), BF_PLAN_SWAP) != 0)
        return wrong(r, where, "has a 'method' that nobody knows");
    for (i = 0; i < k && m->method != NULL; i++)
        if (r->plan->method[i].method == m->method)
            return wrong(r, where, "has a 'method' that came before");
    if (count != NULL && (!json_is_integer(count) || json_integer_value(count) < 0 ||
                          json_integer_value(count) > BF_PLAN_COUNT_MAX))
        return wrong(r, where, "has a 'count' that is no number from 0 to 1000");
    if (strength != NULL &&
        (json_array_size(strength) != 2 || !is_share(json_array_get(strength, 0)) ||
         !is_share(json_array_get(strength, 1))))
        return wrong(r, where, "has a 'strength' that is not two numbers from 0 to 1");
    if (seamless != NULL && !is_share(seamless))
        return wrong(r, where, "has a 'seamless' that is no number from 0 to 1");
    m->name = strdup(json_string_value(name));
    if (m->name == NULL)
        return bf_error_nomem(r->err);
    m->count = count != NULL ? (unsigned)json_integer_value(count) : 1;
    for (i = 0; i < 2; i++)
        m->strength[i] =
            strength != NULL ? (float)json_number_value(json_array_get(strength, i)) : 1;
    m->seamless = (float)json_number_value(seamless);
    return read_swap(r, j, m, where);
}

static enum bf_err read_coding(struct reading *r, json_t *root)
{
    json_t *crf = json_object_get(root, "crf"), *half = json_object_get(root, "half"), *one;
    struct bf_plan *p = r->plan;
    size_t i;

    p->crf[0] = 23;
    p->n_crf = 1;
    if (crf != NULL) {
        p->n_crf = json_array_size(crf);
        if (p->n_crf < 1 || p->n_crf > BF_PLAN_CRF_MAX)
            return wrong(r, "'crf'", "is no list of 1 to 16 numbers");
        json_array_foreach(crf, i, one)
        {
            if (!json_is_integer(one) || json_integer_value(one) < 1 ||
                json_integer_value(one) > 51)
                return wrong(r, "'crf'", "has what is no number from 1 to 51");
            p->crf[i] = (unsigned)json_integer_value(one);
        }
    }
    if (half != NULL && !is_share(half))
        return wrong(r, "'half'", "is no number from 0 to 1");
    p->half = (float)json_number_value(half);
    return BF_OK;
}

static enum bf_err read_split(struct reading *r, json_t *root)
{
    static const double usual[BF_SPLITS] = {0.7, 0.15, 0.15};
    const char *keys[BF_SPLITS + 1] = {NULL};
    json_t *split = json_object_get(root, "split"), *share;
    double sum = 0;
    int i;

    for (i = 0; i < BF_SPLITS; i++)
        keys[i] = bf_split_names[i];
    if (only_has(r, split, keys, "'split'") != BF_OK)
        return BF_ERR_FORMAT;

    for (i = 0; i < BF_SPLITS; i++) {
        r->plan->split[i] = usual[i];
        if (split != NULL) {
            share = json_object_get(split, bf_split_names[i]);
            if (!is_share(share))
                return wrong(r, "'split'", "needs 'train', 'calibration' and 'test', from 0 to 1");
            r->plan->split[i] = json_number_value(share);
        }
        sum += r->plan->split[i];
    }
    return sum > 0.999 && sum < 1.001 ? BF_OK : wrong(r, "'split'", "does not add up to 1");
}

static enum bf_err read_root(struct reading *r, json_t *root)
{
    static const char *const keys[] = {"schema", "seed", "videos", "methods",
                                       "crf",    "half", "split",  NULL};
    json_t *schema = json_object_get(root, "schema"), *seed = json_object_get(root, "seed"),
           *videos = json_object_get(root, "videos"), *methods = json_object_get(root, "methods"),
           *one;
    enum bf_err rc;
    size_t i;

    if (!json_is_string(schema) || strcmp(json_string_value(schema), BF_PLAN_SCHEMA) != 0)
        return wrong(r, "its 'schema'", "is not " BF_PLAN_SCHEMA);
    if (only_has(r, root, keys, "it") != BF_OK)
        return BF_ERR_FORMAT;
    if (!json_is_integer(seed) || json_integer_value(seed) < 0)
        return wrong(r, "it", "needs a 'seed', a whole number");
    if (json_array_size(videos) < 1 || json_array_size(videos) > BF_PLAN_VIDEOS_MAX)
        return wrong(r, "it", "needs 'videos', 1 to 10000 of them");
    if (json_array_size(methods) < 1 || json_array_size(methods) > BF_PLAN_METHODS_MAX)
        return wrong(r, "it", "needs 'methods', 1 to 64 of them");
    r->plan->seed = (uint64_t)json_integer_value(seed);
    rc = read_coding(r, root);
    if (rc == BF_OK)
        rc = read_split(r, root);
    if (rc != BF_OK)
        return rc;
    r->plan->video = calloc(json_array_size(videos), sizeof *r->plan->video);
    if (r->plan->video == NULL)
        return bf_error_nomem(r->err);
    r->plan->n_videos = json_array_size(videos);
    json_array_foreach(videos, i, one)
    {
        rc = read_video(r, one, i);
        if (rc != BF_OK)
            return rc;
    }
    r->plan->n_methods = json_array_size(methods);
    json_array_foreach(methods, i, one)
    {
        rc = read_method(r, one, i);
        if (rc != BF_OK)
            return rc;
    }
    return BF_OK;
}

enum bf_err bf_plan_parse(struct bf_plan *p, const void *text, size_t n, const char *folder,
                          const char *name, struct bf_error *err)
{
    struct reading r = {.plan = p, .folder = folder, .name = name, .err = err};
    json_error_t json_err;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &json_err);
    enum bf_err rc;

    memset(p, 0, sizeof *p);
    if (root == NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "plan '%s' is no JSON: line %d: %s", name,
                            json_err.line, json_err.text);
    rc = json_is_object(root) ? read_root(&r, root) : wrong(&r, "it", "is no object");
    json_decref(root);
    if (rc != BF_OK)
        bf_plan_release(p);
    return rc;
}

void bf_plan_release(struct bf_plan *p)
{
    size_t i;

    for (i = 0; i < p->n_videos; i++) {
        free(p->video[i].file);
        free(p->video[i].path);
        free(p->video[i].person);
        free(p->video[i].subject);
    }
    free(p->video);
    for (i = 0; i < p->n_methods; i++) {
        free(p->method[i].name);
        free(p->method[i].model);
        free(p->method[i].person);
    }
    memset(p, 0, sizeof *p);
}

enum bf_split bf_plan_split(const char *person, const double split[BF_SPLITS])
{
    uint8_t hash32[32];
    double at;

    bf_sha256(hash32, person, strlen(person));
    at = (double)bf_get_be32(hash32) / 4294967296.0;
    return at < split[0]              ? BF_SPLIT_TRAIN
           : at < split[0] + split[1] ? BF_SPLIT_CALIBRATION
                                      : BF_SPLIT_TEST;
}
