#include "detector/calibration.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define SCHEMA "bonafide.calibration/1"
#define NUMBER_MAX 1e12
#define SPREAD_MIN 1e-9

enum {
    TEXT_MAX = 1 << 20,
    FITS = 1 + BF_CALIBRATION_DRAWS,
};

static json_t *numbers(const double *v, size_t n, size_t step)
{
    json_t *a = json_array();
    size_t i;

    for (i = 0; a != NULL && i < n; i++)
        if (json_array_append_new(a, json_real(v[i * step])) != 0) {
            json_decref(a);
            a = NULL;
        }
    return a;
}

static int append(const char *text, size_t n, void *out)
{
    return bf_buf_append(out, text, n) ? 0 : -1;
}

enum bf_err bf_calibration_encode(struct bf_buf *out, const struct bf_calibration *c,
                                  struct bf_error *err)
{
    json_t *cues = json_object(), *root = NULL;
    bool made = cues != NULL;
    size_t j;

    for (j = 0; made && j < BF_CUES; j++) {
        const struct bf_calibration_cue *q = &c->cue[j];
        json_t *one = json_pack("{s:b, s:I, s:f, s:f, s:f, s:f, s:o, s:o}", "used", q->used, "n",
                                (json_int_t)q->n, "centre", q->centre, "spread", q->spread, "low",
                                q->low, "high", q->high, "quantiles",
                                numbers(q->quantile, BF_CALIBRATION_QUANTILES, 1), "weights",
                                numbers(&c->weight[0][j], FITS, BF_CUES));

        made = json_object_set_new(cues, bf_cue_kinds[j].name, one) == 0;
    }
    if (made)
        root =
            json_pack("{s:s, s:f, s:f, s:o, s:O}", "schema", SCHEMA, "fake_above", c->fake_above,
                      "real_below", c->real_below, "bias", numbers(c->bias, FITS, 1), "cues", cues);
    made = root != NULL &&
           json_dump_callback(root, append, out, JSON_COMPACT | JSON_REAL_PRECISION(17)) == 0;
    json_decref(root);
    json_decref(cues);
    return made && !out->failed ? BF_OK : bf_error_nomem(err);
}

struct reading {
    const char *name; /* of the whole, and of the part at hand: for the sentence */
    char part[64];
    struct bf_error *err;
};

static enum bf_err wrong(const struct reading *r, const char *member, const char *what)
{
    return bf_error_set(r->err, BF_ERR_FORMAT, "'%s' is no calibration: %s'%s' %s", r->name,
                        r->part, member, what);
}

static enum bf_err read_number(double *v, const struct reading *r, const json_t *o,
                               const char *member, double min, double max)
{
    const json_t *j = json_object_get(o, member);

    *v = json_number_value(j);
    if (!json_is_number(j) || !(*v >= min && *v <= max))
        return wrong(r, member, j == NULL ? "is missing" : "is not a number in its range");
    return BF_OK;
}

static enum bf_err read_numbers(double *v, size_t n, size_t step, const struct reading *r,
                                const json_t *o, const char *member)
{
    const json_t *a = json_object_get(o, member);
    size_t i;

    if (a == NULL)
        return wrong(r, member, "is missing");
    if (json_array_size(a) != n)
        return wrong(r, member, "has not as many numbers as it should");
    for (i = 0; i < n; i++) {
        const json_t *j = json_array_get(a, i);

        v[i * step] = json_number_value(j);
        if (!json_is_number(j) || !(fabs(v[i * step]) <= NUMBER_MAX))
            return wrong(r, member, "holds what is not a number in its range");
    }
    return BF_OK;
}

static enum bf_err read_cue(struct bf_calibration *c, size_t j, const struct reading *r,
                            const json_t *o)
{
    struct bf_calibration_cue *q = &c->cue[j];
    const json_t *used = json_object_get(o, "used"), *n = json_object_get(o, "n");
    enum bf_err rc;
    size_t i;

    if (!json_is_boolean(used))
        return wrong(r, "used", "is not true or false");
    if (!json_is_integer(n) || json_integer_value(n) < 0)
        return wrong(r, "n", "is not a count");
    q->used = json_is_true(used);
    q->n = (size_t)json_integer_value(n);
    if (q->used && q->n == 0)
        return wrong(r, "used", "is true of what was never measured");
    rc = read_number(&q->centre, r, o, "centre", -NUMBER_MAX, NUMBER_MAX);
    if (rc == BF_OK)
        rc = read_number(&q->spread, r, o, "spread", SPREAD_MIN, NUMBER_MAX);
    if (rc == BF_OK)
        rc = read_number(&q->low, r, o, "low", -NUMBER_MAX, NUMBER_MAX);
    if (rc == BF_OK)
        rc = read_number(&q->high, r, o, "high", q->low, NUMBER_MAX);
    if (rc == BF_OK)
        rc = read_numbers(q->quantile, BF_CALIBRATION_QUANTILES, 1, r, o, "quantiles");
    if (rc == BF_OK)
        rc = read_numbers(&c->weight[0][j], FITS, BF_CUES, r, o, "weights");
    if (rc == BF_OK && json_object_size(o) != 8)
        rc = bf_error_set(r->err, BF_ERR_FORMAT, "'%s' is no calibration: %sa member is unknown",
                          r->name, r->part);
    for (i = 1; rc == BF_OK && i < BF_CALIBRATION_QUANTILES; i++)
        if (q->quantile[i] < q->quantile[i - 1])
            rc = wrong(r, "quantiles", "do not rise");
    return rc;
}

static enum bf_err read_root(struct bf_calibration *c, struct reading *r, const json_t *root)
{
    const json_t *schema = json_object_get(root, "schema"), *cues = json_object_get(root, "cues");
    enum bf_err rc;
    size_t j;

    if (!json_is_string(schema) || strcmp(json_string_value(schema), SCHEMA) != 0)
        return wrong(r, "schema", "is not " SCHEMA);
    rc = read_number(&c->fake_above, r, root, "fake_above", 0.5, 1);
    if (rc == BF_OK)
        rc = read_number(&c->real_below, r, root, "real_below", 0, 0.5);
    if (rc == BF_OK)
        rc = read_numbers(c->bias, FITS, 1, r, root, "bias");
    if (rc == BF_OK && (!json_is_object(cues) || json_object_size(cues) != BF_CUES))
        rc = wrong(r, "cues", "does not hold each cue once");
    if (rc == BF_OK && json_object_size(root) != 5)
        rc = bf_error_set(r->err, BF_ERR_FORMAT, "'%s' is no calibration: a member is unknown",
                          r->name);
    for (j = 0; rc == BF_OK && j < BF_CUES; j++) {
        const json_t *one = json_object_get(cues, bf_cue_kinds[j].name);

        if (one == NULL)
            return wrong(r, bf_cue_kinds[j].name, "is missing among the cues");
        snprintf(r->part, sizeof r->part, "cue '%s': ", bf_cue_kinds[j].name);
        rc = read_cue(c, j, r, one);
    }
    return rc;
}

enum bf_err bf_calibration_parse(struct bf_calibration *c, const void *text, size_t n,
                                 const char *name, struct bf_error *err)
{
    struct reading r = {.name = name, .err = err};
    struct bf_calibration got = {0};
    json_error_t why;
    json_t *root;
    enum bf_err rc;

    if (n > TEXT_MAX)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is no calibration: it is too long", name);
    root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is no JSON: line %d: %s", name, why.line,
                            why.text);
    rc = read_root(&got, &r, root);
    json_decref(root);
    if (rc == BF_OK)
        *c = got;
    return rc;
}
