/* Plans of whole sets: what is taken is within the limits, and gives the same items every time. */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "generator/fake_plan.h"

enum { ITEMS = 20000 }; /* of an input; a few bytes can ask for a million */

static bool is_small(const struct bf_plan *p)
{
    size_t per_video = p->n_crf * 2, i;

    for (i = 0; i < p->n_methods; i++)
        per_video += p->method[i].count;
    return p->n_videos * per_video <= ITEMS;
}

static void check_items(const struct bf_plan_items *items, const struct bf_plan *p)
{
    size_t i;

    MUST(items->n <= BF_PLAN_ITEMS_MAX);
    for (i = 0; i < items->n; i++) {
        const struct bf_plan_item *item = &items->item[i];
        const struct bf_plan_video *v = &p->video[item->video];

        MUST(item->video < p->n_videos);
        MUST(memchr(item->file, '\0', sizeof item->file) != NULL && item->file[0] != '\0');
        MUST(memchr(item->mask, '\0', sizeof item->mask) != NULL);
        MUST(strstr(item->file, "..") == NULL || strstr(item->file, "../") == NULL);
        if (item->method == NULL)
            continue;
        MUST(item->strength >= 0 && item->strength <= 1);
        if (item->donor == SIZE_MAX)
            continue;
        /* nobody is seen in two splits, and nobody is his own donor */
        MUST(item->donor < p->n_videos && p->video[item->donor].split == v->split);
        MUST(strcmp(p->video[item->donor].person, v->person) != 0);
    }
}

static void expand(const struct bf_plan *p)
{
    struct bf_plan_items once = {0}, twice = {0};
    size_t i;

    if (is_small(p) && bf_plan_expand(&once, p, NULL) == BF_OK) {
        check_items(&once, p);
        MUST(bf_plan_expand(&twice, p, NULL) == BF_OK && once.n == twice.n);
        for (i = 0; i < once.n; i++)
            MUST(once.item[i].seed == twice.item[i].seed &&
                 strcmp(once.item[i].file, twice.item[i].file) == 0);
    }
    free(once.item);
    free(twice.item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_plan p = {0};
    struct bf_error err = {0};
    size_t i;

    if (bf_plan_parse(&p, data, size, "folder", "input", &err) == BF_OK) {
        MUST(p.n_videos <= BF_PLAN_VIDEOS_MAX && p.n_methods <= BF_PLAN_METHODS_MAX);
        MUST(p.n_crf >= 1 && p.n_crf <= BF_PLAN_CRF_MAX);
        for (i = 0; i < p.n_videos; i++)
            MUST(p.video[i].split == bf_plan_split(p.video[i].person, p.split));
        expand(&p);
    } else {
        MUST(err.text[0] != '\0');
    }
    bf_plan_release(&p);
    return 0;
}
