#include "cli/chip_maker.h"
#include "generator/fake_maker.h"
#include "lib/media/canvas_shrink.h"
#include "lib/media/recode.h"
#include "lib/nn/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CRF_LEAST = 18,
    CRF_MOST = 40,
    METHODS_MAX = 16,
    HALF_LEAST = 160, /* side of a square that may be halved */
    SQUARE = BF_MOMENT_SIDE_MAX * BF_MOMENT_SIDE_MAX,
};

#define HALF_PART 0.3f
#define UNCODED_PART 0.08f
#define SWAP "swap"
#define SHARPEN_MOST 1.2f /* of a swapped face; the usual is 0.4 */

struct bf_chip_maker {
    const char *models;
    struct bf_canvas *canvas[BF_MOMENT_FRAMES], *small[BF_MOMENT_FRAMES], *coded;
    struct bf_face_view *view;
    struct bf_face_patch patch;
    struct bf_convert *convert;
    char convert_model[4096];
    enum bf_swap_who convert_to;
    float *rgb;     /* (side, side, 3) */
    float *chip;    /* room for bf_chip_cut */
    uint8_t *truth; /* (side, side) */
};

enum bf_err bf_chip_maker_create(struct bf_chip_maker **out, const char *models,
                                 struct bf_error *err)
{
    struct bf_chip_maker *m = calloc(1, sizeof *m);

    *out = m;
    if (m == NULL)
        return bf_error_nomem(err);
    m->models = models;
    m->view = bf_face_view_create();
    m->rgb = malloc((size_t)SQUARE * 3 * sizeof *m->rgb);
    m->chip = malloc(BF_CHIP_BYTES * sizeof *m->chip);
    m->truth = malloc(SQUARE);
    if (m->view == NULL || m->rgb == NULL || m->chip == NULL || m->truth == NULL) {
        bf_chip_maker_free(out);
        return bf_error_nomem(err);
    }
    return BF_OK;
}

static void drop_canvases(struct bf_chip_maker *m)
{
    int i;

    for (i = 0; i < BF_MOMENT_FRAMES; i++) {
        bf_canvas_free(&m->canvas[i]);
        bf_canvas_free(&m->small[i]);
    }
    bf_canvas_free(&m->coded);
}

void bf_chip_maker_free(struct bf_chip_maker **out)
{
    struct bf_chip_maker *m = *out;

    if (m == NULL)
        return;
    drop_canvases(m);
    bf_face_view_free(&m->view);
    bf_face_patch_release(&m->patch);
    bf_convert_free(&m->convert);
    free(m->rgb);
    free(m->chip);
    free(m->truth);
    free(m);
    *out = NULL;
}

/* How a group is coded: the same for all of it. */
struct coding {
    unsigned crf; /* 0: not at all */
    bool half;
};

static enum bf_err open_canvases(struct bf_chip_maker *m, unsigned side, bool half,
                                 struct bf_error *err)
{
    struct bf_video_info info = {.width = side, .height = side, .sar_num = 1, .sar_den = 1};
    struct bf_video_info less = {.width = side / 2, .height = side / 2, .sar_num = 1, .sar_den = 1};
    enum bf_err rc = BF_OK;
    int i;

    if (m->coded != NULL && m->canvas[0]->width == side &&
        m->coded->width == (half ? side / 2 : side))
        return BF_OK;
    drop_canvases(m);
    for (i = 0; rc == BF_OK && i < BF_MOMENT_FRAMES; i++) {
        rc = bf_canvas_create(&m->canvas[i], &info, err);
        if (rc == BF_OK && half)
            rc = bf_canvas_create(&m->small[i], &less, err);
    }
    return rc == BF_OK ? bf_canvas_create(&m->coded, half ? &less : &info, err) : rc;
}

static void paint(struct bf_chip_maker *m, const struct bf_moment *moment)
{
    size_t n = (size_t)moment->side * moment->side * 3, i;
    unsigned f;

    for (f = 0; f < moment->n_frames; f++) {
        for (i = 0; i < n; i++)
            m->rgb[i] = (float)moment->rgb[f][i] / 255;
        bf_canvas_put_rgb(m->canvas[f], m->rgb, NULL, 0, 0, moment->side, moment->side);
    }
}

