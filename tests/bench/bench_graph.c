/* How long a run of each pretrained face network takes, on one thread and on two. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/nn/graph.h"

#define MODELS "build/models"

enum { RUNS = 100 };

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The shortest run and the median one, in ms. */
static void measure(double ms[2], struct bf_graph *g)
{
    static double took[RUNS];
    const struct bf_graph_io *in = bf_graph_input(g, 0);
    size_t i;
    int k;

    for (k = 0; k < RUNS; k++) {
        for (i = 0; i < in->len; i++)
            in->data[i] = (float)(i * 7919 % 1000) / 1000;
        took[k] = now_ms();
        bf_graph_run(g);
        took[k] = now_ms() - took[k];
    }
    qsort(took, RUNS, sizeof *took, by_value);
    ms[0] = took[0];
    ms[1] = took[RUNS / 2];
}

int main(void)
{
    static const struct {
        const char *name, *file, *wanted;
        int n;
    } nets[] = {
        {"faces in a picture (blazeface)", "blazeface", NULL, 1},
        {"landmarks of a face (facemesh)", "facemesh", "output_mesh", 1},
        {"both irises (iris)", "iris", NULL, 2},
        {"whose face (faceres)", "faceres", "global_pooling/Mean", 1},
    };
    struct bf_pool *pool;
    struct bf_graph *g;
    struct bf_error err;
    size_t i, threads;

    if (access(MODELS "/.checked", R_OK) != 0) {
        puts("the face networks are not here; 'make models' fetches them");
        return 0;
    }
    puts("ms a run: shortest and median, one thread; the same, two threads");
    for (i = 0; i < sizeof nets / sizeof *nets; i++) {
        const char *wanted[] = {nets[i].wanted, NULL};
        char path[64];

        snprintf(path, sizeof path, MODELS "/%s.json", nets[i].file);
        printf("%-34s", nets[i].name);
        for (threads = 1; threads <= 2; threads++) {
            double ms[2];

            if (bf_pool_create(&pool, threads, &err) != BF_OK ||
                bf_graph_open(&g, path, nets[i].n, nets[i].wanted ? wanted : NULL, pool, &err) !=
                    BF_OK) {
                printf("%s\n", err.text);
                return 1;
            }
            measure(ms, g);
            printf(" %8.2f %8.2f", ms[0], ms[1]);
            bf_graph_close(&g);
            bf_pool_free(&pool);
        }
        putchar('\n');
    }
    return 0;
}
