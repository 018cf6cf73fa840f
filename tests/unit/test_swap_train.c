/*
 * Training a swap: losses fall, and the weights depend neither on the threads nor on a break.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "generator/swap_evaluate.h"
#include "generator/swap_quality.h"
#include "generator/swap_sample.h"
#include "generator/swap_train.h"
#include "tests/unit/face_set_fixture.h"

static char root[] = "/tmp/bf_swap_train.XXXXXX";

static const char *in_root(const char *name)
{
    static char path[4][256];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

struct watch {
    double first, last;
    uint64_t stop_at, seen;
};

static void watch_report(void *ctx, const struct bf_swap_report *r)
{
    struct watch *w = ctx;

    w->last = r->loss[0] + r->loss[1];
    if (w->first <= 0)
        w->first = w->last;
}

static bool watch_stop(void *ctx)
{
    struct watch *w = ctx;

    return ++w->seen == w->stop_at;
}

static enum bf_err train(uint64_t *done, const char *model, uint64_t iterations, unsigned threads,
                         struct watch *w, struct bf_error *err)
{
    const struct bf_swap_train_options how = {.preset = BF_SWAP_QUICK,
                                              .iterations = iterations,
                                              .batch = 2,
                                              .seed = 5,
                                              .n_threads = threads,
                                              .stop = watch_stop,
                                              .report = watch_report,
                                              .ctx = w};

    return bf_swap_train(done, in_root(model), in_root("a"), in_root("b"), &how, err);
}

static void same_bytes(const char *one, const char *two)
{
    struct bf_buf a = {0}, b = {0};
    char path[512];

    snprintf(path, sizeof path, "%s/model.safetensors", in_root(one));
    assert_int_equal(bf_file_read(&a, path, 1u << 30, NULL), BF_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", in_root(two));
    assert_int_equal(bf_file_read(&b, path, 1u << 30, NULL), BF_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    bf_buf_release(&a);
    bf_buf_release(&b);
}

/* Six iterations at once; by three threads; and stopped after two, then gone on with. */
static void resumed(void **state)
{
    struct watch w = {0};
    uint64_t done;

    (void)state;
    assert_int_equal(train(&done, "whole", 6, 1, &w, NULL), BF_OK);
    assert_int_equal(done, 6);
    w = (struct watch){0};
    assert_int_equal(train(&done, "threads", 6, 3, &w, NULL), BF_OK);
    w = (struct watch){.stop_at = 2};
    assert_int_equal(train(&done, "broken", 6, 2, &w, NULL), BF_OK);
    assert_int_equal(done, 2);
    w = (struct watch){0};
    assert_int_equal(train(&done, "broken", 6, 1, &w, NULL), BF_OK);
    assert_int_equal(done, 6);
    same_bytes("whole", "threads");
    same_bytes("whole", "broken");
}

static void learns(void **state)
{
    struct bf_swap_self self[2];
    struct watch w = {0};
    uint64_t done;

    (void)state;
    assert_int_equal(train(&done, "learned", 120, 2, &w, NULL), BF_OK);
    assert_true(w.last < 0.6 * w.first);
    assert_int_equal(
        bf_swap_evaluate_self(self, in_root("learned"), in_root("a"), in_root("b"), NULL), BF_OK);
    assert_int_equal(self[0].n, 2);
    assert_true(self[0].psnr > 12 && self[0].psnr < 40);
}

/* The longest way of one weight from the model in `one` to that in `two`. */
static float farthest(const char *one, const char *two)
{
    struct bf_swap_model a, b;
    float most = 0;
    size_t i;

    assert_int_equal(bf_swap_model_load(&a, in_root(one), 1, NULL, NULL), BF_OK);
    assert_int_equal(bf_swap_model_load(&b, in_root(two), 1, NULL, NULL), BF_OK);
    for (i = 0; i < a.params->n_floats; i++)
        most = fmaxf(most, fabsf(a.params->values[i] - b.params->values[i]));
    bf_swap_model_release(&a);
    bf_swap_model_release(&b);
    return most;
}

/* Gone on with beyond what it was begun for, at the full rate at once, a trained model is thrown
 * out of all that it learned. */
static void extended(void **state)
{
    struct watch w = {0};
    uint64_t done;

    (void)state;
    assert_int_equal(train(&done, "short", 120, 2, &w, NULL), BF_OK);
    w = (struct watch){.stop_at = 1};
    assert_int_equal(train(&done, "short", 4000, 2, &w, NULL), BF_OK);
    assert_int_equal(done, 121);
    assert_true(farthest("short", "learned") < 2e-5f);
    w = (struct watch){.stop_at = 2};
    assert_int_equal(train(&done, "short", 4000, 2, &w, NULL), BF_OK);
    w = (struct watch){.stop_at = 3};
    assert_int_equal(train(&done, "learned", 4000, 2, &w, NULL), BF_OK);
    assert_int_equal(done, 123);
    same_bytes("learned", "short");
}

