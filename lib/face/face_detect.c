#include "lib/face/face_detect.h"
#include "lib/face/face_box.h"
#include "lib/nn/graph.h"

#include <math.h>
#include <stdlib.h>

enum {
    SIDE = 256,
    VALUES = 16,
    PATH = 4096,
};

#define SMALLEST_SEEN 18.0f /* pixels of the network's input */
#define OVERLAP 1.6f        /* of the smallest face that the next coarser level sees */
#define MERGE 0.3f
#define WITHIN 0.7f

struct bf_face_detector {
    struct bf_graph *graph;
    float *input;
    struct bf_blazeface_answer answer;
};

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* One of the two grids: n x n cells, each with so many anchors in its middle. */
static size_t decode_grid(struct bf_face_found *out, size_t max, const float *scores,
                          const float *boxes, int n, int anchors, float logit)
{
    float stride = (float)SIDE / (float)n;
    size_t found = 0;
    int i, k;

    for (i = 0; i < n * n * anchors; i++) {
        const float *b = boxes + i * VALUES;
        int cell = i / anchors, row = cell / n, column = cell % n;
        float x = ((float)column + 0.5f) * stride, y = ((float)row + 0.5f) * stride;
        struct bf_face_found *f = &out[found];

        if (!(scores[i] >= logit))
            continue;
        if (found == max)
            break;
        if (!(b[2] > 0) || !(b[3] > 0))
            continue;
        f->score = sigmoid(scores[i]);
        f->box = (struct bf_face_box){x + b[0] - b[2] / 2, y + b[1] - b[3] / 2, x + b[0] + b[2] / 2,
                                      y + b[1] + b[3] / 2};
        for (k = 0; k < BF_FOUND_POINTS; k++)
            f->point[k] = (struct bf_point2){x + b[4 + 2 * k], y + b[5 + 2 * k]};
        found++;
    }
    return found;
}

size_t bf_blazeface_decode(struct bf_face_found *out, size_t max,
                           const struct bf_blazeface_answer *answer, float score)
{
    float logit = -logf(1 / score - 1);
    size_t n = decode_grid(out, max, answer->score16, answer->box16, 16, 2, logit);

    return n + decode_grid(out + n, max - n, answer->score8, answer->box8, 8, 6, logit);
}

static int by_score(const void *a, const void *b)
{
    float x = ((const struct bf_face_found *)a)->score,
          y = ((const struct bf_face_found *)b)->score;

    return x < y ? 1 : x > y ? -1 : 0;
}

static void add_weighted(struct bf_face_found *sum, const struct bf_face_found *f)
{
    int k;

    sum->box.left += f->score * f->box.left;
    sum->box.top += f->score * f->box.top;
    sum->box.right += f->score * f->box.right;
    sum->box.bottom += f->score * f->box.bottom;
    for (k = 0; k < BF_FOUND_POINTS; k++) {
        sum->point[k].x += f->score * f->point[k].x;
        sum->point[k].y += f->score * f->point[k].y;
    }
    sum->score += f->score;
}

size_t bf_face_found_merge(struct bf_face_found *found, size_t n)
{
    size_t left = 0, i, k;

    qsort(found, n, sizeof *found, by_score);
    for (i = 0; i < n; i++) {
        struct bf_face_found best = found[i], sum = {0};

        if (best.score < 0)
            continue;
        for (k = i; k < n; k++) {
            /* A larger tile's box is no better for being one of many: sizes must be near. */
            if (found[k].score < 0 || !bf_face_box_same(&best.box, &found[k].box, MERGE, WITHIN))
                continue;
            if (bf_face_box_area(&found[k].box) < 2 * bf_face_box_area(&best.box) &&
                bf_face_box_area(&best.box) < 2 * bf_face_box_area(&found[k].box))
                add_weighted(&sum, &found[k]);
            found[k].score = -1;
        }
        sum.box.left /= sum.score;
        sum.box.top /= sum.score;
        sum.box.right /= sum.score;
        sum.box.bottom /= sum.score;
        for (k = 0; k < BF_FOUND_POINTS; k++) {
            sum.point[k].x /= sum.score;
            sum.point[k].y /= sum.score;
        }
        sum.score = best.score;
        found[left++] = sum;
    }
    return left;
}

/* Tiles of one side along a length, overlapping by at least so much. */
static unsigned along(float length, float side, float overlap)
{
    return length <= side ? 1 : 1 + (unsigned)ceilf((length - side) / (side - overlap));
}

