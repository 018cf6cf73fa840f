#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>

#include "lib/nn/pool.h"

#define PIECES 500

struct work {
    atomic_int done[PIECES];
    atomic_int held[4]; /* a thread's number is held by one piece at a time */
    atomic_int clashes;
};

static void piece(void *arg, size_t i, size_t thread)
{
    struct work *w = arg;

    if (atomic_fetch_add(&w->held[thread], 1) != 0)
        atomic_fetch_add(&w->clashes, 1);
    atomic_fetch_add(&w->done[i], 1);
    atomic_fetch_sub(&w->held[thread], 1);
}

static void every_piece_once(void **state)
{
    struct bf_pool *pool;
    size_t threads, n;
    int round, i;

    (void)state;
    for (threads = 0; threads <= 4; threads++) {
        pool = NULL;
        if (threads > 0)
            assert_int_equal(bf_pool_create(&pool, threads, NULL), BF_OK);
        assert_int_equal(bf_pool_threads(pool), threads > 0 ? threads : 1);
        for (round = 0; round < 200; round++) {
            struct work w = {0};

            n = (size_t)(round * 7 % (PIECES + 1));
            bf_pool_run(pool, piece, &w, n);
            for (i = 0; i < PIECES; i++)
                assert_int_equal(atomic_load(&w.done[i]), (size_t)i < n);
            assert_int_equal(atomic_load(&w.clashes), 0);
        }
        bf_pool_free(&pool);
        assert_null(pool);
        bf_pool_free(&pool);
    }
}

static void numbers_of_threads_refused(void **state)
{
    struct bf_pool *pool;

    (void)state;
    assert_int_equal(bf_pool_create(&pool, 0, NULL), BF_ERR_USAGE);
    assert_null(pool);
    assert_int_equal(bf_pool_create(&pool, BF_POOL_THREADS_MAX + 1, NULL), BF_ERR_USAGE);
    assert_null(pool);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_once),
        cmocka_unit_test(numbers_of_threads_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
