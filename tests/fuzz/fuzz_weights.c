/*
 * Weights and interrupted training: a file that is taken gives every weight a number, and what was
 * read is written and read again the same; a file that is refused leaves all as it was.
 */
#include "tests/fuzz/folder.h"

#include <math.h>

#include "lib/base/file.h"
#include "lib/nn/weights.h"

enum { RANDOM = 2 };

static const struct bf_weights_kind kind = {"fuzzed", "1"};

struct run {
    struct bf_params *params;
    struct bf_optim *optim;
    uint64_t random[RANDOM];
};

static void make(struct run *r)
{
    const struct bf_optim_config adam = {BF_OPTIM_ADAM, 0.9f, 0.999f, 1e-8f, 0};
    const size_t shape[] = {2, 3}, bias[] = {3};
    size_t index;

    memset(r, 0, sizeof *r);
    MUST(bf_params_create(&r->params, NULL) == BF_OK);
    MUST(bf_params_declare(&index, r->params, "dense.weight", shape, 2, BF_PARAM_HE, 2, true,
                           NULL) == BF_OK);
    MUST(bf_params_declare(&index, r->params, "dense.bias", bias, 1, BF_PARAM_ZERO, 1, true,
                           NULL) == BF_OK);
    MUST(bf_params_declare(&index, r->params, "norm.mean", bias, 1, BF_PARAM_ZERO, 1, false,
                           NULL) == BF_OK);
    MUST(bf_params_allocate(r->params, true, 1, NULL) == BF_OK);
    MUST(bf_optim_create(&r->optim, r->params, &adam, NULL) == BF_OK);
}

static void unmake(struct run *r)
{
    bf_optim_free(&r->optim);
    bf_params_free(&r->params);
}

static void check_values(const struct bf_params *p)
{
    size_t i, k;

    for (i = 0; i < p->n; i++)
        for (k = 0; k < p->list[i].n; k++)
            MUST(isfinite(bf_params_value(p, i)[k]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_path in = fuzz_put("in", data, size), once = fuzz_path("once"),
                     twice = fuzz_path("twice");
    struct bf_error err = {0};
    struct run r;

    make(&r);
    if (bf_weights_load(r.params, in.text, &kind, &err) != BF_OK)
        MUST(err.text[0] != '\0');
    check_values(r.params);
    if (bf_weights_load_training(r.optim, r.random, RANDOM, in.text, &kind, &err) == BF_OK) {
        check_values(r.params);
        MUST(bf_weights_save_training(once.text, BF_OUTPUT_FORCE, r.optim, r.random, RANDOM, &kind,
                                      &err) == BF_OK);
        MUST(bf_weights_load_training(r.optim, r.random, RANDOM, once.text, &kind, &err) == BF_OK);
        MUST(bf_weights_save_training(twice.text, BF_OUTPUT_FORCE, r.optim, r.random, RANDOM, &kind,
                                      &err) == BF_OK);
        MUST(fuzz_same(once.text, twice.text));
    } else {
        MUST(r.optim->step == 0 && r.random[0] == 0);
    }
    unmake(&r);
    return 0;
}
