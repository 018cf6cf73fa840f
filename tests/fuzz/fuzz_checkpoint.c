/* Checkpoints: the text that is signed is the one text of its values. */
#include "tests/fuzz/replay.h"

#include "ledger/chain/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {1};
    struct bf_checkpoint c, back;
    struct bf_buf b = {0};
    struct bf_key key;

    if (bf_checkpoint_parse(&c, data, size, NULL) != BF_OK)
        return 0;
    MUST(c.n_sigs >= 1 && c.n_sigs <= BF_CHECKPOINT_SIGS_MAX && c.text_len < size);
    MUST(bf_key_from_secret(&key, secret, "x", NULL) == BF_OK);
    (void)bf_checkpoint_check(&c, data, key.public33);
    MUST(bf_checkpoint_encode(&b, c.origin, c.size, c.root32, &key, NULL) == BF_OK);
    MUST(b.len > c.text_len && memcmp(b.data, data, c.text_len) == 0);
    MUST(bf_checkpoint_parse(&back, b.data, b.len, NULL) == BF_OK);
    MUST(bf_checkpoint_check(&back, b.data, key.public33));
    bf_buf_release(&b);
    return 0;
}
