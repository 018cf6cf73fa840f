/* faces.jsonl: what is taken comes back the same from its own text, and can be told apart. */
#include "tests/fuzz/folder.h"

#include <math.h>
#include <sys/stat.h>

#include "generator/face_set.h"

enum { PICTURES = 4, PEOPLE_OF = 64 };

static void put_pictures(void)
{
    static bool there;
    int i;

    for (i = 1; i <= PICTURES && !there; i++) {
        char name[32];

        snprintf(name, sizeof name, "%06d.png", i);
        fuzz_put(name, "p", 1);
    }
    there = true;
}

static void check(const struct bf_face_set *s)
{
    size_t i;

    MUST(s->n <= BF_SET_FACES_MAX && s->size > 0 && s->subject != NULL);
    for (i = 0; i < s->n; i++) {
        const struct bf_set_face *f = &s->face[i];

        MUST(f->source < s->n_sources && s->source[f->source] != NULL);
        MUST(memchr(f->file, '\0', sizeof f->file) != NULL && strchr(f->file, '/') == NULL);
        MUST(isfinite(f->point[0].x) && isfinite(f->identity[0]) && isfinite(f->quality));
    }
}

static void tell_apart(const struct bf_face_set *s)
{
    unsigned person[PEOPLE_OF];
    size_t n, i;

    if (s->n == 0 || s->n > PEOPLE_OF)
        return;
    n = bf_face_set_people(person, s);
    MUST(n >= 1 && n <= s->n);
    for (i = 0; i < s->n; i++)
        MUST(person[i] < n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_face_set set = {0}, back = {0};
    struct bf_error err = {0};
    struct fuzz_path once;

    put_pictures();
    fuzz_put("faces.jsonl", data, size);
    if (bf_face_set_load(&set, fuzz_folder(), &err) != BF_OK) {
        MUST(err.text[0] != '\0');
        return 0;
    }
    check(&set);
    tell_apart(&set);
    MUST(bf_face_set_save(&set, fuzz_folder(), &err) == BF_OK);
    MUST(bf_face_set_load(&back, fuzz_folder(), &err) == BF_OK);
    /* sources of faces whose pictures are gone are not saved */
    MUST(back.n == set.n && back.n_sources <= set.n_sources && back.size == set.size);
    MUST(strcmp(back.subject, set.subject) == 0);
    once = fuzz_path("once");
    MUST(rename(fuzz_path("faces.jsonl").text, once.text) == 0);
    MUST(bf_face_set_save(&back, fuzz_folder(), &err) == BF_OK);
    MUST(fuzz_same(once.text, fuzz_path("faces.jsonl").text));
    bf_face_set_release(&set);
    bf_face_set_release(&back);
    return 0;
}
