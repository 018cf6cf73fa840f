/*
 * Training the artifact network and the baseline: what is easily told apart is learned, and the
 * weights depend neither on the threads nor on a break.
 */
#include "tests/unit/chip_fixture.h"

#include "detector/artifact_net.h"
#include "detector/artifact_train.h"

static char root[] = "/tmp/bonafide-test-train-XXXXXX";

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
    fixture_chip_set(in_root("train"), "rprbrprprb");
    fixture_chip_set(in_root("other"), "rrpbrprbrr");
    fixture_chip_set(in_root("pasted"), "rprprp");
    fixture_chip_set(in_root("reals"), "rrr");
    return 0;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

struct watch {
    uint64_t stop_at, seen;
    unsigned n;
    struct bf_artifact_report last;
    double loss[8]; /* running means after 20, 40, ... steps */
};

static bool stop(void *ctx)
{
    struct watch *w = ctx;

    return ++w->seen == w->stop_at;
}

static void report(void *ctx, const struct bf_artifact_report *r)
{
    struct watch *w = ctx;

    if (r->step % 20 == 0 && r->step / 20 <= 8)
        w->loss[r->step / 20 - 1] = r->loss;
    w->n++;
    w->last = *r;
}

static struct bf_artifact_train_options how_of(struct watch *w, bool meso, uint64_t steps)
{
    return (struct bf_artifact_train_options){.meso = meso,
                                              .seed = 4,
                                              .steps = steps,
                                              .batch = 2,
                                              .n_threads = 1,
                                              .stop = stop,
                                              .report = report,
                                              .ctx = w};
}

static void read_weights(struct bf_buf *b, const char *dir, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s.safetensors", in_root(dir), name);
    assert_int_equal(bf_file_read(b, path, 1u << 30, NULL), BF_OK);
}

static void same_bytes(const char *one, const char *two, const char *name)
{
    struct bf_buf a = {0}, b = {0};

    read_weights(&a, one, name);
    read_weights(&b, two, name);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    bf_buf_release(&a);
    bf_buf_release(&b);
}

/* Three steps at once; by three threads; and stopped after one, then gone on with. */
static void resumed(void **state)
{
    static const char *const name[] = {"artifact", "meso4"};
    int meso;

    (void)state;
    for (meso = 0; meso < 2; meso++) {
        struct watch w = {0};
        struct bf_artifact_train_options how = how_of(&w, meso, 3);
        char training[32];
        uint64_t done;

        assert_int_equal(bf_artifact_train(&done, in_root("whole"), in_root("train"), &how, NULL),
                         BF_OK);
        assert_int_equal(done, 3);
        assert_int_equal(w.last.step, 3);
        assert_int_equal(w.last.steps, 3);
        assert_true(isnan(w.last.auc));
        assert_true(w.last.loss > 0.1 && w.last.loss < 100);
        how.n_threads = 3;
        assert_int_equal(bf_artifact_train(&done, in_root("threads"), in_root("train"), &how, NULL),
                         BF_OK);
        how.n_threads = 2;
        w.seen = 0;
        w.stop_at = 2;
        assert_int_equal(bf_artifact_train(&done, in_root("broken"), in_root("train"), &how, NULL),
                         BF_OK);
        assert_int_equal(done, 1);
        w.stop_at = 0;
        how.n_threads = 1;
        assert_int_equal(bf_artifact_train(&done, in_root("broken"), in_root("train"), &how, NULL),
                         BF_OK);
        assert_int_equal(done, 3);
        assert_true(w.last.loss > 0.1);
        same_bytes("whole", "threads", name[meso]);
        same_bytes("whole", "broken", name[meso]);
        snprintf(training, sizeof training, "%s.training", name[meso]);
        same_bytes("whole", "broken", training);
        /* finished: another run changes nothing */
        assert_int_equal(bf_artifact_train(&done, in_root("broken"), in_root("train"), &how, NULL),
                         BF_OK);
        assert_int_equal(done, 3);
        same_bytes("whole", "broken", name[meso]);
    }
}

/* A square that only fakes have: the loss falls, people who were not seen are judged, and the map
 * finds the place. */
