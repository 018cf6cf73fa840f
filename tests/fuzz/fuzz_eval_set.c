/* Tables of labels: each video has a place and a method that can be shown. */
#include "tests/fuzz/folder.h"

#include "cli/eval_set.h"
#include "lib/base/text.h"

static void check(const struct bf_eval_set *s)
{
    size_t i;

    for (i = 0; i < s->n; i++) {
        const struct bf_eval_item *v = &s->item[i];
        const char *end = memchr(v->method, '\0', sizeof v->method);

        MUST(v->path != NULL && end != NULL && end > v->method);
        MUST(bf_text_is_utf8(v->method, (size_t)(end - v->method)));
        MUST(!bf_text_has_control(v->method, (size_t)(end - v->method)));
        MUST(v->fake == (strcmp(v->method, "real") != 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_path in = fuzz_put("labels.tsv", data, size);
    struct bf_eval_set all = {0}, some = {0};
    struct bf_error err = {0};
    enum bf_err rc = bf_eval_set_add(&all, in.text, NULL, &err);

    MUST(rc == BF_OK || err.text[0] != '\0');
    check(&all);
    (void)bf_eval_set_add(&some, in.text, "test", &err);
    MUST(rc != BF_OK || some.n <= all.n);
    bf_eval_set_release(&all);
    bf_eval_set_release(&some);
    return 0;
}