static void refused(void **state)
{
    struct bf_swap_train_options how = {
        .preset = BF_SWAP_STANDARD, .iterations = 1, .batch = 2, .seed = 5};
    struct watch w = {0};
    struct bf_error err;
    uint64_t done;
    struct bf_swap_self self[2];

    (void)state;
    assert_int_equal(bf_swap_train(&done, in_root("whole"), in_root("a"), in_root("b"), &how, &err),
                     BF_ERR_USAGE);
    how.preset = BF_SWAP_QUICK;
    how.seed = 6;
    assert_int_equal(bf_swap_train(&done, in_root("whole"), in_root("a"), in_root("b"), &how, &err),
                     BF_ERR_USAGE);
    how.seed = 5;
    assert_int_equal(bf_swap_train(&done, in_root("whole"), in_root("b"), in_root("a"), &how, &err),
                     BF_ERR_USAGE);
    assert_non_null(strstr(err.text, "other people"));
    assert_int_equal(bf_swap_train(&done, in_root("new"), in_root("a"), in_root("few"), &how, &err),
                     BF_ERR_NOT_FOUND);
    assert_int_equal(access(in_root("new"), F_OK), -1);
    assert_int_equal(bf_swap_evaluate_self(self, in_root("a"), in_root("a"), in_root("b"), &err),
                     BF_ERR_NOT_FOUND);
    /* what is there is not harmed by any of that */
    assert_int_equal(train(&done, "whole", 6, 1, &w, NULL), BF_OK);
    assert_int_equal(done, 6);
    same_bytes("whole", "threads");
}

/* A plain sample is the picture; a warped one is near it, and covered now and then. */
static void samples(void **state)
{
    enum { SIZE = 64, ONE = SIZE * SIZE };
    float *block = malloc(8 * ONE * sizeof *block), sum = 0, moved = 0;
    const struct bf_swap_sample s = {block, block + 3 * ONE, block + 6 * ONE, block + 7 * ONE};
    struct bf_swap_faces f;
    struct bf_swap_quality q;
    struct bf_random r = {9};
    unsigned covered = 0, i, k;

    (void)state;
    assert_non_null(block);
    assert_int_equal(bf_swap_faces_load(&f, in_root("a"), SIZE, NULL), BF_OK);
    assert_int_equal(f.n, 20);
    assert_int_equal(f.n_trained, 18);
    assert_int_equal(f.face[19].about->frame, 19);
    bf_swap_sample_plain(&s, &f, 0);
    assert_memory_equal(s.in, s.target, 3 * ONE * sizeof *block);
    for (i = 0; i < ONE; i++)
        sum += s.mask[i];
    assert_true(sum > 0.3f * ONE && sum < 0.8f * ONE);
    assert_true(s.mask[ONE / 2 + SIZE / 2] > 0.99f && s.mask[0] == 0);
    /* the eyes lie 0.28 of the side apart, 0.46 from the top */
    assert_true(s.in[3 * (29 * SIZE + 23)] < 0.35f && s.in[3 * (29 * SIZE + 40)] < 0.35f);
    assert_int_equal(bf_swap_quality_measure(&q, s.in, s.target, s.mask, SIZE, NULL), BF_OK);
    assert_float_equal(q.ssim, 1, 1e-5);
    assert_true(q.psnr > 90);
    for (k = 0; k < 200; k++) {
        float face = 0, left = 0;

        bf_swap_sample_make(&s, &f, 3, &f, &r);
        for (i = 0; i < ONE; i++) {
            moved += fabsf(s.in[3 * i] - s.target[3 * i]);
            face += s.weight[i] > 0.9f;
            left += s.mask[i] > 0.5f;
            assert_true(s.in[3 * i + 1] >= 0 && s.in[3 * i + 1] <= 1);
        }
        covered += left < 0.97f * face;
    }
    assert_true(moved / (200 * ONE) > 0.005f && moved / (200 * ONE) < 0.1f);
    assert_true(covered > 10 && covered < 60);
    bf_swap_faces_release(&f);
    free(block);
}

static void quality(void **state)
{
    enum { SIZE = 32, ONE = SIZE * SIZE };
    float y[3 * ONE], target[3 * ONE], mask[ONE];
    struct bf_swap_quality q;
    int i;

    (void)state;
    for (i = 0; i < 3 * ONE; i++) {
        target[i] = (float)(i * 7 % 11) / 11;
        y[i] = target[i] + (i / 3 % SIZE < 16 ? 0.1f : 0);
    }
    for (i = 0; i < ONE; i++)
        mask[i] = i % SIZE < 16 ? 1 : 0;
    assert_int_equal(bf_swap_quality_measure(&q, y, target, mask, SIZE, NULL), BF_OK);
    assert_float_equal(q.psnr, 20, 0.01);
    assert_float_equal(q.psnr_all, 23.0103f, 0.01);
    assert_true(q.ssim < q.ssim_all);
}

static int make_root(void **state)
{
    (void)state;
    if (mkdtemp(root) == NULL)
        return 1;
    drawn_set(in_root("a"), 20, 120, 3);
    drawn_set(in_root("b"), 20, 200, 4);
    drawn_set(in_root("few"), 5, 90, 5);
    return 0;
}

static int remove_root(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples), cmocka_unit_test(quality),  cmocka_unit_test(resumed),
        cmocka_unit_test(learns),  cmocka_unit_test(extended), cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
