/*
 * graph_plan.h - how nodes become steps: what graph_fold.c does for graph_plan.c
 *
 * Nodes are planned in their order. One that only ends what the step before it makes, and whose
 * result nobody else wants, goes into that step's epilogue or weights; any other makes a step.
 * Internal to lib/nn.
 */
#ifndef BF_GRAPH_PLAN_H
#define BF_GRAPH_PLAN_H

#include "lib/nn/graph_nodes.h"

/* What planning knows of each node. */
struct bf_planned {
    int value; /* where its result is; -1 before it has one */
    int uses;
    bool pinned; /* its value is also seen under another name */
};

struct bf_planner {
    struct bf_graph *g;
    struct bf_graph_file *f;
    struct bf_planned *node; /* (n_nodes) */
    int *maker;              /* (n_values): the step that makes a value; -1 for an input */
    struct bf_error *err;
    enum bf_err rc; /* the first failure */
};

struct bf_graph_node *bf_plan_node(const struct bf_planner *p, int v);
/* Notes that memory ran out; NULL. */
float *bf_plan_nomem(struct bf_planner *p);

/* A new value of len elements, made by a step, or by -1, the caller. */
int bf_plan_value(struct bf_planner *p, size_t len, int maker);
/* The value of node v. A padding becomes a step only once somebody wants its result as such. */
int bf_plan_use(struct bf_planner *p, int v);
/* A new step of node v, which reads node x; it makes a value of v's shape. */
struct bf_graph_step *bf_plan_step(struct bf_planner *p, enum bf_graph_kind kind, int v, int x);

/* A constant spread over c channels, times factor; the caller's, NULL where memory ran out. */
float *bf_plan_channels(struct bf_planner *p, const struct bf_graph_node *k, int c, float factor);
/* Adds factor times constant k to what s makes. */
void bf_plan_bias(struct bf_planner *p, struct bf_graph_step *s, const struct bf_graph_node *k,
                  float factor);
/* y = min(max(y, lo), hi), also on top of such bounds. */
void bf_plan_bounds(struct bf_graph_step *s, float lo, float hi);

/* Node v, which bounds x, applies act to it, normalises, or computes with two operands. */
void bf_plan_clamp(struct bf_planner *p, int v, int x, float lo, float hi);
void bf_plan_act(struct bf_planner *p, int v, int x, enum bf_graph_act act);
void bf_plan_batch_norm(struct bf_planner *p, int v);
void bf_plan_binary(struct bf_planner *p, int v);

#endif
