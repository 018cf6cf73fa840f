#include "lib/face/face_identity.h"
#include "lib/nn/graph.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 224, PATH = 4096 };

struct bf_face_identity {
    struct bf_graph *graph;
};

enum bf_err bf_face_identity_open(struct bf_face_identity **out, const char *models,
                                  struct bf_pool *pool, struct bf_error *err)
{
    static const char *const wanted[] = {"global_pooling/Mean", NULL};
    struct bf_face_identity *f = calloc(1, sizeof *f);
    char path[PATH];
    enum bf_err rc;

    *out = NULL;
    if (f == NULL)
        return bf_error_nomem(err);
    snprintf(path, sizeof path, "%s/faceres.json", models);
    rc = bf_graph_open(&f->graph, path, 1, wanted, pool, err);
    if (rc == BF_OK && (bf_graph_n_inputs(f->graph) != 1 ||
                        bf_graph_input(f->graph, 0)->len != (size_t)SIDE * SIDE * 3 ||
                        bf_graph_output(f->graph, 0)->len != BF_IDENTITY_DIM))
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is not the network of that name", path);
    if (rc == BF_OK)
        *out = f;
    else
        bf_face_identity_close(&f);
    return rc;
}

void bf_face_identity_close(struct bf_face_identity **f)
{
    if (*f == NULL)
        return;
    bf_graph_close(&(*f)->graph);
    free(*f);
    *f = NULL;
}

enum bf_err bf_face_identity_run(float *out, struct bf_face_identity *f, struct bf_face_view *v,
                                 const struct bf_point3 *mesh, struct bf_error *err)
{
    const struct bf_face_crop crop = bf_face_crop_of_mesh(mesh);
    const struct bf_affine a = bf_affine_square(crop.x, crop.y, crop.side, crop.angle, SIDE);
    enum bf_err rc = bf_face_view_cut(bf_graph_input(f->graph, 0)->data, v, SIDE, &a,
                                      BF_FACE_EDGE_REPEAT, 1, 0, err);
    const float *p;
    float norm = 0;
    int i;

    if (rc != BF_OK)
        return rc;
    bf_graph_run(f->graph);
    p = bf_graph_output(f->graph, 0)->data;
    for (i = 0; i < BF_IDENTITY_DIM; i++)
        norm += p[i] * p[i];
    norm = norm > 0 ? 1 / sqrtf(norm) : 0;
    for (i = 0; i < BF_IDENTITY_DIM; i++)
        out[i] = p[i] * norm;
    return BF_OK;
}
