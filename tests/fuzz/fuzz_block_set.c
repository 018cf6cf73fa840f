/* Sets of landmarks over time: what is taken is numbers, and comes back the same. */
#include "tests/fuzz/folder.h"

#include <math.h>

#include "detector/block_set.h"
#include "lib/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_path in = fuzz_put("in.blocks", data, size), out = fuzz_path("out.blocks");
    struct bf_block_set s = {0};
    struct bf_error err = {0};
    size_t i;

    if (bf_block_set_read(&s, in.text, &err) == BF_OK) {
        for (i = 0; i < s.n; i++)
            MUST(s.block[i].fake <= 1 && isfinite(s.block[i].points[0]));
        MUST(bf_block_set_write(&s, out.text, BF_OUTPUT_FORCE, &err) == BF_OK);
        MUST(fuzz_same(in.text, out.text));
    } else {
        MUST(err.text[0] != '\0');
    }
    bf_block_set_release(&s);
    return 0;
}
