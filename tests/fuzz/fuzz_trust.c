/* Trust files: what is read can be written and read again. */
#include "tests/fuzz/replay.h"

#include "ledger/chain/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_trust t = {0}, back = {0};
    struct bf_buf b = {0};
    size_t i;

    if (bf_trust_parse(&t, data, size, "f", NULL) == BF_OK) {
        for (i = 0; i < t.n; i++)
            MUST(bf_trust_format(&b, t.item[i].public33, t.item[i].name));
        MUST(bf_trust_parse(&back, b.data, b.len, "f", NULL) == BF_OK);
        MUST(back.n == t.n);
    }
    bf_buf_release(&b);
    bf_trust_release(&t);
    bf_trust_release(&back);
    return 0;
}
