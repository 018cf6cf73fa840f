/*
 * pool.h - a few threads that share out numbered pieces of work and sleep in between
 *
 * A thread with nothing to do spins for some tenths of a millisecond before it sleeps: one step of
 * training is some two hundred rounds, and to wake a thread for each costs more than the short ones
 * take. It spins no longer, because others use the machine too. Which thread runs which piece is
 * left to chance, so a piece must write only what is its own, and nothing may depend on the order
 * of pieces.
 */
#ifndef BF_POOL_H
#define BF_POOL_H

#include <stddef.h>

#include "lib/base/error.h"

/* More threads than that are a mistake. */
#define BF_POOL_THREADS_MAX 256

struct bf_pool;

/*
 * n_threads counts the caller of bf_pool_run, so that 1 starts no thread. 0 or more than
 * BF_POOL_THREADS_MAX is BF_ERR_USAGE; where the system gives no thread it is BF_ERR_IO. Free with
 * bf_pool_free.
 */
enum bf_err bf_pool_create(struct bf_pool **pool, size_t n_threads, struct bf_error *err);
void bf_pool_free(struct bf_pool **pool);

/* How many threads may be at work at one time; 1 where pool is NULL. */
size_t bf_pool_threads(const struct bf_pool *pool);

/* Piece i of the work; thread is below bf_pool_threads and is held by one piece at a time, so that
 * it can number scratch memory. */
typedef void bf_pool_fn(void *arg, size_t i, size_t thread);

/*
 * Runs fn(arg, i, thread) for every i below n and returns when all are done. A NULL pool runs them
 * in the caller, in order. One call at a time for a pool: fn must not run anything on the same
 * pool, and two threads must not share one.
 */
void bf_pool_run(struct bf_pool *pool, bf_pool_fn *fn, void *arg, size_t n);

#endif
