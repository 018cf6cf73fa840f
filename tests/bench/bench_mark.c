/*
 * bench_mark.c - the mark on videos: bench_mark mark IN OUT [CRF] writes IN marked and says how far
 * it is from the unmarked one; bench_mark read FILE... says what the reader makes of each
 */
#include "lib/media/mark.h"
#include "lib/media/video_writer.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double cpu_s(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double square_error(const uint8_t *a, const struct bf_canvas *c)
{
    double sum = 0;
    uint32_t x, y;

    for (y = 0; y < c->height; y++) {
        const uint8_t *p = a + (size_t)y * c->width, *q = c->plane[0] + (ptrdiff_t)y * c->stride[0];
        uint32_t row = 0;

        for (x = 0; x < c->width; x++)
            row += (uint32_t)((p[x] - q[x]) * (p[x] - q[x]));
        sum += row;
    }
    return sum / c->width / c->height;
}

static enum bf_err mark(const char *in, const char *to, double crf, struct bf_error *err)
{
    struct bf_video_writer_options o = {.crf = crf, .sound_path = NULL};
    struct bf_mark *m = bf_mark_create();
    struct bf_video_writer *w = NULL;
    struct bf_canvas *c = NULL;
    struct bf_video *v = NULL;
    const struct bf_frame *f = NULL;
    double worst = 0, sum = 0, spent = 0;
    uint8_t *before = NULL;
    uint64_t n = 0;
    int fd = open(to, O_RDWR | O_CREAT | O_TRUNC, 0644);
    enum bf_err rc = m == NULL ? bf_error_nomem(err) : bf_video_open(&v, in, err);

    if (rc == BF_OK)
        rc = bf_canvas_create(&c, bf_video_info(v), err);
    if (rc == BF_OK)
        rc = bf_video_writer_open_canvas(&w, fd, to, bf_video_info(v), &o, err);
    if (rc == BF_OK) {
        before = malloc((size_t)c->width * c->height);
        rc = before == NULL ? bf_error_nomem(err) : BF_OK;
    }
    while (rc == BF_OK && (rc = bf_video_next(v, &f, err)) == BF_OK && f != NULL) {
        double mse;
        uint32_t y;

        rc = bf_canvas_take(c, f, err);
        for (y = 0; rc == BF_OK && y < c->height; y++)
            memcpy(before + (size_t)y * c->width, c->plane[0] + (ptrdiff_t)y * c->stride[0],
                   c->width);
        spent -= cpu_s(CLOCK_THREAD_CPUTIME_ID);
        if (rc == BF_OK)
            rc = bf_mark_apply(m, c, err);
        spent += cpu_s(CLOCK_THREAD_CPUTIME_ID);
        if (rc != BF_OK)
            break;
        mse = square_error(before, c);
        sum += mse;
        worst = mse > worst ? mse : worst;
        n++;
        rc = bf_video_writer_add_canvas(w, c, f->pts_us, err);
    }
    if (rc == BF_OK)
        rc = bf_video_writer_finish(w, bf_video_end_us(v), err);
    if (rc == BF_OK)
        printf("%s\tmean %.2f dB\tleast %.2f dB\t%.2f ms a frame\n", in,
               10 * log10(65025 * (double)n / sum), 10 * log10(65025 / worst),
               spent / (double)n * 1e3);
    free(before);
    bf_video_writer_close(&w);
    bf_canvas_free(&c);
    bf_video_close(&v);
    bf_mark_free(&m);
    close(fd);
    return rc;
}

static enum bf_err read_one(const char *path, struct bf_error *err)
{
    struct bf_mark_reader *r = bf_mark_reader_create();
    const struct bf_frame *f = NULL;
    struct bf_video *v = NULL;
    struct bf_mark_result found;
    double all = -cpu_s(CLOCK_PROCESS_CPUTIME_ID), spent = 0;
    enum bf_err rc = r == NULL ? bf_error_nomem(err) : bf_video_open(&v, path, err);

    while (rc == BF_OK && (rc = bf_video_next(v, &f, err)) == BF_OK && f != NULL) {
        spent -= cpu_s(CLOCK_THREAD_CPUTIME_ID);
        rc = bf_mark_reader_add(r, f, err);
        spent += cpu_s(CLOCK_THREAD_CPUTIME_ID);
    }
    all += cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    if (rc == BF_OK) {
        bf_mark_reader_finish(&found, r);
        printf("%s\t%s\t%.2f\t%s\t%.1f %% of decoding\n", path, found.found ? "found" : "none",
               found.z, found.mirrored ? "mirrored" : "upright", 100 * spent / (all - spent));
    }
    bf_video_close(&v);
    bf_mark_reader_free(&r);
    return rc;
}

int main(int argc, char **argv)
{
    struct bf_error err = {0};
    int i, bad = 0;

    if (argc >= 4 && strcmp(argv[1], "mark") == 0) {
        bad = mark(argv[2], argv[3], argc > 4 ? atof(argv[4]) : 18, &err) != BF_OK;
    } else if (argc >= 3 && strcmp(argv[1], "read") == 0) {
        for (i = 2; i < argc; i++)
            if (read_one(argv[i], &err) != BF_OK) {
                printf("%s\terror\t%s\n", argv[i], err.text);
                bad = 1;
            }
    } else {
        fprintf(stderr, "usage: bench_mark mark IN OUT [CRF] | bench_mark read FILE...\n");
        return 2;
    }
    if (bad)
        fprintf(stderr, "bench_mark: %s\n", err.text);
    return bad;
}
