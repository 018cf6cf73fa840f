#include "cli/eval_report.h"
#include "cli/common.h"
#include "detector/metric_plot.h"
#include "detector/metrics.h"
#include "lib/base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { DRAWS = 400 };

/* Where a face's size falls. */
static const struct {
    const char *name;
    float from, to;
} sizes[] = {{"face under 96 pixels", 0, 96},
             {"face of 96 to 192", 96, 192},
             {"face of 192 and more", 192, INFINITY}};

/* The numbers of one group, side by side. */
struct columns {
    double *score, *baseline;
    uint8_t *fake;
    uint64_t *person;
    size_t n;
    bool has_baseline;
};

static enum bf_err open_columns(struct columns *c, size_t n, struct bf_error *err)
{
    memset(c, 0, sizeof *c);
    c->score = malloc((n + 1) * sizeof *c->score);
    c->baseline = malloc((n + 1) * sizeof *c->baseline);
    c->fake = malloc(n + 1);
    c->person = malloc((n + 1) * sizeof *c->person);
    return c->score != NULL && c->baseline != NULL && c->fake != NULL && c->person != NULL
               ? BF_OK
               : bf_error_nomem(err);
}

static void close_columns(struct columns *c)
{
    free(c->score);
    free(c->baseline);
    free(c->fake);
    free(c->person);
}

/* What a group is made of. */
struct filter {
    const char *method; /* fakes of that one against all reals; NULL: all */
    int crf;            /* -1: all */
    int half;           /* -1: all */
    float from, to;     /* size of the face */
};

static bool passes(const struct filter *f, const struct bf_cue_row *r)
{
    return (f->method == NULL || !r->fake || strcmp(f->method, r->method) == 0) &&
           (f->crf < 0 || (unsigned)f->crf == r->crf) &&
           (f->half < 0 || (f->half > 0) == r->half) && r->size >= f->from && r->size < f->to;
}

static enum bf_err measure(struct bf_eval_group *g, const struct columns *c, uint64_t seed,
                           struct bf_error *err)
{
    enum bf_err rc = bf_metric_auc_interval(&g->auc, &g->low, &g->high, c->score, c->fake,
                                            c->person, c->n, DRAWS, seed, err);

    if (rc == BF_OK)
        rc = bf_metric_eer(&g->eer, c->score, c->fake, c->n, err);
    if (rc == BF_OK)
        rc = bf_metric_tpr_at(&g->tpr_at_1, c->score, c->fake, c->n, 0.01, err);
    if (rc == BF_OK)
        rc = bf_metric_ece(&g->ece, c->score, c->fake, c->n, err);
    g->log_loss = bf_metric_log_loss(c->score, c->fake, c->n);
    g->baseline = (double)NAN;
    if (rc == BF_OK && c->has_baseline)
        rc = bf_metric_auc(&g->baseline, c->baseline, c->fake, c->n, err);
    return rc;
}

/* The group of that name, where both kinds are in it. */
static enum bf_err add_group(struct bf_eval *e, const struct bf_eval_row *rows, size_t n,
                             const struct filter *f, const char *name, uint64_t seed,
                             struct bf_error *err)
{
    struct bf_eval_group *g = &e->group[e->n];
    size_t alarms = 0, misses = 0, open = 0, i;
    struct columns c;
    enum bf_err rc = open_columns(&c, n, err);

    if (rc != BF_OK || e->n == BF_EVAL_GROUPS_MAX)
        goto out;
    memset(g, 0, sizeof *g);
    snprintf(g->name, sizeof g->name, "%s", name);
    c.has_baseline = true;
    for (i = 0; i < n; i++) {
        const struct bf_cue_row *r = rows[i].cues;

        if (!passes(f, r))
            continue;
        c.score[c.n] = isnan(rows[i].likelihood) ? 0.5 : rows[i].likelihood;
        c.baseline[c.n] = r->baseline;
        c.has_baseline = c.has_baseline && !isnan(r->baseline);
        c.fake[c.n] = r->fake;
        c.person[c.n++] = r->person;
        g->n_fake += r->fake;
        g->n_real += !r->fake;
        alarms += !r->fake && rows[i].verdict == BF_SCORE_LIKELY_FAKE;
        misses += r->fake && rows[i].verdict == BF_SCORE_LIKELY_REAL;
        open += rows[i].verdict == BF_SCORE_INCONCLUSIVE;
    }
    if (g->n_fake == 0 || g->n_real == 0)
        goto out;
    rc = measure(g, &c, seed, err);
    g->alarms = (double)alarms / (double)g->n_real;
    g->misses = (double)misses / (double)g->n_fake;
    g->open = (double)open / (double)c.n;
    e->n++;
out:
    close_columns(&c);
    return rc;
}

/* One group for each method that a fake has. */
static enum bf_err add_methods(struct bf_eval *e, const struct bf_eval_row *rows, size_t n,
                               uint64_t seed, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t i, k;

    for (i = 0; i < n && rc == BF_OK; i++) {
        const struct filter f = {rows[i].cues->method, -1, -1, 0, INFINITY};

        for (k = 0; k < i && strcmp(rows[k].cues->method, f.method) != 0; k++)
            ;
        if (k == i && rows[i].cues->fake)
            rc = add_group(e, rows, n, &f, f.method, seed, err);
    }
    return rc;
}

