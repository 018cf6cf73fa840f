/*
 * bench_faces [MODELS VIDEO...] - where the time of finding faces goes, a frame, beside decoding
 */
#include "lib/face/face_reader.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static double wall_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void line(const char *what, int64_t ns, uint64_t n, uint64_t n_frames)
{
    printf("  %-10s %7.2f ms a frame", what, (double)ns / 1e6 / (double)n_frames);
    if (n > 0)
        printf(", %7.2f ms a run of %.2f a frame", (double)ns / 1e6 / (double)n,
               (double)n / (double)n_frames);
    putchar('\n');
}

static int run(const char *models, const char *path)
{
    struct bf_face_reader *r = NULL;
    struct bf_video *v = NULL;
    struct bf_error err = {0};
    const struct bf_face_times *t;
    const struct bf_frame *frame;
    const struct bf_face *faces;
    double wall = 0, cpu = 0;
    uint64_t n_faces = 0;
    size_t n;
    enum bf_err rc = bf_face_reader_create(&r, models, NULL, &err);

    if (rc == BF_OK)
        rc = bf_video_open(&v, path, &err);
    if (rc == BF_OK)
        bf_face_reader_restart(r, bf_video_info(v));
    while (rc == BF_OK && (rc = bf_video_next(v, &frame, &err)) == BF_OK && frame != NULL) {
        double w = wall_s(), c = cpu_s();

        rc = bf_face_reader_next(r, &faces, &n, frame, &err);
        wall += wall_s() - w;
        cpu += cpu_s() - c;
        n_faces += n;
    }
    if (rc != BF_OK) {
        fprintf(stderr, "bench_faces: %s\n", err.text);
    } else {
        t = bf_face_reader_times(r);
        printf("%s: %ux%u, %.2f faces a frame, %.1f frames a second, %.2f ms of CPU a frame\n",
               path, bf_video_info(v)->width, bf_video_info(v)->height,
               (double)n_faces / (double)t->n_frames, (double)t->n_frames / wall,
               cpu * 1e3 / (double)t->n_frames);
        line("view", t->view, 0, t->n_frames);
        line("detector", t->detect, t->n_detect, t->n_frames);
        line("mesh", t->mesh, t->n_mesh, t->n_frames);
        line("eyes", t->eyes, t->n_eyes, t->n_frames);
        line("identity", t->identity, t->n_identity, t->n_frames);
        line("rest", t->rest, 0, t->n_frames);
    }
    bf_video_close(&v);
    bf_face_reader_free(&r);
    return rc == BF_OK ? 0 : 2;
}

int main(int argc, char **argv)
{
    int i, rc = 0;

    if (argc == 2) {
        fprintf(stderr, "usage: bench_faces [MODELS VIDEO...]\n");
        return 2;
    }
    if (argc < 2)
        return run("build/models", "fixtures/media/faces/hd.mp4");
    for (i = 2; i < argc; i++)
        rc |= run(argv[1], argv[i]);
    return rc;
}
