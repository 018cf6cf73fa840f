/* The matrix products of dense layers and recurrent units, on OpenBLAS. */
#include "lib/nn/node.h"

#include <cblas.h>
#include <pthread.h>

/* Rows or columns of a result that one thread makes; a multiple of what the BLAS's kernels like. */
#define STRIP 256

struct product {
    float *out;
    const float *a, *b;
    size_t rows, inner, columns;
    float beta;
};

static void one_thread_a_call(void)
{
    openblas_set_num_threads(1);
}

/* Our own threads share out the work: those of the BLAS would spin, and cut sums by their number.
 */
void bf_matmul_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, one_thread_a_call);
}

static size_t strips(size_t n)
{
    return (n + STRIP - 1) / STRIP;
}

static size_t strip(size_t i, size_t n)
{
    return n - i * STRIP < STRIP ? n - i * STRIP : STRIP;
}

static void forward_strip(void *arg, size_t i, size_t thread)
{
    const struct product *p = arg;

    (void)thread;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)p->rows, (int)strip(i, p->columns),
                (int)p->inner, 1, p->a, (int)p->inner, p->b + i * STRIP, (int)p->columns, p->beta,
                p->out + i * STRIP, (int)p->columns);
}

void bf_matmul(float *c, const float *a, const float *b, size_t rows, size_t inner, size_t columns,
               bool add, struct bf_pool *pool)
{
    struct product p = {c, a, b, rows, inner, columns, add ? 1 : 0};

    bf_matmul_prepare();
    bf_pool_run(pool, forward_strip, &p, strips(columns));
}

static void grad_a_strip(void *arg, size_t i, size_t thread)
{
    const struct product *p = arg;

    (void)thread;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)p->rows, (int)strip(i, p->inner),
                (int)p->columns, 1, p->a, (int)p->columns, p->b + i * STRIP * p->columns,
                (int)p->columns, p->beta, p->out + i * STRIP, (int)p->inner);
}

void bf_matmul_grad_a(float *a, const float *b, const float *c, size_t rows, size_t inner,
                      size_t columns, bool add, struct bf_pool *pool)
{
    struct product p = {a, c, b, rows, inner, columns, add ? 1 : 0};

    bf_matmul_prepare();
    bf_pool_run(pool, grad_a_strip, &p, strips(inner));
}

static void grad_b_strip(void *arg, size_t i, size_t thread)
{
    const struct product *p = arg;

    (void)thread;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)strip(i, p->inner), (int)p->columns,
                (int)p->rows, 1, p->a + i * STRIP, (int)p->inner, p->b, (int)p->columns, 1,
                p->out + i * STRIP * p->columns, (int)p->columns);
}

void bf_matmul_grad_b(float *b, const float *a, const float *c, size_t rows, size_t inner,
                      size_t columns, struct bf_pool *pool)
{
    struct product p = {b, a, c, rows, inner, columns, 1};

    bf_matmul_prepare();
    bf_pool_run(pool, grad_b_strip, &p, strips(inner));
}