static enum bf_err add_codings(struct bf_eval *e, const struct bf_eval_row *rows, size_t n,
                               uint64_t seed, struct bf_error *err)
{
    char name[48];
    enum bf_err rc = BF_OK;
    int crf, half;

    for (crf = 0; crf <= 63; crf++)
        for (half = 0; half < 2 && rc == BF_OK; half++) {
            const struct filter f = {NULL, crf, half, 0, INFINITY};

            if (crf == 0)
                snprintf(name, sizeof name, "as it was%s", half ? ", half size" : "");
            else
                snprintf(name, sizeof name, "CRF %d%s", crf, half ? ", half size" : "");
            rc = add_group(e, rows, n, &f, name, seed, err);
        }
    return rc;
}

enum bf_err bf_eval_make(struct bf_eval *e, const struct bf_eval_row *rows, size_t n, uint64_t seed,
                         struct bf_error *err)
{
    const struct filter all = {NULL, -1, -1, 0, INFINITY};
    enum bf_err rc;
    size_t i;

    e->n = 0;
    rc = add_group(e, rows, n, &all, "all", seed, err);
    if (rc == BF_OK)
        rc = add_methods(e, rows, n, seed, err);
    if (rc == BF_OK)
        rc = add_codings(e, rows, n, seed, err);
    for (i = 0; i < sizeof sizes / sizeof *sizes && rc == BF_OK; i++) {
        const struct filter f = {NULL, -1, -1, sizes[i].from, sizes[i].to};

        rc = add_group(e, rows, n, &f, sizes[i].name, seed, err);
    }
    return rc;
}

static void put(double v, int digits)
{
    if (isnan(v))
        printf("  %6s", "-");
    else
        printf("  %6.*f", digits, v);
}

void bf_eval_print(const struct bf_eval *e)
{
    size_t i;

    printf("%-22s %5s %5s  %6s  %15s  %6s  %6s  %6s  %6s  %6s  %6s  %6s  %6s\n", "", "real", "fake",
           "AUC", "95 % interval", "EER", "TPR@1%", "loss", "ECE", "alarms", "misses", "open",
           "Meso-4");
    for (i = 0; i < e->n; i++) {
        const struct bf_eval_group *g = &e->group[i];

        printf("%-22s %5zu %5zu", g->name, g->n_real, g->n_fake);
        put(g->auc, 4);
        printf("  %.4f - %.4f", g->low, g->high);
        put(g->eer, 3);
        put(g->tpr_at_1, 3);
        put(g->log_loss, 3);
        put(g->ece, 3);
        put(g->alarms, 3);
        put(g->misses, 3);
        put(g->open, 3);
        put(g->baseline, 4);
        printf("\n");
    }
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *bf_eval_json(const struct bf_eval *e)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < e->n && list != NULL; i++) {
        const struct bf_eval_group *g = &e->group[i];
        json_t *o = json_pack(
            "{s:s, s:I, s:I, s:I, s:o, s:[o,o], s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
            "material", g->name, "n", (json_int_t)(g->n_real + g->n_fake), "n_real",
            (json_int_t)g->n_real, "n_fake", (json_int_t)g->n_fake, "auc", number(g->auc),
            "auc_interval", number(g->low), number(g->high), "eer", number(g->eer), "tpr_at_fpr_1",
            number(g->tpr_at_1), "log_loss", number(g->log_loss), "ece", number(g->ece),
            "false_alarm_rate", number(g->alarms), "miss_rate", number(g->misses),
            "inconclusive_rate", number(g->open), "baseline_auc", number(g->baseline));

        if (o == NULL || json_array_append_new(list, o) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static enum bf_err write_plot(const char *dir, const char *name, const struct bf_buf *b,
                              struct bf_error *err)
{
    char path[BF_PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return bf_file_write(path, BF_OUTPUT_FORCE, b, err);
}

enum bf_err bf_eval_plot(const char *dir, const struct bf_eval_row *rows, size_t n,
                         struct bf_error *err)
{
    struct bf_plot_curve curve[2];
    struct bf_buf roc = {0}, reliability = {0};
    struct columns c;
    bool baseline = n > 0;
    enum bf_err rc = open_columns(&c, n, err);
    size_t i;

    for (i = 0; i < n && rc == BF_OK; i++) {
        c.score[i] = isnan(rows[i].likelihood) ? 0.5 : rows[i].likelihood;
        c.baseline[i] = rows[i].cues->baseline;
        c.fake[i] = rows[i].cues->fake;
        baseline = baseline && !isnan(c.baseline[i]);
    }
    curve[0] = (struct bf_plot_curve){"bonafide", c.score, c.fake, n};
    curve[1] = (struct bf_plot_curve){"Meso-4", c.baseline, c.fake, n};
    if (rc == BF_OK)
        rc = bf_plot_roc(&roc, curve, baseline ? 2 : 1, err);
    if (rc == BF_OK)
        rc = write_plot(dir, "roc.svg", &roc, err);
    if (rc == BF_OK)
        rc = bf_plot_reliability(&reliability, curve, 1, err);
    if (rc == BF_OK)
        rc = write_plot(dir, "reliability.svg", &reliability, err);
    bf_buf_release(&roc);
    bf_buf_release(&reliability);
    close_columns(&c);
    return rc;
}
