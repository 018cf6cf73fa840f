#include "generator/fake_plan.h"
#include "lib/base/bytes.h"
#include "lib/base/hash.h"
#include "lib/nn/random.h"

#include <stdlib.h>
#include <string.h>

enum { STEM_MAX = 48 };

/* A number of one's own for each item, whatever else the plan holds. */
static uint64_t seed_of(const struct bf_plan *p, const struct bf_plan_video *v, const char *method,
                        unsigned k)
{
    char text[BF_PLAN_FILE_MAX + 128];
    uint8_t hash32[32];
    int n = snprintf(text, sizeof text, "%llu\n%s\n%s\n%u", (unsigned long long)p->seed, v->file,
                     method, k);

    bf_sha256(hash32, text, (size_t)n);
    /* JSON has whole numbers up to 2^63. */
    return bf_get_be64(hash32) >> 1;
}

/* The file's name without folders and ending, of plain letters alone. */
static void stem_of(char out[STEM_MAX], const char *file)
{
    const char *slash = strrchr(file, '/'), *dot;
    size_t n = 0;

    file = slash != NULL ? slash + 1 : file;
    dot = strrchr(file, '.');
    while (*file != '\0' && file != dot && n < STEM_MAX - 1) {
        char c = *file++;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '_' || c == '-';

        out[n++] = plain ? c : '_';
    }
    out[n] = '\0';
}

static void draw_coding(struct bf_plan_item *item, const struct bf_plan *p, struct bf_random *r)
{
    item->crf = p->crf[bf_random_below(r, p->n_crf)];
    item->half = bf_random_uniform(r) < p->half;
}

/*
 * Somebody else of the same split; SIZE_MAX where there is nobody. Each video's lot is drawn for
 * itself and the highest wins, so that a video more in the plan changes no donor but where it wins.
 */
static size_t draw_donor(const struct bf_plan *p, size_t video, uint64_t seed)
{
    const struct bf_plan_video *v = &p->video[video];
    size_t best = SIZE_MAX, i;
    uint64_t most = 0;

    for (i = 0; i < p->n_videos; i++) {
        uint64_t lot = bf_random_mix(seed ^ p->video[i].key);

        if (p->video[i].donor && p->video[i].split == v->split &&
            strcmp(p->video[i].person, v->person) != 0 && (best == SIZE_MAX || lot > most)) {
            best = i;
            most = lot;
        }
    }
    return best;
}

static struct bf_plan_item *add(struct bf_plan_items *out, size_t *room, struct bf_error *err)
{
    if (out->n == BF_PLAN_ITEMS_MAX) {
        bf_error_set(err, BF_ERR_LIMIT, "the plan asks for more than %d videos", BF_PLAN_ITEMS_MAX);
        return NULL;
    }
    if (out->n == *room) {
        size_t more = *room > 0 ? 2 * *room : 64;
        struct bf_plan_item *grown = realloc(out->item, more * sizeof *grown);

        if (grown == NULL) {
            bf_error_nomem(err);
            return NULL;
        }
        out->item = grown;
        *room = more;
    }
    out->item[out->n] = (struct bf_plan_item){.donor = SIZE_MAX};
    return &out->item[out->n++];
}

static enum bf_err add_fake(struct bf_plan_items *out, size_t *room, const struct bf_plan *p,
                            size_t video, const struct bf_plan_method *m, size_t row, unsigned k,
                            struct bf_error *err)
{
    const struct bf_plan_video *v = &p->video[video];
    char stem[STEM_MAX], key[64];
    struct bf_plan_item *item = add(out, room, err);
    struct bf_random r;

    if (item == NULL)
        return err->code;
    /* Two models are two rows of one name. */
    if (m->method == NULL)
        snprintf(key, sizeof key, "%s%zu", m->name, row);
    else
        snprintf(key, sizeof key, "%s", m->name);
    item->video = video;
    item->method = m;
    item->seed = seed_of(p, v, key, k);
    r.state = bf_random_mix(item->seed);
    draw_coding(item, p, &r);
    item->strength = m->strength[0] + (m->strength[1] - m->strength[0]) * bf_random_uniform(&r);
    item->seamless = bf_random_uniform(&r) < m->seamless;
    item->colour = bf_random_uniform(&r) < 0.7f ? BF_COLOUR_REINHARD : BF_COLOUR_HISTOGRAM;
    if (m->method != NULL && m->method->need == BF_FAKE_DONOR) {
        item->donor = draw_donor(p, video, item->seed);
        if (item->donor == SIZE_MAX) {
            out->n--;
            out->n_without_donor++;
            return BF_OK;
        }
    }
    stem_of(stem, v->file);
    snprintf(item->file, sizeof item->file, "fake/%s/%04zu-%s.%u.mp4", key, video, stem, k);
    snprintf(item->mask, sizeof item->mask, "masks/%s/%04zu-%s.%u.mp4", key, video, stem, k);
    return BF_OK;
}

static enum bf_err add_real(struct bf_plan_items *out, size_t *room, const struct bf_plan *p,
                            size_t video, unsigned crf, bool half, struct bf_error *err)
{
    struct bf_plan_item *item = add(out, room, err);
    char stem[STEM_MAX];

    if (item == NULL)
        return err->code;
    item->video = video;
    item->crf = crf;
    item->half = half;
    stem_of(stem, p->video[video].file);
    snprintf(item->file, sizeof item->file, "real/%04zu-%s.crf%u%s.mp4", video, stem, crf,
             half ? ".half" : "");
    return BF_OK;
}

static enum bf_err add_video(struct bf_plan_items *out, size_t *room, const struct bf_plan *p,
                             size_t video, struct bf_error *err)
{
    bool used[52][2] = {{false}};
    size_t first = out->n, end, i, n_used = 0;
    enum bf_err rc = BF_OK;
    unsigned k, crf;

    for (i = 0; i < p->n_methods; i++) {
        const struct bf_plan_method *m = &p->method[i];

        if (m->person != NULL && strcmp(m->person, p->video[video].person) != 0)
            continue;
        for (k = 0; rc == BF_OK && k < m->count; k++)
            rc = add_fake(out, room, p, video, m, i, k, err);
    }
    end = out->n;
    for (i = first; i < end; i++)
        used[out->item[i].crf][out->item[i].half] = true;
    for (crf = 0; rc == BF_OK && crf < 52; crf++)
        for (k = 0; rc == BF_OK && k < 2; k++)
            if (used[crf][k]) {
                rc = add_real(out, room, p, video, crf, k == 1, err);
                n_used++;
            }
    if (rc == BF_OK && n_used == 0) {
        struct bf_random r = {bf_random_mix(seed_of(p, &p->video[video], "real", 0))};
        struct bf_plan_item drawn;

        draw_coding(&drawn, p, &r);
        rc = add_real(out, room, p, video, drawn.crf, drawn.half, err);
    }
    return rc;
}

enum bf_err bf_plan_expand(struct bf_plan_items *out, const struct bf_plan *p, struct bf_error *err)
{
    struct bf_error local;
    enum bf_err rc = BF_OK;
    size_t room = 0, i;

    memset(out, 0, sizeof *out);
    for (i = 0; rc == BF_OK && i < p->n_videos; i++)
        rc = add_video(out, &room, p, i, err != NULL ? err : &local);
    if (rc != BF_OK) {
        free(out->item);
        memset(out, 0, sizeof *out);
    }
    return rc;
}