static void learns(void **state)
{
    struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX];
    struct watch w = {0};
    struct bf_artifact_train_options how = how_of(&w, false, 60);
    uint64_t done;
    size_t n, i;

    (void)state;
    how.validation = in_root("other");
    how.n_threads = 2;
    assert_int_equal(bf_artifact_train(&done, in_root("learned"), in_root("train"), &how, NULL),
                     BF_OK);
    assert_true(w.n >= 3);
    /* the mean of the last twenty steps out of those of sixty and forty */
    assert_true(3 * w.loss[2] - 2 * w.loss[1] < 0.4 * w.loss[0]);
    assert_true(w.last.right > 0.7);
    assert_true(w.last.auc > 0.99);
    assert_int_equal(
        bf_artifact_validate(family, &n, in_root("learned"), in_root("other"), false, 2, NULL),
        BF_OK);
    assert_int_equal(n, 2);
    assert_string_equal(family[0].name, "paste");
    assert_string_equal(family[1].name, "blend");
    for (i = 0; i < n; i++) {
        assert_int_equal(family[i].n, 2);
        assert_true(family[i].auc > 0.99);
        assert_true(family[i].iou >= 0 && family[i].iou <= 1);
    }
}

/* A set with and one without the family that is left out give the same weights. */
static void leaves_out(void **state)
{
    struct watch w = {0};
    struct bf_artifact_train_options how = how_of(&w, true, 3);
    struct bf_chip_record *r = calloc(6, sizeof *r);
    struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX];
    struct bf_error err = {0};
    uint64_t done;
    size_t n;

    (void)state;
    assert_non_null(r);
    fixture_chips(r, "rpbrbp");
    fixture_chip_file(in_root("both"), r, 6);
    /* what is left out is another picture in the second set */
    memset(r[2].chip, 200, sizeof r[2].chip);
    memset(r[4].chip, 7, sizeof r[4].chip);
    fixture_chip_file(in_root("changed"), r, 6);
    how.left_out = "blend";
    assert_int_equal(bf_artifact_train(&done, in_root("one"), in_root("both"), &how, NULL), BF_OK);
    assert_int_equal(bf_artifact_train(&done, in_root("two"), in_root("changed"), &how, NULL),
                     BF_OK);
    same_bytes("one", "two", "meso4");
    how.left_out = "paste";
    assert_int_equal(bf_artifact_train(&done, in_root("three"), in_root("changed"), &how, NULL),
                     BF_OK);
    assert_int_equal(bf_artifact_train(&done, in_root("new"), in_root("pasted"), &how, &err),
                     BF_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "pasted"));
    assert_int_equal(
        bf_artifact_validate(family, &n, in_root("one"), in_root("both"), true, 0, NULL), BF_OK);
    assert_int_equal(n, 2);
    assert_true(isnan(family[0].iou));
    free(r);
}

static void refused(void **state)
{
    struct watch w = {0};
    struct bf_artifact_train_options how = how_of(&w, true, 1);
    struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX];
    struct bf_error err = {0};
    uint64_t done = 9;
    size_t n = 9;

    (void)state;
    assert_int_equal(bf_artifact_train(&done, in_root("new"), in_root("reals"), &how, &err),
                     BF_ERR_NOT_FOUND);
    assert_int_equal(done, 0);
    assert_int_not_equal(access(in_root("new"), F_OK), 0);
    assert_int_equal(bf_artifact_train(&done, in_root("new"), in_root("nothing"), &how, &err),
                     BF_ERR_IO);
    how.batch = 2049;
    assert_int_equal(bf_artifact_train(&done, in_root("new"), in_root("train"), &how, &err),
                     BF_ERR_USAGE);
    how.batch = 1;
    assert_int_equal(bf_artifact_train(&done, in_root("no/where"), in_root("train"), &how, &err),
                     BF_ERR_IO);
    /* a training file of another network is not gone on with */
    assert_int_equal(bf_artifact_train(&done, in_root("mixed"), in_root("train"), &how, &err),
                     BF_OK);
    assert_int_equal(rename(in_root("mixed/meso4.training.safetensors"),
                            in_root("mixed/artifact.training.safetensors")),
                     0);
    how.meso = false;
    assert_int_equal(bf_artifact_train(&done, in_root("mixed"), in_root("train"), &how, &err),
                     BF_ERR_FORMAT);
    assert_int_equal(
        bf_artifact_validate(family, &n, in_root("nothing"), in_root("train"), false, 1, &err),
        BF_ERR_IO);
    assert_int_equal(n, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed),
        cmocka_unit_test(learns),
        cmocka_unit_test(leaves_out),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, make_sets, remove_root);
}
