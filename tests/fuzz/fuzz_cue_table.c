/* Tables of cues: what is read is written, and read again, the same. */
#include "tests/fuzz/folder.h"

#include "cli/cue_table.h"
#include "lib/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_path in = fuzz_put("in.tsv", data, size), once = fuzz_path("once.tsv"),
                     twice = fuzz_path("twice.tsv");
    struct bf_cue_table t = {0}, back = {0};
    struct bf_error err = {0};
    size_t i;

    (void)bf_cue_table_is_one(in.text);
    if (bf_cue_table_read(&t, in.text, &err) == BF_OK) {
        for (i = 0; i < t.n; i++)
            MUST(t.row[i].file != NULL &&
                 memchr(t.row[i].method, '\0', sizeof t.row[i].method) != NULL &&
                 t.row[i].fake == (strcmp(t.row[i].method, "real") != 0));
        MUST(bf_cue_table_write(&t, once.text, BF_OUTPUT_FORCE, &err) == BF_OK);
        MUST(bf_cue_table_is_one(once.text));
        MUST(bf_cue_table_read(&back, once.text, &err) == BF_OK && back.n == t.n);
        MUST(bf_cue_table_write(&back, twice.text, BF_OUTPUT_FORCE, &err) == BF_OK);
        MUST(fuzz_same(once.text, twice.text));
    } else {
        MUST(err.text[0] != '\0');
    }
    bf_cue_table_release(&t);
    bf_cue_table_release(&back);
    return 0;
}
