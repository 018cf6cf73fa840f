#include "ledger/match/sighting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STILLS_ASKED = 40,
    A_STILL = 72, /* features looked up of one */
    CODES = 16,   /* of one feature, in one position */
    LOOKS = 8,
    LOOKS_UPRIGHT = 2,    /* the first of them */
    SKETCH_DISTANCE = 11, /* of 40 bits: unrelated ones differ in 20, with a deviation of 3 */
    SIGHTINGS_MAX = 400000,
    A_KEY_MAX =
        2000, /* entries of one key that are taken: what so many share tells nothing apart */
    VOTES_MIN = 8,
    STILLS_MIN = 2,
    SEEDS = 400,
    AT_ONCE = 64, /* sightings */
};

#define CENTRE_NEAR \
    0.06f /* of the box's longer side: how far a sighting may put the box elsewhere */
#define SCALE_NEAR 0.25f /* of the logarithm of its size */
#define BOX_MIN 0.15f    /* of the suspect's longer side */
#define BOX_MAX 4.0f

void bf_sightings_release(struct bf_sightings *s)
{
    free(s->item);
    *s = (struct bf_sightings){0};
}

struct looking_up {
    struct bf_sightings *out;
    struct bf_sighting like; /* what all of this feature's have in common */
    size_t n_key;
    bool failed;
};

static bool take(void *ctx, const struct bf_feature_entry *e, unsigned distance)
{
    struct looking_up *k = ctx;
    struct bf_sightings *s = k->out;

    (void)distance;
    if (s->n == SIGHTINGS_MAX || ++k->n_key > A_KEY_MAX)
        return false;
    if (s->n == s->cap) {
        size_t cap = s->cap > 0 ? 2 * s->cap : 4096;
        struct bf_sighting *more = realloc(s->item, cap * sizeof *more);

        if (more == NULL) {
            k->failed = true;
            return false;
        }
        s->item = more;
        s->cap = cap;
    }
    s->item[s->n] = k->like;
    s->item[s->n].record = e->record;
    s->item[s->n].u = (float)e->x / 255;
    s->item[s->n].v = (float)e->y / 255;
    s->item[s->n].source_scale = e->scale;
    s->item[s->n].source_us = (int64_t)e->time_ds * BF_DIGEST_PERIOD_US + BF_DIGEST_PERIOD_US / 2;
    s->n++;
    return true;
}

/* The suspect's patch as the record has it: the way back from mirrored, then turned. */
static struct bf_look way_back(unsigned look)
{
    struct bf_look l = {look & 1, look >> 1};

    if (!l.mirrored)
        l.quarter_turns = (4 - l.quarter_turns) % 4;
    return l;
}

static enum bf_err look_up(struct looking_up *k, const struct bf_feature *f, unsigned looks,
                           struct bf_txn *t, const struct bf_feature_list *list,
                           struct bf_error *err)
{
    struct bf_feature_code code[CODES];
    unsigned look;
    size_t n, i;
    enum bf_err rc = BF_OK;

    for (look = 0; look < LOOKS && rc == BF_OK; look++) {
        if (!(looks & (look < LOOKS_UPRIGHT ? BF_LOOKS_UPRIGHT : BF_LOOKS_TURNED)))
            continue;
        k->like.look = (uint8_t)look;
        n = bf_feature_codes(code, CODES, f, way_back(look));
        for (i = 0; i < n && rc == BF_OK; i++) {
            k->n_key = 0;
            if (t != NULL)
                rc = bf_feature_index_get(t, code[i].key, code[i].sketch, SKETCH_DISTANCE, take, k,
                                          err);
            else
                bf_feature_list_get(list, code[i].key, code[i].sketch, SKETCH_DISTANCE, take, k);
            if (rc == BF_OK && k->failed)
                rc = bf_error_nomem(err);
        }
    }
    return rc;
}

void bf_still_features_release(struct bf_still_features *f)
{
    free(f->item);
    *f = (struct bf_still_features){0};
}