/* The last frame's face, after the coder, as a chip. */
static enum bf_err finish(struct bf_chip_record *out, struct bf_chip_maker *m,
                          const struct bf_moment *moment, const struct bf_affine *chip,
                          const struct coding *coding, struct bf_error *err)
{
    struct bf_canvas *const *from = coding->half ? m->small : m->canvas;
    const struct bf_canvas *seen = from[moment->n_frames - 1];
    struct bf_affine to = *chip;
    struct bf_frame frame;
    enum bf_err rc = BF_OK;
    unsigned f;

    for (f = 0; coding->half && f < moment->n_frames; f++)
        bf_canvas_halve(m->small[f], m->canvas[f]);
    if (coding->crf > 0) {
        rc = bf_recode(m->coded, from, moment->n_frames, coding->crf, err);
        seen = m->coded;
    }
    if (rc != BF_OK)
        return rc;
    if (coding->half) {
        to.xx /= 2;
        to.xy /= 2;
        to.x0 /= 2;
        to.yx /= 2;
        to.yy /= 2;
        to.y0 /= 2;
    }
    bf_canvas_frame(&frame, seen);
    rc = bf_face_view_set(m->view, &frame, 1, 1, err);
    return rc == BF_OK ? bf_chip_cut(out->chip, m->chip, m->view, &to, err) : rc;
}

/* --- fakes
 * --------------------------------------------------------------------------------------------- */

/* A method of the generator's over all frames; the truth is the last one's. */
static enum bf_err blend(struct bf_chip_maker *m, const struct bf_chip_job *job,
                         const struct bf_fake_method *method, struct bf_random *r,
                         struct bf_error *err)
{
    const struct bf_moment *moment = job->moment;
    const struct bf_fake_options how = {
        .seed = bf_random_u64(r),
        .strength = 0.4f + 0.6f * bf_random_uniform(r),
        .aspect = 1,
        .donor = method->need == BF_FAKE_DONOR ? job->other : job->own,
        .seamless = bf_random_uniform(r) < 0.3f,
        .colour = bf_random_uniform(r) < 0.75f ? BF_COLOUR_REINHARD : BF_COLOUR_HISTOGRAM};
    void *maker = NULL;
    enum bf_err rc = method->create(&maker, &how, err);
    unsigned f;

    for (f = 0; rc == BF_OK && f < moment->n_frames; f++) {
        m->patch.w = m->patch.h = 0;
        rc = method->change(&m->patch, maker, m->canvas[f], &moment->face[f], moment->pts_us[f],
                            err);
        if (rc == BF_OK)
            bf_face_patch_put(&m->patch, m->canvas[f]);
    }
    if (rc == BF_OK)
        bf_face_patch_truth(m->truth, moment->side, moment->side, &m->patch);
    if (maker != NULL)
        method->release(maker);
    return rc;
}

static enum bf_err swap(struct bf_chip_maker *m, const struct bf_chip_job *job, struct bf_random *r,
                        struct bf_error *err)
{
    const struct bf_moment *moment = job->moment;
    struct bf_video_info info = {.width = moment->side,
                                 .height = moment->side,
                                 .sar_num = 1,
                                 .sar_den = 1,
                                 .frames_per_second = 25};
    struct bf_convert_options how = bf_convert_usual();
    enum bf_colour_mode colour;
    struct bf_frame frame;
    float sharpen;
    bool seamless;
    enum bf_err rc = BF_OK;
    unsigned f;

    if (m->convert != NULL &&
        (strcmp(m->convert_model, job->swap_model) != 0 || m->convert_to != job->swap_to))
        bf_convert_free(&m->convert);
    if (m->convert == NULL) {
        how.models = m->models;
        how.to = job->swap_to;
        how.n_threads = 1;
        snprintf(m->convert_model, sizeof m->convert_model, "%s", job->swap_model);
        m->convert_to = job->swap_to;
        rc = bf_convert_create(&m->convert, job->swap_model, &how, err);
    }
    if (rc != BF_OK)
        return rc;
    /* One by one: the order in which arguments are worked out is the compiler's. */
    colour = bf_random_uniform(r) < 0.75f ? BF_COLOUR_REINHARD : BF_COLOUR_HISTOGRAM;
    seamless = bf_random_uniform(r) < 0.3f;
    sharpen = SHARPEN_MOST * bf_random_uniform(r);
    bf_convert_vary(m->convert, 0, colour, seamless, sharpen);
    bf_convert_restart(m->convert, &info);
    for (f = 0; rc == BF_OK && f < moment->n_frames; f++) {
        bf_canvas_frame(&frame, m->canvas[f]);
        frame.index = f;
        frame.pts_us = moment->pts_us[f] - moment->pts_us[0];
        rc = bf_convert_frame(m->convert, m->canvas[f], m->truth, &frame, err);
    }
    return rc;
}

