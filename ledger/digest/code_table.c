#include "ledger/digest/code_table.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>

static int16_t table_long[BF_CODE_FREQUENCIES][BF_GRID_LONG],
    table_short[BF_CODE_FREQUENCIES][BF_GRID_LONG];

static void fill(int16_t (*t)[BF_GRID_LONG], unsigned n)
{
    const double pi = 3.14159265358979323846;
    unsigned u, x;

    for (u = 0; u < BF_CODE_FREQUENCIES; u++)
        for (x = 0; x < n; x++)
            t[u][x] = (int16_t)lrint(4096 * cos(pi * (2 * x + 1) * (u + 1) / (2 * n)));
}

static void fill_both(void)
{
    fill(table_long, BF_GRID_LONG);
    fill(table_short, BF_GRID_SHORT);
}

const int16_t (*bf_code_table(unsigned n))[BF_GRID_LONG]
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    assert(n == BF_GRID_LONG || n == BF_GRID_SHORT);
    pthread_once(&once, fill_both);
    return (const int16_t(*)[BF_GRID_LONG])(n == BF_GRID_LONG ? table_long : table_short);
}
