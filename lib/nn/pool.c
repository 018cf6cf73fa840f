#include "lib/nn/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Looks at what is waited for before a thread lies down: some tenths of a millisecond. */
#define SPINS 10000
/* Every so often it lets somebody else on its processor: perhaps that is who it waits for. */
#define SPINS_A_YIELD 250

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

struct worker {
    struct bf_pool *pool;
    pthread_t id;
    size_t index; /* 1 and up: 0 is the caller */
};

struct bf_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a round has begun, or the end has come */
    pthread_cond_t done; /* the last worker has left the round */
    bf_pool_fn *fn;
    void *arg;
    size_t n, next; /* pieces of this round; the next one to be taken */
    /* Changed with the lock held alone, and looked at without it by threads that spin */
    atomic_ulong round;
    atomic_size_t busy; /* workers inside the round */
    atomic_bool ending;
    size_t n_threads;
    struct worker workers[];
};

/* Takes pieces until none is left. Pieces are coarse, so one lock a piece costs nothing that can be
 * seen. Called and left with the lock held. */
static void take_pieces(struct bf_pool *p, size_t thread)
{
    while (p->next < p->n) {
        size_t i = p->next++;

        pthread_mutex_unlock(&p->lock);
        p->fn(p->arg, i, thread);
        pthread_mutex_lock(&p->lock);
    }
}

static bool round_begun(struct bf_pool *p, unsigned long seen)
{
    return atomic_load_explicit(&p->round, memory_order_relaxed) != seen ||
           atomic_load_explicit(&p->ending, memory_order_relaxed);
}

static bool round_over(struct bf_pool *p, unsigned long seen)
{
    (void)seen;
    return atomic_load_explicit(&p->busy, memory_order_relaxed) == 0;
}

/* Takes the lock: for a while only once what the caller waits for seems to be there, then anyway.
 */
static void lock_when(struct bf_pool *p, bool (*there)(struct bf_pool *, unsigned long),
                      unsigned long seen)
{
    int i;

    for (i = 1; i <= SPINS; i++) {
        if (there(p, seen) && pthread_mutex_trylock(&p->lock) == 0)
            return;
        if (i % SPINS_A_YIELD == 0)
            sched_yield();
        else
            PAUSE();
    }
    pthread_mutex_lock(&p->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct bf_pool *p = w->pool;
    unsigned long seen = 0;

    for (;;) {
        lock_when(p, round_begun, seen);
        while (!round_begun(p, seen))
            pthread_cond_wait(&p->work, &p->lock);
        if (p->ending)
            break;
        seen = p->round;
        p->busy++;
        take_pieces(p, w->index);
        if (--p->busy == 0)
            pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum bf_err bf_pool_create(struct bf_pool **pool, size_t n_threads, struct bf_error *err)
{
    struct bf_pool *p;
    size_t i;
    int rc;

    *pool = NULL;
    if (n_threads == 0 || n_threads > BF_POOL_THREADS_MAX)
        return bf_error_set(err, BF_ERR_USAGE, "cannot work with %zu threads: 1 to %d", n_threads,
                            BF_POOL_THREADS_MAX);
    p = calloc(1, sizeof *p + n_threads * sizeof p->workers[0]);
    if (p == NULL)
        return bf_error_nomem(err);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    p->n_threads = 1;
    for (i = 1; i < n_threads; i++) {
        struct worker *w = &p->workers[i];

        w->pool = p;
        w->index = i;
        rc = pthread_create(&w->id, NULL, work, w);
        if (rc != 0) {
            bf_pool_free(&p);
            errno = rc;
            return bf_error_errno(err, "cannot start a thread");
        }
        p->n_threads = i + 1;
    }
    *pool = p;
    return BF_OK;
}

void bf_pool_free(struct bf_pool **pool)
{
    struct bf_pool *p = *pool;
    size_t i;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (i = 1; i < p->n_threads; i++)
        pthread_join(p->workers[i].id, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *pool = NULL;
}

size_t bf_pool_threads(const struct bf_pool *pool)
{
    return pool == NULL ? 1 : pool->n_threads;
}

void bf_pool_run(struct bf_pool *pool, bf_pool_fn *fn, void *arg, size_t n)
{
    size_t i;

    if (pool == NULL || pool->n_threads == 1 || n <= 1) {
        for (i = 0; i < n; i++)
            fn(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->fn = fn;
    pool->arg = arg;
    pool->n = n;
    pool->next = 0;
    pool->round++;
    pthread_cond_broadcast(&pool->work);
    take_pieces(pool, 0);
    pthread_mutex_unlock(&pool->lock);
    lock_when(pool, round_over, 0);
    /* A worker that wakes late finds no piece, and the round is over without it. */
    while (!round_over(pool, 0))
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
