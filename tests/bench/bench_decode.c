/*
 * Decoding alone, with the sandbox and without it, by turns: bench_decode RUNS FILE...
 *
 * One line a file: frames, size, the median milliseconds of opening it and of reading it to its
 * end either way, and how much the sandbox adds to the latter, by the clock and in processor time
 * of both processes, which other programs disturb less. Each run of either kind reads all of the
 * file's frames and looks at a byte of each.
 */
#include "lib/media/sandbox.h"
#include "lib/media/video.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

enum { RUNS_MAX = 101 };

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double self_cpu_ms(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

/* Of the decoders that have ended: the host's only children, as it is ours. */
static double decoders_cpu_ms(void)
{
    unsigned long user = 0, sys = 0;
    char name[64];
    long pid = 0;
    FILE *f;

    snprintf(name, sizeof name, "/proc/self/task/%ld/children", (long)getpid());
    f = fopen(name, "r");
    if (f != NULL) {
        if (fscanf(f, "%ld", &pid) != 1)
            pid = 0;
        fclose(f);
    }
    snprintf(name, sizeof name, "/proc/%ld/stat", pid);
    f = pid > 0 ? fopen(name, "r") : NULL;
    if (f != NULL) {
        /* cutime and cstime, behind a name that may hold anything but ')' here */
        if (fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lu %lu",
                   &user, &sys) != 2)
            user = sys = 0;
        fclose(f);
    }
    return (double)(user + sys) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

struct times {
    double open, all, cpu;
    uint64_t n_frames;
    uint32_t width, height;
    unsigned sum;
};

static enum bf_err run(struct times *t, const char *path, bool sandbox, struct bf_error *err)
{
    const struct bf_frame *f = NULL;
    struct bf_video *v = NULL;
    double start = now_ms(), cpu = self_cpu_ms();
    enum bf_err rc;

    *t = (struct times){0};
    bf_sandbox_use(sandbox);
    rc = bf_video_open(&v, path, err);
    t->open = now_ms() - start;
    while (rc == BF_OK && (rc = bf_video_next(v, &f, err)) == BF_OK && f != NULL) {
        t->sum += f->luma[0];
        t->n_frames++;
        t->width = f->width;
        t->height = f->height;
    }
    bf_video_close(&v);
    t->all = now_ms() - start;
    t->cpu = self_cpu_ms() - cpu;
    return rc;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

int main(int argc, char **argv)
{
    static double open_ms[2][RUNS_MAX], all_ms[2][RUNS_MAX];
    int runs = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0, i, k, s;
    struct bf_error err = {0};
    struct times t[2];

    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_decode RUNS FILE...\n");
        return 2;
    }
    for (i = 2; i < argc; i++) {
        double cpu[2] = {0}, before = 0;

        for (k = -1; k < runs; k++) /* the first fills the disk cache, and starts the host */
            for (s = 0; s < 2; s++) {
                if (run(&t[s], argv[i], s, &err) != BF_OK) {
                    fprintf(stderr, "%s\n", err.text);
                    return 2;
                }
                if (k < 0 && s == 1) {
                    usleep(100000);
                    before = decoders_cpu_ms();
                }
                if (k >= 0) {
                    cpu[s] += t[s].cpu;
                    open_ms[s][k] = t[s].open;
                    all_ms[s][k] = t[s].all;
                }
            }
        usleep(100000);
        cpu[1] += decoders_cpu_ms() - before;
        if (t[0].n_frames != t[1].n_frames || t[0].sum != t[1].sum) {
            fprintf(stderr, "%s: the sandbox changes what is read\n", argv[i]);
            return 1;
        }
        printf("%s: %" PRIu64 " frames of %" PRIu32 "x%" PRIu32
               ": open %.1f ms, sandboxed %.1f; all %.0f ms, sandboxed %.0f: %+.1f %%; "
               "processor %.0f ms, sandboxed %.0f: %+.1f %%\n",
               argv[i], t[0].n_frames, t[0].width, t[0].height, median(open_ms[0], runs),
               median(open_ms[1], runs), median(all_ms[0], runs), median(all_ms[1], runs),
               100 * (median(all_ms[1], runs) / median(all_ms[0], runs) - 1), cpu[0] / runs,
               cpu[1] / runs, 100 * (cpu[1] / cpu[0] - 1));
    }
    return 0;
}
