/* Training the temporal network: what jumps is told from what sways, and the same bits come of the
 * same numbers. */
#include "tests/unit/block_fixture.h"

#include "detector/temporal_train.h"

static char root[] = "/tmp/bonafide-test-temporal-XXXXXX";

static const char *in_root(const char *name)
{
    static char path[4][256];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

static int make_sets(void **state)
{
    (void)state;
    if (mkdtemp(root) == NULL)
        return 1;
    fixture_block_file(in_root("train"), 1, 24);
    fixture_block_file(in_root("other"), 1000, 16);
    fixture_block_file(in_root("real"), 5, 1);
    fixture_block_file(in_root("none"), 5, 0);
    return 0;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static bool stop(void *ctx)
{
    return --*(int *)ctx == 0;
}

static void same_bytes(bool same, const char *one, const char *two)
{
    struct bf_buf a = {0}, b = {0};
    char path[300];

    snprintf(path, sizeof path, "%s/temporal.safetensors", in_root(one));
    assert_int_equal(bf_file_read(&a, path, 1u << 30, NULL), BF_OK);
    snprintf(path, sizeof path, "%s/temporal.safetensors", in_root(two));
    assert_int_equal(bf_file_read(&b, path, 1u << 30, NULL), BF_OK);
    assert_int_equal(a.len, b.len);
    assert_int_equal(memcmp(a.data, b.data, a.len) == 0, same);
    bf_buf_release(&a);
    bf_buf_release(&b);
}

static void same_bits_every_time(void **state)
{
    struct bf_temporal_train_options how = {.seed = 3, .steps = 3, .batch = 4};
    int left = 3;
    double auc;

    (void)state;
    assert_int_equal(bf_temporal_train(&auc, in_root("a"), in_root("train"), &how, NULL), BF_OK);
    assert_true(isnan(auc));
    assert_int_equal(bf_temporal_train(&auc, in_root("b"), in_root("train"), &how, NULL), BF_OK);
    same_bytes(true, "a", "b");
    how.seed = 4;
    assert_int_equal(bf_temporal_train(&auc, in_root("b"), in_root("train"), &how, NULL), BF_OK);
    same_bytes(false, "a", "b");
    /* stopped: what there is, is written */
    how.seed = 3;
    how.stop = stop;
    how.ctx = &left;
    assert_int_equal(bf_temporal_train(&auc, in_root("b"), in_root("train"), &how, NULL), BF_OK);
    assert_int_equal(left, 0);
    same_bytes(false, "a", "b");
}

static void learns(void **state)
{
    struct bf_temporal_train_options how = {
        .seed = 1, .steps = 150, .batch = 8, .validation = in_root("other")};
    struct bf_error err = {0};
    double before, after;

    (void)state;
    if (bf_temporal_train(&after, in_root("c"), in_root("train"), &how, &err) != BF_OK)
        fail_msg("%s", err.text);
    assert_true(after > 0.95);
    how.steps = 0;
    how.validation = in_root("other");
    assert_int_equal(bf_temporal_train(&before, in_root("d"), in_root("train"), &how, NULL), BF_OK);
    assert_true(before >= 0 && before <= 1);
    same_bytes(false, "c", "d");
}

/* What is left out is not learned from, and each family is judged for itself. */
static void families(void **state)
{
    struct bf_temporal_train_options how = {.seed = 3, .steps = 3, .batch = 4};
    struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX];
    size_t n, i;
    double auc;

    (void)state;
    assert_int_equal(bf_temporal_train(&auc, in_root("a"), in_root("train"), &how, NULL), BF_OK);
    how.left_out = "nobody";
    assert_int_equal(bf_temporal_train(&auc, in_root("f"), in_root("train"), &how, NULL), BF_OK);
    same_bytes(true, "a", "f");
    how.left_out = "paste";
    assert_int_equal(bf_temporal_train(&auc, in_root("f"), in_root("train"), &how, NULL), BF_OK);
    same_bytes(false, "a", "f");
    assert_int_equal(bf_temporal_validate(family, &n, in_root("a"), in_root("other"), NULL), BF_OK);
    assert_int_equal(n, 2);
    for (i = 0; i < n; i++) {
        assert_string_equal(family[i].name, i == 0 ? "paste" : "mesh");
        assert_true(family[i].n > 0 && family[i].auc >= 0 && family[i].auc <= 1);
        assert_true(isnan(family[i].iou));
    }
    assert_int_equal(bf_temporal_validate(family, &n, in_root("a"), in_root("nothing"), NULL),
                     BF_ERR_IO);
    assert_int_equal(bf_temporal_validate(family, &n, in_root("no"), in_root("other"), NULL),
                     BF_ERR_IO);
}

static void refused(void **state)
{
    static const struct {
        const char *dir, *blocks, *validation;
        unsigned batch;
        enum bf_err rc;
    } row[] = {
        {"e", "nothing", NULL, 4, BF_ERR_IO},     {"e", "real", NULL, 4, BF_ERR_NOT_FOUND},
        {"e", "none", NULL, 4, BF_ERR_NOT_FOUND}, {"e", "train", NULL, 1, BF_ERR_USAGE},
        {"e", "train", NULL, 1026, BF_ERR_USAGE}, {"no/where", "train", NULL, 4, BF_ERR_IO},
        {"e", "train", "nothing", 4, BF_ERR_IO},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        const struct bf_temporal_train_options how = {
            .steps = 1,
            .batch = row[i].batch,
            .validation = row[i].validation != NULL ? in_root(row[i].validation) : NULL};
        struct bf_error err = {0};
        double auc;

        if (bf_temporal_train(&auc, in_root(row[i].dir), in_root(row[i].blocks), &how, &err) !=
            row[i].rc)
            fail_msg("row %zu: %s", i, err.text);
        assert_true(strlen(err.text) > 10);
        assert_true(isnan(auc));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_every_time),
        cmocka_unit_test(learns),
        cmocka_unit_test(families),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, make_sets, remove_root);
}
