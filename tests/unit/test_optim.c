/* Optimisers, clipping and schedules against the formulas of their papers, in double precision, on
 * weights of odd lengths, with one, two and three threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nn/optim.h"
#include "tests/unit/nn_naive.h"

#define WEIGHTS 3
#define STEPS 5
#define RATE 0.01f

/* A matrix that more than one thread steps over, a bias, and one that is frozen. */
static const size_t shapes[WEIGHTS][2] = {{701, 103}, {7, 1}, {5, 3}};
static const char *const names[WEIGHTS] = {"matrix", "bias", "frozen"};

static struct bf_params *params_new(unsigned long long seed)
{
    struct bf_params *p;
    size_t i, index;

    assert_int_equal(bf_params_create(&p, NULL), BF_OK);
    for (i = 0; i < WEIGHTS; i++)
        assert_int_equal(bf_params_declare(&index, p, names[i], shapes[i], i == 1 ? 1 : 2,
                                           BF_PARAM_ZERO, 1, true, NULL),
                         BF_OK);
    assert_int_equal(bf_params_allocate(p, true, 1, NULL), BF_OK);
    assert_int_equal(bf_params_freeze(p, "frozen", true), 1);
    for (i = 0; i < p->n_trained; i++)
        p->values[i] = nn_random(&seed);
    return p;
}

static void draw_grads(struct bf_params *p, unsigned long long *seed)
{
    size_t i, j;

    for (i = 0; i < WEIGHTS; i++)
        for (j = 0; j < p->list[i].n; j++)
            bf_params_grad(p, i)[j] = nn_random(seed);
}

/* One number's weight and moments. */
struct number {
    double w, first, second;
};

static void naive_step(struct number *k, double g, const struct bf_optim_config *c, bool decayed,
                       int t)
{
    double rate = (double)RATE, decay = decayed ? (double)c->decay : 0;
    double b1 = (double)c->beta1, b2 = (double)c->beta2;

    if (c->kind == BF_OPTIM_ADAMW)
        k->w -= rate * decay * k->w;
    else
        g += decay * k->w;
    if (c->kind == BF_OPTIM_SGD) {
        k->first = b1 * k->first + g;
        k->w -= rate * k->first;
        return;
    }
    k->first = b1 * k->first + (1 - b1) * g;
    k->second = b2 * k->second + (1 - b2) * g * g;
    k->w -= rate * (k->first / (1 - pow(b1, t))) /
            (sqrt(k->second / (1 - pow(b2, t))) + (double)c->epsilon);
}

/* The weights after STEPS steps with as many threads. */
static struct bf_params *stepped(const struct bf_optim_config *c, size_t threads)
{
    struct bf_params *p = params_new(3);
    unsigned long long seed = 4;
    struct bf_pool *pool;
    struct bf_optim *o;
    int t;

    assert_int_equal(bf_pool_create(&pool, threads, NULL), BF_OK);
    assert_int_equal(bf_optim_create(&o, p, c, NULL), BF_OK);
    for (t = 0; t < STEPS; t++) {
        draw_grads(p, &seed);
        bf_optim_step(o, RATE, pool);
    }
    bf_optim_free(&o);
    bf_pool_free(&pool);
    return p;
}

static void steps_as_their_twins(void **state)
{
    static const struct bf_optim_config configs[] = {
        {BF_OPTIM_SGD, 0, 0, 0, 0},
        {BF_OPTIM_SGD, 0.9f, 0, 0, 0.1f},
        {BF_OPTIM_ADAM, 0.9f, 0.999f, 1e-8f, 0},
        {BF_OPTIM_ADAM, 0.5f, 0.99f, 1e-3f, 0.1f},
        {BF_OPTIM_ADAMW, 0.9f, 0.999f, 1e-8f, 0.1f},
    };
    size_t k, i, j, threads;

    (void)state;
    for (k = 0; k < sizeof configs / sizeof configs[0]; k++) {
        const struct bf_optim_config *c = &configs[k];
        struct bf_params *one = stepped(c, 1), *before = params_new(3);
        unsigned long long seed = 4;
        struct number *all = calloc(before->n_trained, sizeof *all);
        int t;

        assert_non_null(all);
        for (i = 0; i < before->n_trained; i++)
            all[i].w = (double)before->values[i];
        for (t = 1; t <= STEPS; t++) {
            draw_grads(before, &seed);
            for (i = 0; i < WEIGHTS - 1; i++)
                for (j = 0; j < before->list[i].n; j++)
                    naive_step(&all[before->list[i].offset + j],
                               (double)bf_params_grad(before, i)[j], c, i == 0, t);
        }
        for (i = 0; i < WEIGHTS; i++)
            for (j = 0; j < one->list[i].n; j++)
                assert_true(fabs((double)bf_params_value(one, i)[j] -
                                 all[one->list[i].offset + j].w) < 1e-6);
        for (threads = 2; threads <= 3; threads++) {
            struct bf_params *more = stepped(c, threads);

            assert_memory_equal(more->values, one->values, one->n_trained * sizeof(float));
            bf_params_free(&more);
        }
        free(all);
        bf_params_free(&before);
        bf_params_free(&one);
    }
}

/* The mean of the weights moves by nine in so many steps; it can take their place and give it back.
 */
