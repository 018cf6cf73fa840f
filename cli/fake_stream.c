#include "cli/fake_stream.h"
#include "lib/media/degrade.h"
#include "lib/media/recode.h"

#include <stdlib.h>
#include <string.h>

enum { DONOR_FACES = 100 }; /* four seconds: more cost more than they add */

struct stream {
    const struct bf_fake_stream_options *o;
    bf_fake_stream_fn *fn;
    void *ctx;
    struct bf_canvas *canvas, *small;
    struct bf_recoder *recoder;
    struct bf_fake_video *fake;
    float *rgb, *less;
    int64_t *pts_us; /* of frames that are in the coder */
    uint64_t n_in, n_out;
    size_t cap;
};

static enum bf_err hand_on(void *ctx, const struct bf_canvas *canvas, struct bf_error *err)
{
    struct stream *s = ctx;
    struct bf_frame frame;

    bf_canvas_frame(&frame, canvas);
    frame.index = s->n_out;
    frame.pts_us = s->pts_us[s->n_out++];
    return s->fn(s->ctx, &frame, err);
}

static enum bf_err remember(struct stream *s, int64_t pts_us, struct bf_error *err)
{
    int64_t *more;

    if (s->n_in == s->cap) {
        s->cap = 2 * s->cap + 256;
        more = realloc(s->pts_us, s->cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        s->pts_us = more;
    }
    s->pts_us[s->n_in++] = pts_us;
    return BF_OK;
}

/* Width and height that the coder takes. */
static struct bf_video_info even(const struct bf_video_info *info, bool half)
{
    struct bf_video_info out = *info;

    out.width = (half ? info->width / 2 : info->width) & ~1u;
    out.height = (half ? info->height / 2 : info->height) & ~1u;
    return out;
}

static enum bf_err open_stream(struct stream *s, const struct bf_video_info *info,
                               struct bf_face_reader *reader, struct bf_error *err)
{
    const struct bf_fake_stream_options *o = s->o;
    const struct bf_fake_video_options how = {.method = o->method,
                                              .path = o->path,
                                              .donor = o->donor,
                                              .donor_faces = DONOR_FACES,
                                              .seed = o->seed,
                                              .strength = o->strength,
                                              .seamless = o->seamless,
                                              .colour = o->colour};
    struct bf_video_info small = even(info, o->half);
    enum bf_err rc;

    if (small.width == 0 || small.height == 0)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' is too small to be coded", o->path);
    rc = bf_canvas_create(&s->canvas, info, err);
    if (rc == BF_OK && (small.width != info->width || small.height != info->height)) {
        rc = bf_canvas_create(&s->small, &small, err);
        s->rgb = malloc((size_t)info->width * info->height * 3 * sizeof *s->rgb);
        s->less = malloc((size_t)small.width * small.height * 3 * sizeof *s->less);
        if (rc == BF_OK && (s->rgb == NULL || s->less == NULL))
            rc = bf_error_nomem(err);
    }
    if (rc == BF_OK && o->crf > 0)
        rc = bf_recoder_create(&s->recoder, s->small != NULL ? s->small : s->canvas, o->crf,
                               hand_on, s, err);
    if (rc == BF_OK && o->method != NULL)
        rc = bf_fake_video_create(&s->fake, reader, info, &how, NULL, err);
    if (o->convert != NULL)
        bf_convert_restart(o->convert, info);
    return rc;
}

static void shrink(struct stream *s)
{
    bf_canvas_get_rgb(s->rgb, s->canvas, 0, 0, s->canvas->width, s->canvas->height);
    bf_resample(s->less, s->small->height, s->small->width, s->rgb, s->canvas->height,
                s->canvas->width);
    bf_canvas_put_rgb(s->small, s->less, NULL, 0, 0, s->small->width, s->small->height);
}

static enum bf_err one(struct stream *s, const struct bf_frame *frame, struct bf_error *err)
{
    const struct bf_canvas *out = s->small != NULL ? s->small : s->canvas;
    enum bf_err rc = bf_canvas_take(s->canvas, frame, err);

    if (rc == BF_OK && s->fake != NULL)
        rc = bf_fake_video_frame(s->fake, s->canvas, NULL, frame, err);
    if (rc == BF_OK && s->o->convert != NULL)
        rc = bf_convert_frame(s->o->convert, s->canvas, NULL, frame, err);
    if (rc == BF_OK)
        rc = remember(s, frame->pts_us, err);
    if (rc != BF_OK)
        return rc;
    if (s->small != NULL)
        shrink(s);
    return s->recoder != NULL ? bf_recoder_put(s->recoder, out, err) : hand_on(s, out, err);
}

enum bf_err bf_fake_stream_run(const struct bf_fake_stream_options *options,
                               struct bf_face_reader *reader,
                               enum bf_err (*begin)(void *ctx, const struct bf_video_info *info,
                                                    struct bf_error *err),
                               bf_fake_stream_fn *fn, void *ctx, struct bf_error *err)
{
    struct stream s = {.o = options, .fn = fn, .ctx = ctx};
    struct bf_video *video = NULL;
    const struct bf_frame *frame;
    struct bf_video_info info, shown;
    enum bf_err rc = bf_video_open(&video, options->path, err);

    if (rc != BF_OK)
        return rc;
    info = *bf_video_info(video);
    shown = even(&info, options->half);
    rc = open_stream(&s, &info, reader, err);
    if (rc == BF_OK)
        rc = begin(ctx, &shown, err);
    while (rc == BF_OK && (rc = bf_video_next(video, &frame, err)) == BF_OK && frame != NULL) {
        if (options->most_us > 0 && frame->pts_us > options->most_us)
            break;
        rc = one(&s, frame, err);
    }
    if (rc == BF_OK && s.recoder != NULL)
        rc = bf_recoder_finish(s.recoder, err);
    bf_fake_video_free(&s.fake);
    bf_recoder_free(&s.recoder);
    bf_canvas_free(&s.canvas);
    bf_canvas_free(&s.small);
    bf_video_close(&video);
    free(s.rgb);
    free(s.less);
    free(s.pts_us);
    return rc;
}
