#include "detector/texture_evidence.h"
#include "detector/tally.h"
#include "detector/texture_blocks.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = BF_TEXTURE_SIDE, SMALL = BF_TEXTURE_SMALL, FRAMES_LEAST = 8 };

#define ALONE_US 80000 /* between frames that are looked at for themselves */
#define NEAR_US 100000 /* frames this near one another show the flicker */

struct bf_texture_evidence {
    struct bf_tally sharpness, noise, chroma, spectrum, flicker;
    bool has_alone, has_before; /* one was looked at for itself; that was the frame before */
    int64_t alone_us;
    unsigned now; /* which of the two pictures is to be cut next; the other is the last */
    float luma[2][SIDE * SIDE];
    struct bf_texture_block block[2][BF_TEXTURE_BLOCKS];
    float work[3 * SIDE * SIDE], rgb[3 * SMALL * SMALL];
};

struct bf_texture_evidence *bf_texture_evidence_create(void)
{
    struct bf_texture_evidence *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    bf_tally_init(&t->sharpness, -4, 4);
    bf_tally_init(&t->noise, -4, 4);
    bf_tally_init(&t->chroma, 0, 64);
    bf_tally_init(&t->spectrum, -4, 4);
    bf_tally_init(&t->flicker, -4, 4);
    return t;
}

void bf_texture_evidence_free(struct bf_texture_evidence **t)
{
    free(*t);
    *t = NULL;
}

/* What one frame says of itself. */
static enum bf_err look(struct bf_texture_evidence *t, struct bf_face_view *view,
                        const struct bf_affine *place, struct bf_error *err)
{
    const float shrink = (float)SIDE / SMALL;
    const struct bf_affine small = {.xx = place->xx * shrink,
                                    .xy = place->xy * shrink,
                                    .x0 = place->x0,
                                    .yx = place->yx * shrink,
                                    .yy = place->yy * shrink,
                                    .y0 = place->y0};
    const struct bf_texture_block *block = t->block[t->now];
    struct bf_texture_difference d;
    enum bf_err rc = bf_face_view_cut(t->rgb, view, SMALL, &small, BF_FACE_EDGE_REPEAT, 1, 0, err);

    if (rc != BF_OK)
        return rc;
    bf_texture_compare(&d, t->luma[t->now], t->work, block);
    bf_tally_add(&t->sharpness, d.sharpness);
    bf_tally_add(&t->noise, d.noise);
    bf_tally_add(&t->spectrum, d.spectrum);
    bf_tally_add(&t->chroma, bf_texture_chroma(t->rgb, block));
    return BF_OK;
}

enum bf_err bf_texture_evidence_add(struct bf_texture_evidence *t, struct bf_face_view *view,
                                    const struct bf_point3 *mesh, int64_t pts_us,
                                    struct bf_error *err)
{
    bool alone = !t->has_alone || pts_us - t->alone_us >= ALONE_US,
         after = t->has_before && pts_us - t->alone_us <= NEAR_US;
    struct bf_affine place;
    enum bf_err rc = BF_OK;
    float width, height;

    t->has_before = false;
    if (!alone && !after)
        return BF_OK;
    bf_face_view_size(view, &width, &height);
    if (!bf_face_align(&place, mesh, SIDE, BF_TEXTURE_EYES) ||
        !bf_texture_blocks_set(t->block[t->now], mesh, &place, width, height))
        return BF_OK;
    rc = bf_face_view_cut_luma(t->luma[t->now], view, SIDE, &place, err);
    if (rc != BF_OK)
        return rc;
    if (after)
        bf_tally_add(&t->flicker, bf_texture_flicker(t->luma[!t->now], t->block[!t->now],
                                                     t->luma[t->now], t->block[t->now]));
    if (!alone)
        return BF_OK;
    rc = look(t, view, &place, err);
    if (rc != BF_OK)
        return rc;
    t->has_alone = t->has_before = true;
    t->alone_us = pts_us;
    t->now = !t->now;
    return BF_OK;
}

static double median(const struct bf_tally *t)
{
    return t->n >= FRAMES_LEAST ? bf_tally_quantile(t, 0.5) : (double)NAN;
}

void bf_texture_evidence_finish(double cue[BF_CUES], const struct bf_texture_evidence *t)
{
    cue[BF_CUE_SHARPNESS] = median(&t->sharpness);
    cue[BF_CUE_NOISE] = median(&t->noise);
    cue[BF_CUE_CHROMA] = median(&t->chroma);
    cue[BF_CUE_SPECTRUM] = median(&t->spectrum);
    cue[BF_CUE_FLICKER] = median(&t->flicker);
}
