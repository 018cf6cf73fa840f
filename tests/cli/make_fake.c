/*
 * make_fake.c - make_fake IN OUT KEY [CRF [FRAMES]]: IN as a synthetic video, as a generator writes
 * it, with a drawn patch in the middle; for the cases of the command line
 *
 * With FRAMES it stops, and never commits, after so many.
 */
#include "cli/fake_out.h"

#include <stdio.h>
#include <stdlib.h>

static void draw(struct bf_canvas *c, float *rgb, uint32_t side, uint64_t i)
{
    uint32_t x, y;

    for (y = 0; y < side; y++) {
        for (x = 0; x < side; x++) {
            float *p = rgb + ((size_t)y * side + x) * 3;

            p[0] = (float)((x / 8 + i) % 4) / 4;
            p[1] = (float)((y / 8 + i / 2) % 5) / 5;
            p[2] = 0.5f;
        }
    }
    bf_canvas_put_rgb(c, rgb, NULL, (c->width - side) / 2, (c->height - side) / 2, side, side);
}

static enum bf_err run(int argc, char **argv, struct bf_fake_out **f,
                       const struct bf_fake_desk *desk, struct bf_error *err)
{
    static const uint8_t subjects[3][32] = {{2}, {1}, {2}};
    const struct bf_fake_how how = {.desk = desk,
                                    .method = "test",
                                    .subjects = subjects,
                                    .n_subjects = 3,
                                    .sound_path = argv[1],
                                    .crf = argc > 4 ? atof(argv[4]) : 20};
    uint64_t stop = argc > 5 ? strtoull(argv[5], NULL, 10) : UINT64_MAX;
    const struct bf_frame *frame = NULL;
    struct bf_canvas *c = NULL;
    struct bf_video *v = NULL;
    uint32_t side = 0;
    float *rgb = NULL;
    enum bf_err rc = bf_video_open(&v, argv[1], err);

    if (rc == BF_OK)
        rc = bf_canvas_create(&c, bf_video_info(v), err);
    if (rc == BF_OK)
        rc = bf_fake_out_open(f, argv[2], bf_video_info(v), &how, err);
    if (rc == BF_OK) {
        side = (c->width < c->height ? c->width : c->height) / 3;
        rgb = malloc((size_t)side * side * 3 * sizeof *rgb);
        rc = rgb == NULL ? bf_error_nomem(err) : BF_OK;
    }
    while (rc == BF_OK && (rc = bf_video_next(v, &frame, err)) == BF_OK && frame != NULL &&
           frame->index < stop) {
        rc = bf_canvas_take(c, frame, err);
        if (rc == BF_OK) {
            draw(c, rgb, side, frame->index);
            rc = bf_fake_out_add(*f, c, frame->pts_us, err);
        }
    }
    if (rc == BF_OK && frame == NULL)
        rc = bf_fake_out_commit(*f, bf_video_end_us(v), err);
    free(rgb);
    bf_canvas_free(&c);
    bf_video_close(&v);
    return rc;
}

int main(int argc, char **argv)
{
    struct bf_fake_desk desk = {0};
    struct bf_fake_out *f = NULL;
    struct bf_error err = {0};
    enum bf_err rc;

    if (argc < 4) {
        fprintf(stderr, "usage: make_fake IN OUT KEY [CRF [FRAMES]]\n");
        return 2;
    }
    rc = bf_fake_desk_open(&desk, NULL, argv[3], NULL, &err);
    if (rc == BF_OK)
        rc = run(argc, argv, &f, &desk, &err);
    bf_fake_out_close(&f);
    bf_fake_desk_close(&desk);
    if (rc != BF_OK)
        fprintf(stderr, "make_fake: %s\n", err.text);
    return rc == BF_OK ? 0 : 2;
}
