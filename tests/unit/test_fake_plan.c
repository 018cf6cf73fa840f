#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "generator/fake_plan.h"

#define V1 "{\"file\":\"a b.mp4\",\"person\":\"p1\",\"subject\":\"s\"}"
#define V2 "{\"file\":\"x/c.mov\",\"person\":\"p2\",\"subject\":\"/s\",\"track\":3,\"donor\":false}"
#define V3 "{\"file\":\"d.mp4\",\"person\":\"p3\",\"subject\":\"s\"}"
#define M1 "{\"method\":\"self\",\"count\":3,\"strength\":[0.5,0.75]}"
#define M2 "{\"method\":\"paste\",\"seamless\":0.5}"
#define ALL_TRAIN "\"split\":{\"train\":1,\"calibration\":0,\"test\":0}"

static enum bf_err parse(struct bf_plan *p, const char *text, struct bf_error *err)
{
    return bf_plan_parse(p, text, strlen(text), "dir", "p.json", err);
}

static void a_plan_is_read(void **state)
{
    struct bf_plan p;

    (void)state;
    assert_int_equal(parse(&p,
                           "{\"schema\":\"bonafide.plan/1\",\"seed\":7,\"videos\":[" V1 "," V2
                           "],\"methods\":[" M1 "," M2
                           ",{\"method\":\"swap\",\"model\":\"m\",\"person\":\"p1\",\"to\":\"a\"}],"
                           "\"crf\":[20,30],\"half\":0.25," ALL_TRAIN "}",
                           NULL),
                     BF_OK);
    assert_int_equal(p.seed, 7);
    assert_int_equal(p.n_videos, 2);
    assert_string_equal(p.video[0].path, "dir/a b.mp4");
    assert_string_equal(p.video[1].subject, "/s");
    assert_int_equal(p.video[1].track, 3);
    assert_true(p.video[0].donor && !p.video[1].donor);
    assert_int_equal(p.n_methods, 3);
    assert_int_equal(p.method[0].count, 3);
    assert_string_equal(p.method[1].method->name, "paste");
    assert_null(p.method[2].method);
    assert_string_equal(p.method[2].model, "dir/m");
    assert_true(p.method[2].to_a);
    assert_int_equal(p.n_crf, 2);
    bf_plan_release(&p);
}

#define WITH(videos, methods, more)                                                            \
    "{\"schema\":\"bonafide.plan/1\",\"seed\":1,\"videos\":[" videos "],\"methods\":[" methods \
    "]" more "}"

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "is no JSON"},
        {"[]", "is no object"},
        {"{}", "'schema'"},
        {"{\"schema\":\"bonafide.plan/2\"}", "'schema'"},
        {"{\"schema\":\"bonafide.plan/1\",\"seed\":-1}", "'seed'"},
        {"{\"schema\":\"bonafide.plan/1\",\"seed\":1,\"videos\":[]}", "'videos'"},
        {WITH(V1, "", ""), "'methods'"},
        {WITH(V1, M1, ",\"crfs\":[1]"), "'crfs'"},
        {WITH(V1, M1, ",\"crf\":[]"), "'crf'"},
        {WITH(V1, M1, ",\"crf\":[0]"), "'crf'"},
        {WITH(V1, M1, ",\"half\":1.5"), "'half'"},
        {WITH(V1, M1, ",\"split\":{\"train\":1}"), "'split'"},
        {WITH(V1, M1, ",\"split\":{\"train\":0.5,\"calibration\":0,\"test\":0}"), "add up"},
        {WITH("{}", M1, ""), "videos[0] needs a 'file'"},
        {WITH("3", M1, ""), "videos[0] is no object"},
        {WITH(V1 ",{\"file\":\"f\"}", M1, ""), "videos[1] needs a 'person'"},
        {WITH("{\"file\":\"f\",\"person\":\"p\"}", M1, ""), "'subject'"},
        {WITH("{\"file\":\"f\",\"person\":\"p\\tq\",\"subject\":\"s\"}", M1, ""), "'person'"},
        {WITH("{\"file\":\"f\",\"person\":\"p\",\"subject\":\"s\",\"track\":0}", M1, ""),
         "'track'"},
        {WITH("{\"file\":\"f\",\"person\":\"p\",\"subject\":\"s\",\"fps\":0}", M1, ""), "'fps'"},
        {WITH(V1, "{}", ""), "methods[0] needs a 'method'"},
        {WITH(V1, "{\"method\":\"magic\"}", ""), "nobody knows"},
        {WITH(V1, M1 "," M1, ""), "came before"},
        {WITH(V1, "{\"method\":\"self\",\"count\":1001}", ""), "'count'"},
        {WITH(V1, "{\"method\":\"self\",\"strength\":[0.1]}", ""), "'strength'"},
        {WITH(V1, "{\"method\":\"self\",\"strength\":[0.1,2]}", ""), "'strength'"},
        {WITH(V1, "{\"method\":\"self\",\"model\":\"m\"}", ""), "only 'swap'"},
        {WITH(V1, "{\"method\":\"swap\",\"model\":\"m\"}", ""), "'person'"},
        {WITH(V1, "{\"method\":\"swap\",\"model\":\"m\",\"person\":\"p\",\"to\":\"c\"}", ""),
         "'to'"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_error err = {0};
        struct bf_plan p;

        assert_int_equal(parse(&p, row[i].text, &err), BF_ERR_FORMAT);
        if (strstr(err.text, row[i].says) == NULL || strstr(err.text, "p.json") == NULL)
            fail_msg("plan %zu: \"%s\" does not say %s", i, err.text, row[i].says);
    }
}