static size_t plan(struct bf_face_tile *tile, float width, float height, float smallest)
{
    float longest = width > height ? width : height, seen = longest * SMALLEST_SEEN / SIDE;
    size_t n = 1;

    tile[0] = (struct bf_face_tile){width / 2, height / 2, longest};
    while (seen > smallest * 1.05f) {
        /* Each level sees faces half as large as the one before, or as small as is asked for. */
        float next = seen / 2 > smallest ? seen / 2 : smallest, side = next * SIDE / SMALLEST_SEEN,
              overlap = fminf(OVERLAP * seen, side / 2);
        unsigned nx = along(width, side, overlap), ny = along(height, side, overlap), x, y;

        for (y = 0; y < ny; y++)
            for (x = 0; x < nx; x++) {
                float fx = nx > 1 ? (float)x / (float)(nx - 1) : 0.5f,
                      fy = ny > 1 ? (float)y / (float)(ny - 1) : 0.5f;

                if (n == BF_TILES_MAX)
                    return n + 1;
                tile[n++] = (struct bf_face_tile){
                    nx > 1 ? side / 2 + fx * (width - side) : width / 2,
                    ny > 1 ? side / 2 + fy * (height - side) : height / 2, side};
            }
        seen = next;
    }
    return n;
}

size_t bf_face_tiles_plan(struct bf_face_tile tile[BF_TILES_MAX], float width, float height,
                          float smallest)
{
    size_t n;

    while ((n = plan(tile, width, height, smallest)) > BF_TILES_MAX)
        smallest *= 1.25f;
    return n;
}

enum bf_err bf_face_detector_open(struct bf_face_detector **out, const char *models,
                                  struct bf_pool *pool, struct bf_error *err)
{
    static const char *const wanted[] = {"Identity", "Identity_1", "Identity_2", "Identity_3",
                                         NULL};
    static const size_t lengths[] = {512, 384, 512 * VALUES, 384 * VALUES};
    struct bf_face_detector *d = calloc(1, sizeof *d);
    const float *answer[4] = {NULL};
    char path[PATH];
    enum bf_err rc;
    int i;

    *out = NULL;
    if (d == NULL)
        return bf_error_nomem(err);
    snprintf(path, sizeof path, "%s/blazeface.json", models);
    rc = bf_graph_open(&d->graph, path, 1, wanted, pool, err);
    for (i = 0; rc == BF_OK && i < 4; i++) {
        const struct bf_graph_io *io = bf_graph_output(d->graph, i);

        if (io->len != lengths[i] || bf_graph_n_inputs(d->graph) != 1 ||
            bf_graph_input(d->graph, 0)->len != SIDE * SIDE * 3)
            rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is not the BlazeFace of 256 pixels", path);
        answer[i] = io->data;
    }
    if (rc == BF_OK) {
        d->input = bf_graph_input(d->graph, 0)->data;
        d->answer = (struct bf_blazeface_answer){answer[0], answer[1], answer[2], answer[3]};
        *out = d;
    } else {
        bf_face_detector_close(&d);
    }
    return rc;
}

void bf_face_detector_close(struct bf_face_detector **d)
{
    if (*d == NULL)
        return;
    bf_graph_close(&(*d)->graph);
    free(*d);
    *d = NULL;
}

/* Whether an edge of the tile that is not the picture's touches the face. */
static bool is_cut(const struct bf_face_box *b, const struct bf_face_tile *t, float width,
                   float height)
{
    float l = t->x - t->side / 2, u = t->y - t->side / 2, r = l + t->side, d = u + t->side,
          slack = 0.05f * (b->right - b->left);

    return (l > 1 && b->left < l + slack) || (u > 1 && b->top < u + slack) ||
           (r < width - 1 && b->right > r - slack) || (d < height - 1 && b->bottom > d - slack);
}

enum bf_err bf_face_detector_run(struct bf_face_found *found, size_t *n, struct bf_face_detector *d,
                                 struct bf_face_view *v, const struct bf_face_tile *tile,
                                 float score, struct bf_error *err)
{
    const struct bf_affine a = bf_affine_square(tile->x, tile->y, tile->side, 0, SIDE);
    float width, height;
    size_t first = *n, last, i;
    int k;
    enum bf_err rc =
        bf_face_view_cut(d->input, v, SIDE, &a, BF_FACE_EDGE_BLACK, 1 / 127.5f, -1, err);

    if (rc != BF_OK)
        return rc;
    bf_graph_run(d->graph);
    last = first + bf_blazeface_decode(found + first, BF_FOUND_MAX - first, &d->answer, score);
    bf_face_view_size(v, &width, &height);
    for (i = first; i < last; i++) {
        struct bf_face_found f = found[i];
        struct bf_point2 p = bf_affine_apply(&a, f.box.left, f.box.top),
                         q = bf_affine_apply(&a, f.box.right, f.box.bottom);

        f.box = (struct bf_face_box){p.x, p.y, q.x, q.y};
        for (k = 0; k < BF_FOUND_POINTS; k++)
            f.point[k] = bf_affine_apply(&a, f.point[k].x, f.point[k].y);
        if (!is_cut(&f.box, tile, width, height))
            found[(*n)++] = f;
    }
    return BF_OK;
}