enum bf_err bf_still_features_find(struct bf_still_features *f, const struct bf_stills *stills,
                                   struct bf_error *err)
{
    unsigned w = bf_stills_width(stills), h = bf_stills_height(stills);
    size_t n = bf_stills_count(stills), asked = n < STILLS_ASKED ? n : STILLS_ASKED, i, j, n_found;
    struct bf_feature_finder *finder = bf_feature_finder_create(w, h);
    struct bf_feature *found = calloc(A_STILL, sizeof *found);
    float *luma = calloc((size_t)w * h, sizeof *luma);
    enum bf_err rc = BF_OK;

    *f = (struct bf_still_features){.item = calloc(asked * A_STILL + 1, sizeof *f->item)};
    if (finder == NULL || found == NULL || luma == NULL || f->item == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < asked; i++) {
        size_t still = i * n / asked;

        bf_still_luma(stills, still, luma);
        n_found = bf_features_find(found, A_STILL, finder, luma, w, h);
        for (j = 0; j < n_found; j++)
            f->item[f->n++] = (struct bf_still_feature){(uint16_t)still, (uint16_t)j, found[j]};
    }
out:
    bf_feature_finder_free(&finder);
    free(found);
    free(luma);
    if (rc != BF_OK)
        bf_still_features_release(f);
    return rc;
}

enum bf_err bf_sightings_find(struct bf_sightings *s, const struct bf_still_features *f,
                              unsigned looks, struct bf_txn *t, const struct bf_feature_list *list,
                              struct bf_error *err)
{
    size_t i;
    enum bf_err rc = BF_OK;

    *s = (struct bf_sightings){0};
    for (i = 0; rc == BF_OK && i < f->n; i++) {
        const struct bf_still_feature *x = &f->item[i];
        struct looking_up k = {.out = s};

        k.like.still = x->still;
        k.like.feature = x->number;
        k.like.x = x->feature.x;
        k.like.y = x->feature.y;
        k.like.scale = x->feature.scale;
        rc = look_up(&k, &x->feature, looks, t, list, err);
    }
    if (rc != BF_OK)
        bf_sightings_release(s);
    return rc;
}

static int by_record(const void *a, const void *b)
{
    const struct bf_sighting *x = a, *y = b;

    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    if (x->look != y->look)
        return x->look < y->look ? -1 : 1;
    if (x->still != y->still)
        return x->still < y->still ? -1 : 1;
    if (x->feature != y->feature)
        return x->feature < y->feature ? -1 : 1;
    return x->source_us < y->source_us ? -1 : x->source_us > y->source_us;
}

/* Sightings of one record in one position, with what each says of the box. */
struct group {
    const struct bf_sighting *s;
    size_t n;
    /* What place holds once more, each by itself, to run through: */
    float *size, *cx, *cy;
    struct place {
        float size;   /* logarithm of the box's longer side, of the suspect's longer side */
        float cx, cy; /* of the box's middle, of the suspect's longer side */
        float u, v;   /* of the record's picture as it lies in the suspect's */
        bool agrees;
    } * place;
    float suspect_w, suspect_h, record_w, record_h; /* as they lie; the longer side of each is 1 */
};

static void place_all(struct group *g, unsigned look)
{
    struct bf_geometry as_it_lies = {look & 1, look >> 1, 0, 0, 1, 1};
    size_t i;

    for (i = 0; i < g->n; i++) {
        const struct bf_sighting *s = &g->s[i];
        struct place *p = &g->place[i];
        double u, v;
        float size = s->scale / bf_feature_scale(s->source_scale);

        bf_geometry_to_suspect(&as_it_lies, &u, &v, (double)s->u, (double)s->v);
        p->u = (float)u;
        p->v = (float)v;
        p->size = logf(size);
        p->cx = s->x * g->suspect_w - (p->u - 0.5f) * g->record_w * size;
        p->cy = s->y * g->suspect_h - (p->v - 0.5f) * g->record_h * size;
        g->size[i] = p->size;
        g->cx[i] = p->cx;
        g->cy[i] = p->cy;
    }
}

/* How far apart the middles of boxes may lie that agree with this one. */
static float near_to(const struct place *p)
{
    return CENTRE_NEAR * expf(p->size);
}

/* Which of n sightings from first on agree with the place; false where none does. Most do not, and
 * all are asked hundreds of times: without a branch, side by side. */
