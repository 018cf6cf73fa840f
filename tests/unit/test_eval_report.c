/* How well a detector does over a made-up table: groups, rates, JSON and plots. */
#include "tests/unit/text_fixture.h"

#include <jansson.h>
#include <math.h>

#include "cli/eval_report.h"

enum { N = 24 };

static struct bf_cue_row cues[N];
static struct bf_eval_row rows[N];

/* Twelve reals and twelve fakes of two methods and four people, half of them at CRF 40. */
static void make_rows(void)
{
    int i;

    memset(cues, 0, sizeof cues);
    for (i = 0; i < N; i++) {
        struct bf_cue_row *c = &cues[i];

        c->fake = i % 2;
        c->person = (uint32_t)(i / 6);
        c->crf = i % 4 < 2 ? 23 : 40;
        c->half = i >= 20;
        c->size = i < 8 ? 80 : i < 16 ? 96 : 400;
        c->baseline = i % 3;
        snprintf(c->method, sizeof c->method, "%s", !c->fake ? "real" : i < 12 ? "paste" : "blend");
        rows[i] = (struct bf_eval_row){c, c->fake ? 0.95 : 0.05,
                                       c->fake ? BF_SCORE_LIKELY_FAKE : BF_SCORE_LIKELY_REAL};
    }
}

static const struct bf_eval_group *group_of(const struct bf_eval *e, const char *name)
{
    size_t i;

    for (i = 0; i < e->n; i++)
        if (strcmp(e->group[i].name, name) == 0)
            return &e->group[i];
    return NULL;
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-6))
        fail_msg("%.9g is not %.9g", a, b);
}

static void groups(void **state)
{
    static const struct {
        const char *name;
        size_t n_real, n_fake;
    } row[] = {
        {"all", 12, 12},
        {"paste", 12, 6},
        {"blend", 12, 6},
        {"CRF 23", 5, 5},
        {"CRF 40", 5, 5},
        {"CRF 40, half size", 1, 1},
        {"CRF 23, half size", 1, 1},
        {"face under 96 pixels", 4, 4},
        {"face of 96 to 192", 4, 4},
        {"face of 192 and more", 4, 4},
    };
    static struct bf_eval e;
    size_t i;

    (void)state;
    make_rows();
    assert_int_equal(bf_eval_make(&e, rows, N, 1, NULL), BF_OK);
    assert_int_equal(e.n, sizeof row / sizeof *row);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        const struct bf_eval_group *g = group_of(&e, row[i].name);

        if (g == NULL) {
            fail_msg("there is no %s", row[i].name);
            continue;
        }
        assert_int_equal(g->n_real, row[i].n_real);
        assert_int_equal(g->n_fake, row[i].n_fake);
        near(g->auc, 1);
        near(g->eer, 0);
        near(g->alarms + g->misses + g->open, 0);
        assert_true(isfinite(g->baseline));
    }
    near(e.group[0].log_loss, -log(0.95));
}

/* What was not scored is open, and one half; rates are of their own kind. */
static void rates(void **state)
{
    static struct bf_eval e;
    const struct bf_eval_group *g = &e.group[0];
    int i;

    (void)state;
    make_rows();
    rows[0].verdict = BF_SCORE_LIKELY_FAKE; /* real */
    rows[0].likelihood = 0.97;
    rows[1].verdict = BF_SCORE_LIKELY_REAL; /* fake */
    rows[1].likelihood = 0.02;
    rows[3].verdict = BF_SCORE_LIKELY_REAL;
    rows[3].likelihood = 0.02;
    rows[2].verdict = rows[5].verdict = rows[7].verdict = BF_SCORE_INCONCLUSIVE;
    rows[2].likelihood = rows[5].likelihood = rows[7].likelihood = (double)NAN;
    cues[4].baseline = (double)NAN;
    assert_int_equal(bf_eval_make(&e, rows, N, 1, NULL), BF_OK);
    near(g->alarms, 1 / 12.0);
    near(g->misses, 2 / 12.0);
    near(g->open, 3 / 24.0);
    assert_true(isnan(g->baseline));
    assert_true(g->auc > 0.6 && g->auc < 1 && g->low <= g->auc && g->auc <= g->high);
    near(g->log_loss, -(18 * log(0.95) + log(0.03) + 2 * log(0.02) + 3 * log(0.5)) / 24);
    /* of one kind there is nothing to tell */
    for (i = 0; i < N; i++)
        cues[i].fake = true;
    assert_int_equal(bf_eval_make(&e, rows, N, 1, NULL), BF_OK);
    assert_int_equal(e.n, 0);
    assert_int_equal(bf_eval_make(&e, rows, 0, 1, NULL), BF_OK);
    assert_int_equal(e.n, 0);
}

