#include "detector/score_nets.h"
#include "detector/artifact_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_CAP = 4096, CELLS = BF_SCORE_MAP * BF_SCORE_MAP };

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

static enum bf_err open_face(struct bf_score_nets *n, enum bf_face_net kind, const char *dir,
                             struct bf_pool *pool, struct bf_error *err)
{
    return bf_artifact_load_net(&n->face[kind], &n->face_params[kind], kind, dir, BF_SCORE_SWEEP,
                                pool, err);
}

static bool has_face(const char *dir, enum bf_face_net kind)
{
    char name[64];

    snprintf(name, sizeof name, "%s.safetensors", bf_face_net_kinds[kind].name);
    return is_there(dir, name);
}

enum bf_err bf_score_nets_open(struct bf_score_nets *n, const char *dir, bool baseline,
                               struct bf_pool *pool, struct bf_error *err)
{
    enum bf_err rc = open_face(n, BF_FACE_NET_ARTIFACT, dir, pool, err);

    n->window = malloc(BF_SCORE_SWEEP * BF_CHIP_WINDOW_FLOATS * sizeof *n->window);
    if (rc == BF_OK && n->window == NULL)
        rc = bf_error_nomem(err);
    n->n_averaged = 1;
    if (rc == BF_OK && has_face(dir, BF_FACE_NET_BACKBONE)) {
        rc = open_face(n, BF_FACE_NET_BACKBONE, dir, pool, err);
        n->n_averaged++;
    }
    if (rc == BF_OK && baseline && has_face(dir, BF_FACE_NET_MESO))
        rc = open_face(n, BF_FACE_NET_MESO, dir, pool, err);
    /* Without its weights the cue is missing, and the rest stands. */
    if (rc == BF_OK && is_there(dir, TEMPORAL_FILE))
        rc = open_temporal(n, dir, pool, err);
    return rc;
}

void bf_score_nets_close(struct bf_score_nets *n)
{
    int k;

    for (k = 0; k < BF_FACE_NETS; k++) {
        bf_artifact_net_free(&n->face[k]);
        bf_params_free(&n->face_params[k]);
    }
    bf_temporal_net_free(&n->temporal);
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

static void add_part(struct bf_track_look *look, float part, float logit, const float *map,
                     bool mirrored)
{
    const size_t side = BF_SCORE_MAP;
    size_t x, y;

    look->frame.logit += part * logit;
    for (y = 0; y < side; y++)
        for (x = 0; x < side; x++)
            look->map[y * side + x] += part * map[y * side + (mirrored ? side - 1 - x : x)];
}

static void add_network(struct bf_track_look *look, const struct bf_score_nets *n,
                        const struct bf_artifact_net *net, size_t n_windows)
{
    const float part = 0.5f / (float)n->n_averaged;
    size_t i;
    int turn;

    for (turn = 0; turn < 2; turn++) {
        fill(n, net, n_windows, turn == 1);
        bf_net_forward(net->net);
        for (i = 0; i < n_windows; i++)
            add_part(&look[i], part, bf_net_value(net->net, net->logit)[i],
                     bf_net_value(net->net, net->map) + i * CELLS, turn == 1);
    }
}

void bf_score_nets_look(struct bf_track_look *look, struct bf_score_nets *n, size_t n_windows)
{
    const struct bf_artifact_net *baseline = &n->face[BF_FACE_NET_MESO];
    size_t i;

    for (i = 0; i < n_windows; i++) {
        memset(look[i].map, 0, sizeof look[i].map);
        look[i].frame.logit = 0;
        look[i].baseline = NAN;
    }
    if (baseline->net != NULL) {
        fill(n, baseline, n_windows, false);
        bf_net_forward(baseline->net);
        for (i = 0; i < n_windows; i++)
            look[i].baseline = bf_net_value(baseline->net, baseline->logit)[i];
    }
    add_network(look, n, &n->face[BF_FACE_NET_ARTIFACT], n_windows);
    if (n->face[BF_FACE_NET_BACKBONE].net != NULL)
        add_network(look, n, &n->face[BF_FACE_NET_BACKBONE], n_windows);
}

float bf_score_nets_block(struct bf_score_nets *n, const float *points)
{
    bf_temporal_input(bf_net_value(n->temporal.net, n->temporal.in), points);
    bf_net_forward(n->temporal.net);
    return bf_net_value(n->temporal.net, n->temporal.logit)[0];
}