static bool find_agreeing(uint8_t *agrees, const struct group *g, const struct place *p, float near,
                          size_t first, size_t n)
{
    const float *size = g->size + first, *cx = g->cx + first, *cy = g->cy + first;
    int any = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        int a = (fabsf(p->size - size[i]) < SCALE_NEAR) & (fabsf(p->cx - cx[i]) < near) &
                (fabsf(p->cy - cy[i]) < near);

        agrees[i] = (uint8_t)a;
        any |= a;
    }
    return any != 0;
}

/* Features, each once, that agree with the place; also counts stills. */
static unsigned count_votes(const struct group *g, const struct place *p, unsigned *n_stills)
{
    uint8_t agrees[AT_ONCE];
    float near = near_to(p);
    unsigned n = 0;
    long last = -1, last_still = -1;
    size_t i, k;

    *n_stills = 0;
    for (i = 0; i < g->n; i += AT_ONCE) {
        size_t end = g->n - i < AT_ONCE ? g->n - i : AT_ONCE;

        if (!find_agreeing(agrees, g, p, near, i, end))
            continue;
        for (k = 0; k < end; k++) {
            const struct bf_sighting *s = &g->s[i + k];
            long id = (long)s->still << 16 | s->feature;

            if (!agrees[k] || id == last)
                continue;
            last = id;
            n++;
            *n_stills += s->still != last_still;
            last_still = s->still;
        }
    }
    return n;
}

/* A straight line through (at, to) pairs of those that agree, bent towards the expected slope where
 * they do not spread. */
static void fit_line(double *from, double *size, const struct group *g, bool across,
                     double expected)
{
    double n = 0, ma = 0, mt = 0, aa = 0, at = 0;
    size_t i;

    for (i = 0; i < g->n; i++) {
        if (!g->place[i].agrees)
            continue;
        n += 1;
        ma += (double)(across ? g->place[i].u : g->place[i].v);
        mt += (double)(across ? g->s[i].x : g->s[i].y);
    }
    ma /= n;
    mt /= n;
    for (i = 0; i < g->n; i++) {
        double a = (double)(across ? g->place[i].u : g->place[i].v) - ma,
               t = (double)(across ? g->s[i].x : g->s[i].y) - mt;

        if (!g->place[i].agrees)
            continue;
        aa += a * a;
        at += a * t;
    }
    *size = (at + 0.3 * expected) / (aa + 0.3);
    if (*size < 0.7 * expected || *size > 1.4 * expected)
        *size = expected;
    *from = mt - *size * ma;
}

static void fit_box(struct bf_geometry *out, struct group *g, const struct place *p)
{
    double size = exp((double)p->size), from, length;
    uint8_t agrees;
    int pass;
    size_t i;

    for (i = 0; i < g->n; i++)
        g->place[i].agrees = find_agreeing(&agrees, g, p, near_to(p), i, 1);
    for (pass = 0; pass < 3; pass++) {
        fit_line(&from, &length, g, true, size * (double)(g->record_w / g->suspect_w));
        out->left = from;
        out->right = from + length;
        fit_line(&from, &length, g, false, size * (double)(g->record_h / g->suspect_h));
        out->top = from;
        out->bottom = from + length;
        for (i = 0; i < g->n; i++) {
            double w = out->right - out->left, h = out->bottom - out->top,
                   near = pass == 0 ? 0.05 : 0.03;
            double dx = (double)g->s[i].x - out->left - (double)g->place[i].u * w,
                   dy = (double)g->s[i].y - out->top - (double)g->place[i].v * h;

            g->place[i].agrees = fabs(dx) < near * w && fabs(dy) < near * h &&
                                 fabsf(p->size - g->place[i].size) < SCALE_NEAR;
        }
        /* Never without the one it all started from. */
        if (pass < 2)
            for (i = 0; i < g->n; i++)
                g->place[i].agrees |= &g->place[i] == p;
    }
}

