#include "ledger/match/record_features.h"
#include "ledger/match/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVERY_SAMPLES = 5,         /* two pictures a second */
    LONGER = 2 * BF_GRID_LONG, /* the grid is drawn twice as large, for small blobs */
    A_PICTURE = 32,            /* features kept of one */
    RECENT_MAX = 1024,
    KEPT_DS = 80,         /* for so long a feature that stays is not given again */
    KEY_BITS_SAME = 3,    /* of a feature that stays: how far the key ... */
    SKETCH_BITS_SAME = 8, /* ... and the sketch may wander, */
    PLACE_SAME = 4,       /* and its place, in 1/255 of the picture */
    SCALE_SAME = 5,
};

uint8_t bf_feature_scale_code(float scale)
{
    float v = 16 * log2f(scale * 256);

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
}

float bf_feature_scale(uint8_t code)
{
    return exp2f((float)code / 16) / 256;
}

struct walk {
    unsigned w, h; /* of the drawn picture */
    float *luma;
    struct bf_feature_finder *finder;
    struct bf_feature found[A_PICTURE];
    struct bf_feature_entry recent[RECENT_MAX]; /* a ring */
    size_t n_recent, next_recent;
};

/* Draws the grid with square pixels. */
static void draw(struct walk *k, const uint8_t *grid, unsigned cols, unsigned rows)
{
    unsigned x, y;

    for (y = 0; y < k->h; y++) {
        float gy = ((float)y + 0.5f) / (float)k->h * (float)rows - 0.5f, fy;
        unsigned y0, y1;

        gy = gy < 0 ? 0 : gy > (float)(rows - 1) ? (float)(rows - 1) : gy;
        y0 = (unsigned)gy;
        y1 = y0 + 1 < rows ? y0 + 1 : y0;
        fy = gy - (float)y0;
        for (x = 0; x < k->w; x++) {
            float gx = ((float)x + 0.5f) / (float)k->w * (float)cols - 0.5f, fx, a, b;
            unsigned x0, x1;

            gx = gx < 0 ? 0 : gx > (float)(cols - 1) ? (float)(cols - 1) : gx;
            x0 = (unsigned)gx;
            x1 = x0 + 1 < cols ? x0 + 1 : x0;
            fx = gx - (float)x0;
            a = (1 - fx) * grid[y0 * cols + x0] + fx * grid[y0 * cols + x1];
            b = (1 - fx) * grid[y1 * cols + x0] + fx * grid[y1 * cols + x1];
            k->luma[y * k->w + x] = (1 - fy) * a + fy * b;
        }
    }
}

static bool stays(const struct walk *k, const struct bf_feature_entry *e)
{
    size_t i;

    for (i = 0; i < k->n_recent; i++) {
        const struct bf_feature_entry *r = &k->recent[i];

        if (e->time_ds - r->time_ds < KEPT_DS && abs(e->x - r->x) <= PLACE_SAME &&
            abs(e->y - r->y) <= PLACE_SAME && abs(e->scale - r->scale) <= SCALE_SAME &&
            __builtin_popcount(e->key ^ r->key) <= KEY_BITS_SAME &&
            bf_sketch_distance(e->sketch, r->sketch) <= SKETCH_BITS_SAME)
            return true;
    }
    return false;
}

static enum bf_err walk_init(struct walk *k, const struct bf_digest_info *info,
                             struct bf_error *err)
{
    unsigned longer = info->width > info->height ? info->width : info->height;

    k->w = (unsigned)((uint64_t)LONGER * info->width / longer);
    k->h = (unsigned)((uint64_t)LONGER * info->height / longer);
    k->w = k->w < 16 ? 16 : k->w;
    k->h = k->h < 16 ? 16 : k->h;
    k->luma = calloc((size_t)k->w * k->h, sizeof *k->luma);
    k->finder = bf_feature_finder_create(k->w, k->h);
    return k->luma != NULL && k->finder != NULL ? BF_OK : bf_error_nomem(err);
}

