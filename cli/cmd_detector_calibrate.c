#include "cli/commands.h"
#include "cli/common.h"
#include "cli/cue_table.h"
#include "cli/swap_args.h"
#include "lib/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A video whose face is smaller than what is ever judged teaches nothing of the rest. */
#define SMALLEST 48

struct calibrate_opts {
    const char *weights, *use, *seed, *penalty, *alarms, *misses;
};

static const struct bf_opt options[] = {
    {'w', "weights", BF_OPT_TEXT, "DIR", offsetof(struct calibrate_opts, weights),
     "the folder that calibration.json is written to (required)"},
    {0, "use", BF_OPT_TEXT, "CUES", offsetof(struct calibrate_opts, use),
     "the cues that the likelihood is drawn from, with commas (all); -NAME,... all but these"},
    {0, "penalty", BF_OPT_TEXT, "N", offsetof(struct calibrate_opts, penalty),
     "of squared weights, in thousandths (20)"},
    {0, "false-alarms", BF_OPT_TEXT, "N", offsetof(struct calibrate_opts, alarms),
     "of a thousand reals that may be called likely fake (10)"},
    {0, "misses", BF_OPT_TEXT, "N", offsetof(struct calibrate_opts, misses),
     "of a thousand called likely real that may be fake (350)"},
    {0, "seed", BF_OPT_TEXT, "N", offsetof(struct calibrate_opts, seed), "of the draws (1)"},
    {0},
};

/* Of text, "-" alone is all of them. false for a name that is no cue's. */
static bool parse_use(bool use[BF_CUES], const char *text)
{
    const char *name[BF_CUES];
    bool but = text[0] == '-', named[BF_CUES] = {false};
    int i;

    for (i = 0; i < BF_CUES; i++)
        name[i] = bf_cue_kinds[i].name;
    if (strcmp(text, "-") != 0 && !bf_swap_arg_names(named, text + but, name, BF_CUES))
        return false;
    for (i = 0; i < BF_CUES; i++)
        use[i] = named[i] != but;
    return true;
}

static enum bf_err items_of(struct bf_calibration_item **items, size_t *n,
                            const struct bf_cue_table *t, struct bf_error *err)
{
    size_t i;

    *n = 0;
    *items = malloc((t->n + 1) * sizeof **items);
    if (*items == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < t->n; i++) {
        const struct bf_cue_row *r = &t->row[i];
        struct bf_calibration_item *item = &(*items)[*n];

        if (r->size < SMALLEST)
            continue;
        *item = (struct bf_calibration_item){.fake = r->fake, .person = r->person, .weight = 1};
        memcpy(item->cue, r->cue, sizeof item->cue);
        ++*n;
    }
    return BF_OK;
}

static void print_fit(const struct bf_calibration *c)
{
    int i;

    for (i = 0; i < BF_CUES; i++)
        if (c->cue[i].used)
            printf("  %-14s %+.3f  (real: %.3g, deviation %.3g)\n", bf_cue_kinds[i].name,
                   c->weight[0][i], c->cue[i].centre, c->cue[i].spread);
    printf("  likely fake from %.3f on, likely real below %.3f\n", c->fake_above, c->real_below);
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct calibrate_opts *o = opts;
    uint64_t seed = 1, penalty = 20, alarms = 10, misses = 350;
    struct bf_calibration_item *items = NULL;
    struct bf_cue_table table = {0};
    struct bf_calibration c;
    struct bf_buf text = {0};
    struct bf_error err = {0};
    char path[BF_PATH_MAX];
    bool use[BF_CUES];
    enum bf_err rc = BF_OK;
    size_t n;
    int i;

    if (o->weights == NULL)
        return bf_cli_usage(cmd, "'detector calibrate' needs --weights DIR");
    if (!parse_use(use, o->use != NULL ? o->use : "-"))
        return bf_cli_usage(cmd, "--use names a cue that there is not");
    if (!bf_swap_arg_number(&seed, o->seed, 0, INT64_MAX))
        return bf_cli_usage(cmd, "--seed is a number");
    if (!bf_swap_arg_number(&penalty, o->penalty, 1, 1000000))
        return bf_cli_usage(cmd, "--penalty is a number from 1 to 1000000");
    if (!bf_swap_arg_number(&alarms, o->alarms, 0, 500))
        return bf_cli_usage(cmd, "--false-alarms is a number from 0 to 500");
    if (!bf_swap_arg_number(&misses, o->misses, 0, 500))
        return bf_cli_usage(cmd, "--misses is a number from 0 to 500");
    for (i = 0; i < n_args && rc == BF_OK; i++)
        rc = bf_cue_table_read(&table, args[i], &err);
    if (rc == BF_OK)
        rc = items_of(&items, &n, &table, &err);
    if (rc == BF_OK)
        rc = bf_calibration_fit(&c, items, n, use, (double)penalty * 1e-3, (double)alarms * 1e-3,
                                (double)misses * 1e-3, seed, &err);
    if (rc == BF_OK)
        rc = bf_calibration_encode(&text, &c, &err);
    snprintf(path, sizeof path, "%s/calibration.json", o->weights);
    if (rc == BF_OK)
        rc = bf_file_write(path, BF_OUTPUT_FORCE, &text, &err);
    if (rc == BF_OK) {
        printf("calibrated on %zu videos\n", n);
        print_fit(&c);
    }
    bf_buf_release(&text);
    bf_cue_table_release(&table);
    free(items);
    return rc == BF_OK ? BF_EXIT_YES : bf_cli_fail(&err);
}

const struct bf_command bf_cmd_detector_calibrate = {
    .name = "detector calibrate",
    .args = "CUES...",
    .summary = "fit the likelihood on measured cues of people whom no network was trained on",
    .opts = options,
    .opts_size = sizeof(struct calibrate_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