static const struct bf_plan_item *find(const struct bf_plan_items *items, const char *file)
{
    size_t i;

    for (i = 0; i < items->n; i++)
        if (strcmp(items->item[i].file, file) == 0)
            return &items->item[i];
    return NULL;
}

/* Each coding that fakes have a real copy has; donors are others; and a plan that grows keeps what
 * it had. */
static void items_follow_from_the_plan(void **state)
{
    static const char small[] =
        WITH(V1 "," V3, M1 "," M2, ",\"crf\":[20,30],\"half\":0.5," ALL_TRAIN);
    static const char large[] =
        WITH(V1 "," V3 "," V2, "{\"method\":\"warp\",\"count\":2}," M1 "," M2,
             ",\"crf\":[20,30],\"half\":0.5," ALL_TRAIN);
    struct bf_plan_items a, b;
    struct bf_plan p, q;
    size_t i, k;

    (void)state;
    assert_int_equal(parse(&p, small, NULL), BF_OK);
    assert_int_equal(parse(&q, large, NULL), BF_OK);
    assert_int_equal(bf_plan_expand(&a, &p, NULL), BF_OK);
    assert_int_equal(bf_plan_expand(&b, &q, NULL), BF_OK);
    assert_non_null(find(&a, "fake/self/0000-a_b.2.mp4"));
    assert_non_null(find(&a, "fake/paste/0001-d.0.mp4"));
    assert_non_null(find(&b, "fake/paste/0002-c.0.mp4"));
    for (i = 0; i < a.n; i++) {
        const struct bf_plan_item *item = &a.item[i], *same = find(&b, item->file);

        assert_true(item->crf == 20 || item->crf == 30);
        if (item->method == NULL)
            continue;
        assert_non_null(same);
        assert_int_equal(item->seed, same->seed);
        assert_int_equal(item->crf, same->crf);
        assert_true(item->strength == same->strength && item->half == same->half);
        if (strcmp(item->method->name, "self") == 0)
            assert_true(item->strength >= 0.5f && item->strength <= 0.75f);
        if (item->method->method->need == BF_FAKE_DONOR)
            assert_true(item->donor != item->video && item->donor < p.n_videos);
        for (k = 0; k < a.n; k++)
            if (a.item[k].method == NULL && a.item[k].video == item->video &&
                a.item[k].crf == item->crf && a.item[k].half == item->half)
                break;
        assert_true(k < a.n);
    }
    for (i = 0; i < a.n; i++)
        for (k = i + 1; k < a.n; k++)
            assert_string_not_equal(a.item[i].file, a.item[k].file);
    /* p2 lends no face */
    for (i = 0; i < b.n; i++)
        assert_true(b.item[i].donor == SIZE_MAX || b.item[i].donor != 2);
    free(a.item);
    free(b.item);
    bf_plan_release(&p);
    bf_plan_release(&q);
}

static void nobody_is_in_two_splits(void **state)
{
    static const double split[BF_SPLITS] = {0.6, 0.2, 0.2};
    size_t n[BF_SPLITS] = {0};
    struct bf_plan_items items;
    struct bf_plan p;
    char name[32];
    int i;

    (void)state;
    for (i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "person %d", i);
        n[bf_plan_split(name, split)]++;
    }
    assert_in_range(n[BF_SPLIT_TRAIN], 1120, 1280);
    assert_in_range(n[BF_SPLIT_TEST], 330, 470);
    /* alone in a split nobody lends a face */
    assert_int_equal(parse(&p, WITH(V1, M2, ""), NULL), BF_OK);
    assert_int_equal(bf_plan_expand(&items, &p, NULL), BF_OK);
    assert_int_equal(items.n_without_donor, 1);
    assert_int_equal(items.n, 1);
    assert_null(items.item[0].method);
    free(items.item);
    bf_plan_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(items_follow_from_the_plan),
        cmocka_unit_test(nobody_is_in_two_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
