#include "generator/swap_preview.h"
#include "generator/caption.h"
#include "generator/swap_quality.h"
#include "lib/media/picture.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, HEAD = 26, GAP = 4, LETTER = 2 };

struct sheet {
    struct bf_picture picture;
    unsigned size;
    size_t rows;
};

static void put(struct sheet *s, size_t row, unsigned column, const float *rgb)
{
    uint32_t left = GAP + column * (s->size + GAP), x, y;
    uint32_t top = HEAD + (uint32_t)row * (s->size + GAP);
    int c;

    if (row >= s->rows)
        return;
    for (y = 0; y < s->size; y++)
        for (x = 0; x < s->size; x++) {
            uint8_t *q = s->picture.rgb + 3 * ((size_t)(top + y) * s->picture.width + left + x);
            const float *p = rgb + 3 * ((size_t)y * s->size + x);

            for (c = 0; c < 3; c++)
                q[c] = (uint8_t)(255 * (p[c] < 0 ? 0 : p[c] > 1 ? 1 : p[c]) + 0.5f);
        }
}

static enum bf_err open_sheet(struct sheet *s, unsigned size, size_t rows, struct bf_error *err)
{
    static const char *const name[COLUMNS] = {"A", "A AS A", "A AS B", "B", "B AS B", "B AS A"};
    uint32_t width = GAP + COLUMNS * (size + GAP), height = HEAD + (uint32_t)rows * (size + GAP);
    enum bf_err rc = bf_picture_create(&s->picture, width, height, err);
    uint32_t i;

    s->size = size;
    s->rows = rows;
    if (rc != BF_OK)
        return rc;
    bf_caption_draw(&s->picture, "SYNTHETIC", (int)width / 2 - 9 * 6 / 2, 2, 1);
    for (i = 0; i < COLUMNS; i++)
        bf_caption_draw(&s->picture, name[i], (int)(GAP + i * (size + GAP)), 11,
                        size < 96 ? 1 : LETTER);
    return BF_OK;
}

/* Buffers for one sample. */
struct room {
    struct bf_swap_sample s;
    float *block;
};

static enum bf_err make_room(struct room *r, size_t n, size_t one, struct bf_error *err)
{
    r->block = malloc(n * one * 8 * sizeof *r->block);
    if (r->block == NULL)
        return bf_error_nomem(err);
    r->s = (struct bf_swap_sample){r->block, r->block + 3 * n * one, r->block + 6 * n * one,
                                   r->block + 7 * n * one};
    return BF_OK;
}

/* One person's held-out faces: through both decoders onto the sheet, and through their own to be
 * measured. */
static enum bf_err one_person(struct bf_swap_preview *out, struct sheet *sheet,
                              struct bf_swap_model *m, const struct bf_swap_faces *f,
                              enum bf_swap_who who, size_t batch, struct bf_error *err)
{
    size_t one = (size_t)m->shape->size * m->shape->size, first, n, i;
    unsigned column = who == BF_SWAP_A ? 0 : 3;
    enum bf_swap_who other = who == BF_SWAP_A ? BF_SWAP_B : BF_SWAP_A;
    struct bf_swap_quality q;
    struct room r = {0};
    enum bf_err rc = make_room(&r, batch, one, err);

    for (first = f->n_trained; first < f->n && rc == BF_OK; first += n) {
        struct bf_swap_net *own = &m->net[who], *as = &m->net[other];

        n = f->n - first < batch ? f->n - first : batch;
        for (i = 0; i < n; i++) {
            struct bf_swap_sample s = {r.s.in + 3 * i * one, r.s.target + 3 * i * one,
                                       r.s.mask + i * one, r.s.weight + i * one};

            bf_swap_sample_plain(&s, f, first + i);
        }
        memcpy(bf_net_value(own->net, own->in), r.s.in, 3 * n * one * sizeof(float));
        bf_net_forward(own->net);
        memcpy(bf_net_value(as->net, as->in), r.s.in, 3 * n * one * sizeof(float));
        bf_net_forward(as->net);
        for (i = 0; i < n && rc == BF_OK; i++) {
            const float *y = bf_net_value(own->net, own->rgb) + 3 * i * one;
            size_t row = first - f->n_trained + i;

            if (sheet != NULL) {
                put(sheet, row, column, r.s.target + 3 * i * one);
                put(sheet, row, column + 1, y);
                put(sheet, row, column + 2, bf_net_value(as->net, as->rgb) + 3 * i * one);
            }
            rc = bf_swap_quality_measure(&q, y, r.s.target + 3 * i * one, r.s.mask + i * one,
                                         m->shape->size, err);
            out->ssim += q.ssim;
            out->psnr += q.psnr;
            out->n++;
        }
    }
    free(r.block);
    return rc;
}

enum bf_err bf_swap_preview_make(struct bf_swap_preview *out, struct bf_buf *png,
                                 struct bf_swap_model *m, const struct bf_swap_faces *a,
                                 const struct bf_swap_faces *b, size_t batch, size_t rows,
                                 struct bf_error *err)
{
    size_t held_a = a->n - a->n_trained, held_b = b->n - b->n_trained;
    struct sheet sheet = {0};
    enum bf_err rc = BF_OK;

    *out = (struct bf_swap_preview){0};
    rows = rows < held_a ? rows : held_a;
    rows = rows < held_b ? rows : held_b;
    if (png != NULL)
        rc = open_sheet(&sheet, m->shape->size, rows, err);
    if (rc == BF_OK)
        rc = one_person(out, png != NULL ? &sheet : NULL, m, a, BF_SWAP_A, batch, err);
    if (rc == BF_OK)
        rc = one_person(out, png != NULL ? &sheet : NULL, m, b, BF_SWAP_B, batch, err);
    if (rc == BF_OK && out->n > 0) {
        out->ssim /= (double)out->n;
        out->psnr /= (double)out->n;
    }
    if (rc == BF_OK && png != NULL)
        rc = bf_picture_encode(png, &sheet.picture, BF_PICTURE_PNG, err);
    bf_picture_release(&sheet.picture);
    return rc;
}
