/*
 * Training as a whole: the losses of PyTorch from the same weights and batches, the same bits from
 * any number of threads, and at inference what training learned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/simd.h"
#include "tests/unit/nn_training.h"

#define STEPS 20

/* The line of tests/vectors/training.txt that begins with name. */
static void read_losses(float *losses, const char *name)
{
    FILE *f = fopen("tests/vectors/training.txt", "r");
    char line[1024];
    int i;

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) {
            char *at = line + strlen(name);

            for (i = 0; i < STEPS; i++)
                losses[i] = strtof(at, &at);
            fclose(f);
            return;
        }
    fclose(f);
    fail_msg("no losses of %s", name);
}

static void losses_of_pytorch(void **state)
{
    float want[STEPS];
    size_t k;
    int level, i;

    (void)state;
    for (level = BF_SIMD_PLAIN; level <= BF_SIMD_AVX512; level++)
        for (k = 0; k < NN_TASKS; k++) {
            struct nn_run run;

            bf_simd_limit((enum bf_simd)level);
            read_losses(want, nn_tasks[k].name);
            assert_true(nn_run_start(&run, &nn_tasks[k], 2));
            for (i = 0; i < STEPS; i++) {
                float got = nn_run_step(&run, i);

                if (!(fabsf(got - want[i]) <= 1e-3f * want[i]))
                    fail_msg("%s, step %d: %.7g instead of %.7g", nn_tasks[k].name, i, (double)got,
                             (double)want[i]);
            }
            nn_run_stop(&run);
        }
}

static void same_bits_with_any_threads(void **state)
{
    size_t k, threads;

    (void)state;
    for (k = 0; k < NN_TASKS; k++) {
        struct nn_run one, more;
        int i;

        for (threads = 2; threads <= 5; threads += 3) {
            assert_true(nn_run_start(&one, &nn_tasks[k], 1));
            assert_true(nn_run_start(&more, &nn_tasks[k], threads));
            for (i = 0; i < 5; i++)
                assert_true(nn_run_step(&one, i) == nn_run_step(&more, i));
            assert_memory_equal(one.params->values, more.params->values,
                                one.params->n_floats * sizeof(float));
            nn_run_stop(&one);
            nn_run_stop(&more);
        }
    }
}

/* Batch norms are folded away there: against one that has to be kept, since two use its input. */
static void norms_folded_at_inference(void **state)
{
    struct nn_run run;
    struct bf_net *net;
    unsigned long long seed = 8;
    int x, y, z, i;
    size_t k, n;

    (void)state;
    assert_true(nn_run_start(&run, &nn_tasks[1], 2));
    for (i = 0; i < 10; i++)
        nn_run_step(&run, i);
    assert_int_equal(bf_net_create(&net, run.params, NULL), BF_OK);
    x = bf_net_input(net, 12, 12, 3);
    y = bf_net_rectify(net, bf_net_norm(net, "n1", bf_net_conv_bare(net, "c1", x, 8, 3, 1)), 0);
    z = bf_net_conv_bare(net, "c1", x, 8, 3, 1);
    bf_net_add(net, z, z);
    z = bf_net_rectify(net, bf_net_norm(net, "n1", z), 0);
    assert_int_equal(bf_net_plan(net, 2, 0, run.pool, NULL), BF_OK);
    n = 2 * bf_net_shape(net, x, NULL, NULL, NULL);
    for (k = 0; k < n; k++)
        bf_net_value(net, x)[k] = nn_random(&seed);
    bf_net_forward(net);
    n = 2 * bf_net_shape(net, y, NULL, NULL, NULL);
    assert_true(nn_difference(bf_net_value(net, y), bf_net_value(net, z), n) < 1e-4);
    for (k = 0; k < n && bf_net_value(net, y)[k] == 0; k++)
        ;
    assert_true(k < n);
    bf_net_free(&net);
    nn_run_stop(&run);
}