/* How far each place of the chip was replaced, the most being all. false where nothing was. */
static bool mask_of_truth(uint8_t *mask, const struct bf_chip_maker *m, unsigned side,
                          const struct bf_affine *chip)
{
    const float step = (float)BF_CHIP_SIZE / BF_CHIP_MASK;
    float value[BF_CHIP_MASK * BF_CHIP_MASK], most = 0;
    int x, y, i, k;

    for (y = 0; y < BF_CHIP_MASK; y++)
        for (x = 0; x < BF_CHIP_MASK; x++) {
            float sum = 0;

            for (k = 0; k < 4; k++) {
                struct bf_point2 p =
                    bf_affine_apply(chip, ((float)x + 0.25f + 0.5f * (float)(k & 1)) * step,
                                    ((float)y + 0.25f + 0.5f * (float)(k >> 1)) * step);

                if (p.x >= 0 && p.y >= 0 && p.x < (float)side && p.y < (float)side)
                    sum += (float)m->truth[(size_t)p.y * side + (size_t)p.x];
            }
            value[y * BF_CHIP_MASK + x] = sum / 4;
            most = fmaxf(most, sum / 4);
        }
    if (most < 16)
        return false;
    for (i = 0; i < BF_CHIP_MASK * BF_CHIP_MASK; i++)
        mask[i] = (uint8_t)(255 * value[i] / most);
    return true;
}

/* The methods that this job has the material for, in an order drawn by lot. */
static size_t draw_methods(const struct bf_fake_method *out[METHODS_MAX],
                           const struct bf_chip_job *job, struct bf_random *r)
{
    static const struct bf_fake_method swapped = {.name = SWAP};
    const struct bf_fake_method *m;
    size_t n = 0, i;

    for (m = bf_fake_methods; m->name != NULL && n < METHODS_MAX - 1; m++)
        if ((m->need != BF_FAKE_DONOR || job->other != NULL) &&
            (m->need != BF_FAKE_OWN_VIDEO || (job->own != NULL && job->own->n > 4)))
            out[n++] = m;
    if (job->swap_model != NULL)
        out[n++] = &swapped;
    for (i = n; i > 1; i--) {
        size_t k = bf_random_below(r, i);
        const struct bf_fake_method *t = out[k];

        out[k] = out[i - 1];
        out[i - 1] = t;
    }
    /* A trained swap is dear: whose face it is has one each time. */
    for (i = 1; i < n; i++)
        if (out[i] == &swapped) {
            out[i] = out[0];
            out[0] = &swapped;
        }
    return n;
}

static void head(struct bf_chip_record *out, const struct bf_chip_job *job, const char *family,
                 const struct coding *coding)
{
    memset(out, 0, offsetof(struct bf_chip_record, chip));
    memset(out->mask, 0, sizeof out->mask);
    out->person = job->person;
    out->crf = (uint16_t)coding->crf;
    out->half = coding->half;
    out->still = job->moment->n_frames == 1;
    snprintf(out->family, sizeof out->family, "%s", family);
}

enum bf_err bf_chip_maker_run(struct bf_chip_record *out, size_t *n, struct bf_chip_maker *m,
                              const struct bf_chip_job *job, struct bf_error *err)
{
    const struct bf_moment *moment = job->moment;
    const struct bf_face *last = &moment->face[moment->n_frames - 1];
    const struct bf_fake_method *method[METHODS_MAX];
    struct bf_random r = {bf_random_mix(job->seed)};
    struct coding coding;
    struct bf_affine chip;
    size_t n_methods, i;
    enum bf_err rc;

    *n = 0;
    coding.half = moment->side >= HALF_LEAST && bf_random_uniform(&r) < HALF_PART;
    coding.crf = bf_random_uniform(&r) < UNCODED_PART
                     ? 0
                     : CRF_LEAST + (unsigned)bf_random_below(&r, CRF_MOST - CRF_LEAST + 1);
    if (!bf_chip_place(&chip, last->point))
        return BF_OK;
    rc = open_canvases(m, moment->side, coding.half, err);
    if (rc != BF_OK)
        return rc;
    paint(m, moment);
    head(&out[0], job, "real", &coding);
    rc = finish(&out[0], m, moment, &chip, &coding, err);
    if (rc == BF_OK)
        *n = 1;
    n_methods = draw_methods(method, job, &r);
    for (i = 0; rc == BF_OK && i < n_methods && *n <= job->n_fakes && *n < BF_CHIP_GROUP_MAX; i++) {
        struct bf_chip_record *fake = &out[*n];

        head(fake, job, method[i]->name, &coding);
        fake->fake = 1;
        paint(m, moment);
        memset(m->truth, 0, (size_t)moment->side * moment->side);
        rc = method[i]->create != NULL ? blend(m, job, method[i], &r, err) : swap(m, job, &r, err);
        if (rc == BF_OK && mask_of_truth(fake->mask, m, moment->side, &chip)) {
            rc = finish(fake, m, moment, &chip, &coding, err);
            if (rc == BF_OK)
                ++*n;
        }
    }
    return rc;
}