enum bf_err bf_record_features(struct bf_digest *d,
                               enum bf_err (*fn)(void *ctx, const struct bf_feature_entry *entry,
                                                 struct bf_error *err),
                               void *ctx, struct bf_error *err)
{
    const struct bf_digest_info *info = bf_digest_info(d);
    struct walk *k = calloc(1, sizeof *k);
    uint64_t s;
    size_t i, n;
    enum bf_err rc;

    if (k == NULL)
        return bf_error_nomem(err);
    rc = walk_init(k, info, err);
    for (s = info->n_samples > EVERY_SAMPLES / 2 ? EVERY_SAMPLES / 2 : 0;
         rc == BF_OK && s < info->n_samples; s += EVERY_SAMPLES) {
        const uint8_t *grid = bf_digest_grid(d, s, err);

        if (s > BF_FEATURE_TIME_MAX)
            break;
        if (grid == NULL) {
            rc = BF_ERR_FORMAT;
            break;
        }
        draw(k, grid, info->cols, info->rows);
        n = bf_features_find(k->found, A_PICTURE, k->finder, k->luma, k->w, k->h);
        for (i = 0; rc == BF_OK && i < n; i++) {
            const struct bf_feature *f = &k->found[i];
            struct bf_feature_code code;
            struct bf_feature_entry e = {.time_ds = (uint32_t)s,
                                         .x = (uint8_t)lrintf(f->x * 255),
                                         .y = (uint8_t)lrintf(f->y * 255),
                                         .scale = bf_feature_scale_code(f->scale),
                                         .polarity = f->bright};

            bf_feature_codes(&code, 1, f, (struct bf_look){0});
            e.key = code.key;
            e.sketch = code.sketch;
            if (stays(k, &e))
                continue;
            k->recent[k->next_recent] = e;
            k->next_recent = (k->next_recent + 1) % RECENT_MAX;
            k->n_recent += k->n_recent < RECENT_MAX;
            rc = fn(ctx, &e, err);
        }
    }
    bf_feature_finder_free(&k->finder);
    free(k->luma);
    free(k);
    return rc;
}

struct bf_feature_list {
    struct bf_feature_entry *item; /* by key */
    size_t n, cap;
};

static enum bf_err keep(void *ctx, const struct bf_feature_entry *e, struct bf_error *err)
{
    struct bf_feature_list *l = ctx;

    if (l->n == l->cap) {
        size_t cap = l->cap > 0 ? 2 * l->cap : 1024;
        struct bf_feature_entry *more = realloc(l->item, cap * sizeof *more);

        if (more == NULL)
            return bf_error_nomem(err);
        l->item = more;
        l->cap = cap;
    }
    l->item[l->n++] = *e;
    return BF_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct bf_feature_entry *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->time_ds < y->time_ds ? -1 : x->time_ds > y->time_ds;
}

enum bf_err bf_feature_list_create(struct bf_feature_list **out, struct bf_digest *d,
                                   struct bf_error *err)
{
    struct bf_feature_list *l = calloc(1, sizeof *l);
    enum bf_err rc;

    *out = l;
    if (l == NULL)
        return bf_error_nomem(err);
    rc = bf_record_features(d, keep, l, err);
    if (rc != BF_OK)
        bf_feature_list_free(out);
    else if (l->n > 0)
        qsort(l->item, l->n, sizeof *l->item, by_key);
    return rc;
}

void bf_feature_list_free(struct bf_feature_list **list)
{
    if (*list == NULL)
        return;
    free((*list)->item);
    free(*list);
    *list = NULL;
}

void bf_feature_list_get(const struct bf_feature_list *l, uint32_t key, uint64_t sketch40,
                         unsigned max_distance,
                         bool (*fn)(void *ctx, const struct bf_feature_entry *e, unsigned distance),
                         void *ctx)
{
    size_t lo = 0, hi = l->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (l->item[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < l->n && l->item[lo].key == key; lo++) {
        unsigned distance = bf_sketch_distance(l->item[lo].sketch, sketch40);

        if (distance <= max_distance && !fn(ctx, &l->item[lo], distance))
            return;
    }
}
