#include "detector/score_nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_CAP = 4096, CELLS = BF_SCORE_MAP * BF_SCORE_MAP };

#define ARTIFACT_FILE "artifact.safetensors"
#define MESO_FILE "meso4.safetensors"
#define TEMPORAL_FILE "temporal.safetensors"

static const char *in_dir(char path[PATH_CAP], const char *dir, const char *name)
{
    snprintf(path, PATH_CAP, "%s/%s", dir, name);
    return path;
}

static bool is_there(const char *dir, const char *name)
{
    char path[PATH_CAP];

    return access(in_dir(path, dir, name), F_OK) == 0;
}

static enum bf_err open_net(struct bf_params **params, struct bf_artifact_net *net, const char *dir,
                            bool meso, struct bf_pool *pool, struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc = bf_params_create(params, err);

    if (rc == BF_OK)
        rc = meso ? bf_meso_net_create(net, *params, err)
                  : bf_artifact_net_create(net, *params, err);
    if (rc == BF_OK)
        rc = bf_params_allocate(*params, false, 1, err);
    if (rc == BF_OK)
        rc = bf_net_plan(net->net, BF_SCORE_SWEEP, 0, pool, err);
    in_dir(path, dir, meso ? MESO_FILE : ARTIFACT_FILE);
    return rc == BF_OK
               ? bf_weights_load(*params, path, meso ? &bf_meso_kind : &bf_artifact_kind, err)
               : rc;
}

static enum bf_err open_temporal(struct bf_score_nets *n, const char *dir, struct bf_pool *pool,
                                 struct bf_error *err)
{
    char path[PATH_CAP];
    enum bf_err rc = bf_params_create(&n->temporal_params, err);

    if (rc == BF_OK)
        rc = bf_temporal_net_create(&n->temporal, n->temporal_params, err);
    if (rc == BF_OK)
        rc = bf_params_allocate(n->temporal_params, false, 1, err);
    if (rc == BF_OK)
        rc = bf_net_plan(n->temporal.net, 1, 0, pool, err);
    return rc == BF_OK ? bf_weights_load(n->temporal_params, in_dir(path, dir, TEMPORAL_FILE),
                                         &bf_temporal_kind, err)
                       : rc;
}

enum bf_err bf_score_nets_open(struct bf_score_nets *n, const char *dir, bool baseline,
                               struct bf_pool *pool, struct bf_error *err)
{
    enum bf_err rc = open_net(&n->artifact_params, &n->artifact, dir, false, pool, err);

    n->window = malloc(BF_SCORE_SWEEP * BF_CHIP_WINDOW_FLOATS * sizeof *n->window);
    if (rc == BF_OK && n->window == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK && baseline && is_there(dir, MESO_FILE))
        rc = open_net(&n->baseline_params, &n->baseline, dir, true, pool, err);
    /* Without its weights the cue is missing, and the rest stands. */
    if (rc == BF_OK && is_there(dir, TEMPORAL_FILE))
        rc = open_temporal(n, dir, pool, err);
    return rc;
}

void bf_score_nets_close(struct bf_score_nets *n)
{
    bf_artifact_net_free(&n->artifact);
    bf_artifact_net_free(&n->baseline);
    bf_temporal_net_free(&n->temporal);
    bf_params_free(&n->artifact_params);
    bf_params_free(&n->baseline_params);
    bf_params_free(&n->temporal_params);
    free(n->window);
    memset(n, 0, sizeof *n);
}

/* The windows into a network, as they are or mirrored. */
static void fill(const struct bf_score_nets *n, const struct bf_artifact_net *net, size_t n_windows,
                 bool mirrored)
{
    float *in = bf_artifact_net_window(net, 0);
    const size_t side = BF_CHIP_WINDOW;
    size_t i, x;

    if (!mirrored)
        memcpy(in, n->window, n_windows * BF_CHIP_WINDOW_FLOATS * sizeof *in);
    for (i = 0; mirrored && i < n_windows * side; i++)
        for (x = 0; x < side; x++)
            memcpy(in + 3 * (i * side + x), n->window + 3 * (i * side + side - 1 - x),
                   3 * sizeof *in);
    for (i = 0; i < n_windows; i++)
        bf_artifact_net_show(net, i);
}

static void add_half(struct bf_track_look *look, float logit, const float *map, bool mirrored)
{
    const size_t side = BF_SCORE_MAP;
    size_t x, y;

    look->frame.logit += logit / 2;
    for (y = 0; y < side; y++)
        for (x = 0; x < side; x++)
            look->map[y * side + x] += map[y * side + (mirrored ? side - 1 - x : x)] / 2;
}

void bf_score_nets_look(struct bf_track_look *look, struct bf_score_nets *n, size_t n_windows)
{
    size_t i;
    int turn;

    for (i = 0; i < n_windows; i++) {
        memset(look[i].map, 0, sizeof look[i].map);
        look[i].frame.logit = 0;
        look[i].baseline = NAN;
    }
    if (n->baseline.net != NULL) {
        fill(n, &n->baseline, n_windows, false);
        bf_net_forward(n->baseline.net);
        for (i = 0; i < n_windows; i++)
            look[i].baseline = bf_net_value(n->baseline.net, n->baseline.logit)[i];
    }
    for (turn = 0; turn < 2; turn++) {
        fill(n, &n->artifact, n_windows, turn == 1);
        bf_net_forward(n->artifact.net);
        for (i = 0; i < n_windows; i++)
            add_half(&look[i], bf_net_value(n->artifact.net, n->artifact.logit)[i],
                     bf_net_value(n->artifact.net, n->artifact.map) + i * CELLS, turn == 1);
    }
}

float bf_score_nets_block(struct bf_score_nets *n, const float *points)
{
    bf_temporal_show(&n->temporal, 0, points);
    bf_net_forward(n->temporal.net);
    return bf_temporal_logit(&n->temporal, 0);
}
