#include "lib/nn/graph_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"

enum bf_err bf_graph_parse(struct bf_graph **g, const char *name, const void *json, size_t json_len,
                           const void *weights, size_t weights_len, int n,
                           const char *const *wanted, struct bf_pool *pool, struct bf_error *err)
{
    struct bf_graph_file f = {.name = name};
    struct bf_graph *new = NULL;
    enum bf_err rc;

    *g = NULL;
    if (n < 1 || n > BF_GRAPH_BATCH_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "cannot run '%s' on %d at a time: 1 to %d", name, n,
                            BF_GRAPH_BATCH_MAX);
    new = calloc(1, sizeof *new);
    if (new == NULL)
        return bf_error_nomem(err);
    new->pool = pool;
    rc = bf_graph_file_parse(&f, json, json_len, weights, weights_len, n, wanted, err);
    if (rc == BF_OK && (rc = bf_graph_infer(&f, err)) == BF_OK &&
        (rc = bf_graph_plan(new, &f, err)) == BF_OK)
        rc = bf_graph_prepare(new, name, err);
    bf_graph_file_release(&f);
    if (rc != BF_OK)
        bf_graph_close(&new);
    *g = new;
    return rc;
}

enum bf_err bf_graph_open(struct bf_graph **g, const char *json_path, int n,
                          const char *const *wanted, struct bf_pool *pool, struct bf_error *err)
{
    struct bf_buf json = {0}, weights = {0};
    enum bf_err rc;

    *g = NULL;
    rc = bf_file_read(&json, json_path, BF_GRAPH_JSON_MAX, err);
    if (rc == BF_OK)
        rc = bf_graph_weights_read(&weights, json_path, json.data, json.len, err);
    if (rc == BF_OK)
        rc = bf_graph_parse(g, json_path, json.data, json.len, weights.data, weights.len, n, wanted,
                            pool, err);
    bf_buf_release(&json);
    bf_buf_release(&weights);
    return rc;
}

void bf_graph_close(struct bf_graph **g)
{
    struct bf_graph *old = *g;
    int i;

    if (old == NULL)
        return;
    for (i = 0; i < old->n_steps; i++) {
        free(old->step[i].w);
        free(old->step[i].packed);
        free(old->step[i].bias);
        free(old->step[i].slope);
    }
    for (i = 0; i < old->n_in; i++)
        free(old->in_name[i]);
    for (i = 0; i < old->n_out; i++)
        free(old->out_name[i]);
    free(old->step);
    free(old->value);
    free(old->arena);
    free(old->scratch);
    free(old);
    *g = NULL;
}

int bf_graph_n_inputs(const struct bf_graph *g)
{
    return g->n_in;
}

int bf_graph_n_outputs(const struct bf_graph *g)
{
    return g->n_out;
}

const struct bf_graph_io *bf_graph_input(const struct bf_graph *g, int i)
{
    return &g->in[i];
}

const struct bf_graph_io *bf_graph_output(const struct bf_graph *g, int i)
{
    return &g->out[i];
}

const struct bf_graph_io *bf_graph_output_named(const struct bf_graph *g, const char *name)
{
    int i;

    for (i = 0; i < g->n_out; i++)
        if (strcmp(g->out[i].name, name) == 0)
            return &g->out[i];
    return NULL;
}