/* More groups than there is room for: the first ones. */
static void many_methods(void **state)
{
    enum { MANY = 200 };
    static struct bf_cue_row c[MANY];
    static struct bf_eval_row r[MANY];
    static struct bf_eval e;
    int i;

    (void)state;
    for (i = 0; i < MANY; i++) {
        c[i] = (struct bf_cue_row){.fake = i > 0, .person = (uint32_t)i, .baseline = 0};
        snprintf(c[i].method, sizeof c[i].method, i > 0 ? "method %d" : "real", i);
        r[i] = (struct bf_eval_row){&c[i], 0.5, BF_SCORE_INCONCLUSIVE};
    }
    assert_int_equal(bf_eval_make(&e, r, MANY, 1, NULL), BF_OK);
    assert_int_equal(e.n, BF_EVAL_GROUPS_MAX);
    assert_string_equal(e.group[47].name, "method 47");
    near(e.group[47].auc, 0.5);
}

static void for_machines(void **state)
{
    static struct bf_eval e;
    json_t *j, *all;

    (void)state;
    make_rows();
    cues[1].baseline = (double)NAN;
    assert_int_equal(bf_eval_make(&e, rows, N, 1, NULL), BF_OK);
    j = bf_eval_json(&e);
    assert_int_equal(json_array_size(j), e.n);
    all = json_array_get(j, 0);
    assert_string_equal(json_string_value(json_object_get(all, "material")), "all");
    assert_int_equal(json_integer_value(json_object_get(all, "n")), N);
    near(json_real_value(json_object_get(all, "auc")), 1);
    assert_int_equal(json_array_size(json_object_get(all, "auc_interval")), 2);
    assert_true(json_is_null(json_object_get(all, "baseline_auc")));
    near(json_real_value(json_object_get(all, "false_alarm_rate")), 0);
    assert_int_equal(json_object_size(all), 14);
    json_decref(j);
    e.n = 0;
    j = bf_eval_json(&e);
    assert_int_equal(json_array_size(j), 0);
    json_decref(j);
}

static bool has(const char *name, const char *what)
{
    struct bf_buf b = {0};
    bool found;

    assert_int_equal(bf_file_read(&b, text_path(name), 1 << 24, NULL), BF_OK);
    bf_buf_put_u8(&b, 0);
    found = strstr((const char *)b.data, what) != NULL;
    bf_buf_release(&b);
    return found;
}

static void plots(void **state)
{
    (void)state;
    make_rows();
    assert_int_equal(bf_eval_plot(text_root, rows, N, NULL), BF_OK);
    assert_true(has("roc.svg", "<svg"));
    assert_true(has("roc.svg", "Meso-4"));
    assert_true(has("reliability.svg", "<svg"));
    rows[3].likelihood = (double)NAN;
    cues[0].baseline = (double)NAN;
    assert_int_equal(bf_eval_plot(text_root, rows, N, NULL), BF_OK);
    assert_false(has("roc.svg", "Meso-4"));
    assert_false(has("roc.svg", "nan"));
    assert_int_equal(bf_eval_plot("/nowhere/at/all", rows, N, NULL), BF_ERR_IO);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),       cmocka_unit_test(rates), cmocka_unit_test(many_methods),
        cmocka_unit_test(for_machines), cmocka_unit_test(plots),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
