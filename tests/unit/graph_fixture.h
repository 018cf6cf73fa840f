/*
 * graph_fixture.h - small graph models written by hand: their JSON and their weights, in memory
 */
#ifndef BF_GRAPH_FIXTURE_H
#define BF_GRAPH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"
#include "lib/nn/graph.h"

struct net {
    struct bf_buf nodes, manifest, bin, outputs, json;
    uint32_t seed;
};

static inline void net_release(struct net *n)
{
    bf_buf_release(&n->nodes);
    bf_buf_release(&n->manifest);
    bf_buf_release(&n->bin);
    bf_buf_release(&n->outputs);
    bf_buf_release(&n->json);
    *n = (struct net){0};
}

/* Between -1 and 1 */
static inline float net_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

static inline void net_text(struct bf_buf *b, const char *text)
{
    bf_buf_append(b, text, strlen(text));
}

/* inputs and attributes as JSON: "\"a\", \"b\"" and "\"strides\": ..." */
static inline void net_node(struct net *n, const char *name, const char *op, const char *inputs,
                            const char *attributes)
{
    bf_buf_printf(&n->nodes, "%s{\"name\":\"%s\",\"op\":\"%s\",\"input\":[%s],\"attr\":{%s}}",
                  n->nodes.len ? "," : "", name, op, inputs, attributes);
}

static inline void net_output(struct net *n, const char *name)
{
    bf_buf_printf(&n->outputs, "%s\"%s:0\":{\"name\":\"%s:0\"}", n->outputs.len ? "," : "", name,
                  name);
}

static inline void net_manifest(struct net *n, const char *name, const char *shape,
                                const char *type, const char *more)
{
    bf_buf_printf(&n->manifest, "%s{\"name\":\"%s\",\"shape\":[%s],\"dtype\":\"%s\"%s}",
                  n->manifest.len ? "," : "", name, shape, type, more);
    net_node(n, name, "Const", "", "");
}

static inline void net_floats(struct net *n, const char *name, const char *shape, const float *v,
                              size_t count)
{
    net_manifest(n, name, shape, "float32", "");
    bf_buf_append(&n->bin, v, count * sizeof *v);
}

static inline void net_ints(struct net *n, const char *name, const char *shape, const int32_t *v,
                            size_t count)
{
    net_manifest(n, name, shape, "int32", "");
    bf_buf_append(&n->bin, v, count * sizeof *v);
}

/* Random weights; they are left in v too where it is not NULL. */
static inline void net_weights(struct net *n, const char *name, const char *shape, float *v,
                               size_t count)
{
    float *w = v ? v : malloc(count * sizeof *w);
    size_t i;

    assert_non_null(w);
    for (i = 0; i < count; i++)
        w[i] = net_random(&n->seed);
    net_floats(n, name, shape, w, count);
    if (v == NULL)
        free(w);
}

/* An input "x" of the shape h, w, c; -1 for the batch */
static inline void net_input(struct net *n, int h, int w, int c)
{
    struct bf_buf b = {0};

    bf_buf_printf(&b,
                  "\"dtype\":{\"type\":\"DT_FLOAT\"},\"shape\":{\"shape\":{\"dim\":[{\"size\":"
                  "\"-1\"},{\"size\":\"%d\"},{\"size\":\"%d\"},{\"size\":%d}]}}",
                  h, w, c);
    bf_buf_put_u8(&b, 0);
    net_node(n, "x", "Placeholder", "", (const char *)b.data);
    bf_buf_release(&b);
}

/* Of a convolution or a pooling: strides, and SAME or VALID; window is of a pooling. */
static inline const char *net_sliding(char out[512], int stride, const char *padding,
                                      const char *more)
{
    char base64[64];

    bf_base64_format(base64, (const uint8_t *)padding, strlen(padding));
    snprintf(out, 512,
             "\"strides\":{\"list\":{\"i\":[\"1\",\"%d\",\"%d\",\"1\"]}},\"padding\":{\"s\":\"%s\"}"
             "%s%s",
             stride, stride, base64, *more ? "," : "", more);
    return out;
}

static inline void net_finish(struct net *n)
{
    n->json.len = 0;
    net_text(&n->json, "{\"format\":\"graph-model\",\"signature\":{\"inputs\":{\"x\":{\"name\":"
                       "\"x:0\"}},\"outputs\":{");
    bf_buf_append(&n->json, n->outputs.data, n->outputs.len);
    net_text(&n->json, "}},\"modelTopology\":{\"node\":[");
    bf_buf_append(&n->json, n->nodes.data, n->nodes.len);
    net_text(&n->json, "]},\"weightsManifest\":[{\"paths\":[\"w.bin\"],\"weights\":[");
    bf_buf_append(&n->json, n->manifest.data, n->manifest.len);
    net_text(&n->json, "]}]}");
    assert_false(n->json.failed || n->bin.failed || n->nodes.failed);
}

static inline enum bf_err net_open(struct bf_graph **g, struct net *n, int batch,
                                   const char *const *wanted, struct bf_pool *pool,
                                   struct bf_error *err)
{
    net_finish(n);
    return bf_graph_parse(g, "net", n->json.data, n->json.len, n->bin.data, n->bin.len, batch,
                          wanted, pool, err);
}

static inline void assert_opens(struct bf_graph **g, struct net *n, int batch,
                                const char *const *wanted, struct bf_pool *pool)
{
    struct bf_error err;

    if (net_open(g, n, batch, wanted, pool, &err) != BF_OK)
        fail_msg("%s", err.text);
}

/* The graph must be refused, and for this reason. */
static inline void assert_refused(struct net *n, enum bf_err code, const char *why)
{
    struct bf_graph *g;
    struct bf_error err;
    enum bf_err rc = net_open(&g, n, 1, NULL, NULL, &err);

    if (rc != code || strstr(err.text, why) == NULL || strchr(err.text, '\n') != NULL)
        fail_msg("wanted \"%s\": %d %s", why, (int)rc, rc ? err.text : "accepted");
    assert_null(g);
    net_release(n);
}

static inline void assert_near(const float *a, const float *b, size_t n, float within)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= within * fmaxf(1, fabsf(b[i]))))
            fail_msg("element %zu of %zu: %g, not %g", i, n, (double)a[i], (double)b[i]);
}

#endif
