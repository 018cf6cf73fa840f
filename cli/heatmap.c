#include "cli/heatmap.h"
#include "cli/grid_paint.h"
#include "lib/media/video_writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct drawing {
    const struct bf_match *match;
    int64_t end_us;
    struct bf_picture picture, strip; /* the strip without the place one is at, drawn once */
    struct bf_grid_paint *paint;
    struct bf_picture_scaler *scaler;
};

static int across(const struct drawing *d, int64_t us)
{
    double at = d->end_us > 0 ? (double)us / (double)d->end_us : 0;

    return (int)((at < 0 ? 0 : at > 1 ? 1 : at) * d->strip.width);
}

/* Told by height too: what follows the record is low, what was altered is high, the foreign is high
 * and cut into teeth. */
static void draw_strip(struct drawing *d)
{
    const int h = (int)d->strip.height, w = (int)d->strip.width;
    const struct bf_rgb black = {0, 0, 0};
    size_t i;
    int x;

    for (i = 0; i < d->match->n_spans; i++) {
        const struct bf_span *s = &d->match->span[i];
        bool wrong = s->state >= BF_SPAN_ALTERED;
        struct bf_rect box = {across(d, s->suspect_start_us), wrong ? h / 6 : h / 2,
                              across(d, s->suspect_end_us), h - h / 6};

        if (wrong && box.right < box.left + 2)
            box.right = box.left + 2;
        bf_picture_fill(&d->strip, &box,
                        s->state == BF_SPAN_ALTERED   ? bf_colour_altered
                        : s->state == BF_SPAN_FOREIGN ? bf_colour_foreign
                                                      : bf_colour_follows,
                        255);
        for (x = box.left; s->state == BF_SPAN_FOREIGN && x < box.right && x < w; x += h / 2 + 2) {
            struct bf_rect gap = {x, h / 6, x + h / 4, h / 2};

            bf_picture_fill(&d->strip, &gap, black, 255);
        }
    }
}

static void draw_place(struct drawing *d, int64_t us)
{
    const struct bf_rgb white = {255, 255, 255}, black = {0, 0, 0};
    struct bf_picture *p = &d->picture;
    int top = (int)(p->height - d->strip.height), x = across(d, us), half = (int)p->width / 400 + 1;
    struct bf_rect mark = {x - 2 * half, top, x + 2 * half, (int)p->height};

    memcpy(p->rgb + (size_t)top * p->width * 3, d->strip.rgb,
           (size_t)d->strip.height * d->strip.width * 3);
    bf_picture_fill(p, &mark, black, 255);
    mark.left = x - half;
    mark.right = x + half;
    bf_picture_fill(p, &mark, white, 255);
}

static enum bf_err draw(struct drawing *d, const struct bf_frame *f, struct bf_error *err)
{
    const struct bf_span *s = bf_span_at(d->match, f->pts_us);
    struct bf_picture *p = &d->picture;
    enum bf_err rc = bf_picture_scale(p, d->scaler, f, err);

    if (rc != BF_OK)
        return rc;
    if (s != NULL && s->state == BF_SPAN_ALTERED) {
        const struct bf_heat_row *row = s->part == 0 ? bf_heat_at(d->match, f->pts_us) : NULL;

        if (row != NULL)
            bf_grid_paint_heat(p, d->paint, row->cell);
        bf_span_outline(p, s);
    } else if (s != NULL && s->state == BF_SPAN_FOREIGN) {
        const struct bf_rect all = {0, 0, (int)p->width, (int)(p->height - d->strip.height)};

        bf_picture_outline(p, &all, (int)(p->width + p->height) / 100 + 2, bf_colour_foreign);
    }
    draw_place(d, f->pts_us);
    return BF_OK;
}

static enum bf_err open_drawing(struct drawing *d, const struct bf_answer *a,
                                const struct bf_video_writer_size *size, struct bf_error *err)
{
    uint32_t strip = size->height / 24 > 10 ? size->height / 24 : 10;
    enum bf_err rc;

    d->match = &a->match;
    d->end_us = a->in.end_us > 0 ? a->in.end_us : a->in.info->duration_us;
    if (a->match.n_spans > 0)
        d->end_us = a->match.span[a->match.n_spans - 1].suspect_end_us;
    rc = bf_picture_create(&d->picture, size->width, size->height, err);
    if (rc == BF_OK)
        rc = bf_picture_create(&d->strip, size->width, strip < size->height ? strip : size->height,
                               err);
    if (rc == BF_OK)
        rc = bf_grid_paint_create(&d->paint, &a->match, size->width, size->height, err);
    d->scaler = bf_picture_scaler_create();
    if (rc == BF_OK && d->scaler == NULL)
        rc = bf_error_nomem(err);
    if (rc == BF_OK)
        draw_strip(d);
    return rc;
}

static void release_drawing(struct drawing *d)
{
    bf_picture_release(&d->picture);
    bf_picture_release(&d->strip);
    bf_grid_paint_free(&d->paint);
    bf_picture_scaler_free(&d->scaler);
}

static enum bf_err draw_all(struct drawing *d, struct bf_video_writer *w, struct bf_video *v,
                            const struct bf_progress *progress, struct bf_error *err)
{
    const struct bf_frame *f;
    enum bf_err rc;

    while ((rc = bf_video_next(v, &f, err)) == BF_OK && f != NULL) {
        rc = draw(d, f, err);
        if (rc == BF_OK)
            rc = bf_video_writer_add(w, &d->picture, f->pts_us, err);
        if (rc != BF_OK)
            return rc;
        bf_progress_step(progress, (uint64_t)f->pts_us, (uint64_t)(d->end_us > 0 ? d->end_us : 0));
    }
    return rc == BF_OK ? bf_video_writer_finish(w, bf_video_end_us(v), err) : rc;
}

enum bf_err bf_heatmap_write(struct bf_output *out, const char *path, const struct bf_answer *a,
                             int progress, struct bf_error *err)
{
    const struct bf_video_info *info = a->in.info;
    struct bf_video_writer_size size = {
        .width = (info->width + 1) & ~1u,
        .height = (info->height + 1) & ~1u,
        .sar_num = info->sar_num,
        .sar_den = info->sar_den,
        .frames_per_second =
            a->in.end_us > 0 ? (double)a->in.n_frames * 1e6 / (double)a->in.end_us : 25};
    struct bf_video_writer *w = NULL;
    struct bf_cli_progress line;
    struct bf_video *v = NULL;
    struct drawing d = {0};
    enum bf_err rc;

    bf_cli_progress_start(&line, a->file, "s", 1e6, progress);
    rc = open_drawing(&d, a, &size, err);
    if (rc == BF_OK)
        rc = bf_video_writer_open(&w, bf_output_fd(out), path, &size, err);
    if (rc == BF_OK)
        rc = bf_video_open(&v, a->file, err);
    if (rc == BF_OK)
        rc = draw_all(&d, w, v, &line.sink, err);
    bf_cli_progress_end(&line);
    bf_video_close(&v);
    bf_video_writer_close(&w);
    release_drawing(&d);
    return rc;
}