static void keeps_a_mean(void **state)
{
    static const struct bf_optim_config adam = {BF_OPTIM_ADAM, 0.9f, 0.999f, 1e-8f, 0};
    struct bf_params *p = params_new(3);
    double *mean = calloc(p->n_trained, sizeof *mean);
    float *last = calloc(p->n_trained, sizeof *last);
    unsigned long long seed = 4;
    struct bf_pool *pool;
    struct bf_optim *o;
    uint64_t version;
    size_t i, j;
    int t;

    (void)state;
    assert_non_null(mean);
    assert_non_null(last);
    assert_int_equal(bf_pool_create(&pool, 2, NULL), BF_OK);
    assert_int_equal(bf_optim_create(&o, p, &adam, NULL), BF_OK);
    assert_null(o->mean);
    assert_int_equal(bf_optim_keep_mean(o, NULL), BF_OK);
    for (i = 0; i < p->n_trained; i++)
        mean[i] = (double)p->values[i];
    for (t = 1; t <= STEPS; t++) {
        draw_grads(p, &seed);
        bf_optim_step(o, RATE, pool);
        for (i = 0; i < p->n_trained; i++)
            mean[i] += 9 / (t + 9.0) * ((double)p->values[i] - mean[i]);
    }
    memcpy(last, p->values, p->n_trained * sizeof *last);
    version = p->version;
    bf_optim_swap_mean(o);
    assert_true(p->version > version);
    for (i = 0; i < WEIGHTS; i++)
        for (j = 0; j < p->list[i].n; j++)
            assert_true(fabs((double)bf_params_value(p, i)[j] - mean[p->list[i].offset + j]) <
                        1e-6);
    assert_true(fabsf(p->values[0] - last[0]) > 1e-3f);
    bf_optim_swap_mean(o);
    assert_memory_equal(p->values, last, p->n_trained * sizeof *last);
    bf_optim_free(&o);
    bf_pool_free(&pool);
    bf_params_free(&p);
    free(mean);
    free(last);
}

static void clips_as_its_twin(void **state)
{
    static const struct bf_optim_config sgd = {BF_OPTIM_SGD, 0, 0, 0, 0};
    struct bf_params *p = params_new(1);
    double sum = 0, norm;
    struct bf_optim *o;
    size_t i, j, threads;

    (void)state;
    assert_int_equal(bf_optim_create(&o, p, &sgd, NULL), BF_OK);
    for (threads = 1; threads <= 3; threads++) {
        unsigned long long seed = 6, again = 6;
        struct bf_pool *pool;

        assert_int_equal(bf_pool_create(&pool, threads, NULL), BF_OK);
        draw_grads(p, &seed);
        for (sum = 0, i = 0; i < WEIGHTS - 1; i++)
            for (j = 0; j < p->list[i].n; j++)
                sum += pow((double)bf_params_grad(p, i)[j], 2);
        norm = sqrt(sum);
        assert_true(fabs((double)bf_optim_clip(o, (float)norm * 2, pool) - norm) < 1e-4);
        assert_true(fabs((double)bf_optim_clip(o, 0.25f, pool) - norm) < 1e-4);
        for (i = 0; i < WEIGHTS; i++)
            for (j = 0; j < p->list[i].n; j++) {
                double was = (double)nn_random(&again), is = (double)bf_params_grad(p, i)[j];

                assert_true(i == WEIGHTS - 1 || fabs(is - was * 0.25 / norm) < 1e-7);
            }
        bf_pool_free(&pool);
    }
    bf_optim_free(&o);
    bf_params_free(&p);
}

static void schedules(void **state)
{
    static const struct {
        uint64_t step;
        float cosine, linear;
    } wanted[] = {
        {0, 0.25f, 0.25f},   {3, 1, 1},          {4, 1, 1},
        {9, 0.625f, 0.625f}, {14, 0.25f, 0.25f}, {99, 0.25f, 0.25f},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(fabsf(bf_schedule_cosine(wanted[i].step, 4, 14, 1, 0.25f) - wanted[i].cosine) <
                    1e-6f);
        assert_true(fabsf(bf_schedule_linear(wanted[i].step, 4, 14, 1, 0.25f) - wanted[i].linear) <
                    1e-6f);
    }
}

static void taken_further(void **state)
{
    uint64_t s[BF_SCHEDULE_N] = {0};

    (void)state;
    bf_schedule_begin(s, 0, 100, 10);
    assert_true(bf_schedule_lead(s, 0, 4) == 1 && bf_schedule_lead(s, 99, 4) == 1);
    /* stopped and taken up again; for fewer steps than before; while it still warms up */
    bf_schedule_begin(s, 50, 100, 10);
    bf_schedule_begin(s, 60, 80, 10);
    assert_true(bf_schedule_lead(s, 61, 4) == 1);
    bf_schedule_begin(s, 5, 90, 10);
    assert_true(bf_schedule_lead(s, 5, 4) == 1);
    /* at its end, for more */
    bf_schedule_begin(s, 90, 200, 10);
    assert_true(fabsf(bf_schedule_lead(s, 90, 4) - 0.25f) < 1e-6f);
    assert_true(fabsf(bf_schedule_lead(s, 92, 4) - 0.75f) < 1e-6f);
    assert_true(bf_schedule_lead(s, 94, 4) == 1);
    /* stopped meanwhile: it goes on as if it had not been */
    bf_schedule_begin(s, 92, 200, 10);
    assert_true(fabsf(bf_schedule_lead(s, 92, 4) - 0.75f) < 1e-6f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_their_twins),
        cmocka_unit_test(clips_as_its_twin),
        cmocka_unit_test(schedules),
        cmocka_unit_test(keeps_a_mean),
        cmocka_unit_test(taken_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