/* Two decoders on one encoder: gradients of what is shared come from both. */
static void weights_shared_by_name(void **state)
{
    struct bf_params *params;
    struct bf_net *net[2];
    float *grads[2], *g;
    size_t e, n, k;
    int i, out[2];

    (void)state;
    assert_int_equal(bf_params_create(&params, NULL), BF_OK);
    for (i = 0; i < 2; i++) {
        int x;

        assert_int_equal(bf_net_create(&net[i], params, NULL), BF_OK);
        x = bf_net_dense(net[i], "encoder", bf_net_input(net[i], 1, 1, 5), 4);
        out[i] = bf_net_dense(net[i], i == 0 ? "a" : "b", x, 3);
    }
    assert_int_equal(bf_params_allocate(params, true, 1, NULL), BF_OK);
    assert_int_equal(bf_params_count(params), 5 * 4 + 4 + 2 * (4 * 3 + 3));
    assert_int_equal(bf_params_find(&e, params, "encoder.weight", NULL), BF_OK);
    n = params->list[e].n;
    for (i = 0; i < 2; i++) {
        assert_int_equal(bf_net_plan(net[i], 2, BF_NET_TRAINING, NULL, NULL), BF_OK);
        for (k = 0; k < 10; k++)
            bf_net_value(net[i], 0)[k] = (float)k;
        bf_net_forward(net[i]);
        for (k = 0; k < 6; k++)
            bf_net_grad(net[i], out[i])[k] = 1;
        bf_params_zero_grads(params);
        bf_net_backward(net[i]);
        grads[i] = malloc(n * sizeof(float));
        memcpy(grads[i], bf_params_grad(params, e), n * sizeof(float));
    }
    bf_params_zero_grads(params);
    for (i = 0; i < 2; i++) {
        for (k = 0; k < 6; k++)
            bf_net_grad(net[i], out[i])[k] = 1;
        bf_net_backward(net[i]);
    }
    g = bf_params_grad(params, e);
    for (k = 0; k < n; k++)
        assert_true(fabsf(g[k] - grads[0][k] - grads[1][k]) < 1e-5f * (1 + fabsf(g[k])));
    for (i = 0; i < 2; i++) {
        free(grads[i]);
        bf_net_free(&net[i]);
    }
    bf_params_free(&params);
}

static void mistakes_are_reported(void **state)
{
    struct bf_params *params;
    struct bf_net *net;
    struct bf_error err;
    int x;

    (void)state;
    assert_int_equal(bf_params_create(&params, NULL), BF_OK);
    assert_int_equal(bf_net_create(&net, params, NULL), BF_OK);
    x = bf_net_input(net, 8, 8, 3);
    assert_int_equal(bf_net_conv(net, "a", x, 4, 3, 0), -1);
    assert_int_equal(bf_net_sigmoid(net, x), -1);
    assert_int_equal(bf_params_allocate(params, false, 1, NULL), BF_OK);
    assert_int_equal(bf_net_plan(net, 1, 0, NULL, &err), BF_ERR_LIMIT);
    bf_net_free(&net);
    assert_int_equal(bf_net_create(&net, params, NULL), BF_OK);
    x = bf_net_input(net, 8, 8, 3);
    assert_int_equal(bf_net_plan(net, 1, BF_NET_TRAINING, NULL, &err), BF_ERR_USAGE);
    assert_int_equal(bf_net_plan(net, 0, 0, NULL, &err), BF_ERR_USAGE);
    assert_int_equal(bf_net_add(net, x, bf_net_pad(net, x, 1, 0, 0, 0)), -1);
    assert_int_equal(bf_net_plan(net, 1, 0, NULL, &err), BF_ERR_USAGE);
    bf_net_free(&net);
    bf_params_free(&params);
}

static void schedules(void **state)
{
    (void)state;
    assert_true(bf_schedule_linear(0, 4, 14, 1, 0) == 0.25f);
    assert_true(bf_schedule_linear(4, 4, 14, 1, 0) == 1);
    assert_true(fabsf(bf_schedule_linear(9, 4, 14, 1, 0) - 0.5f) < 1e-6f);
    assert_true(bf_schedule_linear(99, 4, 14, 1, 0.125f) == 0.125f);
    assert_true(bf_schedule_cosine(4, 4, 14, 1, 0) == 1);
    assert_true(fabsf(bf_schedule_cosine(9, 4, 14, 1, 0) - 0.5f) < 1e-6f);
    assert_true(fabsf(bf_schedule_cosine(14, 4, 14, 1, 0.25f) - 0.25f) < 1e-6f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_pytorch),         cmocka_unit_test(same_bits_with_any_threads),
        cmocka_unit_test(norms_folded_at_inference), cmocka_unit_test(weights_shared_by_name),
        cmocka_unit_test(mistakes_are_reported),     cmocka_unit_test(schedules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
