/* Key files, bare and encrypted. The bound on scrypt's work keeps an input from taking long. */
#include "tests/fuzz/replay.h"

#include "ledger/chain/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_buf b = {0};
    struct bf_key key, back;
    bool encrypted;

    if (bf_key_is_encrypted(&encrypted, data, size, "k", NULL) != BF_OK)
        return 0;
    /* without a passphrase the encrypted ones go as far as their parameters */
    if (bf_key_decode(&key, data, size, NULL, 0, "k", NULL) != BF_OK)
        return 0;
    MUST(!encrypted);
    MUST(bf_key_encode(&b, &key, NULL, 0, NULL) == BF_OK);
    MUST(bf_key_decode(&back, b.data, b.len, NULL, 0, "k", NULL) == BF_OK);
    MUST(memcmp(&key, &back, sizeof key) == 0);
    bf_buf_release(&b);
    return 0;
}