static enum bf_err add_hypothesis(struct bf_hypotheses *h, size_t cap, struct group *g,
                                  const struct place *p, unsigned n_votes, unsigned n_stills,
                                  const struct bf_stills *stills, struct bf_error *err)
{
    struct bf_hypothesis x = {.record = g->s[0].record, .n_votes = n_votes, .n_stills = n_stills};
    size_t i;

    x.geometry.mirrored = g->s[0].look & 1;
    x.geometry.quarter_turns = g->s[0].look >> 1;
    fit_box(&x.geometry, g, p);
    x.moment = calloc(g->n, sizeof *x.moment);
    if (x.moment == NULL)
        return bf_error_nomem(err);
    for (i = 0; i < g->n; i++) {
        if (!g->place[i].agrees)
            continue;
        x.moment[x.n_moments].suspect_us = bf_still_us(stills, g->s[i].still);
        x.moment[x.n_moments++].source_us = g->s[i].source_us;
    }
    for (i = h->n; i > 0 && h->item[i - 1].n_votes < n_votes; i--) {
        if (i == cap)
            free(h->item[i - 1].moment);
        else
            h->item[i] = h->item[i - 1];
    }
    if (i == cap) {
        free(x.moment);
        return BF_OK;
    }
    h->item[i] = x;
    h->n += h->n < cap;
    return BF_OK;
}

static enum bf_err try_group(struct bf_hypotheses *h, size_t cap, struct group *g,
                             const struct bf_stills *stills, struct bf_error *err)
{
    size_t step = g->n / SEEDS + 1, i, best = 0;
    unsigned most = 0, most_stills = 0, n, n_stills;

    for (i = 0; i < g->n; i += step) {
        float size = expf(g->place[i].size);

        if (size < BOX_MIN || size > BOX_MAX)
            continue;
        n = count_votes(g, &g->place[i], &n_stills);
        if (n > most) {
            most = n;
            most_stills = n_stills;
            best = i;
        }
    }
    if (most < VOTES_MIN || most_stills < STILLS_MIN)
        return BF_OK;
    return add_hypothesis(h, cap, g, &g->place[best], most, most_stills, stills, err);
}

void bf_hypotheses_release(struct bf_hypotheses *h)
{
    size_t i;

    for (i = 0; i < h->n; i++)
        free(h->item[i].moment);
    free(h->item);
    *h = (struct bf_hypotheses){0};
}

enum bf_err bf_hypotheses_find(struct bf_hypotheses *h, size_t cap, struct bf_sightings *s,
                               const struct bf_stills *stills, bf_record_shape *shape, void *ctx,
                               struct bf_error *err)
{
    struct group g = {0};
    size_t from, to;
    float w = (float)bf_stills_width(stills), height = (float)bf_stills_height(stills);
    enum bf_err rc = BF_OK;

    *h = (struct bf_hypotheses){0};
    if (s->n == 0)
        return BF_OK;
    qsort(s->item, s->n, sizeof *s->item, by_record);
    h->item = calloc(cap, sizeof *h->item);
    g.place = calloc(s->n, sizeof *g.place);
    g.size = calloc(3 * s->n, sizeof *g.size);
    if (h->item == NULL || g.place == NULL || g.size == NULL)
        rc = bf_error_nomem(err);
    else
        g.cy = (g.cx = g.size + s->n) + s->n;
    g.suspect_w = w > height ? 1 : w / height;
    g.suspect_h = w > height ? height / w : 1;
    for (from = 0; rc == BF_OK && from < s->n; from = to) {
        uint32_t rw, rh;
        float longer;

        for (to = from; to < s->n && s->item[to].record == s->item[from].record &&
                        s->item[to].look == s->item[from].look;
             to++)
            ;
        if (to - from < VOTES_MIN || !shape(ctx, s->item[from].record, &rw, &rh))
            continue;
        g.s = &s->item[from];
        g.n = to - from;
        longer = (float)(rw > rh ? rw : rh);
        g.record_w = (float)(s->item[from].look >> 1 & 1 ? rh : rw) / longer;
        g.record_h = (float)(s->item[from].look >> 1 & 1 ? rw : rh) / longer;
        place_all(&g, s->item[from].look);
        rc = try_group(h, cap, &g, stills, err);
    }
    free(g.place);
    free(g.size);
    if (rc != BF_OK)
        bf_hypotheses_release(h);
    return rc;
}
